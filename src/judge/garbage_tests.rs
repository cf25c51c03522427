//! Garbage as what the judge reads: an alarm's history, counts, evidence that was stored, an answer.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::acceptance::{Expectation, Expectations, Expected, Outcome, Pattern, Pointer, accept};
use super::alarms::{AlarmState, StateChange};
use super::evidence::dispersion::dispersion;
use super::evidence::planner::{Planner, Traffic, min_clean_requests};
use super::evidence::{Counts, Evidence, Settings, Summary, Tally, combined};
use crate::garbage::{Kind, attacks, survives, text};

const HISTORY: Kind = Kind {
    name: "history",
    seeds: || {
        let state = |value: &str| json!({"stateValue": value, "stateReason": "r", "stateReasonData": {"version": "1.0"}});
        vec![
            json!({"version": "1.0", "oldState": state("OK"), "newState": state("ALARM")})
                .to_string(),
        ]
    },
    eat: |bytes| {
        if let Ok(change) = StateChange::from_history(Timestamp::MAX, &text(bytes)) {
            assert!(
                [
                    AlarmState::Ok,
                    AlarmState::Alarm,
                    AlarmState::InsufficientData
                ]
                .contains(&change.to)
            );
        }
    },
};

const COUNTS: Kind = Kind {
    name: "counts",
    seeds: || {
        let settings = json!({"alpha": 0.01, "alpha_accept": 0.05, "rho": 1.0, "delta": 0.0, "phi": 1.0, "eps": 0.001});
        let evidence = json!(Evidence::default());
        let polls = json!([
            [540, 0, 4860, 1],
            [560, 4, 5040, 0],
            [0, 0, 1, 1],
            [1, 1, 0, 0]
        ]);
        vec![json!({"settings": settings, "evidence": evidence, "polls": polls, "traffic": [5.0, 0.1, 0.001], "minutes": 5, "excess": 0.01, "confidence": 0.95}).to_string()]
    },
    eat: eat_counts,
};

const ANSWER: Kind = Kind {
    name: "answer",
    seeds: || {
        let answer = json!({"statusCode": 200, "body": json!({"ok": true, "items": [{"v": "2.1"}]}).to_string()});
        vec![
            json!({"at": "/body/items/0/v", "matches": "^2\\.", "equals": "2.1", "answer": answer.to_string()}).to_string(),
            json!({"at": "", "matches": "(a|b)*c{2,3}", "equals": {"a": [1.0]}, "answer": "{\"a\": [1]}"}).to_string(),
        ]
    },
    eat: eat_answer,
};

fn eat_counts(bytes: &[u8]) {
    let Ok(story) = serde_json::from_slice::<serde_json::Value>(bytes) else {
        return;
    };
    let part = |name: &str| story.get(name).cloned().unwrap_or_default();
    let settings: Settings = serde_json::from_value(part("settings")).unwrap_or_default();
    let mut evidence: Evidence = serde_json::from_value(part("evidence")).unwrap_or_default();
    let polls: Vec<[u64; 4]> = serde_json::from_value(part("polls")).unwrap_or_default();
    let fine = settings.check().map_err(|error| error.to_string()).is_ok();
    let mut sum = Counts::default();
    for [canary, canary_bad, stable, stable_bad] in &polls {
        let (Ok(canary), Ok(stable)) = (
            Tally::new(*canary, *canary_bad),
            Tally::new(*stable, *stable_bad),
        ) else {
            continue;
        };
        let counts = Counts { canary, stable };
        evidence.take(&settings, &counts);
        sum = sum.plus(counts);
        // Also settings that no policy has, which a state made up by somebody may have.
        let bounds = [
            evidence.upper_excess(&settings),
            evidence.upper_absolute(&settings),
        ];
        assert!(
            bounds.iter().all(|bound| (0.0..=1.0).contains(bound)),
            "{bounds:?}"
        );
        let _ = (evidence.regressed(&settings), evidence.accepted(&settings));
        let _ = Summary::of(&evidence, &settings, sum).to_string();
        let _ = combined(&[evidence.log_e_rollback(), evidence.log_e_accept(&settings)]);
    }
    let bad: Vec<u64> = polls.iter().flatten().copied().cycle().take(200).collect();
    let _ = (
        dispersion(&bad).to_string(),
        dispersion(&bad[..bad.len().min(40)]).to_string(),
    );
    let _ = min_clean_requests(&settings);
    let traffic: [f64; 3] = serde_json::from_value(part("traffic")).unwrap_or_default();
    let [requests_per_second, weight, base_rate] = traffic;
    let planner = Planner::new(
        settings,
        Traffic {
            requests_per_second,
            weight,
            base_rate,
        },
    );
    let number = |name: &str| part(name).as_f64().unwrap_or(0.5).clamp(1e-9, 0.999_999);
    let minutes = u32::try_from(part("minutes").as_u64().unwrap_or(1)).unwrap_or(u32::MAX);
    assert!(fine || planner.is_err(), "settings out of range were taken");
    if let Ok(planner) = planner.map_err(|error| error.to_string()) {
        let chance = planner.chance(minutes, number("excess"));
        assert!((0.0..=1.0).contains(&chance), "{chance}");
    }
}

fn eat_answer(bytes: &[u8]) {
    let story = serde_json::from_slice::<serde_json::Value>(bytes).unwrap_or_default();
    let part = |name: &str| {
        story
            .get(name)
            .and_then(|value| value.as_str().map(str::to_owned))
    };
    let whole = text(bytes);
    let at: Pointer = part("at")
        .unwrap_or_default()
        .parse()
        .unwrap_or_else(|_| "".parse().expect("the whole"));
    // A policy has no room for more.
    let short = &whole[..whole.floor_char_boundary(4_000)];
    let matches = Pattern::new(part("matches").as_deref().unwrap_or(short));
    let equals = Expected::Equals(story.get("equals").cloned().unwrap_or_default());
    let contains = Expected::Contains(part("at").unwrap_or_default());
    let whats = [
        Some(equals),
        Some(contains),
        matches.ok().map(Expected::Matches),
    ];
    let answer = whats.into_iter().flatten().map(|what| Expectation {
        at: at.clone(),
        what,
    });
    let expect = Expectations {
        status: Some(200),
        answer: answer.collect(),
        at_most: Some(SignedDuration::MIN),
    };
    let head = whole[..whole.floor_char_boundary(50_000)].to_owned();
    let texts = [part("answer"), Some(head)];
    for payload in texts.iter().map(Option::as_deref) {
        let (function_error, took) = (None, SignedDuration::MAX);
        let outcome = Outcome::Answered {
            payload,
            function_error,
            took,
        };
        if let super::acceptance::Acceptance::Fail(shortfalls) = accept(&expect, &outcome) {
            assert!(
                shortfalls
                    .iter()
                    .all(|shortfall| shortfall.to_string().len() < 2_000)
            );
        }
    }
}

#[test]
fn histories_of_all_kinds() {
    survives(&HISTORY);
}

#[test]
fn huge_histories() {
    attacks::survives_size(&HISTORY, "judge::garbage_tests::huge_histories", &[]);
}

#[test]
fn counts_of_all_kinds() {
    survives(&COUNTS);
}

#[test]
fn answers_of_all_kinds() {
    survives(&ANSWER);
}

#[test]
fn huge_answers() {
    let story = |matches: &str, answer: String| {
        json!({"at": "", "matches": matches, "equals": 1, "answer": answer})
            .to_string()
            .into_bytes()
    };
    let nested = (0..14).fold("1".to_owned(), |inside, _| json!({"a": inside}).to_string());
    let patterns = (1..600)
        .rev()
        .map(|n| format!("({})*$", ".*a?b?".repeat(n)));
    let mut small_enough = patterns.filter(|pattern| Pattern::new(pattern).is_ok());
    let largest = small_enough.next().expect("a pattern");
    let own = [
        (
            "a pattern as large as they get",
            story(&largest, json!("ab".repeat(500)).to_string()),
        ),
        (
            "a slow pattern",
            story("(a*)*(a*)*(a*)*$", json!("a".repeat(20_000)).to_string()),
        ),
        (
            "a large pattern",
            story("(a{999}){999}", "\"a\"".to_owned()),
        ),
        (
            "texts in texts",
            story("a", nested.chars().take(1 << 20).collect()),
        ),
    ];
    attacks::survives_size(&ANSWER, "judge::garbage_tests::huge_answers", &own);
}
