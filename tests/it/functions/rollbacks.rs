//! Deployments that are themselves rollbacks: never blocked, and our weights go before them.

use lambda_canary::local::stack::{APPLICATION, STEPPER_GROUP, appspec};
use lambda_canary::sim::deployments::CreateDeploymentRequest;
use lambda_canary::sim::{FaultKind, FaultRule, Service, World};
use serde_json::{Value, json};

use super::{Stage, at, call};

/// Somebody's weights at the alias, with or without the mark of a rollout.
fn weigh(world: &mut World, description: &str) {
    let input = json!({
        "FunctionName": "hello", "Name": "live", "Description": description,
        "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.25}},
    });
    call(world, Service::Lambda, "UpdateAlias", input);
}

/// A deployment from version 2 back to version 1.
fn roll_back(world: &mut World, creator: &str) -> String {
    let request: CreateDeploymentRequest = serde_json::from_value(json!({
        "applicationName": APPLICATION,
        "deploymentGroupName": STEPPER_GROUP,
        "revision": {"revisionType": "AppSpecContent", "appSpecContent": {"content": appspec("2", "1")}},
    }))
    .expect("a request");
    let created = world.create_deployment_as(creator, request);
    created.expect("a deployment").deployment_id
}

fn weights_at(world: &World, nth_last: usize) -> Value {
    let changes = world.alias_changes();
    json!(changes[changes.len() - nth_last].weights)
}

#[tokio::test(flavor = "multi_thread")]
async fn marked_weights_go_before_a_rollback() {
    let stage = Stage::with(|world| weigh(world, "in service [lambda-canary:d-gone00001:3]")).await;
    let deployment = stage.world(|world| roll_back(world, "codeDeployRollback"));
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Succeeded", "{}", stage.told());
    assert_eq!(stage.alias(), at("1"));
    assert_eq!(
        stage.world(|world| weights_at(world, 3)),
        json!({"2": 0.25})
    );
    assert_eq!(
        stage.world(|world| weights_at(world, 2)),
        json!({}),
        "by the hook, before CodeDeploy's own"
    );
    assert_eq!(stage.answers(), 2);
    assert_eq!(stage.calls("StartExecution"), 0, "a rollback is no rollout");
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_function_of_a_rollback_without_targets_is_found_in_its_revision() {
    let stage = Stage::with(|world| {
        weigh(world, "in service [lambda-canary:d-gone00001:3]");
        world.set_targets_late(true);
    })
    .await;
    let deployment = stage.world(|world| roll_back(world, "codeDeployRollback"));
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Succeeded", "{}", stage.told());
    assert!(stage.calls("GetApplicationRevision") > 0);
    assert_eq!(
        stage.world(|world| weights_at(world, 2)),
        json!({}),
        "by the hook, before CodeDeploy's own"
    );
    assert_eq!(stage.alias(), at("1"));
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_goes_on_although_its_function_could_not_be_found_out() {
    let stage = Stage::with(|world| {
        weigh(world, "in service [lambda-canary:d-gone00001:3]");
        let denied = FaultRule::new(FaultKind::AccessDenied, world.now());
        world.add_fault(denied.operation("ListDeploymentTargets"));
    })
    .await;
    let deployment = stage.world(|world| roll_back(world, "codeDeployRollback"));
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Succeeded", "{}", stage.told());
    let stands = stage.alias();
    assert_eq!(
        (stands.version.as_str(), &stands.weights),
        ("1", &json!({})),
        "CodeDeploy did it"
    );
    assert!(
        stage.told().contains("ListDeploymentTargets"),
        "{}",
        stage.told()
    );
    assert_eq!(stage.answers(), 2);
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn weights_of_somebody_else_are_left_to_the_rollback_itself() {
    let stage = Stage::with(|world| weigh(world, "in service")).await;
    let deployment = stage.world(|world| roll_back(world, "codeDeployRollback"));
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Succeeded");
    assert_eq!(stage.calls("UpdateAlias"), 0, "not ours to take away");
    assert!(stage.told().contains("left alone"), "{}", stage.told());
    assert_eq!(stage.alias(), at("1"));
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_by_cloudformation_is_no_rollout() {
    let stage = Stage::set().await;
    let release = stage.deploy();
    stage.rest().await;
    assert_eq!(stage.status(&release), "Succeeded");
    let (answers, started) = (stage.answers(), stage.calls("StartExecution"));
    let deployment = stage.world(|world| roll_back(world, "CloudFormationRollback"));
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Succeeded", "{}", stage.told());
    stage.assert_put_back();
    assert_eq!(stage.calls("StartExecution"), started);
    assert_eq!(stage.answers(), answers + 2);
    stage.strike().await;
}
