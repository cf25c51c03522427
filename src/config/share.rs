//! Shares of requests: percentages as a plan's weights are written, and finer.

use std::{fmt, ops::RangeInclusive, str::FromStr};

use super::document::Value;
use super::mistakes::{MistakeKind, Mistakes, cut};
use super::walk::Place;

/// A share of all requests, in steps of 0.0001 %: one in a million.
///
/// A weight is never finer than 0.01 %, as Lambda keeps it; a busy function may well care about
/// less than that in errors. Counted in millionths, so that no text is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Share(u32);

/// Why a text is no share.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotAShare {
    #[error("\"{0}\" is not a share: write a percentage such as \"1%\" or \"0.1%\"")]
    Form(String),
    #[error("{0} is finer than the smallest step of 0.0001%")]
    TooFine(String),
    /// More than can be counted, or less than nothing.
    #[error("{0} is outside 0% to 100%")]
    Range(String),
}

/// None at all, up to all but one in a million.
pub(super) const BELOW_ALL: RangeInclusive<Share> = Share(0)..=Share(999_999);

/// At least one in a million.
pub(super) const SOME: RangeInclusive<Share> = Share(1)..=Share(999_999);

impl Share {
    /// As a fraction, 0.0–1.0.
    fn fraction(self) -> f64 {
        f64::from(self.0) / 1_000_000.0
    }

    /// Reads a share within a range, as a fraction.
    pub(super) fn read(
        at: &Place<'_>,
        range: &RangeInclusive<Self>,
        mistakes: &mut Mistakes,
    ) -> Option<f64> {
        let Value::Text(text) = at.value() else {
            let error = at.wrong_type("a string with a percentage such as \"0.1%\"");
            let error = match at.value() {
                Value::Number(number) => match format!("{number}%").parse::<Self>() {
                    // Whether 0.1 was meant as a fraction cannot be known.
                    Ok(share) if !number.contains('.') => error.hint(format!("write \"{share}\"")),
                    _ => error.hint("write the share in percent, such as \"0.1%\""),
                },
                _ => error,
            };
            at.add(error, mistakes);
            return None;
        };
        let text = cut(text);
        let error = match text.parse::<Self>() {
            Ok(share) if range.contains(&share) => return Some(share.fraction()),
            Err(error @ (NotAShare::Form(_) | NotAShare::TooFine(_))) => {
                at.error(MistakeKind::BadValue, error)
            }
            Ok(_) | Err(NotAShare::Range(_)) => {
                let (least, most) = (range.start(), range.end());
                let message = format!("{text} is out of range: {least} to {most}");
                at.error(MistakeKind::OutOfRange, message)
            }
        };
        at.add(error, mistakes);
        None
    }
}

impl FromStr for Share {
    type Err = NotAShare;

    fn from_str(text: &str) -> Result<Self, NotAShare> {
        let form = || NotAShare::Form(text.to_owned());
        let number = text.trim().strip_suffix('%').ok_or_else(form)?.trim();
        let (negative, number) = match number.strip_prefix('-') {
            Some(number) => (true, number),
            None => (false, number),
        };
        let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(part) {
            return Err(form());
        }
        let range = || NotAShare::Range(text.to_owned());
        if negative {
            return Err(range());
        }
        let part = part.trim_end_matches('0');
        if part.len() > 4 {
            return Err(NotAShare::TooFine(text.to_owned()));
        }
        let millionths = format!("{whole}{part:0<4}").parse().ok();
        let inside = millionths.filter(|&millionths| millionths <= 1_000_000);
        inside.map(Self).ok_or_else(range)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / 10_000, self.0 % 10_000);
        if part == 0 {
            return write!(f, "{whole}%");
        }
        let part = format!("{part:04}");
        write!(f, "{whole}.{}%", part.trim_end_matches('0'))
    }
}

#[cfg(test)]
#[path = "share_tests.rs"]
mod tests;
