//! `canary simulate`: what a plan or a policy does on given traffic, before there is a rollout.

mod many;
mod notes;
mod report;
mod timeline;

use std::sync::Arc;

use self::many::Work;
use self::report::Report;
use self::timeline::Timeline;
use super::args::Simulate;
use super::console::Console;
use super::error::CliError;
use super::exit::Exit;
use super::policy::{policy_error, read_policy};
use super::signals::Aborts;
use crate::config::Policy;
use crate::judge::measure::SHORTEST;
use crate::rollout::{Plan, Step, Weight};
use crate::sim::rehearsal::{BadScenario, Rehearsal, Scenario, Summary, Unforeseen};

/// The plan unless another one is asked for: the built-in one.
const WEIGHT: u16 = 1_000;
const MINUTES: u32 = 5;

/// Simulates, and says what came of it.
pub async fn simulate(console: &Console, arguments: &Simulate) -> Result<Exit, CliError> {
    let policy = policy_for(arguments)?;
    if policy.rules.plan.steps().is_empty() {
        return Err(impossible(BadScenario::NoSteps));
    }
    let evidence = policy.evidence.clone();
    let evidence = evidence.ok_or_else(|| counts_nothing(arguments, &policy))?;
    let (evidence, mut notes) = notes::simulated(&policy, evidence);
    let scenario = scenario(arguments);
    notes.extend(notes::of_traffic(arguments, &policy, &evidence));
    let rehearsal = Rehearsal::new(
        scenario,
        policy.rules.clone(),
        evidence.clone(),
        arguments.traffic.alarm,
        arguments.seed,
    );
    let rehearsal = rehearsal.map_err(impossible)?;
    if !arguments.json {
        notes
            .iter()
            .for_each(|note| console.say(&format!("note: {note}")));
    }
    let mut report = Report::new(arguments, &policy, &evidence, notes);
    if arguments.runs == 1 {
        let mut timeline = Timeline::new(&evidence);
        let watched = rehearsal.watch(0, |since, pass| timeline.see(since, pass));
        let (run, end) = watched.map_err(unforeseen)?;
        report.one(run, &end, timeline.text());
    } else {
        let runs = played(console, rehearsal, arguments.runs).await?;
        let rollouts = Summary::of(runs.iter().map(|run| &run.rollout));
        let codedeploy = Summary::of(runs.iter().map(|run| &run.codedeploy));
        report.many(rollouts, codedeploy);
    }
    console.result(&if arguments.json {
        report.json()?
    } else {
        report.text()
    })?;
    Ok(Exit::Success)
}

/// Plays all runs on all cores, and shows how far it is. A signal ends it.
async fn played(
    console: &Console,
    rehearsal: Rehearsal,
    runs: u64,
) -> Result<Vec<crate::sim::rehearsal::Run>, CliError> {
    let listening = Aborts::listen(console, "stopping");
    let mut aborts = listening.map_err(|error| CliError::plain(format!("signals: {error}")))?;
    let work = Arc::new(Work::of(runs));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let all = Arc::clone(&work);
    let mut played = tokio::task::spawn_blocking(move || many::play(&rehearsal, &all, threads));
    let mut display = many::Display::new(console);
    let played = loop {
        tokio::select! {
            played = &mut played => break played,
            _ = aborts.wait() => {
                work.stop();
                // What is under way takes no more than a moment.
                let _ = played.await;
                display.finish();
                return Err(CliError {
                    exit: Exit::Aborted,
                    ..CliError::plain(format!("stopped: {} were played, and nothing was made of them", work.progress()))
                });
            }
            () = display.tick() => display.show(&work),
        }
    };
    display.finish();
    let played =
        played.map_err(|error| CliError::plain(format!("the simulation broke: {error}")))?;
    played.map_err(unforeseen)
}

/// The policy that is tried.
fn policy_for(arguments: &Simulate) -> Result<Policy, CliError> {
    if let Some(file) = &arguments.policy {
        return read_policy(file);
    }
    let plan = match &arguments.plan {
        Some(text) => text.parse(),
        None => Plan::new(vec![Step {
            weight: arguments
                .weight
                .or(Weight::from_basis_points(WEIGHT))
                .unwrap_or(Weight::ZERO),
            bake: jiff::SignedDuration::from_mins(arguments.minutes.unwrap_or(MINUTES).into()),
        }]),
    };
    let plan = plan.map_err(|error| {
        CliError::usage(format!("--plan: {error}")).hint("`canary simulate --help` has examples")
    })?;
    // As where nothing is said of evidence: the built-in rules, if a step is long enough.
    Policy::default()
        .with_plan(plan)
        .map_err(|errors| CliError {
            exit: Exit::Usage,
            ..policy_error("--plan", &errors)
        })
}

fn scenario(arguments: &Simulate) -> Scenario {
    let traffic = &arguments.traffic;
    Scenario {
        canary_from: traffic.from,
        latency: traffic.latency.unwrap_or_default(),
        outages: traffic.outages.clone(),
        bursts: traffic.burst,
        ..Scenario::steady(arguments.rps, arguments.base_rate, arguments.canary_rate)
    }
}

fn counts_nothing(arguments: &Simulate, policy: &Policy) -> CliError {
    let shortest = SHORTEST.as_mins();
    let (why, hint) = if policy.is_too_short_to_compare() {
        (
            format!("no step lasts the {shortest} minutes that it takes to compare counts"),
            format!("take steps of {shortest} minutes or more"),
        )
    } else {
        (
            "the policy says that nothing is counted".to_owned(),
            "leave \"evidence\": false out of the policy".to_owned(),
        )
    };
    let what = format!("{why}: only alarms could stop the canary, and those cannot be simulated");
    let exit = match arguments.policy {
        Some(_) => Exit::Error,
        None => Exit::Usage,
    };
    CliError {
        exit,
        ..CliError::plain(what)
    }
    .hint(hint)
}

fn impossible(error: BadScenario) -> CliError {
    let hint = match &error {
        BadScenario::OutOfRange { .. } => "`canary simulate --help` has examples",
        BadScenario::NoSteps => "give the canary a share first, such as --plan 10%:5m",
        BadScenario::TooLong(_) => {
            "take shorter bakes, or set limits.longest in the policy to a week at most"
        }
    };
    CliError::usage(error.to_string()).hint(hint)
}

fn unforeseen(error: Unforeseen) -> CliError {
    CliError::plain(error.to_string())
        .hint("nothing is made of the other runs; raise limits.longest if that is what ended it")
}
