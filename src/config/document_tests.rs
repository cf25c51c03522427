//! Texts that are no JSON, or not only one object, or one with a key too many.

use super::policy_tests::{brief, hint, mistake, mistakes};
use super::{MistakeKind, Policy, TEXT_MAX};

#[test]
fn duplicate_keys_are_found_at_every_depth() {
    let text = r#"{"mode": "advise", "limits": {"poll": "15s", "poll": "15s"},
        "alarms": [{"name": "a", "name": "b"}], "mode": "enforce"}"#;
    let errors = mistakes(text);
    let kind = MistakeKind::DuplicateKey;
    assert_eq!(
        brief(&errors),
        [
            ("limits.poll", kind),
            ("alarms[0].name", kind),
            ("mode", kind)
        ]
    );
}

#[test]
fn texts_that_are_no_json() {
    let at = |line, column| MistakeKind::NotJson { line, column };
    const OBJECT: &str = r#"a policy is one JSON object, such as {"plan": "10%:5m"}"#;
    const QUOTES: &str = "text stands in double quotes; only true, false and null do without";
    for (text, kind, said) in [
        (
            "{\n  \"mode\": \"ä\",\n}",
            at(3, 1),
            "there is no comma before } or ]",
        ),
        (
            "{\"ä\": 'x'}",
            at(1, 7),
            "JSON's strings and keys stand in double quotes",
        ),
        ("{plan: 1}", at(1, 2), "JSON's keys stand in double quotes"),
        ("{ // x\n}", at(1, 3), "JSON has no comments"),
        ("plan: fast", at(1, 1), OBJECT),
        ("not yet", at(1, 2), OBJECT),
        ("{\"mode\": advise}", at(1, 10), QUOTES),
        ("{\"mode\": nope}", at(1, 11), QUOTES),
        ("{\"mode\": }", at(1, 10), ""),
        ("{\"a\": 1e999}", at(1, 11), ""),
        ("{\"a\": ", at(1, 6), ""),
    ] {
        let error = mistake(text);
        assert_eq!((error.kind, hint(&error)), (kind, said), "{text}: {error}");
    }
}

#[test]
fn what_json_is_expected_is_said_and_where() {
    let value = "not JSON: expected a string in double quotes, a number, true, false, null, [ or {";
    for (text, said) in [
        (
            "nothing",
            "not JSON: expected an object in { and } (line 1, column 2)".to_owned(),
        ),
        (
            "\n on",
            "not JSON: expected an object in { and } (line 2, column 2)".to_owned(),
        ),
        (
            "{\n\"evidence\": on}",
            format!("{value} (line 2, column 13)"),
        ),
        (
            "{\"evidence\": nul}",
            format!("{value} (line 1, column 17)"),
        ),
    ] {
        assert_eq!(mistake(text).message, said, "{text}");
    }
}

#[test]
fn texts_that_are_more_or_less_than_a_policy() {
    assert_eq!(mistake(" \n").kind, MistakeKind::Empty);
    assert_eq!(mistake("\u{feff}{}").kind, MistakeKind::ByteOrderMark);
    assert_eq!(
        brief(&mistakes("\u{feff}{\"mod\": 1} {}")),
        [
            ("", MistakeKind::ByteOrderMark),
            ("mod", MistakeKind::UnknownKey),
            (
                "",
                MistakeKind::TrailingText {
                    line: 1,
                    column: 12
                }
            ),
        ]
    );
    let full = format!("{{}}{}", " ".repeat(TEXT_MAX - 2));
    assert!(Policy::parse(&full).is_ok());
    assert_eq!(mistake(&format!("{full} ")).kind, MistakeKind::TooLarge);
}

#[test]
fn deep_nesting_is_refused() {
    for (open, n) in [
        ("[", TEXT_MAX),
        ("{\"a\":", TEXT_MAX / 5),
        ("{\"plan\":[", 400),
    ] {
        assert!(matches!(
            mistake(&open.repeat(n)).kind,
            MistakeKind::NotJson { .. }
        ));
    }
}
