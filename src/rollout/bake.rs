//! Watching after all traffic has shifted.
//!
//! There is no stable version left to compare with, so only the alarms speak, and the number of
//! failed requests where the policy limits it. A bake passes when its time is over, the alarms are
//! known to be good and the last minute's numbers are in; it fails on a regression, when calls to
//! AWS fail for longer than the budget, and when its deadline comes with something still not known.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    rules::{Limits, Mode},
    state::{Cause, Failing, brief, elapsed},
};
use crate::judge::measure::{Measured, Sufficiency};
use crate::judge::{Doubt, Verdict};

/// Minutes are what is counted.
const MINUTE: i64 = 60;

/// A bake between two ticks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bake {
    /// When it began.
    pub since: Timestamp,
    /// How long it lasts at least.
    pub length: SignedDuration,
    /// When it must have ended.
    pub deadline: Timestamp,
    /// Poll interval and budgets.
    pub limits: Limits,
    /// Act on verdicts, or only report them.
    pub mode: Mode,
    /// Set while calls to AWS fail without a break.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing: Option<Failing>,
    /// Ticks so far.
    pub ticks: u32,
}

/// What one look of a bake saw.
#[derive(Debug, Clone, PartialEq)]
pub struct Watched {
    /// What the alarms and the counts say.
    pub verdict: Verdict,
    /// Whether enough was counted; not asked where the policy limits no number.
    pub measured: Measured,
    /// The first call that failed.
    pub failure: Option<String>,
}

/// What one tick of a bake decided.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Baked {
    /// Look again after so long.
    Wait {
        /// How long.
        wait: SignedDuration,
        /// What is left of the bake.
        left: SignedDuration,
        /// What is not known, once the time is over.
        doubts: Vec<Doubt>,
    },
    /// Nothing spoke against the version.
    Passed,
    /// Something did.
    Failed {
        /// What.
        cause: Cause,
    },
}

impl Bake {
    /// One tick.
    pub fn tick(mut self, now: Timestamp, seen: &Watched) -> (Self, Baked) {
        self.ticks = self.ticks.saturating_add(1);
        self.failing = seen.failure.as_deref().map(|error| Failing {
            since: self.failing.as_ref().map_or(now, |failing| failing.since),
            error: brief(error),
            write: false,
        });
        let baked = self.decide(now, seen);
        (self, baked)
    }

    fn decide(&self, now: Timestamp, seen: &Watched) -> Baked {
        if let (Verdict::Fail(regression), Mode::Enforce) = (&seen.verdict, self.mode) {
            return Baked::Failed {
                cause: Cause::Regression {
                    regression: regression.clone(),
                },
            };
        }
        if let Some(cause) = self.blind(now) {
            return Baked::Failed { cause };
        }
        let left = self
            .length
            .saturating_sub(elapsed(self.since, now))
            .max(SignedDuration::ZERO);
        let open = match left.is_zero() {
            true => self.open(seen),
            false => Some(Vec::new()),
        };
        let Some(doubts) = open else {
            return Baked::Passed;
        };
        if now >= self.deadline {
            return Baked::Failed {
                cause: Cause::TooLong {
                    longest: elapsed(self.since, now),
                    waiting_for: doubts.first().map(|doubt| brief(&doubt.to_string())),
                },
            };
        }
        Baked::Wait {
            wait: self.next_look(left, &seen.measured),
            left,
            doubts,
        }
    }

    fn next_look(&self, left: SignedDuration, measured: &Measured) -> SignedDuration {
        let poll = self.limits.poll;
        match (left.is_zero(), &measured.sufficiency) {
            (false, _) => left.min(poll),
            (true, Sufficiency::NotAsked) => poll,
            // Counts have news once in a minute, and only they are waited for.
            (true, _) => poll.min(SignedDuration::from_secs(MINUTE)),
        }
    }

    /// What is not known at the end of the time; `None`: nothing keeps the bake from passing.
    fn open(&self, seen: &Watched) -> Option<Vec<Doubt>> {
        if self.mode == Mode::Advise {
            return None;
        }
        if let Verdict::Inconclusive(doubts) = &seen.verdict {
            return Some(doubts.clone());
        }
        let over = self.since.saturating_add(self.length);
        let over = over.unwrap_or(Timestamp::MAX).as_second();
        let last = over - over.rem_euclid(MINUTE);
        let unsettled = seen.measured.unjudged_from;
        if let Some(since) = unsettled.filter(|since| since.as_second() < last) {
            return Some(vec![Doubt::Settling { since }]);
        }
        match &seen.measured.sufficiency {
            Sufficiency::Short { doubt } => Some(vec![doubt.clone()]),
            Sufficiency::NotAsked | Sufficiency::Enough | Sufficiency::Accepted { .. } => None,
        }
    }

    fn blind(&self, now: Timestamp) -> Option<Cause> {
        let failing = self.failing.as_ref()?;
        let (lasted, budget) = (elapsed(failing.since, now), self.limits.error_budget);
        (lasted > budget).then(|| Cause::Blind {
            lasted,
            budget,
            error: failing.error.clone(),
        })
    }
}

#[cfg(test)]
#[path = "bake_tests.rs"]
mod tests;
