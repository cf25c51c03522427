//! After an error: the alias is put back, or the deployment that a guard watched is stopped.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::Functions;
use super::answer::tell;
use super::discovery::{Undiscovered, discover};
use super::document::{Carry, Conclusion, Document, HookEvent, Next, Outcome, Subject, Way, Word};
use super::failure::Failure;
use super::log::{self, Level};
use super::put_back::{Left, put_back};
use crate::aws::deployments::{self, Answer, Deployment, Stopped};
use crate::aws::{Kind, Session};
use crate::rollout::deployment::Hook;
use crate::rollout::{Known, Whose};

/// What came of putting things right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undone {
    /// In words.
    pub said: String,
    /// Whether it changed anything: a mark was taken away, or a deployment stopped.
    pub changed: bool,
    /// Whether weights stand under this rollout's mark that somebody else put there.
    pub edited: bool,
    /// What it was about, where that was found out.
    pub subject: Option<Subject>,
}

impl Undone {
    /// There was nothing to do.
    #[must_use]
    pub fn nothing(said: impl Into<String>) -> Self {
        Self {
            said: said.into(),
            changed: false,
            edited: false,
            subject: None,
        }
    }
}

/// How long the state `Rollback` has been trying: a task that is tried again keeps the time at which
/// its state was entered.
#[derive(Debug, Clone, Copy)]
pub struct Spent {
    /// When the state was entered.
    pub at: Timestamp,
    /// How often it was tried before.
    pub retries: u32,
}

/// The longest pause between two attempts: `MaxDelaySeconds` of the state.
const PAUSE: SignedDuration = SignedDuration::from_secs(20);

impl Spent {
    /// Whether it may be that late by now, if the attempts before took as long as this one, and a
    /// quarter more.
    fn may_be_past(self, deadline: Timestamp, took: SignedDuration) -> bool {
        let each = PAUSE.saturating_add(took);
        let retries = i32::try_from(self.retries).unwrap_or(i32::MAX);
        let most = each.saturating_mul(retries).saturating_mul(5) / 4;
        let now = self.at.saturating_add(took.saturating_add(most));
        now.unwrap_or(Timestamp::MAX) >= deadline
    }
}

/// The alias could not be put back yet, and is tried again; the hook is not kept waiting past its
/// hour. What it is answered is known: `Failed`.
pub async fn answer_in_time(
    functions: &Functions,
    document: &Document,
    spent: Spent,
    took: SignedDuration,
    deadline: Timestamp,
) {
    if !document.event.has_hook() || !spent.may_be_past(deadline, took) {
        return;
    }
    // Answered before is as good.
    if let Err(failure) = tell(&functions.session, &document.event, Answer::Failed).await {
        log::line(Level::Error, &failure.to_string(), json!({}));
    }
}

/// Puts things right after an error, and says what it came to.
///
/// # Errors
/// If a weight may still stand, or the deployment still go on: the state machine tries again.
pub async fn roll_back(
    functions: &Functions,
    document: Document,
    spent: Spent,
) -> Result<Document, Failure> {
    let clock = functions.clock(spent.at);
    let why = why(&document);
    let carry = document.carried().ok().flatten();
    let done = match (document.hook, is_guarded(&document)) {
        (Hook::PostTraffic, _) => Undone::nothing("nothing of this rollout stands at the alias"),
        // It failed before there was a rollout: every tick has one with it.
        (Hook::PreTraffic, _) if document.carry.is_none() => Undone::nothing("nothing was changed"),
        // Whether its hook was answered or not: either way the deployment ends, and CodeDeploy,
        // which alone has written the alias, takes the traffic back.
        (Hook::PreTraffic, true) => stop(functions, &document.event).await?,
        (Hook::PreTraffic, false) => {
            let session = &functions.session;
            let subject = match &carry {
                Some(carry) => Ok(carry.release.subject()),
                None => find(session, &document.event).await?,
            };
            match subject {
                Ok(subject) => {
                    let known = carry.as_ref().and_then(known);
                    let undone = undo(session, &document.event, subject, known).await;
                    if let (Err(_), Some(carry)) = (&undone, &carry) {
                        let deadline = carry.release.deadline;
                        let took = clock.now().duration_since(spent.at);
                        answer_in_time(functions, &document, spent, took, deadline).await;
                    }
                    undone?
                }
                Err(nothing) => Undone::nothing(nothing),
            }
        }
    };
    let reason = format!("{why}; {}", done.said);
    log::line(
        Level::Error,
        &reason,
        json!({ "deployment": document.event.deployment_id }),
    );
    let word = match done.edited {
        true => Word::Failed,
        false => Word::RolledBack,
    };
    let outcome = Outcome::failed(word, reason);
    let Some(mut carry) = carry else {
        let subject = done.subject;
        return Ok(document.concluded(&Conclusion { outcome, subject }));
    };
    carry.outcome = Some(outcome);
    Ok(document.carrying(&carry).then(Next::Report))
}

/// What a rollout that is carried has written.
pub fn known(carry: &Carry) -> Option<Known> {
    match &carry.way {
        Way::Stepper {
            assignment,
            snapshot,
        } => Some(Known {
            contenders: snapshot.state.contenders.clone(),
            plan: assignment.rules.plan.clone(),
        }),
        Way::Guard { .. } | Way::Bake { .. } => None,
    }
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

/// Puts the alias back by the mark of this deployment's rollout, and by what is known of its plan.
///
/// # Errors
/// If it is not confirmed that nothing of it stands there.
pub async fn undo(
    session: &Session,
    event: &HookEvent,
    subject: Subject,
    known: Option<Known>,
) -> Result<Undone, Failure> {
    let rollout = event.deployment_id.rollout().clone();
    let (function, alias) = (&subject.function, &subject.alias);
    let by_hand = format!("by hand: canary rollback --function {function} --alias {alias}");
    let left = put_back(session, function, alias, &Whose::This { rollout, known }).await;
    let left = left.map_err(|error| Failure::NotPutBack(format!("{error}; {by_hand}")))?;
    let edited = matches!(left, Left::Edited { .. });
    let mut said = format!("{function}:{alias} is {left}");
    if edited {
        said = format!("{said}; {by_hand}");
    }
    Ok(Undone {
        said,
        changed: matches!(left, Left::Clean { changed: true, .. }),
        edited,
        subject: Some(subject),
    })
}

/// What a deployment shifts, or in words why there can be nothing to put back.
///
/// # Errors
/// If CodeDeploy could not be asked.
pub async fn find(
    session: &Session,
    event: &HookEvent,
) -> Result<Result<Subject, String>, Failure> {
    let deployment = match deployments::get(&session.codedeploy, &event.deployment_id).await {
        Ok(deployment) => deployment,
        Err(error) if error.kind == Kind::NotFound => {
            return Ok(Err("CodeDeploy knows no such deployment".to_owned()));
        }
        Err(error) => return Err(error.into()),
    };
    match discover(session, &deployment).await {
        Ok(shifted) => Ok(Ok(shifted.subject())),
        Err(Undiscovered::Call(failure)) => Err(failure),
        // Without a function no rollout can have begun.
        Err(Undiscovered::Unfit(why)) => Ok(Err(why)),
    }
}

/// Stops the deployment that a guard watched: unwatched traffic to a new version is not safe.
///
/// # Errors
/// If CodeDeploy did not confirm.
pub async fn stop(functions: &Functions, event: &HookEvent) -> Result<Undone, Failure> {
    let id = &event.deployment_id;
    match deployments::stop(&functions.session.codedeploy, id).await {
        Ok(Stopped::Stopping) => Ok(Undone {
            changed: true,
            ..Undone::nothing(format!(
                "deployment {id} was stopped and is rolled back by CodeDeploy"
            ))
        }),
        Ok(Stopped::AlreadyCompleted) => {
            Ok(Undone::nothing(format!("deployment {id} had ended before")))
        }
        Err(error) if error.kind == Kind::NotFound => Ok(Undone::nothing(format!(
            "CodeDeploy knows no deployment {id}"
        ))),
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

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::constant(1_800_000_000, 0);

    /// Whether a hook is answered after so many retries of so many seconds each, 37 minutes after its
    /// beginning.
    fn is_answered(retries: u32, seconds: i64) -> bool {
        let spent = Spent { at: AT, retries };
        let deadline = AT + SignedDuration::from_mins(55 - 37);
        spent.may_be_past(deadline, SignedDuration::from_secs(seconds))
    }

    #[test]
    fn a_hook_is_not_kept_waiting_past_its_hour_nor_answered_long_before() {
        for (seconds, earliest) in [(0, 44), (10, 29), (64, 10)] {
            let mut counts = (0..110).filter(|retries| is_answered(*retries, seconds));
            let first = counts.next().map(i64::from);
            assert_eq!(first, Some(earliest), "{seconds} s");
            let passed = SignedDuration::from_secs(earliest * (20 + seconds) + seconds);
            assert!(passed < SignedDuration::from_mins(18) + SignedDuration::from_secs(64));
            assert!(passed > SignedDuration::from_mins(13));
        }
    }
}
