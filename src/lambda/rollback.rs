//! After an error: the alias is put back, or the deployment that a guard watched is stopped.

use std::time::Duration;

use serde_json::{Value, json};

use super::Functions;
use super::discovery::{Undiscovered, discover};
use super::document::{Document, HookEvent, Next, Outcome, Word};
use super::failure::Failure;
use super::log::{self, Level};
use super::put_back::{Whose, put_back};
use crate::aws::deployments::{self, Deployment, Stopped};
use crate::aws::{Kind, Session};
use crate::rollout::deployment::Hook;

/// Puts things right after an error, and says what it came to.
///
/// # Errors
/// If a weight may still stand, or the deployment still go on: the state machine tries again.
pub async fn roll_back(functions: &Functions, document: Document) -> Result<Document, Failure> {
    let why = why(&document);
    let carry = document.carried().ok().flatten();
    let done = match (document.hook, is_guarded(&document)) {
        (Hook::PostTraffic, _) => "nothing of this rollout stands at the alias".to_owned(),
        // It failed before there was a rollout: every tick has one with it.
        (Hook::PreTraffic, _) if document.carry.is_none() => "nothing was changed".to_owned(),
        // Whether its hook was answered or not: either way the deployment ends, and CodeDeploy,
        // which alone has written the alias, takes the traffic back.
        (Hook::PreTraffic, true) => stop(functions, &document.event).await?,
        (Hook::PreTraffic, false) => {
            let named = carry
                .as_ref()
                .map(|carry| (&*carry.release.function, &*carry.release.alias));
            undo(&functions.session, &document.event, named).await?
        }
    };
    let reason = format!("{why}; {done}");
    log::line(
        Level::Error,
        &reason,
        json!({ "deployment": document.event.deployment_id }),
    );
    let outcome = Outcome::failed(Word::RolledBack, reason);
    let carried = match carry {
        Some(mut carry) => {
            carry.outcome = Some(outcome);
            json!(carry)
        }
        None => json!({ "outcome": outcome }),
    };
    Ok(Document {
        carry: Some(carried),
        ..document
    }
    .then(Next::Report))
}

/// Whether CodeDeploy shifts the traffic. Read from the raw text: a shape that is not understood
/// must not stand in the way of putting things right.
fn is_guarded(document: &Document) -> bool {
    let way = document
        .carry
        .as_ref()
        .and_then(|carry| carry.pointer("/way/is"));
    way.and_then(Value::as_str) == Some("guard")
}

fn why(document: &Document) -> String {
    match (&document.error, document.carried()) {
        (Some(caught), _) => format!(
            "the rollout failed ({}: {})",
            caught.error,
            message(&caught.cause)
        ),
        (None, Err(error)) => error,
        (None, Ok(_)) => "the rollout failed without saying why".to_owned(),
    }
}

/// The message in a cause: Step Functions hands on a function's error as JSON text.
pub fn message(cause: &str) -> String {
    let parsed: Option<Value> = serde_json::from_str(cause).ok();
    let message = parsed.and_then(|cause| Some(cause.get("errorMessage")?.as_str()?.to_owned()));
    let mut message = message.unwrap_or_else(|| cause.to_owned());
    if message.len() > 500 {
        message.truncate(message.floor_char_boundary(500));
        message.push('…');
    }
    message
}

/// Puts the alias back by the mark of this deployment's rollout.
///
/// # Errors
/// If it is not confirmed that nothing of it stands there.
pub async fn undo(
    session: &Session,
    event: &HookEvent,
    named: Option<(&str, &str)>,
) -> Result<String, Failure> {
    let rollout = event.deployment_id.rollout().clone();
    let (function, alias) = match named {
        Some((function, alias)) => (function.to_owned(), alias.to_owned()),
        None => match find(session, event).await? {
            Ok(found) => found,
            Err(nothing) => return Ok(nothing),
        },
    };
    let left = put_back(session, &function, &alias, &Whose::This(rollout)).await;
    match left {
        Ok(left) => Ok(format!("{function}:{alias} is {left}")),
        Err(error) => Err(Failure::NotPutBack(format!(
            "{error}; by hand: canary rollback --function {function} --alias {alias}"
        ))),
    }
}

/// The function and alias of a deployment, or in words why there can be nothing to put back.
async fn find(
    session: &Session,
    event: &HookEvent,
) -> Result<Result<(String, String), String>, Failure> {
    let deployment = match deployments::get(&session.codedeploy, &event.deployment_id).await {
        Ok(deployment) => deployment,
        Err(error) if error.kind == Kind::NotFound => {
            return Ok(Err("CodeDeploy knows no such deployment".to_owned()));
        }
        Err(error) => return Err(error.into()),
    };
    match discover(session, &deployment).await {
        Ok(shifted) => Ok(Ok((shifted.function.as_str().to_owned(), shifted.alias))),
        Err(Undiscovered::Call(failure)) => Err(failure),
        // Without a function no rollout can have begun.
        Err(Undiscovered::Unfit(why)) => Ok(Err(why)),
    }
}

/// Stops the deployment that a guard watched: unwatched traffic to a new version is not safe.
///
/// # Errors
/// If CodeDeploy did not confirm.
pub async fn stop(functions: &Functions, event: &HookEvent) -> Result<String, Failure> {
    let id = &event.deployment_id;
    match deployments::stop(&functions.session.codedeploy, id).await {
        Ok(Stopped::Stopping) => Ok(format!(
            "deployment {id} was stopped and is rolled back by CodeDeploy"
        )),
        Ok(Stopped::AlreadyCompleted) => Ok(format!("deployment {id} had ended before")),
        Err(error) if error.kind == Kind::NotFound => {
            Ok(format!("CodeDeploy knows no deployment {id}"))
        }
        Err(error) => Err(Failure::NotStopped(error.to_string())),
    }
}

/// How long clearing the way for a rollback may take: it is answered in any case, well within the
/// hook's minute.
const CLEARING: Duration = Duration::from_secs(20);

/// Takes weights that carry a rollout's mark off the alias of a deployment that is itself a
/// rollback, and says what came of it.
pub async fn clear(functions: &Functions, deployment: &Deployment) -> String {
    let clearing = clear_all(functions, deployment);
    let cleared = tokio::time::timeout(CLEARING, clearing).await;
    cleared.unwrap_or_else(|_| format!("the alias could not be cleared in {CLEARING:?}"))
}

async fn clear_all(functions: &Functions, deployment: &Deployment) -> String {
    let shifted = match discover(&functions.session, deployment).await {
        Ok(shifted) => shifted,
        Err(Undiscovered::Call(error)) => return error.to_string(),
        Err(Undiscovered::Unfit(why)) => return why,
    };
    let (function, alias) = (shifted.function.as_str(), &shifted.alias);
    match put_back(&functions.session, function, alias, &Whose::Any).await {
        Ok(left) => format!("{function}:{alias}: {left}"),
        Err(error) => format!("{function}:{alias} could not be cleared: {error}"),
    }
}
