//! What the evidence comes to, in one sentence for a person.

use std::fmt;

use super::figures::{grouped, odds, percent, percent_up};
use super::{Counts, Evidence, Settings};

/// The evidence and the counts that it is made of, as a sentence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// All polls together.
    pub counts: Counts,
    /// The log of the evidence against the canary.
    pub log_e: f64,
    /// The evidence at which it is blamed is 1/`alpha`; above 0, below 1.
    pub alpha: f64,
    /// The canary's excess is at most this, 0 to 1.
    pub upper: f64,
    /// How sure the bound is, above 0, below 1.
    pub confidence: f64,
}

impl Summary {
    /// Of this evidence; `counts` are all polls that it has taken, together.
    #[must_use]
    pub fn of(evidence: &Evidence, settings: &Settings, counts: Counts) -> Self {
        Self {
            counts,
            log_e: evidence.log_e_rollback(),
            alpha: settings.alpha,
            upper: evidence.upper_excess(settings),
            confidence: 1.0 - settings.alpha_accept,
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { canary, stable } = self.counts;
        if canary.invocations() == 0 {
            return f.write_str("the canary was not called, so there is no evidence");
        }
        let failed = |version: super::Tally| {
            let rate = version.errors() as f64 / version.invocations() as f64;
            let (errors, invocations) = (version.errors(), version.invocations());
            let (errors, invocations) = (grouped(errors), grouped(invocations));
            format!("failed {errors} of {invocations} ({})", percent(rate))
        };
        write!(f, "canary {}", failed(canary))?;
        if stable.invocations() == 0 {
            f.write_str(", stable was not called in the same minutes")?;
        } else {
            let stable = failed(stable);
            let stable = stable.trim_start_matches("failed ");
            write!(f, ", stable {stable} in the same minutes")?;
        }
        let (found, needed) = (odds(self.log_e), odds(-self.alpha.ln()));
        write!(f, "; evidence {found}, needed {needed}; ")?;
        if self.upper < 1.0 {
            let (upper, sure) = (percent_up(self.upper), percent(self.confidence));
            write!(f, "at most {upper} worse ({sure})")
        } else {
            f.write_str("how much worse it may be is not known")
        }
    }
}

#[cfg(test)]
#[path = "summary_tests.rs"]
mod tests;
