//! The pre- and post-traffic hooks: hand the event to an execution, or answer it here.
//!
//! Lambda invokes a hook asynchronously: it may come twice, hours late, or again after a failure.
//! So the hook does as little as it can: it starts an execution under a name that follows from the
//! deployment, and the execution owns the answer. What the hook answers itself is what no execution
//! can: a deployment that is itself a rollback, and a start that Step Functions refuses.

use std::time::Duration;

use serde_json::{Value, json};

use super::Functions;
use super::answer::tell;
use super::document::{Document, HookEvent};
use super::failure::Failure;
use super::log::{self, Level};
use super::rollback;
use crate::aws::deployments::{self, Answer, Deployment};
use crate::aws::executions::{self, Started};
use crate::aws::{CallError, Kind};
use crate::rollout::deployment::ExecutionName;
use crate::rollout::deployment::Hook;
use crate::rollout::hook;

/// Between two attempts to start the execution, on top of the SDK's own. With every call cut off
/// after nine seconds this leaves time for the answer within the function's minute.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];

/// Handles a hook event.
///
/// # Errors
/// If the event is none, or neither an execution nor CodeDeploy took it over: Lambda then invokes
/// the hook twice more, and hands the event to the recovery at last.
pub async fn handle(functions: &Functions, hook: Hook, event: &Value) -> Result<Value, Failure> {
    let event = parse(event)?;
    let read = deployments::get(&functions.session.codedeploy, &event.deployment_id).await;
    match &read {
        Ok(deployment) if deployment.status.ended() => {
            let why = format!(
                "the deployment is {}: nothing is to be answered",
                deployment.status
            );
            return Ok(ignored(&event, &why));
        }
        Ok(deployment) if hook::is_rollback(&deployment.creator) => {
            return let_pass(functions, hook, &event, deployment).await;
        }
        Ok(_) => {}
        Err(error) if error.kind == Kind::NotFound => {
            return Ok(ignored(&event, "CodeDeploy knows no such deployment"));
        }
        // The execution reads it again, and has more time for it.
        Err(error) => log::line(
            Level::Warn,
            &format!("the deployment could not be read: {error}"),
            fields(&event),
        ),
    }
    start(functions, hook, event).await
}

/// CodeDeploy's hook event.
///
/// # Errors
/// If it is something else; in words that do not repeat it.
pub fn parse(event: &Value) -> Result<HookEvent, Failure> {
    let event: HookEvent = serde_json::from_value(event.clone()).map_err(|_| {
        Failure::BadEvent(
            "this is no hook event: CodeDeploy sends DeploymentId (d-…) and LifecycleEventHookExecutionId, both text"
                .to_owned(),
        )
    })?;
    let id = &event.lifecycle_event_hook_execution_id;
    if id.is_empty() || id.len() > 4096 {
        return Err(Failure::BadEvent(
            "this is no hook event: LifecycleEventHookExecutionId is empty or longer than any"
                .to_owned(),
        ));
    }
    Ok(event)
}

/// A deployment that is itself a rollback is never blocked. Weights that carry a rollout's mark go
/// first, since CodeDeploy refuses an alias with two versions.
async fn let_pass(
    functions: &Functions,
    hook: Hook,
    event: &HookEvent,
    deployment: &Deployment,
) -> Result<Value, Failure> {
    let mut cleared = "nothing to clear after the shift".to_owned();
    if hook == Hook::PreTraffic {
        cleared = rollback::clear(functions, deployment).await;
    }
    let told = tell(&functions.session, event, Answer::Succeeded).await?;
    let message = format!("this deployment is a rollback and goes on ({cleared})");
    log::line(Level::Info, &message, fields(event));
    Ok(json!({ "outcome": "rollback", "cleared": cleared, "answer": told.to_string() }))
}

async fn start(functions: &Functions, hook: Hook, event: HookEvent) -> Result<Value, Failure> {
    let machine = functions.machine()?;
    let name = name(hook, &event).to_string();
    let document = Document::of(hook, event.clone());
    // The same event gives the same bytes: that makes a second start the same start.
    let input = json!(document).to_string();
    let mut pauses = PAUSES.iter();
    let error = loop {
        match executions::start(&functions.session.sfn, machine, &name, &input).await {
            Ok(Started::Running { arn }) => {
                log::line(Level::Info, &format!("started {name}"), fields(&event));
                return Ok(json!({ "outcome": "started", "execution": arn }));
            }
            Ok(Started::Taken { arn }) => return taken(functions, hook, &event, &arn).await,
            Err(error) => match pauses.next().filter(|_| error.kind == Kind::Passing) {
                Some(pause) => tokio::time::sleep(*pause).await,
                None => break error,
            },
        }
    };
    refuse(functions, &event, &error).await
}

/// The name of the hook's execution: the same for the same hook of the same deployment.
#[must_use]
pub fn name(hook: Hook, event: &HookEvent) -> ExecutionName {
    ExecutionName::first(event.deployment_id.clone(), hook)
}

/// An execution of that name has been there before: it owns the answer. If it is over and the hook
/// still open, its result is the answer.
async fn taken(
    functions: &Functions,
    hook: Hook,
    event: &HookEvent,
    arn: &str,
) -> Result<Value, Failure> {
    let first = name(hook, event);
    let execution = executions::last(&functions.session.sfn, functions.machine()?, first).await?;
    let status = execution
        .as_ref()
        .map_or("gone", |execution| execution.status.as_str());
    if matches!(status, "RUNNING" | "PENDING_REDRIVE") {
        return Ok(json!({ "outcome": "running", "execution": arn }));
    }
    let output = execution
        .as_ref()
        .and_then(|execution| execution.output.as_ref());
    let succeeded = output
        .and_then(|output| output.pointer("/carry/outcome/succeeded"))
        .and_then(Value::as_bool)
        .unwrap_or(false);
    let answer = if succeeded && status == "SUCCEEDED" {
        Answer::Succeeded
    } else {
        Answer::Failed
    };
    let told = tell(&functions.session, event, answer).await?;
    let message = format!("the execution is over ({status}): answered for it");
    log::line(Level::Warn, &message, fields(event));
    Ok(json!({ "outcome": "answered", "execution": arn, "answer": told.to_string() }))
}

/// Nothing was started, so nothing stands at the alias: the deployment fails at once, and does not
/// wait for its hour.
async fn refuse(
    functions: &Functions,
    event: &HookEvent,
    error: &CallError,
) -> Result<Value, Failure> {
    let message = format!("no execution could be started, the deployment fails: {error}");
    log::line(Level::Error, &message, fields(event));
    let told = tell(&functions.session, event, Answer::Failed).await?;
    Ok(json!({ "outcome": "refused", "why": error.to_string(), "answer": told.to_string() }))
}

fn ignored(event: &HookEvent, why: &str) -> Value {
    log::line(Level::Warn, why, fields(event));
    json!({ "outcome": "ignored", "why": why })
}

fn fields(event: &HookEvent) -> Value {
    json!({ "deployment": event.deployment_id })
}
