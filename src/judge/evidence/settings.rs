//! What the evidence judge is told: how sure it has to be, and what it tolerates.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How sure the judge has to be, and what it tolerates. The fields are plain numbers; [`check`]
/// says which are out of range, and the judge expects that it found none.
///
/// [`check`]: Settings::check
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Largest chance that a canary no worse than tolerated is blamed, over a whole rollout;
    /// above 0, below 1.
    pub alpha: f64,
    /// Largest chance that a canary worse than `eps` is accepted, over a whole rollout; above 0,
    /// below 1.
    pub alpha_accept: f64,
    /// Tolerated ratio of the canary's error rate to the stable version's; above 0, finite.
    pub rho: f64,
    /// Tolerated increase of the error rate on top of the ratio, a share of the canary's
    /// invocations; from 0 to below 1.
    pub delta: f64,
    /// Size of the bursts in which errors come, see [`super::dispersion`]; 1 to 10.
    pub phi: f64,
    /// Acceptance shows that the excess over `rho` times the stable version's rate is below
    /// this share of the canary's invocations; above 0, below 1.
    pub eps: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            alpha: 0.01,
            alpha_accept: 0.05,
            rho: 1.0,
            delta: 0.0,
            phi: 1.0,
            eps: 0.001,
        }
    }
}

/// The settings that are out of range, all of them.
#[derive(Debug, Clone, PartialEq)]
pub struct SettingsError {
    /// Never empty.
    pub wrong: Vec<OutOfRange>,
}

/// One setting that is out of range.
#[derive(Debug, Clone, PartialEq)]
pub struct OutOfRange {
    /// The field's name.
    pub name: &'static str,
    /// What it is.
    pub value: f64,
    /// What it may be, in words.
    pub range: &'static str,
}

impl Settings {
    /// Whether every setting is in its range.
    ///
    /// # Errors
    /// If not: all that are out of range. Not-a-number is out of every range.
    pub fn check(&self) -> Result<(), SettingsError> {
        const INSIDE: &str = "above 0 and below 1";
        let inside = |value: f64| value > 0.0 && value < 1.0;
        let looked_at = [
            ("alpha", self.alpha, inside(self.alpha), INSIDE),
            (
                "alpha_accept",
                self.alpha_accept,
                inside(self.alpha_accept),
                INSIDE,
            ),
            (
                "rho",
                self.rho,
                self.rho > 0.0 && self.rho.is_finite(),
                "above 0 and finite",
            ),
            (
                "delta",
                self.delta,
                (0.0..1.0).contains(&self.delta),
                "from 0 to below 1",
            ),
            (
                "phi",
                self.phi,
                (1.0..=10.0).contains(&self.phi),
                "from 1 to 10",
            ),
            ("eps", self.eps, inside(self.eps), INSIDE),
        ];
        let wrong = looked_at.into_iter().filter(|(_, _, fine, _)| !fine);
        let wrong: Vec<OutOfRange> = wrong
            .map(|(name, value, _, range)| OutOfRange { name, value, range })
            .collect();
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(SettingsError { wrong })
        }
    }

    /// The log of the evidence that blames the canary: ln(1/`alpha`).
    #[must_use]
    pub fn log_needed_to_blame(&self) -> f64 {
        -self.alpha.ln()
    }

    /// The log of the evidence that accepts the canary: ln(1/`alpha_accept`).
    #[must_use]
    pub fn log_needed_to_accept(&self) -> f64 {
        -self.alpha_accept.ln()
    }
}

impl fmt::Display for OutOfRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, value, range } = self;
        write!(f, "{name} is {value}, but has to be {range}")
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, wrong) in self.wrong.iter().enumerate() {
            write!(f, "{}{wrong}", if at == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

impl std::error::Error for SettingsError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_in_range() {
        assert_eq!(Settings::default().check(), Ok(()));
    }

    #[test]
    fn every_setting_out_of_range_is_named_at_once() {
        let settings = Settings {
            alpha: 0.0,
            alpha_accept: 1.0,
            rho: f64::INFINITY,
            delta: 1.0,
            phi: 0.5,
            eps: f64::NAN,
        };
        let error = settings.check().unwrap_err();
        let names: Vec<&str> = error.wrong.iter().map(|wrong| wrong.name).collect();
        assert_eq!(
            names,
            ["alpha", "alpha_accept", "rho", "delta", "phi", "eps"]
        );
        assert!(
            error
                .to_string()
                .contains("phi is 0.5, but has to be from 1 to 10; eps is NaN"),
            "{error}"
        );
    }

    #[test]
    fn the_ends_of_the_ranges() {
        let fine = |change: fn(&mut Settings)| {
            let mut settings = Settings::default();
            change(&mut settings);
            settings.check().is_ok()
        };
        assert!(fine(|s| s.phi = 10.0) && fine(|s| s.phi = 1.0) && !fine(|s| s.phi = 10.1));
        assert!(fine(|s| s.delta = 0.999) && !fine(|s| s.delta = -0.001));
        assert!(fine(|s| s.rho = 1e-300) && fine(|s| s.rho = 1e300) && !fine(|s| s.rho = 0.0));
        assert!(!fine(|s| s.eps = 1.0) && !fine(|s| s.eps = 0.0));
        assert!(!fine(|s| s.alpha = 1.0) && !fine(|s| s.alpha_accept = 0.0));
    }
}
