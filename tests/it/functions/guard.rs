//! The guard: CodeDeploy shifts, and is stopped.

use lambda_canary::local::stack::GUARD_GROUP;
use lambda_canary::sim::{FaultKind, FaultRule, Service};
use serde_json::{Value, json};

use super::{ALARM, Stage, call, execution_arn, has_weight, ring, set_policy};

/// A deployment that CodeDeploy itself watches by no alarm.
fn unwatched() -> Value {
    json!({"overrideAlarmConfiguration": {"enabled": false, "alarms": []}})
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_that_only_the_policy_names_stops_the_deployment() {
    let stage = Stage::set().await;
    let deployment = stage.deploy_to(GUARD_GROUP, unwatched());
    stage
        .when("a weight", |world| has_weight(world).then(|| ring(world)))
        .await;
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Stopped", "{}", stage.told());
    assert_eq!(stage.rollback_status(&deployment), Some("Succeeded"));
    stage.assert_put_back();
    assert_eq!(stage.calls("StopDeployment"), 1);
    assert_eq!(stage.answers(), 3, "the hook, and both of the rollback's");
    let outcome = &stage.outcome(&deployment)["outcome"];
    assert_eq!(outcome["word"], "rolled_back", "{outcome}");
    assert!(outcome["reason"].to_string().contains(ALARM), "{outcome}");
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_groups_alarm_and_the_guards_ring_together() {
    let stage = Stage::set().await;
    let deployment = stage.deploy_to(GUARD_GROUP, json!({}));
    stage
        .when("a weight", |world| has_weight(world).then(|| ring(world)))
        .await;
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Stopped", "{}", stage.told());
    assert_eq!(stage.rollback_status(&deployment), Some("Succeeded"));
    stage.assert_put_back();
    let outcome = &stage.outcome(&deployment)["outcome"];
    assert_eq!(outcome["succeeded"], false, "{outcome}");
    assert_eq!(
        stage.world(|world| world.deployments_overview().len()),
        2,
        "one rollback, not two"
    );
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guard_without_anything_to_watch_does_not_begin() {
    let stage = Stage::with(|world| set_policy(world, r#"{"evidence":false,"alarms":[]}"#)).await;
    let deployment = stage.deploy_to(GUARD_GROUP, unwatched());
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Failed", "{}", stage.told());
    stage.assert_put_back();
    let outcome = &stage.outcome(&deployment)["outcome"];
    assert_eq!(outcome["word"], "refused", "{outcome}");
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_that_is_refused_for_a_while_is_asked_for_again() {
    let stage = Stage::with(|world| {
        let failing = FaultRule::new(FaultKind::Throttle, world.now());
        world.add_fault(failing.operation("StopDeployment").times(4));
    })
    .await;
    let deployment = stage.deploy_to(GUARD_GROUP, unwatched());
    stage
        .when("a weight", |world| has_weight(world).then(|| ring(world)))
        .await;
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Stopped", "{}", stage.told());
    stage.assert_put_back();
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guard_whose_execution_is_stopped_takes_its_deployment_with_it() {
    let stage = Stage::set().await;
    let deployment = stage.deploy_to(GUARD_GROUP, json!({}));
    stage
        .when("a weight", |world| {
            has_weight(world).then(|| {
                let execution = execution_arn(world, &format!("{deployment}-pre"));
                call(world, Service::StepFunctions, "StopExecution", execution);
            })
        })
        .await;
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Stopped", "{}", stage.told());
    assert_eq!(stage.rollback_status(&deployment), Some("Succeeded"));
    stage.assert_put_back();
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guarded_deployment_stopped_by_hand_ends_the_guard() {
    let stage = Stage::set().await;
    let deployment = stage.deploy_to(GUARD_GROUP, json!({}));
    stage
        .when("a weight", |world| {
            has_weight(world).then(|| {
                let input = json!({"deploymentId": deployment, "autoRollbackEnabled": true});
                call(world, Service::CodeDeploy, "StopDeployment", input);
            })
        })
        .await;
    stage.rest().await;
    assert_eq!(stage.rollback_status(&deployment), Some("Succeeded"));
    stage.assert_put_back();
    let outcome = &stage.outcome(&deployment)["outcome"];
    assert_eq!(outcome["word"], "aborted", "{outcome}");
    stage.strike().await;
}
