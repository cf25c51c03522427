//! The traffic that is imagined, and what goes wrong in it.

use crate::sim::metrics::emission::LONGEST_MS;
use crate::sim::traffic::Behaviour;

/// The most requests a second.
pub const RATE_MAX: f64 = 1_000_000.0;
/// The longest time that anything is imagined for, in minutes: a week.
pub const LONGEST_MINUTES: u32 = 7 * 24 * 60;
/// Lambda's own time-out of a function, in seconds.
pub const TIMEOUT: u32 = 3;
/// So many standard deviations of the duration's logarithm above the median, no more than three in
/// a hundred thousand requests take longer.
const SLOWEST: f64 = 4.0;

/// The traffic of an alias before and during a rollout.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// Requests a second to both versions together, on the average. Above 0, at most
    /// [`RATE_MAX`].
    pub rate: f64,
    /// The share of the stable version's requests that fail, 0 to 1.
    pub stable_errors: f64,
    /// The share of the canary's requests that fail, 0 to 1.
    pub canary_errors: f64,
    /// Until so many minutes after the rollout's start the canary is as good as the stable version.
    pub canary_from: f64,
    /// How long requests take.
    pub latency: Latency,
    /// Both versions fail for a while.
    pub outages: Vec<Outage>,
    /// Requests that fail together.
    pub bursts: Option<Bursts>,
}

/// Median durations in milliseconds, each above 0 and at most a quarter of an hour. The spread is
/// that of [`Behaviour`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Latency {
    /// The stable version's.
    pub stable_ms: f64,
    /// The canary's.
    pub canary_ms: f64,
}

/// A time in which both versions fail, whoever's fault it is. A version that fails more often by
/// itself goes on doing so.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outage {
    /// Minutes from the rollout's start.
    pub start: f64,
    /// How long, in minutes.
    pub minutes: f64,
    /// The share of the requests that fail, 0 to 1.
    pub errors: f64,
}

/// Requests on top of the others that fail together, at one moment and inside one version; each
/// burst meets a version by its share of the traffic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bursts {
    /// Requests in each.
    pub size: u32,
    /// How many bursts an hour brings to the whole alias, on the average.
    pub per_hour: f64,
}

/// What nobody can rehearse.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BadScenario {
    /// A number out of its range.
    #[error("{name} is {value}, but has to be {range}")]
    OutOfRange {
        /// What is wrong, in words.
        name: &'static str,
        /// As it was given.
        value: f64,
        /// What it may be, in words.
        range: &'static str,
    },
    /// Nothing would ever be compared.
    #[error("the plan has no steps: both versions never have traffic at the same time")]
    NoSteps,
    /// Longer than a week.
    #[error("the rollout may take {0} minutes, longer than the {LONGEST_MINUTES} of a week")]
    TooLong(i64),
}

impl Default for Latency {
    fn default() -> Self {
        let usual = Behaviour::default().latency_ms;
        Self {
            stable_ms: usual,
            canary_ms: usual,
        }
    }
}

impl Scenario {
    /// Steady traffic without outages or bursts, and requests of the usual duration.
    #[must_use]
    pub fn steady(rate: f64, stable_errors: f64, canary_errors: f64) -> Self {
        Self {
            rate,
            stable_errors,
            canary_errors,
            canary_from: 0.0,
            latency: Latency::default(),
            outages: Vec::new(),
            bursts: None,
        }
    }

    /// Checks every number.
    ///
    /// # Errors
    /// The first one that is out of its range.
    pub fn check(&self) -> Result<(), BadScenario> {
        let share = |name, value: f64| inside((0.0..=1.0).contains(&value), name, value, "0 to 1");
        let minutes = |name, value: f64| {
            let fits = (0.0..=f64::from(LONGEST_MINUTES)).contains(&value);
            inside(fits, name, value, "0 to 10080 minutes")
        };
        let rate = self.rate > 0.0 && self.rate <= RATE_MAX;
        let range = "above 0, at most 1000000";
        inside(rate, "requests per second", self.rate, range)?;
        share("the stable version's error rate", self.stable_errors)?;
        share("the canary's error rate", self.canary_errors)?;
        minutes("the start of the canary's fault", self.canary_from)?;
        for latency in [self.latency.stable_ms, self.latency.canary_ms] {
            let fits = latency > 0.0 && latency <= LONGEST_MS;
            let range = "above 0, at most 900000 milliseconds";
            inside(fits, "a median duration", latency, range)?;
        }
        for outage in &self.outages {
            minutes("an outage's start", outage.start)?;
            minutes("an outage's length", outage.minutes)?;
            share("an outage's error rate", outage.errors)?;
        }
        if let Some(bursts) = &self.bursts {
            let size = f64::from(bursts.size);
            let fits = (1..=1_000_000).contains(&bursts.size);
            inside(fits, "the size of a burst", size, "1 to 1000000")?;
            let fits = (0.0..=3600.0).contains(&bursts.per_hour);
            inside(fits, "bursts per hour", bursts.per_hour, "0 to 3600")?;
        }
        Ok(())
    }

    /// The function's time-out, in seconds: Lambda's own, or what the slowest requests take.
    #[must_use]
    pub fn timeout(&self) -> u32 {
        let median = self.latency.stable_ms.max(self.latency.canary_ms);
        let spread = Behaviour::default().latency_sigma;
        let slowest = (median * (SLOWEST * spread).exp()).min(LONGEST_MS) / 1000.0;
        // At most 900.
        TIMEOUT.max(slowest.ceil() as u32)
    }

    /// What share of either version's requests fails so many seconds after the rollout's start:
    /// the stable version's and the canary's.
    pub(super) fn errors_at(&self, second: f64) -> [f64; 2] {
        let canary = if second < self.canary_from * 60.0 {
            self.stable_errors
        } else {
            self.canary_errors
        };
        let outage = self.outages.iter().filter(|outage| outage.covers(second));
        let outage = outage.fold(0.0, |most: f64, outage| most.max(outage.errors));
        [self.stable_errors.max(outage), canary.max(outage)]
    }

    /// Both versions' median durations then, in milliseconds.
    pub(super) fn latency_at(&self, second: f64) -> [f64; 2] {
        let Latency {
            stable_ms,
            canary_ms,
        } = self.latency;
        if second < self.canary_from * 60.0 {
            [stable_ms, stable_ms]
        } else {
            [stable_ms, canary_ms]
        }
    }

    /// The seconds after the rollout's start at which something changes, in order.
    pub(super) fn changes(&self) -> Vec<i64> {
        let ends = |outage: &Outage| [outage.start, outage.start + outage.minutes];
        let outages = self.outages.iter().flat_map(ends);
        let all = outages.chain([self.canary_from]);
        // Within a week, so the cast is exact.
        let mut all: Vec<i64> = all.map(|minute| (minute * 60.0).ceil() as i64).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

impl Outage {
    fn covers(&self, second: f64) -> bool {
        let from = self.start * 60.0;
        (from..from + self.minutes * 60.0).contains(&second)
    }
}

/// Nothing, or that a number is out of its range.
pub(super) fn inside(
    fits: bool,
    name: &'static str,
    value: f64,
    range: &'static str,
) -> Result<(), BadScenario> {
    if fits {
        return Ok(());
    }
    Err(BadScenario::OutOfRange { name, value, range })
}

#[cfg(test)]
#[path = "scenario_tests.rs"]
mod tests;
