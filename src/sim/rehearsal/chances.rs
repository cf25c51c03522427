//! Chances, and counts drawn by them: each from a stream of its own, named by what it is about.

use rand_distr::{Binomial, Distribution, Poisson};

use crate::sim::metrics::emission::LONGEST_MS;
use crate::sim::streams::{Stream, stream};

/// Seconds in a minute.
pub(super) const MINUTE: i64 = 60;
/// Chances below this never come up.
const NEVER: f64 = 1e-9;

/// All randomness of one run.
#[derive(Debug, Clone)]
pub(super) struct Chances(Stream);

/// What a stream is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// The second of the minute in which it starts.
    Second,
    /// What else is fixed for the whole run.
    Run,
    /// A minute of the alias.
    Minute(i64),
    /// What a version gets from this second on.
    Stable(i64),
    /// Likewise.
    Canary(i64),
}

impl Chances {
    /// Those of this run.
    pub fn new(seed: u64, run: u64) -> Self {
        Self(stream(seed, &format!("rehearsal:{run}")))
    }

    /// The stream about that; the same whenever it is asked for.
    pub fn about(&self, what: About) -> Stream {
        // Times lie after 1970, and far below 2^62 seconds.
        let (time, kind) = match what {
            About::Second => (0, 0),
            About::Run => (0, 1),
            About::Minute(minute) => (minute, 1),
            About::Stable(second) => (second, 2),
            About::Canary(second) => (second, 3),
        };
        let mut stream = self.0.clone();
        stream.set_stream((time.unsigned_abs() << 2) | kind);
        stream
    }
}

/// How many of a mean of so many happen.
pub(super) fn poisson(mean: f64, stream: &mut Stream) -> u64 {
    if mean <= 0.0 {
        return 0;
    }
    // Refuses only what is no mean. A cast of a whole number within 2^53.
    Poisson::new(mean).map_or(0, |poisson| poisson.sample(stream) as u64)
}

/// How many of these have what has that chance.
pub(super) fn binomial(trials: u64, chance: f64, stream: &mut Stream) -> u64 {
    if trials == 0 || chance < NEVER {
        return 0;
    }
    Binomial::new(trials, chance.min(1.0)).map_or(0, |binomial| binomial.sample(stream))
}

/// Durations whose logarithm is normal, at most a quarter of an hour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Durations {
    /// The median in milliseconds, above 0.
    pub median: f64,
    /// The standard deviation of the logarithm, above 0.
    pub sigma: f64,
}

impl Durations {
    /// The chance of a duration above so many milliseconds.
    pub fn above(self, milliseconds: f64) -> f64 {
        if milliseconds >= LONGEST_MS {
            return 0.0;
        }
        normal(-(milliseconds / self.median).ln() / self.sigma)
    }

    /// The mean of the durations in milliseconds, each cut off at `most`.
    fn mean_up_to(self, most: f64) -> f64 {
        if most <= 0.0 {
            return 0.0;
        }
        let spread = (most / self.median).ln() / self.sigma;
        let mean = self.median * (self.sigma * self.sigma / 2.0).exp();
        mean * normal(spread - self.sigma) + most * normal(-spread)
    }

    /// For 1, 2, … the chance that a request ends so many minutes of the clock after the one in
    /// which it began or later, given that it does not end before the minute before that.
    pub fn later_minutes(self) -> Vec<f64> {
        let minute = 60_000.0;
        let mut chances = Vec::new();
        let mut before = 1.0;
        for minutes in 0..(LONGEST_MS / minute) as u32 {
            // Requests begin evenly within a minute.
            let from = f64::from(minutes) * minute;
            let mean = self.mean_up_to(from + minute) - self.mean_up_to(from);
            let chance = (mean / minute).clamp(0.0, 1.0);
            if chance < NEVER {
                break;
            }
            chances.push((chance / before).min(1.0));
            before = chance;
        }
        chances
    }
}

/// The chance that a standard normal number is at most this.
fn normal(x: f64) -> f64 {
    if x < -8.0 {
        return 0.0;
    }
    if x > 8.0 {
        return 1.0;
    }
    // 1/2 + density · (x + x³/3 + x⁵/(3·5) + …): all of one sign, so nothing cancels.
    let (mut term, mut sum, mut odd) = (x, x, 1.0);
    while term.abs() > f64::EPSILON * sum.abs() {
        odd += 2.0;
        term *= x * x / odd;
        sum += term;
    }
    let density = (-x * x / 2.0).exp() / std::f64::consts::TAU.sqrt();
    (0.5 + density * sum).clamp(0.0, 1.0)
}

#[cfg(test)]
#[path = "chances_tests.rs"]
mod tests;
