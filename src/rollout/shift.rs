//! How CodeDeploy itself shifts a deployment's traffic, as its configuration says: for how long the
//! versions share it, and how long a guard has to watch at least.
//!
//! Refuses to know the configurations' names: one's own may have any.

use std::fmt;

use jiff::SignedDuration;

use crate::judge::duration::readable;

/// What a guard gets on top of the shift itself: for hooks, and for an end that is seen late.
const ROOM: SignedDuration = SignedDuration::from_mins(30);

/// A shorter window says little: an alarm of CloudWatch needs one to three minutes to notice, and
/// two or three bad minutes in a row to be sure.
const SHORT: SignedDuration = SignedDuration::from_mins(10);

/// How a deployment configuration shifts the traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shift {
    /// All of it in one step.
    AllAtOnce,
    /// A share first, and the rest after so many minutes.
    Canary {
        /// The share, 1 to 99.
        percent: u32,
        /// Until the rest follows.
        minutes: u32,
    },
    /// The same share again and again; the first one at once.
    Linear {
        /// The share, 1 to 99.
        percent: u32,
        /// From one to the next.
        minutes: u32,
    },
}

impl Shift {
    /// From the first share to all traffic, which is as long as both versions are served.
    #[must_use]
    pub fn lasts(self) -> SignedDuration {
        let minutes = match self {
            Self::AllAtOnce => 0,
            Self::Canary { minutes, .. } => u64::from(minutes),
            Self::Linear { percent, minutes } => {
                let shares = 100_u32.div_ceil(percent.clamp(1, 100));
                u64::from(shares - 1) * u64::from(minutes)
            }
        };
        // At most 99 times 2^32 minutes.
        SignedDuration::from_secs(i64::try_from(minutes * 60).unwrap_or(i64::MAX))
    }

    /// How long a guard may watch this shift: as the policy says, but never less than the shift
    /// takes. The policy's limit is made for a plan of our own, and stopping a deployment for being
    /// as slow as it was asked to be helps nobody.
    #[must_use]
    pub fn longest(self, policys: SignedDuration) -> SignedDuration {
        policys.max(self.lasts().saturating_add(ROOM))
    }

    /// Whether the versions share the traffic long enough at one weight for their counts to be
    /// compared.
    #[must_use]
    pub fn compares(self) -> bool {
        let minutes = match self {
            Self::AllAtOnce => 0,
            Self::Canary { minutes, .. } | Self::Linear { minutes, .. } => minutes,
        };
        SignedDuration::from_mins(i64::from(minutes)) >= crate::judge::measure::SHORTEST
    }

    /// Whether the versions share the traffic too shortly for the alarms to say much.
    #[must_use]
    pub fn is_short(self) -> bool {
        self != Self::AllAtOnce && self.lasts() < SHORT
    }
}

impl fmt::Display for Shift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lasts = readable(self.lasts());
        match self {
            Self::AllAtOnce => f.write_str("all traffic at once"),
            Self::Canary { percent, .. } => write!(f, "{percent}% for {lasts}, then the rest"),
            Self::Linear { percent, minutes } => {
                let every = readable(SignedDuration::from_mins(i64::from(*minutes)));
                write!(f, "{percent}% every {every}, {lasts} in all")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mins(minutes: i64) -> SignedDuration {
        SignedDuration::from_mins(minutes)
    }

    fn canary(minutes: u32) -> Shift {
        let percent = 10;
        Shift::Canary { percent, minutes }
    }

    fn linear(percent: u32, minutes: u32) -> Shift {
        Shift::Linear { percent, minutes }
    }

    #[test]
    fn how_long_the_versions_share_the_traffic() {
        for (shift, lasts) in [
            (Shift::AllAtOnce, 0),
            (canary(5), 5),
            (canary(30), 30),
            // At 10, 20, … 90 % for ten minutes each.
            (linear(10, 10), 90),
            (linear(10, 1), 9),
            (linear(50, 60), 60),
            // 30, 60, 90, 100 %.
            (linear(30, 2), 6),
            (linear(99, 7), 7),
            (linear(1, 29), 99 * 29),
        ] {
            assert_eq!(shift.lasts(), mins(lasts), "{shift:?}");
        }
    }

    #[test]
    fn no_number_is_too_odd() {
        for percent in [0, 100, u32::MAX] {
            assert!(!linear(percent, u32::MAX).lasts().is_negative());
            assert!(linear(percent, u32::MAX).longest(mins(1)).is_positive());
        }
    }

    #[test]
    fn a_guard_never_stops_a_shift_for_taking_its_time() {
        // The default policy's limit is 40 minutes.
        assert_eq!(linear(10, 10).longest(mins(40)), mins(120));
        assert_eq!(canary(5).longest(mins(40)), mins(40));
        assert_eq!(canary(5).longest(mins(1)), mins(35));
        assert_eq!(Shift::AllAtOnce.longest(mins(10)), mins(30));
    }

    #[test]
    fn three_minutes_at_a_weight_leave_one_to_compare_in() {
        for (minutes, compares) in [(2, false), (3, true), (10, true)] {
            assert_eq!(canary(minutes).compares(), compares, "{minutes}");
            assert_eq!(linear(10, minutes).compares(), compares, "{minutes}");
        }
        assert!(!Shift::AllAtOnce.compares());
    }

    #[test]
    fn under_ten_minutes_is_short() {
        for (shift, short) in [
            (canary(5), true),
            (canary(10), false),
            (linear(10, 1), true),
            (linear(10, 2), false),
            // There is no window that could be longer.
            (Shift::AllAtOnce, false),
        ] {
            assert_eq!(shift.is_short(), short, "{shift:?}");
        }
    }

    #[test]
    fn in_words() {
        for (shift, words) in [
            (Shift::AllAtOnce, "all traffic at once"),
            (canary(5), "10% for 5m, then the rest"),
            (linear(10, 10), "10% every 10m, 1h 30m in all"),
        ] {
            assert_eq!(shift.to_string(), words);
        }
    }
}
