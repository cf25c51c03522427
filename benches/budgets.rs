//! What a tick may cost and what a rollout may carry, found by playing one, beside the budget.
//! Fails if a budget is not kept.
//!
//! `cargo bench --no-default-features --bench budgets`

use std::pin::pin;
use std::process::ExitCode;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use jiff::{SignedDuration, Timestamp};
use lambda_canary::clock::Clock;
use lambda_canary::config::Policy;
use lambda_canary::driver::{Act, AlarmsAnswer, Assignment, Observe, Pass, Snapshot, pass};
use lambda_canary::judge::alarms::{AlarmReading, AlarmState, Question};
use lambda_canary::judge::evidence::{Counts, Evidence, Settings, Tally};
use lambda_canary::judge::measure::{
    CountsAnswer, CountsQuestion, MetricCounts, Pair, Series, Versions,
};
use lambda_canary::rollout::{
    AliasReading, AliasView, AliasWrite, Contenders, State, Unapplied, Version,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Microseconds for a tick that judges this many polls.
const TICK_MAX: usize = 100;
const POLLS: i64 = 60;
/// Bytes of the judge's state for one metric.
const JUDGE_MAX: usize = 1024;
/// Bytes of a whole tick's document.
const DOCUMENT_MAX: usize = 8192;
/// Step Functions carries no more.
const CARRIED_MAX: usize = 256 * 1024;
/// Bytes of a tick's document around assignment and snapshot: hook, event, names, times. The
/// document's own test holds it.
const ENVELOPE: usize = 700;
/// An invocation takes at most so many seconds: minutes close that much later.
const TIMEOUT: u32 = 900;

const ONE: &str = r#"{"plan": "10%:2h", "alarms": ["checkout-errors"], "evidence": {}}"#;
/// Errors, latency, two metrics of one's own, three alarms, four steps.
const FOUR: &str = include_str!("four-metrics.json");
/// As many metrics as there may be, five of them one's own; ten alarms, six steps.
const SEVEN: &str = include_str!("seven-metrics.json");

fn main() -> ExitCode {
    let found: [(&str, usize, usize); 5] = [
        ("a tick that judges 60 minutes, µs", tick_time(), TICK_MAX),
        ("the judge's state, bytes", judge_bytes(), JUDGE_MAX),
        (
            "a tick's document, one metric, bytes",
            bytes(ONE),
            DOCUMENT_MAX,
        ),
        (
            "a tick's document, four metrics, bytes",
            bytes(FOUR),
            DOCUMENT_MAX,
        ),
        (
            "a tick's document, seven metrics, bytes",
            bytes(SEVEN),
            CARRIED_MAX,
        ),
    ];
    println!("{:42} {:>9} {:>9}", "", "most", "budget");
    for (what, most, budget) in found {
        println!("{what:42} {most:>9} {budget:>9}");
    }
    ExitCode::from(u8::from(
        found.iter().any(|(_, most, budget)| most > budget),
    ))
}

/// An alias that is written as asked, alarms that are OK, and traffic without a regression.
struct Ports {
    alias: Mutex<AliasView>,
    policy: Policy,
    now: Timestamp,
    /// Made beforehand, where its making is not to be measured.
    ready: Option<CountsAnswer>,
}

impl Ports {
    fn new(policy: &str) -> Self {
        Self {
            alias: Mutex::new(AliasView {
                version: "141".to_owned(),
                weights: Default::default(),
                description: "what the checkout page calls".to_owned(),
                revision: "0b7a7d6e-8a0c-4f6e-9d8b-000000000000".to_owned(),
            }),
            policy: Policy::parse(policy).expect("a policy"),
            now: Timestamp::constant(1_800_000_000, 0),
            ready: None,
        }
    }

    fn assignment(&self) -> Assignment {
        let Policy {
            rules,
            alarms,
            evidence,
            ..
        } = self.policy.clone();
        Assignment::new(rules, alarms, evidence, TIMEOUT)
    }

    fn begin(&self) -> Snapshot {
        let contenders = Contenders {
            rollout: "d-ab12cd34e".parse().expect("a name"),
            stable: Version::new(141),
            canary: Version::new(142),
        };
        let revision = self.alias.lock().expect("one thread").revision.clone();
        Snapshot::new(State::new(contenders, revision, self.now))
    }

    fn pass(&self, assignment: &Assignment, snapshot: &Snapshot) -> Pass {
        let passes = pass(self, assignment, snapshot, Ok(None), || self.now);
        let mut context = Context::from_waker(Waker::noop());
        match pin!(passes).poll(&mut context) {
            Poll::Ready(pass) => pass,
            Poll::Pending => unreachable!("these ports answer at once"),
        }
    }

    fn answer(&self, question: &CountsQuestion) -> CountsAnswer {
        let pair = |total, bad| Pair {
            total: self.series(question, total, total / 10),
            bad: self.series(question, bad, bad),
        };
        let history = if question.history.is_some() {
            pair(600_000, 600)
        } else {
            Pair::default()
        };
        let metric = MetricCounts {
            canary: pair(60_000, 60),
            stable: pair(540_000, 540),
            history,
            after: Pair::default(),
        };
        CountsAnswer {
            metrics: vec![metric; question.metrics.len()],
            throttles: self.series(question, 0, 3),
            failure: None,
        }
    }

    fn series(&self, question: &CountsQuestion, mean: u32, some: u32) -> Option<Series> {
        let span = question.span()?;
        let minutes = (0..).map(|minute| span.from + SignedDuration::from_mins(minute));
        let shown = minutes.take_while(|begins| *begins < span.to && *begins < self.now);
        let count = |begins: Timestamp| {
            // A minute's numbers are the same in every answer.
            let seed = begins.as_second().unsigned_abs() + u64::from(mean);
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            (begins, f64::from(mean + random.random_range(0..=some)))
        };
        Some(shown.map(count).collect())
    }
}

impl Observe for Ports {
    async fn alias(&self) -> AliasReading {
        AliasReading::Seen(self.alias.lock().expect("one thread").clone())
    }

    async fn alarms(&self, _: &Question) -> Result<AlarmsAnswer, String> {
        let reading = |name: &String| AlarmReading {
            name: name.clone(),
            state: AlarmState::Ok,
            transitioned_at: Timestamp::constant(1_799_990_000, 0),
            evaluation: None,
            changes: Vec::new(),
        };
        let rules = self.policy.alarms.alarms.iter();
        Ok(AlarmsAnswer {
            readings: rules.map(|rule| reading(&rule.name)).collect(),
            failure: None,
        })
    }

    async fn counts(&self, question: &CountsQuestion) -> Result<CountsAnswer, String> {
        let ready = self.ready.clone();
        Ok(ready.unwrap_or_else(|| self.answer(question)))
    }
}

impl Act for Ports {
    async fn write(&self, write: &AliasWrite) -> Result<(), Unapplied> {
        let mut alias = self.alias.lock().expect("one thread");
        alias.version = write.version.to_string();
        let weights = write.canary.iter();
        alias.weights = weights
            .map(|(version, weight)| (version.to_string(), weight.fraction()))
            .collect();
        alias.description.clone_from(&write.description);
        Ok(())
    }
}

/// The median time of a pass that fetches and judges an hour of minutes, with its clones.
fn tick_time() -> usize {
    let mut ports = Ports::new(ONE);
    let assignment = ports.assignment();
    let mut snapshot = ports.begin();
    // The weight is written; then nobody looks for an hour.
    for _ in 0..8 {
        snapshot = ports.pass(&assignment, &snapshot).snapshot;
        ports.now += SignedDuration::from_secs(15);
    }
    ports.now += SignedDuration::from_mins(POLLS);
    let after = ports.pass(&assignment, &snapshot).snapshot;
    let finding = after.evidence.finding().expect("it was counted");
    assert!(finding.metrics[0].counted[0] >= 58 * 60_000, "{finding:?}");
    let versions = Versions {
        stable: "141".to_owned(),
        canary: "142".to_owned(),
    };
    let counting = assignment.evidence.as_ref().expect("evidence is asked for");
    let question = counting
        .rules
        .question(&snapshot.evidence, &versions, ports.now);
    ports.ready = question.map(|question| ports.answer(&question));
    let clock = Clock::real();
    let time = |_| {
        let began = clock.now();
        std::hint::black_box(ports.pass(&assignment, std::hint::black_box(&snapshot)));
        clock.now().duration_since(began).as_nanos()
    };
    let mut nanoseconds: Vec<i128> = (0..2001).map(time).collect();
    nanoseconds.sort_unstable();
    usize::try_from(nanoseconds[1000] / 1000).expect("time goes on")
}

/// The most that a rollout ever carries, to its end, and what is around it.
fn bytes(policy: &str) -> usize {
    let mut ports = Ports::new(policy);
    let assignment = ports.assignment();
    let fixed = json(&assignment);
    let mut snapshot = ports.begin();
    let mut most = 0;
    for _ in 0..4 * 60 * 3 {
        snapshot = ports.pass(&assignment, &snapshot).snapshot;
        most = most.max(json(&snapshot));
        ports.now += SignedDuration::from_secs(15);
    }
    ENVELOPE + fixed + most
}

fn json<T: serde::Serialize>(of: &T) -> usize {
    serde_json::to_string(of).expect("it is JSON").len()
}

/// The most that the evidence of one metric ever takes, in a month of minutes of any size.
fn judge_bytes() -> usize {
    let mut random = ChaCha8Rng::seed_from_u64(2026);
    let settings = Settings {
        phi: 3.7,
        ..Settings::default()
    };
    let mut evidence = Evidence::default();
    let mut most = 0;
    for _ in 0..43_200 {
        let mut side = |most: u64| {
            let invocations = random.random_range(1..most);
            Tally::new(invocations, random.random_range(0..=invocations / 20)).expect("in order")
        };
        let counts = Counts {
            canary: side(10_000_000),
            stable: side(90_000_000),
        };
        evidence.take(&settings, &counts);
        most = most.max(json(&evidence));
    }
    most
}
