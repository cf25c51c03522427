//! How bursty the stable version's errors are, from its minutes before the rollout.
//!
//! Errors that come in bursts inside one version (one bad sandbox, one poison event retried) break
//! every test on counts: the judge then takes one incident for many. If each incident makes `phi`
//! errors, the variance of the errors per minute is `phi` times their mean; for errors that come
//! one by one, both are the same. So this measures variance over mean, which estimates the mean
//! size of a burst, each error counting as often as its burst is large.
//!
//! Whatever else makes minutes unlike each other (an outage, traffic that doubles) is measured
//! along. That makes the judge slower, never hastier. A burst that is longer than a minute is
//! only measured in parts, and so is too small here.

use std::fmt;

/// The latest minutes say it alone, if they show errors enough: the longer ago, the less alike.
pub const MINUTES_ENOUGH: usize = 60;
/// Where they do not, so many are looked at in all. After an hour without a burst one comes to the
/// canary far too often for `alpha`; after three hours it does not.
pub const MINUTES_MAX: usize = 180;
/// Fewer minutes say nothing: errors that come one by one would show 1.5 too often.
pub const MINUTES_MIN: usize = 30;
/// Fewer errors say nothing: two in one minute would be a pattern. Three can be one burst, and an
/// hour that shows just one must not be taken for one without; that two of three single errors
/// meet by chance, in one of twenty such hours, makes the judge only slower.
pub const ERRORS_MIN: u64 = 3;
/// Below this the errors are taken to come one by one; an hour of single errors shows 1 ± 0.2.
pub const NOTICEABLE: f64 = 1.5;
/// The most that is believed. Above it, no count of errors tells much.
pub const PHI_MAX: f64 = 10.0;

/// How bursty the errors are, and how far to believe it.
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use]
pub struct Dispersion {
    /// For [`super::Settings::phi`]; 1 to 10.
    pub phi: f64,
    /// Where it comes from.
    pub basis: Basis,
}

/// Where a dispersion comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Basis {
    /// Measured: variance over mean, before it was rounded down to 1 or capped at 10.
    Measured {
        /// Variance over mean of the errors per minute.
        ratio: f64,
    },
    /// Not measured: fewer than [`MINUTES_MIN`] minutes.
    TooFewMinutes {
        /// So many there were.
        minutes: usize,
    },
    /// Not measured: fewer than [`ERRORS_MIN`] errors.
    TooFewErrors {
        /// So many there were.
        errors: u64,
    },
}

/// Estimates `phi` from the stable version's errors, one number a minute, the oldest first: up to
/// [`MINUTES_MAX`] minutes in which it had traffic, those without errors included. The latest
/// [`MINUTES_ENOUGH`] count alone if they show errors enough.
pub fn dispersion(errors_by_minute: &[u64]) -> Dispersion {
    let hour = latest(errors_by_minute, MINUTES_ENOUGH);
    if sum(hour) >= ERRORS_MIN {
        measured(hour)
    } else {
        measured(latest(errors_by_minute, MINUTES_MAX))
    }
}

fn latest(errors_by_minute: &[u64], most: usize) -> &[u64] {
    let from = errors_by_minute.len().saturating_sub(most);
    &errors_by_minute[from..]
}

fn sum(errors_by_minute: &[u64]) -> u64 {
    let add = |sum: u64, errors: &u64| sum.saturating_add(*errors);
    errors_by_minute.iter().fold(0, add)
}

fn measured(errors_by_minute: &[u64]) -> Dispersion {
    let (minutes, errors) = (errors_by_minute.len(), sum(errors_by_minute));
    let unmeasured = |basis| Dispersion { phi: 1.0, basis };
    if minutes < MINUTES_MIN {
        return unmeasured(Basis::TooFewMinutes { minutes });
    }
    if errors < ERRORS_MIN {
        return unmeasured(Basis::TooFewErrors { errors });
    }
    let ratio = variance_over_mean(errors_by_minute);
    let phi = if ratio < NOTICEABLE {
        1.0
    } else {
        ratio.min(PHI_MAX)
    };
    Dispersion {
        phi,
        basis: Basis::Measured { ratio },
    }
}

/// At least two minutes, and errors in one of them.
fn variance_over_mean(errors_by_minute: &[u64]) -> f64 {
    let minutes = errors_by_minute.len() as f64;
    let errors = errors_by_minute.iter().map(|errors| *errors as f64);
    let mean = errors.clone().sum::<f64>() / minutes;
    let squares: f64 = errors.map(|errors| (errors - mean).powi(2)).sum();
    squares / (minutes - 1.0) / mean
}

impl fmt::Display for Dispersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phi = self.phi;
        match self.basis {
            Basis::Measured { ratio } if ratio < NOTICEABLE => {
                write!(f, "errors come one by one (variance over mean {ratio:.2})")
            }
            Basis::Measured { ratio } if ratio > PHI_MAX => write!(
                f,
                "errors come in bursts of {phi:.0} or more (variance over mean {ratio:.1})"
            ),
            Basis::Measured { .. } => write!(f, "errors come in bursts of about {phi:.1}"),
            Basis::TooFewMinutes { minutes } => write!(
                f,
                "errors are taken to come one by one: {minutes} minutes are too few to tell, \
                 {MINUTES_MIN} are needed"
            ),
            Basis::TooFewErrors { errors } => write!(
                f,
                "errors are taken to come one by one: {errors} are too few to tell, {ERRORS_MIN} \
                 are needed"
            ),
        }
    }
}

#[cfg(test)]
#[path = "dispersion_tests.rs"]
mod tests;
