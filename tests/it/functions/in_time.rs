//! Answers that must not wait for what may take long.

use jiff::SignedDuration;
use lambda_canary::sim::{FaultKind, FaultRule};

use super::{START, Stage, fault, has_weight, ring};

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_the_role_does_not_cover_fails_its_deployment_at_once() {
    let stage = Stage::with(|world| {
        let denied = FaultRule::new(FaultKind::AccessDenied, world.now());
        world.add_fault(denied.operation("GetAlias"));
    })
    .await;
    let deployment = stage.deploy();
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Failed", "{}", stage.told());
    let took = stage.world(|world| {
        let one = world.deployments_overview().remove(0);
        one.completed.expect("it ended").duration_since(START)
    });
    assert!(
        took < SignedDuration::from_secs(60),
        "at once, not after {took}"
    );
    let outcome = stage.outcome(&deployment)["outcome"]["reason"].to_string();
    assert!(
        outcome.contains("AccessDenied") && outcome.contains("nothing was changed"),
        "{outcome}"
    );
    // A rollback is let pass, although its alias could not be looked at.
    assert_eq!(stage.rollback_status(&deployment), Some("Succeeded"));
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_that_cannot_be_told_apart_at_first_is_let_pass_in_the_end() {
    let stage = Stage::set().await;
    let deployment = stage.deploy();
    stage
        .when("a weight", |world| has_weight(world).then(|| ring(world)))
        .await;
    stage
        .when("the rollback", |world| {
            let rolling = world.deployments_overview().len() > 1;
            rolling.then(|| fault(world, FaultKind::Throttle, "GetDeployment", 180))
        })
        .await;
    stage.rest().await;
    assert_eq!(
        stage.rollback_status(&deployment),
        Some("Succeeded"),
        "{}",
        stage.told()
    );
    stage.assert_put_back();
    stage.strike().await;
}
