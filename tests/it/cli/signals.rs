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

    let rollback = "rollback --function hello --alias live";
    let ended = finish(stage.canary(rollback)).await;
    ended.exits(0);
    assert!(
        ended.printed().contains("at version 1 without weights now"),
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
    finish(stage.canary("rollback --function hello --alias live"))
        .await
        .exits(0);
    stage.is_clean_at("1");
    assert_eq!(stage.alias().2, "by hand");
}
