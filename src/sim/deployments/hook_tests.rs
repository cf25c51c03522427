//! Hooks: good answers, bad ones, late ones and none.

use super::fixture::*;
use super::*;
use crate::sim::fixture::{code, pass};

/// A deployment whose first hook waits.
fn waiting() -> (World, String) {
    let mut world = shop();
    let id = begin(&mut world, release("Canary10Percent5Minutes", BOTH));
    pass(&mut world, TO_HOOK);
    (world, id)
}

#[test]
fn a_failed_hook_ends_the_deployment_before_any_traffic() {
    let (mut world, id) = waiting();
    answer_open(&mut world, "Failed");
    assert_eq!(outcome(&mut world, &id), failed("HOOK_EXECUTION_FAILURE"));
    assert_eq!(events(&mut world, &id), ["Failed", "Skipped", "Skipped"]);
    let event = target(&mut world, &id).lifecycle_events.remove(0);
    let diagnostics = event.diagnostics.expect("it failed");
    assert_eq!(diagnostics.error_code, "ScriptFailed");
    assert!(diagnostics.message.contains(PRE), "{}", diagnostics.message);
    pass(&mut world, 10_000);
    assert_eq!(traffic(&mut world), at("1"));
}

#[test]
fn a_hook_without_an_answer_fails_after_an_hour() {
    let (mut world, id) = waiting();
    pass(&mut world, 3599);
    assert_eq!(info(&mut world, &id).status, "InProgress");
    let hook = hook(&world);
    pass(&mut world, 1);
    assert_eq!(outcome(&mut world, &id), failed("HOOK_EXECUTION_FAILURE"));
    let event = target(&mut world, &id).lifecycle_events.remove(0);
    assert_eq!(
        event.diagnostics.expect("it failed").error_code,
        "ScriptTimedOut"
    );
    let late = answer(&mut world, &hook, "Succeeded");
    assert_eq!(code(late), "LifecycleEventAlreadyCompletedException");
}

#[test]
fn the_second_answer_is_one_too_many() {
    let (mut world, id) = waiting();
    let hook = hook(&world);
    answer(&mut world, &hook, "Succeeded").expect("it waits");
    for status in ["Succeeded", "Failed"] {
        let again = answer(&mut world, &hook, status);
        assert_eq!(code(again), "LifecycleEventAlreadyCompletedException");
    }
    pass(&mut world, 4);
    assert_eq!(info(&mut world, &id).status, "InProgress");
    assert_eq!(traffic(&mut world), shared(0.1));
}

#[test]
fn an_answer_needs_the_right_ids_and_a_real_status() {
    let (mut world, id) = waiting();
    let real = hook(&world);
    let wrong = |deployment: &str, hook: &str| OpenHook {
        deployment: deployment.to_owned(),
        hook_execution_id: hook.to_owned(),
        ..real.clone()
    };
    for (hook, status, expected) in [
        (wrong("", "x"), "Succeeded", "DeploymentIdRequiredException"),
        (
            wrong("d-1", "x"),
            "Succeeded",
            "InvalidDeploymentIdException",
        ),
        (
            wrong("d-000000000", "x"),
            "Succeeded",
            "DeploymentDoesNotExistException",
        ),
        (
            wrong(&id, ""),
            "Succeeded",
            "InvalidLifecycleEventHookExecutionIdException",
        ),
        (
            wrong(&id, "x"),
            "Succeeded",
            "InvalidLifecycleEventHookExecutionIdException",
        ),
        (
            real.clone(),
            "Skipped",
            "InvalidLifecycleEventHookExecutionStatusException",
        ),
        (
            real.clone(),
            "",
            "InvalidLifecycleEventHookExecutionStatusException",
        ),
    ] {
        assert_eq!(
            code(answer(&mut world, &hook, status)),
            expected,
            "{status}"
        );
    }
    assert_eq!(hook(&world), real, "it still waits");
}

#[test]
fn a_hook_of_another_deployment_is_not_taken() {
    let (mut world, _) = waiting();
    let mut other = group("other", &[]);
    other.auto_rollback_configuration = None;
    world.create_deployment_group(other).expect("a new name");
    let mut request = release("AllAtOnce", BOTH);
    request.deployment_group_name = "other".to_owned();
    begin(&mut world, request);
    pass(&mut world, TO_HOOK);
    let [one, two] = <[OpenHook; 2]>::try_from(world.open_hooks()).expect("two hooks");
    let mixed = OpenHook {
        deployment: one.deployment,
        ..two
    };
    let answer = answer(&mut world, &mixed, "Succeeded");
    assert_eq!(
        code(answer),
        "InvalidLifecycleEventHookExecutionIdException"
    );
}

#[test]
fn a_hook_that_does_not_exist_fails_at_once() {
    let mut world = shop();
    let id = begin(
        &mut world,
        release(
            "AllAtOnce",
            &[("BeforeAllowTraffic", "CodeDeployHook_gone")],
        ),
    );
    pass(&mut world, TO_HOOK);
    assert_eq!(outcome(&mut world, &id), failed("HOOK_EXECUTION_FAILURE"));
    let message = info(&mut world, &id)
        .error_information
        .expect("failed")
        .message;
    assert!(message.contains("CodeDeployHook_gone"), "{message}");
    assert_eq!(world.open_hooks(), []);
}

#[test]
fn a_hook_may_be_named_by_its_arn() {
    let mut world = shop();
    let arn = world.function_arn(PRE, None);
    begin(
        &mut world,
        release("AllAtOnce", &[("BeforeAllowTraffic", &arn)]),
    );
    pass(&mut world, TO_HOOK);
    assert_eq!(hook(&world).function, arn);
}

#[test]
fn the_last_hook_fails_a_deployment_whose_traffic_is_shifted() {
    let mut world = shop();
    let mut request = release("AllAtOnce", BOTH);
    request.auto_rollback_configuration = Some(rolling_back(&[]));
    let id = begin(&mut world, request);
    pass(&mut world, TO_HOOK);
    answer_open(&mut world, "Succeeded");
    pass(&mut world, 4);
    answer_open(&mut world, "Failed");
    assert_eq!(
        events(&mut world, &id),
        ["Succeeded", "Succeeded", "Failed"]
    );
    assert_eq!(outcome(&mut world, &id), failed("HOOK_EXECUTION_FAILURE"));
    pass(&mut world, 1000);
    assert_eq!(
        traffic(&mut world),
        at("2"),
        "without a rollback it stays there"
    );
    assert_eq!(rollback_of(&mut world, &id), None);
}

#[test]
fn hooks_that_wait_are_shown() {
    let (world, id) = waiting();
    let hook = hook(&world);
    assert_eq!((hook.deployment, hook.since), (id.clone(), world.now()));
    assert!(hook.hook_execution_id.len() > 200, "as opaque as AWS's");
    let overview = serde_json::to_value(world.deployments_overview()).expect("JSON");
    assert_eq!(overview[0]["id"], id.as_str());
    assert_eq!(overview[0]["lifecycle_events"][0]["status"], "InProgress");
    assert_eq!(overview[0]["target"], "hello:live");
}
