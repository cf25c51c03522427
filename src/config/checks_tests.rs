//! `checks` and `bake` by example.

use jiff::SignedDuration;
use serde_json::json;

use super::policy_tests::{brief, mistakes};
use super::{MistakeKind, Policy};
use crate::judge::acceptance::{Expectations, Expected, Pattern};

#[test]
fn a_check_comes_out_as_it_was_written() {
    let text = r#"{
        "checks": [
            {"name": "ping"},
            {
                "name": "health",
                "payload": {"n": [1, -2, 1.5, 1e30, true, null, "\u0007\"é"], "": {}},
                "expect": {
                    "status": 204,
                    "answer": [
                        {"at": "/a", "equals": null},
                        {"at": "", "contains": "x"},
                        {"at": "/b/0", "matches": "^v[0-9]"}
                    ],
                    "at_most": "1500ms"
                },
                "retries": 5
            }
        ],
        "bake": "50m"
    }"#;
    let policy = Policy::parse(text).unwrap();
    assert_eq!(policy.bake, SignedDuration::from_mins(50));
    let [ping, health] = policy.checks.as_slice() else {
        panic!("{:?}", policy.checks);
    };
    assert_eq!((ping.name.as_str(), ping.payload.as_str()), ("ping", "{}"));
    assert_eq!((ping.retries, &ping.expect), (0, &Expectations::default()));

    let payload: serde_json::Value = serde_json::from_str(&health.payload).unwrap();
    let numbers = json!([1, -2, 1.5, 1e30, true, null, "\u{7}\"é"]);
    assert_eq!(payload, json!({"n": numbers, "": {}}));
    assert_eq!((health.retries, health.expect.status), (5, Some(204)));
    assert_eq!(
        health.expect.at_most,
        Some(SignedDuration::from_millis(1500))
    );
    let answer = health.expect.answer.iter();
    let answer: Vec<_> = answer.map(|e| (e.at.to_string(), e.what.clone())).collect();
    let pattern = Pattern::new("^v[0-9]").unwrap();
    assert_eq!(
        answer,
        [
            ("/a".to_owned(), Expected::Equals(json!(null))),
            (
                "the whole answer".to_owned(),
                Expected::Contains("x".to_owned())
            ),
            ("/b/0".to_owned(), Expected::Matches(pattern)),
        ]
    );
}

#[test]
fn what_is_not_said_is_off() {
    let policy = Policy::parse("{}").unwrap();
    assert!(policy.checks.is_empty());
    assert_eq!(policy.bake, SignedDuration::ZERO);
    // Checks are before any traffic; they do not watch.
    assert!(
        !Policy::parse(r#"{"checks": [{"name": "a"}], "evidence": false}"#)
            .unwrap()
            .watches()
    );
}

#[test]
fn ten_checks_and_no_more() {
    let checks = |count: usize| {
        let checks: Vec<_> = (0..count).map(|n| json!({"name": n.to_string()})).collect();
        json!({ "checks": checks }).to_string()
    };
    assert_eq!(Policy::parse(&checks(10)).unwrap().checks.len(), 10);
    assert_eq!(
        brief(&mistakes(&checks(11))),
        [("checks", MistakeKind::TooMany)]
    );
}

#[test]
fn no_mistake_hides_another() {
    let text = r#"{"checks": [
        {"name": "a", "payload": {"x": 1, "x": {"y": 1, "y": 1}}},
        {"name": "a", "retries": -1, "expect": {"answer": [{"equals": {"k": 1, "k": 2}, "contains": ""}]}},
        {"name": "a\u0007"},
        {"name": "  ", "expect": []}
    ], "bake": null}"#;
    assert_eq!(
        brief(&mistakes(text)),
        [
            ("checks[0].payload.x", MistakeKind::DuplicateKey),
            ("checks[0].payload.x.y", MistakeKind::DuplicateKey),
            ("checks[1]", MistakeKind::Repeated),
            ("checks[1].retries", MistakeKind::OutOfRange),
            ("checks[1].expect.answer[0].at", MistakeKind::MissingKey),
            ("checks[1].expect.answer[0]", MistakeKind::Contradiction),
            (
                "checks[1].expect.answer[0].equals.k",
                MistakeKind::DuplicateKey
            ),
            ("checks[1].expect.answer[0].contains", MistakeKind::BadValue),
            ("checks[2].name", MistakeKind::BadValue),
            ("checks[3].name", MistakeKind::BadValue),
            ("checks[3].expect", MistakeKind::WrongType),
            ("bake", MistakeKind::WrongType),
        ]
    );
}
