//! The answer to the hook: not taken, given by somebody else, or lost on its way back.

use jiff::SignedDuration;
use lambda_canary::local::stack::PRE_TRAFFIC;
use lambda_canary::sim::{Effect, FaultKind, FaultRule, Service, World};
use serde_json::{Value, json};

use super::{Stage, fault, has_weight, hook_event};

const ANSWER: &str = "PutLifecycleEventHookExecutionStatus";

fn refused(world: &World) -> usize {
    let refused = |fault: Option<(FaultKind, Effect)>| fault.is_some();
    world
        .trace()
        .filter(|call| call.operation == ANSWER && refused(call.fault))
        .count()
}

/// Somebody answers the hook by hand.
fn by_hand(world: &mut World, deployment: &str, status: &str) {
    let event = hook_event(world, deployment).expect("an open hook");
    let event: Value = serde_json::from_str(&event).expect("JSON");
    let input = json!({
        "deploymentId": deployment,
        "lifecycleEventHookExecutionId": event["LifecycleEventHookExecutionId"],
        "status": status,
    });
    super::call(world, Service::CodeDeploy, ANSWER, input);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_refused_for_two_minutes_is_given_after_them() {
    let stage = Stage::set().await;
    let deployment = stage.deploy();
    let until = stage
        .when("a weight", |world| {
            // The rollout takes two minutes from here, and then the answer is due for two more.
            let until = world.now() + SignedDuration::from_secs(240);
            has_weight(world).then(|| {
                fault(world, FaultKind::InternalError, ANSWER, 240);
                until
            })
        })
        .await;
    // Four attempts an invocation, each three by the SDK: the first invocation has given up, and
    // the state machine has begun another.
    stage
        .when("a second invocation", |world| {
            (refused(world) > 12).then_some(())
        })
        .await;
    // Nobody needs to watch the rest of the two minutes in real time.
    stage.world(|world| world.advance_to(until));
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Succeeded");
    stage.assert_released();
    assert_eq!(stage.answers(), 2);
    assert!(
        stage.told().contains("the hook could not be answered"),
        "{}",
        stage.told()
    );
    assert_eq!(stage.outcome(&deployment)["answer"], "Succeeded");
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_whose_reply_is_lost_counts_once() {
    let stage = Stage::with(|world| {
        let lost = FaultRule::new(FaultKind::ConnectionReset, world.now()).operation(ANSWER);
        world.add_fault(lost.after_effect().times(1));
    })
    .await;
    let deployment = stage.deploy();
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Succeeded");
    assert_eq!(stage.answers(), 2);
    let answer = stage.outcome(&deployment)["answer"].to_string();
    assert!(answer.contains("completed before"), "{answer}");
    stage.assert_released();
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_somebody_failed_by_hand_ends_the_rollout() {
    let stage = Stage::set().await;
    let deployment = stage.deploy();
    stage
        .when("a weight", |world| {
            has_weight(world).then(|| by_hand(world, &deployment, "Failed"))
        })
        .await;
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Failed");
    assert_eq!(stage.rollback_status(&deployment), Some("Succeeded"));
    stage.assert_put_back();
    let outcome = stage.outcome(&deployment);
    assert_eq!(outcome["outcome"]["word"], "aborted", "{outcome}");
    assert!(
        outcome["answer"].to_string().contains("completed before"),
        "{outcome}"
    );
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_somebody_passed_by_hand_leaves_no_weight() {
    let stage = Stage::set().await;
    let deployment = stage.deploy();
    stage
        .when("a weight", |world| {
            has_weight(world).then(|| by_hand(world, &deployment, "Succeeded"))
        })
        .await;
    stage.rest().await;
    // CodeDeploy finds two versions at the alias as it opens the traffic.
    assert_eq!(stage.status(&deployment), "Failed");
    stage.assert_put_back();
    let outcome = stage.outcome(&deployment);
    assert_eq!(outcome["outcome"]["word"], "aborted", "{outcome}");
    assert!(
        stage.aws.logs(PRE_TRAFFIC).len() > 1,
        "the rollback ran its hook"
    );
    stage.strike().await;
}
