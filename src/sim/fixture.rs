//! The world that the tests start from: function `hello`, versions 1 and 2, alias `live` at 1.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::alarms::{
    AlarmHistoryItem, DescribeAlarmHistoryRequest, DescribeAlarmsRequest, MetricAlarm,
    PutMetricAlarmRequest, SetAlarmStateRequest,
};
use super::errors::AwsError;
use super::lambda::{
    AliasConfiguration, AliasRoutingConfiguration, CreateAliasRequest, CreateFunctionRequest,
    Environment, GetAliasRequest, PublishVersionRequest, UpdateAliasRequest,
    UpdateFunctionConfigurationRequest,
};
use super::metrics::{
    Dimension, GetMetricDataRequest, Metric, MetricDataQuery, MetricDatum, MetricStat,
    PutMetricDataRequest,
};
use super::world::World;

/// A full minute, so that tests can count in minutes.
pub(super) const START: &str = "2026-11-21T05:51:00Z";

pub(super) const ROLE: &str = "arn:aws:iam::000000000000:role/hello";

pub(super) fn start() -> Timestamp {
    START.parse().expect("a timestamp")
}

/// Versions 1 and 2 differ in their environment only.
pub(super) fn hello(seed: u64) -> World {
    let mut world = World::new(seed, start());
    let request = CreateFunctionRequest {
        function_name: "hello".to_owned(),
        role: ROLE.to_owned(),
        publish: Some(true),
        ..Default::default()
    };
    world.create_function(request).expect("a new function");
    publish(&mut world, &[("RELEASE", "2")]);
    let alias = CreateAliasRequest {
        function_name: "hello".to_owned(),
        name: "live".to_owned(),
        function_version: "1".to_owned(),
        ..Default::default()
    };
    world.create_alias(alias).expect("a new alias");
    world.clear_trace();
    world
}

/// Publishes `hello` with these environment variables; answers the version.
pub(super) fn publish(world: &mut World, variables: &[(&str, &str)]) -> String {
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let request = UpdateFunctionConfigurationRequest {
        function_name: "hello".to_owned(),
        environment: Some(Environment {
            variables: Some(variables.collect()),
        }),
        ..Default::default()
    };
    world
        .update_function_configuration(request)
        .expect("the function exists");
    let request = PublishVersionRequest {
        function_name: "hello".to_owned(),
        ..Default::default()
    };
    world
        .publish_version(request)
        .expect("the function exists")
        .version
}

pub(super) fn live(world: &mut World) -> AliasConfiguration {
    let request = GetAliasRequest {
        function_name: "hello".to_owned(),
        name: "live".to_owned(),
    };
    world.get_alias(request).expect("the alias exists")
}

/// An update of `hello:live` that changes nothing yet.
pub(super) fn update() -> UpdateAliasRequest {
    UpdateAliasRequest {
        function_name: "hello".to_owned(),
        name: "live".to_owned(),
        ..Default::default()
    }
}

pub(super) fn weights(pairs: &[(&str, f64)]) -> Option<AliasRoutingConfiguration> {
    let weights: BTreeMap<_, _> = pairs
        .iter()
        .map(|(version, weight)| ((*version).to_owned(), *weight))
        .collect();
    Some(AliasRoutingConfiguration {
        additional_version_weights: Some(weights),
    })
}

/// Sends that share of `hello:live` to version 2.
pub(super) fn shift(world: &mut World, weight: f64) {
    let request = UpdateAliasRequest {
        routing_config: weights(&[("2", weight)]),
        ..update()
    };
    world.update_alias(request).expect("a valid update");
}

pub(super) fn pass(world: &mut World, seconds: i64) {
    world.advance_to(world.now() + SignedDuration::from_secs(seconds));
}

pub(super) fn dimensions(pairs: &[(&str, &str)]) -> Vec<Dimension> {
    pairs
        .iter()
        .map(|(name, value)| Dimension {
            name: (*name).to_owned(),
            value: (*value).to_owned(),
        })
        .collect()
}

pub(super) fn query(
    id: &str,
    namespace: &str,
    name: &str,
    pairs: &[(&str, &str)],
    stat: &str,
) -> MetricDataQuery {
    let metric = Metric {
        namespace: Some(namespace.to_owned()),
        metric_name: Some(name.to_owned()),
        dimensions: Some(dimensions(pairs)),
    };
    let stat = MetricStat {
        metric,
        period: 60,
        stat: stat.to_owned(),
        unit: None,
    };
    MetricDataQuery {
        id: id.to_owned(),
        metric_stat: Some(stat),
        ..Default::default()
    }
}

/// The datapoints of a `Lambda` metric since the start, oldest first: second since the start, value.
pub(super) fn lambda_data(
    world: &mut World,
    name: &str,
    pairs: &[(&str, &str)],
    stat: &str,
) -> Vec<(i64, f64)> {
    let request = GetMetricDataRequest {
        metric_data_queries: vec![query("q", "AWS/Lambda", name, pairs, stat)],
        start_time: start(),
        end_time: world.now() + SignedDuration::from_secs(1),
        scan_by: Some("TimestampAscending".to_owned()),
        ..Default::default()
    };
    let result = world
        .get_metric_data(request)
        .expect("a valid query")
        .metric_data_results
        .remove(0);
    result
        .timestamps
        .iter()
        .map(|at| at.as_second() - start().as_second())
        .zip(result.values)
        .collect()
}

pub(super) fn total(data: &[(i64, f64)]) -> f64 {
    data.iter().map(|(_, value)| value).sum()
}

/// One value of the custom metric `app Errors`, now.
pub(super) fn measure(world: &mut World, value: f64) {
    let datum = MetricDatum {
        metric_name: "Errors".to_owned(),
        value: Some(value),
        ..Default::default()
    };
    let request = PutMetricDataRequest {
        namespace: "app".to_owned(),
        metric_data: Some(vec![datum]),
    };
    world.put_metric_data(request).expect("a valid datum");
}

/// `Sum >= 3` of `app Errors` in one minute.
pub(super) fn app_errors(name: &str) -> PutMetricAlarmRequest {
    PutMetricAlarmRequest {
        alarm_name: name.to_owned(),
        namespace: Some("app".to_owned()),
        metric_name: Some("Errors".to_owned()),
        statistic: Some("Sum".to_owned()),
        period: Some(60),
        evaluation_periods: Some(1),
        threshold: Some(3.0),
        comparison_operator: Some("GreaterThanOrEqualToThreshold".to_owned()),
        ..Default::default()
    }
}

pub(super) fn alarm(world: &mut World, name: &str) -> MetricAlarm {
    let request = DescribeAlarmsRequest {
        alarm_names: Some(vec![name.to_owned()]),
        ..Default::default()
    };
    world
        .describe_alarms(request)
        .expect("a valid request")
        .metric_alarms
        .remove(0)
}

/// The transitions of an alarm, oldest first.
pub(super) fn transitions(world: &mut World, name: &str) -> Vec<AlarmHistoryItem> {
    let request = DescribeAlarmHistoryRequest {
        alarm_name: Some(name.to_owned()),
        alarm_types: Some(vec!["MetricAlarm".to_owned(), "CompositeAlarm".to_owned()]),
        history_item_type: Some("StateUpdate".to_owned()),
        scan_by: Some("TimestampAscending".to_owned()),
        ..Default::default()
    };
    world
        .describe_alarm_history(request)
        .expect("a valid request")
        .alarm_history_items
}

/// The code of the error that must have come.
pub(super) fn code<T: std::fmt::Debug>(result: Result<T, AwsError>) -> String {
    result.expect_err("an error").code
}

pub(super) fn set(world: &mut World, name: &str, state: &str) {
    let request = SetAlarmStateRequest {
        alarm_name: name.to_owned(),
        state_value: state.to_owned(),
        state_reason: "by hand".to_owned(),
        state_reason_data: None,
    };
    world.set_alarm_state(request).expect("the alarm exists");
}

pub(super) fn state(world: &mut World, name: &str) -> String {
    alarm(world, name).state_value
}

/// One minute with that value, to its end and through the evaluation after it.
pub(super) fn minute(world: &mut World, value: f64) {
    measure(world, value);
    pass(world, 60);
}
