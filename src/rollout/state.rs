//! Where a rollout is, and how it can end.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{alias::Contenders, observation::AliasReading, weight::Weight};
use crate::judge::duration::readable;
use crate::judge::{Doubt, Regression};

/// A rollout between two ticks. Carried from tick to tick as JSON; the alias, not this, is the
/// truth about the weight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The versions and the rollout's name.
    #[serde(flatten)]
    pub contenders: Contenders,
    /// When the rollout began.
    pub started_at: Timestamp,
    /// What it is doing.
    pub phase: Phase,
    /// Set while calls to AWS fail without a break.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing: Option<Failing>,
    /// The revision at which something unexpected stood at the alias on the last look. Only a
    /// second look that finds the same ends the rollout, so that one stale answer cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unexpected: Option<String>,
    /// The revision that the preflight saw, once a write of ours is known to have replaced it. A look
    /// that shows it again is a stale answer: no revision comes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superseded: Option<String>,
    /// Lambda keeps the entry `{canary: 0.0}` of a dark stage, which is not documented. Once it
    /// was seen, an alias without it is somebody's edit.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keeps_zero: bool,
    /// After the tick that began a step: when the next one was to come. One that comes much later
    /// may tell that the step was begun later, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// Ticks so far.
    pub ticks: u32,
    /// The largest weight below promotion that stood at the alias.
    pub max_weight: Weight,
}

/// What a rollout is doing, each with only its own data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Phase {
    /// No write is known to stand yet.
    Starting {
        /// The alias' revision that the preflight saw. The first write depends on it, so that a
        /// late duplicate of the first tick cannot start a rollout a second time.
        revision: String,
        /// Put down one tick before the first write. Until then nothing of ours can stand at the
        /// alias; from then on something may, also if the tick that wrote it left no trace.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        announced: bool,
        /// A first write may have taken effect: it was sent, and its answer was lost.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        lost: bool,
    },
    /// At a step.
    Baking {
        /// Its index in the plan, from 0.
        step: usize,
        /// Since when, by the clock of the ticks.
        since: Timestamp,
    },
    /// The alias is to be put back, and that is not confirmed yet.
    RollingBack {
        /// Why.
        cause: Cause,
        /// Since when.
        since: Timestamp,
        /// Writes that were refused or lost so far.
        attempts: u32,
        /// The revision that the preflight saw, if no write of ours is known to have replaced it.
        /// An alias still at it is written all the same: a first write that is under way yet
        /// depends on that revision, and must not find it after the end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        untouched: Option<String>,
    },
    /// It has ended.
    Ended {
        /// How.
        end: End,
    },
}

/// Calls to AWS that fail without a break.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failing {
    /// Since when.
    pub since: Timestamp,
    /// The latest failure.
    pub error: String,
    /// A write failed, so a look that succeeds does not end the streak.
    pub write: bool,
}

/// Why the alias is put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum Cause {
    /// Something speaks against the canary.
    Regression {
        /// What.
        regression: Regression,
    },
    /// The window is over with too little evidence, and the policy says to put the alias back.
    Inconclusive {
        /// What is missing.
        doubt: Doubt,
    },
    /// A person or a signal said so.
    Aborted {
        /// Who, as far as known.
        by: String,
    },
    /// Calls to AWS failed for longer than the policy's budget.
    Blind {
        /// For how long.
        lasted: SignedDuration,
        /// The budget.
        budget: SignedDuration,
        /// The latest failure.
        error: String,
    },
    /// Lambda refused a step for good: a right is missing, or the version is gone.
    Refused {
        /// What Lambda answered.
        error: String,
    },
    /// Nothing speaks against the canary, and the plan ends with handing over: see
    /// [`Finish::HandOver`](super::Finish::HandOver). Any other cause replaces this one.
    Passed,
    /// The rollout lasted longer than the policy allows.
    TooLong {
        /// The limit.
        longest: SignedDuration,
        /// What it was waiting for.
        waiting_for: Option<String>,
    },
}

/// How a rollout ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "as")]
pub enum End {
    /// The canary has all traffic.
    Promoted {
        /// False if the alias was found promoted: by this rollout's own write whose reply was
        /// lost, or by a person.
        confirmed: bool,
    },
    /// The canary passed, and the alias is at stable again for somebody else to shift.
    HandedOver,
    /// The alias was put back to stable.
    RolledBack {
        /// Why.
        cause: Cause,
    },
    /// Stopped by a person or a signal; the alias is at stable.
    Aborted {
        /// Who, as far as known.
        by: String,
    },
    /// Ended without success, and not by putting the alias back.
    Failed {
        /// Why.
        failure: Failure,
    },
}

/// Why a rollout failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Failure {
    /// Somebody else edited the alias; their edit stands.
    Drift {
        /// What stands there.
        found: String,
    },
    /// The alias is gone.
    AliasDeleted,
    /// The alias was changed between the preflight and the first step; nothing was written.
    ChangedSincePreflight,
    /// There was a reason not to begin; nothing was written.
    NotStarted {
        /// The reason.
        cause: Cause,
    },
    /// The alias could not be put back; a weight may still stand.
    NotPutBack {
        /// Why it was to be put back.
        cause: Cause,
        /// For how long it was tried.
        tried: SignedDuration,
    },
}

/// Why a look at the alias tells nothing.
const STALE: &str = "Lambda shows it as it was before the rollout's first write";

/// A tick that comes so much later than it was to is late.
const LATE: SignedDuration = SignedDuration::from_secs(10);

impl State {
    /// The same with a note of when the next tick is to come, if this one, which found the rollout
    /// in the phase `before`, has begun a step.
    #[must_use]
    pub fn awaiting(self, before: &Phase, next: Timestamp) -> Self {
        let begun = match (&self.phase, before) {
            (Phase::Baking { step, .. }, Phase::Baking { step: known, .. }) => step != known,
            (Phase::Baking { .. }, _) => true,
            _ => false,
        };
        let due = begun.then_some(next);
        Self { due, ..self }
    }

    /// The same, with the bake counted from later if this tick comes later than it was to. The clock
    /// of a tick stands from when its state was entered: one that was retried for minutes before it
    /// wrote has dated its write too early, and only the next tick shows by how much. A bake that is
    /// too long by a delay harms less than one that is too short.
    pub(super) fn dated(mut self, now: Timestamp) -> Self {
        let late = self.due.take().map(|due| elapsed(due, now));
        if let (Some(late), Phase::Baking { since, .. }) = (late, &mut self.phase)
            && late > LATE
        {
            *since = since.saturating_add(late).unwrap_or(Timestamp::MAX);
        }
        self
    }

    /// What a look at the alias tells: nothing, if it shows the alias as it was before the rollout
    /// although a write of ours has replaced that.
    #[must_use]
    pub fn believes(&self, reading: AliasReading) -> AliasReading {
        match reading {
            AliasReading::Seen(view) if self.superseded.as_ref() == Some(&view.revision) => {
                AliasReading::Unreadable(STALE.to_owned())
            }
            other => other,
        }
    }

    /// A rollout about to begin, on an alias that the preflight saw at `revision`.
    pub fn new(contenders: Contenders, revision: String, now: Timestamp) -> Self {
        Self {
            contenders,
            started_at: now,
            phase: Phase::Starting {
                revision,
                announced: false,
                lost: false,
            },
            failing: None,
            unexpected: None,
            superseded: None,
            keeps_zero: false,
            due: None,
            ticks: 0,
            max_weight: Weight::ZERO,
        }
    }

    /// How it ended, if it has.
    pub fn end(&self) -> Option<&End> {
        match &self.phase {
            Phase::Ended { end } => Some(end),
            _ => None,
        }
    }
}

impl Phase {
    /// The phase that puts the alias back. A rollback under way goes on: rights come back, and its
    /// cause is the first one that spoke against the canary.
    pub(super) fn rolling_back(self, cause: Cause, now: Timestamp) -> Self {
        let untouched = match self {
            Phase::RollingBack {
                cause: Cause::Passed,
                since,
                attempts,
                untouched,
            } => {
                return Phase::RollingBack {
                    cause,
                    since,
                    attempts,
                    untouched,
                };
            }
            Phase::RollingBack { .. } | Phase::Ended { .. } => return self,
            Phase::Starting { revision, .. } => Some(revision),
            Phase::Baking { .. } => None,
        };
        Phase::RollingBack {
            cause,
            since: now,
            attempts: 0,
            untouched,
        }
    }
}

impl End {
    /// The end of a rollback that succeeded.
    pub(super) fn put_back(cause: Cause) -> Self {
        match cause {
            Cause::Aborted { by } => Self::Aborted { by },
            Cause::Passed => Self::HandedOver,
            cause => Self::RolledBack { cause },
        }
    }
}

/// Time since `then`; zero if the clock went back.
pub(super) fn elapsed(then: Timestamp, now: Timestamp) -> SignedDuration {
    now.duration_since(then).max(SignedDuration::ZERO)
}

/// A text from outside, short enough for the state: its first 240 bytes, on one line.
pub(super) fn brief(text: &str) -> String {
    const LONGEST: usize = 240;
    let line = text.replace(char::is_control, " ");
    if line.len() <= LONGEST {
        return line;
    }
    format!("{}…", &line[..line.floor_char_boundary(LONGEST)])
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Regression { regression } => regression.fmt(f),
            Self::Inconclusive { doubt } => write!(f, "too little evidence: {doubt}"),
            Self::Aborted { by } => write!(f, "aborted by {by}"),
            Self::Blind {
                lasted,
                budget,
                error,
            } => write!(
                f,
                "calls to AWS have failed for {}, longer than the budget of {} ({error})",
                readable(*lasted),
                readable(*budget),
            ),
            Self::Passed => f.write_str("the canary passed"),
            Self::Refused { error } => write!(f, "Lambda refused to change the alias ({error})"),
            Self::TooLong {
                longest,
                waiting_for,
            } => {
                let longest = readable(*longest);
                write!(f, "the rollout lasted longer than its limit of {longest}")?;
                waiting_for
                    .iter()
                    .try_for_each(|what| write!(f, ", waiting: {what}"))
            }
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Promoted { confirmed: true } => f.write_str("the canary has all traffic"),
            Self::Promoted { confirmed: false } => f.write_str(
                "the alias was found at the canary without weights: promoted by this rollout's \
                 own write whose reply was lost, or by somebody else",
            ),
            Self::HandedOver => f.write_str(
                "the canary passed; the alias is as it was found, and CodeDeploy shifts the traffic",
            ),
            Self::RolledBack { cause } => cause.fmt(f),
            Self::Aborted { by } => write!(f, "aborted by {by}"),
            Self::Failed { failure } => failure.fmt(f),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Drift { found } => write!(
                f,
                "somebody else edited the alias during the rollout; it is {found}, and that was left alone"
            ),
            Self::AliasDeleted => f.write_str("the alias does not exist any more"),
            Self::ChangedSincePreflight => f.write_str(
                "the alias was changed between the preflight and the first step; nothing was written",
            ),
            Self::NotStarted { cause } => write!(f, "not started, nothing was changed: {cause}"),
            Self::NotPutBack { cause, tried } => write!(
                f,
                "the alias could not be put back in {} of trying, a weight may still stand \
                 (it was to be put back because {cause})",
                readable(*tried),
            ),
        }
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
