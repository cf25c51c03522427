//! What is counted: invocations and errors of both versions in the same minutes.

use serde::Serialize;

/// Invocations of one version in some minutes, and how many of them failed. There are never more
/// errors than invocations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Tally {
    invocations: u64,
    errors: u64,
}

/// More errors than invocations: the numbers do not belong together, or a part of the minute's
/// data is not there yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{errors} errors in {invocations} invocations")]
pub struct TooManyErrors {
    /// What was counted as invocations.
    pub invocations: u64,
    /// What was counted as errors.
    pub errors: u64,
}

/// One poll: both versions in the same minute, or in the same minutes at one weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// The canary.
    pub canary: Tally,
    /// The stable version.
    pub stable: Tally,
}

impl Tally {
    /// `errors` failed among `invocations`.
    ///
    /// # Errors
    /// If more failed than there were.
    pub const fn new(invocations: u64, errors: u64) -> Result<Self, TooManyErrors> {
        if errors > invocations {
            return Err(TooManyErrors {
                invocations,
                errors,
            });
        }
        Ok(Self {
            invocations,
            errors,
        })
    }

    /// How many invocations.
    #[must_use]
    pub const fn invocations(self) -> u64 {
        self.invocations
    }

    /// How many of them failed; at most as many as there were.
    #[must_use]
    pub const fn errors(self) -> u64 {
        self.errors
    }

    /// Both together. Stays at the largest number where the sum would not fit.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            invocations: self.invocations.saturating_add(other.invocations),
            errors: self.errors.saturating_add(other.errors),
        }
    }
}

impl Counts {
    /// Both polls together, for a sum to report. The judge takes polls one by one: at another
    /// weight the sum would mean something else.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            canary: self.canary.plus(other.canary),
            stable: self.stable.plus(other.stable),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_errors_than_invocations_are_refused() {
        assert!(Tally::new(0, 0).is_ok() && Tally::new(3, 3).is_ok());
        let error = Tally::new(3, 4).unwrap_err();
        assert_eq!(error.to_string(), "4 errors in 3 invocations");
    }

    #[test]
    fn a_sum_stays_in_order_at_the_end_of_the_numbers() {
        let most = Tally::new(u64::MAX, u64::MAX).expect("in order");
        let sum = most.plus(Tally::new(5, 1).expect("in order"));
        assert_eq!((sum.invocations(), sum.errors()), (u64::MAX, u64::MAX));
    }
}
