//! Many seeds at once, with progress and a count of what they reached.

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::coverage::{Coverage, ENOUGH};
use crate::model::Scenario;
use crate::{Args, kept, run, shrink};

/// How often progress is shown.
const PROGRESS: Duration = Duration::from_secs(10);

struct Soak<'a> {
    args: &'a Args,
    began: Instant,
    next: AtomicU64,
    done: AtomicU64,
    stop: AtomicBool,
    failures: Mutex<Vec<u64>>,
    coverage: Mutex<Coverage>,
}

/// Runs what failed once, and then as many seeds as asked.
pub fn many(args: &Args) -> ExitCode {
    let again = kept::broken();
    for broken in &again {
        println!("BROKEN: {broken}");
    }
    let soak = Soak {
        args,
        began: now(),
        next: AtomicU64::new(args.from),
        done: AtomicU64::new(0),
        stop: AtomicBool::new(false),
        failures: Mutex::default(),
        coverage: Mutex::default(),
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..args.jobs.max(1))
            .map(|_| scope.spawn(|| soak.work()))
            .collect();
        while workers.iter().any(|worker| !worker.is_finished()) {
            std::thread::park_timeout(PROGRESS.min(Duration::from_millis(200)));
            soak.progress();
        }
    });
    soak.conclude(again.is_empty())
}

#[allow(
    clippy::disallowed_methods,
    reason = "how long a soak takes is no part of what it plays"
)]
fn now() -> Instant {
    Instant::now()
}

impl Soak<'_> {
    fn work(&self) {
        let mut reached = Coverage::default();
        while !self.is_over() {
            let seed = self.next.fetch_add(1, Ordering::Relaxed);
            if seed >= self.args.from.saturating_add(self.args.seeds) {
                break;
            }
            match run(&Scenario::of(seed)) {
                Ok(mut played) => reached.add(&mut played),
                Err(broken) => {
                    println!("{}", shrink::report(seed, &broken));
                    self.failures
                        .lock()
                        .expect("nobody panics with it")
                        .push(seed);
                    self.stop.store(!self.args.all, Ordering::Relaxed);
                }
            }
            self.done.fetch_add(1, Ordering::Relaxed);
        }
        self.coverage
            .lock()
            .expect("nobody panics with it")
            .merge(reached);
    }

    fn is_over(&self) -> bool {
        let limit = self
            .args
            .minutes
            .map(|minutes| Duration::from_secs(minutes * 60));
        let late = limit.is_some_and(|limit| now().duration_since(self.began) >= limit);
        late || self.stop.load(Ordering::Relaxed)
    }

    fn rate(&self) -> (u64, f64) {
        let done = self.done.load(Ordering::Relaxed);
        let seconds = now().duration_since(self.began).as_secs_f64().max(0.001);
        #[allow(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = done as f64 / seconds;
        (done, rate)
    }

    fn progress(&self) {
        let (done, rate) = self.rate();
        let seconds = now().duration_since(self.began).as_secs();
        let text = format!("{done} seeds, {rate:.0} a second, {seconds} s");
        if std::io::stderr().is_terminal() {
            eprint!("\r{text} ");
        } else if seconds > 0
            && seconds.is_multiple_of(60)
            && now().duration_since(self.began).subsec_millis() < 200
        {
            eprintln!("{text}");
        }
    }

    fn conclude(self, again: bool) -> ExitCode {
        let (done, rate) = self.rate();
        let coverage = self.coverage.into_inner().expect("nobody panics with it");
        let failures = self.failures.into_inner().expect("nobody panics with it");
        if self.args.counts {
            print!("{coverage}");
        }
        println!(
            "\n{done} seeds from {} at commit {}, {rate:.0} a second: {} failed",
            self.args.from,
            shrink::commit(),
            failures.len()
        );
        let missing = if done >= ENOUGH {
            coverage.missing()
        } else {
            Vec::new()
        };
        for what in &missing {
            println!("NEVER REACHED: {what}");
        }
        match again && failures.is_empty() && missing.is_empty() {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        }
    }
}
