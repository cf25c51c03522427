//! The canary's share of the traffic.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The canary's share of the traffic, in steps of 0.01 % from 0 % to 100 %.
///
/// Kept as basis points so that two weights are equal exactly when they look equal; the fraction
/// that Lambda takes (0.0–1.0) exists only at the edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Weight(u16);

/// Why a text is not a weight.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAWeight {
    /// No percent sign or no number.
    #[error("\"{0}\" is not a weight: write a percentage such as \"10%\" or \"0.25%\"")]
    Form(String),
    /// Outside 0 % to 100 %.
    #[error("{0} is outside 0% to 100%")]
    Range(String),
    /// Finer than Lambda keeps.
    #[error("{0} is finer than the smallest step of 0.01%")]
    TooFine(String),
}

impl Weight {
    /// No traffic but direct invokes: a dark stage.
    pub const ZERO: Self = Self(0);
    /// All traffic.
    pub const FULL: Self = Self(10_000);

    /// The weight of `points` hundredths of a percent, if within 0–10 000.
    pub const fn from_basis_points(points: u16) -> Option<Self> {
        if points <= 10_000 {
            Some(Self(points))
        } else {
            None
        }
    }

    /// Whole percents, at most 100.
    pub(crate) const fn percent(percent: u16) -> Self {
        let points = percent * 100;
        assert!(points <= 10_000);
        Self(points)
    }

    /// The share in hundredths of a percent, 0 to 10 000.
    pub const fn basis_points(self) -> u16 {
        self.0
    }

    /// The share as Lambda takes it, 0.0–1.0.
    pub fn fraction(self) -> f64 {
        f64::from(self.0) / 10_000.0
    }

    /// The weight that Lambda shows as `fraction`; `None` if it is none that we could have
    /// written (finer than 0.01 %, out of range, not a number).
    pub fn from_fraction(fraction: f64) -> Option<Self> {
        let points = fraction * 10_000.0;
        let near = points.round();
        let ours = (0.0..=10_000.0).contains(&near) && (points - near).abs() < 1e-6;
        // In range, so the cast is exact.
        ours.then_some(Self(near as u16))
    }
}

impl FromStr for Weight {
    type Err = NotAWeight;

    fn from_str(text: &str) -> Result<Self, NotAWeight> {
        let form = || NotAWeight::Form(text.to_owned());
        let number = text.trim().strip_suffix('%').ok_or_else(form)?.trim();
        let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(part) {
            let negative = number.starts_with('-') && digits(&number[1..].replace('.', ""));
            return Err(if negative {
                NotAWeight::Range(text.to_owned())
            } else {
                form()
            });
        }
        let part = part.trim_end_matches('0');
        if part.len() > 2 {
            return Err(NotAWeight::TooFine(text.to_owned()));
        }
        let points = format!("{whole}{part:0<2}").parse::<u16>().ok();
        points
            .and_then(Self::from_basis_points)
            .ok_or_else(|| NotAWeight::Range(text.to_owned()))
    }
}

impl TryFrom<String> for Weight {
    type Error = NotAWeight;

    fn try_from(text: String) -> Result<Self, NotAWeight> {
        text.parse()
    }
}

impl From<Weight> for String {
    fn from(weight: Weight) -> Self {
        weight.to_string()
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / 100, self.0 % 100);
        let text = match part {
            0 => format!("{whole}%"),
            p if p % 10 == 0 => format!("{whole}.{}%", p / 10),
            p => format!("{whole}.{p:02}%"),
        };
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_weights() {
        for (text, points) in [
            ("10%", 1000),
            ("0.25%", 25),
            ("0%", 0),
            ("100%", 10_000),
            (" 33.30 % ", 3330),
            ("0.01%", 1),
        ] {
            assert_eq!(text.parse(), Ok(Weight(points)), "{text}");
        }
        assert_eq!(Weight(3330).to_string(), "33.3%");
        assert_eq!(Weight(1).to_string(), "0.01%");
    }

    #[test]
    fn bad_texts_say_what_is_wrong() {
        let parse = |s: &str| s.parse::<Weight>().unwrap_err();
        assert!(matches!(parse("10"), NotAWeight::Form(_)));
        assert!(matches!(parse("ten%"), NotAWeight::Form(_)));
        assert!(matches!(parse("%"), NotAWeight::Form(_)));
        assert!(matches!(parse("1e1%"), NotAWeight::Form(_)));
        assert!(matches!(parse("-5%"), NotAWeight::Range(_)));
        assert!(matches!(parse("100.01%"), NotAWeight::Range(_)));
        assert!(matches!(parse("99999999%"), NotAWeight::Range(_)));
        assert!(matches!(parse("0.125%"), NotAWeight::TooFine(_)));
    }

    proptest::proptest! {
        #[test]
        fn every_weight_survives_text_and_fraction(points in 0u16..=10_000) {
            let weight = Weight(points);
            proptest::prop_assert_eq!(weight.to_string().parse(), Ok(weight));
            proptest::prop_assert_eq!(Weight::from_fraction(weight.fraction()), Some(weight));
        }

        #[test]
        fn arbitrary_text_never_panics(text: String) {
            let _ = text.parse::<Weight>();
        }

        #[test]
        fn fractions_between_basis_points_are_nobodys(points in 0u16..10_000, off in 0.01f64..0.99) {
            proptest::prop_assert_eq!(Weight::from_fraction((f64::from(points) + off) / 10_000.0), None);
        }
    }
}
