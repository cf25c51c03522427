//! Counts of both versions in place of alarms: the policies name none, and nobody sets one.

use lambda_canary::local::stack::{GUARD_GROUP, appspec};
use lambda_canary::sim::{Behaviour, World};
use serde_json::{Value, json};

use super::{Stage, at, deploy, set_policy};

/// Both versions fail so often, and so many requests come in a second.
pub(super) fn traffic(world: &mut World, requests: f64, stable: f64, canary: f64) {
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

pub(super) fn reason(outcome: &Value) -> String {
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
    let foreseen = "where the policy goes by 30: it would be put back as inconclusive";
    assert_eq!(
        stage.told().matches(foreseen).count(),
        1,
        "{}",
        stage.told()
    );
    stage.strike().await;
}

/// Through the guard's group, with a policy and a configuration of its own, and no alarm that CodeDeploy
/// watches itself.
async fn guarded(policy: &str, config: &str, world: impl FnOnce(&mut World)) -> (Stage, String) {
    let stage = Stage::with(|account| {
        set_policy(account, policy);
        world(account);
    })
    .await;
    let more = json!({
        "overrideAlarmConfiguration": {"enabled": false, "alarms": []},
        "deploymentConfigName": format!("CodeDeployDefault.Lambda{config}"),
    });
    let deployment = stage.deploy_to(GUARD_GROUP, more);
    stage.rest().await;
    (stage, deployment)
}

const FIVE_MINUTES: &str = "Canary10Percent5Minutes";

#[tokio::test(flavor = "multi_thread")]
async fn the_guard_stops_what_fails_more_often() {
    let (stage, deployment) = guarded(r#"{"evidence":{}}"#, FIVE_MINUTES, |world| {
        traffic(world, 50.0, 0.001, 0.03);
    })
    .await;
    assert_eq!(stage.status(&deployment), "Stopped", "{}", stage.told());
    assert_eq!(stage.rollback_status(&deployment), Some("Succeeded"));
    stage.assert_put_back();
    let outcome = &stage.outcome(&deployment)["outcome"];
    assert!(reason(outcome).contains("in the same minutes"), "{outcome}");
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guard_stops_a_deployment_of_which_too_little_is_known() {
    for policy in [
        r#"{"evidence":{}}"#,
        r#"{"alarms":["hello-live-errors"],"evidence":{"inconclusive":"hold"}}"#,
    ] {
        let (stage, deployment) = guarded(policy, FIVE_MINUTES, |world| {
            traffic(world, 0.05, 0.0, 0.0);
        })
        .await;
        assert_eq!(stage.status(&deployment), "Stopped", "{}", stage.told());
        assert_eq!(stage.rollback_status(&deployment), Some("Succeeded"));
        stage.assert_put_back();
        let outcome = &stage.outcome(&deployment)["outcome"];
        assert_eq!(outcome["word"], "rolled_back", "{outcome}");
        let reason = reason(outcome);
        assert!(reason.contains("too little evidence: only "), "{outcome}");
        assert!(reason.contains("30 are needed"), "{outcome}");
        stage.strike().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guard_passes_too_little_where_the_policy_says_so_and_says_it() {
    let policy = r#"{"evidence":{"inconclusive":"complete"}}"#;
    let (stage, deployment) = guarded(policy, FIVE_MINUTES, |world| {
        traffic(world, 0.05, 0.0, 0.0);
    })
    .await;
    assert_eq!(stage.status(&deployment), "Succeeded", "{}", stage.told());
    stage.assert_released();
    let outcome = &stage.outcome(&deployment)["outcome"];
    assert_eq!(outcome["word"], "passed", "{outcome}");
    assert!(reason(outcome).contains("too little"), "{outcome}");
    assert!(reason(outcome).contains("30 are needed"), "{outcome}");
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guard_that_advises_only_says_that_it_is_too_little() {
    let policy = r#"{"evidence":{},"mode":"advise"}"#;
    let (stage, deployment) = guarded(policy, FIVE_MINUTES, |world| {
        traffic(world, 0.05, 0.0, 0.0);
    })
    .await;
    assert_eq!(stage.status(&deployment), "Succeeded", "{}", stage.told());
    let outcome = &stage.outcome(&deployment)["outcome"];
    let reason = reason(outcome);
    assert!(
        reason.contains("would have stopped: too little evidence"),
        "{outcome}"
    );
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shift_that_compares_nothing_goes_by_its_alarms_alone() {
    let every_minute = "Linear10PercentEvery1Minute";
    let policy = r#"{"alarms":["hello-live-errors"],"evidence":{}}"#;
    let (stage, deployment) = guarded(policy, every_minute, |world| {
        traffic(world, 0.05, 0.0, 0.0);
    })
    .await;
    assert_eq!(stage.status(&deployment), "Succeeded", "{}", stage.told());
    stage.assert_released();
    assert!(
        stage.told().contains("only alarms speak"),
        "{}",
        stage.told()
    );
    stage.strike().await;
    // With neither there is nothing to go by.
    let (stage, deployment) = guarded(r#"{"evidence":{}}"#, every_minute, |_| ()).await;
    assert_eq!(stage.status(&deployment), "Failed", "{}", stage.told());
    stage.assert_put_back();
    let outcome = &stage.outcome(&deployment)["outcome"];
    assert_eq!(outcome["word"], "refused", "{outcome}");
    assert!(reason(outcome).contains("cannot be compared"), "{outcome}");
    stage.strike().await;
}

/// What is asked to be shown is shown by the last minutes, after the shift.
#[tokio::test(flavor = "multi_thread")]
async fn the_guard_hears_the_last_minutes_before_it_calls_it_too_little() {
    let policy = r#"{"evidence":{"accept":{"excess":"5%"}}}"#;
    let (stage, deployment) = guarded(policy, FIVE_MINUTES, |world| {
        traffic(world, 3.0, 0.0, 0.0);
    })
    .await;
    assert_eq!(stage.status(&deployment), "Succeeded", "{}", stage.told());
    let outcome = &stage.outcome(&deployment)["outcome"];
    assert_eq!(outcome["word"], "passed", "{outcome}");
    assert!(!reason(outcome).contains("too little"), "{outcome}");
    assert!(
        stage.told().contains("5 % worse (95 %) is to be shown"),
        "{}",
        stage.told()
    );
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_second_hook_too_little_is_found_too_late_and_said() {
    let stage = Stage::with(|world| {
        set_policy(world, r#"{"evidence":{}}"#);
        traffic(world, 0.05, 0.0, 0.0);
    })
    .await;
    let mut spec: Value = serde_json::from_str(&appspec("1", "2")).expect("JSON");
    spec["Hooks"].as_array_mut().expect("hooks").truncate(1);
    let deployment = stage.world(|world| deploy(world, GUARD_GROUP, &spec.to_string(), json!({})));
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Succeeded", "{}", stage.told());
    stage.assert_released();
    let outcome = &stage.outcome(&deployment)["outcome"];
    assert_eq!(outcome["word"], "too_late", "{outcome}");
    assert_eq!(outcome["succeeded"], false, "{outcome}");
    assert!(reason(outcome).contains("30 are needed"), "{outcome}");
    stage.strike().await;
}
