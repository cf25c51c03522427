//! Alarms in the course of time.

use serde_json::Value;

use crate::sim::alarms::{DescribeAlarmHistoryRequest, PutMetricAlarmRequest};
use crate::sim::fixture::{
    alarm, app_errors, dimensions, hello, measure, minute, pass, set, shift, state, transitions,
};
use crate::sim::traffic::Behaviour;

#[test]
fn a_new_alarm_has_insufficient_data_until_a_datapoint_comes() {
    let mut world = hello(1);
    world.put_metric_alarm(app_errors("a")).expect("valid");
    let new = alarm(&mut world, "a");
    assert_eq!(
        (new.state_value.as_str(), new.state_reason.as_str()),
        ("INSUFFICIENT_DATA", "Unchecked: Initial alarm creation")
    );
    pass(&mut world, 300);
    assert_eq!(state(&mut world, "a"), "INSUFFICIENT_DATA");
    minute(&mut world, 1.0);
    pass(&mut world, 60);
    assert_eq!(state(&mut world, "a"), "OK");
}

#[test]
fn m_of_n() {
    let mut world = hello(1);
    let request = PutMetricAlarmRequest {
        evaluation_periods: Some(3),
        datapoints_to_alarm: Some(2),
        ..app_errors("a")
    };
    world.put_metric_alarm(request).expect("valid");
    let mut states = Vec::new();
    for value in [0.0, 0.0, 0.0, 5.0, 0.0, 4.0, 0.0, 0.0, 0.0] {
        minute(&mut world, value);
        states.push(state(&mut world, "a"));
    }
    // Each minute is seen by the evaluation that falls into the next one.
    pass(&mut world, 60);
    let alarms: Vec<usize> = (0..states.len())
        .filter(|index| states[*index] == "ALARM")
        .collect();
    assert!(
        !alarms.is_empty() && alarms.iter().all(|index| (5..=7).contains(index)),
        "{states:?}"
    );
    let history = transitions(&mut world, "a");
    let summaries: Vec<&str> = history
        .iter()
        .map(|item| item.history_summary.as_str())
        .collect();
    assert_eq!(
        summaries,
        [
            "Alarm updated from INSUFFICIENT_DATA to OK",
            "Alarm updated from OK to ALARM",
            "Alarm updated from ALARM to OK",
        ]
    );
    let data: Value = serde_json::from_str(&history[1].history_data).expect("JSON");
    assert_eq!(
        (
            &data["oldState"]["stateValue"],
            &data["newState"]["stateValue"]
        ),
        (&"OK".into(), &"ALARM".into())
    );
    let reason = data["newState"]["stateReason"].as_str().expect("a reason");
    assert!(reason.starts_with("Threshold Crossed: 2 out of the last 3 datapoints [4.0 (21/11/26 05:56:00), 5.0 (21/11/26 05:54:00)] were greater than or equal to the threshold (3.0)"), "{reason}");
    assert_eq!(data["newState"]["stateReasonData"]["threshold"], 3.0);
    assert_eq!(
        data["newState"]["stateReasonData"]["recentDatapoints"],
        serde_json::json!([5.0, 0.0, 4.0])
    );
}

#[test]
fn a_state_set_by_hand_is_reverted_within_a_minute_and_stays_in_the_history() {
    let mut world = hello(1);
    world.put_metric_alarm(app_errors("a")).expect("valid");
    minute(&mut world, 0.0);
    minute(&mut world, 0.0);
    let before = alarm(&mut world, "a");
    assert_eq!(before.state_value, "OK");

    measure(&mut world, 0.0);
    let set_at = world.now();
    set(&mut world, "a", "ALARM");
    let during = alarm(&mut world, "a");
    assert_eq!(
        (during.state_value.as_str(), during.state_reason.as_str()),
        ("ALARM", "by hand")
    );
    assert_eq!(
        (
            during.state_updated_timestamp,
            during.state_transitioned_timestamp
        ),
        (set_at, set_at)
    );

    pass(&mut world, 60);
    let after = alarm(&mut world, "a");
    assert_eq!(after.state_value, "OK");
    assert!(
        after.state_transitioned_timestamp > set_at
            && after.state_transitioned_timestamp <= world.now()
    );
    assert_eq!(
        after.state_updated_timestamp,
        after.state_transitioned_timestamp
    );

    let request = DescribeAlarmHistoryRequest {
        alarm_name: Some("a".to_owned()),
        history_item_type: Some("StateUpdate".to_owned()),
        start_date: Some(set_at),
        ..Default::default()
    };
    let history = world
        .describe_alarm_history(request)
        .expect("valid")
        .alarm_history_items;
    let summaries: Vec<&str> = history
        .iter()
        .map(|item| item.history_summary.as_str())
        .collect();
    assert_eq!(
        summaries,
        [
            "Alarm updated from ALARM to OK",
            "Alarm updated from OK to ALARM"
        ]
    );
}

#[test]
fn setting_the_same_state_only_moves_the_update() {
    let mut world = hello(1);
    world.put_metric_alarm(app_errors("a")).expect("valid");
    set(&mut world, "a", "ALARM");
    let first = alarm(&mut world, "a");
    pass(&mut world, 1);
    set(&mut world, "a", "ALARM");
    let second = alarm(&mut world, "a");
    assert!(second.state_updated_timestamp > first.state_updated_timestamp);
    assert_eq!(
        second.state_transitioned_timestamp,
        first.state_transitioned_timestamp
    );
    assert_eq!(transitions(&mut world, "a").len(), 1);
}

#[test]
fn what_missing_data_means() {
    for (treat, expected) in [
        ("missing", "INSUFFICIENT_DATA"),
        ("ignore", "ALARM"),
        ("breaching", "ALARM"),
        ("notBreaching", "OK"),
    ] {
        let mut world = hello(1);
        let request = PutMetricAlarmRequest {
            treat_missing_data: Some(treat.to_owned()),
            ..app_errors("a")
        };
        world.put_metric_alarm(request).expect("valid");
        minute(&mut world, 9.0);
        pass(&mut world, 60);
        assert_eq!(state(&mut world, "a"), "ALARM", "{treat}");
        pass(&mut world, 600);
        assert_eq!(state(&mut world, "a"), expected, "{treat}");
    }
}

#[test]
fn the_canarys_errors_raise_the_alarm_on_the_alias() {
    let mut world = hello(11);
    let request = PutMetricAlarmRequest {
        namespace: Some("AWS/Lambda".to_owned()),
        dimensions: Some(dimensions(&[
            ("FunctionName", "hello"),
            ("Resource", "hello:live"),
        ])),
        ..app_errors("hello-live-errors")
    };
    world.put_metric_alarm(request).expect("valid");
    world.set_traffic("hello", "live", 20.0).expect("a rate");
    pass(&mut world, 600);
    assert_eq!(state(&mut world, "hello-live-errors"), "OK");
    world
        .set_behaviour(
            "hello",
            "2",
            Behaviour {
                error_rate: 0.5,
                ..Behaviour::default()
            },
        )
        .expect("exists");
    shift(&mut world, 0.1);
    pass(&mut world, 240);
    assert_eq!(state(&mut world, "hello-live-errors"), "ALARM");
    shift(&mut world, 0.0);
    pass(&mut world, 300);
    assert_eq!(state(&mut world, "hello-live-errors"), "OK");
    assert_eq!(transitions(&mut world, "hello-live-errors").len(), 3);
}

#[test]
fn a_high_resolution_alarm_is_evaluated_every_ten_seconds() {
    let mut world = hello(1);
    let request = PutMetricAlarmRequest {
        period: Some(10),
        ..app_errors("a")
    };
    world.put_metric_alarm(request).expect("valid");
    set(&mut world, "a", "OK");
    let datum = crate::sim::metrics::MetricDatum {
        metric_name: "Errors".to_owned(),
        value: Some(7.0),
        storage_resolution: Some(1),
        ..Default::default()
    };
    let request = crate::sim::metrics::PutMetricDataRequest {
        namespace: "app".to_owned(),
        metric_data: Some(vec![datum]),
    };
    world.put_metric_data(request).expect("valid");
    pass(&mut world, 20);
    assert_eq!(state(&mut world, "a"), "ALARM");
}

#[test]
fn an_untrusted_evaluation_is_shown() {
    let mut world = hello(1);
    world.put_metric_alarm(app_errors("a")).expect("valid");
    pass(&mut world, 5);
    world
        .set_evaluation_state("a", Some("PARTIAL_DATA"))
        .expect("exists");
    let partial = alarm(&mut world, "a");
    assert_eq!(partial.evaluation_state.as_deref(), Some("PARTIAL_DATA"));
    assert!(partial.state_updated_timestamp > partial.state_transitioned_timestamp);
    world.set_evaluation_state("a", None).expect("exists");
    assert_eq!(alarm(&mut world, "a").evaluation_state, None);
}
