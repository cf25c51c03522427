//! The account: so many functions, each with an alias, an alarm, a policy and a deployment group.

use jiff::Timestamp;
use lambda_canary::local::stack::{
    APPLICATION, MACHINE, POST_TRAFFIC, PRE_TRAFFIC, STEPPER, allow, deploy_stack,
};
use lambda_canary::local::{Sample, unreleased_world};
use lambda_canary::sim::{Behaviour, CallLimit, Service, World};
use serde_json::{Value, json};

use crate::Args;

/// When everything begins.
pub const START: Timestamp = Timestamp::constant(1_800_000_000, 0);

/// The name of a function.
pub fn function(number: u32) -> String {
    format!("f{number:04}")
}

/// The account before the first deployment.
pub fn account(args: &Args) -> World {
    let quiet = Sample {
        requests_per_second: 0.0,
        ..Sample::default()
    };
    let mut world = unreleased_world(args.seed, START, quiet);
    world.host(["pre_traffic", "post_traffic", "stepper"]);
    deploy_stack(&mut world).expect("the stack is accepted");
    allow(&mut world, APPLICATION, "f*").expect("the template's statements are understood");
    for number in 0..args.rollouts {
        furnish(&mut world, &function(number), args);
    }
    if let Some(places) = args.concurrency {
        world.set_concurrency(places);
        world.reserve_concurrency(STEPPER, args.reserve);
        hog(&mut world);
    }
    limits(&mut world, args);
    world.clear_trace();
    world
}

/// What the account may do in a second. Invocations have a limit of their own.
fn limits(world: &mut World, args: &Args) {
    if args.unlimited {
        return;
    }
    let limits = [
        CallLimit::new(Service::Lambda, args.lambda_rate).except("Invoke"),
        CallLimit::new(Service::CloudWatch, args.alarms_rate).only(&["DescribeAlarms"]),
        CallLimit::new(Service::CloudWatch, 50.0).only(&["GetMetricData"]),
        CallLimit::new(Service::StepFunctions, 2.0)
            .burst(100.0)
            .only(&["ListExecutions"]),
    ];
    for limit in limits {
        world.limit(limit);
    }
}

fn furnish(world: &mut World, name: &str, args: &Args) {
    let create = json!({
        "FunctionName": name, "Role": "arn:aws:iam::000000000000:role/canary-SampleRole",
        "Runtime": "provided.al2023", "Handler": "sample", "Timeout": 70, "Code": {"ZipFile": "v1"},
    });
    must(world, Service::Lambda, "CreateFunction", create);
    must(
        world,
        Service::Lambda,
        "PublishVersion",
        json!({"FunctionName": name}),
    );
    let change = json!({"FunctionName": name, "Description": "release 2"});
    must(
        world,
        Service::Lambda,
        "UpdateFunctionConfiguration",
        change,
    );
    must(
        world,
        Service::Lambda,
        "PublishVersion",
        json!({"FunctionName": name}),
    );
    let alias = json!({"FunctionName": name, "Name": "live", "FunctionVersion": "1"});
    must(world, Service::Lambda, "CreateAlias", alias);
    let alarm = json!({
        "AlarmName": alarm_name(name), "Namespace": "AWS/Lambda", "MetricName": "Errors", "Statistic": "Sum",
        "Dimensions": [{"Name": "FunctionName", "Value": name}],
        "Period": 60, "EvaluationPeriods": 1, "Threshold": 3.0, "TreatMissingData": "ignore",
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    });
    must(world, Service::CloudWatch, "PutMetricAlarm", alarm);
    set_alarm(world, name, "OK");
    let policy = json!({
        "plan": args.plan, "alarms": [alarm_name(name)], "evidence": false,
    });
    let parameter = json!({
        "Name": format!("/lambda-canary/{name}/live/policy"), "Type": "String", "Value": policy.to_string(),
    });
    must(world, Service::Ssm, "PutParameter", parameter);
    let group = json!({
        "applicationName": APPLICATION, "deploymentGroupName": name,
        "deploymentConfigName": "CodeDeployDefault.LambdaAllAtOnce",
        "serviceRoleArn": "arn:aws:iam::000000000000:role/canary-codedeploy",
        "autoRollbackConfiguration": {"enabled": true, "events": ["DEPLOYMENT_FAILURE"]},
        "deploymentStyle": {
            "deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL",
        },
    });
    must(world, Service::CodeDeploy, "CreateDeploymentGroup", group);
}

/// The first function has all the traffic, and its new version hangs for a minute.
fn hog(world: &mut World) {
    let name = function(0);
    world.set_traffic(&name, "live", 500.0).expect("a rate");
    let hangs = Behaviour {
        latency_ms: 60_000.0,
        ..Behaviour::default()
    };
    world.set_behaviour(&name, "2", hangs).expect("a version");
}

fn alarm_name(function: &str) -> String {
    format!("{function}-live-errors")
}

/// Puts an alarm into a state.
pub fn set_alarm(world: &mut World, function: &str, state: &str) {
    let input =
        json!({"AlarmName": alarm_name(function), "StateValue": state, "StateReason": "load"});
    must(world, Service::CloudWatch, "SetAlarmState", input);
}

/// Releases version 2; the deployment's id.
pub fn deploy(world: &mut World, function: &str) -> String {
    let appspec = json!({
        "version": "0.0",
        "Resources": [{ function: {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Name": function, "Alias": "live", "CurrentVersion": "1", "TargetVersion": "2",
            },
        }}],
        "Hooks": [{ "BeforeAllowTraffic": PRE_TRAFFIC }, { "AfterAllowTraffic": POST_TRAFFIC }],
    });
    let input = json!({
        "applicationName": APPLICATION,
        "deploymentGroupName": function,
        "revision": {
            "revisionType": "AppSpecContent", "appSpecContent": {"content": appspec.to_string()},
        },
    });
    let created = must(world, Service::CodeDeploy, "CreateDeployment", input);
    created["deploymentId"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

/// Executions that have not ended.
pub fn running(world: &mut World) -> usize {
    let (region, account) = (world.region(), world.account());
    let machine = format!("arn:aws:states:{region}:{account}:stateMachine:{MACHINE}");
    let input = json!({"stateMachineArn": machine, "statusFilter": "RUNNING", "maxResults": 1_000});
    let found = must(world, Service::StepFunctions, "ListExecutions", input);
    found["executions"].as_array().map_or(0, Vec::len)
}

/// Of the executions, how many ended in each way.
pub fn executions(world: &mut World, status: &str) -> usize {
    let (region, account) = (world.region(), world.account());
    let machine = format!("arn:aws:states:{region}:{account}:stateMachine:{MACHINE}");
    let (mut count, mut token) = (0, Value::Null);
    loop {
        let mut input =
            json!({"stateMachineArn": machine, "statusFilter": status, "maxResults": 1_000});
        if !token.is_null() {
            input["nextToken"] = token;
        }
        let found = must(world, Service::StepFunctions, "ListExecutions", input);
        count += found["executions"].as_array().map_or(0, Vec::len);
        token = found["nextToken"].clone();
        if token.is_null() {
            return count;
        }
    }
}

fn must(world: &mut World, service: Service, operation: &str, input: Value) -> Value {
    let answer = world.call(service, operation, input);
    answer.unwrap_or_else(|error| panic!("{operation}: {error}"))
}
