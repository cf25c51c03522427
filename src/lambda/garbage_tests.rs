//! Garbage as events of CodeDeploy, EventBridge and Lambda, and as documents that a state machine
//! hands on: refused by name, in words that do not repeat it, or read to the end.

use serde_json::{Value, json};

use super::document::{Document, Next};
use super::event::{Event, wrapped};
use super::failure::Failure;
use super::hooks;
use super::recovery::Call;
use crate::garbage::{Kind, attacks, survives};

const EVENTS: Kind = Kind {
    name: "events",
    seeds: events,
    eat: eat_event,
};

const DOCUMENTS: Kind = Kind {
    name: "documents",
    seeds: documents,
    eat: eat_document,
};

fn events() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/events");
    let files = std::fs::read_dir(folder).expect("the events").flatten();
    let mut paths: Vec<_> = files.map(|file| file.path()).collect();
    paths.sort();
    let read = |path| std::fs::read_to_string(path).expect("an event");
    paths.into_iter().map(read).collect()
}

fn eat_event(bytes: &[u8]) {
    let event: Event = serde_json::from_slice(&wrapped(bytes)).expect("always readable");
    let event = match event.read() {
        Ok(event) => event,
        Err(failure) => return refused(&failure),
    };
    for hook in [hooks::parse(&event).map(drop), Call::read(&event).map(used)] {
        if let Err(failure) = hook {
            refused(&failure);
        }
    }
    if let Some(document) = event.get("document") {
        eat_document(document.to_string().as_bytes());
    }
}

fn refused(failure: &Failure) {
    assert_eq!(failure.name(), "BadEvent");
    assert!(failure.to_string().len() < 1_000_000);
}

fn used(call: Call) {
    match call {
        Call::Known(document) => eat_document(json!(document).to_string().as_bytes()),
        Call::Unread { arn, recovery } => drop(json!({"arn": arn, "recovery": recovery})),
    }
}

/// One of each way, with times, durations and counts for somebody to break.
fn documents() -> Vec<String> {
    let at = "2027-01-15T08:00:00Z";
    let limits = json!({"poll": "PT15S", "longest": "PT2H", "error_budget": "PT2M"});
    let contenders = json!({"rollout": "d-1", "stable": "1", "canary": "2", "started_at": at, "ticks": 7, "max_weight": "10%"});
    let with = |phase: Value| {
        let mut state = contenders.clone();
        state["phase"] = phase;
        state
    };
    let cause = json!({"why": "blind", "lasted": "PT3M", "budget": "PT2M", "error": "no"});
    let alarms = json!({"alarms": [{"name": "a"}], "insufficient_data": "hold"});
    let rules = json!({"metrics": [{"name": "errors", "source": {"from": "errors"}, "ratio": 1.0, "increase": 0.0}],
        "alpha": 0.01, "max_errors": 100, "min_requests": 30, "settle": 120, "timeout": 3});
    let bound = json!({"worse_ppm": 5, "sure_ppm": 950_000});
    let found = json!({"sufficiency": {"is": "enough"}, "metrics": [{"counted": [9, 1, 9, 1], "log_e": 0.5, "bound": bound, "bursts": 1.5}], "throttled": 3, "dropped": {"change": 1}});
    let ways = [
        json!({"is": "stepper", "assignment": {"rules": {"plan": [{"weight": "10%", "bake": "PT5M"}], "limits": limits, "mode": "enforce"}, "alarms": alarms, "evidence": rules},
            "snapshot": {"state": with(json!({"is": "rolling_back", "cause": cause, "since": at, "attempts": 9})), "evidence": {"last": found}}}),
        json!({"is": "guard", "rules": {"limits": limits, "mode": "advise"}, "alarms": alarms, "evidence": rules, "counted": {"last": found},
            "state": with(json!({"is": "stopping", "cause": cause, "since": at, "attempts": 9}))}),
        json!({"is": "bake", "alarms": alarms, "bake": {"since": at, "length": "PT10M", "deadline": at, "limits": limits, "mode": "enforce", "ticks": 7}}),
    ];
    let release =
        json!({"function": "f", "alias": "live", "stable": "1", "canary": "2", "deadline": at});
    let outcome = json!({"word": "rolled_back", "succeeded": false, "reason": "r", "end": {"as": "rolled_back", "cause": cause}});
    let documents = ways.into_iter().map(|way| {
        let carry = json!({"schema": 1, "release": release, "way": way, "ticks": 7, "outcome": outcome});
        json!({"hook": "pre_traffic", "event": {"DeploymentId": "d-1", "LifecycleEventHookExecutionId": "e"}, "next": "tick", "wait": 15,
            "recover": {"why": "w", "heard": {"is": "execution_ended", "name": "n", "redrives": 2, "began": at}}, "carry": carry, "error": {"Error": "E", "Cause": "c"}})
        .to_string()
    });
    documents.collect()
}

fn eat_document(bytes: &[u8]) {
    let Ok(document) = serde_json::from_slice::<Document>(bytes) else {
        return;
    };
    let _ = json!(document.subject());
    let Ok(Some(carry)) = document.carried() else {
        return;
    };
    assert!(carry.way.account()["way"].is_string());
    let end = carry
        .outcome
        .as_ref()
        .and_then(|outcome| outcome.end.as_ref());
    let _ = end.map(ToString::to_string);
    // What is carried on is the same rollout, unless it left the numbers.
    let again = document.carrying(&carry).then(Next::Tick).carried();
    assert!(again.is_err() || again == Ok(Some(carry)));
}

#[test]
fn events_of_all_kinds() {
    survives(&EVENTS);
}

#[test]
fn huge_events() {
    let event = json!({"DeploymentId": format!("d-{}", "A".repeat(1 << 20)), "LifecycleEventHookExecutionId": "e".repeat(1 << 20)});
    let own = [("a long id", event.to_string().into_bytes())];
    attacks::survives_size(&EVENTS, "lambda::garbage_tests::huge_events", &own);
}

#[test]
fn documents_of_all_kinds() {
    for document in documents() {
        let read: Document = serde_json::from_str(&document).expect("a document");
        assert!(
            read.carried().is_ok_and(|carry| carry.is_some()),
            "{:?}",
            read.carried()
        );
    }
    survives(&DOCUMENTS);
}
