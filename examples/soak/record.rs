//! What happened, as the properties read it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use lambda_canary::rollout::Mark;
use serde_json::Value;

use crate::coverage;
use crate::trouble::{Act, Fate, Mishap};

/// An alias as it stands.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Alias {
    /// The version that gets what the weights leave; empty if there is no alias.
    pub version: String,
    /// Share of the traffic by additional version.
    pub weights: BTreeMap<String, f64>,
    /// The description.
    pub description: String,
}

/// Who changed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// One of our functions.
    Function(Caller),
    /// A person.
    Person,
    /// CodeDeploy.
    CodeDeploy,
}

/// An invocation of one of our functions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// A number of its own.
    pub invocation: u64,
    /// The handler.
    pub handler: String,
    /// What the state machine asked for, or `recover`, or the hook's name.
    pub action: String,
    /// The deployment it is about.
    pub deployment: String,
}

/// A change of the alias.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: By,
    /// As it was.
    pub before: Alias,
    /// As it is.
    pub after: Alias,
}

/// A call of one of our functions.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// When it took effect.
    pub at: Timestamp,
    /// Whose.
    pub by: Caller,
    /// The operation.
    pub operation: String,
    /// What came of it: the status, `lost` or `no effect`.
    pub result: String,
    /// Of `DescribeAlarms`, where its answer was heard: the alarm's state, if there is the alarm.
    pub alarm: Option<String>,
}

/// Something that happened, as a transcript tells it.
#[derive(Debug, Clone)]
pub struct Note {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: Noted,
}

/// What a person cares about.
#[derive(Debug, Clone)]
pub enum Noted {
    /// An invocation of one of our functions begins.
    Invoked(Caller, Option<Fate>),
    /// It ended without an answer; or it was a recovery, of which this is said.
    Over(Caller, String),
    /// It logged a line.
    Logged(Caller, Value),
    /// The alias changed.
    Changed(Change),
    /// Somebody did something.
    Acted(Act),
    /// One of our calls met something, or was answered otherwise than by a success.
    Met(Call, Option<Mishap>),
    /// A deployment is at another point: its id, whether it is a rollback, and where it is.
    Deployment {
        /// Its id.
        id: String,
        /// Whether CodeDeploy began it to roll another one back.
        rollback: bool,
        /// Its status, and the lifecycle event that it is at.
        at: String,
    },
    /// A hook's answer took effect: the lifecycle event and the answer.
    Answered(String, String),
    /// A command ended, and said so.
    Ended(Caller, String),
}

/// What a hook came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Hook {
    /// The deployment.
    pub deployment: String,
    /// `BeforeAllowTraffic` or `AfterAllowTraffic`.
    pub event: String,
    /// When it was invoked.
    pub since: Timestamp,
    /// When it was no longer open.
    pub closed: Option<Timestamp>,
    /// Answers that took effect.
    pub answers: Vec<(Timestamp, String)>,
}

/// Everything that happened.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// Every change of the alias, oldest first.
    pub changes: Vec<Change>,
    /// Every call of our functions.
    pub calls: Vec<Call>,
    /// Every hook, by the id of its execution.
    pub hooks: BTreeMap<String, Hook>,
    /// What was injected, by kind.
    pub injected: BTreeMap<String, u64>,
    /// What the functions logged.
    pub logs: Vec<String>,
    /// The kinds of decisions and states that the logs show.
    pub reached: BTreeSet<String>,
    /// What happened, in words, if it is asked for.
    pub told: Option<Vec<String>>,
    /// The same as a transcript has it.
    pub noted: Vec<Note>,
}

impl Alias {
    /// From `GetAlias`'s answer.
    pub fn read(answer: &Value) -> Self {
        let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        let weights = answer.pointer("/RoutingConfig/AdditionalVersionWeights");
        let weights = weights.and_then(|found| serde_json::from_value(found.clone()).ok());
        Self {
            version: text("FunctionVersion"),
            weights: weights.unwrap_or_default(),
            description: text("Description"),
        }
    }

    /// Whose mark it carries, and of which write.
    pub fn mark(&self) -> Option<Mark> {
        Mark::split(&self.description).1
    }

    /// The share of the additional version.
    pub fn weight(&self) -> f64 {
        self.weights.values().sum()
    }
}

impl std::fmt::Display for Alias {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} {:?} \"{}\"",
            self.version, self.weights, self.description
        )
    }
}

impl Record {
    /// Keeps which decision was made.
    pub fn decided(&mut self, reason: &Value) {
        self.reached.extend(coverage::decision(reason));
    }

    /// Counts a trouble as injected.
    pub fn inject(&mut self, kind: String) {
        *self.injected.entry(kind).or_default() += 1;
    }

    /// Tells, if anybody listens.
    pub fn tell(&mut self, at: Timestamp, what: impl FnOnce() -> String) {
        if let Some(told) = &mut self.told {
            told.push(format!("{at:.3}  {}", what()));
        }
    }
    /// Notes it for a transcript, if anybody listens.
    pub fn note(&mut self, at: Timestamp, what: impl FnOnce() -> Noted) {
        if self.told.is_some() {
            let what = what();
            self.noted.push(Note { at, what });
        }
    }
}
