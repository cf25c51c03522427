//! What was fetched, before anything is made of it.

use jiff::Timestamp;

use super::question::{CountsQuestion, Needs, Side, Span, needs, throttles};
use super::rules::Source;
use super::series::{MINUTE, Series, SeriesName, minute_of};

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

/// The pages of an answer, put together series by series.
#[derive(Debug, Clone, Default)]
pub struct Pages(Vec<Paged>);

/// One series so far.
#[derive(Debug, Clone)]
struct Paged {
    name: SeriesName,
    points: Vec<(Timestamp, f64)>,
    /// The latest status.
    status: Option<String>,
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
    /// The whole alias', since all of its traffic is the canary's.
    pub after: Pair,
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
            after: pair(source, Side::Alias(&question.versions.canary)),
        };
        Self {
            metrics: question.metrics.iter().map(metric).collect(),
            throttles: found.of(&throttles(function, alias)).cloned(),
            failure: found.failure(),
        }
    }
}

impl CountsAnswer {
    /// As much of it as an answer to `question` would have had at `now`, if each minute's numbers
    /// were there `after` seconds after its end.
    pub(super) fn as_of(&self, question: &CountsQuestion, now: Timestamp, after: i64) -> Self {
        let there = (now.as_second() - after).div_euclid(MINUTE);
        let cut = |series: &Option<Series>, span: Option<Span>| match (series, span) {
            (Some(series), Some(span)) => {
                let to = minute_of(span.to).min(there);
                Some(series.between(minute_of(span.from), to))
            }
            _ => None,
        };
        let pair = |pair: &Pair, span| Pair {
            total: cut(&pair.total, span),
            bad: cut(&pair.bad, span),
        };
        let metric = |found: &MetricCounts| MetricCounts {
            canary: pair(&found.canary, question.window),
            stable: pair(&found.stable, question.window),
            history: pair(&found.history, question.history),
            after: pair(&found.after, question.after),
        };
        Self {
            metrics: self.metrics.iter().map(metric).collect(),
            throttles: cut(&self.throttles, question.window),
            failure: self.failure.clone(),
        }
    }
}

impl Pages {
    /// No page yet, of an answer with these series.
    #[must_use]
    pub fn of(names: Vec<SeriesName>) -> Self {
        let nothing = |name| Paged {
            name,
            points: Vec::new(),
            status: None,
        };
        Self(names.into_iter().map(nothing).collect())
    }

    /// Adds what a page has of the series with this index: points by the moment at which their
    /// minute begins, and CloudWatch's status. A series that goes on on a later page is
    /// `PartialData` until then, so the last status counts.
    pub fn add(
        &mut self,
        index: usize,
        status: Option<&str>,
        points: impl IntoIterator<Item = (Timestamp, f64)>,
    ) {
        if let Some(series) = self.0.get_mut(index) {
            series.points.extend(points);
            series.status = Some(status.unwrap_or("an answer without a status").to_owned());
        }
    }

    /// Each series, or why it is not to be gone by: only what is `Complete` is.
    #[must_use]
    pub fn series(self) -> Vec<Result<Series, String>> {
        let series = |series: Paged| {
            let metric = series.name.metric;
            match series.status.as_deref() {
                Some("Complete") => Ok(series.points.into_iter().collect()),
                Some(status) => Err(format!("CloudWatch answered for {metric}: {status}")),
                None => Err(format!("CloudWatch did not answer for {metric}")),
            }
        };
        self.0.into_iter().map(series).collect()
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
