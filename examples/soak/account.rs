//! The account that a release is played in, and what people do to it.

use std::cell::RefCell;
use std::collections::BTreeMap;

use jiff::SignedDuration;
use lambda_canary::local::stack::{
    self, APPLICATION, GUARD_GROUP, MACHINE, POST_TRAFFIC, PRE_TRAFFIC, STEPPER, STEPPER_GROUP,
    appspec, deploy_stack,
};
use lambda_canary::local::{Sample, unreleased_world};
use lambda_canary::sim::deployments::Strictness;
use lambda_canary::sim::{Behaviour, FaultKind, FaultRule, Service, World};
use serde_json::{Value, json};

use crate::model::{AlarmKind, Scenario, Way};
use crate::record::{Alias, By, Caller, Noted};
use crate::system::{self, START, State};
use crate::trouble::{Act, Trouble};

/// The sample's alarm.
const ALARM: &str = "hello-live-errors";
/// What stands in the alias' description before.
pub const DESCRIPTION: &str = "in service";

thread_local! {
    static LOGS: RefCell<Vec<(Option<Caller>, String)>> = const { RefCell::new(Vec::new()) };
}

/// Keeps a line that a function logs.
pub fn keep_log(line: &str) {
    LOGS.with_borrow_mut(|logs| logs.push((system::caller(), line.to_owned())));
}

/// What was logged since the last call, on this thread, and by whom.
pub fn take_logs() -> Vec<(Option<Caller>, String)> {
    LOGS.with_borrow_mut(std::mem::take)
}

/// The account with a deployment that has just been created, and its id, if it is released so.
pub fn release(scenario: &Scenario) -> (World, String) {
    let sample = Sample {
        requests_per_second: scenario.traffic,
        alarm_at: match scenario.alarm {
            AlarmKind::Lax => 30.0,
            AlarmKind::Steady | AlarmKind::Live => 3.0,
        },
        ..Sample::default()
    };
    let mut world = unreleased_world(scenario.seed, START, sample);
    world.set_codedeploy(if scenario.strict {
        Strictness::Strict
    } else {
        Strictness::Lenient
    });
    world.host(["pre_traffic", "post_traffic", "stepper"]);
    deploy_stack(&mut world).expect("the stack is accepted");
    stack::policy(&mut world, &scenario.policy).expect("a parameter takes any text");
    for version in ["2", "3"] {
        let change = json!({"FunctionName": "hello", "Description": format!("release {version}")});
        must(
            &mut world,
            Service::Lambda,
            "UpdateFunctionConfiguration",
            change,
        );
        must(
            &mut world,
            Service::Lambda,
            "PublishVersion",
            json!({"FunctionName": "hello"}),
        );
    }
    let failing = Behaviour {
        error_rate: scenario.errors,
        ..Behaviour::default()
    };
    world
        .set_behaviour("hello", "2", failing)
        .expect("version 2 is there");
    let described = json!({"FunctionName": "hello", "Name": "live", "Description": DESCRIPTION});
    must(&mut world, Service::Lambda, "UpdateAlias", described);
    if scenario.alarm == AlarmKind::Steady {
        put_alarm(&mut world, AlarmKind::Steady);
        set_alarm(&mut world, "OK");
    }
    let group = match scenario.way {
        Way::Stepper => Some(STEPPER_GROUP),
        Way::Guard => Some(GUARD_GROUP),
        Way::Alone => None,
    };
    let mut content = appspec("1", "2");
    if scenario.troubles.contains(&Trouble::NoPostHook) {
        content = without_post_hook(&content);
    }
    let deployed = |group| create(&mut world, group, content).expect("nothing else is deployed");
    let id = group.map(deployed).unwrap_or_default();
    world.clear_trace();
    (world, id)
}

fn must(world: &mut World, service: Service, operation: &str, input: Value) -> Value {
    let answer = world.call(service, operation, input);
    answer.unwrap_or_else(|error| panic!("{operation}: {error}"))
}

/// What people try may be refused, which is the end of it.
fn may(world: &mut World, service: Service, operation: &str, input: Value) -> Option<Value> {
    world.call(service, operation, input).ok()
}

fn without_post_hook(content: &str) -> String {
    let mut content: Value = serde_json::from_str(content).expect("the AppSpec is JSON");
    if let Some(hooks) = content["Hooks"].as_array_mut() {
        hooks.retain(|hook| hook.get("AfterAllowTraffic").is_none());
    }
    content.to_string()
}

fn deploy(world: &mut World, group: &str, current: &str, target: &str) -> Option<String> {
    create(world, group, appspec(current, target))
}

fn create(world: &mut World, group: &str, content: String) -> Option<String> {
    let input = json!({
        "applicationName": APPLICATION,
        "deploymentGroupName": group,
        "revision": {"revisionType": "AppSpecContent", "appSpecContent": {"content": content}},
    });
    let created = may(world, Service::CodeDeploy, "CreateDeployment", input)?;
    created["deploymentId"].as_str().map(str::to_owned)
}

fn put_alarm(world: &mut World, kind: AlarmKind) {
    // Nobody ever sends drills.
    let (metric, missing) = match kind {
        AlarmKind::Steady => ("Drills", "ignore"),
        AlarmKind::Live | AlarmKind::Lax => ("Errors", "notBreaching"),
    };
    let rule = json!({
        "AlarmName": ALARM, "Namespace": "AWS/Lambda", "MetricName": metric, "Statistic": "Sum",
        "Dimensions": [
            {"Name": "FunctionName", "Value": "hello"},
            {"Name": "Resource", "Value": "hello:live"},
        ],
        "Period": 60, "EvaluationPeriods": 1, "Threshold": 3.0, "TreatMissingData": missing,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    });
    may(world, Service::CloudWatch, "PutMetricAlarm", rule);
}

fn set_alarm(world: &mut World, state: &str) {
    let input = json!({"AlarmName": ALARM, "StateValue": state, "StateReason": "a drill"});
    may(world, Service::CloudWatch, "SetAlarmState", input);
}

/// The alarm's state, if there is the alarm.
pub fn alarm_state(world: &mut World) -> Option<String> {
    let input = json!({"AlarmNames": [ALARM]});
    let found = may(world, Service::CloudWatch, "DescribeAlarms", input)?;
    let state = found.pointer("/MetricAlarms/0/StateValue")?.as_str()?;
    Some(state.to_owned())
}

/// The alias as it stands.
pub fn alias(world: &mut World) -> Alias {
    let input = json!({"FunctionName": "hello", "Name": "live"});
    let found = may(world, Service::Lambda, "GetAlias", input);
    found.map_or_else(Alias::default, |found| Alias::read(&found))
}

/// Whether a deployment, an execution or an invocation has not come to its end.
pub fn is_busy(world: &mut World) -> bool {
    let ended = ["Succeeded", "Failed", "Stopped"];
    let all = world.deployments_overview();
    if world.is_invoking() || all.iter().any(|one| !ended.contains(&one.status)) {
        return true;
    }
    !executions(world, Some("RUNNING")).is_empty()
}

/// The ARNs of the machine's executions, the newest first.
pub fn executions(world: &mut World, status: Option<&str>) -> Vec<String> {
    let mut input = json!({"stateMachineArn": machine(world)});
    if let Some(status) = status {
        input["statusFilter"] = status.into();
    }
    let found = may(world, Service::StepFunctions, "ListExecutions", input).unwrap_or_default();
    let all = found["executions"].as_array().cloned().unwrap_or_default();
    let arns = all
        .iter()
        .filter_map(|one| Some(one["executionArn"].as_str()?.to_owned()));
    arns.collect()
}

/// A handler's environment and time-out.
pub fn environment(world: &mut World, handler: &str) -> (BTreeMap<String, String>, u32) {
    let name = match handler {
        "pre_traffic" => PRE_TRAFFIC,
        "post_traffic" => POST_TRAFFIC,
        _ => STEPPER,
    };
    let found = may(
        world,
        Service::Lambda,
        "GetFunctionConfiguration",
        json!({"FunctionName": name}),
    );
    let found = found.unwrap_or_default();
    let variables = found
        .pointer("/Environment/Variables")
        .cloned()
        .unwrap_or_default();
    let timeout = found["Timeout"]
        .as_u64()
        .and_then(|timeout| u32::try_from(timeout).ok());
    (
        serde_json::from_value(variables).unwrap_or_default(),
        timeout.unwrap_or(60),
    )
}

/// Troubles of the surroundings, which the world itself brings about.
pub fn set_up(state: &mut State, trouble: Trouble) {
    match trouble {
        Trouble::Outage {
            service,
            kind,
            from,
            seconds,
        } => {
            let from = START + SignedDuration::from_secs(from.into());
            let mut rule = FaultRule::new(kind, from).on(service);
            if let Some(seconds) = seconds {
                rule = rule.until(from + SignedDuration::from_secs(seconds.into()));
            }
            state.world.add_fault(rule);
        }
        Trouble::Unheard {
            from,
            times,
            kind,
            effect,
        } => {
            let from = START + SignedDuration::from_secs(from.into());
            let mut rule = FaultRule::new(kind, from)
                .on(Service::Lambda)
                .operation("Invoke")
                .times(times);
            rule.effect = effect;
            state.world.add_fault(rule);
        }
        Trouble::Expiry(seconds) => {
            expire_after(&mut state.world, Some(seconds));
            let ends = START + SignedDuration::from_secs(30);
            state.timed.push((ends, Act::NoExpiry));
        }
        Trouble::AliasAway { from, seconds } => {
            let from = START + SignedDuration::from_secs(from.into());
            let until = from + SignedDuration::from_secs(seconds.into());
            for operation in ["GetAlias", "UpdateAlias"] {
                let rule = FaultRule::new(FaultKind::InternalError, from).until(until);
                state.world.add_fault(rule.operation(operation));
            }
        }
        _ => state.world.set_duplicates(0.5),
    }
    state.record.inject(trouble.kind());
}

/// The machine with a limit on how long an execution may take, or without one.
fn expire_after(world: &mut World, seconds: Option<u32>) {
    let arn = machine(world);
    let named = json!({"stateMachineArn": arn});
    let found = must(world, Service::StepFunctions, "DescribeStateMachine", named);
    let text = found["definition"].as_str().unwrap_or_default();
    let mut definition: Value =
        serde_json::from_str(text).expect("the machine's definition is JSON");
    if let (None, Some(definition)) = (seconds, definition.as_object_mut()) {
        definition.remove("TimeoutSeconds");
    }
    if let Some(seconds) = seconds {
        definition["TimeoutSeconds"] = seconds.into();
    }
    let input = json!({"stateMachineArn": arn, "definition": definition.to_string()});
    must(world, Service::StepFunctions, "UpdateStateMachine", input);
}

fn machine(world: &World) -> String {
    let (region, account) = (world.region(), world.account());
    format!("arn:aws:states:{region}:{account}:stateMachine:{MACHINE}")
}

/// What somebody does.
pub fn act(state: &mut State, act: Act) {
    let at = state.world.now();
    state.record.tell(at, || format!("somebody: {act:?}"));
    state.record.note(at, || Noted::Acted(act));
    state.record.inject(format!("act {act:?}"));
    let deployment = state.deployment.clone();
    match act {
        Act::WeightsGone
        | Act::ToCanary
        | Act::OtherVersion
        | Act::OtherWeights
        | Act::Described
        | Act::Touched
        | Act::AliasDeleted => edit(state, act),
        Act::Ring => set_alarm(&mut state.world, "ALARM"),
        Act::Calm => set_alarm(&mut state.world, "OK"),
        Act::Unknown => set_alarm(&mut state.world, "INSUFFICIENT_DATA"),
        Act::Flap => {
            set_alarm(&mut state.world, "ALARM");
            // Before the next look, as a rule.
            state
                .timed
                .push((at + SignedDuration::from_secs(2), Act::Calm));
            state.timed.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        }
        Act::AlarmDeleted | Act::AlarmReplaced => {
            may(
                &mut state.world,
                Service::CloudWatch,
                "DeleteAlarms",
                json!({"AlarmNames": [ALARM]}),
            );
            if act == Act::AlarmReplaced {
                put_alarm(&mut state.world, state.scenario.alarm);
            }
        }
        Act::StopDeployment { rollback } => {
            let input = json!({"deploymentId": deployment, "autoRollbackEnabled": rollback});
            may(
                &mut state.world,
                Service::CodeDeploy,
                "StopDeployment",
                input,
            );
        }
        Act::StopExecution => {
            if let Some(arn) = executions(&mut state.world, Some("RUNNING")).first() {
                let input = json!({"executionArn": arn});
                may(
                    &mut state.world,
                    Service::StepFunctions,
                    "StopExecution",
                    input,
                );
            }
        }
        Act::NoExpiry => expire_after(&mut state.world, None),
        Act::Redrive => redrive(&mut state.world),
        Act::HookAgain => hook_again(state, &deployment),
        Act::SecondRelease => {
            let group = match state.scenario.way {
                Way::Stepper | Way::Alone => GUARD_GROUP,
                Way::Guard => STEPPER_GROUP,
            };
            let current = state.alias.version.clone();
            let _refused = deploy(&mut state.world, group, &current, "3");
        }
        Act::PolicyDeleted => {
            let name = json!({"Name": "/lambda-canary/hello/live/policy"});
            may(&mut state.world, Service::Ssm, "DeleteParameter", name);
        }
        Act::PartialMetrics => state.world.force_metric_status(Some("PartialData")),
        Act::WholeMetrics => state.world.force_metric_status(None),
        Act::Behaves {
            version,
            failed,
            throttled,
        } => {
            let behaviour = Behaviour {
                error_rate: f64::from(failed) / 1_000.0,
                throttle_rate: f64::from(throttled) / 1_000.0,
                ..Behaviour::default()
            };
            // A version that is not there behaves in no way.
            let _missing = state
                .world
                .set_behaviour("hello", &version.to_string(), behaviour);
        }
        // They need the functions' clients.
        Act::OldTick | Act::RunAlone { .. } | Act::Interrupt | Act::RollBackAlone => {}
    }
}

/// Somebody edits the alias.
fn edit(state: &mut State, act: Act) {
    let world = &mut state.world;
    let mut input = json!({"FunctionName": "hello", "Name": "live"});
    let none = json!({"AdditionalVersionWeights": {}});
    match act {
        Act::WeightsGone => input["RoutingConfig"] = none,
        Act::ToCanary | Act::OtherVersion => {
            input["FunctionVersion"] = if act == Act::ToCanary { "2" } else { "3" }.into();
            input["RoutingConfig"] = none;
        }
        Act::OtherWeights => {
            let other = if state.alias.version == "3" { "1" } else { "3" };
            input["RoutingConfig"] = json!({"AdditionalVersionWeights": {other: 0.33}});
        }
        Act::Described => input["Description"] = "edited by a person".into(),
        Act::AliasDeleted => {
            may(world, Service::Lambda, "DeleteAlias", input);
            return state.notice(&By::Person);
        }
        _ => {
            // A revision without a change is nobody's edit of the alias.
            let _gone = world.touch_alias("hello", "live");
            return;
        }
    }
    may(world, Service::Lambda, "UpdateAlias", input);
    state.notice(&By::Person);
}

fn redrive(world: &mut World) {
    for status in ["FAILED", "ABORTED", "TIMED_OUT"] {
        if let Some(arn) = executions(world, Some(status)).first() {
            let input = json!({"executionArn": arn});
            may(world, Service::StepFunctions, "RedriveExecution", input);
            return;
        }
    }
}

fn hook_again(state: &mut State, deployment: &str) {
    let hooks = state.record.hooks.iter();
    let mut of_it = hooks.filter(|(_, hook)| hook.deployment == deployment);
    let Some((id, hook)) = of_it.next() else {
        return;
    };
    let function = match hook.event.as_str() {
        "BeforeAllowTraffic" => PRE_TRAFFIC,
        _ => POST_TRAFFIC,
    };
    let event = json!({"DeploymentId": deployment, "LifecycleEventHookExecutionId": id});
    let input =
        json!({"FunctionName": function, "InvocationType": "Event", "Payload": event.to_string()});
    may(&mut state.world, Service::Lambda, "Invoke", input);
}
