//! An alarm on the alias' errors, of both versions together, as CodeDeploy watches one.

use std::fmt;

use super::chances::MINUTE;
use super::cloud::{Cloud, Metric, Whose};
use super::scenario::{BadScenario, inside};
use crate::judge::evidence::figures::percent;
use crate::sim::alarms::{FURTHER_PERIODS, MissingData, StateValue, verdict};

/// The most periods: as many as lie before the rollout's start.
pub const PERIODS_MAX: u32 = 30;

/// An alarm that rings if each of the last minutes had more errors than that. Missing minutes are
/// missing, as CloudWatch takes them unless it is told otherwise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AliasAlarm {
    /// More than this is too much.
    pub above: Above,
    /// In so many minutes in a row, 1 to [`PERIODS_MAX`].
    pub periods: u32,
}

/// More than this is too much.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Above {
    /// So many errors a minute, at least 0.
    Errors(f64),
    /// This share of the requests, 0 to below 1.
    Share(f64),
}

impl Default for AliasAlarm {
    /// The alarm on the alias in the documentation of AWS SAM, "Deploying serverless applications
    /// gradually": more than no error in two minutes running.
    fn default() -> Self {
        Self {
            above: Above::Errors(0.0),
            periods: 2,
        }
    }
}

impl AliasAlarm {
    /// Checks both numbers.
    ///
    /// # Errors
    /// The first one that is out of its range.
    pub(super) fn check(&self) -> Result<(), BadScenario> {
        let periods = f64::from(self.periods);
        let fits = (1..=PERIODS_MAX).contains(&self.periods);
        inside(fits, "the alarm's minutes", periods, "1 to 30")?;
        let (fits, value, range) = match self.above {
            Above::Errors(most) => (
                (0.0..f64::INFINITY).contains(&most),
                most,
                "0 or more errors",
            ),
            Above::Share(most) => ((0.0..1.0).contains(&most), most, "0 to below 1"),
        };
        inside(fits, "the alarm's threshold", value, range)
    }

    /// Whether it is in ALARM after it was evaluated at that second.
    pub(super) fn rings(&self, cloud: &Cloud<'_>, second: i64) -> bool {
        let (periods, this) = (self.periods as usize, second.div_euclid(MINUTE));
        let range = periods + FURTHER_PERIODS;
        let from = this - range as i64;
        let points = |metric| cloud.points(Whose::Alias, metric, (from, this), second);
        let failed = points(Metric::Failed);
        let requests = match self.above {
            Above::Errors(_) => Vec::new(),
            Above::Share(_) => points(Metric::Requests),
        };
        let breaching: Vec<Option<bool>> = (from..this)
            .rev()
            .map(|minute| {
                let failed = at(&failed, minute)?;
                Some(match self.above {
                    Above::Errors(most) => failed > most,
                    Above::Share(most) => failed / at(&requests, minute)? > most,
                })
            })
            .collect();
        let value = verdict(&breaching, periods, periods, MissingData::Missing);
        value == Some(StateValue::Alarm)
    }
}

fn at(points: &[(i64, u64)], minute: i64) -> Option<f64> {
    let found = points.binary_search_by_key(&minute, |(minute, _)| *minute);
    found.ok().map(|index| points[index].1 as f64)
}

impl fmt::Display for AliasAlarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.above {
            Above::Errors(most) if most < 1.0 => f.write_str("any errors")?,
            Above::Errors(most) => write!(f, "more than {most} errors a minute")?,
            Above::Share(most) => write!(f, "more than {} errors", percent(most))?,
        }
        match self.periods {
            1 => f.write_str(", once"),
            periods => write!(f, " in {periods} minutes running"),
        }
    }
}

#[cfg(test)]
#[path = "alarm_tests.rs"]
mod tests;
