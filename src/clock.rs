//! The one place that reads the process' clock.
//!
//! Everything else is handed its time. A [`Clock`] is either the real one, or a virtual one that
//! starts at a chosen moment and runs `speed` times as fast. It does not sleep: it only says what
//! time it is, and how long a virtual wait is in real time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// The longest virtual time a clock will have run: a century, far inside jiff's range.
const LONGEST_RUN: f64 = 100.0 * 366.0 * 86_400.0;

/// A source of "now", real or virtual.
#[derive(Clone, Debug)]
pub struct Clock {
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Real { start: Timestamp, since: Instant },
    Scaled(Scaled),
}

#[derive(Clone, Debug)]
struct Scaled {
    start: Timestamp,
    since: Instant,
    speed: f64,
    /// Virtual nanoseconds that were skipped, over all clones.
    skipped: Arc<AtomicI64>,
}

impl Clock {
    /// The wall clock as it is now, and from then on real time as it passes: a correction of the
    /// wall clock in the middle of a rollout neither stops nor skips a wait.
    #[must_use]
    #[allow(
        clippy::disallowed_methods,
        reason = "the audited clock: this file is where time comes from"
    )]
    pub fn real() -> Self {
        let (start, since) = (Timestamp::now(), Instant::now());
        Self {
            kind: Kind::Real { start, since },
        }
    }

    /// A virtual clock: it shows `start` now and then runs `speed` times as fast as real time.
    /// Its clones show the same time.
    ///
    /// A speed that is not a finite number above zero counts as 1.
    #[must_use]
    #[allow(
        clippy::disallowed_methods,
        reason = "the audited clock: this file is where time comes from"
    )]
    pub fn scaled(start: Timestamp, speed: f64) -> Self {
        let speed = if speed.is_finite() && speed > 0.0 {
            speed
        } else {
            1.0
        };
        let skipped = Arc::new(AtomicI64::new(0));
        Self {
            kind: Kind::Scaled(Scaled {
                start,
                since: Instant::now(),
                speed,
                skipped,
            }),
        }
    }

    /// What time it is.
    #[must_use]
    #[allow(
        clippy::disallowed_methods,
        reason = "the audited clock: this file is where time comes from"
    )]
    pub fn now(&self) -> Timestamp {
        match &self.kind {
            Kind::Real { start, since } => start
                .saturating_add(since.elapsed())
                .unwrap_or(Timestamp::MAX),
            Kind::Scaled(clock) => {
                let run = (clock.since.elapsed().as_secs_f64() * clock.speed).min(LONGEST_RUN);
                let skipped = SignedDuration::from_nanos(clock.skipped.load(Ordering::Acquire));
                clock
                    .start
                    .checked_add(SignedDuration::from_secs_f64(run).saturating_add(skipped))
                    .unwrap_or(Timestamp::MAX)
            }
        }
    }

    /// Skips ahead to `to`, on all clones. A time in the past is a no-op, and the real clock does
    /// not skip.
    pub fn skip_to(&self, to: Timestamp) {
        if let Kind::Scaled(clock) = &self.kind {
            let ahead = to.duration_since(self.now()).as_nanos();
            if let Ok(ahead @ 1..) = i64::try_from(ahead) {
                clock.skipped.fetch_add(ahead, Ordering::AcqRel);
            }
        }
    }

    /// How long a wait of `virtual_time` takes in real time.
    #[must_use]
    pub fn real_duration(&self, virtual_time: Duration) -> Duration {
        match &self.kind {
            Kind::Real { .. } => virtual_time,
            Kind::Scaled(Scaled { speed, .. }) => {
                Duration::try_from_secs_f64(virtual_time.as_secs_f64() / speed)
                    .unwrap_or(Duration::MAX)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::constant(1_800_000_000, 0);

    #[test]
    fn a_scaled_clock_starts_at_its_start_and_runs_faster() {
        let clock = Clock::scaled(START, 1_000.0);
        std::thread::sleep(Duration::from_millis(20));
        let run = clock.now().duration_since(START);
        assert!(run >= SignedDuration::from_secs(20), "{run:?}");
        assert!(run < SignedDuration::from_secs(2_000), "{run:?}");
    }

    #[test]
    fn a_virtual_wait_is_divided_by_the_speed() {
        let wait = Duration::from_secs(60);
        assert_eq!(
            Clock::scaled(START, 60.0).real_duration(wait),
            Duration::from_secs(1)
        );
        assert_eq!(Clock::real().real_duration(wait), wait);
    }

    #[test]
    fn all_clones_skip_ahead_and_none_back() {
        let clock = Clock::scaled(START, 1.0);
        let clone = clock.clone();
        clock.skip_to(START + Duration::from_secs(3_600));
        clock.skip_to(START);
        let run = clone.now().duration_since(START);
        assert!((3_600..3_610).contains(&run.as_secs()), "{run:?}");
    }

    #[test]
    fn an_impossible_speed_counts_as_one() {
        for speed in [0.0, -3.0, f64::NAN, f64::INFINITY] {
            let clock = Clock::scaled(START, speed);
            assert_eq!(
                clock.real_duration(Duration::from_secs(7)),
                Duration::from_secs(7)
            );
        }
    }

    #[test]
    fn an_absurd_speed_neither_panics_nor_runs_back() {
        let clock = Clock::scaled(START, f64::MAX);
        assert!(clock.now() >= START);
        assert_eq!(
            Clock::scaled(START, 1e-300).real_duration(Duration::MAX),
            Duration::MAX
        );
    }
}
