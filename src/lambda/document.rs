//! The document that a rollout carries from state to state of its state machine.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::recovery::Recovery;
use crate::driver::{Assignment, Counting, Snapshot};
use crate::judge::alarms::{AlarmRules, Memory};
use crate::judge::measure::{self, EvidenceRules};
use crate::rollout::bake::Bake;
use crate::rollout::deployment::{DeploymentId, Hook};
use crate::rollout::guard::{Guard, GuardRules};
use crate::rollout::{Crowd, End, Version};

/// The version of [`Carry`]'s shape. A rollout that a newer or older release of the functions has
/// begun is not guessed at, but put back.
pub const SCHEMA: u32 = 1;

/// CodeDeploy's hook event, all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct HookEvent {
    /// `d-…`
    pub deployment_id: DeploymentId,
    /// What the answer must name.
    pub lifecycle_event_hook_execution_id: String,
}

/// An execution's input, and from then on what its states hand on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// The hook that started it.
    pub hook: Hook,
    /// Its event.
    pub event: HookEvent,
    /// What comes next; absent in the input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Next>,
    /// For how many seconds to wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<u64>,
    /// How many rollouts there are at a time, once that was counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crowd: Option<Crowd>,
    /// Of an execution that only puts right what another one left: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recover: Option<Recovery>,
    /// The rollout; absent in the input. Kept as it came until somebody needs it, so that a shape
    /// that is not understood does not stand in the way of putting the alias back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carry: Option<Value>,
    /// Put there by a `Catch`: what failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Caught>,
    /// Put there by the `Catch` of the rollback: why it could not be carried out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unrepaired: Option<Caught>,
}

/// The state that comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Next {
    /// The preflight, after [`Document::wait`].
    Later,
    /// Acceptance checks.
    Checks,
    /// A tick at once.
    Tick,
    /// A tick after [`Document::wait`].
    Wait,
    /// A new execution goes on with it.
    Continue,
    /// The alias is put back.
    Rollback,
    /// The hook is answered.
    Report,
    /// Nothing more is to be done.
    Done,
    /// Over, and something is left to repair.
    Failed,
}

/// An error as a `Catch` hands it on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Caught {
    /// Its name.
    pub error: String,
    /// More about it.
    #[serde(default)]
    pub cause: String,
}

/// A rollout inside a deployment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Carry {
    /// See [`SCHEMA`].
    pub schema: u32,
    /// What is released.
    pub release: Release,
    /// How it is watched.
    pub way: Way,
    /// Whether the hook was answered.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub answered: bool,
    /// Ticks of this execution.
    #[serde(default)]
    pub ticks: u32,
    /// How it ended, once it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
}

/// What is released.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// The function's name.
    pub function: String,
    /// The alias.
    pub alias: String,
    /// The version that the alias was at.
    pub stable: Version,
    /// The version to come.
    pub canary: Version,
    /// When the hook has to be answered at the latest.
    pub deadline: Timestamp,
}

/// What a rollout is about, as its report names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The function's name.
    pub function: String,
    /// The alias.
    pub alias: String,
    /// The version that the alias was at.
    pub stable: Version,
    /// The version to come.
    pub canary: Version,
}

/// The end of what never was, or is not known as, a rollout: refused before it began, or put right
/// by a recovery. It stands in the place of a [`Carry`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conclusion {
    /// How it ended.
    pub outcome: Outcome,
    /// What it was about, as far as that was found out.
    #[serde(flatten)]
    pub subject: Option<Subject>,
}

/// How a rollout is watched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Way {
    /// The stepper writes the alias, and puts it back before the hook is answered.
    Stepper {
        /// Plan, limits, alarms.
        assignment: Box<Assignment>,
        /// The rollout's state.
        snapshot: Box<Snapshot>,
    },
    /// CodeDeploy writes the alias; a regression stops its deployment.
    Guard {
        /// Limits and mode.
        rules: GuardRules,
        /// The alarms to watch.
        alarms: AlarmRules,
        /// The guard's state.
        state: Box<Guard>,
        /// What the judge remembers of the alarms.
        #[serde(default)]
        memory: Memory,
        /// What to count of both versions; `None`: only alarms speak.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        evidence: Option<Box<Counting>>,
        /// What the judge remembers of both versions' counts.
        #[serde(default, skip_serializing_if = "nothing")]
        counted: Box<measure::Memory>,
    },
    /// After the shift: the alarms are watched for a while, and the version's requests counted.
    Bake {
        /// The alarms to watch.
        alarms: AlarmRules,
        /// The bake.
        bake: Box<Bake>,
        /// What the judge remembers of the alarms.
        #[serde(default)]
        memory: Memory,
        /// What to count of the version; `None`: nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        evidence: Option<Box<EvidenceRules>>,
        /// What the judge remembers of its counts.
        #[serde(default, skip_serializing_if = "measure::Alone::is_empty")]
        counted: Box<measure::Alone>,
    },
}

fn nothing(counted: &measure::Memory) -> bool {
    counted.is_empty()
}

/// How a rollout ended, and what CodeDeploy is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// One word: `promoted`, `passed`, `rolled_back`, `aborted`, `too_late`, `refused`, `failed`.
    pub word: Word,
    /// Whether the hook's answer is `Succeeded`.
    pub succeeded: bool,
    /// In words.
    pub reason: String,
    /// The stepper's own account of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<End>,
}

/// How a rollout ended, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// Nothing spoke against the canary; CodeDeploy goes on.
    Passed,
    /// The alias was put back, or the deployment stopped, because something spoke against it.
    RolledBack,
    /// Stopped by a person, or together with its deployment.
    Aborted,
    /// A regression that showed only after the deployment had completed.
    TooLate,
    /// Not started: something stood against it.
    Refused,
    /// Ended in another way.
    Failed,
}

impl HookEvent {
    /// Whether it names a hook that can be answered; that a deployment has ended comes without one.
    #[must_use]
    pub fn has_hook(&self) -> bool {
        !self.lifecycle_event_hook_execution_id.is_empty()
    }
}

impl Document {
    /// The input of the execution that a hook starts.
    #[must_use]
    pub fn of(hook: Hook, event: HookEvent) -> Self {
        Self {
            hook,
            event,
            next: None,
            wait: None,
            crowd: None,
            recover: None,
            carry: None,
            error: None,
            unrepaired: None,
        }
    }

    /// The rollout that is carried, if it is of the shape that is written here.
    ///
    /// # Errors
    /// In words, if it is another shape.
    pub fn carried(&self) -> Result<Option<Carry>, String> {
        let Some(value) = &self.carry else {
            return Ok(None);
        };
        let schema = value.get("schema").and_then(Value::as_u64);
        if schema != Some(u64::from(SCHEMA)) {
            let found = schema.map_or_else(|| "none".to_owned(), |schema| schema.to_string());
            return Err(format!(
                "the rollout was begun by another release of the functions (shape {found}, here {SCHEMA})"
            ));
        }
        serde_json::from_value(value.clone())
            .map(Some)
            .map_err(|error| format!("the rollout's state cannot be read: {error}"))
    }

    /// The same with what comes next.
    #[must_use]
    pub fn then(mut self, next: Next) -> Self {
        self.next = Some(next);
        self.wait = None;
        self
    }

    /// The same with the rollout as it is now.
    #[must_use]
    pub fn carrying(mut self, carry: &Carry) -> Self {
        // Nothing in it can fail to be JSON: its maps have text keys, its numbers are finite.
        self.carry = serde_json::to_value(carry).ok();
        self
    }

    /// The same with an end where no rollout is carried; to be reported next.
    #[must_use]
    pub fn concluded(mut self, conclusion: &Conclusion) -> Self {
        self.carry = serde_json::to_value(conclusion).ok();
        self.then(Next::Report)
    }

    /// What it is about, as far as it tells.
    #[must_use]
    pub fn subject(&self) -> Option<Subject> {
        if let Ok(Some(carry)) = self.carried() {
            return Some(carry.release.subject());
        }
        serde_json::from_value(self.carry.clone()?).ok()
    }

    /// The same, to be prepared after `seconds`, of which there is at least one.
    #[must_use]
    pub fn later(self, seconds: u64) -> Self {
        let mut later = self.then(Next::Later);
        later.wait = Some(seconds.max(1));
        later
    }

    /// The same, to be handed to a new execution, which ticks after `seconds`: it waits as this one would
    /// have. A tick at once would tell neither how late the last one wrote, nor anything new of a surprise.
    #[must_use]
    pub fn going_on(self, seconds: u64) -> Self {
        let mut next = self.then(Next::Continue);
        next.wait = (seconds > 0).then_some(seconds);
        next
    }

    /// The same, to tick after `seconds`; zero is at once.
    #[must_use]
    pub fn after(self, seconds: u64) -> Self {
        let mut next = self.then(if seconds == 0 { Next::Tick } else { Next::Wait });
        next.wait = (seconds > 0).then_some(seconds);
        next
    }
}

impl Release {
    /// The part of it that a report names.
    #[must_use]
    pub fn subject(&self) -> Subject {
        Subject {
            function: self.function.clone(),
            alias: self.alias.clone(),
            stable: self.stable,
            canary: self.canary,
        }
    }
}

impl From<Outcome> for Conclusion {
    fn from(outcome: Outcome) -> Self {
        let subject = None;
        Self { outcome, subject }
    }
}

impl Way {
    /// The alarms that are watched.
    #[must_use]
    pub fn alarms(&self) -> &AlarmRules {
        match self {
            Self::Stepper { assignment, .. } => &assignment.alarms,
            Self::Guard { alarms, .. } | Self::Bake { alarms, .. } => alarms,
        }
    }

    /// The account of it for a report: its way, ticks, the largest weight that was seen, and what
    /// both versions' counts come to.
    #[must_use]
    pub fn account(&self) -> Value {
        match self {
            Self::Stepper {
                assignment,
                snapshot,
            } => json!({
                "way": "stepper",
                "ticks": snapshot.state.ticks,
                "max_weight": snapshot.state.max_weight.fraction(),
                "evidence": Counting::account(assignment.evidence.as_ref(), &snapshot.evidence),
            }),
            Self::Guard {
                state,
                evidence,
                counted,
                ..
            } => json!({
                "way": "guard",
                "ticks": state.ticks,
                "max_weight": state.max_weight.fraction(),
                "evidence": Counting::account(evidence.as_deref(), counted),
            }),
            Self::Bake { bake, .. } => json!({ "way": "bake", "ticks": bake.ticks }),
        }
    }
}

impl Outcome {
    /// Not started, or ended without a verdict of its own.
    #[must_use]
    pub fn failed(word: Word, reason: impl Into<String>) -> Self {
        Self {
            word,
            succeeded: false,
            reason: reason.into(),
            end: None,
        }
    }

    /// A pass says what it rests on; any other end has a reason that does.
    #[must_use]
    pub fn resting_on(mut self, account: &[String]) -> Self {
        if self.word == Word::Passed && !account.is_empty() {
            self.reason = format!("{}; {}", self.reason, account.join("; "));
        }
        self
    }

    /// Nothing speaks against the canary.
    #[must_use]
    pub fn passed(reason: impl Into<String>) -> Self {
        Self {
            word: Word::Passed,
            succeeded: true,
            reason: reason.into(),
            end: None,
        }
    }
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
