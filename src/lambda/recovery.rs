//! What a recovery is called for, as events and records tell it. It makes no calls.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::document::{Document, HookEvent};
use super::failure::Failure;
use super::hooks;
use crate::rollout::deployment::{DeploymentId, Hook};

/// Why something is to be put right, and on whose word. Part of the input of an execution that does
/// nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    /// In words.
    pub why: String,
    /// Who said so.
    pub heard: Heard,
    /// What ended was a recovery's own execution: no other one is started for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub last: bool,
}

/// Who said that something is to be put right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Heard {
    /// Step Functions: an execution has ended, but not by itself.
    ExecutionEnded {
        /// Its name.
        name: String,
        /// How often it had been redriven by then.
        redrives: i64,
        /// When it was started.
        began: Option<Timestamp>,
    },
    /// CodeDeploy: the deployment failed or was stopped.
    DeploymentEnded,
    /// Lambda: a hook failed all its attempts.
    HookFailed,
}

/// A call for a recovery.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    /// With all that is needed: the input of an execution that would do it.
    Known(Box<Document>),
    /// Of an execution whose input its event left out, as it does for one that is very large or
    /// encrypted.
    Unread {
        /// The execution's ARN.
        arn: String,
        /// Why.
        recovery: Recovery,
    },
}

impl Call {
    /// Reads an event of EventBridge or a record of a Lambda destination.
    ///
    /// # Errors
    /// If it is none that calls for a recovery; in words that do not repeat it.
    pub fn read(event: &Value) -> Result<Self, Failure> {
        if let Some(payload) = event.get("requestPayload") {
            return of_hook(event, payload);
        }
        let kind = event.get("detail-type").and_then(Value::as_str);
        let found = match (kind, event.get("detail")) {
            (Some("Step Functions Execution Status Change"), Some(detail)) => of_execution(detail),
            (Some("CodeDeploy Deployment State-change Notification"), Some(detail)) => {
                of_deployment(detail)
            }
            _ => None,
        };
        found.ok_or_else(|| {
            Failure::BadEvent(
                "this is neither an action of the state machine, nor an event or record that calls for a recovery"
                    .to_owned(),
            )
        })?
    }
}

/// The document of an execution's recovery, from that execution's input.
///
/// # Errors
/// If the input is none of a rollout.
pub fn document(input: Option<Value>, mut recovery: Recovery) -> Result<Document, Failure> {
    let input: Option<Document> = input.and_then(|input| serde_json::from_value(input).ok());
    let Some(input) = input else {
        let why = format!("{}, and its input is none of a rollout", recovery.why);
        return Err(Failure::BadEvent(why));
    };
    recovery.last = input.recover.is_some();
    Ok(Document {
        carry: input.carry,
        recover: Some(recovery),
        ..Document::of(input.hook, input.event)
    })
}

fn of_execution(detail: &Value) -> Option<Result<Call, Failure>> {
    let text = |name: &str| Some(detail.get(name)?.as_str()?.to_owned());
    let (arn, status) = (text("executionArn")?, text("status")?);
    let name = arn.rsplit(':').next().unwrap_or_default().to_owned();
    let recovery = Recovery {
        why: format!("the execution {name} is {status}"),
        heard: Heard::ExecutionEnded {
            name,
            redrives: detail
                .get("redriveCount")
                .and_then(Value::as_i64)
                .unwrap_or(0),
            began: detail
                .get("startDate")
                .and_then(Value::as_i64)
                .and_then(|at| Timestamp::from_millisecond(at).ok()),
        },
        last: false,
    };
    let Some(input) = text("input") else {
        return Some(Ok(Call::Unread { arn, recovery }));
    };
    let input = serde_json::from_str(&input).ok();
    Some(document(input, recovery).map(|document| Call::Known(Box::new(document))))
}

fn of_deployment(detail: &Value) -> Option<Result<Call, Failure>> {
    let id: DeploymentId = detail.get("deploymentId")?.as_str()?.parse().ok()?;
    // There is no hook to answer any more.
    let event = HookEvent {
        deployment_id: id,
        lifecycle_event_hook_execution_id: String::new(),
    };
    let recovery = Recovery {
        why: "the deployment ended".to_owned(),
        heard: Heard::DeploymentEnded,
        last: false,
    };
    Some(Ok(known(Hook::PreTraffic, event, recovery)))
}

fn of_hook(record: &Value, payload: &Value) -> Result<Call, Failure> {
    let event = hooks::parse(payload)?;
    let function = record.pointer("/requestContext/functionArn");
    let mut parts = function
        .and_then(Value::as_str)
        .unwrap_or_default()
        .split(':');
    // Its name in the template; a version or alias may follow.
    let hook = match parts.any(|part| part.ends_with("-post-traffic")) {
        true => Hook::PostTraffic,
        false => Hook::PreTraffic,
    };
    let recovery = Recovery {
        why: "the hook failed all its attempts".to_owned(),
        heard: Heard::HookFailed,
        last: false,
    };
    Ok(known(hook, event, recovery))
}

fn known(hook: Hook, event: HookEvent, recovery: Recovery) -> Call {
    Call::Known(Box::new(Document {
        recover: Some(recovery),
        ..Document::of(hook, event)
    }))
}

#[cfg(test)]
#[path = "recovery_tests.rs"]
mod tests;
