//! Which alarms a description shows.

use crate::sim::alarms::{
    DescribeAlarmHistoryRequest, DescribeAlarmsRequest, PutCompositeAlarmRequest,
    PutMetricAlarmRequest,
};
use crate::sim::fixture::{app_errors, code, hello};
use crate::sim::world::World;

fn crowd() -> World {
    let mut world = hello(1);
    for number in 0..60 {
        world
            .put_metric_alarm(app_errors(&format!("m{number:02}")))
            .expect("valid");
    }
    let request = PutCompositeAlarmRequest {
        alarm_name: "c".to_owned(),
        alarm_rule: "ALARM(m00)".to_owned(),
        alarm_actions: Some(vec!["arn:aws:sns:us-east-1:000000000000:t".to_owned()]),
        ..Default::default()
    };
    world.put_composite_alarm(request).expect("valid");
    world
}

fn names(world: &mut World, request: DescribeAlarmsRequest) -> Vec<String> {
    let response = world.describe_alarms(request).expect("valid");
    let metric = response
        .metric_alarms
        .into_iter()
        .map(|alarm| alarm.alarm_name);
    metric
        .chain(
            response
                .composite_alarms
                .into_iter()
                .map(|alarm| alarm.alarm_name),
        )
        .collect()
}

fn some(words: &[&str]) -> Option<Vec<String>> {
    Some(words.iter().map(|word| (*word).to_owned()).collect())
}

#[test]
fn composites_come_only_if_asked_for_and_missing_names_not_at_all() {
    let mut world = crowd();
    let by_name = DescribeAlarmsRequest {
        alarm_names: some(&["m01", "c", "none"]),
        ..Default::default()
    };
    assert_eq!(names(&mut world, by_name.clone()), ["m01"]);
    let all = DescribeAlarmsRequest {
        alarm_types: some(&["MetricAlarm", "CompositeAlarm"]),
        ..by_name
    };
    assert_eq!(names(&mut world, all), ["m01", "c"]);
}

#[test]
fn filters() {
    let mut world = crowd();
    let prefix = DescribeAlarmsRequest {
        alarm_name_prefix: Some("m1".to_owned()),
        ..Default::default()
    };
    assert_eq!(names(&mut world, prefix.clone()).len(), 10);
    let state = DescribeAlarmsRequest {
        state_value: Some("OK".to_owned()),
        ..prefix
    };
    assert!(names(&mut world, state).is_empty());
    let action = DescribeAlarmsRequest {
        action_prefix: Some("arn:aws:sns".to_owned()),
        alarm_types: some(&["CompositeAlarm"]),
        ..Default::default()
    };
    assert_eq!(names(&mut world, action), ["c"]);
}

#[test]
fn pages_cover_every_alarm_once() {
    let mut world = crowd();
    let (mut seen, mut token) = (Vec::new(), None);
    loop {
        let request = DescribeAlarmsRequest {
            max_records: Some(25),
            next_token: token,
            ..Default::default()
        };
        let response = world.describe_alarms(request).expect("valid");
        seen.extend(
            response
                .metric_alarms
                .into_iter()
                .map(|alarm| alarm.alarm_name),
        );
        token = response.next_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 60);
    let request = DescribeAlarmHistoryRequest {
        max_records: Some(7),
        ..Default::default()
    };
    let history = world.describe_alarm_history(request).expect("valid");
    assert_eq!(
        (
            history.alarm_history_items.len(),
            history.next_token.is_some()
        ),
        (7, true)
    );
}

#[test]
fn impossible_questions_are_refused() {
    let mut world = crowd();
    let many: Vec<String> = (0..101).map(|number| number.to_string()).collect();
    let cases = [
        (
            DescribeAlarmsRequest {
                alarm_names: Some(many),
                ..Default::default()
            },
            "ValidationError",
        ),
        (
            DescribeAlarmsRequest {
                max_records: Some(101),
                ..Default::default()
            },
            "ValidationError",
        ),
        (
            DescribeAlarmsRequest {
                alarm_types: some(&["Other"]),
                ..Default::default()
            },
            "ValidationError",
        ),
        (
            DescribeAlarmsRequest {
                state_value: Some("FINE".to_owned()),
                ..Default::default()
            },
            "ValidationError",
        ),
        (
            DescribeAlarmsRequest {
                next_token: Some("x".to_owned()),
                ..Default::default()
            },
            "InvalidNextToken",
        ),
        (
            DescribeAlarmsRequest {
                alarm_names: some(&["a"]),
                alarm_name_prefix: Some("a".to_owned()),
                ..Default::default()
            },
            "ValidationError",
        ),
    ];
    for (request, expected) in cases {
        assert_eq!(code(world.describe_alarms(request)), expected);
    }
}

#[test]
fn what_was_put_is_described() {
    let mut world = hello(1);
    let request = PutMetricAlarmRequest {
        statistic: None,
        extended_statistic: Some("p99".to_owned()),
        ok_actions: some(&["arn:ok"]),
        treat_missing_data: Some("ignore".to_owned()),
        ..app_errors("a")
    };
    world.put_metric_alarm(request).expect("valid");
    let alarm = crate::sim::fixture::alarm(&mut world, "a");
    assert_eq!(
        (alarm.statistic, alarm.extended_statistic.as_deref()),
        (None, Some("p99"))
    );
    assert_eq!(
        (alarm.ok_actions, alarm.actions_enabled),
        (vec!["arn:ok".to_owned()], true)
    );
    assert_eq!(alarm.treat_missing_data.as_deref(), Some("ignore"));
    assert_eq!(
        alarm.alarm_arn,
        "arn:aws:cloudwatch:us-east-1:000000000000:alarm:a"
    );
}
