//! What the judge says.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::bound::Bound;
use super::evidence::figures::grouped;
use super::evidence::figures::percent;

/// Odds are not told above this: nobody needs more, and no reader of JSON chokes on it.
pub(super) const ODDS_MAX: u64 = 1_000_000;

/// The judge's answer for one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[must_use]
pub enum Verdict {
    /// Everything that was asked answered, and nothing speaks against the canary.
    Pass,
    /// Something speaks against the canary.
    Fail(Regression),
    /// Not enough is known for either.
    Inconclusive(Vec<Doubt>),
}

/// What speaks against the canary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Regression {
    /// An alarm is in ALARM.
    InAlarm {
        /// The alarm's name.
        alarm: String,
        /// Since when, by CloudWatch's clock.
        since: Timestamp,
    },
    /// An alarm was in ALARM for a moment between two looks.
    WasInAlarm {
        /// The alarm's name.
        alarm: String,
        /// When it changed to ALARM, by CloudWatch's clock.
        at: Timestamp,
    },
    /// An alarm does not exist: before the start at once, later on two looks running.
    Missing {
        /// The alarm's name.
        alarm: String,
    },
    /// An alarm has no data, and the policy takes that for a failure.
    NoData {
        /// The alarm's name.
        alarm: String,
    },
    /// The canary is worse than the stable version in the same minutes.
    Worse {
        /// The metric that says so most clearly.
        metric: String,
        /// The canary's requests that were judged by it.
        canary: u64,
        /// How many of them were bad.
        canary_bad: u64,
        /// The stable version's requests in the same minutes.
        stable: u64,
        /// How many of them were bad.
        stable_bad: u64,
        /// The evidence of all metrics together, as odds against one; cut off to a whole number.
        odds: u64,
        /// The odds that are needed.
        needed: u64,
    },
    /// The canary had more errors than the policy allows at all.
    TooManyErrors {
        /// So many it had.
        errors: u64,
        /// So many are allowed.
        most: u64,
    },
}

/// Why the judge cannot say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Doubt {
    /// An alarm is in INSUFFICIENT_DATA.
    NoData {
        /// The alarm's name.
        alarm: String,
    },
    /// CloudWatch says itself that the alarm's state is not to be trusted.
    Untrusted {
        /// The alarm's name.
        alarm: String,
        /// CloudWatch's `EvaluationState`.
        evaluation: String,
    },
    /// An alarm was not returned on this look.
    MissingOnce {
        /// The alarm's name.
        alarm: String,
    },
    /// An alarm changed since the last look, and its history does not show yet how.
    HistoryBehind {
        /// The alarm's name.
        alarm: String,
    },
    /// The alarms could not be read.
    Unreadable {
        /// What the call answered.
        error: String,
    },
    /// The requests and errors of the versions could not be counted.
    Uncounted {
        /// What the call answered.
        error: String,
    },
    /// The canary looks worse, and only a second look at the numbers will tell: the first may
    /// have met them half published.
    Unconfirmed {
        /// What it looks like.
        regression: Box<Regression>,
    },
    /// The last minutes' numbers are not complete yet.
    Settling {
        /// Where the first of these minutes begins.
        since: Timestamp,
    },
    /// The canary had too few requests to go by.
    TooFewRequests {
        /// So many were judged.
        judged: u64,
        /// So many are needed.
        needed: u64,
        /// What they show all the same.
        bound: Bound,
    },
    /// Not one request of the canary was counted since all traffic is its own.
    Uncalled,
    /// A metric had no say: its numbers never came for both versions in the same minute.
    Uncompared {
        /// Which.
        metric: String,
    },
    /// The canary is not shown to be as good as the policy asks for.
    NotShown {
        /// By which metric.
        metric: String,
        /// What is shown.
        bound: Bound,
        /// What is asked for.
        wanted: Bound,
    },
    /// The canary gets far fewer requests than its weight says.
    Starved {
        /// So many it should have got in the last minutes, by its weight.
        expected: u64,
        /// So many it got.
        got: u64,
    },
}

impl Verdict {
    /// Both verdicts together: a failure of one is one of both, the first one's before the
    /// second's; then the doubts of both; a pass only if both pass.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (fail @ Self::Fail(_), _) | (_, fail @ Self::Fail(_)) => fail,
            (Self::Pass, other) | (other, Self::Pass) => other,
            (Self::Inconclusive(mut doubts), Self::Inconclusive(more)) => {
                doubts.extend(more);
                Self::Inconclusive(doubts)
            }
        }
    }
}

impl fmt::Display for Regression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InAlarm { alarm, since } => {
                write!(f, "alarm {alarm} is in ALARM since {since:.0}")
            }
            Self::WasInAlarm { alarm, at } => {
                write!(
                    f,
                    "alarm {alarm} went to ALARM at {at:.0} and back between two looks"
                )
            }
            Self::Missing { alarm } => write!(f, "alarm {alarm} does not exist"),
            Self::NoData { alarm } => {
                write!(
                    f,
                    "alarm {alarm} has no data, which the policy takes for a failure"
                )
            }
            Self::Worse {
                metric,
                canary,
                canary_bad,
                stable,
                stable_bad,
                odds,
                needed,
            } => write!(
                f,
                "the canary is worse by {metric}: {} of {} ({}), stable {} of {} ({}) in the same \
                 minutes; evidence {}{}:1, needed {}:1",
                grouped(*canary_bad),
                grouped(*canary),
                share(*canary_bad, *canary),
                grouped(*stable_bad),
                grouped(*stable),
                share(*stable_bad, *stable),
                if *odds == ODDS_MAX { "over " } else { "" },
                grouped(*odds),
                grouped(*needed),
            ),
            Self::TooManyErrors { errors, most } => {
                write!(
                    f,
                    "the canary had {errors} errors, more than the {most} allowed"
                )
            }
        }
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoData { alarm } => write!(f, "alarm {alarm} has no data"),
            Self::Untrusted { alarm, evaluation } => {
                write!(
                    f,
                    "CloudWatch could not evaluate alarm {alarm} ({evaluation})"
                )
            }
            Self::MissingOnce { alarm } => write!(f, "alarm {alarm} was not found"),
            Self::HistoryBehind { alarm } => {
                write!(
                    f,
                    "alarm {alarm} changed, and its history does not show how yet"
                )
            }
            Self::Unreadable { error } => write!(f, "the alarms could not be read ({error})"),
            Self::Uncounted { error } => {
                write!(f, "the versions' requests could not be counted ({error})")
            }
            Self::Unconfirmed { regression } => {
                write!(f, "{regression}; looking at the numbers once more")
            }
            Self::Settling { since } => {
                write!(f, "the numbers since {since:.0} are not complete yet")
            }
            Self::TooFewRequests {
                judged,
                needed,
                bound,
            } => write!(
                f,
                "only {judged} of the canary's requests were judged, {needed} are needed; {bound}"
            ),
            Self::Uncalled => {
                f.write_str("not one request of the new version was counted since the shift")
            }
            Self::Uncompared { metric } => write!(
                f,
                "nothing could be compared by {metric}: in no minute did the numbers of both \
                 versions come"
            ),
            Self::NotShown {
                metric,
                bound,
                wanted,
            } => write!(f, "by {metric}: {bound}, and {wanted} is to be shown"),
            Self::Starved { expected, got } => write!(
                f,
                "the canary got {got} requests of late where its weight makes {expected}"
            ),
        }
    }
}

/// The part as a percentage of the whole.
fn share(part: u64, whole: u64) -> String {
    match whole {
        0 => percent(0.0),
        _ => percent((part as f64 / whole as f64).min(1.0)),
    }
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
