//! Numbers as people read them: odds, percentages, thousands.

/// Odds above this are only said to be above it.
const ODDS_MAX: f64 = 1e6;
/// So much may be lost to rounding on the way to what is shown.
const LAST_DIGITS: f64 = 1e-7;

/// The odds against 1 whose log this is, never above what they are: 99.97 must not look like the 100 that are needed.
#[must_use]
pub fn odds(log: f64) -> String {
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
#[must_use]
pub fn percent(share: f64) -> String {
    let digits = digits(share);
    let text = format!("{:.digits$}", share * 100.0);
    let text = if share < 1.0 && text.starts_with("100") {
        format!("{:.digits$}", down(share * 100.0, 1000.0))
    } else {
        text
    };
    format!("{} %", trimmed(text))
}

/// A share as a percentage like [`percent`], but never below it.
#[must_use]
pub fn percent_up(share: f64) -> String {
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

/// A number with a comma between thousands.
#[must_use]
pub fn grouped(number: u64) -> String {
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
mod tests {
    use super::*;

    #[test]
    fn odds_never_look_like_more_than_they_are() {
        for (number, text) in [
            (99.999, "99.99:1"),
            (100.0, "100:1"),
            (20.0, "20:1"),
            (1.5, "1.5:1"),
            (0.25, "0.25:1"),
            (0.004, "below 0.01:1"),
            (12_345.9, "12,345:1"),
            (2e6, "over 1,000,000:1"),
        ] {
            assert_eq!(odds(f64::ln(number)), text, "{number}");
        }
        assert_eq!(odds(5000.0), "over 1,000,000:1");
    }

    #[test]
    fn percentages_have_two_digits() {
        for (share, text) in [
            (0.0, "0 %"),
            (1.0, "100 %"),
            (0.999_96, "99.996 %"),
            (0.999_999_9, "99.999 %"),
            (0.126, "12.6 %"),
            (0.0232, "2.3 %"),
            (0.000_147, "0.015 %"),
        ] {
            assert_eq!(percent(share), text, "{share}");
        }
        for (share, text) in [(0.01, "1 %"), (0.01001, "1.1 %"), (0.000_101, "0.011 %")] {
            assert_eq!(percent_up(share), text, "{share}");
        }
    }
}
