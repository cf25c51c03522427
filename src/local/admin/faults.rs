//! Simulated outages on request.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Refusal;
use crate::local::Shared;
use crate::local::protocol::services;
use crate::sim::{Effect, FaultKind, FaultRule, OPERATIONS, Service};

const KINDS: &[(&str, FaultKind)] = &[
    ("throttle", FaultKind::Throttle),
    ("internal_error", FaultKind::InternalError),
    ("timeout", FaultKind::Timeout),
    ("connection_reset", FaultKind::ConnectionReset),
    ("access_denied", FaultKind::AccessDenied),
    ("conflict", FaultKind::Conflict),
    ("precondition_failed", FaultKind::PreconditionFailed),
];
const EFFECTS: &[(&str, Effect)] = &[
    ("before", Effect::BeforeEffect),
    ("after", Effect::AfterEffect),
];
const SERVICES: &[(&str, Service)] = &[
    ("lambda", Service::Lambda),
    ("cloudwatch", Service::CloudWatch),
    ("ssm", Service::Ssm),
    ("codedeploy", Service::CodeDeploy),
    ("stepfunctions", Service::StepFunctions),
    ("sns", Service::Sns),
    ("events", Service::Events),
];

/// A rule as it is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    kind: String,
    service: Option<String>,
    operation: Option<String>,
    effect: Option<String>,
    seconds: Option<f64>,
    times: Option<u32>,
}

/// Adds a rule, in force from now.
pub(super) fn add(shared: &Shared, request: Request) -> Result<Value, Refusal> {
    let kind = pick("kind", KINDS, &request.kind)?;
    let mut rule = FaultRule::new(kind, shared.with_world(|world| world.now()));
    if let Some(service) = &request.service {
        rule = rule.on(pick("service", SERVICES, service)?);
    }
    if let Some(operation) = &request.operation {
        let known = OPERATIONS.iter().any(|(service, name)| {
            name == operation && rule.service.is_none_or(|only| only == *service)
        });
        if !known {
            let hint = "GET /_local/ lists the operations of each service";
            return Err(Refusal::bad(
                format!("there is no operation '{operation}'"),
                hint,
            ));
        }
        rule = rule.operation(operation);
    }
    if let Some(effect) = &request.effect {
        rule.effect = pick("effect", EFFECTS, effect)?;
    }
    if let Some(seconds) = request.seconds {
        let until = Duration::try_from_secs_f64(seconds)
            .ok()
            .and_then(|lasting| rule.from.checked_add(lasting).ok())
            .ok_or_else(|| {
                Refusal::bad(
                    format!("seconds: {seconds} cannot be"),
                    "virtual seconds from now, such as 60",
                )
            })?;
        rule = rule.until(until);
    }
    rule.times = request.times;
    let added = shown(&rule);
    shared.with_world(|world| world.add_fault(rule));
    Ok(added)
}

/// All rules, spent ones too.
pub(super) fn list(shared: &Shared) -> Value {
    shared
        .with_world(|world| json!({"faults": world.faults().iter().map(shown).collect::<Vec<_>>()}))
}

/// Removes all rules.
pub(super) fn clear(shared: &Shared) -> Value {
    shared.with_world(|world| {
        let removed = world.faults().len();
        world.clear_faults();
        json!({"removed": removed})
    })
}

/// A fault that a call met.
pub(super) fn describe(kind: FaultKind, effect: Effect) -> Value {
    json!({"kind": name(KINDS, kind), "effect": name(EFFECTS, effect)})
}

fn shown(rule: &FaultRule) -> Value {
    json!({
        "kind": name(KINDS, rule.kind),
        "effect": name(EFFECTS, rule.effect),
        "service": rule.service.map(services::label),
        "operation": rule.operation,
        "from": rule.from.to_string(),
        "until": rule.until.map(|until| until.to_string()),
        "times": rule.times,
    })
}

fn pick<T: Copy>(member: &str, choices: &[(&str, T)], wanted: &str) -> Result<T, Refusal> {
    choices
        .iter()
        .find(|(name, _)| *name == wanted)
        .map(|(_, value)| *value)
        .ok_or_else(|| {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            Refusal::bad(
                format!("{member}: there is no '{wanted}'"),
                format!("one of {}", names.join(", ")),
            )
        })
}

fn name<T: PartialEq>(choices: &[(&'static str, T)], wanted: T) -> &'static str {
    choices
        .iter()
        .find(|(_, value)| *value == wanted)
        .map_or("unknown", |(name, _)| name)
}
