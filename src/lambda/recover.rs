//! Recovery: what is left when a rollout could not end by itself.
//!
//! Stopping an execution runs no state that cleans up (Step Functions, "StopExecution"), a killed
//! hook answers nobody, and a deployment can be stopped in the middle of a step. EventBridge's
//! rules and the hooks' `OnFailure` destination bring those here. Recovery goes by the mark at the
//! alias alone, and changes nothing while an execution is still in charge.

use serde_json::{Value, json};

use super::Functions;
use super::answer::tell;
use super::document::{Document, HookEvent};
use super::failure::Failure;
use super::log::{self, Level};
use super::{hooks, rollback};
use crate::aws::Kind;
use crate::aws::deployments::{self, Answer};
use crate::aws::executions::{self, Execution};
use crate::rollout::Shift;
use crate::rollout::deployment::{DeploymentId, Hook};

/// What a recovery was called for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// An execution ended without an end of its own.
    Execution {
        /// Its ARN.
        arn: String,
        /// `ABORTED`, `TIMED_OUT`, `FAILED`.
        status: String,
    },
    /// A deployment failed or was stopped.
    Deployment {
        /// Its id.
        id: DeploymentId,
    },
    /// A hook that failed all its attempts.
    Hook {
        /// The event that it was given.
        event: HookEvent,
    },
}

impl Call {
    /// Reads an event of EventBridge or a record of a Lambda destination.
    ///
    /// # Errors
    /// If it is none that calls for a recovery.
    pub fn read(event: &Value) -> Result<Self, Failure> {
        let text = |pointer: &str| {
            event
                .pointer(pointer)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        if let Some(payload) = event.get("requestPayload") {
            return hooks::parse(payload).map(|event| Self::Hook { event });
        }
        let found = match text("/detail-type").as_deref() {
            Some("Step Functions Execution Status Change") => text("/detail/executionArn")
                .zip(text("/detail/status"))
                .map(|(arn, status)| Self::Execution { arn, status }),
            Some("CodeDeploy Deployment State-change Notification") => {
                let id = text("/detail/deploymentId").and_then(|id| id.parse().ok());
                id.map(|id| Self::Deployment { id })
            }
            _ => None,
        };
        found.ok_or_else(|| {
            Failure::BadEvent(
                "this is neither an action of the state machine, nor an event or record that calls for a recovery"
                    .to_owned(),
            )
        })
    }
}

/// Puts right what was left.
///
/// # Errors
/// If something is still left; whoever called tries again.
pub async fn recover(functions: &Functions, call: Call) -> Result<Value, Failure> {
    match call {
        Call::Execution { arn, status } => after_execution(functions, &arn, &status).await,
        Call::Deployment { id } => after_deployment(functions, &id).await,
        Call::Hook { event } => {
            if let Some(name) = in_charge(functions, &event, Scope::ThisHook).await? {
                return Ok(left_to(&name));
            }
            put_right(functions, &event, true, "the hook failed all its attempts").await
        }
    }
}

async fn after_execution(functions: &Functions, arn: &str, status: &str) -> Result<Value, Failure> {
    let execution = executions::describe(&functions.session.sfn, arn).await?;
    if matches!(execution.status.as_str(), "RUNNING" | "PENDING_REDRIVE") {
        return Ok(left_to(&execution.name));
    }
    let input = execution
        .input
        .and_then(|input| serde_json::from_value::<Document>(input).ok());
    let Some(document) = input else {
        return Err(Failure::BadEvent(format!(
            "the input of {arn} is none of a rollout"
        )));
    };
    if let Some(name) = in_charge(functions, &document.event, Scope::ThisHook).await? {
        return Ok(left_to(&name));
    }
    let why = format!("the execution {} is {status}", execution.name);
    put_right(
        functions,
        &document.event,
        document.hook == Hook::PreTraffic,
        &why,
    )
    .await
}

/// A deployment that ended: an execution in charge sees it at its next tick, and without one
/// nothing of ours may stand there. There is no hook to answer any more.
async fn after_deployment(functions: &Functions, id: &DeploymentId) -> Result<Value, Failure> {
    let event = HookEvent {
        deployment_id: id.clone(),
        lifecycle_event_hook_execution_id: String::new(),
    };
    if let Some(name) = in_charge(functions, &event, Scope::Deployment).await? {
        return Ok(left_to(&name));
    }
    let first = hooks::name(Hook::PreTraffic, &event);
    let last = executions::last(&functions.session.sfn, functions.machine()?, first).await?;
    let Some(last) = last else {
        return Ok(json!({ "outcome": "ignored", "why": "no rollout of ours in this deployment" }));
    };
    // An execution that came to its end has put the alias back before it said so.
    if last.status == "SUCCEEDED" {
        return Ok(json!({ "outcome": "ignored", "why": "its rollout has ended as it should" }));
    }
    let done = rollback::undo(&functions.session, &event, None).await?;
    said(&event, "the deployment ended", &done);
    Ok(json!({ "outcome": "recovered", "done": done }))
}

/// What an execution must be about to be in charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// Any hook of the deployment.
    Deployment,
    /// The same hook: a guard that still runs does not answer the post-traffic hook.
    ThisHook,
}

/// The name of the execution that is still in charge.
async fn in_charge(
    functions: &Functions,
    event: &HookEvent,
    scope: Scope,
) -> Result<Option<String>, Failure> {
    let machine = functions.machine()?;
    for hook in [Hook::PreTraffic, Hook::PostTraffic] {
        let first = hooks::name(hook, event);
        let last = executions::last(&functions.session.sfn, machine, first).await?;
        let running = last.filter(|last| last.status == "RUNNING");
        let same = |execution: &Execution| {
            let id = execution.input.as_ref().and_then(|input| {
                input
                    .pointer("/event/LifecycleEventHookExecutionId")?
                    .as_str()
            });
            id == Some(event.lifecycle_event_hook_execution_id.as_str())
        };
        if let Some(running) = running.filter(|one| scope == Scope::Deployment || same(one)) {
            return Ok(Some(running.name));
        }
    }
    Ok(None)
}

async fn put_right(
    functions: &Functions,
    event: &HookEvent,
    before_shift: bool,
    why: &str,
) -> Result<Value, Failure> {
    let mut done = "nothing of this rollout stands at the alias".to_owned();
    if before_shift {
        done = match shifts_by_itself(functions, event).await? {
            // A guard has answered its hook: without it CodeDeploy would shift unwatched.
            true => rollback::stop(functions, event).await?,
            false => rollback::undo(&functions.session, event, None).await?,
        };
    }
    let told = tell(&functions.session, event, Answer::Failed).await?;
    done += &format!("; the hook's answer `Failed`: {told}");
    said(event, why, &done);
    Ok(json!({ "outcome": "recovered", "why": why, "done": done }))
}

/// Whether CodeDeploy shifts this deployment's traffic step by step, so that only a guard can have
/// watched it.
async fn shifts_by_itself(functions: &Functions, event: &HookEvent) -> Result<bool, Failure> {
    let codedeploy = &functions.session.codedeploy;
    let deployment = match deployments::get(codedeploy, &event.deployment_id).await {
        Ok(deployment) => deployment,
        Err(error) if error.kind == Kind::NotFound => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    if deployment.status.ended() {
        return Ok(false);
    }
    Ok(deployments::shift(codedeploy, &deployment.config).await? != Shift::AllAtOnce)
}

fn left_to(name: &str) -> Value {
    json!({ "outcome": "running", "execution": name })
}

fn said(event: &HookEvent, why: &str, done: &str) {
    log::line(
        Level::Warn,
        &format!("recovered: {why}; {done}"),
        json!({ "deployment": event.deployment_id }),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_ways_to_be_called() {
        let execution = json!({"detail-type": "Step Functions Execution Status Change", "detail": {"executionArn": "arn:x", "status": "ABORTED"}});
        let deployment = json!({"detail-type": "CodeDeploy Deployment State-change Notification", "detail": {"deploymentId": "d-1"}});
        let hook = json!({"requestPayload": {"DeploymentId": "d-1", "LifecycleEventHookExecutionId": "e"}});
        assert!(matches!(Call::read(&execution), Ok(Call::Execution { .. })));
        assert_eq!(
            Call::read(&deployment),
            Ok(Call::Deployment {
                id: "d-1".parse().expect("an id")
            })
        );
        assert!(matches!(Call::read(&hook), Ok(Call::Hook { .. })));
        for other in [
            json!({}),
            json!([]),
            json!({"detail-type": "x"}),
            json!({"requestPayload": 7}),
        ] {
            assert!(
                matches!(Call::read(&other), Err(Failure::BadEvent(_))),
                "{other}"
            );
        }
    }
}
