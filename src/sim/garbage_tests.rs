//! Garbage as requests to the simulated AWS, and as the languages inside of them: definitions of
//! state machines, rules of composite alarms, patterns of events.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::fixture::{app_errors, hello, pass};
use super::{OPERATIONS, Service, World};
use crate::garbage::{Kind, attacks, survives, text};

const ROLE: &str = "arn:aws:iam::000000000000:role/rollout";
const MACHINE: &str = "arn:aws:states:us-east-1:000000000000:stateMachine:rollout";

const REQUESTS: Kind = Kind {
    name: "requests",
    seeds: requests,
    eat: eat_requests,
};

const MACHINES: Kind = Kind {
    name: "machines",
    seeds: || {
        let machine = json!({"StartAt": "A", "TimeoutSeconds": 500, "States": {
            "A": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "TimeoutSeconds": 5,
                "Parameters": {"FunctionName": "hello", "Payload": {"at.$": "$$.State.EnteredTime", "all.$": "$"}},
                "ResultSelector": {"code.$": "$.StatusCode"}, "ResultPath": "$.a", "OutputPath": "$",
                "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "BackoffRate": 1.5, "MaxAttempts": 3, "MaxDelaySeconds": 60, "JitterStrategy": "FULL"}],
                "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "D"}], "Next": "B"},
            "B": {"Type": "Choice", "Choices": [{"And": [{"Variable": "$.a.code", "IsPresent": true}, {"Variable": "$.a.code", "NumericEquals": 200}], "Next": "C"}], "Default": "D"},
            "C": {"Type": "Wait", "SecondsPath": "$.wait", "Next": "E"},
            "D": {"Type": "Wait", "TimestampPath": "$.until", "Next": "C"},
            "E": {"Type": "Pass", "Result": {"a": {"code": 1}}, "ResultPath": "$.list[1]", "Next": "B2"},
            "B2": {"Type": "Choice", "Choices": [{"Variable": "$.wait", "NumericGreaterThan": 5, "Next": "E"}], "Default": "F"},
            "F": {"Type": "Succeed", "InputPath": "$.a"},
        }});
        let input = json!({"wait": 1, "until": "2026-11-21T05:52:00Z", "list": [1, 2]});
        let ours = include_str!("../../statemachine/rollout.asl.json");
        let ours: Value =
            serde_json::from_str(&ours.replace("${StepperFunctionArn}", "hello")).expect("JSON");
        vec![
            json!({"machine": machine, "input": input}).to_string(),
            json!({"machine": ours, "input": input}).to_string(),
        ]
    },
    eat: eat_machine,
};

const RULES: Kind = Kind {
    name: "alarm-rules",
    seeds: || {
        [
            "ALARM(\"a\") AND NOT (OK(a) OR INSUFFICIENT_DATA('a'))",
            "NOT NOT TRUE OR FALSE AND ALARM(arn:aws:cloudwatch:us-east-1:000000000000:alarm:a)",
        ]
        .map(str::to_owned)
        .to_vec()
    },
    eat: |bytes| {
        let mut world = hello(1);
        world.put_metric_alarm(app_errors("a")).expect("an alarm");
        let rule = json!({"AlarmName": "c", "AlarmRule": text(bytes)});
        if let Err(error) = world.call(Service::CloudWatch, "PutCompositeAlarm", rule) {
            assert!(error.message.len() < 12_000, "{}", error.message.len());
            return;
        }
        let state = json!({"AlarmName": "a", "StateValue": "ALARM", "StateReason": "r"});
        world
            .call(Service::CloudWatch, "SetAlarmState", state)
            .expect("it exists");
    },
};

const PATTERNS: Kind = Kind {
    name: "event-patterns",
    seeds: || {
        let pattern = json!({"source": ["s", {"prefix": "a"}], "detail": {"state": [{"anything-but": ["A"]}], "n": [{"numeric": [">", 0, "<=", 5]}], "w": [{"wildcard": "a*b*c"}, {"exists": false}]}});
        let detail = json!({"state": "B", "n": 3, "w": "aXbXc"});
        vec![json!({"pattern": pattern, "detail": detail}).to_string()]
    },
    eat: eat_pattern,
};

/// A good request of nearly every operation, each in a story of its own with a minute after it.
fn requests() -> Vec<String> {
    let datum = json!({"MetricName": "Errors", "Values": [1.0, 2.0], "Counts": [1.0, 1.0], "StorageResolution": 60, "Timestamp": "2026-11-21T05:50:00Z"});
    let metric = json!({"Namespace": "app", "MetricName": "Errors", "Dimensions": [{"Name": "a", "Value": "b"}]});
    let span = |mut more: Value| {
        let times = json!({"StartTime": "2026-11-21T05:00:00Z", "EndTime": "2026-11-21T06:00:00Z"});
        more.as_object_mut()
            .expect("an object")
            .extend(times.as_object().cloned().expect("an object"));
        more
    };
    let alarm = json!({"AlarmName": "a", "Namespace": "app", "MetricName": "Errors", "Statistic": "Sum", "Period": 60,
        "EvaluationPeriods": 3, "DatapointsToAlarm": 2, "Threshold": 3.0, "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "breaching"});
    let extended = json!({"AlarmName": "p", "Namespace": "app", "MetricName": "Errors", "ExtendedStatistic": "p99.9", "Period": 10,
        "EvaluationPeriods": 1, "Threshold": 3.0, "ComparisonOperator": "LessThanThreshold"});
    let query = json!({"Id": "q", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "TC(:300)"}, "ReturnData": true});
    let machine =
        json!({"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 30, "End": true}}})
            .to_string();
    let revision = json!({"revisionType": "AppSpecContent", "appSpecContent": {"content": json!({"version": "0.0", "Resources": [{"C": {"Type": "AWS::Lambda::Function",
        "Properties": {"Name": "hello", "Alias": "live", "CurrentVersion": "1", "TargetVersion": "2"}}}], "Hooks": [{"BeforeAllowTraffic": "hello"}]}).to_string()}});
    let group = json!({"applicationName": "app", "deploymentGroupName": "g", "serviceRoleArn": "arn:aws:iam::000000000000:role/r",
        "deploymentConfigName": "CodeDeployDefault.LambdaCanary10Percent5Minutes", "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
        "alarmConfiguration": {"enabled": true, "alarms": [{"name": "a"}]}, "autoRollbackConfiguration": {"enabled": true, "events": ["DEPLOYMENT_FAILURE"]}});
    let stories = [
        json!([["UpdateFunctionConfiguration", {"FunctionName": "hello", "Timeout": 900, "MemorySize": 128, "Environment": {"Variables": {"A": "b"}}}], ["PublishVersion", {"FunctionName": "hello"}], ["ListVersionsByFunction", {"FunctionName": "hello", "MaxItems": 1}]]),
        json!([["UpdateAlias", {"FunctionName": "hello", "Name": "live", "FunctionVersion": "1", "Description": "d", "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.1}}}], ["Invoke", {"FunctionName": "hello:live", "Payload": "{}", "InvocationType": "Event"}]]),
        json!([["PutFunctionEventInvokeConfig", {"FunctionName": "hello", "Qualifier": "live", "MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 21600}], ["Invoke", {"FunctionName": "hello", "Qualifier": "live", "Payload": "{}", "InvocationType": "Event"}]]),
        json!([["PutMetricAlarm", alarm], ["PutMetricData", {"Namespace": "app", "MetricData": [datum]}], ["PutCompositeAlarm", {"AlarmName": "c", "AlarmRule": "NOT ALARM(a)"}], ["DescribeAlarms", {"MaxRecords": 1, "AlarmNames": ["a"]}], ["DescribeAlarmHistory", {"AlarmName": "a", "MaxRecords": 1, "StartDate": "2026-11-21T05:00:00Z", "EndDate": "2026-11-21T06:00:00Z"}]]),
        json!([["PutMetricAlarm", extended], ["PutMetricData", {"Namespace": "app", "MetricData": [{"MetricName": "Errors", "StatisticValues": {"SampleCount": 3.0, "Sum": 6.0, "Minimum": 1.0, "Maximum": 3.0}}]}], ["GetMetricData", span(json!({"MetricDataQueries": [query], "MaxDatapoints": 100, "ScanBy": "TimestampDescending"}))], ["GetMetricStatistics", span(json!({"Namespace": "app", "MetricName": "Errors", "Period": 60, "Statistics": ["Sum"], "ExtendedStatistics": ["p50"]}))]]),
        json!([["CreateStateMachine", {"name": "rollout", "definition": machine, "roleArn": ROLE}], ["StartExecution", {"stateMachineArn": MACHINE, "name": "e", "input": "{}"}], ["ListExecutions", {"stateMachineArn": MACHINE, "maxResults": 1}], ["GetExecutionHistory", {"executionArn": MACHINE.replace("stateMachine", "execution") + ":e", "maxResults": 1, "reverseOrder": true}]]),
        json!([["CreateApplication", {"applicationName": "app", "computePlatform": "Lambda"}], ["PutMetricAlarm", alarm], ["CreateDeploymentGroup", group], ["CreateDeployment", {"applicationName": "app", "deploymentGroupName": "g", "revision": revision}], ["ListDeployments", {"applicationName": "app", "deploymentGroupName": "g", "includeOnlyStatuses": ["InProgress"]}]]),
        json!([["PutRule", {"Name": "r", "EventPattern": "{\"source\":[\"s\"]}"}], ["PutTargets", {"Rule": "r", "Targets": [{"Id": "1", "Arn": "arn:aws:lambda:us-east-1:000000000000:function:hello", "RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 60}}]}], ["PutEvents", {"Entries": [{"Source": "s", "DetailType": "t", "Detail": "{}", "Time": "2026-11-21T05:50:00Z"}]}]]),
        json!([["CreateTopic", {"Name": "t"}], ["Subscribe", {"TopicArn": "arn:aws:sns:us-east-1:000000000000:t", "Protocol": "lambda", "Endpoint": "arn:aws:lambda:us-east-1:000000000000:function:hello"}], ["Publish", {"TopicArn": "arn:aws:sns:us-east-1:000000000000:t", "Message": "m", "Subject": "s"}]]),
        json!([["PutParameter", {"Name": "/a/b", "Value": "v", "Type": "String", "Overwrite": true}], ["GetParameter", {"Name": "/a/b:1"}]]),
    ];
    stories.iter().map(Value::to_string).collect()
}

fn eat_requests(bytes: &[u8]) {
    let Ok(Value::Array(calls)) = serde_json::from_slice(bytes) else {
        return;
    };
    let mut world = hello(1);
    world.set_traffic("hello", "live", 3.0).expect("it exists");
    for call in calls {
        let Some(operation) = call.get(0).and_then(Value::as_str) else {
            continue;
        };
        let known = OPERATIONS.iter().find(|(_, name)| *name == operation);
        let Some((service, name)) = known else {
            continue;
        };
        let input = call.get(1).cloned().unwrap_or_default();
        let answer = world.call(*service, name, input);
        assert!(
            answer
                .as_ref()
                .map_or_else(|error| error.status != 500, |_| true),
            "{answer:?}"
        );
        on(&mut world, 30);
    }
    on(&mut world, 300);
}

/// Time goes on, and gets there.
fn on(world: &mut World, seconds: i64) {
    let to = world.now() + SignedDuration::from_secs(seconds);
    // What waits for a process of its own keeps time from passing, elsewhere.
    world.advance_to(to);
    assert_eq!(world.now(), to);
}

fn eat_machine(bytes: &[u8]) {
    let story: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let definition = match story.get("machine") {
        Some(Value::String(text)) => text.clone(),
        Some(machine) => machine.to_string(),
        None => text(bytes),
    };
    let mut world = hello(1);
    let request = json!({"name": "rollout", "definition": definition, "roleArn": ROLE});
    if let Err(error) = world.call(Service::StepFunctions, "CreateStateMachine", request) {
        assert_eq!(error.status, 400, "{error}");
        return;
    }
    let input = story.get("input").map(Value::to_string);
    let request = json!({"stateMachineArn": MACHINE, "input": input});
    let Ok(started) = world.call(Service::StepFunctions, "StartExecution", request) else {
        return;
    };
    pass(&mut world, 300);
    let request = json!({"executionArn": started["executionArn"], "maxResults": 1_000});
    world
        .call(Service::StepFunctions, "GetExecutionHistory", request)
        .expect("it was started");
    let request = json!({"executionArn": started["executionArn"]});
    let _ = world.call(Service::StepFunctions, "StopExecution", request.clone());
    let _ = world.call(Service::StepFunctions, "RedriveExecution", request);
    pass(&mut world, 300);
}

fn eat_pattern(bytes: &[u8]) {
    let story: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let pattern = story
        .get("pattern")
        .map_or_else(|| text(bytes), Value::to_string);
    let mut world = hello(1);
    let rule = json!({"Name": "r", "EventPattern": pattern});
    if let Err(error) = world.call(Service::Events, "PutRule", rule) {
        assert_eq!(error.status, 400, "{error}");
        return;
    }
    let target =
        json!([{"Id": "1", "Arn": "arn:aws:lambda:us-east-1:000000000000:function:hello"}]);
    let _ = world.call(
        Service::Events,
        "PutTargets",
        json!({"Rule": "r", "Targets": target}),
    );
    let detail = story.get("detail").map(Value::to_string);
    let entry = json!({"Source": "s", "DetailType": "t", "Detail": detail});
    let _ = world.call(Service::Events, "PutEvents", json!({"Entries": [entry]}));
    pass(&mut world, 60);
}

#[test]
fn every_good_request_is_answered() {
    for story in requests() {
        let calls: Vec<(String, Value)> = serde_json::from_str(&story).expect("calls");
        let mut world = hello(1);
        for (operation, input) in calls {
            let (service, name) = OPERATIONS
                .iter()
                .find(|(_, name)| **name == operation)
                .expect("known");
            let answer = world.call(*service, name, input);
            assert!(answer.is_ok(), "{operation}: {answer:?}");
        }
    }
}

#[test]
fn requests_of_all_kinds() {
    survives(&REQUESTS);
}

#[test]
fn huge_requests() {
    attacks::survives_size(&REQUESTS, "sim::garbage_tests::huge_requests", &[]);
}

#[test]
fn machines_of_all_kinds() {
    survives(&MACHINES);
}

#[test]
fn huge_machines() {
    let big = "x".repeat(200_000);
    let members: serde_json::Map<String, Value> = (0..20_000)
        .map(|n| (format!("k{n}.$"), json!("$")))
        .collect();
    let fills = json!({"machine": {"StartAt": "A", "States": {"A": {"Type": "Pass", "Parameters": members, "End": true}}}, "input": {"a": big}});
    let selects = json!({"machine": {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "hello", "Payload": {"a.$": "$.a"}},
        "ResultSelector": members, "End": true}}}, "input": {"a": big}});
    let looped = json!({"machine": {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsPresent": true, "Next": "A"}], "Default": "A"}}}, "input": {"a": "x".repeat(200)}});
    let states: serde_json::Map<String, Value> = (0..5_000)
        .map(|n| {
            (
                format!("S{n}"),
                json!({"Type": "Pass", "Next": format!("S{}", (n + 1) % 5_000)}),
            )
        })
        .collect();
    let many = json!({"machine": {"StartAt": "S0", "States": states}, "input": {}});
    let own = [
        ("fills", fills),
        ("selects", selects),
        ("a loop", looped),
        ("many states", many),
    ];
    let own = own.map(|(name, story)| (name, story.to_string().into_bytes()));
    attacks::survives_size(&MACHINES, "sim::garbage_tests::huge_machines", &own);
}

#[test]
fn rules_of_all_kinds() {
    survives(&RULES);
}

#[test]
fn huge_rules() {
    attacks::survives_size(&RULES, "sim::garbage_tests::huge_rules", &[]);
}

#[test]
fn patterns_of_all_kinds() {
    survives(&PATTERNS);
}

#[test]
fn huge_patterns() {
    let wild = json!({"pattern": {"detail": {"w": [{"wildcard": "a*".repeat(20_000)}]}}, "detail": {"w": "a".repeat(100_000)}});
    let own = [("wild", wild.to_string().into_bytes())];
    attacks::survives_size(&PATTERNS, "sim::garbage_tests::huge_patterns", &own);
}

/// Were every parent looked at as soon as one of its children has changed, each level would change
/// twice as often as the one below.
#[test]
fn alarms_over_alarms_over_alarms_end() {
    let mut world = hello(1);
    world.put_metric_alarm(app_errors("a0")).expect("an alarm");
    let mut put = |name: String, rule: String| {
        let rule = json!({"AlarmName": name, "AlarmRule": rule});
        let answer = world.call(Service::CloudWatch, "PutCompositeAlarm", rule);
        assert!(answer.is_ok(), "{answer:?}");
    };
    for level in 1..18 {
        let below = level - 1;
        let (p, q) = (format!("ALARM(p{level})"), format!("ALARM(q{level})"));
        put(format!("p{level}"), format!("ALARM(a{below})"));
        put(format!("q{level}"), format!("ALARM(a{below})"));
        put(
            format!("a{level}"),
            format!("({p} AND NOT {q}) OR ({q} AND NOT {p})"),
        );
    }
    let changes = |world: &mut World| {
        let request = json!({"AlarmTypes": ["CompositeAlarm"], "HistoryItemType": "StateUpdate", "MaxRecords": 100});
        let history = world
            .call(Service::CloudWatch, "DescribeAlarmHistory", request)
            .expect("a history");
        history["AlarmHistoryItems"].as_array().map_or(0, Vec::len)
    };
    let before = changes(&mut world);
    let state = json!({"AlarmName": "a0", "StateValue": "ALARM", "StateReason": "r"});
    world
        .call(Service::CloudWatch, "SetAlarmState", state)
        .expect("it exists");
    // The two right above it; what compares them has found no difference.
    assert_eq!(changes(&mut world), before + 2);
}
