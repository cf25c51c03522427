//! Composite alarms over metric alarms and each other.

use crate::sim::alarms::{
    CompositeAlarm, DeleteAlarmsRequest, DescribeAlarmsRequest, PutCompositeAlarmRequest,
};
use crate::sim::fixture::{app_errors, code, hello, measure, pass, set, transitions};
use crate::sim::world::World;

fn put(world: &mut World, name: &str, rule: &str) -> Result<(), crate::sim::errors::AwsError> {
    let request = PutCompositeAlarmRequest {
        alarm_name: name.to_owned(),
        alarm_rule: rule.to_owned(),
        ..Default::default()
    };
    world.put_composite_alarm(request).map(|_| ())
}

fn composite(world: &mut World, name: &str) -> CompositeAlarm {
    let request = DescribeAlarmsRequest {
        alarm_names: Some(vec![name.to_owned()]),
        alarm_types: Some(vec!["CompositeAlarm".to_owned()]),
        ..Default::default()
    };
    world
        .describe_alarms(request)
        .expect("valid")
        .composite_alarms
        .remove(0)
}

fn family() -> World {
    let mut world = hello(1);
    world.put_metric_alarm(app_errors("a")).expect("valid");
    world.put_metric_alarm(app_errors("b")).expect("valid");
    put(&mut world, "both", "ALARM(a) AND ALARM(\"b\")").expect("valid");
    put(&mut world, "top", "ALARM(both) OR FALSE").expect("valid");
    world
}

#[test]
fn a_composite_follows_its_children_at_once() {
    let mut world = family();
    assert_eq!(composite(&mut world, "top").state_value, "OK");
    set(&mut world, "a", "ALARM");
    assert_eq!(composite(&mut world, "both").state_value, "OK");
    set(&mut world, "b", "ALARM");
    let both = composite(&mut world, "both");
    assert_eq!(both.state_value, "ALARM");
    assert_eq!(
        both.state_reason,
        "arn:aws:cloudwatch:us-east-1:000000000000:alarm:b transitioned to ALARM at Saturday 21 November, 2026 05:51:00 UTC"
    );
    assert_eq!(composite(&mut world, "top").state_value, "ALARM");
    set(&mut world, "a", "OK");
    assert_eq!(composite(&mut world, "top").state_value, "OK");
    let summaries: Vec<String> = transitions(&mut world, "top")
        .into_iter()
        .map(|item| item.history_summary)
        .collect();
    assert_eq!(
        summaries,
        [
            "Alarm updated from INSUFFICIENT_DATA to OK",
            "Alarm updated from OK to ALARM",
            "Alarm updated from ALARM to OK",
        ]
    );
}

#[test]
fn an_evaluated_child_moves_its_parents() {
    let mut world = family();
    measure(&mut world, 5.0);
    pass(&mut world, 120);
    assert_eq!(composite(&mut world, "top").state_value, "ALARM");
}

#[test]
fn a_state_set_on_a_composite_lasts_until_a_child_changes() {
    let mut world = family();
    set(&mut world, "both", "ALARM");
    assert_eq!(composite(&mut world, "top").state_value, "ALARM");
    pass(&mut world, 600);
    assert_eq!(composite(&mut world, "both").state_value, "ALARM");
    set(&mut world, "a", "ALARM");
    assert_eq!(composite(&mut world, "both").state_value, "OK");
    assert_eq!(composite(&mut world, "top").state_value, "OK");
}

#[test]
fn rules_that_cannot_be_are_refused() {
    let mut world = family();
    for rule in ["ALARM(none)", "ALARM(a", "", "ALARM(self)"] {
        assert_eq!(
            code(put(&mut world, "self", rule)),
            "ValidationError",
            "{rule}"
        );
    }
    assert_eq!(
        code(put(&mut world, "both", "ALARM(top)")),
        "ValidationError"
    );
    assert_eq!(code(put(&mut world, "a", "TRUE")), "ValidationError");
}

#[test]
fn an_alarm_that_a_composite_depends_on_cannot_be_deleted() {
    let mut world = family();
    let mut delete = |names: &[&str]| {
        let alarm_names = names.iter().map(|&name| name.to_owned()).collect();
        world
            .delete_alarms(DeleteAlarmsRequest { alarm_names })
            .map_err(|error| error.message)
    };
    let refused = |names: &str, them: &str| {
        Err(format!(
            "Cannot delete {names} as there are composite alarm(s) depending on {them}."
        ))
    };
    assert_eq!(delete(&["a"]), refused("a", "it"));
    assert_eq!(delete(&["a", "b"]), refused("a,b", "them"));
    assert_eq!(delete(&["both"]), refused("both", "it"));
    assert!(delete(&["both", "top"]).is_err(), "two composite alarms");
    assert!(delete(&["top"]).is_ok());
    assert!(
        delete(&["a", "b", "both"]).is_ok(),
        "children with their parent"
    );
}
