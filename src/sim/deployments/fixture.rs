//! What the tests of deployments start from: `hello:live` at version 1, the application `shop` with
//! the group `hello`, and the two functions that serve as hooks.

use serde_json::json;

use super::{
    AlarmConfiguration, AppSpecText, AutoRollbackConfiguration, CreateApplicationRequest,
    CreateDeploymentGroupRequest, CreateDeploymentRequest, DeploymentInfo, GetDeploymentRequest,
    GetDeploymentTargetRequest, LambdaTarget, OpenHook,
    PutLifecycleEventHookExecutionStatusRequest, RevisionLocation,
};
use crate::sim::errors::AwsError;
use crate::sim::fixture::{ROLE, hello, live};
use crate::sim::lambda::CreateFunctionRequest;
use crate::sim::world::World;

pub(super) const PRE: &str = "CodeDeployHook_pre";
pub(super) const POST: &str = "CodeDeployHook_post";
pub(super) const BOTH: &[(&str, &str)] =
    &[("BeforeAllowTraffic", PRE), ("AfterAllowTraffic", POST)];

/// The seconds from a deployment's creation to Start and to its first hook.
pub(super) const TO_START: i64 = 2;
pub(super) const TO_HOOK: i64 = TO_START + 2;

/// A world in which the group rolls back whatever fails or is stopped.
pub(super) fn shop() -> World {
    let mut world = hello(1);
    for name in [PRE, POST] {
        let request = CreateFunctionRequest {
            function_name: name.to_owned(),
            role: ROLE.to_owned(),
            ..Default::default()
        };
        world.create_function(request).expect("a new function");
    }
    let application = CreateApplicationRequest {
        application_name: "shop".to_owned(),
        compute_platform: Some("Lambda".to_owned()),
        ..Default::default()
    };
    world.create_application(application).expect("a new name");
    let group = group("hello", &[]);
    world.create_deployment_group(group).expect("a new name");
    world.clear_trace();
    world
}

/// A group of the application `shop` that watches these alarms.
pub(super) fn group(name: &str, alarms: &[&str]) -> CreateDeploymentGroupRequest {
    CreateDeploymentGroupRequest {
        application_name: "shop".to_owned(),
        deployment_group_name: name.to_owned(),
        service_role_arn: "arn:aws:iam::000000000000:role/codedeploy".to_owned(),
        auto_rollback_configuration: Some(rolling_back(&[
            "DEPLOYMENT_FAILURE",
            "DEPLOYMENT_STOP_ON_ALARM",
            "DEPLOYMENT_STOP_ON_REQUEST",
        ])),
        alarm_configuration: (!alarms.is_empty()).then(|| watching(alarms)),
        ..Default::default()
    }
}

pub(super) fn rolling_back(events: &[&str]) -> AutoRollbackConfiguration {
    AutoRollbackConfiguration {
        enabled: Some(!events.is_empty()),
        events: Some(events.iter().map(|event| (*event).to_owned()).collect()),
    }
}

pub(super) fn watching(names: &[&str]) -> AlarmConfiguration {
    let alarm = |name: &&str| super::Alarm {
        name: Some((*name).to_owned()),
    };
    AlarmConfiguration {
        enabled: Some(true),
        ignore_poll_alarm_failure: None,
        alarms: Some(names.iter().map(alarm).collect()),
    }
}

pub(super) fn revision(text: &str) -> RevisionLocation {
    RevisionLocation {
        revision_type: Some("AppSpecContent".to_owned()),
        app_spec_content: Some(AppSpecText {
            content: Some(text.to_owned()),
            sha256: None,
        }),
        ..Default::default()
    }
}

/// The AppSpec of `hello:live` between two versions.
pub(super) fn spec(current: &str, target: &str, hooks: &[(&str, &str)]) -> String {
    let properties = json!({
        "Name": "hello", "Alias": "live", "CurrentVersion": current, "TargetVersion": target,
    });
    let hooks: Vec<_> = hooks
        .iter()
        .map(|(event, function)| json!({*event: function}))
        .collect();
    json!({
        "version": 0.0, "Hooks": hooks,
        "Resources": [{"hello": {"Type": "AWS::Lambda::Function", "Properties": properties}}],
    })
    .to_string()
}

/// The release of version 2 by a configuration of that name (after `CodeDeployDefault.Lambda`).
pub(super) fn release(config: &str, hooks: &[(&str, &str)]) -> CreateDeploymentRequest {
    CreateDeploymentRequest {
        application_name: "shop".to_owned(),
        deployment_group_name: "hello".to_owned(),
        revision: Some(revision(&spec("1", "2", hooks))),
        deployment_config_name: Some(format!("CodeDeployDefault.Lambda{config}")),
        ..Default::default()
    }
}

pub(super) fn begin(world: &mut World, request: CreateDeploymentRequest) -> String {
    world
        .create_deployment(request)
        .expect("a valid deployment")
        .deployment_id
}

pub(super) fn info(world: &mut World, id: &str) -> DeploymentInfo {
    let request = GetDeploymentRequest {
        deployment_id: id.to_owned(),
    };
    world
        .get_deployment(request)
        .expect("it exists")
        .deployment_info
}

pub(super) fn target(world: &mut World, id: &str) -> LambdaTarget {
    let request = GetDeploymentTargetRequest {
        deployment_id: id.to_owned(),
        target_id: "hello:live".to_owned(),
    };
    world
        .get_deployment_target(request)
        .expect("it has a target")
        .deployment_target
        .lambda_target
}

/// The statuses of the three lifecycle events.
pub(super) fn events(world: &mut World, id: &str) -> [String; 3] {
    let events = target(world, id).lifecycle_events;
    let [before, traffic, after] = <[_; 3]>::try_from(events).expect("three events");
    [before.status, traffic.status, after.status]
}

/// The status, and the code of what went wrong.
pub(super) fn outcome(world: &mut World, id: &str) -> (String, Option<String>) {
    let info = info(world, id);
    (info.status, info.error_information.map(|error| error.code))
}

pub(super) fn failed(code: &str) -> (String, Option<String>) {
    ("Failed".to_owned(), Some(code.to_owned()))
}

/// The one hook that waits.
pub(super) fn hook(world: &World) -> OpenHook {
    let mut open = world.open_hooks();
    assert_eq!(open.len(), 1, "{open:?}");
    open.remove(0)
}

pub(super) fn answer(world: &mut World, hook: &OpenHook, status: &str) -> Result<(), AwsError> {
    let request = PutLifecycleEventHookExecutionStatusRequest {
        deployment_id: hook.deployment.clone(),
        lifecycle_event_hook_execution_id: hook.hook_execution_id.clone(),
        status: status.to_owned(),
    };
    world
        .put_lifecycle_event_hook_execution_status(request)
        .map(drop)
}

/// The waiting hook answers.
pub(super) fn answer_open(world: &mut World, status: &str) {
    let hook = hook(world);
    answer(world, &hook, status).expect("it waits");
}

/// The version of `hello:live` and the weight beside it, if any.
pub(super) fn traffic(world: &mut World) -> (String, Option<(String, f64)>) {
    let alias = live(world);
    let weights = alias
        .routing_config
        .and_then(|routing| routing.additional_version_weights)
        .unwrap_or_default();
    (alias.function_version, weights.into_iter().next())
}

/// All traffic at that version.
pub(super) fn at(version: &str) -> (String, Option<(String, f64)>) {
    (version.to_owned(), None)
}

/// Version 1, with that share at version 2.
pub(super) fn shared(weight: f64) -> (String, Option<(String, f64)>) {
    ("1".to_owned(), Some(("2".to_owned(), weight)))
}

/// The rollback of a deployment.
pub(super) fn rollback_of(world: &mut World, id: &str) -> Option<String> {
    info(world, id)
        .rollback_info
        .and_then(|info| info.rollback_deployment_id)
}
