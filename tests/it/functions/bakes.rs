//! After the shift: the new version is counted by itself, since there is nothing to compare with.

use lambda_canary::sim::{FaultKind, World};
use serde_json::Value;

use super::evidence::traffic;
use super::{ALARM, Stage, at, calls, fault, set_policy};

/// Through the stepper into the bake; the deployment's id.
async fn baking(policy: &str, stable: f64) -> (Stage, String) {
    let stage = Stage::with(|world| {
        set_policy(world, policy);
        traffic(world, 30.0, stable, 0.0);
    })
    .await;
    let deployment = stage.deploy();
    stage
        .when("the bake", |world| {
            (calls(world, "StartExecution") == 2).then_some(())
        })
        .await;
    (stage, deployment)
}

/// The end of the bake.
async fn baked(stage: &Stage, deployment: &str) -> Value {
    stage.rest().await;
    let execution = stage.execution(&format!("{deployment}-post"));
    let output = execution["output"].as_str().expect("it has ended");
    let output: Value = serde_json::from_str(output).expect("JSON");
    output["carry"]["outcome"].clone()
}

fn reason(outcome: &Value) -> &str {
    outcome["reason"].as_str().unwrap_or_default()
}

const LIMITED: &str = r#"{"plan":"10%:4m","evidence":{"max_errors":0},"bake":"4m"}"#;

/// The stable version failed one request in twenty up to the shift, within the same minute: that is
/// not the new one's.
#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_bake_says_how_much_it_saw() {
    let (stage, deployment) = baking(LIMITED, 0.05).await;
    let outcome = baked(&stage, &deployment).await;
    assert_eq!(stage.status(&deployment), "Succeeded", "{}", stage.told());
    assert_eq!(stage.alias(), at("2"));
    let said = reason(&outcome);
    assert!(
        said.starts_with("nothing spoke against the new version for 4m; version 2 failed 0 of "),
        "{said}"
    );
    assert!(
        said.contains(" requests: at most 0.") && said.ends_with("(95 %)"),
        "{said}"
    );
    // At least three whole minutes at thirty a second: the last one was waited for.
    let requests: String = said.split(" of ").nth(1).unwrap_or_default().into();
    let requests = requests.split(' ').next().unwrap_or_default();
    let requests: u64 = requests.replace(',', "").parse().expect("a number");
    assert!((5_000..=7_600).contains(&requests), "{requests}");
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_failed_requests_after_the_shift_roll_back() {
    let (stage, deployment) = baking(LIMITED, 0.0).await;
    stage.world(|world| traffic(world, 30.0, 0.0, 0.2));
    let outcome = baked(&stage, &deployment).await;
    assert_eq!(stage.status(&deployment), "Failed", "{}", stage.told());
    assert_eq!(stage.rollback_status(&deployment), Some("Succeeded"));
    stage.assert_put_back();
    assert_eq!(outcome["word"], "rolled_back", "{outcome}");
    assert!(
        reason(&outcome).contains("errors, more than the 0 allowed"),
        "{outcome}"
    );
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_that_cannot_be_read_are_no_health_where_a_limit_depends_on_them() {
    let (stage, deployment) = baking(LIMITED, 0.0).await;
    stage.world(|world| fault(world, FaultKind::AccessDenied, "GetMetricData", 3_600));
    let outcome = baked(&stage, &deployment).await;
    assert_eq!(stage.status(&deployment), "Failed", "{}", stage.told());
    stage.assert_put_back();
    assert!(reason(&outcome).contains("GetMetricData"), "{outcome}");
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_that_cannot_be_read_are_only_said_where_the_alarms_decide() {
    let policy = r#"{"alarms":["hello-live-errors"],"plan":"10%:4m","evidence":{},"bake":"3m"}"#;
    let (stage, deployment) = baking(policy, 0.0).await;
    stage.world(|world| fault(world, FaultKind::AccessDenied, "GetMetricData", 3_600));
    let outcome = baked(&stage, &deployment).await;
    assert_eq!(stage.status(&deployment), "Succeeded", "{}", stage.told());
    let said = reason(&outcome);
    assert!(
        said.starts_with("the alarms stayed quiet for 3m; the requests of version 2 could not be"),
        "{said}"
    );
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_no_request_was_held_against_is_not_kept() {
    let policy =
        r#"{"plan":"10%:4m","evidence":{"max_errors":0},"bake":"4m","limits":{"poll":"1m"}}"#;
    let (stage, deployment) = baking(policy, 0.0).await;
    stage.world(|world: &mut World| traffic(world, 0.0, 0.0, 0.0));
    let outcome = baked(&stage, &deployment).await;
    assert_eq!(stage.status(&deployment), "Failed", "{}", stage.told());
    stage.assert_put_back();
    assert!(
        reason(&outcome).contains("not one request of the new version"),
        "{outcome}"
    );
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bake_that_nothing_can_fail_is_refused() {
    let policy = r#"{"plan":"10%:4m","evidence":{},"bake":"4m"}"#;
    let stage = Stage::with(|world| {
        set_policy(world, policy);
        traffic(world, 50.0, 0.0, 0.0);
    })
    .await;
    let deployment = stage.deploy();
    stage.rest().await;
    // Before anything is shifted, and not after all of it.
    let outcome = stage.outcome(&deployment)["outcome"].clone();
    assert_eq!(stage.status(&deployment), "Failed", "{}", stage.told());
    assert_eq!(outcome["word"], "refused", "{outcome}");
    stage.assert_put_back();
    assert!(reason(&outcome).contains("max_errors"), "{outcome}");
    assert!(!reason(&outcome).contains(ALARM));
    stage.strike().await;
}
