//! Hooks: functions that are invoked and then answer, or do not.

use jiff::Timestamp;
use rand::Rng;
use serde_json::json;

use super::deployment::{Stage, Step};
use super::deployment_wire::{
    PutLifecycleEventHookExecutionStatusRequest, PutLifecycleEventHookExecutionStatusResponse,
};
use super::ending::{self, Cause};
use super::errors::error;
use super::progress;
use crate::sim::encoding::base64;
use crate::sim::errors::AwsError;
use crate::sim::invocations;
use crate::sim::world::World;

/// A hook that has not answered after so many seconds has failed.
const PATIENCE: i64 = 3_600;

/// An invocation of a hook.
#[derive(Debug, Clone)]
pub(super) struct Hook {
    pub stage: Stage,
    /// `LifecycleEventHookExecutionId`: opaque to everybody but us.
    pub id: String,
    pub since: Timestamp,
    /// Whether an answer is awaited.
    pub open: bool,
}

/// Invokes the function of a stage that has begun, if it has one; a stage without ends at once.
pub(super) fn invoke(world: &mut World, index: usize, stage: Stage, second: i64) {
    let deployment = &world.deployments.all[index];
    let Some(function) = deployment.spec.hooks.get(stage.as_str()).cloned() else {
        progress::complete(world, index, stage, second);
        return;
    };
    let (id, since) = (next_id(world), world.now);
    let deployment = &mut world.deployments.all[index];
    deployment.hooks.push(Hook {
        stage,
        id: id.clone(),
        since,
        open: true,
    });
    deployment.due = Some((second + PATIENCE, Step::Expire(stage)));
    let payload =
        json!({"DeploymentId": deployment.id, "LifecycleEventHookExecutionId": id}).to_string();
    let Err(refused) = invocations::invoke_event(world, &function, payload) else {
        return;
    };
    // A throttled event waits in Lambda's queue and is no refusal.
    if refused.status != 429 && refused.status < 500 {
        let why = format!("could not be invoked: {refused}");
        fail(world, index, stage, "UnknownError", &why);
    }
}

/// The time of a hook is up.
pub(super) fn expire(world: &mut World, index: usize, stage: Stage) {
    let why = "did not answer within one hour";
    fail(world, index, stage, "ScriptTimedOut", why);
}

pub(in crate::sim) fn put_lifecycle_event_hook_execution_status(
    world: &mut World,
    request: PutLifecycleEventHookExecutionStatusRequest,
) -> Result<PutLifecycleEventHookExecutionStatusResponse, AwsError> {
    let index = world.deployments.find(&request.deployment_id)?;
    let id = request.lifecycle_event_hook_execution_id;
    let deployment = &mut world.deployments.all[index];
    let hook = deployment.hooks.iter_mut().find(|hook| hook.id == id);
    let hook = hook.ok_or_else(|| {
        error(
            "InvalidLifecycleEventHookExecutionIdException",
            "The lifecycle event hook execution ID is not one of this deployment's.",
        )
    })?;
    let succeeded = match request.status.as_str() {
        "Succeeded" => true,
        "Failed" => false,
        other => {
            let message = format!(
                "The status of a lifecycle event hook must be Succeeded or Failed, not '{other}'."
            );
            let code = "InvalidLifecycleEventHookExecutionStatusException";
            return Err(error(code, message));
        }
    };
    if !hook.open {
        let message = format!("The lifecycle event {} is completed.", hook.stage.as_str());
        return Err(error("LifecycleEventAlreadyCompletedException", message));
    }
    hook.open = false;
    let (stage, second) = (hook.stage, world.now.as_second());
    if succeeded {
        progress::complete(world, index, stage, second);
    } else {
        fail(world, index, stage, "ScriptFailed", "answered Failed");
    }
    Ok(PutLifecycleEventHookExecutionStatusResponse {
        lifecycle_event_hook_execution_id: id,
    })
}

fn fail(world: &mut World, index: usize, stage: Stage, code: &str, why: &str) {
    let deployment = &world.deployments.all[index];
    let function = deployment.spec.hooks.get(stage.as_str());
    let function = function.cloned().unwrap_or_default();
    let cause = Cause::Hook {
        code: code.to_owned(),
        message: format!("The hook {function} of {} {why}.", stage.as_str()),
        function,
    };
    ending::break_off(world, index, cause);
}

/// As long and as opaque as AWS's.
fn next_id(world: &mut World) -> String {
    let stream = world.stream("lifecycle-hooks");
    let (mut data, mut vector) = ([0_u8; 160], [0_u8; 12]);
    stream.fill_bytes(&mut data);
    stream.fill_bytes(&mut vector);
    let sealed = json!({
        "encryptedData": base64(&data), "ivParameterSpec": base64(&vector), "materialSetSerial": 1,
    });
    base64(sealed.to_string().as_bytes())
}
