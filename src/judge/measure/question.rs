//! What to fetch: which series, of which minutes.

use jiff::Timestamp;

use super::rules::{EvidenceRules, MetricRule, OwnMetric, Source};
use super::series::SeriesName;

/// The two versions, as the metrics name them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versions {
    /// The number of the version that has the traffic before the rollout.
    pub stable: String,
    /// The number of the version that is tried.
    pub canary: String,
}

/// Whole minutes, from the first one's start to the end of the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Where the first minute begins.
    pub from: Timestamp,
    /// Where the last minute ends.
    pub to: Timestamp,
}

/// What to fetch. At least one of the spans is there.
#[derive(Debug, Clone, PartialEq)]
pub struct CountsQuestion {
    /// The minutes to judge, for each version by itself; `None`: no weight stood yet.
    pub window: Option<Span>,
    /// The minutes before the rollout, for the whole alias: at that time there are no series by
    /// version. `None`: they are known.
    pub history: Option<Span>,
    /// The minutes since the shift, for the whole alias: it is all the canary's by then. `None`: not
    /// all traffic is the canary's.
    pub after: Option<Span>,
    /// What to count.
    pub metrics: Vec<Source>,
    /// Of which versions.
    pub versions: Versions,
}

/// Which series make up the numbers of one metric on one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Needs {
    /// All of them, and the bad ones.
    Bad { total: SeriesName, bad: SeriesName },
    /// All of them, and the good ones.
    Good { total: SeriesName, good: SeriesName },
}

/// Whose numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side<'a> {
    /// The whole alias, while all its traffic goes to this version.
    Alias(&'a str),
    /// This version's share of a weighted alias.
    Version(&'a str),
}

impl CountsQuestion {
    /// From the earliest minute of all spans to the end of the latest, for one call.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        let spans = [self.window, self.history, self.after];
        spans.into_iter().flatten().reduce(|one, other| Span {
            from: one.from.min(other.from),
            to: one.to.max(other.to),
        })
    }

    /// Every series that the answer is made of, each once, in an order that depends on the
    /// question alone. The last one, if there is a window, counts the alias' throttles.
    #[must_use]
    pub fn series(&self, function: &str, alias: &str) -> Vec<SeriesName> {
        let mut names: Vec<SeriesName> = Vec::new();
        for source in &self.metrics {
            for side in self.sides() {
                for name in needs(source, side, function, alias).names() {
                    if !names.contains(name) {
                        names.push(name.clone());
                    }
                }
            }
        }
        if self.window.is_some() {
            names.push(throttles(function, alias));
        }
        names
    }

    fn sides(&self) -> Vec<Side<'_>> {
        let Versions { stable, canary } = &self.versions;
        let mut sides = Vec::new();
        if self.window.is_some() {
            sides.extend([Side::Version(canary), Side::Version(stable)]);
        }
        if self.history.is_some() {
            sides.push(Side::Alias(stable));
        }
        if self.after.is_some() {
            sides.push(Side::Alias(canary));
        }
        sides
    }
}

impl Needs {
    fn names(&self) -> [&SeriesName; 2] {
        match self {
            Self::Bad { total, bad } => [total, bad],
            Self::Good { total, good } => [total, good],
        }
    }
}

/// The series of the requests to this version of a weighted alias.
#[must_use]
pub fn requests_series(function: &str, alias: &str, version: &str) -> SeriesName {
    of_lambda(
        "Invocations",
        "Sum",
        Side::Version(version),
        function,
        alias,
    )
}

/// The requests to the alias that were throttled: they are in no other count.
pub(super) fn throttles(function: &str, alias: &str) -> SeriesName {
    // Throttling comes before a version is chosen.
    of_lambda("Throttles", "Sum", Side::Alias(""), function, alias)
}

/// The series behind one metric on one side.
pub(super) fn needs(source: &Source, side: Side<'_>, function: &str, alias: &str) -> Needs {
    let lambda =
        |metric: &str, statistic: &str| of_lambda(metric, statistic, side, function, alias);
    match source {
        Source::Errors => Needs::Bad {
            total: lambda("Invocations", "Sum"),
            bad: lambda("Errors", "Sum"),
        },
        // Counts of the same series, so that both are published together.
        Source::SlowerThan { milliseconds } => Needs::Good {
            total: lambda("Duration", "SampleCount"),
            good: lambda("Duration", &format!("TC(:{milliseconds})")),
        },
        Source::Own { bad, total } => Needs::Bad {
            total: match total {
                Some(total) => own(total, side),
                None => lambda("Invocations", "Sum"),
            },
            bad: own(bad, side),
        },
    }
}

fn of_lambda(
    metric: &str,
    statistic: &str,
    side: Side<'_>,
    function: &str,
    alias: &str,
) -> SeriesName {
    let mut dimensions = vec![
        ("FunctionName".to_owned(), function.to_owned()),
        ("Resource".to_owned(), format!("{function}:{alias}")),
    ];
    if let Side::Version(version) = side {
        dimensions.push(("ExecutedVersion".to_owned(), version.to_owned()));
    }
    SeriesName {
        namespace: "AWS/Lambda".to_owned(),
        metric: metric.to_owned(),
        dimensions,
        statistic: statistic.to_owned(),
    }
}

fn own(metric: &OwnMetric, side: Side<'_>) -> SeriesName {
    let (Side::Alias(version) | Side::Version(version)) = side;
    let filled =
        |(name, value): &(String, String)| (name.clone(), value.replace("{version}", version));
    SeriesName {
        namespace: metric.namespace.clone(),
        metric: metric.metric.clone(),
        dimensions: metric.dimensions.iter().map(filled).collect(),
        statistic: "Sum".to_owned(),
    }
}

impl MetricRule {
    /// Whether a minute's first requests are unlike the others: a fresh version starts cold.
    pub(super) fn warms_up(&self) -> bool {
        matches!(self.source, Source::SlowerThan { .. })
    }

    /// Whether a minute without a point for the bad ones means that there were none. The metrics
    /// of one's own are commonly only written when something is bad; Lambda writes `Errors` = 0
    /// with each success, so there a missing point is one that is not published yet.
    pub(super) fn silence_is_zero(&self) -> bool {
        matches!(self.source, Source::Own { .. })
    }
}

impl EvidenceRules {
    /// What to count.
    pub(super) fn sources(&self) -> Vec<Source> {
        self.metrics
            .iter()
            .map(|rule| rule.source.clone())
            .collect()
    }
}

#[cfg(test)]
#[path = "question_tests.rs"]
mod tests;
