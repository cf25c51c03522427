//! How deployments end badly, and what comes of it: a failure, an alarm, a stop; the rollback.
//!
//! Without a rollback the alias stays as it stands: untouched before the traffic opened, with
//! weights in the middle of a shift, at the target version after it.

use super::create::create_rollback;
use super::deployment::{Deployment, Status};
use super::deployment_wire::{
    Diagnostics, ErrorInformation, RollbackInfo, StopDeploymentRequest, StopDeploymentResponse,
};
use super::errors::error;
use super::progress::announce;
use crate::sim::errors::AwsError;
use crate::sim::world::World;

/// Why a deployment ends before its time.
pub(super) enum Cause {
    /// The alias is not as it must be, or cannot be written.
    Alias(ErrorInformation),
    /// A hook failed; `code` is that of the event's diagnostics.
    Hook {
        code: String,
        function: String,
        message: String,
    },
    /// These alarms ring.
    Alarms(Vec<String>),
    /// Somebody stopped it, and said whether to roll back or left that to the group.
    Request(Option<bool>),
}

/// Ends a deployment: its status, its events, and the rollback if there is to be one.
pub(super) fn break_off(world: &mut World, index: usize, cause: Cause) {
    let now = world.now;
    let (status, state) = match &cause {
        Cause::Alias(_) | Cause::Hook { .. } => (Status::Failed, "FAILURE"),
        Cause::Alarms(_) | Cause::Request(_) => (Status::Stopped, "STOP"),
    };
    let deployment = &mut world.deployments.all[index];
    let rolls_back = rolls_back(deployment, &cause);
    let (information, diagnostics) = told(cause);
    deployment.break_off(&diagnostics, now);
    deployment.status = status;
    deployment.error = Some(information);
    announce(world, index, state);
    settle_rollback(world, index);
    if rolls_back {
        roll_back(world, index);
    }
}

/// Notes in a rollback, and in the deployment that it rolls back, how it ended.
pub(super) fn settle_rollback(world: &mut World, index: usize) {
    let deployment = &world.deployments.all[index];
    let (id, status) = (deployment.id.clone(), deployment.status.as_str());
    let rolled_back = deployment
        .rollback
        .as_ref()
        .and_then(|info| info.rollback_triggering_deployment_id.clone());
    let Some(rolled_back) = rolled_back else {
        return;
    };
    let message = format!("Rollback deployment {id}: {status}.");
    for deployment in &mut world.deployments.all {
        if deployment.id == id || deployment.id == rolled_back {
            let info = deployment.rollback.get_or_insert_default();
            info.rollback_message = Some(message.clone());
        }
    }
}

pub(in crate::sim) fn stop_deployment(
    world: &mut World,
    request: StopDeploymentRequest,
) -> Result<StopDeploymentResponse, AwsError> {
    let index = world.deployments.find(&request.deployment_id)?;
    let status = world.deployments.all[index].status;
    if status.is_final() {
        let message = format!(
            "The deployment {} is already completed: {}",
            request.deployment_id,
            status.as_str()
        );
        return Err(error("DeploymentAlreadyCompletedException", message));
    }
    break_off(world, index, Cause::Request(request.auto_rollback_enabled));
    Ok(StopDeploymentResponse {
        status: "Succeeded".to_owned(),
        status_message: "No more commands will be scheduled for execution in the deployment."
            .to_owned(),
    })
}

/// Whether this end of this deployment starts a rollback.
fn rolls_back(deployment: &Deployment, cause: &Cause) -> bool {
    // Refused at Start, or stopped before: nothing was changed. And a rollback has none itself.
    if deployment.seen_revision.is_none() || deployment.is_rollback() {
        return false;
    }
    let event = match cause {
        Cause::Request(Some(wanted)) => return *wanted,
        Cause::Request(None) => "DEPLOYMENT_STOP_ON_REQUEST",
        Cause::Alarms(_) => "DEPLOYMENT_STOP_ON_ALARM",
        Cause::Alias(_) | Cause::Hook { .. } => "DEPLOYMENT_FAILURE",
    };
    deployment.auto_rollback.as_ref().is_some_and(|auto| {
        let events = auto.events.as_deref().unwrap_or_default();
        auto.enabled == Some(true) && events.iter().any(|listed| listed == event)
    })
}

fn roll_back(world: &mut World, index: usize) {
    let failed = world.deployments.all[index].clone();
    let info = match create_rollback(world, &failed) {
        // Its application was deleted meanwhile.
        Err(refusal) => RollbackInfo {
            rollback_message: Some(format!("The rollback could not be started: {refusal}")),
            ..RollbackInfo::default()
        },
        Ok(id) => {
            let message = Some(format!("Rollback deployment {id} was started."));
            for deployment in &mut world.deployments.all {
                if deployment.id == id {
                    deployment.rollback = Some(RollbackInfo {
                        rollback_deployment_id: None,
                        rollback_triggering_deployment_id: Some(failed.id.clone()),
                        rollback_message: message.clone(),
                    });
                }
            }
            RollbackInfo {
                rollback_deployment_id: Some(id),
                rollback_triggering_deployment_id: None,
                rollback_message: message,
            }
        }
    };
    world.deployments.all[index].rollback = Some(info);
}

/// What the deployment says, and the event that ran.
fn told(cause: Cause) -> (ErrorInformation, Diagnostics) {
    let (information, code, script) = match cause {
        Cause::Alias(information) => (information, "UnknownError".to_owned(), String::new()),
        Cause::Hook {
            code,
            function,
            message,
        } => (
            information("HOOK_EXECUTION_FAILURE", message),
            code,
            function,
        ),
        Cause::Alarms(names) => {
            let message = format!(
                "One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, \
                 and the affected deployments have been stopped. Activated alarms: {}",
                names.join(", ")
            );
            let information = information("ALARM_ACTIVE", message);
            (information, "UnknownError".to_owned(), String::new())
        }
        Cause::Request(_) => {
            let message = "The deployment was stopped by a request.".to_owned();
            let information = information("MANUAL_STOP", message);
            (information, "UnknownError".to_owned(), String::new())
        }
    };
    let diagnostics = Diagnostics {
        error_code: code,
        script_name: script,
        message: information.message.clone(),
        log_tail: String::new(),
    };
    (information, diagnostics)
}

fn information(code: &str, message: String) -> ErrorInformation {
    ErrorInformation {
        code: code.to_owned(),
        message,
    }
}
