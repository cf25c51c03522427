//! The one place that reads the process' clock.
//!
//! Everything else is handed its time. A [`Clock`] is either the real one, or a virtual one that
//! starts at a chosen moment and runs `speed` times as fast, or as fast as somebody else's time
//! passes. It does not sleep: it only says what time it is, and how long a virtual wait is in real
//! time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
    Real {
        start: Timestamp,
        since: Instant,
    },
    Scaled(Scaled),
    Following {
        start: Timestamp,
        from: Duration,
        passing: Passing,
    },
}

/// Somebody else's time: how long it has been passing.
#[derive(Clone)]
pub struct Passing(Arc<dyn Fn() -> Duration + Send + Sync>);

impl Passing {
    /// By what this says, which must never fall.
    pub fn of(passed: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self(Arc::new(passed))
    }
}

impl std::fmt::Debug for Passing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passing")
    }
}

#[derive(Clone, Debug)]
struct Scaled {
    start: Timestamp,
    speed: f64,
    /// How far it has run, over all clones.
    run: Arc<Mutex<Run>>,
}

#[derive(Debug)]
struct Run {
    /// The virtual time that had passed at `since`.
    passed: SignedDuration,
    since: Instant,
    /// How many want it to stand still.
    holds: usize,
}

/// As long as this lives, a virtual clock stands still. See [`Clock::hold`].
#[derive(Debug)]
#[must_use = "the clock goes on when this is dropped"]
pub struct Hold(Option<Scaled>);

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
        let run = Arc::new(Mutex::new(Run {
            passed: SignedDuration::ZERO,
            since: Instant::now(),
            holds: 0,
        }));
        Self {
            kind: Kind::Scaled(Scaled { start, speed, run }),
        }
    }

    /// A clock that shows `start` now and then goes as that time passes.
    #[must_use]
    pub fn following(start: Timestamp, passing: &Passing) -> Self {
        let (from, passing) = ((passing.0)(), passing.clone());
        Self {
            kind: Kind::Following {
                start,
                from,
                passing,
            },
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
            Kind::Scaled(clock) => clock.at(clock.passed(&clock.lock())),
            Kind::Following {
                start,
                from,
                passing,
            } => start
                .saturating_add((passing.0)().saturating_sub(*from))
                .unwrap_or(Timestamp::MAX),
        }
    }

    /// Skips ahead to `to`, on all clones, also while it stands still. A time in the past is a
    /// no-op, and the real clock does not skip.
    pub fn skip_to(&self, to: Timestamp) {
        if let Kind::Scaled(clock) = &self.kind {
            let mut run = clock.lock();
            let ahead = to.duration_since(clock.at(clock.passed(&run)));
            if ahead.is_positive() {
                run.passed = run.passed.saturating_add(ahead);
            }
        }
    }

    /// Lets a virtual clock and all its clones stand still until every hold is dropped. The real
    /// clock does not stop, nor does one that follows another.
    pub fn hold(&self) -> Hold {
        match &self.kind {
            Kind::Real { .. } | Kind::Following { .. } => Hold(None),
            Kind::Scaled(clock) => {
                clock.stop();
                Hold(Some(clock.clone()))
            }
        }
    }

    /// How long a wait of `virtual_time` takes in real time.
    #[must_use]
    pub fn real_duration(&self, virtual_time: Duration) -> Duration {
        match &self.kind {
            Kind::Real { .. } | Kind::Following { .. } => virtual_time,
            Kind::Scaled(Scaled { speed, .. }) => {
                Duration::try_from_secs_f64(virtual_time.as_secs_f64() / speed)
                    .unwrap_or(Duration::MAX)
            }
        }
    }
}

impl Scaled {
    fn lock(&self) -> MutexGuard<'_, Run> {
        // Nothing that holds the lock panics.
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn at(&self, passed: SignedDuration) -> Timestamp {
        self.start.checked_add(passed).unwrap_or(Timestamp::MAX)
    }

    /// The virtual time that has passed by now.
    fn passed(&self, run: &Run) -> SignedDuration {
        if run.holds > 0 {
            return run.passed;
        }
        let since = (run.since.elapsed().as_secs_f64() * self.speed).min(LONGEST_RUN);
        run.passed
            .saturating_add(SignedDuration::from_secs_f64(since))
    }

    fn stop(&self) {
        let mut run = self.lock();
        run.passed = self.passed(&run);
        run.holds += 1;
    }

    #[allow(
        clippy::disallowed_methods,
        reason = "the audited clock: this file is where time comes from"
    )]
    fn go_on(&self) {
        let mut run = self.lock();
        run.holds -= 1;
        run.since = Instant::now();
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(clock) = &self.0 {
            clock.go_on();
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
    fn a_held_clock_stands_still_on_all_clones_until_the_last_hold_is_gone() {
        let clock = Clock::scaled(START, 1_000.0);
        let (first, clone) = (clock.hold(), clock.clone());
        let second = clone.hold();
        let stopped = clone.now();
        drop(first);
        std::thread::sleep(Duration::from_millis(5));
        assert_eq!(clock.now(), stopped);
        clock.skip_to(stopped + Duration::from_secs(60));
        assert_eq!(clone.now(), stopped + Duration::from_secs(60));
        drop(second);
        std::thread::sleep(Duration::from_millis(5));
        let run = clone.now().duration_since(stopped);
        assert!(run >= SignedDuration::from_secs(65), "{run:?}");
        assert!(run < SignedDuration::from_secs(1_000), "{run:?}");
    }

    #[test]
    fn a_following_clock_goes_as_the_other_time_passes() {
        let passed = Arc::new(Mutex::new(Duration::from_secs(5)));
        let reading = Arc::clone(&passed);
        let passing = Passing::of(move || *reading.lock().expect("nobody panics"));
        let clock = Clock::following(START, &passing);
        assert_eq!(clock.now(), START);
        *passed.lock().expect("nobody panics") = Duration::from_secs(65);
        assert_eq!(clock.clone().now(), START + Duration::from_secs(60));
        assert_eq!(Clock::following(START, &passing).now(), START);
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
