//! How much worse a canary may be at most, in whole numbers, so that verdicts can be compared.

use std::fmt;

use serde::{Deserialize, Serialize};

const MILLION: u32 = 1_000_000;

/// "At most so much worse than the stable version, and so sure": a bound that holds at all times
/// at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    /// The excess of the canary's share over the tolerated multiple of the stable version's, in
    /// parts per million, rounded up; a million says that nothing is known.
    pub worse_ppm: u32,
    /// How sure that is, in parts per million.
    pub sure_ppm: u32,
}

impl Bound {
    /// The same said of a share by itself, and not of an excess: "at most 0.3 % (95 %)". `None`: nothing is
    /// known.
    #[must_use]
    pub fn of_all(&self) -> Option<String> {
        let (most, sure) = (percent_up(self.worse_ppm), percent(self.sure_ppm));
        (self.worse_ppm < MILLION).then(|| format!("at most {most} ({sure})"))
    }

    /// A bound from fractions, each 0 to 1. What is no number becomes "nothing is known".
    #[must_use]
    pub fn new(worse: f64, sure: f64) -> Self {
        Self {
            worse_ppm: parts(worse, f64::ceil),
            sure_ppm: parts(sure, f64::round),
        }
    }
}

/// A fraction in parts per million, at most a million.
pub(super) fn parts(fraction: f64, round: impl Fn(f64) -> f64) -> u32 {
    if !(0.0..1.0).contains(&fraction) {
        return MILLION;
    }
    // What lacks only its last digits stays; in range, so the cast is exact.
    round(fraction * f64::from(MILLION) * (1.0 - 1e-12)) as u32
}

/// Parts per million as a percentage of two digits, more above 10 %: never less than they are.
pub(super) fn percent_up(parts: u32) -> String {
    let step = match parts {
        0..100 => 1,
        100..1_000 => 10,
        1_000..10_000 => 100,
        _ => 1_000,
    };
    percent(parts.div_ceil(step).saturating_mul(step))
}

/// Parts per million as a percentage, without zeros that say nothing.
pub(super) fn percent(parts: u32) -> String {
    let (whole, rest) = (parts / 10_000, parts % 10_000);
    if rest == 0 {
        return format!("{whole} %");
    }
    let rest = format!("{rest:04}");
    format!("{whole}.{} %", rest.trim_end_matches('0'))
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sure = percent(self.sure_ppm);
        if self.worse_ppm >= MILLION {
            return f.write_str("how much worse it may be is not known");
        }
        write!(f, "at most {} worse ({sure})", percent_up(self.worse_ppm))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_said_with_two_digits_and_never_below_itself() {
        for (worse, said) in [
            (0.0310001, "at most 3.2 % worse (95 %)"),
            (0.031, "at most 3.1 % worse (95 %)"),
            (0.25, "at most 25 % worse (95 %)"),
            (0.00082744, "at most 0.083 % worse (95 %)"),
            (0.0000001, "at most 0.0001 % worse (95 %)"),
            (0.0, "at most 0 % worse (95 %)"),
            (1.0, "how much worse it may be is not known"),
            (f64::NAN, "how much worse it may be is not known"),
        ] {
            assert_eq!(Bound::new(worse, 0.95).to_string(), said, "{worse}");
        }
        assert_eq!(percent(Bound::new(0.5, 1.0 - 0.001).sure_ppm), "99.9 %");
    }
}
