//! Processes that CodeDeploy and Step Functions invoke.

use std::time::Duration;

use lambda_canary::sim::Service;
use serde_json::{Value, json};

use super::{START, serve, until};

const ROLE: &str = "arn:aws:iam::000000000000:role/echo";

#[tokio::test(flavor = "multi_thread")]
async fn a_task_gets_what_the_process_answers_or_how_it_failed() {
    let aws = serve(10.0).await;
    let call = |operation: &str, input: Value| {
        aws.with_world(|world| world.call(Service::StepFunctions, operation, input))
            .expect(operation)
    };
    let definition = json!({
        "StartAt": "Ask",
        "States": {"Ask": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": "echo:live", "Payload.$": "$"},
            "OutputPath": "$.Payload",
            "End": true,
        }},
    });
    let machine = call(
        "CreateStateMachine",
        json!({"name": "m", "definition": definition.to_string(), "roleArn": ROLE}),
    )["stateMachineArn"]
        .take();
    let start = |name: &str, input: Value| {
        let input = json!({"stateMachineArn": machine, "name": name, "input": input.to_string()});
        call("StartExecution", input)["executionArn"].take()
    };
    let describe = |arn: &Value| call("DescribeExecution", json!({"executionArn": arn}));

    let good = start("good", json!({"a": 1}));
    assert_eq!(describe(&good)["status"], "RUNNING");
    until(|| describe(&good)["status"] != "RUNNING").await;
    let output = describe(&good);
    let output = output["output"].as_str().expect("text").to_owned();
    assert!(output.contains(r#""echo":{"a":1}"#), "{output}");

    let bad = start("bad", json!({"do": "fail"}));
    until(|| describe(&bad)["status"] == "FAILED").await;
    assert_eq!(describe(&bad)["error"], "Told");
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_is_a_process_and_an_hour_without_its_answer_fails() {
    let aws = serve(2_000.0).await;
    let call = |operation: &str, input: Value| {
        aws.with_world(|world| world.call(Service::CodeDeploy, operation, input))
            .expect(operation)
    };
    aws.with_world(|world| {
        let changed = json!({"FunctionName": "echo", "Environment": {"Variables": {"R": "2"}}});
        world
            .call(Service::Lambda, "UpdateFunctionConfiguration", changed)
            .expect("changed");
        world
            .call(
                Service::Lambda,
                "PublishVersion",
                json!({"FunctionName": "echo"}),
            )
            .expect("version 2");
    });
    call(
        "CreateApplication",
        json!({"applicationName": "app", "computePlatform": "Lambda"}),
    );
    let group = json!({
        "applicationName": "app", "deploymentGroupName": "group", "serviceRoleArn": ROLE,
        "deploymentConfigName": "CodeDeployDefault.LambdaAllAtOnce",
    });
    call("CreateDeploymentGroup", group);
    let content = json!({
        "version": "0.0",
        "Resources": [{"echo": {"Type": "AWS::Lambda::Function", "Properties": {
            "Name": "echo", "Alias": "live", "CurrentVersion": "1", "TargetVersion": "2",
        }}}],
        "Hooks": [{"BeforeAllowTraffic": "hurried"}],
    });
    let deployment = json!({
        "applicationName": "app", "deploymentGroupName": "group",
        "revision": {"revisionType": "String", "string": {"content": content.to_string()}},
    });
    let id = call("CreateDeployment", deployment)["deploymentId"].take();
    let status = || {
        let found = call("GetDeployment", json!({"deploymentId": id}));
        found["deploymentInfo"]["status"].clone()
    };
    until(|| {
        aws.logs("hurried")
            .iter()
            .any(|line| line.contains("asked"))
    })
    .await;
    until(|| status() == "Failed").await;
    assert!(
        aws.now().duration_since(START) >= Duration::from_secs(3_600).try_into().expect("fits")
    );
    aws.shutdown().await;
}
