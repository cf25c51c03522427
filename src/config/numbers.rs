//! Numbers within their ranges.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use super::document::Value;
use super::mistakes::{MistakeKind, Mistakes, cut};
use super::walk::Place;

/// Which numbers may stand somewhere.
pub(super) struct Numbers {
    /// The least, or, if it is 0, what they are above: no range here begins with 0 itself.
    pub(super) least: f64,
    /// The greatest.
    pub(super) most: f64,
}

impl Numbers {
    /// Reads a number within the range.
    pub(super) fn read(&self, at: &Place<'_>, mistakes: &mut Mistakes) -> Option<f64> {
        let Value::Number(text) = at.value() else {
            let error = at.wrong_type("a number");
            let error = match at.value() {
                Value::Text(text) => match self.meant(text) {
                    Some(number) => error.hint(format!("write {number}")),
                    None => error,
                },
                _ => error,
            };
            at.add(error, mistakes);
            return None;
        };
        // It was read from JSON, so it is a number.
        let number = text.parse().ok().filter(|number| self.has(*number));
        if number.is_none() {
            let message = format!("{} is out of range: {self}", cut(text));
            at.add(at.error(MistakeKind::OutOfRange, message), mistakes);
        }
        number
    }

    fn has(&self, number: f64) -> bool {
        number > 0.0 && self.least <= number && number <= self.most
    }

    /// The number that a text stands for, also as a percentage.
    fn meant(&self, text: &str) -> Option<f64> {
        let text = cut(text);
        let number = match text.strip_suffix('%') {
            Some(percent) => percent.trim().parse::<f64>().ok()? / 100.0,
            None => text.parse().ok()?,
        };
        self.has(number).then_some(number)
    }
}

impl Display for Numbers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { least, most } = self;
        if *least == 0.0 {
            write!(f, "above 0, at most {most}")
        } else {
            write!(f, "{least} to {most}")
        }
    }
}

/// Reads a whole number.
pub(super) fn whole<T: FromStr + PartialOrd + Display>(
    at: &Place<'_>,
    range: &RangeInclusive<T>,
    mistakes: &mut Mistakes,
) -> Option<T> {
    let digits = |number: &str| number.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    let number = match at.value() {
        Value::Number(number) if digits(number) => number,
        _ => {
            let error = at.wrong_type("a whole number");
            let error = match meant(at.value(), range) {
                Some(number) => error.hint(format!("write {number}")),
                None => error,
            };
            at.add(error, mistakes);
            return None;
        }
    };
    let parsed = number.parse().ok().filter(|value| range.contains(value));
    if parsed.is_none() {
        let (least, most) = (range.start(), range.end());
        let message = format!("{} is out of range: {least} to {most}", cut(number));
        at.add(at.error(MistakeKind::OutOfRange, message), mistakes);
    }
    parsed
}

/// The whole number that another spelling stands for: 1e3, 1000.0, "1000".
fn meant<T: FromStr + PartialOrd + Display>(value: &Value, range: &RangeInclusive<T>) -> Option<T> {
    /// Above, not every whole number has a spelling of its own.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let (Value::Number(text) | Value::Text(text)) = value else {
        return None;
    };
    let number: f64 = text.trim().parse().ok()?;
    let whole = number.fract() == 0.0 && number.abs() < EXACT;
    let number = whole.then(|| format!("{number:.0}").parse().ok())??;
    range.contains(&number).then_some(number)
}
