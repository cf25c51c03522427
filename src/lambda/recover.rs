//! Recovery: what is left when a rollout could not end by itself.
//!
//! Stopping an execution runs no state that cleans up (Step Functions, "StopExecution"), a killed
//! hook answers nobody, and a deployment can be stopped in the middle of a step. EventBridge's
//! rules and the hooks' `OnFailure` destination bring those here. Recovery goes by the mark at the
//! alias, and changes nothing while an execution is still in charge.
//!
//! It is tried here once. If a call fails, an execution of the state machine takes over, whose only
//! states are `Rollback` and `Report`: those are tried for more than half an hour each. An execution
//! like that which fails in its turn is not followed by another one.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::Functions;
use super::answer::{Told, tell};
use super::document::{Conclusion, Document, Next, Subject};
use super::failure::Failure;
use super::in_charge::in_charge;
use super::log::{self, Level};
use super::recovery::{self, Call, Heard, Recovery};
use super::rollback::{self, Spent, Undone};
use super::{hooks, report};
use crate::aws::deployments::{self, Answer};
use crate::aws::executions::{self, Started};
use crate::aws::{CallError, Kind, policy};
use crate::config::Policy;
use crate::rollout::deployment::{Hook, RecoveryName};
use crate::rollout::{Contenders, Known, Shift};

/// How long one attempt may take: well within the stepper's own time, so that an execution can still
/// be started.
const ONCE: Duration = Duration::from_secs(120);

/// A policy that was written so shortly before a rollout began may be newer than what it read: clocks
/// may differ.
const MARGIN: SignedDuration = SignedDuration::from_mins(1);

/// So long after its execution began a hook is answered although something is still left.
const HOOK_TIME: SignedDuration = SignedDuration::from_mins(55);

/// The same where no execution began: a hook's event is given up at an age of 50 minutes.
const HOOK_REST: SignedDuration = SignedDuration::from_mins(5);

/// What an attempt came to.
enum Righted {
    /// This execution is in charge.
    LeftTo(String),
    /// There was nothing of ours.
    Nothing(&'static str),
    /// Nothing of ours stands any more.
    Done(Undone),
}

/// Puts right what was left, or has an execution do it.
///
/// # Errors
/// If something is still left and no execution is there to try on; whoever called tries again.
pub async fn recover(functions: &Functions, call: Call) -> Result<Value, Failure> {
    let document = match call {
        Call::Known(document) => *document,
        Call::Unread { arn, recovery } => {
            let execution = executions::describe(&functions.session.sfn, &arn).await?;
            recovery::document(execution.input, recovery)?
        }
    };
    let tried = tokio::time::timeout(ONCE, once(functions, &document)).await;
    let failure = match tried.unwrap_or_else(|_| Err(too_slow())) {
        Ok((Righted::LeftTo(name), _)) => {
            return Ok(json!({ "outcome": "running", "execution": name }));
        }
        Ok((Righted::Nothing(why), _)) => return Ok(json!({ "outcome": "ignored", "why": why })),
        Ok((Righted::Done(undone), told)) => {
            return Ok(report::recovered(functions, document, undone, told).await);
        }
        Err(failure) => failure,
    };
    hand_over(functions, &document, failure).await
}

/// The state `Rollback` of an execution that was started to recover.
///
/// # Errors
/// If something is still left: the state machine tries again.
pub async fn again(
    functions: &Functions,
    document: Document,
    execution: &str,
    spent: Spent,
) -> Result<Document, Failure> {
    let clock = functions.clock(spent.at);
    let righted = put_right(functions, &document, Some(execution)).await;
    if let (Err(_), Some(recovery)) = (&righted, &document.recover) {
        // A hook that failed may have done so at the end of its event's age.
        let deadline = match recovery.began() {
            Some(began) => began.saturating_add(HOOK_TIME),
            None => spent.at.saturating_add(HOOK_REST),
        };
        let deadline = deadline.unwrap_or(Timestamp::MAX);
        let took = clock.now().duration_since(spent.at);
        rollback::answer_in_time(functions, &document, spent, took, deadline).await;
    }
    let why = match righted? {
        // Of its deployment's end somebody else has told.
        Righted::Done(undone) if !undone.changed && !document.event.has_hook() => undone.said,
        Righted::Done(undone) => {
            let outcome = report::outcome_of(&document, &undone);
            let subject = undone.subject;
            return Ok(document.concluded(&Conclusion { outcome, subject }));
        }
        Righted::LeftTo(name) => format!("{name} is still running"),
        Righted::Nothing(why) => why.to_owned(),
    };
    let fields = json!({ "deployment": document.event.deployment_id });
    log::line(Level::Info, &format!("nothing to recover: {why}"), fields);
    let carry = Some(json!({ "ignored": why }));
    Ok(Document { carry, ..document }.then(Next::Done))
}

async fn once(
    functions: &Functions,
    document: &Document,
) -> Result<(Righted, Option<Told>), Failure> {
    let righted = put_right(functions, document, None).await?;
    let told = match righted {
        Righted::Done(_) if document.event.has_hook() => {
            Some(tell(&functions.session, &document.event, Answer::Failed).await?)
        }
        _ => None,
    };
    Ok((righted, told))
}

fn too_slow() -> Failure {
    Failure::Passing(CallError {
        call: "recovery",
        kind: Kind::Passing,
        code: None,
        message: format!("not done in {ONCE:?}"),
    })
}

/// Has an execution try on. Its name follows from the deployment's: started twice, it is the same.
async fn hand_over(
    functions: &Functions,
    document: &Document,
    failure: Failure,
) -> Result<Value, Failure> {
    let is_last = document.recover.as_ref().is_none_or(|why| why.last);
    if is_last || !may_pass(&failure) {
        return Err(failure);
    }
    let name = RecoveryName {
        deployment: document.event.deployment_id.clone(),
        hook: document.hook,
    }
    .to_string();
    let fields = json!({ "deployment": document.event.deployment_id, "error": failure.name() });
    match start(functions, &name, document).await {
        Ok(true) => {
            let message = format!("{failure}; the recovery goes on as {name}");
            log::line(Level::Warn, &message, fields);
            Ok(json!({ "outcome": "handed over", "execution": name }))
        }
        // It had its half-hours: a person is to hear of it.
        Ok(false) => Err(failure),
        Err(error) => {
            let message = format!("the recovery could not be handed over to {name}: {error}");
            log::line(Level::Error, &message, fields);
            Err(failure)
        }
    }
}

/// Whether an execution of that name runs now.
async fn start(functions: &Functions, name: &str, document: &Document) -> Result<bool, Failure> {
    let (sfn, machine) = (&functions.session.sfn, functions.machine()?);
    let input = json!(document).to_string();
    match executions::start(sfn, machine, name, &input).await? {
        Started::Running { .. } => Ok(true),
        Started::Taken { arn } => Ok(executions::describe(sfn, &arn).await?.status == "RUNNING"),
    }
}

/// Whether half an hour may change it.
fn may_pass(failure: &Failure) -> bool {
    matches!(
        failure,
        Failure::Passing(_)
            | Failure::Refused(_)
            | Failure::NotPutBack(_)
            | Failure::NotStopped(_)
            | Failure::NotAnswered(_)
    )
}

async fn put_right(
    functions: &Functions,
    document: &Document,
    own: Option<&str>,
) -> Result<Righted, Failure> {
    let Some(recovery) = &document.recover else {
        return Err(Failure::BadEvent("nothing to recover".to_owned()));
    };
    if let Some(name) = in_charge(functions, document, recovery, own).await? {
        return Ok(Righted::LeftTo(name));
    }
    let mut rollout = Rollout {
        carry: document.carry.clone(),
        began: recovery.began(),
    };
    if recovery.heard == Heard::DeploymentEnded {
        let first = hooks::name(Hook::PreTraffic, &document.event);
        let last = executions::last(&functions.session.sfn, functions.machine()?, first).await?;
        rollout = match last {
            None => return Ok(Righted::Nothing("no rollout of ours in this deployment")),
            // An execution that came to its end has put the alias back before it said so.
            Some(last) if last.status == "SUCCEEDED" => {
                return Ok(Righted::Nothing("its rollout has ended as it should"));
            }
            Some(last) => Rollout {
                carry: last.input.and_then(|input| input.get("carry").cloned()),
                began: last.began,
            },
        };
    }
    let after_shift = document.hook == Hook::PostTraffic && recovery.heard != Heard::HookFailed;
    let undone = match after_shift {
        true => Undone::nothing("nothing of this rollout stands at the alias"),
        false => undo(functions, document, rollout).await?,
    };
    Ok(Righted::Done(named(functions, document, undone).await))
}

/// What is known of the rollout that left something.
struct Rollout {
    carry: Option<Value>,
    began: Option<Timestamp>,
}

impl Recovery {
    fn began(&self) -> Option<Timestamp> {
        match &self.heard {
            Heard::ExecutionEnded { began, .. } => *began,
            Heard::DeploymentEnded | Heard::HookFailed => None,
        }
    }
}

async fn undo(
    functions: &Functions,
    document: &Document,
    rollout: Rollout,
) -> Result<Undone, Failure> {
    let (session, event) = (&functions.session, &document.event);
    match deployments::get(&session.codedeploy, &event.deployment_id).await {
        Ok(deployment) => {
            let ended = deployment.status.ended();
            let shift = deployments::shift(&session.codedeploy, &deployment.config).await;
            match (ended, shift) {
                (false, Ok(Shift::AllAtOnce)) => {}
                // A guard has answered its hook: without it CodeDeploy would shift unwatched.
                (false, Ok(_)) => return rollback::stop(functions, event).await,
                (false, Err(error)) => return Err(error.into()),
                (true, Ok(shift)) if shift != Shift::AllAtOnce => {
                    return Ok(Undone::nothing("only CodeDeploy has shifted its traffic"));
                }
                // A configuration may be deleted after the end: the mark tells.
                (true, _) => {}
            }
        }
        Err(error) if error.kind == Kind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    match rollback::find(session, event).await? {
        Ok(subject) => {
            let known = known(functions, document, &subject, rollout).await;
            rollback::undo(session, event, subject, known).await
        }
        Err(nothing) => Ok(Undone::nothing(nothing)),
    }
}

/// The plan of the rollout: carried where it was continued, else that of its policy, if the alias has
/// its own and that was not written since. Any doubt leaves the mark alone to decide, since a weight
/// of ours must not stay.
async fn known(
    functions: &Functions,
    document: &Document,
    subject: &Subject,
    rollout: Rollout,
) -> Option<Known> {
    if let Some(carry) = rollout.carry {
        let carried = Document {
            carry: Some(carry),
            ..document.clone()
        };
        return rollback::known(&carried.carried().ok()??);
    }
    let began = rollout.began?;
    let found = policy::find(&functions.session, &subject.function, &subject.alias).await;
    let found = found.ok()?.filter(|found| found.own)?;
    let is_older = began.duration_since(found.modified?) > MARGIN;
    let plan = Policy::parse(&found.text).ok().filter(|_| is_older)?;
    Some(Known {
        contenders: Contenders {
            rollout: document.event.deployment_id.rollout().clone(),
            stable: subject.stable,
            canary: subject.canary,
        },
        plan: plan.rules.plan,
    })
}

/// The same with what it was about, where that can be found out: nothing depends on it.
async fn named(functions: &Functions, document: &Document, undone: Undone) -> Undone {
    if undone.subject.is_some() {
        return undone;
    }
    let found = rollback::find(&functions.session, &document.event).await;
    let subject = found.ok().and_then(Result::ok);
    Undone { subject, ..undone }
}
