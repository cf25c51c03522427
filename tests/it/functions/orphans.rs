//! Hooks that never answer, steppers that fail in ways nobody named, state of another release.

use jiff::SignedDuration;
use lambda_canary::local::stack::{PRE_TRAFFIC, STEPPER, STEPPER_GROUP};
use lambda_canary::sim::{FaultKind, Service, World};
use serde_json::{Value, json};

use super::{START, Stage, call, has_weight, hook_event, machine, reconfigure};

/// Has another handler serve a function from its next invocation on: one that fails always.
fn break_it(world: &mut World, function: &str) {
    reconfigure(
        world,
        function,
        &[("ERROR_RATE", "1")],
        json!({"Handler": "sample"}),
    );
}

fn repair(world: &mut World, function: &str, handler: &str) {
    reconfigure(world, function, &[], json!({"Handler": handler}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_hangs_until_it_is_killed_is_recovered() {
    let stage = Stage::with(|world| {
        let hanging = json!({"Handler": "sample", "Timeout": 1});
        reconfigure(world, PRE_TRAFFIC, &[("LATENCY_MS", "60000")], hanging);
    })
    .await;
    let deployment = stage.deploy();
    stage
        .when("the end", |world| {
            (super::status(world, &deployment) == "Failed").then(|| {
                // The rollback's hook is to work again.
                repair(world, PRE_TRAFFIC, "pre_traffic");
            })
        })
        .await;
    stage.rest().await;
    stage.assert_put_back();
    assert_eq!(stage.calls("StartExecution"), 0);
    let told = stage.told();
    assert!(told.contains("the hook failed all its attempts"), "{told}");
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stepper_that_fails_without_a_known_name_puts_the_alias_back() {
    let stage = Stage::set().await;
    let deployment = stage.deploy();
    stage
        .when("a weight", |world| {
            has_weight(world).then(|| break_it(world, STEPPER))
        })
        .await;
    let name = format!("{deployment}-pre");
    // It is caught at once, and the rollback fails as well: that is what its retries are for.
    stage
        .when("a retry of the rollback", |world| {
            let execution = super::execution_arn(world, &name);
            let history = call(
                world,
                Service::StepFunctions,
                "GetExecutionHistory",
                execution,
            );
            let events = history["events"].as_array()?.iter();
            let failed = events.filter(|event| event["type"] == "TaskFailed").count();
            (failed >= 3).then(|| repair(world, STEPPER, "stepper"))
        })
        .await;
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Failed", "{}", stage.told());
    assert_eq!(stage.rollback_status(&deployment), Some("Succeeded"));
    stage.assert_put_back();
    assert_eq!(stage.answers(), 3, "the hook, and both of the rollback's");
    let outcome = &stage.outcome(&deployment)["outcome"];
    assert_eq!(outcome["word"], "rolled_back", "{outcome}");
    assert!(
        outcome["reason"].to_string().contains("OnPurpose"),
        "{outcome}"
    );
    assert_eq!(stage.execution(&name)["status"], "SUCCEEDED");
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stepper_that_fails_for_good_is_followed_by_the_recovery() {
    let stage = Stage::set().await;
    // Nobody else is to put the alias back.
    let alone = json!({"autoRollbackConfiguration": {"enabled": false}});
    let deployment = stage.deploy_to(STEPPER_GROUP, alone);
    stage
        .when("a weight", |world| {
            has_weight(world).then(|| break_it(world, STEPPER))
        })
        .await;
    // More than half an hour each of Rollback and Report, and CodeDeploy's own hour.
    let name = format!("{deployment}-pre");
    stage
        .when("the end", |world| {
            let execution = super::execution_arn(world, &name);
            let found = call(
                world,
                Service::StepFunctions,
                "DescribeExecution",
                execution,
            );
            (found["status"] == "FAILED").then(|| repair(world, STEPPER, "stepper"))
        })
        .await;
    let took = stage.world(|world| world.now().duration_since(START));
    assert!(took > SignedDuration::from_mins(60), "{took}");
    let stands = stage.alias();
    assert_eq!(
        stands.weights,
        json!({"2": 0.1}),
        "nobody could put it back"
    );
    stage
        .when("the recovery", |_| {
            stage.told().contains("-pre is FAILED; ").then_some(())
        })
        .await;
    stage.rest().await;
    stage.assert_put_back();
    assert_eq!(stage.status(&deployment), "Failed");
    assert_eq!(stage.answers(), 0, "CodeDeploy did not wait for it");
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_that_nothing_can_take_over_is_said_and_tried_again_when_the_deployment_ends() {
    let stage = Stage::set().await;
    // Nobody else is to put the alias back.
    let alone = json!({"autoRollbackConfiguration": {"enabled": false}});
    let deployment = stage.deploy_to(STEPPER_GROUP, alone);
    stage
        .when("a weight", |world| {
            has_weight(world).then(|| {
                for operation in ["GetDeployment", "StartExecution"] {
                    super::fault(world, FaultKind::AccessDenied, operation, 600);
                }
                let execution = super::execution_arn(world, &format!("{deployment}-pre"));
                call(world, Service::StepFunctions, "StopExecution", execution);
            })
        })
        .await;
    let message = stage
        .when("a message to people", |world| {
            world.messages().last().map(|sent| sent.message.clone())
        })
        .await;
    for part in ["RetriesExhausted", "GetDeployment", "AccessDenied"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert_eq!(stage.alias().weights, json!({"2": 0.1}));
    // Its hook has not been answered: the hour ends the deployment, and that is one more call.
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Failed");
    stage.assert_put_back();
    assert!(
        stage.told().contains("recovered: the deployment ended"),
        "{}",
        stage.told()
    );
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollout_of_two_thousand_ticks_goes_on_in_another_execution() {
    for stopped in [false, true] {
        let stage =
            Stage::with(|world| reconfigure(world, PRE_TRAFFIC, &[], json!({"Handler": "sample"})))
                .await;
        let deployment = stage.deploy();
        let event = stage
            .when("a hook", |world| hook_event(world, &deployment))
            .await;
        let event: Value = serde_json::from_str(&event).expect("JSON");
        let now = stage.world(|world| world.now());
        let request = json!({
            "action": "preflight", "at": now, "execution": format!("{deployment}-pre"),
            "document": {"hook": "pre_traffic", "event": event},
        });
        let mut document = stage.answer(STEPPER, &request.to_string()).await;
        document["carry"]["ticks"] = 1_995.into();
        stage.world(|world| {
            repair(world, PRE_TRAFFIC, "pre_traffic");
            let input = json!({
                "stateMachineArn": machine(world), "name": format!("{deployment}-pre"),
                "input": document.to_string(),
            });
            call(world, Service::StepFunctions, "StartExecution", input);
        });
        let second = format!("{deployment}-pre-2");
        if stopped {
            stage
                .when("the second execution", |world| {
                    let started = super::calls(world, "StartExecution") == 2;
                    started.then(|| {
                        let execution = super::execution_arn(world, &second);
                        call(world, Service::StepFunctions, "StopExecution", execution);
                    })
                })
                .await;
            assert_eq!(stage.alias().weights, json!({"2": 0.1}), "in the middle");
        }
        stage.rest().await;
        let (ended, status) = if stopped {
            ("Failed", "ABORTED")
        } else {
            ("Succeeded", "SUCCEEDED")
        };
        assert_eq!(stage.execution(&second)["status"], status);
        assert_eq!(stage.outcome(&deployment)["continued"], second);
        assert_eq!(stage.status(&deployment), ended, "{}", stage.told());
        if stopped {
            stage.assert_put_back();
        } else {
            stage.assert_released();
        }
        stage.strike().await;
    }
}

/// An execution as another release of the functions would have left it, in the hook's place.
async fn begun_elsewhere(carry: Value) -> (Stage, String) {
    // The hook succeeds and does nothing.
    let stage =
        Stage::with(|world| reconfigure(world, PRE_TRAFFIC, &[], json!({"Handler": "sample"})))
            .await;
    let deployment = stage.deploy();
    let event = stage
        .when("a hook", |world| hook_event(world, &deployment))
        .await;
    let event: Value = serde_json::from_str(&event).expect("JSON");
    stage.world(|world| {
        let mark = deployment.to_ascii_lowercase();
        let weighed = json!({
            "FunctionName": "hello", "Name": "live", "Description": format!("in service [lambda-canary:{mark}:1]"),
            "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.1}},
        });
        call(world, Service::Lambda, "UpdateAlias", weighed);
        repair(world, PRE_TRAFFIC, "pre_traffic");
        let document = json!({"hook": "pre_traffic", "event": event, "carry": carry});
        let input = json!({
            "stateMachineArn": machine(world), "name": format!("{deployment}-pre"), "input": document.to_string(),
        });
        call(world, Service::StepFunctions, "StartExecution", input);
    });
    stage.rest().await;
    (stage, deployment)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollout_of_another_release_is_put_back_and_not_guessed_at() {
    for (carry, said) in [
        (json!({"schema": 0}), "shape 0, here 1"),
        (json!({}), "shape none, here 1"),
        (json!({"schema": 1, "release": "?"}), "cannot be read"),
    ] {
        let (stage, deployment) = begun_elsewhere(carry).await;
        assert_eq!(stage.status(&deployment), "Failed", "{}", stage.told());
        assert_eq!(stage.rollback_status(&deployment), Some("Succeeded"));
        stage.assert_put_back();
        assert_eq!(stage.answers(), 3);
        let outcome = &stage.outcome(&deployment)["outcome"];
        assert_eq!(outcome["word"], "rolled_back", "{outcome}");
        let reason = outcome["reason"].to_string();
        assert!(
            reason.contains(said) && reason.contains("put back"),
            "{reason}"
        );
        stage.strike().await;
    }
}
