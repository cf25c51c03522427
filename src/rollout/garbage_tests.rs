//! Garbage as what a rollout reads: AppSpecs, words, and states that somebody else made up.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::bake::{Bake, Watched};
use super::guard::{DeploymentReading, Guard, GuardObservation, GuardRules, not_stopped, watch};
use super::plan::parse_duration;
use super::*;
use crate::garbage::{Kind, attacks, corpus, survives, text};
use crate::judge::duration::{readable, readable_up};
use crate::judge::measure::{Measured, Sufficiency};
use crate::judge::{Bound, Doubt, Regression, Verdict};

const APPSPEC: Kind = Kind {
    name: "appspec",
    seeds: appspecs,
    eat: |bytes| {
        if let Err(error) = Target::parse(&text(bytes)) {
            assert!(error.to_string().len() < 2_000 && !error.hint().is_empty());
        }
    },
};

const WORDS: Kind = Kind {
    name: "words",
    seeds: || {
        [
            "Canary10Percent5Minutes",
            "10%:5m, 50%:10m",
            "0.25%",
            "1h 30m",
            "-5m",
            "1500ms",
            "prod [lambda-canary:d-1:7]",
            "$LATEST",
            "18446744073709551615",
            "d-3QNEXAMPL",
            "d-3QNEXAMPL-pre-2",
            "d-3QNEXAMPL-post",
            "Succeeded",
            "BeforeAllowTraffic",
        ]
        .map(str::to_owned)
        .to_vec()
    },
    eat: eat_words,
};

const STATE: Kind = Kind {
    name: "state",
    seeds: states,
    eat: eat_state,
};

fn appspecs() -> Vec<String> {
    let yaml = "version: 0.0\nResources:\n  - Checkout:\n      Type: AWS::Lambda::Function\n      Properties:\n        Name: \"checkout\"\n        Alias: live\n        CurrentVersion: 1\n        TargetVersion: '2'\nHooks:\n  - BeforeAllowTraffic: hook\n";
    let json = json!({"version": "0.0", "Resources": [{"C": {"Type": "AWS::Lambda::Function",
        "Properties": {"Name": "checkout", "Alias": "live", "CurrentVersion": "1", "TargetVersion": 2}}}]});
    let flow = "{version: 0.0, Resources: [{C: {Type: 'AWS::Lambda::Function', Properties: {Name: a, Alias: b, CurrentVersion: 1, TargetVersion: 2}}}]}";
    vec![
        yaml.to_owned(),
        json.to_string(),
        flow.to_owned(),
        format!("%YAML 1.2\n---\n{yaml}...\n"),
    ]
}

fn eat_words(bytes: &[u8]) {
    let text = text(bytes);
    if let Ok(plan) = text.parse::<Plan>() {
        assert_eq!(
            serde_json::from_value::<Plan>(json!(plan)).ok(),
            Some(plan.clone())
        );
        let _ = (plan.to_string(), readable(plan.duration()));
    }
    if let Ok(weight) = text.parse::<Weight>() {
        assert_eq!(weight.to_string().parse(), Ok(weight));
    }
    if let Ok(duration) = parse_duration(&text) {
        let _ = (readable(duration), readable_up(duration));
        let step = Step {
            weight: Weight::ZERO,
            bake: duration,
        };
        let _ = Plan::new(vec![step]).map_err(|error| error.to_string());
    }
    if let (others, Some(mark)) = Mark::split(&text) {
        assert_eq!(
            Mark::split(&mark.join(others)),
            (others, Some(mark.clone()))
        );
    }
    if let Ok(version) = text.parse::<Version>() {
        assert_eq!(version.to_string().parse(), Ok(version));
    }
    if let Ok(name) = text.parse::<ExecutionName>() {
        assert!(name.next().to_string().len() <= 80);
    }
    let _ = text
        .parse::<DeploymentId>()
        .map(|id| id.rollout().to_string());
    let _ = text
        .parse::<DeploymentStatus>()
        .map_err(|error| error.to_string());
    let _ = Hook::of_lifecycle_event(&text);
}

/// What is carried between ticks, of all three ways.
#[derive(Deserialize)]
struct Carried {
    rules: Rules,
    state: State,
    guard_rules: GuardRules,
    guard: Guard,
    bake: Bake,
    view: AliasView,
    now: Timestamp,
}

fn states() -> Vec<String> {
    let at = "2027-01-15T08:00:00Z";
    let contenders = json!({"rollout": "r1", "stable": "1", "canary": "2"});
    let limits = json!({"poll": "PT15S", "longest": "PT2H", "error_budget": "PT2M"});
    let causes = [
        json!({"why": "passed"}),
        json!({"why": "aborted", "by": "somebody"}),
        json!({"why": "blind", "lasted": "PT3M", "budget": "PT2M", "error": "no"}),
        json!({"why": "refused", "error": "no"}),
        json!({"why": "too_long", "longest": "PT2H", "waiting_for": "a"}),
        serde_json::to_value(Cause::Regression {
            regression: Regression::TooManyErrors { errors: 3, most: 2 },
        })
        .expect("JSON"),
    ];
    let rolling = causes.iter().map(|cause| json!({"is": "rolling_back", "cause": cause, "since": at, "attempts": 9, "untouched": "a"}));
    let phases = [
        json!({"is": "starting", "revision": "a", "announced": true, "lost": true}),
        json!({"is": "starting", "revision": "b"}),
        json!({"is": "baking", "step": 0, "since": at}),
        json!({"is": "baking", "step": 1, "since": at}),
        json!({"is": "ended", "end": {"as": "failed", "failure": {"kind": "not_put_back", "cause": causes[2], "tried": "PT35M"}}}),
    ];
    let all = phases.into_iter().chain(rolling).enumerate().map(|(index, phase)| {
        let cause = &causes[index % causes.len()];
        let guard_phase = match index % 3 {
            0 => json!({"is": "watching", "would": cause, "arrived": at, "succeeded": true}),
            1 => json!({"is": "stopping", "cause": cause, "since": at, "attempts": 9}),
            _ => json!({"is": "ended", "end": {"as": "failed", "failure": {"kind": "not_stopped", "cause": cause, "tried": "PT35M", "error": "no"}}}),
        };
        let failing = json!({"since": at, "error": "no", "write": index % 2 == 0});
        let state = |phase: Value| {
            let mut state = json!({"started_at": at, "phase": phase, "failing": failing, "unexpected": "a", "keeps_zero": true, "ticks": 7, "max_weight": "10%", "shifted": true});
            state.as_object_mut().expect("an object").extend(contenders.as_object().cloned().expect("an object"));
            state
        };
        let mode = if index % 4 == 0 { "advise" } else { "enforce" };
        json!({
            "rules": {"plan": [{"weight": "0%", "bake": "PT0S"}, {"weight": "10%", "bake": "PT5M"}], "limits": limits, "mode": mode, "finish": if index % 2 == 0 { "promote" } else { "hand_over" }, "inconclusive": "rollback"},
            "state": state(phase),
            "guard_rules": {"limits": limits, "mode": mode, "inconclusive": "hold"},
            "guard": state(guard_phase),
            "bake": {"since": at, "length": "PT10M", "deadline": "2027-01-15T08:55:00Z", "limits": limits, "mode": mode, "failing": failing, "ticks": 7},
            "view": {"version": "1", "weights": {"2": 0.1}, "description": format!("prod [lambda-canary:r1:{}]", index % 3), "revision": "a"},
            "now": "2027-01-15T09:00:00Z",
        })
        .to_string()
    });
    all.collect()
}

/// What a tick may be told beside the alias.
fn told(now: Timestamp) -> Vec<(Verdict, Measured, Option<Wish>, Option<String>)> {
    let bound = Bound {
        worse_ppm: u32::MAX,
        sure_ppm: u32::MAX,
    };
    let doubt = Doubt::TooFewRequests {
        judged: u64::MAX,
        needed: u64::MAX,
        bound,
    };
    let regression = Regression::Worse {
        metric: "m".to_owned(),
        canary: u64::MAX,
        canary_bad: 0,
        stable: 0,
        stable_bad: u64::MAX,
        odds: u64::MAX,
        needed: 0,
    };
    let measured = |sufficiency, unjudged_from| Measured {
        sufficiency,
        unjudged_from,
    };
    let short = || Sufficiency::Short {
        doubt: doubt.clone(),
    };
    vec![
        (Verdict::Pass, Measured::default(), None, None),
        (
            Verdict::Pass,
            measured(
                Sufficiency::Accepted {
                    judged: u64::MAX,
                    bound,
                },
                Some(now),
            ),
            None,
            None,
        ),
        (
            Verdict::Pass,
            measured(short(), Some(Timestamp::MIN)),
            None,
            None,
        ),
        (
            Verdict::Pass,
            measured(short(), Some(Timestamp::MAX)),
            None,
            Some("e".repeat(500)),
        ),
        (
            Verdict::Inconclusive(vec![doubt.clone(); 3]),
            measured(short(), None),
            None,
            None,
        ),
        (Verdict::Fail(regression), Measured::default(), None, None),
        (
            Verdict::Pass,
            measured(short(), None),
            Some(Wish::Abort {
                by: "🦀".repeat(200),
            }),
            None,
        ),
    ]
}

fn eat_state(bytes: &[u8]) {
    let Ok(carried) = serde_json::from_slice::<Carried>(bytes) else {
        // What is left of it may still be read by itself.
        let _ = serde_json::from_slice::<State>(bytes);
        return;
    };
    let moments = [
        carried.now,
        Timestamp::MIN,
        Timestamp::UNIX_EPOCH,
        Timestamp::MAX,
    ];
    for now in moments {
        for (verdict, measured, wish, failure) in told(now) {
            for alias in [
                AliasReading::Seen(carried.view.clone()),
                AliasReading::Gone,
                AliasReading::Unreadable("no".to_owned()),
            ] {
                let seen = Observation {
                    alias,
                    verdict: verdict.clone(),
                    measured: measured.clone(),
                    wish: wish.clone(),
                    failure: failure.clone(),
                };
                step(&carried, now, &seen);
                watched(&carried, now, &seen);
            }
            let seen = Watched {
                verdict,
                measured,
                failure,
            };
            let (bake, baked) = carried.bake.clone().tick(now, &seen);
            let _ = format!("{} {baked:?}", json!(bake));
        }
    }
}

/// Ticks on, as a driver would.
fn step(carried: &Carried, mut now: Timestamp, seen: &Observation) {
    let mut state = carried.state.clone();
    for fate in 0..6 {
        let decision = tick(&carried.rules, &state, now, seen);
        let _ = (
            decision.reason.to_string(),
            json!(decision.reason).to_string(),
        );
        let _ = decision.would.map(|cause| cause.to_string());
        let mut wait = decision.wait;
        state = decision.state;
        if let Some(command) = &decision.command {
            let why = match fate % 4 {
                0 => Unapplied::Conflict,
                1 => Unapplied::Refused("no".repeat(300)),
                2 => Unapplied::Lost("🦀".repeat(100)),
                _ => {
                    state = applied(state, command, now);
                    continue;
                }
            };
            (state, wait) = unapplied(state, &carried.rules.limits, now, why);
        }
        let _ = (state.end().map(ToString::to_string), readable(wait));
        let again: State = serde_json::from_value(json!(state)).expect("its own words");
        assert_eq!(again, state);
        now = now.saturating_add(wait).unwrap_or(Timestamp::MAX);
    }
}

fn watched(carried: &Carried, mut now: Timestamp, seen: &Observation) {
    let mut state = carried.guard.clone();
    for status in [
        DeploymentStatus::InProgress,
        DeploymentStatus::Succeeded,
        DeploymentStatus::Stopped,
    ] {
        let observation = GuardObservation {
            deployment: DeploymentReading::Seen(status),
            alias: seen.alias.clone(),
            verdict: seen.verdict.clone(),
            measured: seen.measured.clone(),
            unheard_from: seen.measured.unjudged_from,
            wish: seen.wish.clone(),
            failure: seen.failure.clone(),
        };
        let decision = watch(&carried.guard_rules, &state, now, &observation);
        let _ = (
            decision.reason.to_string(),
            json!(decision.reason).to_string(),
        );
        let _ = decision.state.end().map(ToString::to_string);
        now = now.saturating_add(decision.wait).unwrap_or(Timestamp::MAX);
        state = not_stopped(decision.state, now, "no");
        let again: Guard = serde_json::from_value(json!(state)).expect("its own words");
        assert_eq!(again, state);
    }
}

#[test]
fn appspecs_of_all_kinds() {
    survives(&APPSPEC);
}

#[test]
fn huge_appspecs() {
    let within = "x: &a [1]\n".repeat(20_000);
    let key = format!("{}: 1\n", "k".repeat(200_000));
    let own = [
        ("anchors", within.into_bytes()),
        ("a long key", key.into_bytes()),
    ];
    attacks::survives_size(&APPSPEC, "rollout::garbage_tests::huge_appspecs", &own);
}

#[test]
fn words_of_all_kinds() {
    survives(&WORDS);
}

#[test]
fn huge_words() {
    attacks::survives_size(&WORDS, "rollout::garbage_tests::huge_words", &[]);
}

#[test]
fn states_of_all_kinds() {
    for state in states() {
        let read = serde_json::from_str::<Carried>(&state).map(|carried| carried.now);
        assert!(read.is_ok(), "{read:?} {state}");
    }
    // Else it would not show any more what it is kept for.
    for (name, bytes) in corpus::of(STATE.name) {
        let read = serde_json::from_slice::<Carried>(&bytes).map(|carried| carried.now);
        assert!(read.is_ok(), "{name}: {read:?}");
    }
    survives(&STATE);
}

#[test]
fn huge_states() {
    attacks::survives_size(&STATE, "rollout::garbage_tests::huge_states", &[]);
}
