//! Which series a question needs.

use super::super::bench::{at, versions};
use super::*;

fn question(metrics: Vec<Source>) -> CountsQuestion {
    let span = |from, to| Span {
        from: at(from),
        to: at(to),
    };
    CountsQuestion {
        window: Some(span(0, 300)),
        history: Some(span(-3_720, -120)),
        after: None,
        metrics,
        versions: versions(),
    }
}

fn own(total: Option<OwnMetric>) -> Source {
    let bad = OwnMetric {
        namespace: "app".into(),
        metric: "Failed".into(),
        dimensions: vec![("Version".into(), "v{version}".into())],
    };
    Source::Own { bad, total }
}

/// `Invocations(FunctionName=f, …):Sum`, one a line.
fn said(question: &CountsQuestion) -> Vec<String> {
    let name = |name: &SeriesName| {
        let dimensions = name.dimensions.iter().map(|(_, value)| value.as_str());
        let dimensions: Vec<&str> = dimensions.collect();
        let (metric, statistic) = (&name.metric, &name.statistic);
        format!(
            "{}/{metric} {} {statistic}",
            name.namespace,
            dimensions.join(",")
        )
    };
    question.series("f", "live").iter().map(name).collect()
}

#[test]
fn each_series_is_asked_for_once() {
    let slower = Source::SlowerThan { milliseconds: 300 };
    let expected = [
        "AWS/Lambda/Invocations f,f:live,2 Sum",
        "AWS/Lambda/Errors f,f:live,2 Sum",
        "AWS/Lambda/Invocations f,f:live,1 Sum",
        "AWS/Lambda/Errors f,f:live,1 Sum",
        "AWS/Lambda/Invocations f,f:live Sum",
        "AWS/Lambda/Errors f,f:live Sum",
        "AWS/Lambda/Duration f,f:live,2 SampleCount",
        "AWS/Lambda/Duration f,f:live,2 TC(:300)",
        "AWS/Lambda/Duration f,f:live,1 SampleCount",
        "AWS/Lambda/Duration f,f:live,1 TC(:300)",
        "AWS/Lambda/Duration f,f:live SampleCount",
        "AWS/Lambda/Duration f,f:live TC(:300)",
        "app/Failed v2 Sum",
        "app/Failed v1 Sum",
        "AWS/Lambda/Throttles f,f:live Sum",
    ];
    assert_eq!(
        said(&question(vec![Source::Errors, slower, own(None)])),
        expected
    );
}

#[test]
fn only_what_is_asked_for_is_fetched() {
    let mut question = question(vec![own(Some(OwnMetric {
        namespace: "app".into(),
        metric: "All".into(),
        dimensions: vec![("Version".into(), "{version}".into())],
    }))]);
    assert_eq!(question.span().unwrap().from, at(-3_720));
    assert_eq!(question.span().unwrap().to, at(300));
    question.window = None;
    assert_eq!(said(&question), ["app/All 1 Sum", "app/Failed v1 Sum"]);
    assert_eq!(question.span().unwrap().to, at(-120));
}
