//! From a deployment's id to its function: by targets, else by the AppSpec, in JSON and in YAML.

use lambda_canary::local::stack::{
    APPLICATION, POST_TRAFFIC, PRE_TRAFFIC, STEPPER_GROUP, allow, appspec,
};
use lambda_canary::sim::{Service, World};
use serde_json::json;

use super::{ALARM, POLICY, Stage, at, call, deploy, set_alarm, stands, status, steady};

#[tokio::test(flavor = "multi_thread")]
async fn targets_that_come_late_are_found_in_the_revision() {
    let stage = Stage::with(|world| world.set_targets_late(true)).await;
    let deployment = stage.deploy();
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Succeeded", "{}", stage.told());
    assert!(stage.calls("GetApplicationRevision") > 0);
    let weights = stage.world(|world| {
        world
            .alias_changes()
            .iter()
            .any(|change| !change.weights.is_empty())
    });
    assert!(weights, "the plan was carried out");
    stage.assert_released();
    assert_eq!(stage.answers(), 2);
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_appspec_in_yaml_is_read_too() {
    let yaml = format!(
        "version: 0.0\n\
         Resources:\n\
         \x20 # the sample\n\
         \x20 - hello:\n\
         \x20     Type: AWS::Lambda::Function\n\
         \x20     Properties:\n\
         \x20       Name: \"hello\"\n\
         \x20       Alias: 'live'\n\
         \x20       CurrentVersion: \"1\"\n\
         \x20       TargetVersion: \"2\"\n\
         Hooks:\n\
         \x20 - BeforeAllowTraffic: {PRE_TRAFFIC}\n\
         \x20 - AfterAllowTraffic: {POST_TRAFFIC}\n"
    );
    let stage = Stage::with(|world| world.set_targets_late(true)).await;
    let deployment = stage.world(|world| deploy(world, STEPPER_GROUP, &yaml, json!({})));
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Succeeded", "{}", stage.told());
    assert!(stage.calls("GetApplicationRevision") > 0);
    stage.assert_released();
    stage.strike().await;
}

/// Another function like the sample, with a deployment group and a policy of its own.
fn furnish(world: &mut World, function: &str, alarm: &str) {
    let created = json!({
        "FunctionName": function, "Role": "arn:aws:iam::000000000000:role/hello", "Runtime": "provided.al2023",
        "Handler": "sample", "Timeout": 10, "Publish": true, "Code": {"ZipFile": function},
    });
    call(world, Service::Lambda, "CreateFunction", created);
    super::publish(
        world,
        function,
        json!({"Description": "the second release"}),
    );
    let alias = json!({
        "FunctionName": function, "Name": "live", "FunctionVersion": "1", "Description": "in service",
    });
    call(world, Service::Lambda, "CreateAlias", alias);
    steady(world, function, alarm);
    let group = json!({
        "applicationName": APPLICATION, "deploymentGroupName": function,
        "deploymentConfigName": "CodeDeployDefault.LambdaAllAtOnce",
        "serviceRoleArn": "arn:aws:iam::000000000000:role/canary-codedeploy",
    });
    call(world, Service::CodeDeploy, "CreateDeploymentGroup", group);
    let text = POLICY.replace(ALARM, alarm);
    let policy = json!({
        "Name": format!("/lambda-canary/{function}/live/policy"), "Type": "String", "Value": text,
    });
    call(world, Service::Ssm, "PutParameter", policy);
}

#[tokio::test(flavor = "multi_thread")]
async fn three_functions_of_one_application_are_released_at_once_each_for_itself() {
    let stage = Stage::with(|world| {
        furnish(world, "goodbye", "goodbye-errors");
        furnish(world, "welcome", "welcome-errors");
        // One pattern has to take all three.
        allow(world, APPLICATION, "*").expect("the roles are understood");
    })
    .await;
    let deployments = stage.world(|world| {
        [
            ("hello", STEPPER_GROUP),
            ("goodbye", "goodbye"),
            ("welcome", "welcome"),
        ]
        .map(|(function, group)| {
            let spec = appspec("1", "2").replace("\"hello\"", &format!("\"{function}\""));
            deploy(world, group, &spec, json!({}))
        })
    });
    // All three share their traffic at the same time; then only the second one's alarm rings.
    stage
        .when("three weights", |world| {
            let all = ["hello", "goodbye", "welcome"];
            let shifted = all.iter().all(|name| {
                let mut changes = world.alias_changes().iter().rev();
                let last = changes.find(|change| change.function == **name);
                last.is_some_and(|change| !change.weights.is_empty())
            });
            shifted.then(|| set_alarm(world, "goodbye-errors", "ALARM"))
        })
        .await;
    stage.rest().await;
    let [hello, goodbye, welcome] = deployments;
    for (function, deployment, ended, version) in [
        ("hello", &hello, "Succeeded", "2"),
        ("goodbye", &goodbye, "Failed", "1"),
        ("welcome", &welcome, "Succeeded", "2"),
    ] {
        assert_eq!(
            stage.world(|world| status(world, deployment)),
            ended,
            "{function}\n{}",
            stage.told()
        );
        assert_eq!(
            stage.world(|world| stands(world, function)),
            at(version),
            "{function}"
        );
    }
    let reason = stage.outcome(&goodbye)["outcome"]["reason"].to_string();
    assert!(reason.contains("goodbye-errors"), "{reason}");
    // Two each of those that passed, one of that which failed; its group has no rollback.
    assert_eq!(stage.answers(), 5);
    stage.strike().await;
}
