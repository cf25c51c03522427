//! Many runs, on all cores.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::cli::console::Console;
use crate::judge::evidence::figures::grouped;
use crate::sim::rehearsal::{Rehearsal, Run, Unforeseen};

/// So many runs does a thread take at once.
const CHUNK: u64 = 16;
/// How often the bar moves.
const TICK: Duration = Duration::from_millis(200);
/// So many ticks lie between two plain lines: ten seconds.
const TICKS_A_LINE: u64 = 50;

/// Runs that are to be played, and how many of them have been.
#[derive(Debug)]
pub struct Work {
    runs: u64,
    next: AtomicU64,
    done: AtomicU64,
    stopped: AtomicBool,
}

impl Work {
    /// So many runs.
    pub fn of(runs: u64) -> Self {
        Self {
            runs,
            next: AtomicU64::new(0),
            done: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
        }
    }

    /// No run is begun any more.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// How far it is, in words.
    pub fn progress(&self) -> String {
        let done = self.done.load(Ordering::Relaxed);
        format!("{} of {} runs", grouped(done), grouped(self.runs))
    }

    fn percent(&self) -> u64 {
        self.done.load(Ordering::Relaxed) * 100 / self.runs.max(1)
    }

    /// The next runs to play.
    fn take(&self) -> Option<std::ops::Range<u64>> {
        let from = self.next.fetch_add(CHUNK, Ordering::Relaxed);
        let some = from < self.runs && !self.stopped.load(Ordering::Relaxed);
        some.then(|| from..(from + CHUNK).min(self.runs))
    }
}

/// Plays all runs on so many threads. The answer is in the runs' order, whoever played them.
///
/// # Errors
/// The first run that ended as none should, of those that were played.
pub fn play(rehearsal: &Rehearsal, work: &Work, threads: usize) -> Result<Vec<Run>, Unforeseen> {
    let mut played: Vec<(u64, Result<Run, Unforeseen>)> = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads.max(1))
            .map(|_| scope.spawn(|| play_some(rehearsal, work)))
            .collect();
        let played = threads.into_iter().flat_map(|thread| match thread.join() {
            Ok(played) => played,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        played.collect()
    });
    played.sort_unstable_by_key(|(run, _)| *run);
    played.into_iter().map(|(_, result)| result).collect()
}

fn play_some(rehearsal: &Rehearsal, work: &Work) -> Vec<(u64, Result<Run, Unforeseen>)> {
    let mut played = Vec::new();
    while let Some(runs) = work.take() {
        for run in runs {
            let result = rehearsal.run(run);
            if result.is_err() {
                work.stop();
            }
            played.push((run, result));
            work.done.fetch_add(1, Ordering::Relaxed);
        }
    }
    played
}

/// How far it is: a bar where there is a terminal, a line now and then elsewhere.
pub struct Display {
    console: Console,
    ticks: Interval,
    shown: u64,
}

impl Display {
    /// Nothing is shown yet.
    pub fn new(console: &Console) -> Self {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            console: console.clone(),
            ticks,
            shown: 0,
        }
    }

    /// Waits until it is time to show something.
    pub async fn tick(&mut self) {
        self.ticks.tick().await;
    }

    /// Shows how far it is.
    pub fn show(&mut self, work: &Work) {
        // Short work needs no display.
        let worth = self.shown > 2;
        if self.console.is_terminal() && worth {
            self.console.bar(work.percent(), work.progress());
        } else if self.shown > 0 && self.shown.is_multiple_of(TICKS_A_LINE) {
            self.console.say(&work.progress());
        }
        self.shown += 1;
    }

    /// Takes the display away.
    pub fn finish(&self) {
        self.console.no_bar();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Policy;
    use crate::judge::measure::EvidenceRules;
    use crate::sim::rehearsal::{AliasAlarm, Scenario};

    fn rehearsal(longest: Option<i64>) -> Rehearsal {
        let mut rules = Policy::default().rules;
        if let Some(minutes) = longest {
            rules.limits.longest = jiff::SignedDuration::from_mins(minutes);
        }
        let scenario = Scenario::steady(20.0, 0.01, 0.05);
        let (evidence, alarm) = (EvidenceRules::standard(), AliasAlarm::default());
        Rehearsal::new(scenario, rules, evidence, alarm, 1).unwrap()
    }

    #[test]
    fn the_number_of_threads_makes_no_difference() {
        let rehearsal = rehearsal(None);
        let play = |threads| play(&rehearsal, &Work::of(70), threads).unwrap();
        let alone = play(1);
        assert_eq!(alone.len(), 70);
        assert_eq!(play(3), alone);
        assert_eq!(play(8), alone);
        assert_eq!(rehearsal.run(69).unwrap(), alone[69]);
    }

    #[test]
    fn work_that_is_stopped_ends() {
        let work = Work::of(1_000_000);
        work.stop();
        assert_eq!(play(&rehearsal(None), &work, 2).unwrap(), []);
        assert_eq!(work.progress(), "0 of 1,000,000 runs");
    }

    #[test]
    fn one_run_that_ends_as_none_should_is_told() {
        let work = Work::of(1_000_000);
        let error = play(&rehearsal(Some(6)), &work, 2).unwrap_err();
        assert!(error.run < 64, "{error}");
    }
}
