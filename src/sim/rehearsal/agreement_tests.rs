//! The light simulation against the whole simulated AWS: the same rollouts, by the same engine,
//! end alike and take as long, but for chance.

use jiff::ToSpan as _;
use rand::RngExt;
use serde_json::json;

use super::stories::rules;
use super::*;
use crate::driver::{Assignment, Snapshot};
use crate::judge::alarms::AlarmRules;
use crate::judge::measure::EvidenceRules;
use crate::rollout::{Cause, Contenders, End, State, Version};
use crate::sim::ports::{SimPorts, play};
use crate::sim::streams::stream;
use crate::sim::{Behaviour, Service, World};

/// A rollout of five minutes at 10 %.
const PLAN: &str = "10%:5m";

/// Requests a second, and both versions' shares of errors.
type Cell = (f64, f64, f64);

/// How a run ended, and after how many seconds.
type Ends = Vec<(Ended, f64)>;

fn light((rate, stable, canary): Cell, runs: u64) -> Ends {
    let (scenario, evidence) = (
        Scenario::steady(rate, stable, canary),
        EvidenceRules::standard(),
    );
    let alarm = AliasAlarm::default();
    let rehearsal = Rehearsal::new(scenario, rules(PLAN), evidence, alarm, 11).unwrap();
    let run = |run| rehearsal.run(run).unwrap().rollout;
    (0..runs)
        .map(run)
        .map(|run| (run.ended, run.seconds))
        .collect()
}

fn whole((rate, stable, canary): Cell, runs: u64) -> Ends {
    (0..runs)
        .map(|run| in_the_world(rate, [stable, canary], run))
        .collect()
}

fn in_the_world(rate: f64, errors: [f64; 2], run: u64) -> (Ended, f64) {
    let began = jiff::Timestamp::from_second(1_800_000_000).unwrap();
    let began = began + stream(run, "start").random_range(0..60).seconds();
    let mut world = crate::sim::fixture::hello(run);
    for (version, error_rate) in ["1", "2"].into_iter().zip(errors) {
        let behaviour = Behaviour {
            error_rate,
            ..Behaviour::default()
        };
        world.set_behaviour("hello", version, behaviour).unwrap();
    }
    world.advance_to(began - 5.minutes());
    world.set_traffic("hello", "live", rate).unwrap();
    world.advance_to(began);
    let revision = revision(&mut world);
    let ports = SimPorts::new(world, "hello", "live");
    let contenders = Contenders {
        rollout: "agreement".parse().unwrap(),
        stable: Version::new(1),
        canary: Version::new(2),
    };
    let (alarms, evidence) = (AlarmRules::default(), EvidenceRules::standard());
    let assignment = Assignment::new(rules(PLAN), alarms, Some(evidence), TIMEOUT);
    let snapshot = Snapshot::new(State::new(contenders, revision, began));
    let mut acted = began;
    let snapshot = play(
        &ports,
        &assignment,
        snapshot,
        began + 3.hours(),
        |_| None,
        |ports, pass| {
            if pass.act.is_some() {
                acted = ports.now();
            }
        },
    );
    let ended = match snapshot.state.end() {
        Some(End::Promoted { .. }) => Ended::Promoted,
        Some(End::RolledBack {
            cause: Cause::Regression { .. },
        }) => Ended::RolledBack,
        Some(End::RolledBack {
            cause: Cause::TooLong { .. },
        }) => Ended::Inconclusive,
        other => panic!("{other:?}"),
    };
    (ended, acted.duration_since(began).as_secs_f64())
}

fn revision(world: &mut World) -> String {
    let input = json!({"FunctionName": "hello", "Name": "live"});
    let alias = world.call(Service::Lambda, "GetAlias", input).unwrap();
    alias["RevisionId"].as_str().unwrap().to_owned()
}

/// Shares and mean times agree within so many standard errors.
fn agree(cell: Cell, light: &Ends, whole: &Ends, errors: f64) {
    for ended in [Ended::Promoted, Ended::RolledBack, Ended::Inconclusive] {
        let [a, b] = [light, whole].map(|ends| times(ends, ended));
        let (n, m) = (light.len() as f64, whole.len() as f64);
        let [p, q] = [a.len() as f64 / n, b.len() as f64 / m];
        let both = (a.len() + b.len()) as f64 / (n + m);
        let error = (both * (1.0 - both) * (1.0 / n + 1.0 / m)).sqrt();
        assert!(
            (p - q).abs() <= errors * error + 1e-9,
            "{cell:?} {ended:?}: {p} and {q}"
        );
        if a.len() < 10 || b.len() < 10 {
            continue;
        }
        let [(mean, a), (other, b)] = [&a, &b].map(|times| mean_and_variance(times));
        // A tick is a quarter of a minute, and times pile up at few of them.
        let error = (a + b).sqrt() + 0.5;
        let all = format!("{cell:?} {ended:?}: {mean} and {other} seconds");
        assert!((mean - other).abs() <= errors * error, "{all}");
    }
}

fn times(ends: &Ends, ended: Ended) -> Vec<f64> {
    let of = ends.iter().filter(|(end, _)| *end == ended);
    of.map(|(_, seconds)| *seconds).collect()
}

/// The mean, and the variance of that mean.
fn mean_and_variance(times: &[f64]) -> (f64, f64) {
    let n = times.len() as f64;
    let mean = times.iter().sum::<f64>() / n;
    let squares: f64 = times.iter().map(|time| (time - mean).powi(2)).sum();
    (mean, squares / (n - 1.0) / n)
}

/// One cell in which all are promoted, one in which nearly all are put back, one in between, and
/// one in which some never get as many requests as it takes.
const CELLS: [Cell; 4] = [
    (10.0, 0.0, 0.0),
    (10.0, 0.01, 0.2),
    (10.0, 0.01, 0.06),
    (0.11, 0.0, 0.0),
];

#[test]
fn rollouts_end_as_in_the_whole_simulated_aws() {
    for cell in CELLS {
        agree(cell, &light(cell, 200), &whole(cell, 30), 4.0);
    }
}

/// The same to a finer scale; minutes without optimisation.
#[test]
#[ignore = "takes minutes; the test above does the same on fewer runs"]
fn rollouts_end_as_in_the_whole_simulated_aws_on_many_runs() {
    for cell in CELLS {
        let (light, whole) = (light(cell, 4000), whole(cell, 1000));
        for ended in [Ended::Promoted, Ended::RolledBack, Ended::Inconclusive] {
            let [a, b] = [&light, &whole].map(|ends| times(ends, ended));
            let (n, m) = (light.len() as f64, whole.len() as f64);
            let means = [&a, &b].map(|times| mean_and_variance(times).0);
            println!(
                "{cell:?} {ended:?}: {:.4} and {:.4}, {means:.1?} s",
                a.len() as f64 / n,
                b.len() as f64 / m
            );
        }
        agree(cell, &light, &whole, 4.0);
    }
}
