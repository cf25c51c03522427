//! `errors`, `latency` and `metrics` by example.

use serde_json::json;

use super::evidence_tests::rules;
use super::policy_tests::{brief, hint, mistake, mistakes};
use super::{MistakeKind, Policy};
use crate::judge::measure::{MetricRule, OwnMetric, Source};

fn own(namespace: &str, metric: &str, dimensions: &[(&str, &str)]) -> OwnMetric {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    OwnMetric {
        namespace: namespace.to_owned(),
        metric: metric.to_owned(),
        dimensions: dimensions.iter().map(pair).collect(),
    }
}

#[test]
fn metrics_come_out_in_order_errors_first() {
    let found = rules(
        r#"{
            "metrics": [
                {"name": "refused", "bad": {"namespace": "Shop", "metric": "Refused",
                    "dimensions": {"Z": "{version}", "A": "x"}}},
                {"name": "lost", "ratio": 3, "increase": "5%",
                    "bad": {"namespace": "S", "metric": "Lost", "dimensions": {"V": "f:{version}"}},
                    "total": {"namespace": "S", "metric": "Sent", "dimensions": {"V": "f:{version}"}}}
            ],
            "latency": {"share": "1%", "slower_than": "300ms"},
            "errors": {"namespace": "Shop", "metric": "Failed", "dimensions": {"V": "{version}"}},
            "evidence": {"ratio": 2, "increase": "0.5%"}
        }"#,
    );
    let metric = |name: &str, source, ratio, increase| MetricRule {
        name: name.to_owned(),
        source,
        ratio,
        increase,
    };
    let of = |bad, total| Source::Own { bad, total };
    let refused = own("Shop", "Refused", &[("Z", "{version}"), ("A", "x")]);
    let lost = own("S", "Lost", &[("V", "f:{version}")]);
    let sent = own("S", "Sent", &[("V", "f:{version}")]);
    let failed = own("Shop", "Failed", &[("V", "{version}")]);
    let slow = Source::SlowerThan { milliseconds: 300 };
    assert_eq!(
        found.metrics,
        [
            metric("errors", of(failed, None), 2.0, 0.005),
            // What evidence tolerates is not meant for latency, which says it itself.
            metric("latency", slow, 1.2, 0.01),
            metric("refused", of(refused, None), 2.0, 0.005),
            metric("lost", of(lost, Some(sent)), 3.0, 0.05),
        ]
    );
    let strict = r#"{"latency": {"slower_than": "15m", "share": "0%", "ratio": 1}}"#;
    let slow = Source::SlowerThan {
        milliseconds: 900_000,
    };
    assert_eq!(rules(strict).metrics[1], metric("latency", slow, 1.0, 0.0));
}

#[test]
fn a_metric_of_ones_own_tells_the_versions_apart() {
    let errors = |dimensions: serde_json::Value| {
        json!({"errors": {"namespace": "N", "metric": "M", "dimensions": dimensions}}).to_string()
    };
    assert!(Policy::parse(&errors(json!({"a": "{version}", "b": "x"}))).is_ok());
    assert!(Policy::parse(&errors(json!({"a": "f:{version}:x"}))).is_ok());
    let add = "add the dimension that has the version's number, such as \"Version\": \"{version}\"";
    for (dimensions, said) in [
        (json!({}), add),
        (json!({"FunctionName": "f"}), add),
        // A text with this word is not meant for us.
        (json!({"{version}": "version"}), add),
        (
            json!({"v": "{Version}"}),
            "write \"{version}\" in \"v\", not \"{Version}\"",
        ),
        (
            json!({"v": "$version"}),
            "write \"{version}\" in \"v\", not \"$version\"",
        ),
    ] {
        let error = mistake(&errors(dimensions));
        assert_eq!(error.path, "errors.dimensions");
        assert!(
            error
                .message
                .ends_with("both versions would be counted as one")
        );
        assert_eq!(hint(&error), said);
    }
    // Where a value cannot be read, it is not known whether it had the version.
    let text = errors(json!({"a": 1, "b": "x"}));
    assert_eq!(
        brief(&mistakes(&text)),
        [("errors.dimensions.a", MistakeKind::WrongType)]
    );
}

#[test]
fn what_cloudwatch_does_not_take_is_no_metric() {
    use MistakeKind::{BadValue, OutOfRange, TooMany};
    let long = |length: usize| "x".repeat(length);
    let metric = |namespace: &str, metric: &str, name: &str, value: &str| {
        let dimensions = json!({"v": "{version}", name: value});
        json!({"errors": {"namespace": namespace, "metric": metric, "dimensions": dimensions}})
    };
    let good = metric(
        &long(255),
        &format!(":{}", long(254)),
        &long(255),
        &long(1024),
    );
    assert!(Policy::parse(&good.to_string()).is_ok());
    for (bad, path, kind) in [
        (metric("", "m", "d", "x"), "errors.namespace", BadValue),
        (metric(":n", "m", "d", "x"), "errors.namespace", BadValue),
        (
            metric(&long(256), "m", "d", "x"),
            "errors.namespace",
            OutOfRange,
        ),
        (metric("n", " ", "d", "x"), "errors.metric", BadValue),
        (metric("n", "a\u{1}", "d", "x"), "errors.metric", BadValue),
        (
            metric("n", "m", ":d", "x"),
            "errors.dimensions[\":d\"]",
            BadValue,
        ),
        (metric("n", "m", "d", "é"), "errors.dimensions.d", BadValue),
        (
            metric("n", "m", "d", &long(1025)),
            "errors.dimensions.d",
            OutOfRange,
        ),
    ] {
        let text = bad.to_string();
        assert_eq!(brief(&mistakes(&text)), [(path, kind)], "{text}");
    }
    let dimensions = |count: usize| {
        let mut all = json!({"v": "{version}"});
        for n in 1..count {
            all[n.to_string()] = json!("x");
        }
        json!({"errors": {"namespace": "n", "metric": "m", "dimensions": all}}).to_string()
    };
    assert!(Policy::parse(&dimensions(30)).is_ok());
    assert_eq!(
        brief(&mistakes(&dimensions(31))),
        [("errors.dimensions", TooMany)]
    );
}

#[test]
fn each_name_once_and_five_at_most() {
    fn metrics(names: &[&str]) -> serde_json::Value {
        let bad = json!({"namespace": "N", "metric": "M", "dimensions": {"v": "{version}"}});
        names
            .iter()
            .map(|name| json!({"name": name, "bad": bad}))
            .collect()
    }
    fn text(names: &[&str]) -> String {
        json!({ "metrics": metrics(names) }).to_string()
    }
    assert_eq!(
        rules(&text(&["a", "b", "c", "d", "latency"])).metrics.len(),
        6
    );
    let errors = mistakes(&text(&["a", "b", "c", "d", "e", "f"]));
    assert_eq!(brief(&errors), [("metrics", MistakeKind::TooMany)]);
    for (names, at) in [
        (vec!["a", "b", "a"], "metrics[2]"),
        (vec!["errors"], "metrics[0]"),
    ] {
        let errors = mistakes(&text(&names));
        assert_eq!(brief(&errors), [(at, MistakeKind::Repeated)]);
    }
    let taken = mistakes(&text(&["errors"])).remove(0);
    assert_eq!(
        taken.to_string(),
        "metrics[0]: the name \"errors\" is taken by the built-in metric\n  hint: choose another \
         name; what the built-in one counts is said by the key \"errors\""
    );
    // The key of this name has it, whatever else is wrong with it.
    let both = json!({"latency": {"share": "1%"}, "metrics": metrics(&["latency"])}).to_string();
    assert_eq!(
        brief(&mistakes(&both)),
        [
            ("latency.slower_than", MistakeKind::MissingKey),
            ("metrics[0]", MistakeKind::Repeated)
        ]
    );
    for (name, kind) in [
        (" ".to_owned(), MistakeKind::BadValue),
        ("a\u{7}".to_owned(), MistakeKind::BadValue),
        ("ä".repeat(65), MistakeKind::OutOfRange),
    ] {
        let errors = mistakes(&text(&[&name]));
        assert_eq!(brief(&errors), [("metrics[0].name", kind)]);
    }
    assert_eq!(rules(&text(&[&"ä".repeat(64)])).metrics.len(), 2);
}
