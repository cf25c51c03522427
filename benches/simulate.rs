//! Rehearsed rollouts a second, on one core: each with the traffic of the three hours before, the real
//! engine pass by pass, and CodeDeploy with its alarm on the same requests.
//!
//! `cargo bench --no-default-features --bench simulate`

use std::sync::atomic::{AtomicU64, Ordering};

use divan::Bencher;
use divan::counter::ItemsCount;
use lambda_canary::config::Policy;
use lambda_canary::judge::measure::EvidenceRules;
use lambda_canary::sim::rehearsal::{AliasAlarm, Bursts, Outage, Rehearsal, Scenario};

fn main() {
    divan::main();
}

/// Rollouts by the built-in rules and this plan.
fn rehearsal(plan: &str, scenario: Scenario) -> Rehearsal {
    let policy = Policy::default().with_plan(plan.parse().expect("a plan"));
    let rules = policy.expect("the plan fits").rules;
    let evidence = EvidenceRules::standard();
    Rehearsal::new(scenario, rules, evidence, AliasAlarm::default(), 1)
        .expect("it can be rehearsed")
}

/// Plays one run after the other.
fn play(bencher: Bencher, rehearsal: &Rehearsal) {
    let run = AtomicU64::new(0);
    bencher.counter(ItemsCount::new(1_usize)).bench(|| {
        rehearsal
            .run(run.fetch_add(1, Ordering::Relaxed))
            .expect("it ends")
    });
}

/// Thirty minutes at 10 % of so many requests a second, of which 0.5 % fail in both versions.
#[divan::bench(args = [1.0, 20.0, 1000.0], sample_count = 1000)]
fn thirty_minutes(bencher: Bencher, rate: f64) {
    play(
        bencher,
        &rehearsal("10%:30m", Scenario::steady(rate, 0.005, 0.005)),
    );
}

/// Thirty minutes in three steps, with bursts and an outage.
#[divan::bench(sample_count = 1000)]
fn thirty_minutes_in_steps(bencher: Bencher) {
    let scenario = Scenario {
        outages: vec![Outage {
            start: 12.0,
            minutes: 4.0,
            errors: 0.3,
        }],
        bursts: Some(Bursts {
            size: 4,
            per_hour: 20.0,
        }),
        ..Scenario::steady(20.0, 0.005, 0.005)
    };
    play(bencher, &rehearsal("5%:10m, 20%:10m, 50%:10m", scenario));
}
