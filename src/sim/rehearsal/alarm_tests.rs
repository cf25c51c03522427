//! The alarm, by itself and beside that of the whole simulated AWS.

use jiff::SignedDuration;

use super::*;
use crate::sim::alarms::PutMetricAlarmRequest;
use crate::sim::fixture::{app_errors, dimensions, hello, start, state};
use crate::sim::lambda::Route;
use crate::sim::rehearsal::chances::Chances;
use crate::sim::rehearsal::scenario::{Outage, Scenario};
use crate::sim::rehearsal::traffic::Laws;

const BEGAN: i64 = 1_800_000_000;

fn errors(above: f64, periods: u32) -> AliasAlarm {
    AliasAlarm {
        above: Above::Errors(above),
        periods,
    }
}

fn share(above: f64, periods: u32) -> AliasAlarm {
    AliasAlarm {
        above: Above::Share(above),
        periods,
    }
}

/// The minutes after the start at whose end the alarm rings, for traffic all of which fails in the
/// minutes from 2 to 6.
fn rings(alarm: AliasAlarm, rate: f64) -> Vec<i64> {
    let scenario = Scenario {
        outages: vec![Outage {
            start: 2.0,
            minutes: 4.0,
            errors: 1.0,
        }],
        ..Scenario::steady(rate, 0.0, 0.0)
    };
    let (laws, chances) = (Laws::new(&scenario, None), Chances::new(1, 1));
    let mut cloud = Cloud::new(&scenario, &chances, &laws, BEGAN);
    let rings = |minute: &i64| {
        let second = BEGAN + minute * MINUTE;
        cloud.pass_to(second);
        alarm.rings(&cloud, second)
    };
    (0..20).filter(rings).collect()
}

#[test]
fn an_alarm_needs_as_many_minutes_as_it_says_and_their_numbers() {
    // The minutes 2 to 5 are bad. Each is published 30 to 90 seconds after its end.
    let one = rings(errors(0.0, 1), 10.0);
    assert!((4..=5).contains(&one[0]), "{one:?}");
    let two = rings(errors(0.0, 2), 10.0);
    assert_eq!(two[0], one[0] + 1, "{two:?}");
    assert_eq!(rings(errors(0.0, 4), 10.0).len(), 1);
    assert_eq!(rings(errors(0.0, 5), 10.0), [0; 0]);
    assert_eq!(rings(errors(1e4, 1), 10.0), [0; 0]);
    assert_eq!(rings(share(0.99, 2), 10.0), two);
    assert_eq!(rings(share(0.5, 5), 10.0), [0; 0]);
}

#[test]
fn an_alarm_without_requests_does_not_ring() {
    assert_eq!(rings(errors(0.0, 1), 1e-9), [0; 0]);
    assert_eq!(rings(share(0.0, 1), 1e-9), [0; 0]);
}

/// The same minutes in the whole simulated AWS, where the alarm is one of CloudWatch's.
#[test]
fn it_rings_when_the_whole_simulated_aws_says_so() {
    for periods in [1_u32, 2, 3] {
        for bad in [&[3_i64, 4][..], &[3, 5], &[3], &[3, 4, 5], &[]] {
            let mut world = hello(u64::from(periods));
            let alarm = PutMetricAlarmRequest {
                namespace: Some("AWS/Lambda".to_owned()),
                dimensions: Some(dimensions(&[
                    ("FunctionName", "hello"),
                    ("Resource", "hello:live"),
                ])),
                evaluation_periods: Some(periods),
                comparison_operator: Some("GreaterThanThreshold".to_owned()),
                threshold: Some(0.0),
                ..app_errors("errors")
            };
            world.put_metric_alarm(alarm).unwrap();
            let route = Route {
                function: "hello".to_owned(),
                qualifier: Some("live".to_owned()),
                executed_version: "1".to_owned(),
                weighted: false,
            };
            for minute in 0..12 {
                let at = start() + SignedDuration::from_mins(minute);
                world.record_invocation(&route, at, 50.0, bad.contains(&minute));
            }
            let mut rang = false;
            for minute in 0..20 {
                world.advance_to(start() + SignedDuration::from_mins(minute));
                rang |= state(&mut world, "errors") == "ALARM";
            }
            assert_eq!(rang, light_rings(periods, bad), "{periods} of {bad:?}");
        }
    }
}

/// Whether the light alarm ever rings, for a request a second that fails in these minutes.
fn light_rings(periods: u32, bad: &[i64]) -> bool {
    let outage = |minute: &i64| Outage {
        start: *minute as f64,
        minutes: 1.0,
        errors: 1.0,
    };
    let scenario = Scenario {
        outages: bad.iter().map(outage).collect(),
        ..Scenario::steady(1.0, 0.0, 0.0)
    };
    let (laws, chances) = (Laws::new(&scenario, None), Chances::new(1, 1));
    let mut cloud = Cloud::new(&scenario, &chances, &laws, BEGAN);
    (0..20).any(|minute| {
        let second = BEGAN + minute * MINUTE;
        cloud.pass_to(second);
        errors(0.0, periods).rings(&cloud, second)
    })
}

#[test]
fn in_words() {
    let said = |alarm: AliasAlarm| alarm.to_string();
    let default = AliasAlarm::default();
    assert_eq!(said(default), "any errors in 2 minutes running");
    assert_eq!(said(errors(5.0, 1)), "more than 5 errors a minute, once");
    assert_eq!(said(share(0.01, 1)), "more than 1 % errors, once");
}

#[test]
fn numbers_out_of_range_are_named() {
    for (alarm, expected) in [
        (errors(0.0, 0), "the alarm's minutes is 0"),
        (errors(0.0, 31), "the alarm's minutes is 31"),
        (errors(-1.0, 2), "the alarm's threshold is -1"),
        (errors(f64::NAN, 2), "the alarm's threshold is NaN"),
        (share(1.0, 2), "the alarm's threshold is 1"),
    ] {
        let said = alarm.check().unwrap_err().to_string();
        assert!(said.starts_with(expected), "{said}");
    }
    assert_eq!(errors(0.0, 30).check(), Ok(()));
    assert_eq!(share(0.0, 1).check(), Ok(()));
}
