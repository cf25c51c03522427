//! CodeDeploy and Step Functions through the Rust SDK: times, lists, typed errors.

use aws_sdk_codedeploy::error::ProvideErrorMetadata as _;
use aws_sdk_codedeploy::types::{
    AppSpecContent, ComputePlatform, DeploymentStatus, RevisionLocation, RevisionLocationType,
};
use aws_sdk_sfn::types::ExecutionStatus;
use lambda_canary::local::LocalAws;
use serde_json::json;

use super::{pass, sample, sdk};

const ROLE: &str = "arn:aws:iam::000000000000:role/sample";

fn code_deploy(aws: &LocalAws) -> aws_sdk_codedeploy::Client {
    aws_sdk_codedeploy::Client::new(&sdk(aws))
}

fn states(aws: &LocalAws) -> aws_sdk_sfn::Client {
    aws_sdk_sfn::Client::new(&sdk(aws))
}

fn revision() -> RevisionLocation {
    let content = json!({
        "version": "0.0",
        "Resources": [{"hello": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Name": "hello", "Alias": "live", "CurrentVersion": "1", "TargetVersion": "2",
            },
        }}],
    });
    let content = AppSpecContent::builder()
        .content(content.to_string())
        .build();
    RevisionLocation::builder()
        .revision_type(RevisionLocationType::AppSpecContent)
        .app_spec_content(content)
        .build()
}

async fn deploy(client: &aws_sdk_codedeploy::Client) -> String {
    client
        .create_application()
        .application_name("app")
        .compute_platform(ComputePlatform::Lambda)
        .send()
        .await
        .expect("an application");
    client
        .create_deployment_group()
        .application_name("app")
        .deployment_group_name("group")
        .service_role_arn(ROLE)
        .deployment_config_name("CodeDeployDefault.LambdaAllAtOnce")
        .send()
        .await
        .expect("a group");
    let deployment = client
        .create_deployment()
        .application_name("app")
        .deployment_group_name("group")
        .revision(revision())
        .send()
        .await
        .expect("a deployment");
    deployment.deployment_id.expect("an id")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_is_made_watched_and_listed() {
    let aws = sample().await;
    let client = code_deploy(&aws);
    let id = deploy(&client).await;
    pass(&aws, std::time::Duration::from_secs(60));
    let found = client.get_deployment().deployment_id(&id).send().await;
    let found = found.expect("there").deployment_info.expect("about it");
    assert_eq!(found.status(), Some(&DeploymentStatus::Succeeded));
    let created = found.create_time().expect("a time").secs();
    let completed = found.complete_time().expect("a time").secs();
    assert!((aws.now().as_second() - created).abs() < 120, "{created}");
    assert!(completed >= created);
    let targets = client.list_deployment_targets().deployment_id(&id);
    let targets = targets.send().await.expect("targets").target_ids;
    assert_eq!(targets, Some(vec!["hello:live".to_owned()]));
    let target = client
        .get_deployment_target()
        .deployment_id(&id)
        .target_id("hello:live")
        .send()
        .await
        .expect("there");
    let target = target.deployment_target.expect("it");
    let target = target.lambda_target.expect("a function");
    assert!(target.last_updated_at().is_some());
    assert!(!target.lifecycle_events().is_empty());
    let listed = client.list_deployments().send().await.expect("a list");
    assert_eq!(listed.deployments(), [id]);
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn code_deploys_errors_are_typed() {
    let aws = sample().await;
    let client = code_deploy(&aws);
    let gone = client.get_deployment().deployment_id("d-ABCDEFGH1").send();
    let gone = gone.await.expect_err("not there").into_service_error();
    assert!(gone.is_deployment_does_not_exist_exception(), "{gone:?}");
    assert!(gone.message().is_some_and(|text| text.contains("d-ABC")));
    let id = deploy(&client).await;
    let wrong = client
        .put_lifecycle_event_hook_execution_status()
        .deployment_id(&id)
        .lifecycle_event_hook_execution_id("wrong")
        .status(aws_sdk_codedeploy::types::LifecycleEventStatus::Succeeded)
        .send()
        .await;
    let wrong = wrong.expect_err("no such hook").into_service_error();
    assert!(
        wrong.is_invalid_lifecycle_event_hook_execution_id_exception(),
        "{wrong:?}"
    );
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_is_started_watched_and_stopped() {
    let aws = sample().await;
    let client = states(&aws);
    let wait = json!({
        "StartAt": "Wait",
        "States": {"Wait": {"Type": "Wait", "Seconds": 600, "Next": "Done"}, "Done": {"Type": "Succeed"}},
    });
    let machine = client
        .create_state_machine()
        .name("rollout")
        .definition(wait.to_string())
        .role_arn(ROLE)
        .send()
        .await
        .expect("a machine");
    let machine = machine.state_machine_arn();
    let input = r#"{"startDate":"2027-01-15T08:00:00Z"}"#;
    let start = |input: &str| {
        let start = client.start_execution().state_machine_arn(machine);
        start.name("one").input(input).send()
    };
    let started = start(input).await.expect("started");
    let seconds = started.start_date().secs();
    assert!((aws.now().as_second() - seconds).abs() < 60, "{seconds}");
    let again = start(input).await.expect("the same");
    assert_eq!(again.execution_arn(), started.execution_arn());
    let other = start("{}").await.expect_err("another input");
    let other = other.into_service_error();
    assert!(other.is_execution_already_exists(), "{other:?}");
    let stop = client
        .stop_execution()
        .execution_arn(started.execution_arn());
    stop.send().await.expect("stopped");
    let found = client.describe_execution();
    let found = found.execution_arn(started.execution_arn()).send().await;
    let found = found.expect("there");
    assert_eq!(found.status(), &ExecutionStatus::Aborted);
    assert_eq!(found.input(), Some(input), "text stays text");
    assert!(found.stop_date().is_some());
    let history = client.get_execution_history();
    let history = history.execution_arn(started.execution_arn()).send().await;
    let history = history.expect("a history");
    assert!(history.events().len() >= 3);
    assert!(history.events()[0].timestamp().secs() >= seconds);
    let gone = client
        .describe_execution()
        .execution_arn("arn:aws:states:us-east-1:000000000000:execution:rollout:gone")
        .send()
        .await;
    let gone = gone.expect_err("not there").into_service_error();
    assert!(gone.is_execution_does_not_exist(), "{gone:?}");
    assert!(gone.message().is_some());
    aws.shutdown().await;
}
