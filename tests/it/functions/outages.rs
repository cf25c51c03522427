//! Services that are away for a while.

use jiff::SignedDuration;
use lambda_canary::local::stack::{POST_TRAFFIC, PRE_TRAFFIC, STEPPER};
use lambda_canary::sim::{FaultKind, FaultRule};
use serde_json::json;

use super::{ALARM, Stage, fault, has_weight, reconfigure, set_policy};

#[tokio::test(flavor = "multi_thread")]
async fn without_step_functions_the_deployment_fails_at_once() {
    let stage = Stage::with(|world| {
        fault(world, FaultKind::InternalError, "StartExecution", 120);
    })
    .await;
    let deployment = stage.deploy();
    stage
        .when("the end", |world| {
            (super::status(world, &deployment) == "Failed").then_some(())
        })
        .await;
    assert_eq!(
        stage.calls("StartExecution"),
        9,
        "three times, each with the SDK's three attempts"
    );
    let told = stage.told();
    assert!(told.contains("no execution could be started"), "{told}");
    stage.rest().await;
    assert_eq!(stage.rollback_status(&deployment), Some("Succeeded"));
    stage.assert_put_back();
    assert_eq!(stage.answers(), 3, "the hook, and both of the rollback's");
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_whose_start_was_not_confirmed_is_started_once() {
    let stage = Stage::with(|world| {
        let lost =
            FaultRule::new(FaultKind::ConnectionReset, world.now()).operation("StartExecution");
        world.add_fault(lost.after_effect().times(1));
    })
    .await;
    let deployment = stage.deploy();
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Succeeded");
    assert_eq!(stage.answers(), 2);
    assert_eq!(stage.aws.logs(PRE_TRAFFIC).len(), 1, "{}", stage.told());
    stage.assert_released();
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_that_runs_although_no_start_was_confirmed_puts_itself_right() {
    let stage = Stage::with(|world| {
        let lost = FaultRule::new(FaultKind::ConnectionReset, world.now());
        world.add_fault(lost.operation("StartExecution").after_effect());
    })
    .await;
    let deployment = stage.deploy();
    stage
        .when("the end", |world| {
            let failed = super::status(world, &deployment) == "Failed";
            failed.then(|| world.clear_faults())
        })
        .await;
    stage.rest().await;
    assert_eq!(stage.rollback_status(&deployment), Some("Succeeded"));
    stage.assert_put_back();
    assert_eq!(
        stage.answers(),
        3,
        "the hook's, and those of the rollback's hooks"
    );
    let execution = stage.execution(&format!("{deployment}-pre"));
    assert_eq!(
        execution["status"], "SUCCEEDED",
        "it ran, and saw that it was over"
    );
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_lambda_a_rollback_waits_for_it_to_come_back() {
    let stage = Stage::set().await;
    let deployment = stage.deploy();
    stage
        .when("a weight", |world| {
            has_weight(world).then(|| {
                super::ring(world);
                // The alias cannot be written for a quarter of an hour.
                let from = world.now();
                let away = FaultRule::new(FaultKind::AccessDenied, from).operation("UpdateAlias");
                world.add_fault(away.until(from + SignedDuration::from_mins(15)));
            })
        })
        .await;
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Failed", "{}", stage.told());
    stage.assert_put_back();
    assert_eq!(stage.answers(), 3);
    let outcome = &stage.outcome(&deployment)["outcome"];
    assert_eq!(outcome["word"], "rolled_back", "{outcome}");
    let took = stage.world(|world| world.now().duration_since(super::START));
    assert!(took > SignedDuration::from_mins(15), "{took}");
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stepper_throttled_for_four_minutes_puts_the_alias_back() {
    let stage = Stage::set().await;
    let deployment = stage.deploy();
    stage
        .when("a weight", |world| {
            has_weight(world).then(|| fault(world, FaultKind::Throttle, "Invoke", 240))
        })
        .await;
    stage.rest().await;
    // Its retries last for less than four minutes; a rollout that nobody watches for longer ends.
    assert_eq!(stage.status(&deployment), "Failed", "{}", stage.told());
    stage.assert_put_back();
    let outcome = &stage.outcome(&deployment)["outcome"];
    assert_eq!(outcome["word"], "rolled_back", "{outcome}");
    let reason = outcome["reason"].to_string();
    assert!(
        reason.contains("Lambda.TooManyRequestsException"),
        "{reason}"
    );
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stepper_throttled_for_a_moment_goes_on() {
    let stage = Stage::set().await;
    let deployment = stage.deploy();
    stage
        .when("a weight", |world| {
            has_weight(world).then(|| {
                let throttled = FaultRule::new(FaultKind::Throttle, world.now());
                world.add_fault(throttled.operation("Invoke").times(3));
            })
        })
        .await;
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Succeeded", "{}", stage.told());
    stage.assert_released();
    assert_eq!(stage.answers(), 2);
    assert!(!stage.aws.logs(STEPPER).is_empty());
    stage.strike().await;
}

/// Releases with the invocations of all functions throttled for the first minutes.
async fn throttled(minutes: i64, plan: &str) -> (Stage, String) {
    let text = json!({"alarms": [ALARM], "plan": plan, "evidence": false}).to_string();
    let stage = Stage::with(|world| {
        set_policy(world, &text);
        fault(world, FaultKind::Throttle, "Invoke", minutes * 60);
    })
    .await;
    let deployment = stage.deploy();
    stage.rest().await;
    assert!(
        stage.told().lines().count() > 0,
        "it was invoked in the end"
    );
    (stage, deployment)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_invoked_late_still_goes_by_the_hour_that_codedeploy_waits() {
    let (stage, deployment) = throttled(40, "10%:5m").await;
    assert_eq!(stage.status(&deployment), "Succeeded", "{}", stage.told());
    stage.assert_released();
    stage.strike().await;

    let (stage, deployment) = throttled(40, "10%:20m").await;
    assert_eq!(stage.status(&deployment), "Failed", "{}", stage.told());
    stage.assert_put_back();
    let outcome = &stage.outcome(&deployment)["outcome"];
    assert_eq!(outcome["word"], "refused", "{outcome}");
    let took = stage.world(|world| world.now().duration_since(super::START));
    assert!(
        took < SignedDuration::from_mins(50),
        "it does not wait for the hour: {took}"
    );
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_traffic_hook_that_fails_every_time_is_answered_for() {
    let stage = Stage::with(|world| {
        let broken = json!({"Handler": "sample"});
        reconfigure(world, POST_TRAFFIC, &[("ERROR_RATE", "1")], broken);
    })
    .await;
    let deployment = stage.deploy();
    stage.rest().await;
    assert!(
        stage
            .told()
            .contains("recovered: the hook failed all its attempts"),
        "{}",
        stage.told()
    );
    assert_eq!(stage.status(&deployment), "Failed", "{}", stage.told());
    assert_eq!(stage.rollback_status(&deployment), Some("Succeeded"));
    stage.assert_put_back();
    assert_eq!(
        stage.answers(),
        4,
        "the rollout's, two recoveries', and the one of the rollback's first hook"
    );
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_never_invoked_is_answered_for_before_the_hour() {
    let (stage, deployment) = throttled(51, "10%:2m").await;
    assert_eq!(stage.status(&deployment), "Failed", "{}", stage.told());
    stage.assert_put_back();
    assert_eq!(stage.calls("StartExecution"), 0);
    assert!(
        stage
            .told()
            .contains("recovered: the hook failed all its attempts"),
        "{}",
        stage.told()
    );
    assert_eq!(
        stage.answers(),
        3,
        "the recovery's, and those of the rollback's hooks"
    );
    stage.strike().await;
}
