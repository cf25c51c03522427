//! Deployments, by themselves and beside those of the whole simulated AWS.

use serde_json::json;

use super::*;
use crate::sim::fixture::{hello, live, pass};
use crate::sim::rehearsal::alarm::Above;
use crate::sim::rehearsal::chances::Chances;
use crate::sim::rehearsal::scenario::{Outage, Scenario};
use crate::sim::rehearsal::traffic::Laws;
use crate::sim::{Behaviour, Service};

const BEGAN: i64 = 1_800_000_017;

fn deployed(scenario: &Scenario, alarm: &AliasAlarm, plan: &str, run: u64) -> Outcome {
    let (laws, chances) = (Laws::new(scenario, None), Chances::new(1, run));
    let cloud = Cloud::new(scenario, &chances, &laws, BEGAN);
    deploy(cloud, alarm, &plan.parse().unwrap(), BEGAN)
}

#[test]
fn shifts_follow_the_clock() {
    let plan = "10%:5m, 50%:10m".parse().unwrap();
    let expected = [
        (BEGAN, Routing::Weighted(0.1)),
        (BEGAN + 300, Routing::Weighted(0.5)),
        (BEGAN + 900, Routing::Canary),
    ];
    assert_eq!(shifts(&plan, BEGAN), expected);
    let calm = Scenario::steady(20.0, 0.0, 0.0);
    let all = deployed(&calm, &AliasAlarm::default(), "10%:5m, 50%:10m", 0);
    assert_eq!((all.ended, all.seconds), (Ended::Promoted, 900.0));
    // 2 a second for five minutes, 10 a second for ten.
    assert!((6_300..6_900).contains(&all.canary.all), "{all:?}");
    assert_eq!(all.canary.failed, 0);
}

#[test]
fn an_alarm_that_rings_before_the_start_keeps_it_from_happening() {
    let failing = Scenario::steady(20.0, 0.5, 0.0);
    for run in 0..20 {
        let none = deployed(&failing, &AliasAlarm::default(), "10%:5m", run);
        assert_eq!((none.ended, none.seconds), (Ended::RolledBack, 0.0));
        assert_eq!(none.canary.all, 0);
    }
}

#[test]
fn an_alarm_is_seen_at_the_next_look_and_takes_some_seconds_more() {
    assert_eq!(seen_at(100, 90), 100);
    assert_eq!(seen_at(100, 100), 100);
    assert_eq!(seen_at(100, 101), 105);
    assert_eq!(seen_at(100, 105), 105);
    assert_eq!(last_at_phase(125, 7), 67);
    assert_eq!(last_at_phase(127, 7), 127);
}

#[test]
fn too_late_is_too_late() {
    // The last minute's numbers are never there in time.
    let late = Scenario {
        canary_from: 4.5,
        ..Scenario::steady(20.0, 0.0, 1.0)
    };
    let alarm = AliasAlarm {
        above: Above::Errors(0.0),
        periods: 1,
    };
    for run in 0..10 {
        let outcome = deployed(&late, &alarm, "10%:5m", run);
        assert_eq!(outcome.ended, Ended::Promoted);
        // What fails after all traffic is at the canary is not counted here.
        assert!((20..110).contains(&outcome.canary.failed), "{outcome:?}");
    }
}

/// The same in the whole simulated AWS: CodeDeploy, CloudWatch's alarm, traffic by the second.
#[test]
fn it_takes_as_long_as_in_the_whole_simulated_aws() {
    let bad = Scenario::steady(10.0, 0.0, 0.5);
    let light: Vec<f64> = (0..200)
        .map(|run| {
            deployed(
                &bad,
                &AliasAlarm::default(),
                "Canary10Percent10Minutes",
                run,
            )
        })
        .map(|outcome| {
            assert_eq!(outcome.ended, Ended::RolledBack);
            outcome.seconds
        })
        .collect();
    let whole: Vec<f64> = (0..40).map(in_the_world).collect();
    let [(mean, a), (other, b)] = [&light, &whole].map(|all| {
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        let squares: f64 = all.iter().map(|one| (one - mean).powi(2)).sum();
        (mean, squares / (all.len() - 1) as f64 / all.len() as f64)
    });
    let error = (a + b).sqrt();
    assert!(
        (mean - other).abs() < 4.0 * error,
        "{mean} and {other} ± {error}"
    );
}

/// The seconds from the first shift until the alias is put back.
fn in_the_world(seed: u64) -> f64 {
    let mut world = hello(seed);
    let behaviour = Behaviour {
        error_rate: 0.5,
        ..Behaviour::default()
    };
    world.set_behaviour("hello", "2", behaviour).unwrap();
    world.set_traffic("hello", "live", 10.0).unwrap();
    let spec = json!({"version": 0.0, "Resources": [{"hello": {
        "Type": "AWS::Lambda::Function",
        "Properties": {"Name": "hello", "Alias": "live", "CurrentVersion": "1", "TargetVersion": "2"},
    }}]});
    let rollback = json!({"enabled": true, "events": ["DEPLOYMENT_STOP_ON_ALARM"]});
    for (service, operation, input) in [
        (
            Service::CloudWatch,
            "PutMetricAlarm",
            json!({
                "AlarmName": "errors", "Namespace": "AWS/Lambda", "MetricName": "Errors", "Statistic": "Sum",
                "Dimensions": [{"Name": "FunctionName", "Value": "hello"}, {"Name": "Resource", "Value": "hello:live"}],
                "Period": 60, "EvaluationPeriods": 2, "Threshold": 0.0, "ComparisonOperator": "GreaterThanThreshold",
            }),
        ),
        (
            Service::CodeDeploy,
            "CreateApplication",
            json!({"applicationName": "shop", "computePlatform": "Lambda"}),
        ),
        (
            Service::CodeDeploy,
            "CreateDeploymentGroup",
            json!({
                "applicationName": "shop", "deploymentGroupName": "hello",
                "serviceRoleArn": "arn:aws:iam::000000000000:role/codedeploy",
                "alarmConfiguration": {"enabled": true, "alarms": [{"name": "errors"}]},
                "autoRollbackConfiguration": rollback,
            }),
        ),
    ] {
        world.call(service, operation, input).unwrap();
    }
    pass(&mut world, 300 + (seed as i64 * 13) % 60);
    let input = json!({
        "applicationName": "shop", "deploymentGroupName": "hello",
        "deploymentConfigName": "CodeDeployDefault.LambdaCanary10Percent10Minutes",
        "revision": {"revisionType": "AppSpecContent", "appSpecContent": {"content": spec.to_string()}},
    });
    world
        .call(Service::CodeDeploy, "CreateDeployment", input)
        .unwrap();
    let mut shifted = 0;
    for second in 0..700 {
        pass(&mut world, 1);
        let routing = live(&mut world).routing_config;
        let weights = routing.and_then(|routing| routing.additional_version_weights);
        let weighted = weights.is_some_and(|weights| !weights.is_empty());
        match (weighted, shifted) {
            (true, 0) => shifted = second,
            (false, 1..) => return f64::from(second - shifted),
            _ => {}
        }
    }
    panic!("it was never put back");
}

#[test]
fn an_outage_is_taken_for_the_canarys_fault() {
    let outage = Outage {
        start: 3.0,
        minutes: 3.0,
        errors: 0.5,
    };
    let scenario = Scenario {
        outages: vec![outage],
        ..Scenario::steady(20.0, 0.0, 0.0)
    };
    let outcome = deployed(&scenario, &AliasAlarm::default(), "10%:10m", 0);
    assert_eq!(outcome.ended, Ended::RolledBack);
    assert!((300.0..480.0).contains(&outcome.seconds), "{outcome:?}");
}
