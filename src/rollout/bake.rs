//! Watching after all traffic has shifted.
//!
//! There is no stable version left to compare with, so only the alarms speak. A bake passes when
//! its time is over and the alarms are known to be good; it fails on a regression, when calls to
//! AWS fail for longer than the budget, and when its deadline comes with something still not known.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    rules::{Limits, Mode},
    state::{Cause, Failing, brief, elapsed},
};
use crate::judge::{Doubt, Verdict};

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
    /// One tick. `failure` is the first call of this look that failed.
    pub fn tick(
        mut self,
        now: Timestamp,
        verdict: &Verdict,
        failure: Option<&str>,
    ) -> (Self, Baked) {
        self.ticks = self.ticks.saturating_add(1);
        self.failing = failure.map(|error| Failing {
            since: self.failing.as_ref().map_or(now, |failing| failing.since),
            error: brief(error),
            write: false,
        });
        let baked = self.decide(now, verdict);
        (self, baked)
    }

    fn decide(&self, now: Timestamp, verdict: &Verdict) -> Baked {
        let enforced = self.mode == Mode::Enforce;
        if let (Verdict::Fail(regression), true) = (verdict, enforced) {
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
        let doubts = match verdict {
            Verdict::Inconclusive(doubts) if enforced && left.is_zero() => doubts.clone(),
            _ => Vec::new(),
        };
        let known = !matches!(verdict, Verdict::Inconclusive(_)) || !enforced;
        if left.is_zero() && known {
            return Baked::Passed;
        }
        if now >= self.deadline {
            return Baked::Failed {
                cause: Cause::TooLong {
                    longest: elapsed(self.since, now),
                    waiting_for: doubts.first().map(|doubt| brief(&doubt.to_string())),
                },
            };
        }
        let poll = self.limits.poll;
        let wait = if left.is_zero() { poll } else { left.min(poll) };
        Baked::Wait { wait, left, doubts }
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
mod tests {
    use super::*;
    use crate::judge::Regression;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn bake(mode: Mode) -> Bake {
        Bake {
            since: at(0),
            length: SignedDuration::from_secs(100),
            deadline: at(300),
            limits: Limits {
                poll: SignedDuration::from_secs(15),
                longest: SignedDuration::from_mins(60),
                error_budget: SignedDuration::from_secs(60),
            },
            mode,
            failing: None,
            ticks: 0,
        }
    }

    fn alarm() -> Verdict {
        Verdict::Fail(Regression::InAlarm {
            alarm: "errors".into(),
            since: at(0),
        })
    }

    fn doubt() -> Verdict {
        Verdict::Inconclusive(vec![Doubt::NoData {
            alarm: "errors".into(),
        }])
    }

    fn baked(second: i64, verdict: &Verdict) -> Baked {
        bake(Mode::Enforce).tick(at(second), verdict, None).1
    }

    #[test]
    fn it_passes_when_its_time_is_over_and_not_before() {
        let Baked::Wait { wait, left, .. } = baked(90, &Verdict::Pass) else {
            panic!("ten seconds are left");
        };
        assert_eq!((wait.as_secs(), left.as_secs()), (10, 10));
        assert_eq!(baked(100, &Verdict::Pass), Baked::Passed);
    }

    #[test]
    fn an_alarm_fails_it_at_any_time() {
        for second in [0, 50, 100, 299, 1_000] {
            assert!(matches!(
                baked(second, &alarm()),
                Baked::Failed {
                    cause: Cause::Regression { .. }
                }
            ));
        }
        assert_eq!(
            bake(Mode::Advise).tick(at(100), &alarm(), None).1,
            Baked::Passed
        );
    }

    #[test]
    fn what_is_not_known_never_passes() {
        let Baked::Wait { wait, doubts, .. } = baked(200, &doubt()) else {
            panic!("it waits for what is not known");
        };
        assert_eq!((wait.as_secs(), doubts.len()), (15, 1));
        let Baked::Failed {
            cause: Cause::TooLong { waiting_for, .. },
        } = baked(300, &doubt())
        else {
            panic!("the deadline has come");
        };
        assert!(waiting_for.is_some());
    }

    #[test]
    fn failing_calls_use_up_the_budget_without_a_break() {
        let (bake, first) = bake(Mode::Enforce).tick(at(0), &doubt(), Some("timeout"));
        assert!(matches!(first, Baked::Wait { .. }));
        let (again, _) = bake.clone().tick(at(50), &Verdict::Pass, None);
        assert_eq!(again.failing, None);
        let (_, over) = bake.tick(at(61), &doubt(), Some("timeout"));
        assert!(matches!(
            over,
            Baked::Failed {
                cause: Cause::Blind { .. }
            }
        ));
    }
}
