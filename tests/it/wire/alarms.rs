//! One look at many alarms, through the adapter that every tick uses.

use std::collections::BTreeMap;
use std::time::Duration;

use lambda_canary::aws::{Kind, alarms};
use lambda_canary::judge::alarms::Question;
use lambda_canary::local::LocalAws;
use lambda_canary::sim::{FaultKind, FaultRule, Service};
use serde_json::json;

use super::{START, cloudwatch_client, sample};

/// Every call of this operation hangs.
fn hang(aws: &LocalAws, operation: &str) {
    aws.with_world(|world| {
        let rule = FaultRule::new(FaultKind::Timeout, world.now());
        world.add_fault(rule.operation(operation));
    });
}

/// Three alarms, all of which have changed since they were last looked at.
async fn changed() -> (LocalAws, Question) {
    let aws = sample().await;
    let names = ["a", "b", "c"];
    for name in names {
        aws.with_world(|world| {
            let rule = json!({
                "AlarmName": name, "Namespace": "n", "MetricName": "m", "Statistic": "Sum",
                "Period": 60, "EvaluationPeriods": 1, "Threshold": 1.0,
                "ComparisonOperator": "GreaterThanThreshold",
            });
            let put = world.call(Service::CloudWatch, "PutMetricAlarm", rule);
            put.expect("an alarm");
            let ring = json!({"AlarmName": name, "StateValue": "ALARM", "StateReason": "a drill"});
            let set = world.call(Service::CloudWatch, "SetAlarmState", ring);
            set.expect("it rings");
        });
    }
    let before = START - jiff::SignedDuration::from_hours(1);
    let since: BTreeMap<_, _> = names.map(|name| (name.to_owned(), Some(before))).into();
    (aws, Question { since })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_has_its_history() {
    let (aws, question) = changed().await;
    let client = cloudwatch_client(&aws);
    let answer = alarms::read(&client, &question, alarms::LONGEST).await;
    let answer = answer.expect("all is well");
    assert_eq!(answer.failure, None);
    assert_eq!(answer.readings.len(), 3);
    let read = answer.readings.iter().all(|one| !one.changes.is_empty());
    assert!(read, "{answer:?}");
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn histories_that_take_too_long_are_left_in_doubt_and_the_states_stand() {
    let (aws, question) = changed().await;
    hang(&aws, "DescribeAlarmHistory");
    let longest = Duration::from_millis(700);
    let client = cloudwatch_client(&aws);
    // Each call alone would hang for five seconds.
    let look = alarms::read(&client, &question, longest);
    let answer = tokio::time::timeout(Duration::from_secs(4), look).await;
    let answer = answer.expect("in time").expect("the states are there");
    assert_eq!(answer.readings.len(), 3);
    let failure = answer.failure.expect("it is said");
    assert!(
        failure.contains("histories") && failure.contains("700ms"),
        "{failure}"
    );
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn alarms_that_take_too_long_are_unreadable() {
    let (aws, question) = changed().await;
    hang(&aws, "DescribeAlarms");
    let longest = Duration::from_millis(300);
    let client = cloudwatch_client(&aws);
    let look = alarms::read(&client, &question, longest);
    let answer = tokio::time::timeout(Duration::from_secs(4), look).await;
    let error = answer.expect("in time").expect_err("nothing was read");
    assert_eq!((error.call, error.kind), ("DescribeAlarms", Kind::Passing));
    aws.shutdown().await;
}
