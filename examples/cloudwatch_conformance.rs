//! CloudWatch's operations through the Rust SDK against any endpoint: a JSON object a line.
//!
//! `AWS_ENDPOINT_URL=http://127.0.0.1:4599 cargo run --example cloudwatch_conformance`. It says what
//! was asked and what the typed client read from the answer, without judging it;
//! `tests/conformance/compare` runs it against two servers and compares.

use std::error::Error;
use std::time::{Duration, SystemTime};

use aws_sdk_cloudwatch::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{
    AlarmHistoryItem, AlarmType, ComparisonOperator, CompositeAlarm, Datapoint, Dimension,
    DimensionFilter, HistoryItemType, Metric, MetricAlarm, MetricDataQuery, MetricDatum,
    MetricStat, ScanBy, StandardUnit, StateValue, Statistic,
};
use aws_sdk_cloudwatch::{Client, config};
use serde_json::{Value, json};

const NAMESPACE: &str = "Typed";
const ALARM: &str = "typed";
const BOTH: &str = "typed-both";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let endpoint = std::env::var("AWS_ENDPOINT_URL").map_err(
        |_| "AWS_ENDPOINT_URL has to name the server, http://127.0.0.1:4599 for instance",
    )?;
    let credentials = aws_credential_types::Credentials::from_keys("test", "test", None);
    let config = config::Builder::new()
        .behavior_version(config::BehaviorVersion::latest())
        .region(config::Region::new("us-east-1"))
        .credentials_provider(credentials)
        .endpoint_url(endpoint)
        .http_client(lambda_canary::aws::session::https())
        .build();
    let client = Client::from_conf(config);
    // Whole minutes, so that both servers put the same values into the same periods.
    let now = jiff::Timestamp::try_from(now())?;
    let minute = now.as_second().div_euclid(60) * 60;
    metrics(&client, minute).await;
    alarms(&client).await;
    errors(&client).await;
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "metrics are put for the minutes before this one"
)]
fn now() -> SystemTime {
    SystemTime::now()
}

/// Prints what came of a call.
fn tell<T, E: ProvideErrorMetadata>(
    call: &str,
    answer: Result<T, SdkError<E>>,
    read: impl FnOnce(&T) -> Value,
) -> Option<T> {
    let said = match &answer {
        Ok(answer) => json!({"call": call, "answer": read(answer)}),
        Err(SdkError::ServiceError(error)) => {
            json!({"call": call, "error": error.err().code(), "status": error.raw().status().as_u16()})
        }
        Err(error) => json!({"call": call, "error": format!("no answer: {error}")}),
    };
    println!("{said}");
    answer.ok()
}

fn nothing<T>(_: &T) -> Value {
    json!({})
}

fn dimension() -> Dimension {
    Dimension::builder()
        .name("FunctionName")
        .value("typed")
        .build()
}

async fn metrics(client: &Client, minute: i64) {
    let datum = |minutes: i64, value: f64| {
        MetricDatum::builder()
            .metric_name("orders")
            .dimensions(dimension())
            .timestamp(DateTime::from_secs(minute - minutes * 60))
            .value(value)
            .unit(StandardUnit::Count)
            .build()
    };
    let put = client
        .put_metric_data()
        .namespace(NAMESPACE)
        .metric_data(datum(5, 2.0))
        .metric_data(datum(5, 3.0))
        .metric_data(datum(3, 7.5));
    tell("PutMetricData", put.send().await, nothing);
    let (from, to) = (minute - 600, minute + 60);
    for _ in 0..40 {
        if listed(client).await > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    let metric = Metric::builder()
        .namespace(NAMESPACE)
        .metric_name("orders")
        .dimensions(dimension())
        .build();
    let mut get = client
        .get_metric_data()
        .start_time(DateTime::from_secs(from))
        .end_time(DateTime::from_secs(to))
        .scan_by(ScanBy::TimestampAscending);
    for (id, statistic) in [
        ("sum", "Sum"),
        ("count", "SampleCount"),
        ("high", "Maximum"),
    ] {
        let of = MetricStat::builder()
            .metric(metric.clone())
            .period(60)
            .stat(statistic);
        get = get.metric_data_queries(
            MetricDataQuery::builder()
                .id(id)
                .metric_stat(of.build())
                .build(),
        );
    }
    tell("GetMetricData", get.send().await, |answer| {
        let results = answer.metric_data_results().iter().map(|result| {
            let seconds: Vec<i64> = result
                .timestamps()
                .iter()
                .map(|at| at.secs() - minute)
                .collect();
            json!({"id": result.id(), "values": result.values(), "seconds": seconds,
                "status": result.status_code().map(|status| status.as_str())})
        });
        results.collect()
    });
    let statistics = client
        .get_metric_statistics()
        .namespace(NAMESPACE)
        .metric_name("orders")
        .dimensions(dimension())
        .start_time(DateTime::from_secs(from))
        .end_time(DateTime::from_secs(to))
        .period(660)
        .statistics(Statistic::Sum)
        .statistics(Statistic::Average);
    tell("GetMetricStatistics", statistics.send().await, |answer| {
        let points = answer.datapoints().iter().map(point);
        json!({"label": answer.label(), "datapoints": points.collect::<Vec<_>>()})
    });
    let list = client
        .list_metrics()
        .namespace(NAMESPACE)
        .dimensions(DimensionFilter::builder().name("FunctionName").build());
    tell("ListMetrics", list.send().await, |answer| {
        let metrics = answer.metrics().iter();
        metrics
            .map(|metric| {
                json!([
                    metric.namespace(),
                    metric.metric_name(),
                    pairs(metric.dimensions())
                ])
            })
            .collect()
    });
}

/// How many metrics of ours are known: neither server has to know them at once.
async fn listed(client: &Client) -> usize {
    let list = client.list_metrics().namespace(NAMESPACE).send().await;
    list.map_or(0, |answer| answer.metrics().len())
}

fn pairs(dimensions: &[Dimension]) -> Value {
    dimensions
        .iter()
        .map(|pair| json!([pair.name(), pair.value()]))
        .collect()
}

fn point(point: &Datapoint) -> Value {
    json!({"sum": point.sum(), "average": point.average(), "count": point.sample_count(),
        "unit": point.unit().map(StandardUnit::as_str)})
}

async fn alarms(client: &Client) {
    let put = client
        .put_metric_alarm()
        .alarm_name(ALARM)
        .alarm_description("a <&> b")
        .namespace(NAMESPACE)
        .metric_name("errors")
        .dimensions(dimension())
        .statistic(Statistic::Sum)
        .period(60)
        .evaluation_periods(2)
        .datapoints_to_alarm(1)
        .threshold(2.5)
        .comparison_operator(ComparisonOperator::GreaterThanThreshold)
        .treat_missing_data("ignore");
    tell("PutMetricAlarm", put.send().await, nothing);
    let described = describe(client, "DescribeAlarms", &[ALARM]).await;
    let arn = described.unwrap_or_default();
    let both = client
        .put_composite_alarm()
        .alarm_name(BOTH)
        .alarm_rule(format!("ALARM(\"{arn}\")"));
    tell("PutCompositeAlarm", both.send().await, nothing);
    let set = client
        .set_alarm_state()
        .alarm_name(ALARM)
        .state_value(StateValue::Alarm)
        .state_reason("drill");
    tell("SetAlarmState", set.send().await, nothing);
    // A composite follows in its own time.
    tokio::time::sleep(Duration::from_secs(2)).await;
    describe(client, "DescribeAlarms, in ALARM", &[ALARM, BOTH]).await;
    let history = client
        .describe_alarm_history()
        .alarm_name(ALARM)
        .history_item_type(HistoryItemType::StateUpdate);
    tell("DescribeAlarmHistory", history.send().await, |answer| {
        answer.alarm_history_items().iter().map(item).collect()
    });
    for name in [BOTH, ALARM] {
        let delete = client.delete_alarms().alarm_names(name);
        tell("DeleteAlarms", delete.send().await, nothing);
    }
    describe(client, "DescribeAlarms, deleted", &[ALARM, BOTH]).await;
}

/// The first alarm's ARN.
async fn describe(client: &Client, call: &str, names: &[&str]) -> Option<String> {
    let request = client
        .describe_alarms()
        .set_alarm_names(Some(names.iter().map(|&name| name.to_owned()).collect()))
        .alarm_types(AlarmType::MetricAlarm)
        .alarm_types(AlarmType::CompositeAlarm);
    let answer = tell(call, request.send().await, |answer| {
        let metric: Vec<Value> = answer.metric_alarms().iter().map(alarm).collect();
        let composite: Vec<Value> = answer.composite_alarms().iter().map(composed).collect();
        json!({"metric": metric, "composite": composite})
    })?;
    answer
        .metric_alarms()
        .first()?
        .alarm_arn()
        .map(str::to_owned)
}

fn alarm(alarm: &MetricAlarm) -> Value {
    let known = |time: Option<&DateTime>| time.is_some();
    json!({
        "name": alarm.alarm_name(), "arn": alarm.alarm_arn(), "description": alarm.alarm_description(),
        "enabled": alarm.actions_enabled(), "actions": alarm.alarm_actions(), "namespace": alarm.namespace(),
        "metric": alarm.metric_name(), "dimensions": pairs(alarm.dimensions()),
        "statistic": alarm.statistic().map(Statistic::as_str), "period": alarm.period(), "n": alarm.evaluation_periods(),
        "m": alarm.datapoints_to_alarm(), "threshold": alarm.threshold(),
        "comparison": alarm.comparison_operator().map(ComparisonOperator::as_str),
        "missing": alarm.treat_missing_data(), "state": alarm.state_value().map(StateValue::as_str),
        "reason": alarm.state_reason(), "updated": known(alarm.state_updated_timestamp()),
        "transitioned": known(alarm.state_transitioned_timestamp()),
        "configured": known(alarm.alarm_configuration_updated_timestamp()),
    })
}

fn composed(alarm: &CompositeAlarm) -> Value {
    json!({"name": alarm.alarm_name(), "rule": alarm.alarm_rule(),
        "state": alarm.state_value().map(StateValue::as_str), "enabled": alarm.actions_enabled()})
}

fn item(item: &AlarmHistoryItem) -> Value {
    json!({"name": item.alarm_name(), "type": item.alarm_type().map(AlarmType::as_str), "summary": item.history_summary(),
        "data": item.history_data(), "kind": item.history_item_type().map(HistoryItemType::as_str),
        "at": item.timestamp().is_some()})
}

/// Refusals, by the code that the typed error has.
async fn errors(client: &Client) {
    let set = client
        .set_alarm_state()
        .alarm_name("nobody")
        .state_value(StateValue::Ok)
        .state_reason("x");
    tell("SetAlarmState, nobody", set.send().await, nothing);
    let bad = client.describe_alarms().next_token("made up");
    tell("DescribeAlarms, made-up token", bad.send().await, nothing);
    let wrong = client
        .put_metric_alarm()
        .alarm_name(ALARM)
        .namespace(NAMESPACE)
        .metric_name("errors")
        .statistic(Statistic::Sum)
        .period(7)
        .evaluation_periods(1)
        .threshold(1.0)
        .comparison_operator(ComparisonOperator::GreaterThanThreshold);
    tell("PutMetricAlarm, period of 7", wrong.send().await, nothing);
}
