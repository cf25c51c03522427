//! Whole releases under troubles, by the thousand: the deployed functions' handlers, the real SDK, the
//! state machine and the simulated AWS, in virtual time, everything decided by one seed.
//!
//! `make soak SEEDS=20000` runs many; `make soak-one SEED=7` tells what happens in one.

mod account;
mod alone;
mod calls;
mod model;
mod notice;
mod properties;
mod record;
mod shrink;
#[cfg(test)]
mod stories;
mod system;
mod transcript;
mod trouble;
mod wire;

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use clap::Parser;

use model::Scenario;
use properties::Broken;

/// Releases under troubles; each is decided by its seed alone.
#[derive(Debug, Parser)]
struct Args {
    /// How many seeds.
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Only this one, told in full.
    #[arg(long)]
    seed: Option<u64>,
    /// That one in few words, as a transcript.
    #[arg(long, requires = "seed")]
    brief: bool,
    /// Of that one's troubles only these, by number.
    #[arg(long, value_delimiter = ',')]
    keep: Option<Vec<usize>>,
    /// How many at a time.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Go on after a failure.
    #[arg(long)]
    all: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match args.seed {
        Some(seed) => one(seed, args.keep.as_deref(), args.brief),
        None => many(&args),
    }
}

/// One seed, told in full.
fn one(seed: u64, keep: Option<&[usize]>, brief: bool) -> ExitCode {
    let mut scenario = Scenario::of(seed);
    if let Some(keep) = keep {
        scenario = scenario.keeping(keep);
    }
    println!("{}", shrink::described(&scenario));
    let mut played = system::play(&scenario, true);
    if brief {
        print!("{}", transcript::told(&mut played));
    } else {
        for line in played.record.told.iter().flatten() {
            println!("{line}");
        }
        for line in &played.record.logs {
            println!("log {line}");
        }
    }
    match properties::check(&mut played) {
        Ok(()) => {
            println!("every property holds; the alias is {}", played.alias);
            ExitCode::SUCCESS
        }
        Err(Broken { property, how }) => {
            println!("BROKEN: {property}: {how}");
            ExitCode::FAILURE
        }
    }
}

fn many(args: &Args) -> ExitCode {
    let next = AtomicU64::new(args.from);
    let (stop, failures) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    let end = args.from.saturating_add(args.seeds);
    std::thread::scope(|scope| {
        for _ in 0..args.jobs.max(1) {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        break;
                    }
                    if let Err(broken) = run(&Scenario::of(seed)) {
                        let text = shrink::report(seed, &broken);
                        println!("{text}");
                        failures.lock().expect("nobody panics with it").push(seed);
                        stop.store(!args.all, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().expect("nobody panics with it");
    println!("{} of {} seeds failed", failures.len(), args.seeds);
    if failures.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Plays a scenario and looks whether everything holds.
pub fn run(scenario: &Scenario) -> Result<system::Played, Broken> {
    let mut played = system::play(scenario, false);
    properties::check(&mut played)?;
    Ok(played)
}
