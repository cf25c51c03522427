//! The parser by example.

use jiff::SignedDuration;
use serde_json::json;

use super::{MistakeKind, Policy, PolicyError, PolicyErrors};
use crate::judge::alarms::InsufficientData;
use crate::judge::measure::EvidenceRules;
use crate::rollout::{Mode, Plan};

pub(super) fn mistakes(text: &str) -> Vec<PolicyError> {
    match Policy::parse(text) {
        Ok(policy) => panic!("{text} is taken: {policy:?}"),
        Err(PolicyErrors(errors)) => errors,
    }
}

/// The one mistake of a text.
pub(super) fn mistake(text: &str) -> PolicyError {
    let mut errors = mistakes(text);
    assert_eq!(errors.len(), 1, "{text}: {errors:?}");
    errors.remove(0)
}

pub(super) fn brief(errors: &[PolicyError]) -> Vec<(&str, MistakeKind)> {
    errors.iter().map(|e| (e.path.as_str(), e.kind)).collect()
}

pub(super) fn hint(error: &PolicyError) -> &str {
    error.hint.as_deref().unwrap_or("")
}

fn mins(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

#[test]
fn an_empty_object_is_the_default() {
    let policy = Policy::parse(" {} ").unwrap();
    assert_eq!(policy, Policy::default());
    assert_eq!(
        policy.rules.plan,
        Plan::named("Canary10Percent5Minutes").unwrap()
    );
    assert_eq!(policy.rules.limits.poll, SignedDuration::from_secs(15));
    assert_eq!(policy.rules.limits.longest, mins(43));
    assert_eq!(policy.rules.limits.error_budget, mins(2));
    assert_eq!(policy.rules.mode, Mode::Enforce);
    assert_eq!(policy.alarms.insufficient_data, InsufficientData::Hold);
    assert_eq!(policy.evidence, Some(EvidenceRules::standard()));
    assert!(policy.alarms.alarms.is_empty() && policy.watches());
}

#[test]
fn all_keys() {
    let policy = Policy::parse(
        r#"{
            "$schema": "policy.schema.json",
            "plan": [{"weight": "0%", "bake": "1m"}, {"bake": "1h 30m", "weight": "33.3%"}],
            "alarms": ["a", {"name": "b", "ignore_if_already_in_alarm": true}, {"name": "c"}],
            "insufficient_data": "fail",
            "limits": {"poll": "5m", "longest": "91m", "error_budget": "0s"},
            "on_regression": "rollback",
            "evidence": false,
            "mode": "advise"
        }"#,
    )
    .unwrap();
    assert_eq!(policy.rules.plan, "0%:1m,33.3%:90m".parse().unwrap());
    let alarms = policy.alarms.alarms.iter();
    let alarms: Vec<_> = alarms
        .map(|rule| (rule.name.as_str(), rule.ignore_if_already_in_alarm))
        .collect();
    assert_eq!(alarms, [("a", false), ("b", true), ("c", false)]);
    assert_eq!(policy.alarms.insufficient_data, InsufficientData::Fail);
    assert_eq!(policy.rules.limits.poll, mins(5));
    assert_eq!(policy.rules.limits.longest, mins(91));
    assert_eq!(policy.rules.limits.error_budget, SignedDuration::ZERO);
    assert_eq!(policy.rules.mode, Mode::Advise);
    assert!(policy.watches());
}

#[test]
fn three_mistakes_are_three_messages_one_with_a_suggestion() {
    let errors =
        mistakes(r#"{"plan": "10%:5m, 10%:5m", "insuficient_data": "ok", "limits": {"poll": 15}}"#);
    assert_eq!(
        brief(&errors),
        [
            ("plan", MistakeKind::Contradiction),
            ("insuficient_data", MistakeKind::UnknownKey),
            ("limits.poll", MistakeKind::WrongType),
        ]
    );
    assert_eq!(hint(&errors[1]), "did you mean \"insufficient_data\"?");
    let text = PolicyErrors(errors).to_string();
    assert!(text.starts_with("the policy has 3 mistakes:\nplan: step 2 has 10% after 10%"));
}

#[test]
fn unknown_keys_are_told_where_they_belong() {
    for (text, path, said) in [
        (r#"{"limts": {}}"#, "limts", "did you mean \"limits\"?"),
        (
            r#"{"limits": {"pol": 1}}"#,
            "limits.pol",
            "did you mean \"poll\"?",
        ),
        (
            r#"{"onRegression": 1}"#,
            "onRegression",
            "did you mean \"on_regression\"?",
        ),
        (
            r#"{"poll": "15s"}"#,
            "poll",
            "\"poll\" belongs into \"limits\"",
        ),
        (
            r#"{"limits": {"mode": 1}}"#,
            "limits.mode",
            "\"mode\" stands at the top",
        ),
        (
            r#"{"plan": [{"weight": "1%", "bake": "5m", "approve": true}]}"#,
            "plan[0].approve",
            "the keys here are weight, bake",
        ),
        (
            r#"{"limits": {"a \" b": 1}}"#,
            r#"limits["a \" b"]"#,
            "the keys here are poll, longest, error_budget",
        ),
    ] {
        let error = mistake(text);
        assert_eq!(
            (error.path.as_str(), error.kind),
            (path, MistakeKind::UnknownKey)
        );
        assert_eq!(hint(&error), said);
    }
}

#[test]
fn wrong_types_are_named_in_the_words_of_json() {
    for (text, path, said) in [
        ("[]", "", "expected an object, found an array"),
        ("null", "", "expected an object, found null"),
        (
            r#"{"plan": 10}"#,
            "plan",
            "expected a string or an array of steps, found the number 10",
        ),
        (
            r#"{"plan": [null]}"#,
            "plan[0]",
            "expected an object with weight and bake, found null",
        ),
        (
            r#"{"alarms": "a"}"#,
            "alarms",
            "expected an array of alarm names, found the string \"a\"",
        ),
        (
            r#"{"alarms": {}}"#,
            "alarms",
            "expected an array of alarm names, found an object",
        ),
        (
            r#"{"alarms": [{"name": "a", "ignore_if_already_in_alarm": "yes"}]}"#,
            "alarms[0].ignore_if_already_in_alarm",
            "expected true or false, found the string \"yes\"",
        ),
        (
            r#"{"mode": true}"#,
            "mode",
            "expected \"enforce\" or \"advise\", found true",
        ),
        (
            r#"{"limits": null}"#,
            "limits",
            "expected an object, found null",
        ),
        (
            r#"{"$schema": -1e300}"#,
            "$schema",
            "expected a string with the schema's address, found the number -1e300",
        ),
    ] {
        let error = mistake(text);
        assert_eq!(
            (error.path.as_str(), error.kind),
            (path, MistakeKind::WrongType),
            "{text}"
        );
        assert_eq!(error.message, said);
    }
}

#[test]
fn plans() {
    use MistakeKind::*;
    for (plan, expected) in [
        (json!(""), vec![("plan", BadValue)]),
        (json!([]), vec![("plan", BadValue)]),
        (json!("Canary10Percent6Minutes"), vec![("plan", BadValue)]),
        (
            json!("10%:5, x%:5m"),
            vec![("plan", BadValue), ("plan", BadValue)],
        ),
        (
            json!("0%:1m, x:y"),
            vec![("plan", BadValue), ("plan", BadValue)],
        ),
        (json!("10%:5m,"), vec![("plan", BadValue)]),
        (json!("100%:5m"), vec![("plan", OutOfRange)]),
        (json!("10%:9000h"), vec![("plan", OutOfRange)]),
        (json!("10%:8000h, 20%:8000h"), vec![("plan", OutOfRange)]),
        (
            json!("0.01%:1s,".repeat(100)),
            vec![("plan", BadValue), ("plan", TooMany)],
        ),
        (
            json!([{"weight": 0.1, "bake": 300}]),
            vec![("plan[0].weight", WrongType), ("plan[0].bake", WrongType)],
        ),
        (
            json!([{}]),
            vec![("plan[0].weight", MissingKey), ("plan[0].bake", MissingKey)],
        ),
        (
            json!([
                {"weight": "50%", "bake": "-5m"},
                {"bake": "nope"},
                {"weight": "50%", "bake": "5m"},
                {"weight": "0.125%", "bake": "5m"},
            ]),
            vec![
                ("plan[0].bake", OutOfRange),
                ("plan[1].weight", MissingKey),
                ("plan[1].bake", BadValue),
                ("plan[2].weight", Contradiction),
                ("plan[3].weight", BadValue),
            ],
        ),
    ] {
        let text = json!({ "plan": plan }).to_string();
        // serde_json's own map would write bake before weight.
        let mut found = mistakes(&text);
        found.sort_by_key(|error| {
            let known = expected.iter();
            known.take_while(|(path, _)| *path != error.path).count()
        });
        assert_eq!(brief(&found), expected, "{text}");
    }
    assert_eq!(
        hint(&mistake(r#"{"plan": "Canary10Percent5Minute"}"#)),
        "did you mean \"Canary10Percent5Minutes\"?"
    );
    assert!(hint(&mistake(r#"{"plan": "fast"}"#)).contains("AllAtOnce"));
    // A step that is none hides nothing of the others.
    let errors = mistakes(r#"{"plan": ["5%:1m", {"weight": "100%", "bake": "1m"}]}"#);
    assert_eq!(
        brief(&errors),
        [("plan[0]", WrongType), ("plan[1].weight", OutOfRange)]
    );
    let step = |weight: &str| format!(r#"{{"plan": [{{"weight": {weight}, "bake": "1m"}}]}}"#);
    assert_eq!(hint(&mistake(&step("50"))), "write \"50%\"");
    assert_eq!(
        hint(&mistake(&step("0.5"))),
        "write the weight in percent, such as \"0.25%\""
    );
}

#[test]
fn alarms() {
    use MistakeKind::*;
    let long = "ä".repeat(256);
    for (alarms, expected) in [
        (json!([""]), ("alarms[0]", BadValue)),
        (json!(["a\u{7}"]), ("alarms[0]", BadValue)),
        (json!([long]), ("alarms[0]", OutOfRange)),
        (json!([{}]), ("alarms[0].name", MissingKey)),
        (json!([1]), ("alarms[0]", WrongType)),
        (json!(["a", "b", "a"]), ("alarms[2]", Repeated)),
        (json!(["a", {"name": "a"}]), ("alarms[1].name", Repeated)),
    ] {
        let text = json!({ "alarms": alarms }).to_string();
        assert_eq!(brief(&mistakes(&text)), [expected]);
    }
    let many: Vec<String> = (0..101).map(|n| n.to_string()).collect();
    assert_eq!(
        mistake(&json!({ "alarms": many }).to_string()).kind,
        TooMany
    );
    let longest = "ä".repeat(255);
    assert!(Policy::parse(&json!({ "alarms": [longest] }).to_string()).is_ok());
}

#[test]
fn an_alarms_arn_is_answered_with_its_name() {
    let arn = "arn:aws-cn:cloudwatch:cn-north-1:123456789012:alarm:checkout:errors";
    let error = mistake(&json!({ "alarms": [arn] }).to_string());
    assert_eq!(hint(&error), "write \"checkout:errors\"");
    let error = mistake(r#"{"alarms": ["arn:aws:sns:eu-west-1:123456789012:topic"]}"#);
    assert_eq!(error.hint, None);
}

#[test]
fn limits() {
    use MistakeKind::*;
    for (limits, path, kind) in [
        (json!({"poll": "999ms"}), "poll", OutOfRange),
        (json!({"poll": "5m1s"}), "poll", OutOfRange),
        (json!({"poll": "fast"}), "poll", BadValue),
        (json!({"poll": "PT15S"}), "poll", BadValue),
        (json!({"longest": "9000h"}), "longest", OutOfRange),
        (json!({"longest": "7m59s"}), "longest", Contradiction),
        (json!({"error_budget": "-0s"}), "error_budget", BadValue),
        (json!({"error_budget": "61m"}), "error_budget", OutOfRange),
    ] {
        let error = mistake(&json!({ "limits": limits }).to_string());
        assert_eq!(error.path, format!("limits.{path}"));
        assert_eq!(error.kind, kind);
    }
    let error = mistake(r#"{"limits": {"poll": 90}}"#);
    assert_eq!(hint(&error), "write the unit: \"90s\" or \"90m\"");
    let tight = Policy::parse(r#"{"limits": {"longest": "8m"}}"#).unwrap();
    assert_eq!(tight.rules.limits.longest, mins(8));
    let tight = r#"{"limits": {"longest": "5m"}, "evidence": false}"#;
    assert_eq!(Policy::parse(tight).unwrap().rules.limits.longest, mins(5));
    let year = Policy::parse(r#"{"plan": "1%:8760h", "evidence": false}"#).unwrap();
    assert_eq!(year.rules.limits.longest, mins(8760 * 60));
    let error = mistake(r#"{"plan": "1%:8760h"}"#);
    assert_eq!((error.path.as_str(), error.kind), ("plan", OutOfRange));
    assert!(error.message.contains("3m to settle"), "{error}");
}

#[test]
fn a_poll_longer_than_a_bake_can_be_meant() {
    assert!(Policy::parse(r#"{"plan": "10%:1s", "limits": {"poll": "1m"}}"#).is_ok());
}

#[test]
fn what_cannot_be_read_contradicts_nothing() {
    let errors = mistakes(r#"{"plan": "fast", "limits": {"longest": "1s"}}"#);
    assert_eq!(brief(&errors), [("plan", MistakeKind::BadValue)]);
}

#[test]
fn another_plan_brings_its_own_longest_unless_that_was_said() {
    let long: Plan = "10%:30m".parse().unwrap();
    let policy = Policy::default().with_plan(long.clone()).unwrap();
    assert_eq!(policy.rules.limits.longest, mins(93));
    let said = |text: &str| Policy::parse(text).unwrap().with_plan(long.clone());
    let roomy = said(r#"{"limits": {"longest": "35m"}}"#).unwrap();
    assert_eq!(roomy.rules.limits.longest, mins(35));
    // The same as the default, but said.
    let tight = said(r#"{"plan": "AllAtOnce", "limits": {"longest": "29m"}}"#).unwrap_err();
    assert_eq!(
        brief(&tight.0),
        [("limits.longest", MistakeKind::Contradiction)]
    );
    let endless: Plan = "10%:8000h, 20%:8000h".parse().unwrap();
    let errors = Policy::default().with_plan(endless).unwrap_err();
    assert_eq!(brief(&errors.0), [("plan", MistakeKind::OutOfRange)]);
}

#[test]
fn alarms_are_added_once() {
    let text = r#"{"alarms": [{"name": "a", "ignore_if_already_in_alarm": true}]}"#;
    let policy = Policy::parse(text).unwrap();
    let policy = policy.with_alarms(["b", "a", "b"]).unwrap();
    let rules = &policy.alarms.alarms;
    assert_eq!(rules.len(), 2);
    assert!(rules[0].ignore_if_already_in_alarm && rules[1].name == "b");
    let errors = policy.clone().with_alarms(["", "arn:x"]).unwrap_err();
    assert_eq!(
        brief(&errors.0),
        [
            ("alarms[2]", MistakeKind::BadValue),
            ("alarms[3]", MistakeKind::BadValue)
        ]
    );
    let many = (0..99).map(|n| n.to_string());
    let errors = policy.with_alarms(many).unwrap_err();
    assert_eq!(brief(&errors.0), [("alarms", MistakeKind::TooMany)]);
}

#[test]
fn another_poll() {
    let policy = Policy::default().with_poll(mins(1)).unwrap();
    assert_eq!(policy.rules.limits.poll, mins(1));
    let errors = policy.with_poll(SignedDuration::ZERO).unwrap_err();
    assert_eq!(brief(&errors.0), [("limits.poll", MistakeKind::OutOfRange)]);
}
