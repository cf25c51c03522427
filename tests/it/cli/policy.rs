//! `canary policy`, usage, and the table of exit codes.

use std::io::Write as _;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_with_three_mistakes_gets_three_messages() {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(
        br#"{"plam": "10%:5m", "insufficient_data": "maybe", "limits": {"poll": "soon"}}"#,
    )
    .expect("it is written");
    let path = file.path().display().to_string();
    let ended = finish(canary(&format!("policy check {path}"))).await;
    ended
        .exits(5)
        .says("plam")
        .says("plan")
        .says("insufficient_data")
        .says("limits.poll");

    let stage = Stage::new().await;
    let ended = finish(stage.run(&format!("--policy {path}"))).await;
    ended.exits(1).says("plam").says("limits.poll");
    stage.is_clean_at("1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_in_order_is_said_to_be() {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(br#"{"plan": "10%:5m", "alarms": ["hello-live-errors"]}"#)
        .expect("it is written");
    let ended = finish(canary(&format!("policy check {}", file.path().display()))).await;
    assert!(
        ended.exits(0).printed().contains("10% for 5m, 100%"),
        "{}",
        ended.printed()
    );
    assert!(
        ended.printed().contains(
            "odds of 100:1 stop it; fewer than 30 requests are too few: hold, inside CodeDeploy roll back"
        ),
        "{}",
        ended.printed()
    );
    finish(canary("policy check /nonexistent"))
        .await
        .exits(1)
        .says("cannot read the policy");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schema_is_the_committed_one() {
    let printed = finish(canary("policy schema")).await.exits(0).json();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/policy.schema.json");
    let committed = std::fs::read_to_string(path).expect("the schema is committed");
    let committed: Value = serde_json::from_str(&committed).expect("it is JSON");
    assert_eq!(printed, committed, "run `make schema`");
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_is_64_and_help_is_0() {
    for wrong in [
        "",
        "fly",
        "run",
        "run --function hello",
        "local --speed 0",
        "policy check",
    ] {
        finish(canary(wrong)).await.exits(64);
    }
    for help in ["--help", "--version", "run --help", "local --help"] {
        let ended = finish(canary(help)).await;
        assert!(!ended.exits(0).printed().is_empty());
    }
    let table = finish(canary("--help")).await.printed();
    for code in [
        "0  promoted",
        "2  rolled back",
        "3  aborted",
        "4  stopped",
        "5  a check",
        "64  wrong",
    ] {
        assert!(table.contains(code), "no \"{code}\" in the table");
    }
}
