//! What many releases have been through: which troubles met them, which decisions were made, which
//! transitions of the state machine were taken. What is never reached proves nothing.

use std::collections::{BTreeMap, BTreeSet};

use lambda_canary::sim::Service;
use serde_json::{Value, json};

use crate::account;
use crate::system::Played;
use crate::trouble::Trouble;

/// From so many seeds on everything must have been reached.
pub const ENOUGH: u64 = 10_000;

/// What is to be reached besides every kind of trouble: decisions, outcomes, transitions.
const EXPECTED: &str = include_str!("expected.txt");

/// How often each thing was reached.
#[derive(Debug, Default)]
pub struct Coverage {
    counts: BTreeMap<String, u64>,
}

impl Coverage {
    /// Counts what a release has been through.
    pub fn add(&mut self, played: &mut Played) {
        for (kind, times) in &played.record.injected {
            *self.counts.entry(format!("trouble: {kind}")).or_default() += times;
        }
        for reached in reached(played) {
            *self.counts.entry(reached).or_default() += 1;
        }
    }

    /// Adds another count to this one.
    pub fn merge(&mut self, other: Self) {
        for (what, times) in other.counts {
            *self.counts.entry(what).or_default() += times;
        }
    }

    /// What should have been reached and was not.
    pub fn missing(&self) -> Vec<String> {
        let troubles = Trouble::kinds()
            .into_iter()
            .map(|kind| format!("trouble: {kind}"));
        let others = EXPECTED
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        let expected: BTreeSet<String> = troubles.chain(others.map(str::to_owned)).collect();
        expected
            .into_iter()
            .filter(|what| !self.counts.contains_key(what))
            .collect()
    }
}

impl std::fmt::Display for Coverage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (what, times) in &self.counts {
            writeln!(f, "{times:>9}  {what}")?;
        }
        Ok(())
    }
}

fn reached(played: &mut Played) -> BTreeSet<String> {
    let mut all = std::mem::take(&mut played.record.reached);
    for line in &played.record.logs {
        let Ok(line) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        all.extend(decision(&line["reason"]));
        if let Some(phase) = line.pointer("/outcome/word").and_then(Value::as_str) {
            all.insert(format!("outcome: {phase}"));
        }
        if let Some(act) = line
            .get("act")
            .and_then(Value::as_str)
            .filter(|act| *act != "done")
        {
            let kind: String = act.chars().take_while(|c| c.is_alphanumeric()).collect();
            all.insert(format!("write: {kind}"));
        }
    }
    for status in played.world.deployments_overview() {
        all.insert(format!("deployment: {}", status.status));
    }
    for arn in account::executions(&mut played.world, None) {
        transitions(played, &arn, &mut all);
    }
    all
}

/// A decision by its code, and an end by its kind.
pub fn decision(reason: &Value) -> Option<String> {
    let code = reason["code"].as_str()?;
    let end = reason.pointer("/end/as").or(reason.pointer("/end/is"));
    let cause = reason.pointer("/cause/why");
    Some(match end.or(cause).and_then(Value::as_str) {
        Some(more) => format!("decision: {code} {more}"),
        None => format!("decision: {code}"),
    })
}

fn transitions(played: &mut Played, arn: &str, all: &mut BTreeSet<String>) {
    let named = json!({"executionArn": arn});
    let found = played
        .world
        .call(Service::StepFunctions, "DescribeExecution", named);
    let status = found
        .ok()
        .and_then(|found| Some(found["status"].as_str()?.to_owned()));
    all.extend(status.map(|status| format!("execution: {status}")));
    let input = json!({"executionArn": arn, "maxResults": 1000});
    let Ok(history) = played
        .world
        .call(Service::StepFunctions, "GetExecutionHistory", input)
    else {
        return;
    };
    let events = history["events"].as_array().cloned().unwrap_or_default();
    let mut before: Option<String> = None;
    for event in &events {
        let name = event
            .pointer("/stateEnteredEventDetails/name")
            .and_then(Value::as_str);
        let Some(name) = name else { continue };
        if let Some(before) = before.replace(name.to_owned()) {
            all.insert(format!("state: {before} -> {name}"));
        }
    }
}
