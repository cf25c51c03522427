//! The document's way through JSON, as Step Functions carries it.

use jiff::SignedDuration;

use super::*;
use crate::judge::measure::{CountsAnswer, EvidenceRules, MetricCounts, Pair, Series};
use crate::rollout::{Contenders, Limits, Mode, Version};

fn at(second: i64) -> Timestamp {
    Timestamp::constant(1_800_000_000 + second, 0)
}

/// Ten minutes in which a third of all calls failed, so that no number is a round one.
fn counted(rules: &EvidenceRules) -> measure::Memory {
    let mut memory = measure::Memory::default();
    memory.saw(0, at(-70));
    memory.saw(1_000, at(-65));
    memory.saw(1_000, at(700));
    let series = |value: f64| -> Option<Series> {
        Some((0..10).map(|minute| (at(minute * 60), value)).collect())
    };
    let side = |total, bad| Pair {
        total: series(total),
        bad: series(bad),
    };
    let counts = MetricCounts {
        canary: side(30.0, 11.0),
        stable: side(270.0, 89.0),
        history: side(300.0, 100.0),
        ..MetricCounts::default()
    };
    let answer = CountsAnswer {
        metrics: vec![counts],
        ..CountsAnswer::default()
    };
    rules.weigh(&memory, 3, at(700), &answer)
}

fn guard(evidence: Option<Box<Counting>>, counted: Box<measure::Memory>) -> Way {
    let contenders = Contenders {
        rollout: "d-ab12cd34e".parse().expect("a name"),
        stable: Version::new(1),
        canary: Version::new(2),
    };
    Way::Guard {
        rules: GuardRules {
            limits: Limits {
                poll: SignedDuration::from_secs(15),
                longest: SignedDuration::from_mins(40),
                error_budget: SignedDuration::from_mins(2),
            },
            mode: Mode::Enforce,
            inconclusive: None,
        },
        alarms: AlarmRules::default(),
        state: Box::new(Guard::new(contenders, at(0))),
        memory: Memory::default(),
        evidence,
        counted,
    }
}

/// Bit by bit: evidence that is rounded on its way is other evidence.
#[test]
fn a_guards_evidence_survives_its_json() {
    let rules = EvidenceRules::standard();
    let counted = Box::new(counted(&rules));
    assert!(
        counted
            .finding()
            .is_some_and(|found| found.metrics[0].log_e != 0.0)
    );
    let counting = Counting { rules, timeout: 3 };
    let way = guard(Some(Box::new(counting)), counted);
    let json = serde_json::to_string(&way).expect("JSON");
    assert_eq!(serde_json::from_str::<Way>(&json).expect("it was one"), way);
    assert!(json.len() < 4_096, "{} bytes", json.len());
}

#[test]
fn a_guard_without_evidence_is_as_it_was() {
    let way = guard(None, Box::default());
    let json = serde_json::to_string(&way).expect("JSON");
    assert!(
        !json.contains("evidence") && !json.contains("counted"),
        "{json}"
    );
    assert_eq!(serde_json::from_str::<Way>(&json).expect("it was one"), way);
}

fn bake(evidence: Option<Box<EvidenceRules>>, counted: Box<measure::Alone>) -> Way {
    Way::Bake {
        alarms: AlarmRules::default(),
        bake: Box::new(Bake {
            since: at(0),
            length: SignedDuration::from_mins(10),
            deadline: at(3_300),
            limits: Limits {
                poll: SignedDuration::from_secs(15),
                longest: SignedDuration::from_mins(40),
                error_budget: SignedDuration::from_mins(2),
            },
            mode: Mode::Enforce,
            failing: None,
            ticks: 0,
        }),
        memory: Memory::default(),
        evidence,
        counted,
    }
}

#[test]
fn a_bake_carries_little_and_of_an_earlier_release_nothing_new() {
    let mut counted = measure::Alone::default();
    counted.saw(true, at(0));
    let rules = Box::new(EvidenceRules::standard());
    let way = bake(Some(rules), Box::new(counted));
    let json = serde_json::to_string(&way).expect("JSON");
    assert_eq!(serde_json::from_str::<Way>(&json).expect("it was one"), way);
    assert!(json.len() < 1_024, "{} bytes", json.len());
    let way = bake(None, Box::default());
    let json = serde_json::to_string(&way).expect("JSON");
    assert!(
        !json.contains("evidence") && !json.contains("counted"),
        "{json}"
    );
    assert_eq!(serde_json::from_str::<Way>(&json).expect("it was one"), way);
}

/// What is around a rollout's assignment and snapshot fits into what the benchmark of the
/// document's size allows for it.
#[test]
fn a_document_has_at_most_seven_hundred_bytes_around_its_rollout() {
    let event = HookEvent {
        deployment_id: "d-ABCDEF123".parse().expect("an id"),
        // As long as CodeDeploy's are, and a quarter more.
        lifecycle_event_hook_execution_id: "e".repeat(250),
    };
    let way = guard(None, Box::default());
    let inside = serde_json::to_string(&way).expect("JSON").len();
    let carry = Carry {
        schema: SCHEMA,
        release: Release {
            function: "f".repeat(64),
            alias: "production".to_owned(),
            stable: Version::new(1_041),
            canary: Version::new(1_042),
            deadline: at(3_600),
        },
        way,
        answered: true,
        ticks: 240,
        outcome: None,
    };
    let document = Document::of(Hook::PreTraffic, event).carrying(&carry);
    let json = serde_json::to_string(&document.after(15)).expect("JSON");
    // The names of a stepper's two parts.
    let names = r#""assignment":,"snapshot":,"#.len();
    let around = json.len() - inside + names;
    assert!((500..=700).contains(&around), "{around} bytes");
}
