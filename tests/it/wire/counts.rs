//! What both versions counted, through our adapter and the Rust SDK.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lambda_canary::aws::{counts, traffic};
use lambda_canary::judge::measure::{
    CountsQuestion, EvidenceRules, Series, Source, Span, Versions,
};
use lambda_canary::local::LocalAws;
use lambda_canary::sim::{Behaviour, FaultKind, FaultRule};

use super::{START, cloudwatch_client, lambda_client, pass, sample};

fn question(metrics: Vec<Source>) -> CountsQuestion {
    let minutes = |minutes: i64| START + SignedDuration::from_mins(minutes);
    CountsQuestion {
        window: Some(Span {
            from: minutes(0),
            to: minutes(10),
        }),
        history: Some(Span {
            from: minutes(-10),
            to: minutes(-2),
        }),
        after: None,
        metrics,
        versions: Versions {
            stable: "1".to_owned(),
            canary: "2".to_owned(),
        },
    }
}

/// A fifth of the traffic goes to version 2, a quarter of which fails and all of which is slow.
async fn shifted() -> LocalAws {
    let aws = sample().await;
    aws.with_world(|world| {
        let bad = Behaviour {
            error_rate: 0.25,
            latency_ms: 500.0,
            ..Behaviour::default()
        };
        world.set_behaviour("hello", "2", bad).expect("version 2");
        world.set_traffic("hello", "live", 20.0).expect("a rate");
    });
    lambda_client(&aws)
        .update_alias()
        .function_name("hello")
        .name("live")
        .routing_config(
            aws_sdk_lambda::types::AliasRoutingConfiguration::builder()
                .additional_version_weights("2", 0.2)
                .build(),
        )
        .send()
        .await
        .expect("a weight");
    pass(&aws, Duration::from_secs(15 * 60));
    aws
}

fn sum(series: Option<&Series>) -> f64 {
    series
        .expect("it is complete")
        .points()
        .map(|(_, value)| value)
        .sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_versions_counts_come_in_one_call() {
    let aws = shifted().await;
    aws.with_world(|world| world.clear_trace());
    let slow = Source::SlowerThan { milliseconds: 200 };
    let question = question(vec![Source::Errors, slow]);
    let client = cloudwatch_client(&aws);
    let answer = counts::read(&client, "hello", "live", &question)
        .await
        .expect("counts");
    let calls: BTreeMap<String, usize> = aws.with_world(|world| {
        let mut calls = BTreeMap::new();
        for call in world.trace() {
            *calls.entry(call.operation.to_string()).or_default() += 1;
        }
        calls
    });
    assert_eq!(calls, [("GetMetricData".to_owned(), 1)].into());
    assert_eq!(answer.failure, None);
    let [errors, slow] = &answer.metrics[..] else {
        panic!("two metrics, not {answer:?}")
    };
    let totals = [&errors.canary, &errors.stable].map(|pair| sum(pair.total.as_ref()));
    let share = totals[0] / (totals[0] + totals[1]);
    assert!((0.18..0.22).contains(&share), "{share}");
    let rate = sum(errors.canary.bad.as_ref()) / totals[0];
    assert!((0.2..0.3).contains(&rate), "{rate}");
    assert_eq!(sum(errors.stable.bad.as_ref()), 0.0);
    assert!(sum(slow.canary.bad.as_ref()) > 0.95 * totals[0]);
    assert!(sum(slow.stable.bad.as_ref()) < 0.05 * totals[1]);
    let minutes: Vec<i64> = errors
        .stable
        .total
        .as_ref()
        .expect("it is")
        .points()
        .map(|(minute, _)| minute)
        .collect();
    assert!(minutes.contains(&(START.as_second() / 60)), "{minutes:?}");
    assert!(
        sum(errors.history.total.as_ref()) > 0.0,
        "the alias before there were weights"
    );
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_versions_of_a_weighted_alias_are_listed_with_their_requests() {
    let aws = shifted().await;
    let client = cloudwatch_client(&aws);
    let versions = |alias: &'static str| traffic::versions(&client, "hello", alias);
    let listed = versions("live").await.expect("a list");
    assert_eq!(listed, ["1".to_owned(), "2".to_owned()].into());
    assert!(versions("other").await.expect("a list").is_empty());
    let asked = ["1".to_owned(), "2".to_owned(), "3".to_owned()].into();
    let span = question(Vec::new()).span().expect("there is one");
    let requests = traffic::requests(&client, "hello", "live", &asked, span).await;
    let requests = requests.expect("requests");
    let sums = requests.values().map(|series| sum(Some(series)));
    let [one, two, three] = sums.collect::<Vec<f64>>()[..] else {
        panic!("three were asked for: {requests:?}")
    };
    assert!((0.18..0.22).contains(&(two / (one + two))), "{one} {two}");
    assert_eq!(three, 0.0);
    aws.with_world(|world| world.force_metric_status(Some("InternalError")));
    let partly = traffic::requests(&client, "hello", "live", &asked, span).await;
    let partly = partly.expect_err("not in full").to_string();
    assert!(partly.contains("InternalError"), "{partly}");
    aws.with_world(|world| {
        let rule = FaultRule::new(FaultKind::AccessDenied, world.now());
        world.add_fault(rule.operation("ListMetrics"));
    });
    let refused = versions("live")
        .await
        .expect_err("it is refused")
        .to_string();
    assert!(
        refused.starts_with("ListMetrics: AccessDenied"),
        "{refused}"
    );
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_complete_is_absent_and_a_refusal_an_error() {
    let aws = shifted().await;
    let client = cloudwatch_client(&aws);
    let question = question(vec![Source::Errors]);
    aws.with_world(|world| world.force_metric_status(Some("Forbidden")));
    let answer = counts::read(&client, "hello", "live", &question)
        .await
        .expect("an answer");
    assert_eq!(answer.metrics[0].canary.total, None);
    assert_eq!(answer.metrics[0].stable.bad, None);
    let failure = answer.failure.expect("a reason");
    assert_eq!(failure, "CloudWatch answered for Invocations: Forbidden");
    aws.with_world(|world| {
        let rule = FaultRule::new(FaultKind::AccessDenied, world.now());
        world.add_fault(rule.operation("GetMetricData"));
    });
    let refused = counts::read(&client, "hello", "live", &question).await;
    let refused = counts::explained(&refused.expect_err("it is refused"));
    assert!(
        refused.starts_with("the right to cloudwatch:GetMetricData is missing: GetMetricData: "),
        "{refused}"
    );
    aws.shutdown().await;
}

/// Before a start: what will stay so is a reason against it, and what may pass is none.
#[tokio::test(flavor = "multi_thread")]
async fn only_what_will_not_pass_is_a_reason_not_to_start() {
    let aws = sample().await;
    let client = cloudwatch_client(&aws);
    let (rules, versions) = (EvidenceRules::standard(), question(Vec::new()).versions);
    for (kind, fits) in [
        (None, true),
        (Some(FaultKind::AccessDenied), false),
        (Some(FaultKind::Throttle), true),
        (Some(FaultKind::InternalError), true),
        (Some(FaultKind::ConnectionReset), true),
    ] {
        aws.with_world(|world| {
            world.clear_faults();
            let rule = kind.map(|kind| FaultRule::new(kind, world.now()));
            if let Some(rule) = rule {
                world.add_fault(rule.operation("GetMetricData"));
            }
        });
        let tried = counts::try_out(&client, "hello", "live", &rules, &versions, START).await;
        assert_eq!(tried.is_ok(), fits, "{kind:?}: {tried:?}");
        if let Err((why, hint)) = tried {
            assert!(
                why.contains("the right to cloudwatch:GetMetricData is missing"),
                "{why}"
            );
            assert!(hint.is_some_and(|hint| hint.starts_with("give the role the right")));
        }
    }
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_judge_reads_what_the_sdk_brings() {
    let aws = shifted().await;
    let client = cloudwatch_client(&aws);
    let rules = EvidenceRules::standard();
    let versions = question(Vec::new()).versions;
    let mut memory = lambda_canary::judge::measure::Memory::default();
    let at = |seconds: i64| -> Timestamp { START + SignedDuration::from_secs(seconds) };
    memory.saw(0, at(-10));
    memory.saw(2_000, at(0));
    let mut regression = None;
    for second in [600, 615] {
        memory.saw(2_000, at(second));
        let question = rules
            .question(&memory, &versions, at(second))
            .expect("it is due");
        let answer = counts::read(&client, "hello", "live", &question)
            .await
            .expect("counts");
        memory = rules.weigh(&memory, 3, at(second), &answer);
        regression = memory
            .finding()
            .and_then(|finding| finding.regression.clone());
    }
    let regression = regression
        .expect("a quarter of the canary's calls fail")
        .to_string();
    assert!(
        regression.starts_with("the canary is worse by errors"),
        "{regression}"
    );
    aws.shutdown().await;
}
