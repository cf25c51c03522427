//! Putting, changing and deleting alarms.

use crate::sim::alarms::{
    DeleteAlarmsRequest, DescribeAlarmHistoryRequest, PutMetricAlarmRequest, SetAlarmStateRequest,
};
use crate::sim::fixture::{alarm, app_errors, code, hello, minute, pass, set, state, transitions};
use crate::sim::metrics::MetricDataQuery;

#[test]
fn an_update_keeps_the_state_and_a_deletion_keeps_the_history() {
    let mut world = hello(1);
    world.put_metric_alarm(app_errors("a")).expect("valid");
    set(&mut world, "a", "ALARM");
    world
        .put_metric_alarm(PutMetricAlarmRequest {
            threshold: Some(9.0),
            ..app_errors("a")
        })
        .expect("valid");
    assert_eq!(
        (
            state(&mut world, "a").as_str(),
            alarm(&mut world, "a").threshold
        ),
        ("ALARM", 9.0)
    );
    let delete = |names: &[&str]| DeleteAlarmsRequest {
        alarm_names: names.iter().map(|name| (*name).to_owned()).collect(),
    };
    assert_eq!(
        code(world.delete_alarms(delete(&["a", "b"]))),
        "ResourceNotFound"
    );
    assert_eq!(state(&mut world, "a"), "ALARM");
    world.delete_alarms(delete(&["a"])).expect("exists");
    assert_eq!(transitions(&mut world, "a").len(), 1);
    pass(&mut world, 600);
    let request = DescribeAlarmHistoryRequest {
        history_item_type: Some("ConfigurationUpdate".to_owned()),
        ..Default::default()
    };
    assert_eq!(
        world
            .describe_alarm_history(request)
            .expect("valid")
            .alarm_history_items
            .len(),
        3
    );
}

#[test]
fn impossible_alarms_are_refused() {
    let mut world = hello(1);
    let cases = [
        (
            PutMetricAlarmRequest {
                metric_name: None,
                ..app_errors("a")
            },
            "MissingParameter",
        ),
        (
            PutMetricAlarmRequest {
                threshold: None,
                ..app_errors("a")
            },
            "MissingParameter",
        ),
        (
            PutMetricAlarmRequest {
                statistic: Some("Total".to_owned()),
                ..app_errors("a")
            },
            "InvalidParameterValue",
        ),
        (
            PutMetricAlarmRequest {
                extended_statistic: Some("p99".to_owned()),
                ..app_errors("a")
            },
            "ValidationError",
        ),
        (
            PutMetricAlarmRequest {
                period: Some(45),
                ..app_errors("a")
            },
            "ValidationError",
        ),
        (
            PutMetricAlarmRequest {
                evaluation_periods: Some(0),
                ..app_errors("a")
            },
            "ValidationError",
        ),
        (
            PutMetricAlarmRequest {
                evaluation_periods: Some(1441),
                ..app_errors("a")
            },
            "ValidationError",
        ),
        (
            PutMetricAlarmRequest {
                datapoints_to_alarm: Some(2),
                ..app_errors("a")
            },
            "ValidationError",
        ),
        (
            PutMetricAlarmRequest {
                treat_missing_data: Some("bad".to_owned()),
                ..app_errors("a")
            },
            "ValidationError",
        ),
        (
            PutMetricAlarmRequest {
                comparison_operator: Some("Above".to_owned()),
                ..app_errors("a")
            },
            "ValidationError",
        ),
        (
            PutMetricAlarmRequest {
                metrics: Some(vec![MetricDataQuery::default()]),
                ..app_errors("a")
            },
            "ValidationError",
        ),
        (
            PutMetricAlarmRequest {
                alarm_name: String::new(),
                ..app_errors("a")
            },
            "ValidationError",
        ),
    ];
    for (request, expected) in cases {
        assert_eq!(
            code(world.put_metric_alarm(request.clone())),
            expected,
            "{request:?}"
        );
    }
    let request = SetAlarmStateRequest {
        alarm_name: "none".to_owned(),
        state_value: "OK".to_owned(),
        ..Default::default()
    };
    assert_eq!(code(world.set_alarm_state(request)), "ResourceNotFound");
}

#[test]
fn every_comparison_on_both_sides_of_the_threshold() {
    let cases = [
        ("GreaterThanOrEqualToThreshold", [false, true, true]),
        ("GreaterThanThreshold", [false, false, true]),
        ("LessThanThreshold", [true, false, false]),
        ("LessThanOrEqualToThreshold", [true, true, false]),
    ];
    for (operator, expected) in cases {
        for (value, breaches) in [2.0, 3.0, 4.0].into_iter().zip(expected) {
            let mut world = hello(1);
            let request = PutMetricAlarmRequest {
                comparison_operator: Some(operator.to_owned()),
                ..app_errors("a")
            };
            world.put_metric_alarm(request).expect("valid");
            minute(&mut world, value);
            pass(&mut world, 60);
            assert_eq!(
                state(&mut world, "a") == "ALARM",
                breaches,
                "{operator} {value}"
            );
        }
    }
}
