//! Measured durations as people read them. What somebody wrote, such as a bake, is printed as it
//! was written; what a clock measured has digits that mean nothing.

use std::time::Duration;

use jiff::{RoundMode, SignedDuration, SignedDurationRound, Unit};

/// From here on tenths of a second mean nothing either.
const WHOLE: Duration = Duration::from_secs(10);
const SECOND: Duration = Duration::from_secs(1);

/// A duration to the millisecond below one second, to the tenth below ten, else to the second:
/// `12ms`, `1.2s`, `1m 30s`.
#[must_use]
pub fn readable(duration: SignedDuration) -> String {
    rounded(duration, RoundMode::HalfExpand)
}

/// The same rounded up: what took longer than a limit is never shown as the limit.
#[must_use]
pub fn readable_up(duration: SignedDuration) -> String {
    rounded(duration, RoundMode::Expand)
}

fn rounded(duration: SignedDuration, mode: RoundMode) -> String {
    // The least duration that there is has no positive counterpart.
    let size = duration.unsigned_abs();
    let round = SignedDurationRound::new().mode(mode);
    let round = match () {
        () if size < SECOND => round.smallest(Unit::Millisecond),
        () if size < WHOLE => round.smallest(Unit::Millisecond).increment(100),
        () => round.smallest(Unit::Second),
    };
    // Fails only next to the largest duration that there is.
    let near = duration.round(round).unwrap_or(duration);
    match near.subsec_millis().abs() / 100 {
        _ if near.is_zero() && !duration.is_zero() => "under 1ms".to_owned(),
        tenths @ 1.. if size >= SECOND => {
            let sign = if near.is_negative() { "-" } else { "" };
            format!("{sign}{}.{tenths}s", near.as_secs().unsigned_abs())
        }
        _ => format!("{near:#}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_digits_than_mean_something() {
        for (nanoseconds, near, up) in [
            (0_i64, "0s", "0s"),
            (999, "under 1ms", "1ms"),
            (11_851_115, "12ms", "12ms"),
            (11_100_000, "11ms", "12ms"),
            (999_900_000, "1s", "1s"),
            (1_000_000_000, "1s", "1s"),
            (1_234_567_890, "1.2s", "1.3s"),
            (9_960_000_000, "10s", "10s"),
            (12_345_678_901, "12s", "13s"),
            (90_400_000_000, "1m 30s", "1m 31s"),
            (-1_234_567_890, "-1.2s", "-1.3s"),
        ] {
            let duration = SignedDuration::from_nanos(nanoseconds);
            assert_eq!(readable(duration), near, "{nanoseconds}");
            assert_eq!(readable_up(duration), up, "{nanoseconds}");
        }
    }

    #[test]
    fn the_least_and_the_greatest_are_said_too() {
        let least = SignedDuration::from_secs(i64::MIN);
        for duration in [SignedDuration::MIN, least, SignedDuration::MAX] {
            assert!(!readable(duration).is_empty() && !readable_up(duration).is_empty());
        }
    }

    proptest::proptest! {
        #[test]
        fn any_duration_can_be_read(seconds: i64, nanoseconds in -999_999_999_i32..=999_999_999) {
            // Seconds and nanoseconds of different signs at the very end would be no duration.
            let seconds = seconds.clamp(i64::MIN + 1, i64::MAX - 1);
            let duration = SignedDuration::new(seconds, nanoseconds);
            proptest::prop_assert!(!readable(duration).is_empty());
            proptest::prop_assert!(!readable_up(duration).is_empty());
        }
    }
}
