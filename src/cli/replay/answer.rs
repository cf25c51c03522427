//! What a replay came to, as JSON.

use jiff::Timestamp;
use serde::Serialize;

use super::report::Report;
use crate::judge::evidence::Counts;
use crate::judge::measure::replay::{Change, Fate, Minute, Replay, Why};

/// What `canary replay --json` prints; the shape of version 1.
#[derive(Serialize)]
pub struct Answer<'a> {
    schema: u32,
    function: &'a str,
    alias: &'a str,
    stable: &'a str,
    canary: &'a str,
    from: Timestamp,
    to: Timestamp,
    verdict: &'static str,
    at: Option<Timestamp>,
    reason: String,
    metrics: Vec<Metric<'a>>,
    minutes: Vec<JudgedMinute>,
    dropped: Vec<DroppedMinute>,
    stretches: Vec<ShareOf>,
    throttled: u64,
    timeout: u32,
    too_late: Option<Timestamp>,
    notes: Vec<String>,
}

impl Report<'_> {
    /// All of it, in the shape that the page of `canary replay` describes.
    pub fn answer(&self) -> Answer<'_> {
        let Replay {
            versions,
            rules,
            stretches,
            timeout,
            ..
        } = *self.replay;
        let finding = &self.replayed.finding;
        let metrics = rules.metrics.iter().zip(&finding.metrics);
        let minute = |number: i64| Timestamp::from_second(number * 60).unwrap_or(Timestamp::MAX);
        let minutes = self.replayed.minutes.iter();
        Answer {
            schema: 1,
            function: self.arguments.target.function.as_str(),
            alias: &self.arguments.target.alias,
            stable: &versions.stable,
            canary: &versions.canary,
            from: self.window.from,
            to: self.window.to,
            verdict: self.word(),
            at: self.replayed.at,
            reason: self.reason(),
            metrics: metrics
                .map(|(rule, found)| Metric {
                    name: &rule.name,
                    counts: found.counted.into(),
                    log_e: found.log_e,
                    worse_at_most: f64::from(found.bound.worse_ppm) / 1e6,
                    confidence: f64::from(found.bound.sure_ppm) / 1e6,
                    bursts: found.bursts,
                })
                .collect(),
            minutes: minutes.clone().filter_map(JudgedMinute::of).collect(),
            dropped: minutes
                .filter_map(|minute| match minute.fate {
                    Fate::Dropped(why) => Some(DroppedMinute {
                        minute: minute.start,
                        why: word(why),
                    }),
                    Fate::Judged { .. } => None,
                })
                .collect(),
            stretches: stretches
                .stretches()
                .iter()
                .map(|stretch| ShareOf {
                    from: minute(stretch.first),
                    to: minute(stretch.last + 1),
                    canary_share: f64::from(stretch.share) / 10_000.0,
                })
                .collect(),
            throttled: finding.throttled,
            timeout,
            too_late: self.replayed.too_late.as_ref().map(|(at, _)| *at),
            notes: self
                .afterwards()
                .into_iter()
                .chain(self.all_notes())
                .collect(),
        }
    }
}

#[derive(Serialize)]
struct Metric<'a> {
    name: &'a str,
    #[serde(flatten)]
    counts: Four,
    log_e: f64,
    worse_at_most: f64,
    confidence: f64,
    bursts: Option<f64>,
}

#[derive(Serialize)]
struct Four {
    canary: u64,
    canary_bad: u64,
    stable: u64,
    stable_bad: u64,
}

#[derive(Serialize)]
struct JudgedMinute {
    minute: Timestamp,
    /// In the order of the answer's metrics.
    metrics: Vec<Option<Four>>,
    log_e: f64,
}

#[derive(Serialize)]
struct DroppedMinute {
    minute: Timestamp,
    why: &'static str,
}

#[derive(Serialize)]
struct ShareOf {
    from: Timestamp,
    to: Timestamp,
    canary_share: f64,
}

impl From<[u64; 4]> for Four {
    fn from([canary, canary_bad, stable, stable_bad]: [u64; 4]) -> Self {
        Self {
            canary,
            canary_bad,
            stable,
            stable_bad,
        }
    }
}

impl From<&Counts> for Four {
    fn from(Counts { canary, stable }: &Counts) -> Self {
        Self {
            canary: canary.invocations(),
            canary_bad: canary.errors(),
            stable: stable.invocations(),
            stable_bad: stable.errors(),
        }
    }
}

impl JudgedMinute {
    fn of(minute: &Minute) -> Option<Self> {
        let Fate::Judged { metrics, log_e } = &minute.fate else {
            return None;
        };
        Some(Self {
            minute: minute.start,
            metrics: metrics
                .iter()
                .map(|found| found.as_ref().map(Four::from))
                .collect(),
            log_e: *log_e,
        })
    }
}

fn word(why: Why) -> &'static str {
    match why {
        Why::Changed(Change::Began) => "began",
        Why::Changed(Change::Ended) => "ended",
        Why::Changed(Change::Named) => "named",
        Why::Changed(Change::Found) => "changed",
        Why::Unshared => "unshared",
        Why::Incomplete => "incomplete",
        Why::Idle => "idle",
        Why::Warming => "warming",
        Why::Young => "young",
    }
}
