//! The policy's checks, before `canary run` shifts anything.

use super::*;

/// A local AWS whose policy has this check, and otherwise ten per cent for a second.
async fn checking(expect: Value, retries: u8) -> Stage {
    let stage = Stage::new().await;
    let check = json!({"name": "health", "payload": {"key": "hunter2"}, "expect": expect,
        "retries": retries});
    let policy = json!({"alarms": ["hello-live-errors"], "plan": "10%:1s", "checks": [check],
        "bake": "1m", "limits": {"poll": "1s"}});
    let input = json!({"Name": "/lambda-canary/hello/live/policy", "Type": "String",
        "Value": policy.to_string()});
    stage.call(Service::Ssm, "PutParameter", input);
    stage
}

fn calls(stage: &Stage, operation: &str) -> usize {
    stage.with_world(|world| {
        let named = world.trace().filter(|call| call.operation == operation);
        named.count()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_fails_stops_the_rollout_before_its_first_write() {
    let stage = checking(json!({"status": 204}), 1).await;
    let ended = finish(stage.run("")).await;
    let outcome = ended.exits(1).says("hint: ").json();
    assert_eq!(outcome["outcome"], "error");
    let reason = outcome["reason"].as_str().expect("a reason");
    assert!(
        reason.contains("nothing was shifted")
            && reason.contains("health: status 200, expected 204"),
        "{reason}"
    );
    assert!(!ended.said().contains("hunter2"), "{}", ended.said());
    assert_eq!(calls(&stage, "Invoke"), 2, "the check, and its one retry");
    assert_eq!(calls(&stage, "UpdateAlias"), 0);
    stage.is_clean_at("1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_is_of_the_exact_new_version_and_the_rollout_follows() {
    let version = json!([{"at": "/body/version", "equals": "2"}]);
    let stage = checking(json!({"status": 200, "answer": version}), 0).await;
    let ended = finish(stage.run("")).await;
    ended
        .exits(0)
        .says("check health: passed")
        .says("bake is for releases by CodeDeploy");
    assert_eq!(calls(&stage, "Invoke"), 1);
    stage.is_clean_at("2");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_is_no_check_none_is_said_to_have_passed() {
    let stage = Stage::new().await;
    let ended = finish(stage.run("--alarm hello-live-errors --plan 10%:1s")).await;
    let said = ended.exits(0).says("no checks").said();
    assert!(!said.contains("passed"), "{said}");
    assert_eq!(calls(&stage, "Invoke"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_the_checks() {
    let stage = checking(json!({}), 0).await;
    stage.with_world(|world| {
        use lambda_canary::sim::{FaultKind, FaultRule};
        let silent = FaultRule::new(FaultKind::Timeout, world.now());
        world.add_fault(silent.operation("Invoke"));
    });
    let run = start(stage.run(""));
    stage
        .until("the check waits", || calls(&stage, "Invoke") == 1)
        .await;
    let sent = Command::new("kill")
        .args(["-TERM", &run.id().to_string()])
        .status();
    assert!(sent.expect("kill runs").success());
    let outcome = run.ended().await.exits(3).json();
    assert_eq!(outcome["outcome"], "aborted");
    assert_eq!(calls(&stage, "UpdateAlias"), 0);
}
