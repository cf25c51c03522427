//! `evidence` by example, and what contradicts it.

use jiff::SignedDuration;
use serde_json::json;

use super::policy_tests::{brief, hint, mistake, mistakes};
use super::{MistakeKind, Policy};
use crate::judge::measure::{Accept, EvidenceRules, Inconclusive, MetricRule};

pub(super) fn rules(text: &str) -> EvidenceRules {
    let policy = Policy::parse(text);
    policy.unwrap().evidence.unwrap()
}

#[test]
fn evidence_counts_lambdas_errors_unless_something_else_is_said() {
    let standard = EvidenceRules::standard();
    for text in [
        "{}",
        r#"{"evidence": {}}"#,
        r#"{"errors": "lambda"}"#,
        r#"{"evidence": {}, "errors": "lambda", "metrics": []}"#,
        r#"{"evidence": {"alpha": 1e-2, "ratio": 1.0, "increase": "0%", "min_requests": 30, "settle": "2m"}}"#,
    ] {
        assert_eq!(rules(text), standard, "{text}");
    }
    assert_eq!(standard.metrics, [MetricRule::errors()]);
}

#[test]
fn a_plan_has_time_for_its_minutes_to_settle() {
    let longest = |text: &str| Policy::parse(text).unwrap().rules.limits.longest;
    let plan = r#""plan": "10%:5m, 50%:10m""#;
    assert_eq!(
        longest(&format!(r#"{{{plan}, "evidence": false}}"#)),
        SignedDuration::from_mins(60)
    );
    assert_eq!(
        longest(&format!("{{{plan}}}")),
        SignedDuration::from_mins(66)
    );
    let counted = format!(r#"{{{plan}, "evidence": {{"settle": "5m"}}}}"#);
    assert_eq!(longest(&counted), SignedDuration::from_mins(72));
    let said = |longest: &str| {
        format!(r#"{{{plan}, "evidence": {{}}, "limits": {{"longest": "{longest}"}}}}"#)
    };
    assert_eq!(longest(&said("21m")), SignedDuration::from_mins(21));
    let (path, kind) = ("limits.longest", MistakeKind::Contradiction);
    let errors = Policy::parse(&said("20m")).unwrap_err().0;
    assert_eq!((errors[0].path.as_str(), errors[0].kind), (path, kind));
    assert!(
        errors[0].to_string().contains("6m to settle"),
        "{}",
        errors[0]
    );
}

/// A step without a whole minute has none that settles.
#[test]
fn only_steps_that_can_be_judged_are_given_time_to_settle() {
    let plan = r#"{"plan": "1%:1m, 2%:1m, 3%:65s, 4%:66s, 50%:20m"}"#;
    let policy = Policy::parse(plan).unwrap();
    assert_eq!(policy.settling(), SignedDuration::from_mins(6));
    assert!(policy.without_evidence().contains("\"evidence\": false"));
    let said = Policy::parse(r#"{"plan": "10%:5m", "evidence": {}}"#).unwrap();
    assert_eq!(said.without_evidence(), "");
}

#[test]
fn evidence_comes_out_as_it_was_written() {
    let found = rules(
        r#"{"evidence": {
            "alpha": 0.5, "ratio": 1.5, "increase": "0.01%",
            "accept": {"excess": "0.1%"},
            "max_errors": 0, "min_requests": 75000, "settle": "60s", "inconclusive": "rollback"
        }}"#,
    );
    let expected = EvidenceRules {
        metrics: vec![MetricRule {
            ratio: 1.5,
            increase: 0.0001,
            ..MetricRule::errors()
        }],
        alpha: 0.5,
        accept: Some(Accept {
            excess: 0.001,
            alpha: 0.05,
        }),
        max_errors: Some(0),
        min_requests: 75_000,
        settle: 60,
        inconclusive: Some(Inconclusive::Rollback),
    };
    assert_eq!(found, expected);
    let accept = r#"{"evidence": {"accept": {"alpha": 0.01, "excess": "0.0001%"}}}"#;
    assert_eq!(
        rules(accept).accept,
        Some(Accept {
            excess: 1e-6,
            alpha: 0.01
        })
    );
    for (word, expected) in [
        ("complete", Inconclusive::Complete),
        ("hold", Inconclusive::Hold),
    ] {
        let text = json!({"evidence": {"inconclusive": word}}).to_string();
        assert_eq!(rules(&text).inconclusive, Some(expected));
    }
}

#[test]
fn evidence_can_be_turned_off() {
    let policy = Policy::parse(r#"{"evidence": false}"#).unwrap();
    assert_eq!(policy.evidence, None);
    assert!(!policy.watches());
    let policy = Policy::parse(r#"{"evidence": false, "alarms": ["a"]}"#).unwrap();
    assert!(policy.watches());
}

/// A plan of steps too short to compare anything is watched by alarms, as it always was, and does
/// not end as inconclusive because the policy says nothing.
#[test]
fn what_is_not_said_asks_for_nothing_that_no_step_can_give() {
    let short = Policy::parse(r#"{"plan": "Linear10PercentEvery1Minute"}"#).unwrap();
    assert_eq!(short.evidence, None);
    assert!(short.is_too_short_to_compare() && !short.watches());
    let longer = short.clone().with_plan("10%:3m".parse().unwrap()).unwrap();
    assert_eq!(longer.evidence, Some(EvidenceRules::standard()));
    assert!(longer.watches() && !longer.is_too_short_to_compare());
    let again = longer.with_plan(short.rules.plan.clone()).unwrap();
    assert_eq!(again, short);

    let said = Policy::parse(r#"{"plan": "10%:1m", "evidence": {}}"#).unwrap();
    assert_eq!(said.evidence, Some(EvidenceRules::standard()));
    assert!(said.is_too_short_to_compare());
    for text in [
        r#"{"plan": "10%:1m", "evidence": false}"#,
        r#"{"plan": "AllAtOnce"}"#,
        "{}",
    ] {
        assert!(
            !Policy::parse(text).unwrap().is_too_short_to_compare(),
            "{text}"
        );
    }
}

/// Where CodeDeploy shifts, its configuration says what can be compared, and not the plan.
#[test]
fn beside_codedeploy_the_plan_does_not_say_whether_anything_is_counted() {
    let unsaid = Policy::parse(r#"{"plan": "AllAtOnce"}"#).unwrap();
    let standard = Some(EvidenceRules::standard());
    assert_eq!(unsaid.evidence, None);
    assert_eq!(unsaid.evidence_where(true), standard);
    assert_eq!(unsaid.evidence_where(false), None);
    let off = Policy::parse(r#"{"evidence": false}"#).unwrap();
    assert_eq!(off.evidence_where(true), None);
    let said = Policy::parse(r#"{"plan": "AllAtOnce", "evidence": {}}"#).unwrap();
    assert_eq!(said.evidence_where(false), standard);
}

#[test]
fn ranges() {
    use MistakeKind::OutOfRange;
    for (key, good, bad) in [
        (
            "alpha",
            vec![json!(1e-12), json!(0.5)],
            vec![json!(0), json!(0.51), json!(-0.1)],
        ),
        (
            "ratio",
            vec![json!(1), json!(100)],
            vec![json!(0.99), json!(100.1), json!(1e300)],
        ),
        (
            "increase",
            vec![json!("0%"), json!("99.9999%")],
            vec![json!("100%"), json!("-1%")],
        ),
        (
            "max_errors",
            vec![json!(0), json!(1_000_000_000)],
            vec![json!(-1), json!(1_000_000_001)],
        ),
        (
            "min_requests",
            vec![json!(1), json!(1_000_000_000)],
            vec![json!(0), json!(u64::MAX)],
        ),
        (
            "settle",
            vec![json!("1m"), json!("15m")],
            vec![json!("59s"), json!("15m 1s")],
        ),
    ] {
        for value in good {
            let text = json!({"evidence": {key: value}}).to_string();
            assert!(Policy::parse(&text).is_ok(), "{text}");
        }
        for value in bad {
            let text = json!({"evidence": {key: value}}).to_string();
            let path = format!("evidence.{key}");
            assert_eq!(
                brief(&mistakes(&text)),
                [(path.as_str(), OutOfRange)],
                "{text}"
            );
        }
    }
}

#[test]
fn words_of_another_kind() {
    use MistakeKind::{BadValue, WrongType};
    for (key, value, kind) in [
        ("alpha", json!("x"), WrongType),
        ("increase", json!("0.00001%"), BadValue),
        ("increase", json!("some"), BadValue),
        ("settle", json!("60s 1ms"), BadValue),
        ("max_errors", json!(1.0), WrongType),
        ("inconclusive", json!("Hold"), BadValue),
        ("accept", json!(true), WrongType),
    ] {
        let text = json!({"evidence": {key: value}}).to_string();
        assert_eq!(mistake(&text).kind, kind, "{text}");
    }
}

#[test]
fn an_excess_is_needed_and_in_range() {
    use MistakeKind::OutOfRange;
    for (accept, path, kind) in [
        (json!({}), "excess", MistakeKind::MissingKey),
        (json!({"excess": "0%"}), "excess", OutOfRange),
        (json!({"excess": "100%"}), "excess", OutOfRange),
        (json!({"excess": "1%", "alpha": 0.6}), "alpha", OutOfRange),
    ] {
        let text = json!({"evidence": {"accept": accept}}).to_string();
        let path = format!("evidence.accept.{path}");
        assert_eq!(brief(&mistakes(&text)), [(path.as_str(), kind)]);
    }
}

#[test]
fn numbers_in_other_words_are_answered_with_the_right_ones() {
    const OBJECT: &str = "write {} to count with its defaults, false to count nothing";
    for (text, said) in [
        (r#"{"evidence": {"alpha": "1%"}}"#, "write 0.01"),
        (r#"{"evidence": {"alpha": "0.02"}}"#, "write 0.02"),
        (r#"{"evidence": {"alpha": "70%"}}"#, ""),
        (r#"{"evidence": {"increase": 2}}"#, "write \"2%\""),
        (
            r#"{"evidence": {"increase": 0.01}}"#,
            "write the share in percent, such as \"0.1%\"",
        ),
        (r#"{"evidence": true}"#, OBJECT),
        (r#"{"evidence": "on"}"#, OBJECT),
        (r#"{"evidence": 0.01}"#, OBJECT),
        (r#"{"evidence": []}"#, OBJECT),
        (r#"{"evidence": null}"#, "leave the key out for its default"),
        (r#"{"evidence": {"min_requests": 1e3}}"#, "write 1000"),
        (r#"{"evidence": {"min_requests": "30"}}"#, "write 30"),
        (r#"{"evidence": {"min_requests": 1000.0}}"#, "write 1000"),
        (r#"{"evidence": {"min_requests": 0.5}}"#, ""),
        (r#"{"evidence": {"min_requests": 1e300}}"#, ""),
        (r#"{"evidence": {"min_requests": "some"}}"#, ""),
        (r#"{"evidence": {"max_errors": 0.0}}"#, "write 0"),
        (r#"{"evidence": {"accept": {"excess": null}}}"#, ""),
        (
            r#"{"latency": {"slower_than": 300, "share": "1%"}}"#,
            "write the unit: \"300ms\"",
        ),
        (r#"{"latency": {"slower_than": null, "share": "1%"}}"#, ""),
        (r#"{"errors": "lamda"}"#, "did you mean \"lambda\"?"),
        (r#"{"alpha": 0.1}"#, "\"alpha\" belongs into \"evidence\""),
        (
            r#"{"evidence": {"latency": {}}}"#,
            "\"latency\" stands at the top",
        ),
    ] {
        assert_eq!(hint(&mistake(text)), said, "{text}");
    }
}

#[test]
fn contradictions() {
    use MistakeKind::Contradiction;
    let metric = r#"{"namespace": "N", "metric": "M", "dimensions": {"v": "{version}"}}"#;
    let same = format!(r#"{{"metrics": [{{"name": "a", "bad": {metric}, "total": {metric}}}]}}"#);
    assert_eq!(
        brief(&mistakes(&same)),
        [("metrics[0].total", Contradiction)]
    );
    let off =
        r#"{"evidence": false, "metrics": [], "latency": {"slower_than": "1s", "share": "0%"}}"#;
    assert_eq!(
        brief(&mistakes(off)),
        [("metrics", Contradiction), ("latency", Contradiction)]
    );

    let excess = |text: &str| {
        format!(r#"{{"evidence": {{"accept": {{"excess": "1%"}}, "increase": {text}}}"#)
    };
    let error = mistake(&format!("{}}}", excess("\"1.0001%\"")));
    assert_eq!(
        (error.path.as_str(), error.kind),
        ("evidence.accept.excess", Contradiction)
    );
    // As much is not more; and one metric that may increase by less asks for it.
    assert!(Policy::parse(&format!("{}}}", excess("\"1%\""))).is_ok());
    let one = format!(
        r#"{}, "metrics": [{{"name": "a", "bad": {metric}, "increase": "0%"}}]}}"#,
        excess("\"2%\"")
    );
    assert!(Policy::parse(&one).is_ok());
    // What cannot be read contradicts nothing.
    let unread = format!(r#"{}, "errors": "Lambda"}}"#, excess("\"2%\""));
    assert_eq!(
        brief(&mistakes(&unread)),
        [("errors", MistakeKind::BadValue)]
    );
    let unread = format!(r#"{}, "metrics": [{{}}]}}"#, excess("\"2%\""));
    assert_eq!(brief(&mistakes(&unread)).len(), 2);
}

#[test]
fn evidence_watches_only_where_something_can_be_compared() {
    for (watches, plan) in [
        (true, "10%:5m"),
        (true, "10%:1m, 50%:3m"),
        (false, "10%:2m"),
        (false, "0%:1h"),
        (false, "AllAtOnce"),
        (false, "Linear10PercentEvery1Minute"),
    ] {
        let text = json!({ "plan": plan, "evidence": {} }).to_string();
        assert_eq!(Policy::parse(&text).unwrap().watches(), watches, "{plan}");
    }
}

#[test]
fn a_bake_with_a_limit_has_time_for_its_last_minute_to_settle() {
    let policy =
        |bake: &str, evidence: &str| format!(r#"{{"bake": "{bake}", "evidence": {{{evidence}}}}}"#);
    let error = mistake(&policy("50m", r#""max_errors": 3, "settle": "4m""#));
    assert_eq!(
        (error.path.as_str(), error.kind),
        ("bake", MistakeKind::Contradiction)
    );
    assert!(error.message.contains("5m for its last minute"), "{error}");
    for fits in [
        policy("50m", r#""max_errors": 3, "settle": "3m""#),
        policy("50m", r#""settle": "15m""#),
        policy("0s", r#""max_errors": 3, "settle": "15m""#),
    ] {
        assert!(Policy::parse(&fits).is_ok(), "{fits}");
    }
}
