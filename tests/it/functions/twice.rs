//! The same event more than once, or long after its time.

use jiff::SignedDuration;
use lambda_canary::local::stack::PRE_TRAFFIC;
use lambda_canary::sim::Service;
use serde_json::json;

use super::{
    POLICY, Stage, call, execution_arn, has_weight, hook_event, machine, ring, set_policy,
};

/// Writes of the alias by everybody.
fn writes(stage: &Stage) -> usize {
    stage.world(|world| world.alias_changes().len())
}

fn executions(stage: &Stage) -> usize {
    let machine = stage.world(|world| machine(world));
    let input = json!({"stateMachineArn": machine});
    let found = stage.call(Service::StepFunctions, "ListExecutions", input);
    found["executions"].as_array().map_or(0, Vec::len)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_delivered_twice_makes_one_rollout() {
    let stage = Stage::with(|world| world.set_duplicates(1.0)).await;
    let before = writes(&stage);
    let deployment = stage.deploy();
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Succeeded");
    stage.assert_released();
    assert_eq!(stage.answers(), 2, "one for each hook");
    assert_eq!(executions(&stage), 2, "one for each hook");
    assert_eq!(
        writes(&stage) - before,
        3,
        "a tenth, back, and CodeDeploy's own"
    );
    assert!(stage.aws.logs(PRE_TRAFFIC).len() >= 2);
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_event_three_times_at_once_starts_one_execution() {
    let stage = Stage::set().await;
    let deployment = stage.deploy();
    let event = stage
        .when("a hook", |world| hook_event(world, &deployment))
        .await;
    let answers = tokio::join!(
        stage.answer(PRE_TRAFFIC, &event),
        stage.answer(PRE_TRAFFIC, &event),
        stage.answer(PRE_TRAFFIC, &event)
    );
    for answer in [answers.0, answers.1, answers.2] {
        assert_eq!(answer["outcome"], "started", "{answer}");
        let arn = answer["execution"].to_string();
        assert!(arn.contains(&format!("{deployment}-pre")), "{arn}");
    }
    assert_eq!(executions(&stage), 1);
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Succeeded");
    stage.assert_released();
    assert_eq!(stage.answers(), 2);
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_event_in_the_middle_and_after_the_end_changes_nothing() {
    let stage = Stage::set().await;
    let before = writes(&stage);
    let deployment = stage.deploy();
    let event = stage
        .when("a weight", |world| {
            has_weight(world).then(|| hook_event(world, &deployment))?
        })
        .await;
    let answer = stage.answer(PRE_TRAFFIC, &event).await;
    assert!(["started", "running"].contains(&answer["outcome"].as_str().expect("a word")));
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Succeeded");
    let answer = stage.answer(PRE_TRAFFIC, &event).await;
    assert_eq!(answer["outcome"], "ignored", "{answer}");
    stage.rest().await;
    assert_eq!((executions(&stage), stage.answers()), (2, 2));
    assert_eq!(writes(&stage) - before, 3);
    stage.assert_released();
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_an_hour_late_finds_its_deployment_ended() {
    let stage = Stage::with(|world| {
        set_policy(world, &POLICY.replace("10%:2m", "10%:2h"));
    })
    .await;
    let deployment = stage.deploy();
    let event = stage
        .when("a hook", |world| hook_event(world, &deployment))
        .await;
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Failed");
    let (answers, before) = (stage.answers(), writes(&stage));
    stage.world(|world| world.advance_to(world.now() + SignedDuration::from_hours(1)));
    let answer = stage.answer(PRE_TRAFFIC, &event).await;
    assert_eq!(answer["outcome"], "ignored", "{answer}");
    assert!(
        answer["why"]
            .to_string()
            .contains("the deployment is Failed"),
        "{answer}"
    );
    stage.rest().await;
    assert_eq!((stage.answers(), writes(&stage)), (answers, before));
    stage.assert_put_back();
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollout_that_is_stopped_in_every_way_at_once_with_everything_twice() {
    let stage = Stage::with(|world| world.set_duplicates(1.0)).await;
    let deployment = stage.deploy();
    stage
        .when("a weight", |world| {
            has_weight(world).then(|| {
                ring(world);
                let execution = execution_arn(world, &format!("{deployment}-pre"));
                call(world, Service::StepFunctions, "StopExecution", execution);
                let stopped = json!({"deploymentId": deployment, "autoRollbackEnabled": true});
                call(world, Service::CodeDeploy, "StopDeployment", stopped);
            })
        })
        .await;
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Stopped");
    assert_eq!(stage.rollback_status(&deployment), Some("Succeeded"));
    stage.assert_put_back();
    assert_eq!(stage.answers(), 2, "both hooks of the rollback");
    stage.strike().await;
}
