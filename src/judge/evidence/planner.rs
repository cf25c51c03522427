//! What a rollout can find at all: how much traffic a window brings, which excess that is enough
//! for, and how long to wait for a given one.
//!
//! The method, without chance or simulation. For each number of stable errors there is a least
//! number of canary errors with which the rollback side fires. The numbers of errors are Poisson
//! numbers, and they come in random order; all orders are followed at once, error by error, and
//! what reaches the least number at the end of some poll is added up. With an error-free baseline
//! that is one tail: at a weight of 10 % and `alpha` 0.01 the chance of three canary errors or more.
//! With more than 4,000 errors only the end of the window is looked at, which leaves out what fired
//! before and would not have at the end.
//!
//! The least number is found on the safe side: as if all polls were one, less what dealing anew can
//! have cost until then (63/(63 + k) of the wealth is left after k times, at worst). So the chance is
//! rather too low than too high: by less than ten percent, or by far where one of the versions has
//! fewer than ten requests a minute.
//!
//! It assumes that requests come independently of each other and at a constant rate, that every
//! request fails by itself with the same chance (or bursts of `phi` errors do), that a minute is a
//! poll, that the configured weight is the observed one on the average, and that all minutes are
//! judged. A minute with an error has one invocation more of that version than others, which matters
//! below ten a minute and is counted in. A minute without a stable invocation is lost.

use super::crossing::{Threshold, Window, first};
use super::{BET, Evidence, OutOfRange, Settings, SettingsError, Terms};

/// The longest window that is considered: 30 days, in minutes.
pub const MINUTES_MAX: u32 = 30 * 24 * 60;
/// The most requests a second that are considered.
pub const RATE_MAX: f64 = 1e6;

/// An excess is found to a billionth.
const HALVINGS: u32 = 30;
/// Up to here every whole number is a number of its own.
const EXACT: u64 = 1 << 53;

/// The traffic that is expected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Traffic {
    /// Requests a second to both versions together; above 0, at most [`RATE_MAX`].
    pub requests_per_second: f64,
    /// The canary's share of them, 0 to 1.
    pub weight: f64,
    /// The stable version's error rate, 0 to below 1.
    pub base_rate: f64,
}

/// Traffic and settings that have been checked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Planner {
    settings: Settings,
    traffic: Traffic,
}

/// The smallest number of canary invocations, none of them failed, that acceptance at the
/// settings' `eps` needs: one fewer is not accepted. `None` if that is beyond 2^53.
#[must_use]
pub fn min_clean_requests(settings: &Settings) -> Option<u64> {
    let accepted = |invocations| {
        let clean = Evidence {
            canary_invocations: invocations,
            ..Evidence::default()
        };
        clean.accepted(settings)
    };
    first(1, EXACT, accepted)
}

impl Planner {
    /// A planner for this traffic.
    ///
    /// # Errors
    /// If settings or traffic are out of range: all that are.
    pub fn new(settings: Settings, traffic: Traffic) -> Result<Self, SettingsError> {
        let Traffic {
            requests_per_second: rate,
            weight,
            base_rate,
        } = traffic;
        let looked_at = [
            (
                "requests per second",
                rate,
                rate > 0.0 && rate <= RATE_MAX,
                "above 0 and at most 1000000",
            ),
            (
                "weight",
                weight,
                (0.0..=1.0).contains(&weight),
                "from 0 to 1",
            ),
            (
                "base rate",
                base_rate,
                (0.0..1.0).contains(&base_rate),
                "from 0 to below 1",
            ),
        ];
        let mut wrong = settings.check().err().map_or(Vec::new(), |e| e.wrong);
        let bad = looked_at.into_iter().filter(|(_, _, fine, _)| !fine);
        wrong.extend(bad.map(|(name, value, _, range)| OutOfRange { name, value, range }));
        if wrong.is_empty() {
            Ok(Self { settings, traffic })
        } else {
            Err(SettingsError { wrong })
        }
    }

    /// How many canary invocations a window of so many minutes brings, on the average.
    #[must_use]
    pub fn canary_requests(&self, minutes: u32) -> f64 {
        self.canary_a_minute() * f64::from(minutes)
    }

    /// The chance, 0 to 1, that the rollback side fires within so many minutes if the canary's
    /// error rate is `rho` times the base rate plus `excess` (0 to 1), at most 1.
    #[must_use]
    pub fn chance(&self, minutes: u32, excess: f64) -> f64 {
        let window = self.window(minutes);
        window.map_or(0.0, |it| it.chance(self.canary_bursts(minutes, excess)))
    }

    /// The smallest excess, above 0 and at most 1, that is found within so many minutes with a
    /// chance of at least `confidence` (above 0, below 1). `None` if not even a canary that fails
    /// every call is.
    #[must_use]
    pub fn detectable_excess(&self, minutes: u32, confidence: f64) -> Option<f64> {
        let window = self.window(minutes)?;
        let found = |excess| window.chance(self.canary_bursts(minutes, excess)) >= confidence;
        let (mut below, mut above) = (0.0, 1.0 - self.tolerated_rate());
        if above <= 0.0 || !found(above) {
            return None;
        }
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(below, above);
            if found(middle) {
                above = middle;
            } else {
                below = middle;
            }
        }
        Some(above)
    }

    /// The shortest window, in minutes, in which this excess (above 0, at most 1) is found with a
    /// chance of at least `confidence` (above 0, below 1). `None` if 30 days are not enough.
    #[must_use]
    pub fn minutes_to_detect(&self, excess: f64, confidence: f64) -> Option<u32> {
        let found = |minutes: u64| {
            let minutes = u32::try_from(minutes).unwrap_or(u32::MAX);
            self.chance(minutes, excess) >= confidence
        };
        let minutes = first(1, u64::from(MINUTES_MAX), found)?;
        u32::try_from(minutes).ok()
    }

    fn canary_a_minute(&self) -> f64 {
        60.0 * self.traffic.requests_per_second * self.traffic.weight
    }

    fn stable_a_minute(&self) -> f64 {
        60.0 * self.traffic.requests_per_second * (1.0 - self.traffic.weight)
    }

    fn tolerated_rate(&self) -> f64 {
        self.settings.rho * self.traffic.base_rate
    }

    fn canary_rate(&self, excess: f64) -> f64 {
        (self.tolerated_rate() + excess).clamp(0.0, 1.0)
    }

    /// How many bursts of canary errors there are on the average, in minutes that have something
    /// to compare with.
    fn canary_bursts(&self, minutes: u32, excess: f64) -> f64 {
        let compared = -(-self.stable_a_minute()).exp_m1();
        self.canary_requests(minutes) * compared * self.canary_rate(excess) / self.settings.phi
    }

    /// `None` if there is nothing to compare.
    fn window(&self, minutes: u32) -> Option<Window> {
        let Settings {
            phi, rho, delta, ..
        } = self.settings;
        let (canary, stable) = (self.canary_a_minute(), self.stable_a_minute());
        if canary <= 0.0 || stable <= 0.0 || minutes == 0 {
            return None;
        }
        let odds = |canary: f64, stable: f64| (rho * (canary / stable)).min(f64::MAX);
        let tolerated = self.canary_requests(minutes) * delta / phi;
        let bet = |bet: f64| Terms {
            gain: Terms::of(bet, odds(canary + 1.0, stable)).gain,
            loss: Terms::of(bet, odds(canary, stable + 1.0)).loss,
            toll: tolerated * Terms::of(bet, odds(canary, stable)).toll,
        };
        let threshold = Threshold {
            bets: BET.map(bet),
            polls: u64::from(minutes),
            needed: self.settings.log_needed_to_blame(),
        };
        let stable_requests = stable * f64::from(minutes);
        Some(threshold.window(stable_requests * self.traffic.base_rate / phi))
    }
}

#[cfg(test)]
#[path = "planner_tests.rs"]
mod tests;
