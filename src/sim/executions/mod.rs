//! Simulated Step Functions: state machines, and executions over an interpreter of their definition.
//!
//! Standard workflows only. `asl` reads definitions, `interpreter` takes an execution from one
//! step to the next, `progress` does in the world what a step asks for; `machines` and
//! `operations` are what clients call.
//!
//! What it refuses to know: how a function is run, who listens to events.

mod asl;
mod data;
mod history;
mod interpreter;
mod machines;
mod operations;
mod progress;
mod task;
mod wire;

pub use wire::*;

pub(super) use machines::{
    create_state_machine, delete_state_machine, describe_state_machine, list_state_machines,
    update_state_machine,
};
pub(super) use operations::{
    describe_execution, get_execution_history, list_executions, redrive_execution, start_execution,
    stop_execution,
};
pub(super) use progress::{run_due, task_ended};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use self::asl::Definition;
use self::history::Outcome;
use self::interpreter::Run;
use super::errors::AwsError;
use super::streams::Stream;

/// Pages hold so many items unless the request says otherwise, and at most ten times as many.
const PAGE: i64 = 100;

/// All state machines and executions, by ARN.
#[derive(Debug, Clone, Default)]
pub(super) struct Executions {
    machines: BTreeMap<String, Machine>,
    executions: BTreeMap<String, Execution>,
    /// The executions that have something to do, by the second of it.
    due: BTreeSet<(i64, String)>,
    started: u64,
    /// For so long after its end an execution is still shown as running.
    lag: SignedDuration,
}

/// A state machine.
#[derive(Debug, Clone)]
struct Machine {
    name: String,
    text: String,
    definition: Arc<Definition>,
    role: String,
    created: Timestamp,
    /// Of the latest change; absent before the first.
    revision: Option<String>,
}

/// An execution: what clients see of it, and where it stands.
#[derive(Debug, Clone)]
struct Execution {
    /// How many were started before it.
    order: u64,
    machine: String,
    name: String,
    input: String,
    started: Timestamp,
    ended: Option<(Timestamp, Outcome)>,
    redriven: Option<Timestamp>,
    /// The definition at its start: a change of the machine does not touch it.
    definition: Arc<Definition>,
    run: Run,
    jitter: Stream,
    due: Option<i64>,
    /// Whether it is being run further up the stack.
    is_busy: bool,
    /// The steps in that second.
    steps: (i64, u32),
}

impl Executions {
    /// The ARN of the role under which an execution's tasks run: its machine's as it is now.
    pub fn role_of(&self, execution: &str) -> Option<&str> {
        let machine = &self.executions.get(execution)?.machine;
        self.machine(machine)
            .ok()
            .map(|machine| machine.role.as_str())
    }

    /// The second in which the next execution has something to do.
    pub fn next_due(&self) -> Option<i64> {
        self.due.first().map(|(second, _)| *second)
    }

    fn set_due(&mut self, arn: &str, due: Option<i64>) {
        let Some(execution) = self.executions.get_mut(arn) else {
            return;
        };
        if let Some(old) = std::mem::replace(&mut execution.due, due) {
            self.due.remove(&(old, arn.to_owned()));
        }
        if let Some(new) = due {
            self.due.insert((new, arn.to_owned()));
        }
    }

    fn machine(&self, arn: &str) -> Result<&Machine, AwsError> {
        check_arn(arn, "stateMachine", 1)?;
        self.machines.get(arn).ok_or_else(|| {
            let message = format!("State Machine Does Not Exist: '{arn}'");
            AwsError::new("StateMachineDoesNotExist", 400, message)
        })
    }

    fn execution(&self, arn: &str) -> Result<&Execution, AwsError> {
        check_arn(arn, "execution", 2)?;
        self.executions.get(arn).ok_or_else(|| {
            let message = format!("Execution Does Not Exist: '{arn}'");
            AwsError::new("ExecutionDoesNotExist", 400, message)
        })
    }
}

impl Execution {
    fn status(&self) -> &'static str {
        match &self.ended {
            None => "RUNNING",
            Some((_, outcome)) => outcome.status(),
        }
    }

    fn stopped(&self) -> Option<Timestamp> {
        self.ended.as_ref().map(|(at, _)| *at)
    }

    fn output(&self) -> Option<&String> {
        match &self.ended {
            Some((_, Outcome::Succeeded(output))) => Some(output),
            _ => None,
        }
    }

    fn error(&self) -> (Option<String>, Option<String>) {
        self.ended
            .as_ref()
            .map_or((None, None), |(_, outcome)| outcome.error())
    }

    /// Why it cannot be redriven, if it cannot.
    fn redrive_refusal(&self) -> Option<&'static str> {
        match &self.ended {
            None => Some("Execution is RUNNING and cannot be redriven"),
            Some((_, Outcome::Succeeded(_))) => {
                Some("Execution is SUCCEEDED and cannot be redriven")
            }
            Some(_) if self.run.history().is_over() => {
                Some("Execution history event limit exceeded")
            }
            Some(_) => None,
        }
    }
}

/// An ARN of Step Functions of that kind, with so many names at its end.
fn check_arn(arn: &str, kind: &str, names: usize) -> Result<(), AwsError> {
    let parts: Vec<&str> = arn.split(':').collect();
    let is_one = parts.len() == 6 + names
        && parts[0] == "arn"
        && parts[1].starts_with("aws")
        && parts[2] == "states"
        && parts[5] == kind
        && parts.iter().all(|part| !part.is_empty());
    if is_one {
        return Ok(());
    }
    Err(AwsError::new(
        "InvalidArn",
        400,
        format!("Invalid Arn: '{arn}'"),
    ))
}

/// A name: 1 to 80 letters, digits, hyphens and underscores.
fn check_name(name: &str) -> Result<(), AwsError> {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if (1..=80).contains(&name.len()) && name.bytes().all(is_word) {
        return Ok(());
    }
    Err(AwsError::new(
        "InvalidName",
        400,
        format!("Invalid Name: '{name}'"),
    ))
}

/// The size of a page; zero asks for the usual one.
fn page_size(max_results: Option<i64>) -> Result<usize, AwsError> {
    let most = 10 * PAGE;
    match max_results.unwrap_or(0) {
        0 => Ok(PAGE as usize),
        size if (1..=most).contains(&size) => Ok(size as usize),
        size => Err(AwsError::constraint(
            &size.to_string(),
            "maxResults",
            &format!("Member must be between 0 and {most}"),
        )),
    }
}

fn invalid_token(token: Option<&str>) -> AwsError {
    let token = token.unwrap_or_default();
    AwsError::new("InvalidToken", 400, format!("Invalid Token: '{token}'"))
}

#[cfg(test)]
mod definition_property_tests;
#[cfg(test)]
mod machines_tests;
#[cfg(test)]
mod operations_tests;
#[cfg(test)]
mod progress_tests;
#[cfg(test)]
mod rehearsal;
