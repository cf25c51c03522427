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

    /// A release by the stepper in which nothing goes wrong.
    fn calm() -> system::Played {
        let fits = |one: &Scenario| {
            let (stepper, counted) = (one.way == model::Way::Stepper, one.traffic > 0.0);
            stepper && !counted && !one.advise && one.weights.len() == 2 && one.weights[0] > 0.0
        };
        let found = (0..).map(Scenario::of).find(fits);
        let scenario = found.expect("there are such seeds").keeping(&[]);
        system::play(&scenario, false)
    }

    /// What is done to a record.
    type Breaks<'a> = &'a dyn Fn(&mut system::Played);

    /// A property that cannot fail proves nothing: each is shown a record that breaks it.
    #[test]
    fn every_property_can_fail() {
        let by_hand = |played: &mut system::Played, keeps_mark: bool| {
            let mut edit = played.record.changes[0].clone();
            (edit.by, edit.before) = (record::By::Person, edit.after.clone());
            edit.after.weights.clear();
            if !keeps_mark {
                edit.after.version = "3".to_owned();
                edit.after.description = "mine".to_owned();
            }
            played.record.changes.insert(1, edit);
        };
        let cases: [(&str, Breaks<'_>); 13] = [
            ("it comes to an end", &|played| played.rested = false),
            ("one rollout writes at a time", &|played| {
                let mut other = played.record.changes[0].clone();
                other.after.description = "[lambda-canary:d-other:1]".to_owned();
                played.record.changes.insert(1, other);
            }),
            ("nothing is left at the alias", &|played| {
                played.alias.weights.insert("2".to_owned(), 0.1);
            }),
            // Where nothing can be written for hours something may be left, but not in silence.
            ("nothing is left at the alias", &|played| {
                played.record.inject("aliases away".to_owned());
                "[lambda-canary:d-other:1]".clone_into(&mut played.alias.description);
            }),
            ("every hook is answered in time", &|played| {
                let hook = played.record.hooks.values_mut().next();
                hook.expect("a hook").closed = None;
            }),
            ("no weight without a look at the alarms", &|played| {
                played
                    .record
                    .calls
                    .iter_mut()
                    .for_each(|call| call.alarm = None);
            }),
            ("no success without a look at the alarms", &|played| {
                let last = played.record.changes[1].at;
                played.record.calls.retain(|call| call.at <= last);
            }),
            ("an abort at the alias is heeded", &|played| {
                by_hand(played, true)
            }),
            ("no write takes effect twice", &|played| {
                let again = played.record.changes[0].clone();
                played.record.changes.insert(1, again);
            }),
            ("no edit is overwritten", &|played| by_hand(played, false)),
            ("weights follow the plan", &|played| {
                played.record.changes[0]
                    .after
                    .weights
                    .insert("2".to_owned(), 0.04);
            }),
            ("CodeDeploy's version stays where it was", &|played| {
                "2".clone_into(&mut played.record.changes[0].after.version);
            }),
            ("no payload is told", &|played| {
                played.record.logs.push(model::SECRET.to_owned());
            }),
        ];
        for (property, breaks) in cases {
            let mut played = calm();
            assert_eq!(properties::check(&mut played), Ok(()));
            breaks(&mut played);
            let broken = properties::check(&mut played).expect_err(property);
            assert_eq!(broken.property, property);
        }
    }

    #[test]
    fn a_rollback_that_is_blocked_is_noticed() {
        let mut scenario = calm().scenario;
        let ring = trouble::Trouble::Act(trouble::When::At(40), trouble::Act::Ring);
        scenario.troubles.push(ring);
        let mut played = system::play(&scenario, false);
        assert_eq!(properties::check(&mut played), Ok(()));
        let hooks = played.record.hooks.values_mut();
        let of_rollback = hooks.filter(|hook| hook.deployment != played.deployment);
        of_rollback.for_each(|hook| hook.answers[0].1 = "Failed".to_owned());
        let broken = properties::check(&mut played).expect_err("a blocked rollback");
        assert_eq!(broken.property, "no rollback is blocked");
    }
}
