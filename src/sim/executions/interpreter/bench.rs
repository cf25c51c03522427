//! An execution on the bench, without a world: the test is the clock and the functions.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Facts, Move, Run};
use crate::sim::executions::asl::Definition;
use crate::sim::executions::history::Outcome;
use crate::sim::lambda::{InvokeRequest, InvokeResponse};
use crate::sim::streams::{Stream, stream};

pub const START: &str = "2026-11-21T05:51:00Z";
pub const INVOKE: &str = "arn:aws:states:::lambda:invoke";

/// An execution with its definition and its clock.
pub struct Bench {
    definition: Definition,
    pub run: Run,
    now: Timestamp,
    jitter: Stream,
}

impl Bench {
    pub fn new(definition: &Value, input: &Value) -> Self {
        let definition = Definition::parse(&definition.to_string()).expect("a definition");
        let started = START.parse().expect("a timestamp");
        let facts = Facts {
            id: "arn:aws:states:us-east-1:000000000000:execution:rollout:run".to_owned(),
            name: "run".to_owned(),
            input: input.clone(),
            role: "arn:aws:iam::000000000000:role/r".to_owned(),
            started,
            machine: "arn:aws:states:us-east-1:000000000000:stateMachine:rollout".to_owned(),
            machine_name: "rollout".to_owned(),
            region: "us-east-1".to_owned(),
        };
        Self {
            run: Run::start(facts, &definition, &input.to_string()),
            definition,
            now: started,
            jitter: stream(1, "jitter"),
        }
    }

    /// On to where it invokes, rests or ends.
    pub fn go(&mut self) -> Move {
        loop {
            let next = self.run.step(&self.definition, self.now, &mut self.jitter);
            if !matches!(next, Move::On) {
                return next;
            }
        }
    }

    /// On to its next invocation, through all waits: the task and its request.
    pub fn task(&mut self) -> (u64, InvokeRequest) {
        match self.go_through() {
            Move::Invoke(task, request) => (task, request),
            other => panic!("no invocation but {other:?}"),
        }
    }

    /// On to its end, through all waits.
    pub fn end(&mut self) -> Outcome {
        match self.go_through() {
            Move::End(outcome) => outcome,
            other => panic!("no end but {other:?}"),
        }
    }

    fn go_through(&mut self) -> Move {
        loop {
            match self.go() {
                Move::Rest(Some(wake)) => {
                    assert!(wake > self.now, "a rest that is over already");
                    self.now = wake;
                }
                other => return other,
            }
        }
    }

    pub fn succeed(&mut self, task: u64, payload: &Value) {
        self.run.hear(task, Ok(response(payload, false)));
    }

    pub fn err(&mut self, task: u64, error: &str) {
        let payload = json!({"errorType": error, "errorMessage": "m"});
        self.run.hear(task, Ok(response(&payload, true)));
    }

    pub fn seconds(&self) -> i64 {
        self.now.as_second() - START.parse::<Timestamp>().expect("a timestamp").as_second()
    }

    pub fn types(&self) -> Vec<&str> {
        let events = self.run.history().events().iter();
        events.map(|event| event.r#type.as_str()).collect()
    }
}

pub fn response(payload: &Value, failed: bool) -> InvokeResponse {
    InvokeResponse {
        status_code: 200,
        payload: Some(payload.to_string()),
        function_error: failed.then(|| "Unhandled".to_owned()),
        executed_version: Some("1".to_owned()),
        ..InvokeResponse::default()
    }
}

/// A machine of one state, and `Caught` if it has a catcher.
pub fn only(state: &Value) -> Value {
    let mut definition = json!({"StartAt": "A", "States": {"A": state}});
    if state.get("Catch").is_some() {
        definition["States"]["Caught"] = json!({"Type": "Succeed"});
    }
    definition
}

pub fn task(more: &Value) -> Value {
    let mut state = json!({
        "Type": "Task", "Resource": INVOKE, "Parameters": {"FunctionName": "f", "Payload.$": "$"}, "End": true,
    });
    for (name, value) in more.as_object().expect("fields") {
        state[name] = value.clone();
    }
    only(&state)
}

pub fn output(definition: &Value, input: &Value) -> Value {
    match Bench::new(definition, input).end() {
        Outcome::Succeeded(output) => serde_json::from_str(&output).expect("JSON"),
        other => panic!("{other:?}"),
    }
}

/// The error and cause with which it fails.
pub fn failure(definition: &Value, input: &Value) -> (String, String) {
    failed(&Bench::new(definition, input).end())
}

pub fn failed(outcome: &Outcome) -> (String, String) {
    assert_eq!(outcome.status(), "FAILED", "{outcome:?}");
    let (error, cause) = outcome.error();
    (error.unwrap_or_default(), cause.unwrap_or_default())
}
