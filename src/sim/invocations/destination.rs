//! Where the record of an asynchronous invocation goes when it is over.

use serde_json::{Value, json};

use super::queue::{self, Queued};
use crate::sim::topics;
use crate::sim::world::World;

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    /// The function returned.
    Success,
    /// Every attempt ended in a function error.
    RetriesExhausted,
    /// It could not be run in time.
    EventAgeExceeded,
}

impl Condition {
    fn as_str(self) -> &'static str {
        match self {
            Self::Success => "Success",
            Self::RetriesExhausted => "RetriesExhausted",
            Self::EventAgeExceeded => "EventAgeExceeded",
        }
    }
}

/// Sends the record to the function's destination for that end, if it has one.
pub(super) fn deliver(world: &mut World, queued: &Queued, condition: Condition) {
    let settings = world.event_settings(&queued.function, queued.qualifier.as_deref());
    let destination = if condition == Condition::Success {
        settings.on_success()
    } else {
        settings.on_failure()
    };
    let Some(arn) = destination.map(str::to_owned) else {
        return;
    };
    let action = match is_topic(&arn) {
        true => "sns:Publish",
        false => "lambda:InvokeFunction",
    };
    let role = role(world, queued);
    if !role.is_none_or(|role| world.may(&role, action, &arn)) {
        // Lambda sends it under the function's role, and loses what that may not send.
        return;
    }
    let record = record(world, queued, condition).to_string();
    // A destination that has gone since it was set loses the record, as on AWS.
    let _ = if is_topic(&arn) {
        topics::send(world, &arn, record, None).map(drop)
    } else {
        queue::invoke_later(world, &arn, record)
    };
}

fn is_topic(arn: &str) -> bool {
    arn.contains(":sns:")
}

/// The role of the function that ran.
fn role(world: &World, queued: &Queued) -> Option<String> {
    let function = world.functions.get(&queued.function)?;
    let asked = queued.qualifier.as_deref();
    let version = asked.and_then(|qualifier| function.version(qualifier));
    let version = version.unwrap_or(&function.latest);
    Some(version.configuration.role.clone())
}

fn record(world: &World, queued: &Queued, condition: Condition) -> Value {
    let qualifier = queued.qualifier.as_deref().unwrap_or("$LATEST");
    let mut record = json!({
        "version": "1.0",
        "timestamp": world.now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
        "requestContext": {
            "requestId": queued.call.request_id,
            "functionArn": world.function_arn(&queued.function, Some(qualifier)),
            "condition": condition.as_str(),
            "approximateInvokeCount": queued.attempts,
        },
        "requestPayload": parsed(&queued.call.payload),
    });
    if let Some(response) = &queued.response {
        record["responseContext"] = json!({
            "statusCode": response.status_code,
            "executedVersion": response.executed_version,
            "functionError": response.function_error,
        });
        record["responsePayload"] = parsed(response.payload.as_deref().unwrap_or_default());
    }
    record
}

/// A payload as JSON; what is none stays text.
fn parsed(payload: &str) -> Value {
    match payload {
        "" => Value::Null,
        text => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
    }
}
