//! Answering CodeDeploy's hook.

use std::time::Duration;

use super::document::HookEvent;
use super::failure::Failure;
use crate::aws::deployments::{self, Answer, Answered};
use crate::aws::{Kind, Session};
use crate::rollout::hook;

/// Between two attempts within one invocation, on top of the SDK's own.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
];

/// What became of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// CodeDeploy took this one.
    Taken(Answer),
    /// The lifecycle event had been completed before.
    Before,
    /// There is nothing to answer: CodeDeploy does not know the deployment or the hook's id.
    Unknown,
}

impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Taken(answer) => answer.as_str(),
            Self::Before => "the lifecycle event had been completed before",
            Self::Unknown => "CodeDeploy does not know this hook",
        })
    }
}

/// Answers the hook. A deployment that is itself a rollback is never answered `Failed`, whatever
/// went wrong on the way to its answer.
///
/// # Errors
/// If CodeDeploy did not take the answer, and may later.
pub async fn tell(session: &Session, event: &HookEvent, answer: Answer) -> Result<Told, Failure> {
    if answer == Answer::Succeeded {
        return send(session, event, answer).await;
    }
    match deployments::get(&session.codedeploy, &event.deployment_id).await {
        Ok(deployment) if hook::is_rollback(&deployment.creator) => {
            send(session, event, Answer::Succeeded).await
        }
        Ok(_) => send(session, event, answer).await,
        Err(error) if error.kind == Kind::Passing => Err(Failure::NotAnswered(error)),
        // It does not exist, or may not be read: the answer itself tells more.
        Err(_) => send(session, event, answer).await,
    }
}

async fn send(session: &Session, event: &HookEvent, answer: Answer) -> Result<Told, Failure> {
    let (deployment, hook) = (
        &event.deployment_id,
        &event.lifecycle_event_hook_execution_id,
    );
    let mut pauses = PAUSES.iter();
    loop {
        let error = match deployments::answer(&session.codedeploy, deployment, hook, answer).await {
            Ok(Answered::Taken) => return Ok(Told::Taken(answer)),
            Ok(Answered::AlreadyCompleted) => return Ok(Told::Before),
            Err(error) => error,
        };
        let code = error.code.as_deref().unwrap_or_default();
        if error.kind == Kind::NotFound || PERMANENT.contains(&code) {
            return Ok(Told::Unknown);
        }
        match pauses.next() {
            Some(pause) => tokio::time::sleep(*pause).await,
            None => return Err(Failure::NotAnswered(error)),
        }
    }
}

/// Refusals that no other attempt will change (CodeDeploy API reference,
/// `PutLifecycleEventHookExecutionStatus`, "Errors").
const PERMANENT: &[&str] = &[
    "InvalidLifecycleEventHookExecutionIdException",
    "InvalidDeploymentIdException",
    "DeploymentIdRequiredException",
    "UnsupportedActionForDeploymentTypeException",
];
