//! Where an execution is, and the context object that says so.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Run;

/// What stays the same during an execution.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The execution's ARN.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its input.
    pub input: Value,
    /// The role it runs under.
    pub role: String,
    /// When it started.
    pub started: Timestamp,
    /// The machine's ARN.
    pub machine: String,
    /// The machine's name.
    pub machine_name: String,
    /// The region.
    pub region: String,
}

/// The state that the execution is in.
#[derive(Debug, Clone)]
pub(super) struct Visit {
    pub state: String,
    pub input: Value,
    /// The input as text, as histories have it.
    pub text: String,
    pub entered: Timestamp,
    /// The event of its beginning.
    pub event: i64,
    /// How often each retrier was used.
    pub retries: Vec<i64>,
}

impl Visit {
    /// Before the state begins. `text` is the input as text.
    pub fn of(state: &str, input: Value, text: &str, now: Timestamp) -> Self {
        Self {
            state: state.to_owned(),
            input,
            text: text.to_owned(),
            entered: now,
            event: 0,
            retries: Vec::new(),
        }
    }
}

impl Run {
    /// The context object, `$$`.
    pub(super) fn context(&self) -> Value {
        let (facts, visit) = (&self.facts, &self.visit);
        json!({
            "Execution": {
                "Id": facts.id,
                "Input": facts.input,
                "Name": facts.name,
                "RedriveCount": self.redrives,
                "RoleArn": facts.role,
                "StartTime": milliseconds(facts.started),
            },
            "State": {
                "EnteredTime": milliseconds(visit.entered),
                "Name": visit.state,
                "RetryCount": visit.retries.iter().sum::<i64>(),
            },
            "StateMachine": {"Id": facts.machine, "Name": facts.machine_name},
        })
    }
}

/// RFC 3339 with milliseconds, as the context object has it.
fn milliseconds(at: Timestamp) -> String {
    format!("{at:.3}")
}
