//! What has happened: calls, events, messages, and what functions printed.

use axum::http::Uri;
use serde_json::{Value, json};

use super::{Refusal, faults};
use crate::local::Shared;
use crate::local::protocol::services;

/// How many entries a listing shows unless it is asked for more or fewer.
const SHOWN: usize = 100;

/// The newest calls, oldest first.
pub(super) fn calls(shared: &Shared, uri: &Uri) -> Result<Value, Refusal> {
    let limit = limit(uri)?;
    Ok(shared.with_world(|world| {
        let total = world.trace().count();
        let shown: Vec<Value> = world
            .trace()
            .skip(total.saturating_sub(limit))
            .map(|entry| {
                json!({
                    "at": entry.at.to_string(),
                    "service": services::label(entry.service),
                    "operation": entry.operation,
                    "caller": entry.caller,
                    "error": entry.error,
                    "fault": entry.fault.map(|(kind, effect)| faults::describe(kind, effect)),
                })
            })
            .collect();
        json!({"total": total, "calls": shown})
    }))
}

/// The roles whose rights are known here, and what their holders asked for, each only once.
pub(super) fn rights(shared: &Shared) -> Value {
    shared.with_world(|world| {
        let roles: Vec<&str> = world.roles().collect();
        let used: Vec<Value> = world
            .right_uses()
            .map(|one| {
                json!({
                    "role": one.role,
                    "action": one.action,
                    "resource": one.resource,
                    "allowed_by": one.statement,
                })
            })
            .collect();
        json!({"roles": roles, "used": used})
    })
}

/// The newest events on the bus, oldest first.
pub(super) fn events(shared: &Shared, uri: &Uri) -> Result<Value, Refusal> {
    let limit = limit(uri)?;
    Ok(shared.with_world(|world| {
        let total = world.events().count();
        let shown: Vec<&Value> = world.events().skip(total.saturating_sub(limit)).collect();
        json!({"total": total, "events": shown})
    }))
}

/// The newest messages to topics, oldest first.
pub(super) fn messages(shared: &Shared, uri: &Uri) -> Result<Value, Refusal> {
    let limit = limit(uri)?;
    Ok(shared.with_world(|world| {
        let total = world.messages().count();
        let shown: Vec<Value> = world
            .messages()
            .skip(total.saturating_sub(limit))
            .map(|one| {
                json!({
                    "at": one.at.to_string(),
                    "id": one.id,
                    "topic": one.topic_arn,
                    "subject": one.subject,
                    "message": one.message,
                })
            })
            .collect();
        json!({"total": total, "messages": shown})
    }))
}

/// What the processes of a function have printed, oldest first.
pub(super) fn logs(shared: &Shared, uri: &Uri) -> Result<Value, Refusal> {
    match parameter(uri, "function") {
        Some(function) => Ok(json!({"function": function, "lines": shared.logs.of(&function)})),
        None => Err(Refusal::bad(
            "function is missing",
            format!(
                "for instance ?function=name; those that printed something: {}",
                shared.logs.functions().join(", ")
            ),
        )),
    }
}

fn limit(uri: &Uri) -> Result<usize, Refusal> {
    match parameter(uri, "limit") {
        None => Ok(SHOWN),
        Some(text) => text.parse().map_err(|_| {
            Refusal::bad(
                format!("limit: '{text}' is not a number"),
                "for instance ?limit=20",
            )
        }),
    }
}

fn parameter(uri: &Uri, wanted: &str) -> Option<String> {
    form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
        .find(|(name, _)| name == wanted)
        .map(|(_, value)| value.into_owned())
}

/// The deployments, oldest first, and the hooks that wait for an answer.
pub(super) fn deployments(shared: &Shared) -> Value {
    shared.with_world(|world| {
        let hooks: Vec<Value> = world
            .open_hooks()
            .into_iter()
            .map(|hook| {
                json!({
                    "deployment": hook.deployment,
                    "lifecycle_event": hook.lifecycle_event,
                    "function": hook.function,
                    "hook_execution_id": hook.hook_execution_id,
                    "since": hook.since.to_string(),
                })
            })
            .collect();
        json!({ "deployments": world.deployments_overview(), "open_hooks": hooks })
    })
}
