//! What was fetched, before anything is made of it.

use super::question::{CountsQuestion, Needs, Side, needs, throttles};
use super::rules::Source;
use super::series::{Series, SeriesName};

/// What was fetched. A series is `None` where CloudWatch did not call its answer complete:
/// nothing is known of any minute then, which is not the same as a minute without a point.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CountsAnswer {
    /// In the order of the question's metrics.
    pub metrics: Vec<MetricCounts>,
    /// Requests to the alias that were throttled.
    pub throttles: Option<Series>,
    /// Why the first series that is missing is missing.
    pub failure: Option<String>,
}

/// One metric's numbers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MetricCounts {
    /// The canary's.
    pub canary: Pair,
    /// The stable version's.
    pub stable: Pair,
    /// The whole alias', before the rollout.
    pub history: Pair,
}

/// All of them and the bad ones, by the minute.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pair {
    /// All of them.
    pub total: Option<Series>,
    /// The bad ones.
    pub bad: Option<Series>,
}

impl CountsAnswer {
    /// The answer to a question, from its series.
    ///
    /// `found` has one entry for each name of [`CountsQuestion::series`], in that order: the
    /// points, or why there are none to go by.
    #[must_use]
    pub fn of(
        question: &CountsQuestion,
        function: &str,
        alias: &str,
        found: &[Result<Series, String>],
    ) -> Self {
        let names = question.series(function, alias);
        let found = Found {
            names: &names,
            found,
        };
        let pair = |source: &Source, side| found.pair(&needs(source, side, function, alias));
        let metric = |source: &Source| MetricCounts {
            canary: pair(source, Side::Version(&question.versions.canary)),
            stable: pair(source, Side::Version(&question.versions.stable)),
            history: pair(source, Side::Alias(&question.versions.stable)),
        };
        Self {
            metrics: question.metrics.iter().map(metric).collect(),
            throttles: found.of(&throttles(function, alias)).cloned(),
            failure: found.failure(),
        }
    }
}

impl Pair {
    /// Whether CloudWatch answered for both.
    pub(super) fn is_complete(&self) -> bool {
        self.total.is_some() && self.bad.is_some()
    }
}

struct Found<'a> {
    names: &'a [SeriesName],
    found: &'a [Result<Series, String>],
}

impl Found<'_> {
    fn of(&self, name: &SeriesName) -> Option<&Series> {
        let index = self.names.iter().position(|known| known == name)?;
        self.found.get(index)?.as_ref().ok()
    }

    fn pair(&self, needs: &Needs) -> Pair {
        match needs {
            Needs::Bad { total, bad } => Pair {
                total: self.of(total).cloned(),
                bad: self.of(bad).cloned(),
            },
            Needs::Good { total, good } => {
                let total = self.of(total);
                let bad = total
                    .zip(self.of(good))
                    .map(|(total, good)| total.less(good));
                Pair {
                    total: total.cloned(),
                    bad,
                }
            }
        }
    }

    fn failure(&self) -> Option<String> {
        let failed = self.found.iter().find_map(|found| found.as_ref().err());
        let missing = self.found.len() < self.names.len();
        failed
            .cloned()
            .or_else(|| missing.then(|| "a series was left out of the answer".to_owned()))
    }
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
