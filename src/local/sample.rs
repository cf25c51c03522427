//! The account that `canary local` and `canary demo` start with.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sim::{AwsError, Service, World};

/// How much has happened before anybody looks: enough for metrics and a settled alarm.
const PAST: Duration = Duration::from_secs(15 * 60);

/// The sample before its release.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Requests a second through the alias, 0 to a million.
    pub requests_per_second: f64,
    /// The share of its calls that version 1 fails, 0 to 1.
    pub error_rate: f64,
    /// So many errors of the alias in a minute raise the alarm.
    pub alarm_at: f64,
}

impl Default for Sample {
    fn default() -> Self {
        Self {
            requests_per_second: 20.0,
            error_rate: 0.0,
            alarm_at: 3.0,
        }
    }
}

/// An account, at the time `now`, with a function `hello`: versions 1 and 2, the alias `live` at
/// version 1 with 20 requests a second, and the alarm `hello-live-errors` on its errors.
///
/// A quarter of an hour has already passed there, so that metrics and the alarm's state exist.
///
/// # Panics
///
/// If the simulated AWS refuses its own sample, which its tests exclude.
#[must_use]
pub fn sample_world(seed: u64, now: Timestamp) -> World {
    let sample = Sample::default();
    world(seed, now, &function(sample.error_rate), sample)
}

/// The same account with version 1 alone, and so many requests a second.
///
/// # Panics
///
/// If the simulated AWS refuses its own sample, which its tests exclude.
#[must_use]
pub fn first_version_world(seed: u64, now: Timestamp, requests_per_second: f64) -> World {
    let sample = Sample {
        requests_per_second,
        ..Sample::default()
    };
    unreleased_world(seed, now, sample)
}

/// The same account with version 1 alone, as the sample says.
///
/// # Panics
///
/// If the simulated AWS refuses its own sample, which its tests exclude.
#[must_use]
pub fn unreleased_world(seed: u64, now: Timestamp, sample: Sample) -> World {
    let [create, first, .., alias] = function(sample.error_rate);
    world(seed, now, &[create, first, alias], sample)
}

fn world(seed: u64, now: Timestamp, function: &[(&str, Value)], sample: Sample) -> World {
    let mut world = World::new(seed, now - PAST);
    furnish(&mut world, function, sample)
        .expect("the sample is a constant that the simulated AWS accepts");
    world.clear_trace();
    world.advance_to(now);
    world
}

fn furnish(world: &mut World, function: &[(&str, Value)], sample: Sample) -> Result<(), AwsError> {
    for (operation, input) in function {
        world.call(Service::Lambda, operation, input.clone())?;
    }
    let alarm = alarm(sample.alarm_at);
    world.call(Service::CloudWatch, "PutMetricAlarm", alarm)?;
    world.set_traffic("hello", "live", sample.requests_per_second)
}

/// The function, its versions and its alias, in the order of their making.
fn function(error_rate: f64) -> [(&'static str, Value); 5] {
    [
        (
            "CreateFunction",
            json!({
                "FunctionName": "hello",
                "Description": "the first release",
                "Role": "arn:aws:iam::000000000000:role/canary-SampleRole",
                "Runtime": "provided.al2023",
                "Handler": "sample",
                "Timeout": 10,
                "Environment": {"Variables": {"ERROR_RATE": error_rate.to_string()}},
                "Code": {"ZipFile": "hello, world"},
            }),
        ),
        (
            "PublishVersion",
            json!({"FunctionName": "hello", "Description": "the first release"}),
        ),
        (
            "UpdateFunctionCode",
            json!({"FunctionName": "hello", "ZipFile": "hello, brave new world"}),
        ),
        (
            "PublishVersion",
            json!({"FunctionName": "hello", "Description": "the second release"}),
        ),
        (
            "CreateAlias",
            json!({"FunctionName": "hello", "Name": "live", "FunctionVersion": "1"}),
        ),
    ]
}

fn alarm(at: f64) -> Value {
    json!({
        "AlarmName": "hello-live-errors",
        "AlarmDescription": format!("{at} errors of hello:live in a minute"),
        "Namespace": "AWS/Lambda",
        "MetricName": "Errors",
        "Dimensions": [
            {"Name": "FunctionName", "Value": "hello"},
            {"Name": "Resource", "Value": "hello:live"},
        ],
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": at,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_has_two_versions_an_alias_and_a_quiet_alarm() {
        let mut world = sample_world(1, Timestamp::constant(1_800_000_000, 0));
        assert_eq!(world.now().as_second(), 1_800_000_000);
        assert_eq!(world.trace().count(), 0);
        let mut call = |service, operation, input| {
            world
                .call(service, operation, input)
                .expect("the sample is there")
        };
        let alias = call(
            Service::Lambda,
            "GetAlias",
            json!({"FunctionName": "hello", "Name": "live"}),
        );
        assert_eq!(alias["FunctionVersion"], "1");
        let versions = call(
            Service::Lambda,
            "ListVersionsByFunction",
            json!({"FunctionName": "hello"}),
        );
        let versions = versions["Versions"].as_array().expect("versions");
        assert_eq!(versions.len(), 3);
        assert_ne!(versions[1]["CodeSha256"], versions[2]["CodeSha256"]);
        let alarms = call(Service::CloudWatch, "DescribeAlarms", json!({}));
        assert_eq!(alarms["MetricAlarms"][0]["StateValue"], "OK");
    }
}
