//! Signals roll back; what SIGKILL leaves is put back afterwards.

use super::*;

const RUN: &str = "--alarm hello-live-errors --plan 10%:5m";

fn send(signal: &str, to: &Running) {
    let sent = Command::new("kill")
        .args([signal, &to.id().to_string()])
        .status();
    assert!(sent.expect("kill runs").success());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_signal_that_asks_to_end_puts_the_alias_back() {
    for signal in ["-INT", "-TERM", "-HUP"] {
        let stage = Stage::new().await;
        let run = start(stage.run(RUN));
        stage.shifted().await;
        send(signal, &run);
        // A second one does not skip the rollback.
        send(signal, &run);
        let outcome = run.ended().await.exits(3).json();
        assert_eq!(outcome["outcome"], "aborted");
        stage.is_clean_at("1");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_sigkill_leaves_is_put_back_by_rollback() {
    let stage = Stage::new().await;
    let run = start(stage.run(RUN));
    stage.shifted().await;
    send("-KILL", &run);
    assert_eq!(run.ended().await.code(), None);
    assert_eq!(stage.weights(), json!({"2": 0.1}));

    let rollback = "rollback --function hello --alias live --yes";
    let ended = finish(stage.canary(rollback)).await;
    ended.exits(0);
    assert!(
        ended
            .printed()
            .contains("at version 1 without weights or mark now"),
        "{}",
        ended.printed()
    );
    stage.is_clean_at("1");
    let again = finish(stage.canary(rollback)).await;
    assert!(again.exits(0).printed().contains("nothing to do"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_sigkill_leaves_is_put_back_by_the_next_run_if_it_may() {
    let stage = Stage::new().await;
    let run = start(stage.run(RUN));
    stage.shifted().await;
    send("-KILL", &run);
    run.ended().await;

    let refused = finish(stage.run("--alarm hello-live-errors --plan 10%:1s")).await;
    refused
        .exits(1)
        .says("under the mark of rollout")
        .says("--recover");
    assert_eq!(stage.weights(), json!({"2": 0.1}));

    let ended = finish(stage.run("--alarm hello-live-errors --plan 10%:1s --recover")).await;
    assert_eq!(ended.exits(0).json()["outcome"], "promoted");
    stage.is_clean_at("2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_by_hand_ends_a_rollout_that_is_under_way() {
    let stage = Stage::new().await;
    let run = start(stage.run(RUN));
    stage.shifted().await;
    finish(stage.canary("rollback --function hello --alias live --yes"))
        .await
        .exits(0);
    let outcome = run.ended().await.exits(3).json();
    assert_eq!(outcome["outcome"], "aborted");
    stage.is_clean_at("1");
}

#[tokio::test(flavor = "multi_thread")]
async fn rollback_takes_anybodys_weights_away_and_keeps_the_description() {
    let stage = Stage::new().await;
    stage.update_alias("1", json!({"2": 0.4}));
    let input = json!({"FunctionName": "hello", "Name": "live", "Description": "by hand"});
    stage.lambda("UpdateAlias", input);
    finish(stage.canary("rollback --function hello --alias live --yes"))
        .await
        .exits(0);
    stage.is_clean_at("1");
    assert_eq!(stage.alias().2, "by hand");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_during_a_slow_call_does_not_wait_for_the_next_poll() {
    use lambda_canary::sim::{FaultKind, FaultRule};
    let stage = Stage::new().await;
    let arguments = "run --function hello --alias live --to 2 --json --yes --poll 5m";
    let run = start(stage.canary(&format!("{arguments} {RUN}")));
    stage.shifted().await;
    send("-TERM", &run);
    run.ended().await.exits(3);
    stage.is_clean_at("1");

    // The same while the look at the alarms hangs.
    let arguments = "run --function hello --alias live --to 2 --json --yes --poll 4s";
    let run = start(stage.canary(&format!("{arguments} {RUN}")));
    stage.shifted().await;
    stage.with_world(|world| {
        let silent = FaultRule::new(FaultKind::Timeout, world.now());
        world.add_fault(silent.operation("DescribeAlarms"));
    });
    tokio::time::sleep(Duration::from_secs(5)).await;
    send("-TERM", &run);
    run.ended().await.exits(3);
    stage.is_clean_at("1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_that_stopped_reading_stops_neither_alarm_nor_signal() {
    for alarm in [true, false] {
        let stage = Stage::new().await;
        let (_unread, mut full) = std::io::pipe().expect("a pipe");
        // As much as a pipe holds: the first line that canary says would wait for ever.
        std::io::Write::write_all(&mut full, &[b'x'; 65536]).expect("it fits");
        let mut command = stage.run(RUN);
        command.stderr(full);
        let run = start(command);
        stage.shifted().await;
        if alarm {
            stage.set_alarm("ALARM");
        } else {
            send("-TERM", &run);
        }
        run.ended().await.exits(if alarm { 2 } else { 3 });
        stage.is_clean_at("1");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn local_ends_by_a_signal_however_early_it_comes() {
    for pause in [0, 20, 60, 200] {
        let local = start(canary("local --port 0"));
        tokio::time::sleep(Duration::from_millis(pause)).await;
        send("-INT", &local);
        let code = local.ended().await.code();
        // Before it listens to signals, the operating system ends it.
        assert!(matches!(code, Some(0) | None), "{code:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_printed_aws_cli_line_names_all_that_a_rollout_changes() {
    let stage = Stage::new().await;
    let input = json!({"FunctionName": "hello", "Name": "live", "Description": "it's prod"});
    stage.lambda("UpdateAlias", input);
    let run = start(stage.run(RUN));
    stage.shifted().await;
    send("-KILL", &run);
    let ended = run.ended().await;
    ended.says("--function-version 1 --routing-config AdditionalVersionWeights={}");
    ended.says(r"--description 'it'\''s prod'");
}

/// Said at once, and not only when nothing can be done any more.
#[tokio::test(flavor = "multi_thread")]
async fn too_little_traffic_is_foreseen_before_the_first_step() {
    let stage = Stage::new().await;
    let accept = json!({"excess": "0.01%", "alpha": 0.001});
    let policy = json!({"plan": "10%:5m", "evidence": {"accept": accept}});
    let input = json!({"Name": "/lambda-canary/hello/live/policy", "Type": "String",
        "Value": policy.to_string()});
    stage.call(Service::Ssm, "PutParameter", input);
    let run = start(stage.run(""));
    stage.shifted().await;
    send("-INT", &run);
    let ended = run.ended().await;
    ended.exits(3);
    let said = ended.said();
    let (before, _) = said.split_once("begin: 10%").expect("it began");
    assert!(before.contains("warning: the last hour brought"), "{said}");
    assert!(
        before.contains("where the policy goes by 75,926 without an error"),
        "{said}"
    );
}
