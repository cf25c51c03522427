//! The parser by property: it never panics, loses nothing, and hides no mistake behind another.

use proptest::prelude::*;
use serde_json::json;

use super::{Policy, PolicyErrors};
use crate::judge::measure::Source;

/// Text that looks like a policy, at least to a parser.
fn nearly_a_policy() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[\\[\\]{},:\"' \n]{1,3}",
        "\"(plan|alarms|checks|expect|answer|at|equals|matches|status|payload|limits|poll|mode|bake|name|errors|metrics|latency|evidence|bad|total|dimensions|namespace|metric|share|alpha|accept)\":",
        "\"[0-9]{1,3}%:[0-9]{1,3}[smh]\",?",
        "\"[0-9]{1,3}(\\.[0-9]{1,5})?%\",?",
        "\\{\"v\": \"\\{version\\}\"\\},?",
        "(null|true|-?[0-9]{1,25}(\\.5|e9)?|\"\\PC{0,5}\"),?",
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text: String) {
        if let Err(errors) = Policy::parse(&text) {
            prop_assert!(!errors.0.is_empty());
            prop_assert!(!errors.to_string().contains(|c: char| c.is_control() && c != '\n'));
        }
    }

    #[test]
    fn nearly_a_policy_never_panics(text in nearly_a_policy()) {
        if let Err(errors) = Policy::parse(&text) {
            prop_assert!(!errors.0.is_empty());
            for error in &errors.0 {
                prop_assert!(!error.message.is_empty() && !error.message.contains('\n'));
            }
        }
    }

    #[test]
    fn what_is_asked_for_is_what_comes_out(
        weights in prop::collection::btree_set(0u16..100, 1..20),
        bake in 0i64..10_000,
        alarms in prop::collection::btree_set("[a-zA-Z0-9 :./_-]{1,20}", 0..20),
        poll in 1i64..=300,
        budget in 0i64..=3600,
    ) {
        let step = |weight: &u16| json!({"weight": format!("{weight}%"), "bake": format!("{bake}s")});
        let plan: Vec<_> = weights.iter().map(step).collect();
        let limits = json!({"poll": format!("{poll}s"), "error_budget": format!("{budget}s")});
        let text = json!({"plan": plan, "alarms": alarms, "limits": limits}).to_string();
        let policy = Policy::parse(&text);
        prop_assume!(alarms.iter().all(|name| !name.starts_with("arn:")));
        let policy = policy.unwrap();
        let total = bake * weights.len() as i64;
        prop_assert_eq!(policy.rules.plan.duration().as_secs(), total);
        // Where something can be compared, each step has three minutes more to settle.
        let compares = bake >= 180 && weights.iter().any(|weight| *weight > 0);
        let waiting = weights.iter().filter(|weight| **weight > 0).count() as i64;
        let settling = if compares { 180 * waiting } else { 0 };
        prop_assert_eq!(policy.evidence.is_some(), compares);
        prop_assert_eq!(policy.rules.limits.longest.as_secs(), 2 * total + 1800 + settling);
        prop_assert_eq!(policy.rules.limits.poll.as_secs(), poll);
        prop_assert_eq!(policy.rules.limits.error_budget.as_secs(), budget);
        let found: Vec<_> = policy.alarms.alarms.iter().map(|rule| &rule.name).collect();
        prop_assert_eq!(found, alarms.iter().collect::<Vec<_>>());
    }

    /// Numbers and percentages come out as the nearest fractions to what was written.
    #[test]
    fn evidence_that_is_asked_for_is_what_comes_out(
        chances in (1u32..=500_000, 1u32..=500_000),
        tolerances in prop::collection::vec((100u32..=10_000, 0u32..1_000_000), 1..7),
        excess in 1u32..1_000_000,
        counts in (0u64..=1_000_000_000, 1u64..=1_000_000_000),
        settle in 60u32..=900,
        slower in 1u32..=900_000,
    ) {
        let percent = |millionths: u32| format!("{}.{:04}%", millionths / 10_000, millionths % 10_000);
        let number = |part: u32, of: u32| -> f64 { (f64::from(part)) / f64::from(of) };
        let bad = json!({"namespace": "N", "metric": "M", "dimensions": {"v": "{version}"}});
        let (first, others) = tolerances.split_first().unwrap();
        let metrics = others.iter().take(5).enumerate().map(|(index, (ratio, increase))| {
            let (ratio, increase) = (number(*ratio, 100), percent(*increase));
            json!({"name": format!("m{index}"), "bad": bad, "ratio": ratio, "increase": increase})
        });
        let metrics: Vec<_> = metrics.collect();
        let text = json!({
            "latency": {"slower_than": format!("{slower}ms"), "share": "0%"},
            "metrics": metrics,
            "evidence": {
                "alpha": number(chances.0, 1_000_000),
                "ratio": number(first.0, 100),
                "increase": percent(first.1),
                "accept": {"excess": percent(excess), "alpha": number(chances.1, 1_000_000)},
                "max_errors": counts.0,
                "min_requests": counts.1,
                "settle": format!("{settle}s"),
            },
        });
        let policy = Policy::parse(&text.to_string()).unwrap();
        let found = policy.evidence.unwrap();
        prop_assert_eq!(found.alpha, number(chances.0, 1_000_000));
        let accept = found.accept.unwrap();
        prop_assert_eq!(accept.excess, number(excess, 1_000_000));
        prop_assert_eq!(accept.alpha, number(chances.1, 1_000_000));
        prop_assert_eq!((found.max_errors, found.min_requests), (Some(counts.0), counts.1));
        prop_assert_eq!((found.settle, found.inconclusive), (settle, None));
        prop_assert_eq!(&found.metrics[1].source, &Source::SlowerThan { milliseconds: slower });
        let but_latency = found.metrics.iter().filter(|metric| metric.name != "latency");
        let but_latency: Vec<_> = but_latency.map(|m| (m.ratio, m.increase)).collect();
        let asked = tolerances.iter().map(|(r, i)| (number(*r, 100), number(*i, 1_000_000)));
        prop_assert_eq!(but_latency, asked.collect::<Vec<_>>());
    }

    /// No mistake hides another, and the order of the text is the order of the answer.
    #[test]
    fn independent_mistakes_are_all_reported_in_order(
        chosen in prop::sample::subsequence(MISTAKES.to_vec(), 1..=MISTAKES.len()).prop_shuffle(),
    ) {
        let fields: Vec<&str> = chosen.iter().map(|(field, _)| *field).collect();
        let text = format!("{{{}}}", fields.join(","));
        let paths: Vec<&str> = chosen.iter().flat_map(|(_, paths)| paths.iter().copied()).collect();
        let PolicyErrors(found) = Policy::parse(&text).unwrap_err();
        let found: Vec<&str> = found.iter().map(|error| error.path.as_str()).collect();
        prop_assert_eq!(found, paths);
    }
}

const MISTAKES: [(&str, &[&str]); 13] = [
    (
        r#""plan": [{"weight": "x", "bake": 5}, {"weight": "1%", "bake": "5m", "a": 1}]"#,
        &["plan[0].weight", "plan[0].bake", "plan[1].a"],
    ),
    (
        r#""alarms": ["", 1, {"nam": "a", "name": "b"}]"#,
        &["alarms[0]", "alarms[1]", "alarms[2].nam"],
    ),
    (
        r#""checks": [{"name": "", "payload": {"a": 1, "a": [2]}, "retries": 6,
            "expect": {"status": 99, "answer": [{"at": "x", "is": 1}, {"equals": 1, "matches": "("}]}}]"#,
        &[
            "checks[0].name",
            "checks[0].payload.a",
            "checks[0].retries",
            "checks[0].expect.status",
            "checks[0].expect.answer[0]",
            "checks[0].expect.answer[0].at",
            "checks[0].expect.answer[0].is",
            "checks[0].expect.answer[1].at",
            "checks[0].expect.answer[1]",
            "checks[0].expect.answer[1].matches",
        ],
    ),
    (r#""bake": "51m""#, &["bake"]),
    (r#""insufficient_data": "OK""#, &["insufficient_data"]),
    (
        r#""limits": {"poll": "1d", "pol": 1, "longest": "1h", "longest": 1}"#,
        &["limits.poll", "limits.pol", "limits.longest"],
    ),
    (
        r#""errors": {"namespace": 1, "dimensions": {"a": "x", "b": 1, "a": "y"},
            "total": {"namespace": "N", "metric": "", "dimensions": {"v": "{Version}"}}}"#,
        &[
            "errors.metric",
            "errors.namespace",
            "errors.dimensions.b",
            "errors.dimensions.a",
            "errors.total.metric",
            "errors.total.dimensions",
        ],
    ),
    (
        r#""latency": {"slower_than": "16m", "share": 1, "ratio": 0}"#,
        &["latency.slower_than", "latency.share", "latency.ratio"],
    ),
    (
        r#""metrics": [{"name": "a"}, {"name": "a", "bad": [], "increase": "100%", "what": 1}]"#,
        &[
            "metrics[0].bad",
            "metrics[1]",
            "metrics[1].bad",
            "metrics[1].increase",
            "metrics[1].what",
        ],
    ),
    (
        r#""evidence": {"alpha": 1, "ratio": "x", "accept": {"alpha": 0, "excess": "0%"},
            "max_errors": 0.5, "settle": 60, "inconclusive": "wait"}"#,
        &[
            "evidence.alpha",
            "evidence.ratio",
            "evidence.accept.alpha",
            "evidence.accept.excess",
            "evidence.max_errors",
            "evidence.settle",
            "evidence.inconclusive",
        ],
    ),
    (r#""on_regression": "freeze""#, &["on_regression"]),
    (r#""mode": []"#, &["mode"]),
    (r#""what": {"plan": 1}"#, &["what"]),
];
