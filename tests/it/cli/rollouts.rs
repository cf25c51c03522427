//! Whole rollouts by `canary run`.

use super::*;
use lambda_canary::sim::{FaultKind, FaultRule};

const ALARM: &str = "--alarm hello-live-errors";

#[tokio::test(flavor = "multi_thread")]
async fn a_release_without_trouble_is_promoted() {
    let stage = Stage::new().await;
    let run = start(stage.run(&format!("{ALARM} --plan 10%:2s,50%:1s")));
    stage.shifted().await;
    assert_eq!(stage.weights(), json!({"2": 0.1}));
    let ended = run.ended().await;
    let outcome = ended.exits(0).json();
    assert_eq!(outcome["schema"], 1);
    assert_eq!(outcome["outcome"], "promoted");
    assert_eq!(outcome["alias"], json!({"version": "2", "weights": {}}));
    assert_eq!(outcome["max_weight"], 0.5);
    assert!(outcome["seconds"].as_f64().expect("a number") >= 3.0);
    stage.is_clean_at("2");
    ended.says("canary rollback --function hello --alias live");
}

/// The simulated AWS is in another year than this machine.
#[tokio::test(flavor = "multi_thread")]
async fn a_rollout_goes_by_aws_time() {
    let stage = Stage::in_another_year().await;
    let run = start(stage.run(&format!("{ALARM} --plan 10%:1s")));
    let ended = run.ended().await;
    ended.exits(0);
    ended.says("AWS's; this rollout goes by AWS's");
    // It begins at eight in the morning there.
    ended.says("\n08:00:0");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_puts_the_alias_back() {
    let stage = Stage::new().await;
    let run = start(stage.run(&format!("{ALARM} --plan 10%:5m")));
    stage.shifted().await;
    stage.set_alarm("ALARM");
    let outcome = run.ended().await.exits(2).json();
    assert_eq!(outcome["outcome"], "rolled_back");
    assert_eq!(outcome["alias"], json!({"version": "1", "weights": {}}));
    let reason = outcome["reason"].as_str().expect("a reason");
    assert!(reason.contains("hello-live-errors is in ALARM"), "{reason}");
    stage.is_clean_at("1");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_that_flips_between_two_polls_puts_the_alias_back() {
    let stage = Stage::new().await;
    let run = start(stage.run(&format!("{ALARM} --plan 10%:5m")));
    stage.shifted().await;
    stage.set_alarm("ALARM");
    stage.set_alarm("OK");
    let outcome = run.ended().await.exits(2).json();
    let reason = outcome["reason"].as_str().expect("a reason");
    assert!(
        reason.contains("and back between two looks") || reason.contains("is in ALARM"),
        "{reason}"
    );
    stage.is_clean_at("1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_alarm_puts_the_alias_back() {
    let stage = Stage::new().await;
    let run = start(stage.run(&format!("{ALARM} --plan 10%:5m")));
    stage.shifted().await;
    stage.call(
        Service::CloudWatch,
        "DeleteAlarms",
        json!({"AlarmNames": ["hello-live-errors"]}),
    );
    let outcome = run.ended().await.exits(2).json();
    assert!(
        outcome["reason"]
            .as_str()
            .expect("a reason")
            .contains("does not exist")
    );
    stage.is_clean_at("1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_composite_alarm_is_watched_like_any_other() {
    let stage = Stage::new().await;
    let composite = json!({"AlarmName": "any", "AlarmRule": "ALARM(\"hello-live-errors\")"});
    stage.call(Service::CloudWatch, "PutCompositeAlarm", composite);
    // A composite that was just made has no data until its first evaluation.
    stage.with_world(|world| world.advance_to(world.now() + Duration::from_secs(120)));
    let run = start(stage.run("--alarm any --plan 10%:5m"));
    stage.shifted().await;
    stage.set_alarm("ALARM");
    let outcome = run.ended().await.exits(2).json();
    assert!(
        outcome["reason"]
            .as_str()
            .expect("a reason")
            .contains("alarm any"),
        "{outcome}"
    );
    stage.is_clean_at("1");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_edit_is_left_alone() {
    let stage = Stage::new().await;
    let run = start(stage.run(&format!("{ALARM} --plan 10%:5m")));
    stage.shifted().await;
    stage.update_alias("1", json!({"2": 0.33}));
    let outcome = run.ended().await.exits(1).json();
    assert_eq!(outcome["outcome"], "drift");
    assert_eq!(
        outcome["alias"],
        json!({"version": "1", "weights": {"2": 0.33}})
    );
    assert_eq!(stage.weights(), json!({"2": 0.33}));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_lost_after_the_write_is_no_drift() {
    for kind in [
        FaultKind::InternalError,
        FaultKind::ConnectionReset,
        FaultKind::Timeout,
    ] {
        let stage = Stage::new().await;
        stage.with_world(|world| {
            let lost = FaultRule::new(kind, world.now()).operation("UpdateAlias");
            world.add_fault(lost.after_effect().times(1));
        });
        let ended = finish(stage.run(&format!("{ALARM} --plan 10%:2s"))).await;
        assert_eq!(ended.exits(0).json()["outcome"], "promoted", "{kind:?}");
        ended.says("not confirmed, trying again");
        stage.is_clean_at("2");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_write_that_was_lost_and_is_then_refused_is_put_back() {
    let stage = Stage::new().await;
    stage.with_world(|world| {
        let update = |kind| FaultRule::new(kind, world.now()).operation("UpdateAlias");
        let lost = update(FaultKind::ConnectionReset).after_effect().times(1);
        let refused = update(FaultKind::AccessDenied).times(2);
        world.add_fault(lost);
        world.add_fault(refused);
    });
    finish(stage.run(&format!("{ALARM} --plan 10%:2s")))
        .await
        .exits(2);
    stage.is_clean_at("1");
}

#[tokio::test(flavor = "multi_thread")]
async fn lambda_gone_beyond_the_budget_is_waited_for_and_then_rolled_back() {
    let stage = Stage::new().await;
    let policy = json!({"plan": "10%:5m", "alarms": ["hello-live-errors"],
        "limits": {"poll": "1s", "error_budget": "3s"}});
    let name = "/lambda-canary/hello/live/policy";
    let input = json!({"Name": name, "Value": policy.to_string(), "Type": "String"});
    stage.call(Service::Ssm, "PutParameter", input);
    let run = start(stage.run(""));
    stage.shifted().await;
    stage.with_world(|world| {
        let gone = FaultRule::new(FaultKind::ConnectionReset, world.now());
        // Longer than the SDK tries again within one call, also on a busy machine.
        world.add_fault(gone.until(world.now() + Duration::from_secs(30)));
    });
    let outcome = run.ended().await.exits(2).json();
    let reason = outcome["reason"].as_str().expect("a reason");
    assert!(reason.contains("calls to AWS have failed for"), "{reason}");
    stage.is_clean_at("1");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_environment_variable_makes_payloads_or_headers_reach_a_log() {
    let stage = Stage::new().await;
    let input = json!({"FunctionName": "hello", "Name": "live", "Description": "do-not-log-this"});
    stage.lambda("UpdateAlias", input);
    let mut command = stage.run(&format!("{ALARM} --plan 10%:1s"));
    command
        .env("RUST_LOG", "trace")
        .env("LOG_SENSITIVE_BODIES", "true");
    let ended = finish(command).await;
    let said = ended.exits(0).said();
    // The undo line names the description on purpose; nothing else may.
    let leaks = said.lines().filter(|line| !line.contains("--description"));
    assert!(
        !leaks.clone().any(|line| line.contains("do-not-log-this")),
        "{said}"
    );
    assert!(!said.to_lowercase().contains("authorization"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_of_every_call_is_lived_through() {
    let stage = Stage::new().await;
    let run = start(stage.run(&format!("{ALARM} --plan 10%:4s")));
    stage.shifted().await;
    stage.with_world(|world| {
        let until = world.now() + Duration::from_secs(6);
        let throttled = FaultRule::new(FaultKind::Throttle, world.now());
        world.add_fault(throttled.until(until));
    });
    let ended = run.ended().await;
    assert_eq!(ended.exits(0).json()["outcome"], "promoted");
    ended.says("Rate exceeded");
    stage.is_clean_at("2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_goes_away_does_not_stop_a_rollout() {
    let stage = Stage::new().await;
    let mut command = stage.run(&format!("{ALARM} --plan 10%:2s"));
    let mut child = command.spawn().expect("canary starts");
    drop((child.stdout.take(), child.stderr.take()));
    stage.shifted().await;
    let ended = Running(Some(child)).ended().await;
    ended.exits(0);
    stage.is_clean_at("2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_in_ssm_is_found_and_a_denied_one_stops_the_start() {
    let stage = Stage::new().await;
    let policy = json!({"plan": "20%:1s", "alarms": ["hello-live-errors"]}).to_string();
    let name = "/lambda-canary/hello/live/policy";
    stage.call(
        Service::Ssm,
        "PutParameter",
        json!({"Name": name, "Value": policy, "Type": "String"}),
    );
    let ended = finish(stage.run("")).await;
    assert_eq!(ended.exits(0).json()["max_weight"], 0.2);
    ended.says(name);

    let stage = Stage::new().await;
    stage.with_world(|world| {
        world.add_fault(FaultRule::new(FaultKind::AccessDenied, world.now()).on(Service::Ssm));
    });
    let ended = finish(stage.run(ALARM)).await;
    ended.exits(1).says("AccessDenied").says("--policy FILE");
    stage.is_clean_at("1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_there_already_is_no_rollout() {
    let stage = Stage::new().await;
    stage.update_alias("2", json!({}));
    let outcome = finish(stage.run(ALARM)).await.exits(0).json();
    assert_eq!(outcome["outcome"], "promoted");
    assert_eq!(outcome["ticks"], 0);
}
