//! A share of runs, and what is known of the chance behind it (Clopper and Pearson, 1934).

/// How finely a bound is found.
const HALVINGS: u32 = 50;

/// So many of all runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proportion {
    pub found: u32,
    /// At least 1, at least `found`.
    pub runs: u32,
}

impl Proportion {
    pub fn share(self) -> f64 {
        f64::from(self.found) / f64::from(self.runs)
    }

    /// The chance is above this bound in at most a share `doubt` of all such experiments.
    pub fn upper(self, doubt: f64) -> f64 {
        if self.found == self.runs {
            return 1.0;
        }
        bisect(|chance| at_most(self.found, self.runs, chance) <= doubt)
    }

    /// The chance is below this bound in at most a share `doubt` of all such experiments.
    pub fn lower(self, doubt: f64) -> f64 {
        if self.found == 0 {
            return 0.0;
        }
        bisect(|chance| 1.0 - at_most(self.found - 1, self.runs, chance) >= doubt)
    }
}

/// The chance from which on it holds.
fn bisect(holds: impl Fn(f64) -> bool) -> f64 {
    let (mut below, mut above) = (0.0, 1.0);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(below, above);
        if holds(middle) {
            above = middle;
        } else {
            below = middle;
        }
    }
    above
}

/// The chance of at most so many of `runs`, if each has this chance: above 0, below 1.
fn at_most(found: u32, runs: u32, chance: f64) -> f64 {
    // In logarithms: no term alone has to be a number that fits.
    let odds = chance.ln() - (-chance).ln_1p();
    let mut term = f64::from(runs) * (-chance).ln_1p();
    let mut sum = term.exp();
    for k in 0..found {
        term += (f64::from(runs - k) / f64::from(k + 1)).ln() + odds;
        sum += term.exp();
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found}, not {expected}");
    }

    #[test]
    fn bounds_by_hand() {
        let none = Proportion {
            found: 0,
            runs: 2000,
        };
        // (1 - p)^2000 = 0.01.
        near(none.upper(0.01), 1.0 - 0.01_f64.powf(1.0 / 2000.0));
        assert_eq!(none.lower(0.01), 0.0);
        let all = Proportion { found: 7, runs: 7 };
        assert_eq!(all.upper(0.01), 1.0);
        near(all.lower(0.01), 0.01_f64.powf(1.0 / 7.0));
        // One of two: (1 - p)^2 + 2 p (1 - p) = 1 - p^2 and 1 - (1 - p)^2.
        let one = Proportion { found: 1, runs: 2 };
        near(one.upper(0.01), 0.99_f64.sqrt());
        near(one.lower(0.01), 1.0 - 0.99_f64.sqrt());
    }
}
