//! Counts of both versions in place of alarms: the policies name none, and nobody sets one.

use lambda_canary::local::stack::GUARD_GROUP;
use lambda_canary::sim::{Behaviour, World};
use serde_json::{Value, json};

use super::{Stage, at, set_policy};

/// Both versions fail so often, and so many requests come in a second.
fn traffic(world: &mut World, requests: f64, stable: f64, canary: f64) {
    world
        .set_traffic("hello", "live", requests)
        .expect("the alias is there");
    for (version, error_rate) in [("1", stable), ("2", canary)] {
        let behaviour = Behaviour {
            error_rate,
            ..Behaviour::default()
        };
        world
            .set_behaviour("hello", version, behaviour)
            .expect("the version is there");
    }
}

async fn released(requests: f64, stable: f64, canary: f64) -> (Stage, String) {
    let stage = Stage::with(|world| {
        set_policy(world, r#"{"plan":"10%:4m","evidence":{}}"#);
        traffic(world, requests, stable, canary);
    })
    .await;
    let deployment = stage.deploy();
    stage.rest().await;
    (stage, deployment)
}

fn reason(outcome: &Value) -> String {
    outcome["reason"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stepper_puts_back_what_fails_more_often() {
    let (stage, deployment) = released(50.0, 0.001, 0.03).await;
    assert_eq!(stage.status(&deployment), "Failed", "{}", stage.told());
    stage.assert_put_back();
    let outcome = &stage.outcome(&deployment)["outcome"];
    assert_eq!(outcome["word"], "rolled_back", "{outcome}");
    assert!(reason(outcome).contains("in the same minutes"), "{outcome}");
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stepper_hands_over_what_does_not() {
    let (stage, deployment) = released(50.0, 0.03, 0.03).await;
    assert_eq!(stage.status(&deployment), "Succeeded", "{}", stage.told());
    assert_eq!(stage.world(|world| super::stands(world, "hello")), at("2"));
    // Once in a minute of the clock, and once more for what had not settled.
    let fetches = stage.calls("GetMetricData");
    assert!((4..=9).contains(&fetches), "{fetches} fetches");
    let said = reason(&stage.outcome(&deployment)["outcome"]);
    assert!(
        said.contains("; errors: canary failed") && said.contains("needed 100:1"),
        "{said}"
    );
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_little_traffic_is_no_health() {
    let (stage, deployment) = released(0.05, 0.0, 0.0).await;
    assert_eq!(stage.status(&deployment), "Failed", "{}", stage.told());
    stage.assert_put_back();
    let outcome = &stage.outcome(&deployment)["outcome"];
    assert_eq!(outcome["word"], "rolled_back", "{outcome}");
    assert!(reason(outcome).contains("30 are needed"), "{outcome}");
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guard_stops_what_fails_more_often() {
    let stage = Stage::with(|world| {
        set_policy(world, r#"{"evidence":{}}"#);
        traffic(world, 50.0, 0.001, 0.03);
    })
    .await;
    let unwatched = json!({"overrideAlarmConfiguration": {"enabled": false, "alarms": []}});
    let deployment = stage.deploy_to(GUARD_GROUP, unwatched);
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Stopped", "{}", stage.told());
    assert_eq!(stage.rollback_status(&deployment), Some("Succeeded"));
    stage.assert_put_back();
    let outcome = &stage.outcome(&deployment)["outcome"];
    assert!(reason(outcome).contains("in the same minutes"), "{outcome}");
    stage.strike().await;
}
