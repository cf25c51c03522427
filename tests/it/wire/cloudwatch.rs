//! CloudWatch's operations through the Rust SDK, in CBOR.

use std::time::Duration;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::error::ProvideErrorMetadata as _;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{
    AlarmType, ComparisonOperator, Dimension, HistoryItemType, Metric, MetricDataQuery,
    MetricDatum, MetricStat, StandardUnit, StateValue, Statistic, StatusCode,
};
use jiff::Timestamp;
use lambda_canary::local::LocalAws;

use super::{cloudwatch_client, pass, sample};

fn dimension(name: &str, value: &str) -> Dimension {
    Dimension::builder().name(name).value(value).build()
}

fn sdk_time(time: Timestamp) -> DateTime {
    DateTime::from_millis(time.as_millisecond())
}

/// The virtual time, so many minutes ago.
fn ago(aws: &LocalAws, minutes: u64) -> DateTime {
    sdk_time(aws.now() - Duration::from_secs(minutes * 60))
}

async fn put_alarm(client: &Client, name: &str) {
    client
        .put_metric_alarm()
        .alarm_name(name)
        .namespace("AWS/Lambda")
        .metric_name("Errors")
        .dimensions(dimension("FunctionName", "hello"))
        .statistic(Statistic::Sum)
        .period(60)
        .evaluation_periods(1)
        .threshold(2.5)
        .comparison_operator(ComparisonOperator::GreaterThanThreshold)
        .treat_missing_data("notBreaching")
        .send()
        .await
        .expect("an alarm");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sample_has_an_alarm_in_ok() {
    let aws = sample().await;
    let client = cloudwatch_client(&aws);
    let found = client
        .describe_alarms()
        .alarm_names("hello-live-errors")
        .send()
        .await
        .expect("alarms");
    let [alarm] = found.metric_alarms() else {
        panic!("one alarm, not {found:?}")
    };
    assert_eq!(alarm.state_value(), Some(&StateValue::Ok));
    assert_eq!((alarm.threshold(), alarm.period()), (Some(3.0), Some(60)));
    assert_eq!(
        alarm.comparison_operator(),
        Some(&ComparisonOperator::GreaterThanOrEqualToThreshold)
    );
    assert_eq!(alarm.dimensions().len(), 2);
    let transitioned = alarm.state_transitioned_timestamp().expect("a time");
    assert!(
        *transitioned < sdk_time(aws.now()) && *transitioned > ago(&aws, 20),
        "{transitioned:?}"
    );
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_was_set_is_seen_and_in_the_history() {
    let aws = sample().await;
    let client = cloudwatch_client(&aws);
    put_alarm(&client, "mine").await;
    let before = ago(&aws, 1);
    let set = |name: &str| {
        client
            .set_alarm_state()
            .alarm_name(name)
            .state_value(StateValue::Alarm)
            .state_reason("drill")
    };
    set("mine").send().await.expect("set");
    let found = client
        .describe_alarms()
        .alarm_names("mine")
        .send()
        .await
        .expect("alarms");
    assert_eq!(
        found.metric_alarms()[0].state_value(),
        Some(&StateValue::Alarm)
    );
    let history = client
        .describe_alarm_history()
        .alarm_name("mine")
        .history_item_type(HistoryItemType::StateUpdate)
        .start_date(before)
        .send()
        .await
        .expect("a history");
    let newest = &history.alarm_history_items()[0];
    assert!(newest.timestamp().is_some_and(|at| *at > before));
    let data: serde_json::Value =
        serde_json::from_str(newest.history_data().expect("data")).expect("JSON");
    assert_eq!(data["newState"]["stateValue"], "ALARM");

    let unknown = set("nobody")
        .send()
        .await
        .expect_err("no such alarm")
        .into_service_error();
    assert!(unknown.is_resource_not_found(), "{unknown:?}");
    assert_eq!(unknown.code(), Some("ResourceNotFound"));
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn composites_come_only_when_asked_for_and_alarms_in_pages() {
    let aws = sample().await;
    let client = cloudwatch_client(&aws);
    put_alarm(&client, "a").await;
    put_alarm(&client, "b").await;
    client
        .put_composite_alarm()
        .alarm_name("both")
        .alarm_rule("ALARM(a) OR ALARM(b)")
        .send()
        .await
        .expect("made");
    let all = client.describe_alarms().send().await.expect("alarms");
    assert!(all.composite_alarms().is_empty());
    let asked = client
        .describe_alarms()
        .alarm_names("both")
        .alarm_names("a")
        .alarm_types(AlarmType::CompositeAlarm)
        .alarm_types(AlarmType::MetricAlarm)
        .send()
        .await
        .expect("alarms");
    assert_eq!(
        (asked.composite_alarms().len(), asked.metric_alarms().len()),
        (1, 1)
    );

    let mut pages = client
        .describe_alarms()
        .into_paginator()
        .page_size(1)
        .send();
    let mut names = Vec::new();
    while let Some(page) = pages.next().await {
        names.extend(
            page.expect("a page")
                .metric_alarms
                .unwrap_or_default()
                .into_iter()
                .filter_map(|alarm| alarm.alarm_name),
        );
    }
    assert_eq!(names, ["a", "b", "hello-live-errors"]);

    client
        .delete_alarms()
        .alarm_names("both")
        .send()
        .await
        .expect("deleted");
    client
        .delete_alarms()
        .alarm_names("a")
        .alarm_names("b")
        .send()
        .await
        .expect("deleted");
    let left = client
        .describe_alarms()
        .alarm_name_prefix("a")
        .send()
        .await
        .expect("alarms");
    assert!(left.metric_alarms().is_empty());
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_put_and_read() {
    let aws = sample().await;
    let client = cloudwatch_client(&aws);
    let datum = |value: f64| {
        MetricDatum::builder()
            .metric_name("orders")
            .dimensions(dimension("shop", "one"))
            .timestamp(ago(&aws, 5))
            .unit(StandardUnit::Count)
            .value(value)
            .build()
    };
    // Large enough to be sent compressed.
    let data = (0..500).map(|_| datum(1.0)).collect();
    client
        .put_metric_data()
        .namespace("Shop")
        .set_metric_data(Some(data))
        .send()
        .await
        .expect("put");
    pass(&aws, Duration::from_secs(180));

    let metric = |namespace: &str, name: &str, dimension: Dimension| {
        Metric::builder()
            .namespace(namespace)
            .metric_name(name)
            .dimensions(dimension)
            .build()
    };
    let query = |id: &str, metric: Metric| {
        let stat = MetricStat::builder()
            .metric(metric)
            .period(60)
            .stat("Sum")
            .build();
        MetricDataQuery::builder().id(id).metric_stat(stat).build()
    };
    let answer = client
        .get_metric_data()
        .metric_data_queries(query(
            "orders",
            metric("Shop", "orders", dimension("shop", "one")),
        ))
        .metric_data_queries(query(
            "calls",
            metric(
                "AWS/Lambda",
                "Invocations",
                dimension("FunctionName", "hello"),
            ),
        ))
        .start_time(ago(&aws, 15))
        .end_time(ago(&aws, 0))
        .send()
        .await
        .expect("data");
    let [orders, calls] = answer.metric_data_results() else {
        panic!("two results, not {answer:?}")
    };
    assert_eq!(
        (orders.status_code(), orders.values()),
        (Some(&StatusCode::Complete), &[500.0][..])
    );
    assert!(calls.values().iter().sum::<f64>() > 1_000.0, "{calls:?}");
    assert!(
        calls
            .timestamps()
            .iter()
            .all(|at| at.secs() % 60 == 0 && at.subsec_nanos() == 0),
        "{calls:?}"
    );
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn statistics_and_lists_of_metrics() {
    let aws = sample().await;
    let client = cloudwatch_client(&aws);
    let statistics = client
        .get_metric_statistics()
        .namespace("AWS/Lambda")
        .metric_name("Duration")
        .dimensions(dimension("FunctionName", "hello"))
        .start_time(ago(&aws, 15))
        .end_time(ago(&aws, 0))
        .period(60)
        .statistics(Statistic::Maximum)
        .extended_statistics("p90")
        .send()
        .await
        .expect("statistics");
    let point = &statistics.datapoints()[0];
    let p90 = point.extended_statistics().expect("p90")["p90"];
    assert!(p90 > 0.0 && Some(p90) <= point.maximum(), "{point:?}");
    let metrics = client
        .list_metrics()
        .namespace("AWS/Lambda")
        .send()
        .await
        .expect("metrics");
    assert!(
        metrics
            .metrics()
            .iter()
            .any(|metric| metric.metric_name() == Some("Invocations"))
    );
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_alarm_and_a_bad_query_are_refused() {
    let aws = sample().await;
    let client = cloudwatch_client(&aws);
    let alarm = client
        .put_metric_alarm()
        .alarm_name("x")
        .evaluation_periods(1)
        .send()
        .await;
    let alarm = alarm
        .expect_err("no comparison operator")
        .into_service_error();
    assert!(
        alarm.code().is_some() && alarm.message().is_some(),
        "{alarm:?}"
    );
    let backwards = client
        .get_metric_data()
        .start_time(ago(&aws, 0))
        .end_time(ago(&aws, 5));
    let query = MetricDataQuery::builder().id("x").expression("1").build();
    let backwards = backwards
        .metric_data_queries(query)
        .send()
        .await
        .expect_err("end before start");
    assert!(backwards.into_service_error().code().is_some());
    let token = client.describe_alarms().next_token("made up").send().await;
    let token = token.expect_err("not our token").into_service_error();
    assert!(token.is_invalid_next_token(), "{token:?}");
    aws.shutdown().await;
}
