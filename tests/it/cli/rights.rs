//! The rights that docs/security.md says the command line needs: they suffice, and each is used.

use std::collections::BTreeSet;

use lambda_canary::sim::RightUse;

use super::*;

/// The role of whoever runs `canary` here, and a key that says so.
const ROLE: &str = "somebody";
const KEY: &str = "role.somebody";

/// The statements that the docs have for a verb, for the sample.
fn documented(verb: &str) -> Value {
    let text = include_str!("../../../docs/security.md");
    let (_, rest) = text
        .split_once(&format!("```json {verb}\n"))
        .unwrap_or_else(|| panic!("no rights of {verb} in the docs"));
    let (statements, _) = rest.split_once("```").expect("it ends");
    let here = statements
        .replace("REGION", "us-east-1")
        .replace("ACCOUNT", "000000000000")
        .replace("FUNCTION", "hello");
    serde_json::from_str(&here).expect("JSON")
}

/// The texts of a member of all statements.
fn texts(statements: &Value, member: &str) -> BTreeSet<String> {
    let list = statements.as_array().expect("a list").iter();
    list.flat_map(|one| match &one[member] {
        Value::String(text) => vec![text.clone()],
        more => serde_json::from_value(more.clone()).expect("texts"),
    })
    .collect()
}

fn grant(stage: &Stage, statements: &Value) {
    stage.with_world(|world| world.put_role(ROLE, statements).expect("it is understood"));
}

fn held(mut command: Command) -> Command {
    command.env("AWS_ACCESS_KEY_ID", KEY);
    command
}

/// What was granted and what was used are the same, and nothing was refused.
fn assert_used(stage: &Stage, statements: &Value) {
    let uses: Vec<RightUse> = stage.with_world(|world| world.right_uses().cloned().collect());
    let refused: Vec<_> = uses.iter().filter(|one| one.statement.is_none()).collect();
    assert!(refused.is_empty(), "{refused:?}");
    let used: BTreeSet<String> = uses.iter().map(|one| one.action.clone()).collect();
    assert_eq!(used, texts(statements, "Action"));
    for pattern in texts(statements, "Resource") {
        // A star stands at the end or nowhere.
        let takes = |resource: &str| match pattern.strip_suffix('*') {
            Some(start) => resource.starts_with(start),
            None => resource == pattern,
        };
        assert!(uses.iter().any(|one| takes(&one.resource)), "{pattern}");
    }
}

/// A policy with a check, an alarm and evidence, watched for a few polls.
fn set_policy(stage: &Stage) {
    let check = json!({"name": "health", "expect": {"status": 200}});
    let policy = json!({"alarms": ["hello-live-errors"], "plan": "10%:4m", "checks": [check],
        "evidence": {}, "limits": {"poll": "1s"}});
    let input = json!({"Name": "/lambda-canary/hello/live/policy", "Type": "String",
        "Value": policy.to_string()});
    stage.call(Service::Ssm, "PutParameter", input);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_with_the_documented_rights_lacks_none_and_uses_each() {
    let statements = documented("run");
    let stage = Stage::new().await;
    set_policy(&stage);
    grant(&stage, &statements);
    // CodeDeploy is at work elsewhere, first before its deployment has a target.
    refusals::publish_other(&stage);
    let deployment = refusals::deploy(&stage, "other");
    stage.with_world(|world| world.set_targets_late(true));
    let run = start(held(stage.run("")));
    stage.shifted().await;
    stage.set_alarm("ALARM");
    stage.set_alarm("OK");
    run.ended().await.exits(2);
    stage.with_world(|world| world.set_targets_late(false));
    refusals::reach_the_hook(&stage);
    let again = start(held(stage.run("")));
    stage.shifted().await;
    stage.set_alarm("ALARM");
    again.ended().await.exits(2);
    stage.is_clean_at("1");
    let shown = stage.call(
        Service::CodeDeploy,
        "GetDeployment",
        json!({"deploymentId": deployment}),
    );
    assert_eq!(
        shown["deploymentInfo"]["status"], "InProgress",
        "it was looked at both times"
    );
    assert_used(&stage, &statements);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_needs_two_rights() {
    let statements = documented("rollback");
    let stage = Stage::new().await;
    stage.update_alias("1", json!({"2": 0.4}));
    grant(&stage, &statements);
    let command = stage.canary("rollback --function hello --alias live --yes");
    finish(held(command)).await.exits(0);
    stage.is_clean_at("1");
    assert_used(&stage, &statements);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_with_the_documented_rights_lacks_none_and_uses_each() {
    let statements = documented("replay");
    let (stage, window) = replay::released().await;
    grant(&stage, &statements);
    let command = stage.canary(&format!("replay --function hello --alias live {window}"));
    finish(held(command)).await.exits(0);
    assert_used(&stage, &statements);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_lacks_is_named() {
    let stage = Stage::new().await;
    grant(&stage, &json!([]));
    let command = stage.canary("rollback --function hello --alias live --yes");
    let ended = finish(held(command)).await;
    ended
        .exits(1)
        .says("assumed-role/somebody/")
        .says("lambda:GetAlias");
}
