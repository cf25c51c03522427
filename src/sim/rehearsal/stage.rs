//! The driver's ports over the light simulation, in virtual time.

use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::chances::MINUTE;
use super::cloud::{Cloud, Metric, Whose};
use super::traffic::{Requests, Routing};
use crate::driver::{Act, AlarmsAnswer, Observe};
use crate::judge::alarms::Question;
use crate::judge::measure::{
    CountsAnswer, CountsQuestion, MetricCounts, Pair, Series, Source, Span,
};
use crate::rollout::{AliasReading, AliasView, AliasWrite, Unapplied};
use crate::sim::ports::VirtualTime;

/// An alias, its traffic, and the time.
#[derive(Debug)]
pub(super) struct Stage<'a>(Mutex<Scene<'a>>);

#[derive(Debug)]
struct Scene<'a> {
    cloud: Cloud<'a>,
    now: Timestamp,
    alias: AliasView,
    writes: u64,
    /// When the first write took effect, and the last one.
    written: Option<(Timestamp, Timestamp)>,
}

impl<'a> Stage<'a> {
    /// An alias at this version without weights.
    pub fn new(cloud: Cloud<'a>, now: Timestamp, stable: String) -> Self {
        let alias = AliasView {
            version: stable,
            weights: Default::default(),
            description: String::new(),
            revision: revision(0),
        };
        Self(Mutex::new(Scene {
            cloud,
            now,
            alias,
            writes: 0,
            written: None,
        }))
    }

    /// When the first and the last write took effect; `None`: there was none.
    pub fn written(&self) -> Option<(Timestamp, Timestamp)> {
        self.with(|scene| scene.written)
    }

    /// The canary's requests up to the last write.
    pub fn canary(&self) -> Requests {
        self.with(|scene| scene.cloud.canary())
    }

    /// The alias as it is.
    pub fn view(&self) -> AliasView {
        self.with(|scene| scene.alias.clone())
    }

    // Nothing here runs in parallel: the driver's ports are shared references.
    fn with<R>(&self, look: impl FnOnce(&mut Scene<'a>) -> R) -> R {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl VirtualTime for Stage<'_> {
    fn now(&self) -> Timestamp {
        self.with(|scene| scene.now)
    }

    fn sleep(&self, time: SignedDuration) {
        self.with(|scene| {
            scene.now = scene.now.saturating_add(time).unwrap_or(Timestamp::MAX);
        });
    }
}

impl Observe for Stage<'_> {
    async fn alias(&self) -> AliasReading {
        AliasReading::Seen(self.view())
    }

    /// There are none.
    async fn alarms(&self, _question: &Question) -> Result<AlarmsAnswer, String> {
        Ok(AlarmsAnswer::default())
    }

    async fn counts(&self, question: &CountsQuestion) -> Result<CountsAnswer, String> {
        Ok(self.with(|scene| scene.counts(question)))
    }
}

impl Act for Stage<'_> {
    async fn write(&self, write: &AliasWrite) -> Result<(), Unapplied> {
        self.with(|scene| scene.write(write))
    }
}

impl Scene<'_> {
    fn counts(&mut self, question: &CountsQuestion) -> CountsAnswer {
        self.cloud.pass_to(self.now.as_second());
        let counts = |source: &Source| MetricCounts {
            canary: self.pair(Whose::Canary, source, question.window),
            stable: self.pair(Whose::Stable, source, question.window),
            history: self.pair(Whose::Alias, source, question.history),
            after: self.pair(Whose::Alias, source, question.after),
        };
        CountsAnswer {
            metrics: question.metrics.iter().map(counts).collect(),
            // Nothing is throttled here.
            throttles: question.window.map(|_| Series::default()),
            failure: None,
        }
    }

    fn pair(&self, whose: Whose, source: &Source, span: Option<Span>) -> Pair {
        let Some(span) = span else {
            return Pair::default();
        };
        let (total, bad) = match source {
            Source::SlowerThan { .. } => (Metric::Timed, Metric::Slow),
            // A metric of one's own counts what fails.
            Source::Errors | Source::Own { .. } => (Metric::Requests, Metric::Failed),
        };
        let minutes = [span.from, span.to].map(|at| at.as_second().div_euclid(MINUTE));
        let series = |metric| {
            let second = self.now.as_second();
            let points = self.cloud.points(whose, metric, minutes.into(), second);
            let points = points.into_iter().filter_map(|(minute, count)| {
                let at = Timestamp::from_second(minute * MINUTE).ok()?;
                Some((at, count as f64))
            });
            Some(points.collect())
        };
        Pair {
            total: series(total),
            bad: series(bad),
        }
    }

    fn write(&mut self, write: &AliasWrite) -> Result<(), Unapplied> {
        if write.revision != self.alias.revision {
            return Err(Unapplied::Conflict);
        }
        let canary = write.canary.iter();
        let weights = canary.map(|(version, weight)| (version.to_string(), weight.fraction()));
        let version = write.version.to_string();
        let routing = match &write.canary {
            Some((_, weight)) => Routing::Weighted(weight.fraction()),
            None if version == self.alias.version => Routing::Stable,
            None => Routing::Canary,
        };
        self.writes += 1;
        self.alias = AliasView {
            version,
            weights: weights.collect(),
            description: write.description.clone(),
            revision: revision(self.writes),
        };
        self.cloud.route(routing, self.now.as_second());
        let first = self.written.map_or(self.now, |(first, _)| first);
        self.written = Some((first, self.now));
        Ok(())
    }
}

fn revision(writes: u64) -> String {
    format!("revision-{writes}")
}

#[cfg(test)]
#[path = "stage_tests.rs"]
mod tests;
