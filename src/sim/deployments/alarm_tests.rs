//! Alarms of the group that stop a deployment.

use super::fixture::*;
use super::*;
use crate::sim::alarms::{DeleteAlarmsRequest, PutCompositeAlarmRequest, PutMetricAlarmRequest};
use crate::sim::fixture::{app_errors, pass, set};

/// An alarm that stays as it is set while there is no data.
fn kept(name: &str) -> PutMetricAlarmRequest {
    PutMetricAlarmRequest {
        treat_missing_data: Some("ignore".to_owned()),
        ..app_errors(name)
    }
}

/// The group `watched`, whose alarm `errors` is OK.
fn watched() -> World {
    let mut world = shop();
    world
        .put_metric_alarm(kept("errors"))
        .expect("a valid alarm");
    set(&mut world, "errors", "OK");
    let group = group("watched", &["errors", "gone"]);
    world.create_deployment_group(group).expect("a new name");
    world
}

fn watched_release(hooks: &[(&str, &str)]) -> CreateDeploymentRequest {
    CreateDeploymentRequest {
        deployment_group_name: "watched".to_owned(),
        ..release("Canary10Percent5Minutes", hooks)
    }
}

fn stopped() -> (String, Option<String>) {
    ("Stopped".to_owned(), Some("ALARM_ACTIVE".to_owned()))
}

#[test]
fn an_alarm_in_the_middle_of_a_shift_stops_it_and_rolls_back() {
    let mut world = watched();
    let id = begin(&mut world, watched_release(&[]));
    pass(&mut world, TO_HOOK + 2);
    assert_eq!(traffic(&mut world), shared(0.1));
    set(&mut world, "errors", "ALARM");
    pass(&mut world, 5);
    assert_eq!(outcome(&mut world, &id), stopped());
    assert_eq!(events(&mut world, &id), ["Succeeded", "Failed", "Skipped"]);
    let message = info(&mut world, &id)
        .error_information
        .expect("stopped")
        .message;
    assert!(message.ends_with("Activated alarms: errors"), "{message}");
    pass(&mut world, 60);
    assert_eq!(
        traffic(&mut world),
        at("1"),
        "although the alarm still rings"
    );
    let rollback = rollback_of(&mut world, &id).expect("the group rolls back");
    assert_eq!(outcome(&mut world, &rollback).0, "Succeeded");
}

#[test]
fn an_alarm_that_rings_already_stops_the_fix_too() {
    let mut world = watched();
    set(&mut world, "errors", "ALARM");
    let id = begin(&mut world, watched_release(BOTH));
    pass(&mut world, TO_START);
    assert_eq!(outcome(&mut world, &id), stopped());
    assert_eq!(events(&mut world, &id), ["Skipped", "Skipped", "Skipped"]);

    pass(&mut world, TO_HOOK);
    answer_open(&mut world, "Succeeded");
    pass(&mut world, 4);
    answer_open(&mut world, "Succeeded");
    pass(&mut world, 2);
    let override_alarms = AlarmConfiguration {
        enabled: Some(false),
        ..Default::default()
    };
    let fix = begin(
        &mut world,
        CreateDeploymentRequest {
            override_alarm_configuration: Some(override_alarms),
            ..watched_release(&[])
        },
    );
    pass(&mut world, 400);
    assert_eq!(
        outcome(&mut world, &fix).0,
        "Succeeded",
        "the documented way out"
    );
}

#[test]
fn an_alarm_ends_a_hook_that_waits() {
    let mut world = watched();
    let id = begin(&mut world, watched_release(BOTH));
    pass(&mut world, TO_HOOK);
    let hook = hook(&world);
    set(&mut world, "errors", "ALARM");
    pass(&mut world, 5);
    assert_eq!(outcome(&mut world, &id), stopped());
    let late = answer(&mut world, &hook, "Succeeded");
    assert_eq!(
        late.expect_err("late").code,
        "LifecycleEventAlreadyCompletedException"
    );
}

#[test]
fn without_a_rollback_the_weights_stand() {
    let mut world = watched();
    let mut request = watched_release(&[]);
    request.auto_rollback_configuration = Some(rolling_back(&["DEPLOYMENT_FAILURE"]));
    let id = begin(&mut world, request);
    pass(&mut world, TO_HOOK + 2);
    set(&mut world, "errors", "ALARM");
    pass(&mut world, 1000);
    assert_eq!(outcome(&mut world, &id), stopped());
    assert_eq!(traffic(&mut world), shared(0.1));
    assert_eq!(rollback_of(&mut world, &id), None);
}

#[test]
fn alarms_that_are_missing_or_quiet_stop_nothing() {
    let mut world = watched();
    set(&mut world, "errors", "INSUFFICIENT_DATA");
    let id = begin(&mut world, watched_release(&[]));
    pass(&mut world, TO_HOOK);
    let request = DeleteAlarmsRequest {
        alarm_names: vec!["errors".to_owned()],
    };
    world.delete_alarms(request).expect("gone");
    pass(&mut world, 400);
    assert_eq!(outcome(&mut world, &id).0, "Succeeded");
}

#[test]
fn a_composite_alarm_counts() {
    let mut world = watched();
    let composite = PutCompositeAlarmRequest {
        alarm_name: "gone".to_owned(),
        alarm_rule: "ALARM(other)".to_owned(),
        ..Default::default()
    };
    world
        .put_metric_alarm(kept("other"))
        .expect("a valid alarm");
    world.put_composite_alarm(composite).expect("a valid alarm");
    let id = begin(&mut world, watched_release(&[]));
    pass(&mut world, TO_HOOK);
    set(&mut world, "other", "ALARM");
    pass(&mut world, 5);
    assert_eq!(outcome(&mut world, &id), stopped());
}

#[test]
fn an_alarm_at_the_very_second_of_a_shift_comes_first() {
    let mut world = watched();
    let id = begin(&mut world, watched_release(&BOTH[..1]));
    // The alarms are looked at every five seconds from Start on: let the last shift fall on one.
    pass(&mut world, 5 * 61);
    answer_open(&mut world, "Succeeded");
    pass(&mut world, 2 + 299);
    assert_eq!(traffic(&mut world), shared(0.1));
    set(&mut world, "errors", "ALARM");
    pass(&mut world, 1);
    assert_eq!(outcome(&mut world, &id), stopped());
    assert_eq!(traffic(&mut world), shared(0.1), "not all of it");
}
