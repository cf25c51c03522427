//! What one tick costs by itself, without any call: the judge and the decision.
//!
//! `cargo bench --bench tick`

use divan::{Bencher, black_box};
use jiff::{SignedDuration, Timestamp};
use lambda_canary::config::Policy;
use lambda_canary::judge::Verdict;
use lambda_canary::judge::alarms::{AlarmReading, AlarmState, Memory};
use lambda_canary::judge::evidence::{Counts, Evidence, Settings, Summary, Tally};
use lambda_canary::judge::measure::{
    self, CountsAnswer, EvidenceRules, Measured, MetricCounts, Pair, Series,
};
use lambda_canary::rollout::{
    self, AliasReading, AliasView, Contenders, Observation, State, Version, applied, tick,
};

fn main() {
    divan::main();
}

fn now() -> Timestamp {
    Timestamp::constant(1_800_000_000, 0)
}

fn alias() -> AliasView {
    AliasView {
        version: "1".to_owned(),
        weights: Default::default(),
        description: "production".to_owned(),
        revision: "a".to_owned(),
    }
}

fn policy(alarms: usize) -> Policy {
    let names = (0..alarms).map(|number| format!("alarm-{number}"));
    Policy::default()
        .with_alarms(names)
        .expect("the names differ")
}

fn readings(policy: &Policy) -> Vec<AlarmReading> {
    let reading = |rule: &lambda_canary::judge::alarms::AlarmRule| AlarmReading {
        name: rule.name.clone(),
        state: AlarmState::Ok,
        transitioned_at: now() - SignedDuration::from_mins(30),
        evaluation: None,
        changes: Vec::new(),
    };
    policy.alarms.alarms.iter().map(reading).collect()
}

/// A rollout at its first step, and what it sees there.
fn baking(policy: &Policy) -> (State, Observation) {
    let contenders = Contenders {
        rollout: "bench".parse().expect("a name"),
        stable: Version::new(1),
        canary: Version::new(2),
    };
    let mut seen = Observation {
        alias: AliasReading::Seen(alias()),
        verdict: Verdict::Pass,
        measured: Measured::default(),
        wish: None,
        failure: None,
    };
    let mut state = State::new(contenders, alias().revision, now());
    let command = loop {
        let decision = tick(&policy.rules, &state, now(), &seen);
        state = decision.state;
        if let Some(command) = decision.command {
            break command;
        }
    };
    let write = command.write();
    seen.alias = AliasReading::Seen(AliasView {
        weights: [("2".to_owned(), 0.1)].into(),
        description: write.description.clone(),
        ..alias()
    });
    (applied(state, &command, now()), seen)
}

/// The decision at a step, nothing being due.
#[divan::bench]
fn decide(bencher: Bencher) {
    let policy = policy(1);
    let (state, seen) = baking(&policy);
    let later = now() + SignedDuration::from_secs(15);
    bencher.bench(|| tick(&policy.rules, black_box(&state), later, black_box(&seen)));
}

/// The judge's look at that many alarms, and the decision.
#[divan::bench(args = [1, 10, 100])]
fn judge_and_decide(bencher: Bencher, alarms: usize) {
    let policy = policy(alarms);
    let (state, seen) = baking(&policy);
    let readings = readings(&policy);
    let (memory, verdict) = policy.alarms.judge(&Memory::default(), now(), &readings);
    assert_eq!(verdict, Verdict::Pass);
    let later = now() + SignedDuration::from_secs(15);
    bencher.bench(|| {
        let (memory, verdict) = policy.alarms.judge(black_box(&memory), later, &readings);
        let seen = Observation {
            verdict,
            ..seen.clone()
        };
        (memory, tick(&policy.rules, black_box(&state), later, &seen))
    });
}

/// A state to JSON and back, as Step Functions carries it.
#[divan::bench]
fn carry_state(bencher: Bencher) {
    let (state, _) = baking(&policy(1));
    bencher.bench(|| {
        let text = serde_json::to_string(black_box(&state)).expect("a state is JSON");
        serde_json::from_str::<rollout::State>(&text).expect("it was a state")
    });
}

/// An hour of counts with errors in every minute, and the summary with its bound.
#[divan::bench]
fn judge_an_hour_of_counts(bencher: Bencher) {
    let settings = Settings::default();
    let side = |invocations, errors| Tally::new(invocations, errors).expect("in order");
    let minute = Counts {
        canary: side(600, 1),
        stable: side(5400, 9),
    };
    bencher.bench(|| {
        let mut evidence = Evidence::default();
        for _ in 0..60 {
            evidence.take(black_box(&settings), black_box(&minute));
        }
        Summary::of(&evidence, &settings, minute)
    });
}

/// What a fetch of that many open minutes comes to, on top of what is closed.
#[divan::bench(args = [8, 20])]
fn weigh_a_fetch(bencher: Bencher, minutes: i64) {
    let rules = EvidenceRules::standard();
    let mut memory = measure::Memory::default();
    memory.saw(0, now() - SignedDuration::from_mins(minutes));
    memory.saw(1_000, now() - SignedDuration::from_mins(minutes));
    memory.saw(1_000, now());
    let series = |value: f64| -> Option<Series> {
        let at = |minute| (now() - SignedDuration::from_mins(minute), value);
        Some((0..=minutes).map(at).collect())
    };
    let counts = MetricCounts {
        canary: Pair {
            total: series(1_000.0),
            bad: series(3.0),
        },
        stable: Pair {
            total: series(9_000.0),
            bad: series(27.0),
        },
        ..MetricCounts::default()
    };
    let answer = CountsAnswer {
        metrics: vec![counts],
        throttles: None,
        failure: None,
    };
    bencher.bench(|| rules.weigh(black_box(&memory), 900, now(), black_box(&answer)));
}
