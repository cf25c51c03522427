//! Policies that cannot be carried out, or not be read: refused at once, not after an hour.

use jiff::SignedDuration;
use lambda_canary::sim::{FaultKind, FaultRule, Service, World};
use serde_json::json;

use super::{ALARM, START, Stage, call, set_policy};

/// Releases under such a policy, and hears the reason for which it is refused.
async fn refused(change: impl FnOnce(&mut World)) -> String {
    let stage = Stage::with(change).await;
    let before = stage.world(|world| world.alias_changes().len());
    let deployment = stage.deploy();
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Failed", "{}", stage.told());
    let took = stage.world(|world| {
        let one = world.deployments_overview().remove(0);
        one.completed.expect("it ended").duration_since(START)
    });
    assert!(
        took < SignedDuration::from_secs(30),
        "at once, not after {took}"
    );
    assert_eq!(stage.answers(), 3, "the hook, and both of the rollback's");
    assert_eq!(stage.rollback_status(&deployment), Some("Succeeded"));
    stage.assert_put_back();
    let shifted = stage.world(|world| {
        let mut after = world.alias_changes()[before..].iter();
        after.any(|change| !change.weights.is_empty())
    });
    assert!(!shifted);
    let outcome = &stage.outcome(&deployment)["outcome"];
    assert_eq!(outcome["word"], "refused", "{outcome}");
    let reason = outcome["reason"].as_str().expect("a reason").to_owned();
    let told = stage.told();
    let last = told.lines().find(|line| line.contains("rollout ended: "));
    assert!(last.is_some_and(|line| line.contains("refused")), "{told}");
    let message = stage.world(|world| world.messages().last().map(|sent| sent.message.clone()));
    assert_eq!(message.as_ref(), Some(&reason), "a person is told the same");
    stage.strike().await;
    reason
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_longer_than_the_hour() {
    let long = json!({"alarms": [ALARM], "plan": "10%:2h"}).to_string();
    let reason = refused(|world| set_policy(world, &long)).await;
    assert!(reason.contains("2h"), "{reason}");
    assert!(
        reason.contains("(hint: ") && reason.contains("canary run"),
        "{reason}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_default_policy_serves_a_function_without_one_of_its_own() {
    let stage = Stage::with(|world| {
        let own = json!({"Name": "/lambda-canary/hello/live/policy"});
        call(world, Service::Ssm, "DeleteParameter", own);
        let text = json!({"alarms": [ALARM], "plan": "25%:2m"}).to_string();
        let default =
            json!({"Name": "/lambda-canary/default/policy", "Type": "String", "Value": text});
        call(world, Service::Ssm, "PutParameter", default);
    })
    .await;
    let deployment = stage.deploy();
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Succeeded", "{}", stage.told());
    let most = stage.world(|world| {
        let weights = world
            .alias_changes()
            .iter()
            .flat_map(|change| change.weights.values().copied());
        weights.fold(0.0, f64::max)
    });
    assert!((most - 0.25).abs() < 1e-9, "the default's plan, not {most}");
    stage.assert_released();
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_may_not_be_read() {
    let reason = refused(|world| {
        let denied = FaultRule::new(FaultKind::AccessDenied, world.now());
        world.add_fault(denied.operation("GetParameter"));
    })
    .await;
    assert!(
        reason.contains("GetParameter") && reason.contains("AccessDenied"),
        "{reason}"
    );
    assert!(reason.contains("no rollout starts"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_watches_nothing_is_told_what_a_policy_can_do_about_it() {
    let reason = refused(|world| set_policy(world, r#"{"plan":"10%:2m"}"#)).await;
    assert!(
        reason.contains("hint: name an alarm in the policy's \"alarms\""),
        "{reason}"
    );
    assert!(
        !reason.contains("--alarm"),
        "a hook has no options: {reason}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_with_mistakes() {
    let reason = refused(|world| set_policy(world, r#"{"alarm":["x"],"plan":"90%:x"}"#)).await;
    assert!(
        reason.contains("/lambda-canary/hello/live/policy"),
        "{reason}"
    );
    assert!(
        reason.contains("alarm") && reason.contains("plan"),
        "all at once: {reason}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_is_no_json() {
    let reason = refused(|world| set_policy(world, "canary: 10%")).await;
    assert!(
        reason.contains("/lambda-canary/hello/live/policy"),
        "{reason}"
    );
}
