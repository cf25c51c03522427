//! What is refused before anything is written, and says what to do.

use super::*;
use lambda_canary::sim::{FaultKind, FaultRule};

const ALARM: &str = "--alarm hello-live-errors --plan 10%:1s";

/// Refused with exit code 1 and this text; the alias is as it was.
async fn refused(stage: &Stage, arguments: &str, text: &str) {
    let before = stage.alias();
    let ended = finish(stage.run(arguments)).await;
    let outcome = ended.exits(1).says(text).says("hint: ").json();
    assert_eq!(outcome["outcome"], "error");
    assert_eq!(outcome["max_weight"], 0.0);
    assert_eq!(stage.alias(), before);
}

/// Publishes version 3, after this change of the function's configuration.
fn publish(stage: &Stage, mut change: Value) {
    change["FunctionName"] = "hello".into();
    stage.lambda("UpdateFunctionConfiguration", change);
    let published = stage.lambda("PublishVersion", json!({"FunctionName": "hello"}));
    assert_eq!(published["Version"], "3");
}

/// `canary run` of version 3.
async fn refused_version_3(stage: &Stage, text: &str) {
    let run = "run --function hello --alias live --to 3 --json --yes";
    let ended = finish(stage.canary(&format!("{run} {ALARM}"))).await;
    ended.exits(1).says(text).says("hint: ");
    stage.is_clean_at("1");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_that_carries_weights() {
    let stage = Stage::new().await;
    stage.update_alias("1", json!({"2": 0.05}));
    refused(&stage, ALARM, "already carries weights").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn latest_on_either_side() {
    let stage = Stage::new().await;
    let run = "run --function hello --alias live --to $LATEST";
    finish(stage.canary(run)).await.exits(64).says("$LATEST");
    stage.update_alias("$LATEST", json!({}));
    refused(&stage, ALARM, "the alias is at $LATEST").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_that_cannot_share_an_alias() {
    let stage = Stage::new().await;
    publish(
        &stage,
        json!({"Role": "arn:aws:iam::000000000000:role/other"}),
    );
    refused_version_3(&stage, "different execution roles").await;

    let stage = Stage::new().await;
    let queue = "arn:aws:sqs:us-east-1:000000000000:dead";
    publish(&stage, json!({"DeadLetterConfig": {"TargetArn": queue}}));
    refused_version_3(&stage, "different dead-letter targets").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_cannot_serve_or_does_not_exist() {
    let stage = Stage::new().await;
    refused_version_3(&stage, "has no version 3").await;
    publish(&stage, json!({"Description": "third"}));
    stage.with_world(|world| {
        let state = lambda_canary::sim::lambda::VersionState::Pending;
        world
            .set_version_state("hello", "3", state)
            .expect("it exists");
    });
    refused_version_3(&stage, "version 3 is Pending").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn alarms_that_are_missing_or_in_alarm() {
    let stage = Stage::new().await;
    let run = "--alarm no-such-alarm --plan 10%:1s";
    let ended = finish(stage.run(run)).await;
    let reason = ended.exits(1).json()["reason"].to_string();
    assert!(
        reason.contains("alarm no-such-alarm does not exist"),
        "{reason}"
    );
    stage.is_clean_at("1");

    stage.set_alarm("ALARM");
    let ended = finish(stage.run(ALARM)).await;
    let reason = ended.exits(1).json()["reason"].to_string();
    assert!(reason.contains("hello-live-errors is in ALARM"), "{reason}");
    stage.is_clean_at("1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollout_that_watches_nothing() {
    let stage = Stage::new().await;
    refused(
        &stage,
        "--plan 10%:1s",
        "watches no alarm, and compares no counts",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_to_the_counts_that_is_missing() {
    let stage = Stage::new().await;
    stage.with_world(|world| {
        let denied = FaultRule::new(FaultKind::AccessDenied, world.now());
        world.add_fault(denied.operation("GetMetricData"));
    });
    let missing = "the right to cloudwatch:GetMetricData is missing";
    refused(&stage, "--plan 10%:3m", missing).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_can_only_end_as_inconclusive() {
    let stage = Stage::new().await;
    let policy = json!({"plan": "10%:5m", "evidence": {"accept": {"excess": "1%"}},
        "limits": {"longest": "18m"}});
    let input = json!({"Name": "/lambda-canary/hello/live/policy", "Type": "String",
        "Value": policy.to_string()});
    stage.call(Service::Ssm, "PutParameter", input);
    publish(&stage, json!({"Timeout": 900}));
    let run = "run --function hello --alias live --to 3 --json --yes";
    let ended = finish(stage.canary(run)).await;
    ended
        .exits(1)
        .says("within the 18m that the plan has, none of its minutes gets so old")
        .says("hint: let a step last 18m or more");
    stage.is_clean_at("1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_a_stack_manages() {
    let stage = Stage::new().await;
    let input = json!({"Resource": "arn:aws:lambda:us-east-1:000000000000:function:hello",
        "Tags": {"aws:cloudformation:stack-name": "shop"}});
    stage.lambda("TagResource", input);
    refused(
        &stage,
        ALARM,
        "the CloudFormation stack shop manages this function",
    )
    .await;
    finish(stage.run(&format!("{ALARM} --detach")))
        .await
        .exits(0);
    stage.is_clean_at("2");
}

/// A deployment of this function by CodeDeploy, with a hook that waits for its answer.
pub(super) fn deploy(stage: &Stage, function: &str) -> String {
    let call = |operation: &str, input: Value| stage.call(Service::CodeDeploy, operation, input);
    let role = "arn:aws:iam::000000000000:role/hook";
    let hook = json!({"FunctionName": "CodeDeployHook_pre", "Role": role, "Handler": "none",
        "Runtime": "provided.al2023", "Code": {"ZipFile": "never answers"}});
    stage.lambda("CreateFunction", hook);
    call(
        "CreateApplication",
        json!({"applicationName": "shop", "computePlatform": "Lambda"}),
    );
    let group = json!({"applicationName": "shop", "deploymentGroupName": "group",
        "serviceRoleArn": role, "deploymentConfigName": "CodeDeployDefault.LambdaAllAtOnce"});
    call("CreateDeploymentGroup", group);
    let spec = json!({"version": "0.0",
        "Hooks": [{"BeforeAllowTraffic": "CodeDeployHook_pre"}],
        "Resources": [{"one": {"Type": "AWS::Lambda::Function", "Properties": {
            "Name": function, "Alias": "live", "CurrentVersion": "1", "TargetVersion": "2"}}}]});
    let revision = json!({"revisionType": "AppSpecContent",
        "appSpecContent": {"content": spec.to_string()}});
    let made = call(
        "CreateDeployment",
        json!({"applicationName": "shop", "deploymentGroupName": "group", "revision": revision}),
    );
    made["deploymentId"].as_str().expect("an id").to_owned()
}

/// Another function, with two versions and an alias at the first.
pub(super) fn publish_other(stage: &Stage) {
    let other = json!({"FunctionName": "other", "Handler": "none",
        "Role": "arn:aws:iam::000000000000:role/other", "Runtime": "provided.al2023",
        "Code": {"ZipFile": "other"}});
    stage.lambda("CreateFunction", other);
    for code in ["one", "two"] {
        let update = json!({"FunctionName": "other", "ZipFile": code});
        stage.lambda("UpdateFunctionCode", update);
        stage.lambda("PublishVersion", json!({"FunctionName": "other"}));
    }
    let alias = json!({"FunctionName": "other", "Name": "live", "FunctionVersion": "1"});
    stage.lambda("CreateAlias", alias);
}

/// Until the deployment's hook waits.
pub(super) fn reach_the_hook(stage: &Stage) {
    stage.with_world(|world| {
        let later = world.now() + Duration::from_secs(10);
        world.advance_to(later);
        assert_eq!(world.open_hooks().len(), 1);
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_that_code_deploy_is_shifting() {
    let stage = Stage::new().await;
    let id = deploy(&stage, "hello");
    // Before it has started, only its AppSpec says what it shifts.
    refused(&stage, ALARM, &format!("deployment {id} is under way")).await;
    reach_the_hook(&stage);
    refused(&stage, ALARM, &format!("--deployment-id {id}")).await;
    stage.call(
        Service::CodeDeploy,
        "StopDeployment",
        json!({"deploymentId": id}),
    );
    finish(stage.run(ALARM)).await.exits(0);
    stage.is_clean_at("2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_of_something_else_or_one_that_cannot_be_read_is_no_obstacle() {
    use lambda_canary::sim::{FaultKind, FaultRule};
    for denied in ["", "ListDeployments", "GetDeployment"] {
        let stage = Stage::new().await;
        publish_other(&stage);
        deploy(&stage, "other");
        reach_the_hook(&stage);
        if !denied.is_empty() {
            stage.with_world(|world| {
                let rule = FaultRule::new(FaultKind::AccessDenied, world.now());
                world.add_fault(rule.on(Service::CodeDeploy).operation(denied));
            });
        }
        let ended = finish(stage.run(ALARM)).await;
        let warned = ended.said().contains("whether CodeDeploy is shifting");
        assert_eq!(warned, !denied.is_empty(), "{}", ended.said());
        ended.exits(0);
        stage.is_clean_at("2");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_description_that_leaves_no_room_for_the_mark() {
    let stage = Stage::new().await;
    let input = json!({"FunctionName": "hello", "Name": "live", "Description": "x".repeat(250)});
    stage.lambda("UpdateAlias", input);
    refused(&stage, ALARM, "leave no room for the mark").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_functions_aliases_accounts_and_regions() {
    let stage = Stage::new().await;
    let run = |target: &str| stage.canary(&format!("run {target} --to 2 --yes {ALARM}"));
    let arn = |region: &str, account: &str| {
        format!("--function arn:aws:lambda:{region}:{account}:function:hello --alias live")
    };
    let cases = [
        (
            "--function nobody --alias live".to_owned(),
            "Function not found",
        ),
        ("--function hello --alias nowhere".to_owned(), "alias"),
        (arn("eu-west-1", "000000000000"), "--region eu-west-1"),
        (arn("us-east-1", "999999999999"), "account 999999999999"),
    ];
    for (target, text) in cases {
        finish(run(&target)).await.exits(1).says(text);
    }
    finish(run("--function hello:live --alias live"))
        .await
        .exits(64)
        .says("name the function alone");
    stage.is_clean_at("1");
    let rollback = "rollback --function nobody --alias live --yes";
    finish(stage.canary(rollback))
        .await
        .exits(1)
        .says("Function not found");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_credentials_no_region_no_endpoint() {
    let stage = Stage::new().await;
    let mut command = stage.run(ALARM);
    command
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY");
    finish(command)
        .await
        .exits(1)
        .says("credentials")
        .says("--profile");

    let mut command = stage.run(ALARM);
    command.env_remove("AWS_REGION");
    finish(command).await.exits(1).says("--region");

    let nobody = "run --function hello --alias live --to 2 --yes --endpoint-url http://127.0.0.1:9";
    finish(canary(nobody)).await.exits(1).says("--endpoint-url");
    stage.is_clean_at("1");
}

#[tokio::test(flavor = "multi_thread")]
async fn recovery_waits_until_nothing_else_stands_against_the_start() {
    let stage = Stage::new().await;
    stage.update_alias("1", json!({"2": 0.1}));
    let marked = json!({"FunctionName": "hello", "Name": "live",
        "Description": "[lambda-canary:0123456789ab:1]"});
    stage.lambda("UpdateAlias", marked);
    // No alarm: the start would be refused anyway, so the alias is left as it is.
    refused(
        &stage,
        "--plan 10%:1s --recover",
        "watches no alarm, and compares no counts",
    )
    .await;
    assert_eq!(stage.weights(), json!({"2": 0.1}));
}

#[tokio::test(flavor = "multi_thread")]
async fn rollback_does_not_wait_for_what_time_does_not_mend() {
    let stage = Stage::new().await;
    let mut command = stage.canary("rollback --function hello --alias live --yes");
    command
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY");
    finish(command).await.exits(1).says("--profile");
    stage.with_world(|world| {
        use lambda_canary::sim::{FaultKind, FaultRule};
        world.add_fault(FaultRule::new(FaultKind::AccessDenied, world.now()));
    });
    let denied = finish(stage.canary("rollback --function hello --alias live --yes")).await;
    denied.exits(1).says("AccessDenied").says("lacks the right");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_terminal_silence_is_no_consent() {
    let stage = Stage::new().await;
    let run = format!("run --function hello --alias live --to 2 {ALARM}");
    finish(stage.canary(&run)).await.exits(64).says("--yes");
    stage.update_alias("1", json!({"2": 0.1}));
    finish(stage.canary("rollback --function hello --alias live"))
        .await
        .exits(64)
        .says("--yes");
    assert_eq!(stage.weights(), json!({"2": 0.1}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_on_the_command_line_goes_before_the_environment() {
    let stage = Stage::new().await;
    // The environment has keys; the profile has none, and nothing falls back to them.
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    std::io::Write::write_all(&mut file, b"[profile bare]\nregion = eu-west-1\n")
        .expect("it is written");
    let mut command = stage.run(&format!("{ALARM} --profile bare"));
    command.env("AWS_CONFIG_FILE", file.path());
    let ended = finish(command).await;
    ended.exits(1).says("credential").says("--profile");
    stage.is_clean_at("1");

    let keys = b"[prod]\naws_access_key_id = test\naws_secret_access_key = test\n";
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    std::io::Write::write_all(&mut file, keys).expect("it is written");
    let mut command = stage.run(&format!("{ALARM} --profile prod"));
    command
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .env("AWS_SHARED_CREDENTIALS_FILE", file.path());
    finish(command).await.exits(0);
    stage.is_clean_at("2");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_profile_is_named_with_the_places() {
    let stage = Stage::new().await;
    let rollback = "rollback --function hello --alias live --yes";
    for command in [stage.run(ALARM), stage.canary(rollback)] {
        let mut command = command;
        command.args(["--profile", "nosuch"]);
        command.env("AWS_CONFIG_FILE", "/nonexistent/config");
        let ended = finish(command).await;
        ended
            .exits(1)
            .says("there is no profile \"nosuch\"")
            .says("/nonexistent/config")
            .says("aws configure --profile nosuch");
    }
    stage.is_clean_at("1");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_options_of_the_policy_are_reported_together() {
    let mut command = canary("run --function hello --alias live --to 2 --yes --plan x --poll y");
    command.args(["--alarm", "", "--alarm", "arn:aws:x"]);
    let ended = finish(command).await;
    ended
        .exits(64)
        .says("--plan: \"x\"")
        .says("--poll: \"y\"")
        .says("--alarm: an alarm has a name")
        .says("--alarm: \"arn:aws:x\" is an ARN");

    // With the policy, too: the plan is too long for it, and there are too many alarms.
    let stage = Stage::new().await;
    let policy = json!({"plan": "10%:1m", "limits": {"longest": "2m"}}).to_string();
    let name = "/lambda-canary/hello/live/policy";
    let input = json!({"Name": name, "Value": policy, "Type": "String"});
    stage.call(Service::Ssm, "PutParameter", input);
    let many: String = (0..101).map(|n| format!(" --alarm a{n}")).collect();
    let ended = finish(stage.run(&format!("--plan 10%:1h{many}"))).await;
    ended.exits(1).says("limits.longest: ").says("101 alarms");
    stage.is_clean_at("1");
}
