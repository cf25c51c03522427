//! Whole releases under troubles, by the thousand: the deployed functions' handlers, the real SDK, the
//! state machine and the simulated AWS, in virtual time, everything decided by one seed.
//!
//! `make soak SEEDS=20000` runs many; `make soak-one SEED=7` tells what happens in one.

mod account;
mod alone;
mod calls;
mod coverage;
mod kept;
mod many;
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

use std::path::PathBuf;
use std::process::ExitCode;

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
    /// Stop after so many minutes, however many seeds are left.
    #[arg(long)]
    minutes: Option<u64>,
    /// Only this one, told in full.
    #[arg(long, conflicts_with = "scenario")]
    seed: Option<u64>,
    /// One seed or scenario in few words, as a transcript.
    #[arg(long)]
    brief: bool,
    /// Of that one's troubles only these, by number.
    #[arg(long, value_delimiter = ',', requires = "seed")]
    keep: Option<Vec<usize>>,
    /// Only the scenario in this file, told in full.
    #[arg(long)]
    scenario: Option<PathBuf>,
    /// How many at a time.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Go on after a failure.
    #[arg(long)]
    all: bool,
    /// Print how often everything was reached.
    #[arg(long)]
    counts: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match (args.seed, &args.scenario) {
        (Some(seed), _) => {
            let scenario = Scenario::of(seed);
            let kept = args.keep.as_deref().map(|kept| scenario.keeping(kept));
            one(&kept.unwrap_or(scenario), args.brief)
        }
        (None, Some(file)) => match kept::read(file) {
            Ok(scenario) => one(&scenario, args.brief),
            Err(why) => {
                eprintln!("{}: {why}", file.display());
                ExitCode::from(64)
            }
        },
        (None, None) => many::many(&args),
    }
}

/// One scenario, told in full.
fn one(scenario: &Scenario, brief: bool) -> ExitCode {
    println!("{}", shrink::described(scenario));
    println!("{}", serde_json::to_string(scenario).unwrap_or_default());
    let mut played = system::play(scenario, true);
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

/// Plays a scenario and looks whether everything holds.
fn run(scenario: &Scenario) -> Result<system::Played, Broken> {
    let mut played = system::play(scenario, false);
    properties::check(&mut played)?;
    Ok(played)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A slice of what `make soak` runs, from its beginning.
    const SEEDS: u64 = 60;

    #[test]
    fn every_property_holds_of_the_first_seeds() {
        for seed in 0..SEEDS {
            if let Err(broken) = run(&Scenario::of(seed)) {
                panic!("{}", shrink::report(seed, &broken));
            }
        }
    }

    #[test]
    fn what_failed_once_holds() {
        let failed = kept::broken();
        assert!(failed.is_empty(), "{}", failed.join("\n"));
    }

    #[test]
    fn a_seed_decides_everything() {
        for seed in [3, 147] {
            let told = || system::play(&Scenario::of(seed), true).record.told;
            assert_eq!(told(), told(), "seed {seed}");
        }
    }

    /// A property that cannot fail proves nothing: each is shown a release that breaks it.
    #[test]
    fn a_weight_that_is_left_is_noticed() {
        let mut played = system::play(&Scenario::of(1).keeping(&[]), false);
        assert_eq!(properties::check(&mut played), Ok(()));
        played.alias.weights.insert("2".to_owned(), 0.1);
        let broken = properties::check(&mut played).expect_err("a weight is left");
        assert_eq!(broken.property, "nothing is left at the alias");
    }
}
