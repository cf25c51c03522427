//! The parser by property: it never panics, loses nothing, and hides no mistake behind another.

use proptest::prelude::*;
use serde_json::json;

use super::{Policy, PolicyErrors};

/// Text that looks like a policy, at least to a parser.
fn nearly_a_policy() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[\\[\\]{},:\"' \n]{1,3}",
        "\"(plan|alarms|checks|expect|answer|at|equals|matches|status|payload|limits|poll|mode|bake|name)\":",
        "\"[0-9]{1,3}%:[0-9]{1,3}[smh]\",?",
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
        prop_assert_eq!(policy.rules.limits.longest.as_secs(), 2 * total + 1800);
        prop_assert_eq!(policy.rules.limits.poll.as_secs(), poll);
        prop_assert_eq!(policy.rules.limits.error_budget.as_secs(), budget);
        let found: Vec<_> = policy.alarms.alarms.iter().map(|rule| &rule.name).collect();
        prop_assert_eq!(found, alarms.iter().collect::<Vec<_>>());
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

const MISTAKES: [(&str, &[&str]); 9] = [
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
    (r#""on_regression": "freeze""#, &["on_regression"]),
    (r#""mode": []"#, &["mode"]),
    (r#""what": {"plan": 1}"#, &["what"]),
];
