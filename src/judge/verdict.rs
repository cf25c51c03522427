//! What the judge says.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

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
        }
    }
}
