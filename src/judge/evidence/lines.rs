//! The accept side's bets as lines in `eps`, and where their sum reaches a threshold.

use super::{ACCEPT_BETS, log_sum_exp};

/// The bound is found to 2^-64: far finer than it means anything.
const HALVINGS: u32 = 64;
/// So many of Newton's steps at most: more only where the sum has many sharp bends.
const STEPS: u32 = 40;
/// How close they have to come, as a part of the place.
const CLOSE: f64 = 1e-8;
/// The sum is reckoned far more exactly than this.
const NOISE: f64 = 1e-11;

/// The accept side's bets: the log of each one's wealth is a line in `eps`.
pub(super) struct Lines {
    pub at_zero: [f64; ACCEPT_BETS],
    /// At least 0.
    pub slope: [f64; ACCEPT_BETS],
}

impl Lines {
    /// The log of the sum.
    pub fn at(&self, eps: f64) -> f64 {
        log_sum_exp(&self.values(eps))
    }

    /// The `eps` from 0 to 1 from which on the log of the sum is at least `needed`; 1 if there is
    /// none.
    ///
    /// Found by halving. Far from the place, which half it is in is known without reckoning.
    pub fn reaches(&self, needed: f64) -> f64 {
        let (too_low, enough) = self.around(needed).unwrap_or((-1.0, 2.0));
        let (mut below, mut above) = (0.0, 1.0);
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(below, above);
            if middle >= enough || (middle > too_low && self.at(middle) >= needed) {
                above = middle;
            } else {
                below = middle;
            }
        }
        above
    }

    /// Two places close to each other: at the first the sum is below what is needed for certain,
    /// at the second it is not.
    fn around(&self, needed: f64) -> Option<(f64, f64)> {
        // The log of a sum of exponentials of rising lines rises and bends upwards only: from the
        // right no step passes the place.
        let mut place = 1.0;
        for _ in 0..STEPS {
            let (value, slope) = self.with_slope(place);
            let step = (value - needed) / slope;
            place -= step;
            if step <= place * CLOSE {
                break;
            }
        }
        let (low, high) = (place * (1.0 - CLOSE), place * (1.0 + CLOSE));
        let certain = self.at(low) < needed - NOISE && self.at(high) > needed + NOISE;
        certain.then_some((low, high))
    }

    fn values(&self, eps: f64) -> [f64; ACCEPT_BETS] {
        let mut values = self.at_zero;
        for (value, slope) in values.iter_mut().zip(self.slope) {
            *value += slope * eps;
        }
        values
    }

    /// The log of the sum, and how fast it grows there.
    fn with_slope(&self, eps: f64) -> (f64, f64) {
        let values = self.values(eps);
        let sum = log_sum_exp(&values);
        let parts = values.iter().zip(self.slope);
        let slope = parts.map(|(value, slope)| (value - sum).exp() * slope);
        (sum, slope.sum())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::judge::evidence::{Counts, Evidence, Settings, Tally};

    /// Halving alone.
    fn halved(lines: &Lines, needed: f64) -> f64 {
        let (mut below, mut above) = (0.0, 1.0);
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(below, above);
            if lines.at(middle) >= needed {
                above = middle;
            } else {
                below = middle;
            }
        }
        above
    }

    fn lines(polls: &[(u64, u64, u64, u64)], settings: &Settings) -> Lines {
        let mut evidence = Evidence::default();
        for &(canary, canary_bad, stable, stable_bad) in polls {
            let counts = Counts {
                canary: Tally::new(canary, canary_bad.min(canary)).unwrap(),
                stable: Tally::new(stable, stable_bad.min(stable)).unwrap(),
            };
            evidence.take(settings, &counts);
        }
        evidence.lines(settings, &evidence.stable_gain)
    }

    proptest! {
        /// Newton only saves reckoning: not a bit of the bound is another one.
        #[test]
        fn the_bound_is_what_halving_finds(
            polls in prop::collection::vec((0_u64..100_000, 0_u64..300, 0_u64..1_000_000, 0_u64..3_000), 0..12),
            phi in 1.0_f64..10.0,
            needed in 0.01_f64..20.0,
        ) {
            let lines = lines(&polls, &Settings { phi, ..Settings::default() });
            prop_assert_eq!(lines.reaches(needed).to_bits(), halved(&lines, needed).to_bits());
        }

        #[test]
        fn any_lines_have_a_bound(
            at_zero: [f64; ACCEPT_BETS],
            slope in prop::array::uniform21(0.0_f64..1e300),
            needed: f64,
        ) {
            let lines = Lines { at_zero, slope };
            let found = lines.reaches(needed);
            prop_assert!((0.0..=1.0).contains(&found), "{}", found);
        }
    }

    #[test]
    fn few_steps_come_close() {
        let settings = Settings::default();
        for polls in [
            &[(100, 0, 900, 0)][..],
            &[(3_611, 0, 10_000, 5)],
            &[(1_000, 30, 9_000, 9), (1_000_000, 90, 9_000_000, 900)],
        ] {
            let around = lines(polls, &settings).around(3.0);
            assert!(around.is_some(), "{polls:?}");
        }
        // Without data there is no such place.
        assert_eq!(lines(&[], &settings).around(3.0), None);
        assert_eq!(
            lines(&[], &settings).reaches(3.0).to_bits(),
            1.0_f64.to_bits()
        );
    }
}
