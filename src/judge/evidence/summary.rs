//! What the evidence comes to, in one sentence for a person.

use std::fmt;

use super::{Counts, Evidence, Settings};

/// Odds above this are only said to be above it.
const ODDS_MAX: f64 = 1e6;
/// So much may be lost to rounding on the way to what is shown.
const LAST_DIGITS: f64 = 1e-7;

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
            f.write_str("how much worse it may be is not known yet")
        }
    }
}

/// Odds against 1, never above what they are: 99.97 must not look like the 100 that are needed.
fn odds(log: f64) -> String {
    let odds = log.exp();
    if odds > ODDS_MAX {
        return format!("over {}:1", grouped(ODDS_MAX as u64));
    }
    if odds >= 100.0 - LAST_DIGITS {
        return format!("{}:1", grouped(down(odds, 1.0) as u64));
    }
    let shown = trimmed(format!("{:.2}", down(odds, 100.0)));
    if shown == "0" {
        return "below 0.01:1".to_owned();
    }
    format!("{shown}:1")
}

/// Down to a whole number of 1/`steps`; a number that only lacks its last digits stays.
fn down(number: f64, steps: f64) -> f64 {
    (number * steps + LAST_DIGITS).floor() / steps
}

/// A share as a percentage with two digits, more where it would look like 100 % without being it.
pub(super) fn percent(share: f64) -> String {
    let digits = digits(share);
    let text = format!("{:.digits$}", share * 100.0);
    let text = if share < 1.0 && text.starts_with("100") {
        format!("{:.digits$}", down(share * 100.0, 1000.0))
    } else {
        text
    };
    format!("{} %", trimmed(text))
}

/// The same, but never below the share.
pub(super) fn percent_up(share: f64) -> String {
    let digits = digits(share);
    let steps = 10_f64.powi(digits as i32);
    let up = (share * 100.0 * steps - LAST_DIGITS).ceil() / steps;
    format!("{} %", trimmed(format!("{up:.digits$}")))
}

/// Digits behind the point for two in all, but at least one above 10 %.
fn digits(share: f64) -> usize {
    let percent = share * 100.0;
    if (99.95..100.0).contains(&percent) {
        return 3;
    }
    if percent >= 10.0 || percent <= 0.0 {
        return 1;
    }
    // At least 0, since the percentage is below 10.
    let leading = -percent.log10().floor();
    (leading as usize + 1).min(12)
}

/// Without zeros that say nothing, behind a point.
fn trimmed(text: String) -> String {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// With a comma between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
#[path = "summary_tests.rs"]
mod tests;
