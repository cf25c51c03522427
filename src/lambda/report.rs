//! The end of a rollout: the answer to the hook, and the account of it for people and machines.

use serde_json::{Value, json};

use super::Functions;
use super::answer::{Told, tell};
use super::document::{Carry, Conclusion, Document, Next, Outcome, Way, Word};
use super::failure::Failure;
use super::log::{self, Level};
use super::recovery::Heard;
use super::rollback::{self, Undone, message};
use crate::aws::deployments::Answer;
use crate::aws::notices;

/// The type of the event that ends a rollout.
const ENDED: &str = "Lambda Canary Rollout Ended";

/// Answers the hook, and then says how the rollout ended. A recovery that found nothing of ours has
/// nothing to report.
///
/// # Errors
/// If CodeDeploy did not take the answer, and may later; or if a deployment that nobody watches any
/// more could not be stopped. Whatever else fails is only logged: an
/// event that is lost must not keep a deployment waiting.
pub async fn report(functions: &Functions, document: Document) -> Result<Document, Failure> {
    if document.next == Some(Next::Done) && document.unrepaired.is_none() {
        return Ok(document);
    }
    let carry = document.carried().ok().flatten();
    let mut outcome = outcome(&document, carry.as_ref());
    let answered_before = carry.as_ref().is_some_and(|carry| carry.answered);
    let told = if answered_before || !document.event.has_hook() {
        None
    } else {
        let answer = if outcome.succeeded {
            Answer::Succeeded
        } else {
            Answer::Failed
        };
        Some(tell(&functions.session, &document.event, answer).await?)
    };
    let unwatched = told == Some(Told::Before) && is_guard(carry.as_ref());
    if unwatched && !outcome.succeeded && document.error.is_none() {
        // A guard may have let CodeDeploy go on without being able to note that, and then found
        // something: the traffic must not go to the new version unwatched. After an error the
        // rollback has stopped the deployment already.
        let stopped = rollback::stop(functions, &document.event).await?;
        outcome.reason = format!("{}; {}", outcome.reason, stopped.said);
    }
    let detail = say(functions, &document, &outcome, told).await;
    let next = match document.unrepaired {
        None => Next::Done,
        Some(_) => Next::Failed,
    };
    Ok(Document {
        carry: Some(detail),
        ..document
    }
    .then(next))
}

/// Says what a recovery came to that needed no execution. Only if it made a difference: the same end
/// can call for several, and people and machines are to hear of it once.
pub async fn recovered(
    functions: &Functions,
    document: Document,
    undone: Undone,
    told: Option<Told>,
) -> Value {
    let outcome = outcome_of(&document, &undone);
    let document = document.concluded(&Conclusion {
        outcome: outcome.clone(),
        subject: undone.subject,
    });
    let heard = document.recover.as_ref().map(|recovery| &recovery.heard);
    let is_news = undone.edited && matches!(heard, Some(Heard::ExecutionEnded { .. }));
    if is_news || undone.changed || matches!(told, Some(Told::Taken(_))) {
        say(functions, &document, &outcome, told).await;
    } else {
        let fields = json!({ "deployment": document.event.deployment_id });
        log::line(Level::Warn, &outcome.reason, fields);
    }
    let why = document.recover.map(|recovery| recovery.why);
    let answer = told.map(|told| told.to_string());
    json!({ "outcome": "recovered", "why": why, "done": undone.said, "answer": answer })
}

/// How a recovery ended.
#[must_use]
pub fn outcome_of(document: &Document, undone: &Undone) -> Outcome {
    let recovery = document.recover.as_ref();
    let why = recovery.map_or("without a reason", |recovery| recovery.why.as_str());
    let word = match undone {
        Undone {
            changed: true,
            edited: false,
            ..
        } => Word::RolledBack,
        _ => Word::Failed,
    };
    Outcome::failed(word, format!("recovered: {why}; {}", undone.said))
}

/// The account of an end, for the log, the bus and the topic; as it was sent.
async fn say(
    functions: &Functions,
    document: &Document,
    outcome: &Outcome,
    told: Option<Told>,
) -> Value {
    let detail = detail(document, outcome, told);
    let level = match (&document.unrepaired, outcome.word) {
        (Some(_), _) => Level::Error,
        (None, Word::Passed) => Level::Info,
        _ => Level::Warn,
    };
    log::line(
        level,
        &format!("rollout ended: {}", outcome.reason),
        detail.clone(),
    );
    publish(functions, document, outcome, &detail).await;
    detail
}

fn is_guard(carry: Option<&Carry>) -> bool {
    carry.is_some_and(|carry| matches!(carry.way, Way::Guard { .. }))
}

/// How it ended. What a state machine's `Catch` handed on stands in where nothing else is known.
fn outcome(document: &Document, carry: Option<&Carry>) -> Outcome {
    if let Some(unrepaired) = &document.unrepaired {
        let before = document.error.as_ref().map(|caught| message(&caught.cause));
        let now = message(&unrepaired.cause);
        let before = before.filter(|before| *before != now);
        let before = before.or_else(|| Some(document.recover.as_ref()?.why.clone()));
        let reason = match before {
            Some(before) => format!("{now}; before that: {before}"),
            None => now,
        };
        return Outcome::failed(Word::Failed, reason);
    }
    if let Some(outcome) = carry.and_then(|carry| carry.outcome.clone()) {
        return outcome;
    }
    let stored = document
        .carry
        .as_ref()
        .and_then(|carry| carry.get("outcome"));
    let stored = stored.and_then(|outcome| serde_json::from_value(outcome.clone()).ok());
    stored.unwrap_or_else(|| {
        let why = document.error.as_ref();
        let why = why.map_or_else(
            || "it ended without saying how".to_owned(),
            |caught| format!("{}: {}", caught.error, message(&caught.cause)),
        );
        Outcome::failed(Word::Failed, why)
    })
}

/// The account of a rollout's end, as its event carries it and as the execution's output keeps it.
fn detail(document: &Document, outcome: &Outcome, told: Option<Told>) -> Value {
    let answer = match told {
        None if !document.event.has_hook() => "the deployment had ended before",
        None => "answered when the watching began",
        Some(told) => &told.to_string(),
    };
    let mut detail = json!({
        "schema": 1,
        "deployment": document.event.deployment_id,
        "hook": document.hook,
        "outcome": outcome,
        "answer": answer,
    });
    let mut more = json!(document.subject());
    if let Ok(Some(carry)) = document.carried() {
        more["rollout"] = carry.way.account();
    }
    if let (Value::Object(more), Value::Object(detail)) = (more, &mut detail) {
        detail.extend(more);
    }
    detail
}

async fn publish(functions: &Functions, document: &Document, outcome: &Outcome, detail: &Value) {
    let deployment = &document.event.deployment_id;
    let sent = notices::event(
        &functions.session.events,
        ENDED,
        deployment.as_str(),
        detail,
    )
    .await;
    if let Err(error) = sent {
        log::line(
            Level::Warn,
            &format!("the event was not sent: {error}"),
            json!({}),
        );
    }
    let Some(topic) = &functions.topic else {
        return;
    };
    let subject = format!(
        "canary {}: deployment {deployment}",
        if outcome.succeeded {
            "passed"
        } else {
            "failed"
        }
    );
    let sent = notices::message(&functions.session.sns, topic, &subject, &outcome.reason).await;
    if let Err(error) = sent {
        log::line(
            Level::Warn,
            &format!("the message was not sent: {error}"),
            json!({}),
        );
    }
}
