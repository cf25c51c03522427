//! What cannot be counted, or not in time, is said before anything is shifted, where it can be.

use lambda_canary::local::stack::{GUARD_GROUP, STEPPER_GROUP};
use lambda_canary::sim::FaultKind;
use serde_json::json;

use super::evidence::{reason, traffic};
use super::{Stage, fault, has_weight, set_policy};

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_right_to_the_counts_is_named_before_anything_is_shifted() {
    for group in [STEPPER_GROUP, GUARD_GROUP] {
        let stage = Stage::with(|world| {
            set_policy(world, r#"{"alarms":["hello-live-errors"],"plan":"10%:4m"}"#);
            fault(world, FaultKind::AccessDenied, "GetMetricData", 86_400);
        })
        .await;
        let deployment = stage.deploy_to(group, json!({}));
        stage.rest().await;
        assert_eq!(stage.status(&deployment), "Failed", "{}", stage.told());
        stage.assert_put_back();
        let outcome = &stage.outcome(&deployment)["outcome"];
        assert_eq!(outcome["word"], "refused", "{outcome}");
        let reason = reason(outcome);
        assert!(
            reason.contains("the right to cloudwatch:GetMetricData is missing")
                && reason.contains("hint: give the role"),
            "{reason}"
        );
        stage.strike().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_is_taken_away_on_the_way_is_named_when_the_budget_is_used_up() {
    let stage = Stage::with(|world| {
        set_policy(world, r#"{"plan":"10%:4m"}"#);
        traffic(world, 50.0, 0.0, 0.0);
    })
    .await;
    let deployment = stage.deploy();
    stage
        .when("a weight", |world| {
            let denied = FaultKind::AccessDenied;
            has_weight(world).then(|| fault(world, denied, "GetMetricData", 86_400))
        })
        .await;
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Failed", "{}", stage.told());
    stage.assert_put_back();
    let outcome = &stage.outcome(&deployment)["outcome"];
    assert_eq!(outcome["word"], "rolled_back", "{outcome}");
    let reason = reason(outcome);
    assert!(
        reason.contains("longer than the budget")
            && reason.contains("the right to cloudwatch:GetMetricData is missing"),
        "{reason}"
    );
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_can_only_end_as_inconclusive_is_refused_with_the_step_it_takes() {
    for (policy, says) in [
        (
            r#"{"plan":"10%:4m","evidence":{"accept":{"excess":"1%"}}}"#,
            "within the 4m that the plan has, none of its minutes gets so old (hint: let a step last 18m",
        ),
        (
            r#"{"alarms":["hello-live-errors"],"plan":"10%:1m","evidence":{}}"#,
            "no step holds a whole minute in which both versions' counts can be compared",
        ),
    ] {
        let slow = json!({"Timeout": 900});
        let stage = Stage::releasing(slow, |world| set_policy(world, policy)).await;
        let deployment = stage.deploy();
        stage.rest().await;
        assert_eq!(stage.status(&deployment), "Failed", "{}", stage.told());
        stage.assert_put_back();
        let outcome = &stage.outcome(&deployment)["outcome"];
        assert_eq!(outcome["word"], "refused", "{outcome}");
        assert!(reason(outcome).contains(says), "{outcome}");
        stage.strike().await;
    }
}
