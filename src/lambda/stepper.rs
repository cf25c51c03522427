//! The stepper: the actions of the state machine, and the recovery.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::document::{Document, Next};
use super::failure::Failure;
use super::log::{self, Level};
use super::recover;
use super::recovery::Call;
use super::rollback::Spent;
use super::{Functions, after, checks, preflight, report, rollback, tick};
use crate::aws::executions::{self, Started};
use crate::rollout::deployment::{ExecutionName, Hook};

/// What the state machine asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    Preflight,
    Checks,
    Tick,
    Continue,
    Rollback,
    Report,
}

#[derive(Debug, Deserialize)]
struct Request {
    action: Action,
    /// When the state was entered, by the clock of Step Functions. All ticks of a rollout go by
    /// that one clock, whatever machine they run on.
    at: Timestamp,
    /// How often the state was tried before: of a rollback, which is tried for long.
    #[serde(default)]
    retries: u32,
    execution: String,
    document: Document,
}

/// Does what the state machine, a rule or a destination asks for.
///
/// # Errors
/// See [`Failure`]; its name is what the state machine retries and catches by.
pub async fn handle(functions: &Functions, event: Value) -> Result<Value, Failure> {
    if event.get("action").is_none() {
        return recover::recover(functions, Call::read(&event)?).await;
    }
    // What serde says would quote the payload.
    let request: Request = serde_json::from_value(event).map_err(|error| {
        Failure::BadEvent(format!(
            "not an action of this state machine ({:?} at column {})",
            error.classify(),
            error.column()
        ))
    })?;
    let Request {
        action,
        at,
        retries,
        execution,
        document,
    } = request;
    let spent = Spent { at, retries };
    let document = match action {
        Action::Preflight => prepare(functions, document, at, &execution).await?,
        Action::Checks => checks::run(functions, document, at).await?,
        Action::Tick => tick::tick(functions, document, at).await?,
        Action::Continue => go_on(functions, &execution, document).await?,
        Action::Rollback if document.recover.is_some() => {
            recover::again(functions, document, &execution, spent).await?
        }
        Action::Rollback => rollback::roll_back(functions, document, spent).await?,
        Action::Report => report::report(functions, document).await?,
    };
    Ok(json!(document))
}

/// What is to be released, once it is this one's turn.
async fn prepare(
    functions: &Functions,
    mut document: Document,
    at: Timestamp,
    execution: &str,
) -> Result<Document, Failure> {
    let prepared = match document.hook {
        Hook::PreTraffic => preflight::before(functions, &mut document, at, execution).await,
        Hook::PostTraffic => after::prepare(functions, &document, at).await,
    };
    preflight::conclude(document, prepared)
}

/// Hands the rollout to a new execution, whose name follows from this one's: started twice, it is
/// the same.
async fn go_on(
    functions: &Functions,
    execution: &str,
    document: Document,
) -> Result<Document, Failure> {
    let name: ExecutionName = execution
        .parse()
        .map_err(|error| Failure::BadEvent(format!("{error}")))?;
    let name = name.next().to_string();
    let Some(mut carry) = document.carried().map_err(Failure::UnknownState)? else {
        return Err(Failure::BadEvent("nothing to continue".to_owned()));
    };
    carry.ticks = 0;
    let wait = document.wait.unwrap_or(0);
    let input = document.clone().carrying(&carry).after(wait);
    let machine = functions.machine()?;
    let input = json!(input).to_string();
    let (Started::Running { arn } | Started::Taken { arn }) =
        executions::start(&functions.session.sfn, machine, &name, &input).await?;
    log::line(
        Level::Info,
        &format!("goes on as {name}"),
        json!({ "execution": arn }),
    );
    let carry = json!({ "continued": name });
    Ok(Document {
        carry: Some(carry),
        ..document
    }
    .then(Next::Done))
}
