//! Acceptance checks that do not pass: nothing is shifted, and the deployment fails with a reason.

use serde_json::{Value, json};

use super::{ALARM, Stage, set_policy};

/// Releases such a version 2 under one check, and hears the reason for which it is refused.
async fn refused(second: Value, expect: Value) -> String {
    let stage = Stage::releasing(second, |world| {
        let check = json!({"name": "health", "payload": {"key": "hunter2"}, "expect": expect});
        let text = json!({"alarms": [ALARM], "plan": "10%:2m", "checks": [check]});
        set_policy(world, &text.to_string());
    })
    .await;
    let before = stage.world(|world| world.alias_changes().len());
    let deployment = stage.deploy();
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Failed", "{}", stage.told());
    stage.assert_put_back();
    let untouched = stage.world(|world| {
        let mut after = world.alias_changes()[before..].iter();
        after.all(|change| change.weights.is_empty())
    });
    assert!(untouched, "the version had no traffic");
    assert_eq!(
        stage.calls("Invoke"),
        1,
        "the one check, of the new version alone"
    );
    let outcome = &stage.outcome(&deployment)["outcome"];
    assert_eq!(outcome["word"], "refused", "{outcome}");
    let reason = outcome["reason"].as_str().expect("a reason").to_owned();
    assert!(
        reason.starts_with("acceptance checks failed: health: "),
        "{reason}"
    );
    let told = stage.told();
    assert!(
        !told.contains("hunter2"),
        "a payload is nobody's business: {told}"
    );
    stage.strike().await;
    reason
}

fn slow(milliseconds: &str) -> Value {
    json!({"Environment": {"Variables": {"LATENCY_MS": milliseconds}}, "Timeout": 1})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_fails() {
    let failing = json!({"Environment": {"Variables": {"ERROR_RATE": "1"}}});
    let reason = refused(failing, json!({})).await;
    assert!(
        reason.contains("the function reported an error (Unhandled)"),
        "{reason}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_whose_function_times_out() {
    let reason = refused(slow("60000"), json!({})).await;
    assert!(
        reason.contains("the function reported an error (Unhandled)"),
        "{reason}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_takes_longer_than_it_may() {
    let reason = refused(slow("200"), json!({"at_most": "100ms"})).await;
    assert!(reason.contains("longer than 100ms"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_answers_something_else() {
    let answer = json!([
        {"at": "/body", "matches": "^pong$"},
        {"at": "/nowhere", "equals": true},
        {"at": "/headers/content-type", "contains": "text/html"},
    ]);
    let reason = refused(json!({}), json!({"status": 204, "answer": answer})).await;
    for part in [
        "status 200, expected 204",
        "/body: ",
        "/nowhere: ",
        "/headers/content-type: ",
    ] {
        assert!(reason.contains(part), "{part}: {reason}");
    }
    assert!(
        !reason.contains("\\\"ok\\\""),
        "it does not repeat the answer: {reason}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_passes_is_no_obstacle() {
    let stage = Stage::with(|world| {
        let expect =
            json!({"status": 200, "answer": [{"at": "/body", "contains": "\"version\":\"2\""}]});
        let check = json!({"name": "health", "expect": expect});
        let text = json!({"alarms": [ALARM], "plan": "10%:2m", "checks": [check]});
        set_policy(world, &text.to_string());
    })
    .await;
    let deployment = stage.deploy();
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Succeeded", "{}", stage.told());
    stage.assert_released();
    stage.strike().await;
}
