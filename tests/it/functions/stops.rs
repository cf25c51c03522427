//! Rollouts that are stopped from outside: the deployment, the execution, an alarm of the group.

use lambda_canary::local::stack::{APPLICATION, STEPPER, STEPPER_GROUP};
use lambda_canary::sim::{Service, World};
use serde_json::{Value, json};

use super::{ALARM, Stage, call, execution_arn, has_weight, ring, set_policy};

/// Stops a deployment as soon as version 2 has a weight.
async fn stop(stage: &Stage, deployment: &str, rolls_back: bool) {
    stage
        .when("a weight", |world| {
            has_weight(world).then(|| {
                let input = json!({"deploymentId": deployment, "autoRollbackEnabled": rolls_back});
                call(world, Service::CodeDeploy, "StopDeployment", input);
            })
        })
        .await;
    stage.rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_stopped_by_hand_without_a_rollback_leaves_no_weight() {
    let stage = Stage::set().await;
    let deployment = stage.deploy();
    stop(&stage, &deployment, false).await;
    assert_eq!(stage.status(&deployment), "Stopped");
    assert_eq!(stage.rollback_status(&deployment), None);
    stage.assert_put_back();
    assert_eq!(stage.answers(), 0, "there was nobody to answer any more");
    let outcome = &stage.outcome(&deployment)["outcome"];
    assert_eq!(outcome["word"], "aborted", "{outcome}");
    assert!(
        outcome["reason"].to_string().contains("is Stopped"),
        "{outcome}"
    );
    assert_eq!(
        stage.execution(&format!("{deployment}-pre"))["status"],
        "SUCCEEDED"
    );
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_stopped_by_hand_with_a_rollback_is_rolled_back_unhindered() {
    let stage = Stage::set().await;
    let deployment = stage.deploy();
    stop(&stage, &deployment, true).await;
    assert_eq!(stage.status(&deployment), "Stopped");
    assert_eq!(
        stage.rollback_status(&deployment),
        Some("Succeeded"),
        "{}",
        stage.told()
    );
    stage.assert_put_back();
    assert_eq!(stage.answers(), 2, "both hooks of the rollback");
    stage.strike().await;
}

fn stop_execution(world: &mut World, deployment: &str) {
    let execution = execution_arn(world, &format!("{deployment}-pre"));
    call(world, Service::StepFunctions, "StopExecution", execution);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_execution_is_recovered_and_a_redriven_one_changes_nothing_more() {
    let stage = Stage::set().await;
    let deployment = stage.deploy();
    stage
        .when("a weight", |world| {
            has_weight(world).then(|| stop_execution(world, &deployment))
        })
        .await;
    stage.rest().await;
    let name = format!("{deployment}-pre");
    assert_eq!(stage.execution(&name)["status"], "ABORTED");
    assert_eq!(stage.status(&deployment), "Failed", "{}", stage.told());
    assert_eq!(stage.rollback_status(&deployment), Some("Succeeded"));
    stage.assert_put_back();
    assert_eq!(stage.answers(), 3, "the hook, and both of the rollback's");
    assert!(
        stage.told().contains("is ABORTED; hello:live is put back"),
        "{}",
        stage.told()
    );

    let (revision, answers) = (revision(&stage), stage.answers());
    stage.world(|world| {
        let execution = execution_arn(world, &name);
        call(world, Service::StepFunctions, "RedriveExecution", execution);
    });
    stage.rest().await;
    assert_eq!(stage.execution(&name)["status"], "SUCCEEDED");
    assert_eq!(
        self::revision(&stage),
        revision,
        "the alias was not even touched"
    );
    assert_eq!(stage.answers(), answers);
    stage.assert_put_back();
    stage.strike().await;
}

/// The newest event about an execution that was stopped, as its rule hands it on.
fn stopped_event(world: &World) -> String {
    let stopped = |event: &&Value| event["detail"]["status"] == "ABORTED";
    let mut events: Vec<&Value> = world.events().filter(stopped).collect();
    events.pop().expect("an event").to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_late_of_an_old_rollout_does_not_touch_the_next_one() {
    let stage = Stage::set().await;
    let old = stage.deploy();
    stage
        .when("a weight", |world| {
            has_weight(world).then(|| stop_execution(world, &old))
        })
        .await;
    stage.rest().await;
    assert_eq!(stage.status(&old), "Failed");

    let answers = stage.answers();
    let new = stage.deploy();
    let event = stage
        .when("a weight", |world| {
            has_weight(world).then(|| stopped_event(world))
        })
        .await;
    let before = revision(&stage);
    let answer = stage.answer(STEPPER, &event).await;
    assert_eq!(answer["outcome"], "recovered", "{answer}");
    assert!(
        answer["done"].to_string().contains("left alone"),
        "{answer}"
    );
    let execution = stage.world(|world| {
        let execution = execution_arn(world, &format!("{old}-pre"));
        call(
            world,
            Service::StepFunctions,
            "RedriveExecution",
            execution.clone(),
        );
        execution
    });
    stage
        .when("the end of the old one", |world| {
            let found = call(
                world,
                Service::StepFunctions,
                "DescribeExecution",
                execution.clone(),
            );
            (found["status"] != "RUNNING").then_some(())
        })
        .await;
    assert_eq!(revision(&stage), before, "the new rollout's weight stands");
    stage.rest().await;
    assert_eq!(stage.status(&new), "Succeeded", "{}", stage.told());
    assert_eq!(stage.answers(), answers + 2, "the new one's");
    stage.assert_released();
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bake_whose_execution_is_stopped_fails_the_deployment() {
    let stage = Stage::with(|world| {
        let text = json!({"alarms": [ALARM], "plan": "10%:2m", "bake": "5m"}).to_string();
        set_policy(world, &text);
    })
    .await;
    let deployment = stage.deploy();
    stage
        .when("the bake", |world| {
            (super::calls(world, "StartExecution") == 2).then(|| {
                let execution = execution_arn(world, &format!("{deployment}-post"));
                call(world, Service::StepFunctions, "StopExecution", execution);
            })
        })
        .await;
    assert_eq!(stage.alias().version, "2");
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Failed", "{}", stage.told());
    assert_eq!(stage.rollback_status(&deployment), Some("Succeeded"));
    stage.assert_put_back();
    assert_eq!(stage.answers(), 4, "both hooks, and both of the rollback's");
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_in_the_bake_fails_the_deployment() {
    let stage = Stage::with(|world| {
        let text = json!({"alarms": [ALARM], "plan": "10%:2m", "bake": "5m"}).to_string();
        set_policy(world, &text);
    })
    .await;
    let deployment = stage.deploy();
    stage
        .when("the bake", |world| {
            (super::calls(world, "StartExecution") == 2).then(|| ring(world))
        })
        .await;
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Failed", "{}", stage.told());
    assert_eq!(stage.rollback_status(&deployment), Some("Succeeded"));
    stage.assert_put_back();
    assert_eq!(stage.answers(), 4);
    stage.strike().await;
}

fn revision(stage: &Stage) -> Value {
    let named = json!({"FunctionName": "hello", "Name": "live"});
    stage.call(Service::Lambda, "GetAlias", named)["RevisionId"].take()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_stopped_before_its_first_weight_answers_too() {
    let stage = Stage::set().await;
    let deployment = stage.deploy();
    stage
        .when("an execution", |world| {
            let started = super::calls(world, "StartExecution") > 0;
            started.then(|| stop_execution(world, &deployment))
        })
        .await;
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Failed", "{}", stage.told());
    stage.assert_put_back();
    assert_eq!(stage.answers(), 3);
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_groups_alarm_and_the_policys_ring_together() {
    let stage = Stage::with(|world| {
        let input = json!({
            "applicationName": APPLICATION, "currentDeploymentGroupName": STEPPER_GROUP,
            "alarmConfiguration": {"enabled": true, "alarms": [{"name": ALARM}]},
        });
        call(world, Service::CodeDeploy, "UpdateDeploymentGroup", input);
    })
    .await;
    let deployment = stage.deploy();
    stage
        .when("a weight", |world| has_weight(world).then(|| ring(world)))
        .await;
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Stopped", "{}", stage.told());
    assert_eq!(stage.rollback_status(&deployment), Some("Succeeded"));
    stage.assert_put_back();
    assert!(
        stage
            .told()
            .contains("the deployment group has alarms of its own")
    );
    assert_eq!(stage.outcome(&deployment)["outcome"]["succeeded"], false);
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policys_alarm_alone_fails_the_deployment() {
    let stage = Stage::set().await;
    let deployment = stage.deploy();
    stage
        .when("a weight", |world| has_weight(world).then(|| ring(world)))
        .await;
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Failed", "{}", stage.told());
    assert_eq!(stage.rollback_status(&deployment), Some("Succeeded"));
    stage.assert_put_back();
    assert_eq!(stage.answers(), 3);
    let outcome = &stage.outcome(&deployment)["outcome"];
    assert_eq!(outcome["word"], "rolled_back", "{outcome}");
    assert!(outcome["reason"].to_string().contains(ALARM), "{outcome}");
    stage.strike().await;
}
