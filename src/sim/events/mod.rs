//! Simulated EventBridge: the default bus, its rules, and the events that AWS's services send.
//!
//! Targets are functions and SNS topics; anything else is refused by name.

mod bus;
mod fields;
mod pattern;
mod put;
mod rules;
mod targets;
mod wire;

pub use wire::*;

pub(super) use bus::emit;
pub(super) use put::{put_events, test_event_pattern};
pub(super) use rules::{delete_rule, describe_rule, list_rules, put_rule};
pub(super) use targets::{list_targets_by_rule, put_targets, remove_targets};

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value;

use super::errors::AwsError;
use rules::Rule;

/// The rules of the default bus by name, and the newest events.
#[derive(Debug, Clone, Default)]
pub(super) struct Events {
    rules: BTreeMap<String, Rule>,
    recent: VecDeque<Value>,
}

fn validation(problem: impl Into<String>) -> AwsError {
    AwsError::new("ValidationException", 400, problem)
}

/// There is only the default bus, by its name or its ARN.
fn check_bus(name: Option<&str>) -> Result<(), AwsError> {
    match name {
        None | Some("default") => Ok(()),
        Some(arn) if arn.ends_with(":event-bus/default") => Ok(()),
        Some(other) => Err(AwsError::new(
            "ResourceNotFoundException",
            400,
            format!("Event bus {other} does not exist."),
        )),
    }
}

#[cfg(test)]
#[path = "events_tests.rs"]
mod tests;
