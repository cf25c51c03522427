//! Bad input of the functions: each is a real process behind the Runtime API, driven by the
//! simulated CodeDeploy, Step Functions and EventBridge, and something is wrong.
//!
//! Every story ends with the alias: which version, which weights, which description; with what
//! became of the deployment; and with how often its hooks were effectively answered.

mod answers;
mod bakes;
mod checks;
mod discovery;
mod events;
mod evidence;
mod guard;
mod in_time;
mod killed;
mod orphans;
mod outages;
mod policies;
mod recovery;
mod rights;
mod rollbacks;
mod stage;
mod stops;
mod twice;
mod uncountable;

use jiff::{SignedDuration, Timestamp};
use lambda_canary::local::stack::{self, APPLICATION, MACHINE};
use lambda_canary::sim::{FaultKind, FaultRule, Service, World};
use serde_json::{Value, json};

use stage::Stage;

/// When every story starts.
const START: Timestamp = Timestamp::constant(1_800_000_000, 0);
/// What stood in the alias' description before the rollout.
const DESCRIPTION: &str = "in service";
/// The sample's alarm.
const ALARM: &str = "hello-live-errors";
/// Ten per cent for two minutes, watched by the sample's alarm.
const POLICY: &str = r#"{"alarms":["hello-live-errors"],"plan":"10%:2m"}"#;
/// An alias as it stands.
#[derive(Debug, PartialEq)]
struct Stands {
    version: String,
    weights: Value,
    description: String,
}

fn at(version: &str) -> Stands {
    Stands {
        version: version.to_owned(),
        weights: json!({}),
        description: DESCRIPTION.to_owned(),
    }
}

fn call(world: &mut World, service: Service, operation: &str, input: Value) -> Value {
    let answer = world.call(service, operation, input);
    answer.unwrap_or_else(|error| panic!("{operation}: {error}"))
}

fn set_policy(world: &mut World, text: &str) {
    stack::policy(world, text).expect("a parameter takes any text");
}

/// Changes `$LATEST` and publishes it.
fn publish(world: &mut World, function: &str, mut change: Value) {
    change["FunctionName"] = function.into();
    call(
        world,
        Service::Lambda,
        "UpdateFunctionConfiguration",
        change,
    );
    let published = json!({"FunctionName": function});
    call(world, Service::Lambda, "PublishVersion", published);
}

/// Adds variables to a function's environment, and whatever else to its configuration.
fn reconfigure(world: &mut World, function: &str, variables: &[(&str, &str)], mut more: Value) {
    let named = json!({"FunctionName": function});
    let mut found = call(world, Service::Lambda, "GetFunctionConfiguration", named);
    let mut environment = found["Environment"].take();
    for (name, value) in variables {
        environment["Variables"][*name] = (*value).into();
    }
    more["FunctionName"] = function.into();
    more["Environment"] = environment;
    call(world, Service::Lambda, "UpdateFunctionConfiguration", more);
}

fn deploy(world: &mut World, group: &str, appspec: &str, more: Value) -> String {
    let mut input = json!({
        "applicationName": APPLICATION,
        "deploymentGroupName": group,
        "revision": {"revisionType": "AppSpecContent", "appSpecContent": {"content": appspec}},
    });
    extend(&mut input, more);
    let created = call(world, Service::CodeDeploy, "CreateDeployment", input);
    created["deploymentId"].as_str().expect("an id").to_owned()
}

fn extend(object: &mut Value, more: Value) {
    if let (Value::Object(object), Value::Object(more)) = (object, more) {
        object.extend(more);
    }
}

fn has_weight(world: &World) -> bool {
    let last = world.alias_changes().last();
    last.is_some_and(|change| !change.weights.is_empty())
}

fn calls(world: &World, operation: &str) -> usize {
    world
        .trace()
        .filter(|call| call.operation == operation)
        .count()
}

fn status(world: &World, deployment: &str) -> &'static str {
    let mut all = world.deployments_overview().into_iter();
    let found = all.find(|one| one.id == deployment);
    found.expect("the deployment is there").status
}

fn stands(world: &mut World, function: &str) -> Stands {
    let named = json!({"FunctionName": function, "Name": "live"});
    let found = call(world, Service::Lambda, "GetAlias", named);
    let weights = found.pointer("/RoutingConfig/AdditionalVersionWeights");
    let text = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
    Stands {
        version: text("FunctionVersion"),
        weights: weights.cloned().unwrap_or_else(|| json!({})),
        description: text("Description"),
    }
}

fn is_busy(world: &mut World) -> bool {
    let ended = ["Succeeded", "Failed", "Stopped"];
    let all = world.deployments_overview();
    if world.open_invocations() > 0 || all.iter().any(|one| !ended.contains(&one.status)) {
        return true;
    }
    let input = json!({"stateMachineArn": machine(world), "statusFilter": "RUNNING"});
    let found = call(world, Service::StepFunctions, "ListExecutions", input);
    found["executions"]
        .as_array()
        .is_none_or(|running| !running.is_empty())
}

fn machine(world: &World) -> String {
    let (region, account) = (world.region(), world.account());
    format!("arn:aws:states:{region}:{account}:stateMachine:{MACHINE}")
}

fn execution_arn(world: &World, name: &str) -> Value {
    let (region, account) = (world.region(), world.account());
    let arn = format!("arn:aws:states:{region}:{account}:execution:{MACHINE}:{name}");
    json!({"executionArn": arn})
}

/// A rule from now on for so many virtual seconds.
fn fault(world: &mut World, kind: FaultKind, operation: &str, seconds: i64) {
    let rule = FaultRule::new(kind, world.now()).operation(operation);
    let until = world.now() + SignedDuration::from_secs(seconds);
    world.add_fault(rule.until(until));
}

/// An alarm on a function's errors, which stays as it is set: there is no traffic.
fn steady(world: &mut World, function: &str, alarm: &str) {
    let rule = json!({
        "AlarmName": alarm, "Namespace": "AWS/Lambda", "MetricName": "Errors", "Statistic": "Sum",
        "Dimensions": [{"Name": "FunctionName", "Value": function}], "Period": 60,
        "EvaluationPeriods": 1, "Threshold": 3.0, "TreatMissingData": "ignore",
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    });
    call(world, Service::CloudWatch, "PutMetricAlarm", rule);
    set_alarm(world, alarm, "OK");
}

fn set_alarm(world: &mut World, alarm: &str, state: &str) {
    let input = json!({"AlarmName": alarm, "StateValue": state, "StateReason": "a drill"});
    call(world, Service::CloudWatch, "SetAlarmState", input);
}

/// The sample's alarm rings.
fn ring(world: &mut World) {
    set_alarm(world, ALARM, "ALARM");
}

/// CodeDeploy's event to the open hook of a deployment.
fn hook_event(world: &World, deployment: &str) -> Option<String> {
    let open = world.open_hooks();
    let hook = open.iter().find(|hook| hook.deployment == deployment)?;
    let id = &hook.hook_execution_id;
    Some(json!({"DeploymentId": deployment, "LifecycleEventHookExecutionId": id}).to_string())
}
