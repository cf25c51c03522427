//! Acceptance by example and by property.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn expectation(at: &str, what: Expected) -> Expectation {
    let at = at.parse().unwrap();
    Expectation { at, what }
}

fn equals(at: &str, value: Value) -> Expectations {
    Expectations {
        answer: vec![expectation(at, Expected::Equals(value))],
        ..Expectations::default()
    }
}

fn contains(at: &str, text: &str) -> Expectations {
    Expectations {
        answer: vec![expectation(at, Expected::Contains(text.to_owned()))],
        ..Expectations::default()
    }
}

fn matches(at: &str, pattern: &str) -> Expectations {
    let pattern = Pattern::new(pattern).unwrap();
    Expectations {
        answer: vec![expectation(at, Expected::Matches(pattern))],
        ..Expectations::default()
    }
}

fn answered(payload: &str) -> Outcome<'_> {
    Outcome::Answered {
        payload: Some(payload),
        function_error: None,
        took: SignedDuration::from_millis(120),
    }
}

/// What is said of an outcome; empty for a pass.
fn said(expect: &Expectations, outcome: &Outcome<'_>) -> Vec<String> {
    match accept(expect, outcome) {
        Acceptance::Pass => Vec::new(),
        Acceptance::Fail(shortfalls) => {
            assert!(!shortfalls.is_empty());
            shortfalls.iter().map(ToString::to_string).collect()
        }
    }
}

/// As functions answer HTTP: the body is a string.
fn http() -> String {
    let body = json!({"ok": true, "n": 1.0, "items": [{"id": "a"}], "deep": "{\"x\": \"[7]\"}"});
    json!({"statusCode": 200, "body": body.to_string(), "a/b": {"~": null}}).to_string()
}

#[test]
fn no_function_error_is_enough_if_nothing_else_is_asked() {
    let nothing = Expectations::default();
    for payload in ["{}", "null", "", "no JSON", "\"text\""] {
        assert_eq!(accept(&nothing, &answered(payload)), Acceptance::Pass);
    }
    let empty = Outcome::Answered {
        payload: None,
        function_error: None,
        took: SignedDuration::ZERO,
    };
    assert_eq!(accept(&nothing, &empty), Acceptance::Pass);
}

#[test]
fn values_are_found_also_inside_a_body_that_is_a_string() {
    let http = http();
    for (at, value) in [
        ("/statusCode", json!(200)),
        ("/body/ok", json!(true)),
        ("/body/n", json!(1)),
        ("/body/items/0/id", json!("a")),
        ("/body/items", json!([{"id": "a"}])),
        ("/body/deep/x/0", json!(7)),
        ("/body/deep", json!({"x": "[7]"})),
        ("/body/deep", json!("{\"x\": \"[7]\"}")),
        ("/a~1b/~0", json!(null)),
    ] {
        assert_eq!(said(&equals(at, value), &answered(&http)), [""; 0], "{at}");
    }
    for at in [
        "/body/no",
        "/body/items/1",
        "/body/items/00",
        "/body/items/-",
        "/body/ok/x",
        "/nothing",
        "/",
    ] {
        let expected = [format!("{at}: expected true, found nothing")];
        assert_eq!(said(&equals(at, json!(true)), &answered(&http)), expected);
    }
}

#[test]
fn what_is_said_has_the_kind_and_not_the_value() {
    let answer = r#"{"a": "secret", "n": 41, "l": ["secret"], "o": {"secret": 1}, "b": false}"#;
    for (expect, expected) in [
        (equals("/a", json!(1)), "/a: expected 1, found a text"),
        (
            equals("/a", json!("x")),
            "/a: expected \"x\", found a text that is different",
        ),
        (
            equals("/n", json!(42)),
            "/n: expected 42, found a number that is different",
        ),
        (
            equals("/b", json!(true)),
            "/b: expected true, found a boolean that is different",
        ),
        (equals("/l", json!({})), "/l: expected {}, found an array"),
        (
            equals("", json!("x")),
            "the whole answer: expected \"x\", found an object",
        ),
        (
            contains("/a", "ok"),
            "/a: expected a text with \"ok\" in it, found a text",
        ),
        (
            contains("/n", "4"),
            "/n: expected a text with \"4\" in it, found a number",
        ),
        (
            matches("/a", "^ok$"),
            "/a: expected a text that matches \"^ok$\", found a text",
        ),
        (
            matches("/o", "."),
            "/o: expected a text that matches \".\", found an object",
        ),
    ] {
        assert_eq!(said(&expect, &answered(answer)), [expected]);
    }
    let garbage = said(&equals("/a", json!(1)), &answered("secret <html>"));
    assert_eq!(
        garbage,
        ["/a: expected 1, found an answer that is not JSON"]
    );
    assert_eq!(
        said(&equals("/a", json!(1)), &answered("  ")),
        ["/a: expected 1, found nothing"]
    );
}

#[test]
fn texts_and_patterns_are_found() {
    let answer = r#"{"version": "2.14.0+ab12", "body": "{\"ok\": true}"}"#;
    for expect in [
        contains("/version", "14"),
        matches("/version", r"^2\.\d+\."),
        matches("/version", "b1"),
        contains("/body", "\"ok\""),
    ] {
        assert_eq!(said(&expect, &answered(answer)), [""; 0]);
    }
}

#[test]
fn numbers_are_equal_by_value() {
    let big = 9_007_199_254_740_993_u64;
    for (a, b, same) in [
        (json!(1), json!(1.0), true),
        (json!({"a": [1]}), json!({"a": [1.0]}), true),
        (json!(-0.0), json!(0), true),
        (json!(1), json!(1.5), false),
        (json!(big), json!(big - 1), false),
        (json!({"a": 1}), json!({"a": 1, "b": 2}), false),
        (json!([1, 2]), json!([1]), false),
        (json!(1), json!("1"), false),
        (json!(null), json!(false), false),
    ] {
        for (a, b) in [(&a, &b), (&b, &a)] {
            let text = a.to_string();
            let verdict = accept(&equals("", b.clone()), &answered(&text));
            assert_eq!(verdict == Acceptance::Pass, same, "{a} and {b}");
        }
    }
}

#[test]
fn the_status_is_the_answers_status_code() {
    let expect = Expectations {
        status: Some(200),
        ..Expectations::default()
    };
    assert_eq!(said(&expect, &answered(&http())), [""; 0]);
    for (answer, expected) in [
        (r#"{"statusCode": 503}"#, "status 503, expected 200"),
        (r#"{"statusCode": "200"}"#, "no statusCode, expected 200"),
        (
            r#"{"statusCode": 4111111111}"#,
            "no statusCode, expected 200",
        ),
        (r#"{"statusCode": 0}"#, "no statusCode, expected 200"),
        ("200", "no statusCode, expected 200"),
        ("OK", "no statusCode, expected 200"),
    ] {
        assert_eq!(said(&expect, &answered(answer)), [expected]);
    }
}

#[test]
fn a_function_error_is_never_a_pass() {
    for (word, expected) in [
        ("Unhandled", "the function reported an error (Unhandled)"),
        ("Handled", "the function reported an error (Handled)"),
        ("my card is 4111", "the function reported an error"),
        ("", "the function reported an error"),
    ] {
        let outcome = Outcome::Answered {
            payload: Some("{\"ok\": true}"),
            function_error: Some(word),
            took: SignedDuration::ZERO,
        };
        assert_eq!(said(&Expectations::default(), &outcome), [expected]);
        // The error object is not what was asked for: one thing is said, not two.
        assert_eq!(said(&equals("/no", json!(1)), &outcome), [expected]);
    }
}

#[test]
fn time_counts_up_to_and_with_the_limit() {
    let expect = |ms| Expectations {
        at_most: Some(SignedDuration::from_millis(ms)),
        ..equals("/no", json!(1))
    };
    assert_eq!(said(&expect(120), &answered("{}")).len(), 1);
    assert_eq!(
        said(&expect(119), &answered("{}")),
        [
            "/no: expected 1, found nothing",
            "the call took 120ms, longer than 119ms"
        ]
    );
}

#[test]
fn what_a_clock_measured_is_rounded_and_never_down_to_the_limit() {
    let at_most = SignedDuration::from_millis(11);
    for (nanoseconds, shown) in [
        (11_851_115, "12ms"),
        (11_000_001, "12ms"),
        (1_234_567_890, "1.3s"),
    ] {
        let slow = Shortfall::TooSlow {
            took: SignedDuration::from_nanos(nanoseconds),
            at_most,
        };
        assert_eq!(
            slow.to_string(),
            format!("the call took {shown}, longer than 11ms")
        );
    }
    let after = SignedDuration::from_nanos(60_004_000_321);
    assert_eq!(
        Shortfall::TimedOut { after }.to_string(),
        "no answer within 1m"
    );
}

#[test]
fn no_answer_is_no_pass() {
    let after = SignedDuration::from_secs(30);
    let error = "TooManyRequestsException".to_owned();
    let nothing = Expectations::default();
    assert_eq!(
        said(&nothing, &Outcome::TimedOut { after }),
        ["no answer within 30s"]
    );
    assert_eq!(
        said(&nothing, &Outcome::Refused { error }),
        ["the function could not be called (TooManyRequestsException)"]
    );
}

#[test]
fn pointers_are_rfc_6901() {
    for good in ["", "/", "/a/b", "/a~0b~1c", "//", "/0", "/é"] {
        assert!(good.parse::<Pointer>().is_ok(), "{good}");
    }
    assert_eq!("a".parse::<Pointer>(), Err(NotAPointer::NoSlash));
    assert_eq!("#/a".parse::<Pointer>(), Err(NotAPointer::NoSlash));
    for bad in ["/~", "/~2", "/a~", "/a~é"] {
        assert_eq!(bad.parse::<Pointer>(), Err(NotAPointer::Tilde), "{bad}");
    }
}

#[test]
fn a_pattern_stays_small_and_a_check_keeps_its_payload_to_itself() {
    assert!(Pattern::new("((a{99}){99}){99}").is_err());
    assert!(Pattern::new("(").is_err());
    assert!(Pattern::new(&"(".repeat(4000)).is_err());
    // What takes other engines longer than the universe lasts.
    let pattern = Pattern::new("(a*)*b").unwrap();
    assert!(!pattern.is_in(&"a".repeat(20_000)));
    let check = Check {
        name: "health".to_owned(),
        payload: "secret".to_owned(),
        expect: Expectations::default(),
        retries: 0,
    };
    assert!(!format!("{check:?}").contains("secret"));
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z/~{}\"]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let fields = prop::collection::btree_map("[a-c/~]{1,2}", inner.clone(), 0..4);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            fields.prop_map(|fields| Value::Object(fields.into_iter().collect())),
            // A text that is JSON itself.
            inner.prop_map(|value| Value::from(value.to_string())),
        ]
    })
}

/// Pointers to all values in a value, with what is there.
fn places(value: &Value, at: &str, found: &mut Vec<(String, Value)>) {
    found.push((at.to_owned(), value.clone()));
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, inner)| {
            let key = key.replace('~', "~0").replace('/', "~1");
            places(inner, &format!("{at}/{key}"), found);
        }),
        Value::Array(items) => items.iter().enumerate().for_each(|(index, inner)| {
            places(inner, &format!("{at}/{index}"), found);
        }),
        _ => {}
    }
}

proptest! {
    #[test]
    fn every_value_is_found_where_it_is(value in values()) {
        let mut all = Vec::new();
        places(&value, "", &mut all);
        let text = value.to_string();
        for (at, inner) in all {
            let verdict = accept(&equals(&at, inner), &answered(&text));
            prop_assert_eq!(verdict, Acceptance::Pass, "{} in {}", at, text);
        }
    }

    #[test]
    fn arbitrary_answers_never_panic(text: String, at in "(/[a-z0-9]{0,3}){0,4}") {
        let all = Expectations {
            status: Some(200),
            answer: vec![
                expectation(&at, Expected::Equals(json!(1))),
                expectation(&at, Expected::Contains("a".to_owned())),
                expectation(&at, Expected::Matches(Pattern::new("a+").unwrap())),
            ],
            at_most: None,
        };
        let _ = accept(&all, &answered(&text));
    }

    /// Nothing of an answer is ever said.
    #[test]
    fn no_text_of_the_answer_is_said(secret in "[A-Z]{8}", shape in 0..5) {
        let answer = match shape {
            0 => secret.clone(),
            1 => json!(secret).to_string(),
            2 => json!({"a": secret, "statusCode": secret}).to_string(),
            3 => json!({"a": {secret.clone(): 1}}).to_string(),
            _ => json!({"a": json!({"b": secret}).to_string()}).to_string(),
        };
        let expect = Expectations { status: Some(200), ..equals("/a/b", json!("x")) };
        let function_error = Some(secret.as_str());
        let failed = Outcome::Answered {
            payload: Some(&answer),
            function_error,
            took: SignedDuration::ZERO,
        };
        for outcome in [answered(&answer), failed] {
            let verdict = accept(&expect, &outcome);
            let printed = format!("{verdict:?}");
            prop_assert!(!printed.contains(&secret));
            prop_assert!(!said(&expect, &outcome).concat().contains(&secret));
        }
    }
}
