//! Recoveries that meet trouble themselves: what they need is away, or shows what is not so any more.

use jiff::SignedDuration;
use lambda_canary::local::stack::{STEPPER, STEPPER_GROUP};
use lambda_canary::sim::{FaultKind, Service, World};
use serde_json::{Value, json};

use super::{POLICY, START, Stage, call, execution_arn, fault, has_weight, set_policy, stands};

/// A deployment that nobody else puts back.
fn alone() -> Value {
    json!({"autoRollbackConfiguration": {"enabled": false}})
}

/// Stops the rollout's execution as soon as version 2 has a weight, after a change of the world.
async fn stop_after(stage: &Stage, deployment: &str, change: impl FnOnce(&mut World)) {
    let mut change = Some(change);
    stage
        .when("a weight", |world| {
            has_weight(world).then(|| {
                change.take().expect("once")(world);
                let execution = execution_arn(world, &format!("{deployment}-pre"));
                call(world, Service::StepFunctions, "StopExecution", execution);
            })
        })
        .await;
}

/// The details of our own events.
fn told_of(stage: &Stage) -> Vec<Value> {
    stage.world(|world| {
        let ours = |event: &&Value| event["source"] == "lambda-canary";
        world
            .events()
            .filter(ours)
            .map(|event| event["detail"].clone())
            .collect()
    })
}

/// The states that an execution has entered, each once: retries do not count.
fn entered(world: &mut World, name: &str) -> Vec<String> {
    let mut execution = execution_arn(world, name);
    // All on one page.
    execution["maxResults"] = 1_000.into();
    let history = call(
        world,
        Service::StepFunctions,
        "GetExecutionHistory",
        execution,
    );
    let events = history["events"].as_array().expect("events").iter();
    let names = events.filter_map(|event| event["stateEnteredEventDetails"]["name"].as_str());
    names.map(str::to_owned).collect()
}

/// What people were told.
fn messages(stage: &Stage) -> Vec<String> {
    stage.world(|world| world.messages().map(|sent| sent.message.clone()).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_that_fails_goes_on_as_an_execution_until_it_succeeds() {
    let stage = Stage::set().await;
    let deployment = stage.deploy_to(STEPPER_GROUP, alone());
    stop_after(&stage, &deployment, |world| {
        fault(world, FaultKind::AccessDenied, "GetDeployment", 20 * 60);
    })
    .await;
    let name = format!("{deployment}-pre-recover");
    stage
        .when("the end", |world| {
            (super::status(world, &deployment) == "Failed").then_some(())
        })
        .await;
    let took = stage.world(|world| world.now().duration_since(START));
    let mins = took.as_mins();
    assert!(
        (20..30).contains(&mins),
        "not before, and not by the hour: {took}"
    );
    stage.rest().await;
    stage.assert_put_back();
    assert_eq!(stage.execution(&name)["status"], "SUCCEEDED");
    let entered = stage.world(|world| entered(world, &name));
    assert_eq!(entered, ["Start", "Rollback", "Report", "Reported", "Done"]);
    assert_eq!(stage.answers(), 1);
    let told = told_of(&stage);
    assert_eq!(told.len(), 1, "{told:?}");
    let (outcome, said) = (&told[0]["outcome"], messages(&stage));
    assert_eq!(outcome["word"], "rolled_back", "{outcome}");
    assert_eq!(told[0]["function"], "hello");
    assert_eq!(said, [outcome["reason"].as_str().expect("text")]);
    assert!(said[0].contains("-pre is ABORTED; hello:live is put back"));
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_whose_execution_fails_is_followed_by_no_other() {
    let stage = Stage::set().await;
    let deployment = stage.deploy_to(STEPPER_GROUP, alone());
    stop_after(&stage, &deployment, |world| {
        fault(
            world,
            FaultKind::AccessDenied,
            "ListDeploymentTargets",
            6 * 3600,
        );
    })
    .await;
    // More than half an hour of it, and then Lambda's three attempts.
    let message = stage
        .when("a message of Lambda's", |world| {
            let mut sent = world.messages().map(|sent| sent.message.clone());
            sent.find(|message| message.contains("RetriesExhausted"))
        })
        .await;
    assert!(message.contains("ListDeploymentTargets"), "{message}");
    stage.rest().await;
    let name = format!("{deployment}-pre-recover");
    assert_eq!(stage.execution(&name)["status"], "FAILED");
    let machine = stage.world(|world| super::machine(world));
    let input = json!({"stateMachineArn": machine});
    let all = stage.call(Service::StepFunctions, "ListExecutions", input);
    let all = all["executions"].as_array().map(Vec::len);
    assert_eq!(all, Some(2), "the rollout's, and one recovery's");
    assert_eq!(stage.status(&deployment), "Failed", "the hook was answered");
    assert_eq!(stage.alias().weights, json!({"2": 0.1}), "nobody could");
    let told = told_of(&stage);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["outcome"]["word"], "failed");
    let reason = told[0]["outcome"]["reason"].to_string();
    assert!(reason.contains("-pre is ABORTED"), "{reason}");
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_that_still_shows_as_running_is_recovered_on_its_events_word() {
    let stage = Stage::set().await;
    let deployment = stage.deploy();
    stop_after(&stage, &deployment, |world| {
        world.set_execution_lag(SignedDuration::from_secs(30));
    })
    .await;
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Failed", "{}", stage.told());
    stage.assert_put_back();
    let took = stage.world(|world| world.now().duration_since(START));
    assert!(
        took < SignedDuration::from_mins(10),
        "not by the hour: {took}"
    );
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn step_functions_own_word_is_enough_where_it_cannot_be_asked() {
    let stage = Stage::set().await;
    let deployment = stage.deploy_to(STEPPER_GROUP, alone());
    stop_after(&stage, &deployment, |world| {
        fault(world, FaultKind::AccessDenied, "DescribeExecution", 10 * 60);
    })
    .await;
    stage
        .when("the alias", |world| {
            stands(world, "hello")
                .weights
                .as_object()?
                .is_empty()
                .then_some(())
        })
        .await;
    let took = stage.world(|world| world.now().duration_since(START));
    assert!(took < SignedDuration::from_mins(10), "{took}");
    // The end of the deployment has no such word: what it calls for waits as an execution, and finds
    // nothing to do.
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Failed", "{}", stage.told());
    stage.assert_put_back();
    let late = stage.execution(&format!("{deployment}-pre-recover"));
    assert_eq!(late["status"], "SUCCEEDED");
    assert_eq!(told_of(&stage).len(), 1);
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_is_told_of_once_although_everything_comes_twice() {
    let stage = Stage::with(|world| world.set_duplicates(1.0)).await;
    let deployment = stage.deploy();
    stop_after(&stage, &deployment, |_| ()).await;
    stage.rest().await;
    stage.assert_put_back();
    let told = told_of(&stage);
    assert_eq!(told.len(), 1, "{told:?}");
    let detail = &told[0];
    assert_eq!(detail["outcome"]["word"], "rolled_back", "{detail}");
    assert_eq!(detail["outcome"]["succeeded"], false);
    assert_eq!(detail["deployment"], deployment);
    assert_eq!(
        (&detail["hook"], &detail["alias"]),
        (&json!("pre_traffic"), &json!("live"))
    );
    assert_eq!(
        (&detail["stable"], &detail["canary"]),
        (&json!("1"), &json!("2"))
    );
    assert_eq!(messages(&stage).len(), 1);
    stage.strike().await;
}

/// Somebody gives version 2 more, and leaves the description with our mark as it is.
fn edit(world: &mut World) {
    let input = json!({
        "FunctionName": "hello", "Name": "live",
        "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.3}},
    });
    call(world, Service::Lambda, "UpdateAlias", input);
}

#[tokio::test(flavor = "multi_thread")]
async fn weights_that_somebody_edited_under_the_mark_survive_a_recovery() {
    let stage = Stage::set().await;
    // The policy has been there for a while: it is the one that the rollout goes by.
    stage.world(|world| world.advance_to(world.now() + SignedDuration::from_mins(5)));
    let deployment = stage.deploy_to(STEPPER_GROUP, alone());
    stop_after(&stage, &deployment, edit).await;
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Failed", "{}", stage.told());
    assert_eq!(stage.alias().weights, json!({"2": 0.3}), "{}", stage.told());
    let said = messages(&stage);
    assert_eq!(said.len(), 1, "{said:?}");
    for part in [
        "30% to 2",
        "somebody edited the weights",
        "canary rollback --function hello --alias live",
    ] {
        assert!(said[0].contains(part), "{part}: {}", said[0]);
    }
    assert_eq!(told_of(&stage)[0]["outcome"]["word"], "failed");
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_changed_since_says_nothing_and_the_mark_alone_decides() {
    let stage = Stage::set().await;
    stage.world(|world| world.advance_to(world.now() + SignedDuration::from_mins(5)));
    let deployment = stage.deploy_to(STEPPER_GROUP, alone());
    // By the new plan the tenth that stands there would be nobody's.
    stop_after(&stage, &deployment, |world| {
        set_policy(world, &POLICY.replace("10%:2m", "20%:2m"));
    })
    .await;
    stage.rest().await;
    stage.assert_put_back();
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn weights_that_somebody_edited_under_the_mark_survive_a_failed_rollout() {
    let stage = Stage::set().await;
    let deployment = stage.deploy_to(STEPPER_GROUP, alone());
    stage
        .when("a weight", |world| {
            has_weight(world).then(|| {
                edit(world);
                // Not of the names that are retried: it is rolled back at once.
                let broken = json!({"Handler": "sample"});
                super::reconfigure(world, STEPPER, &[("ERROR_RATE", "1")], broken);
            })
        })
        .await;
    let name = format!("{deployment}-pre");
    stage
        .when("the rollback", |world| {
            let rolls_back = entered(world, &name)
                .iter()
                .any(|state| state == "Rollback");
            rolls_back.then(|| {
                super::reconfigure(world, STEPPER, &[], json!({"Handler": "stepper"}));
            })
        })
        .await;
    stage.rest().await;
    assert_eq!(stage.alias().weights, json!({"2": 0.3}), "{}", stage.told());
    let outcome = &stage.outcome(&deployment)["outcome"];
    assert_eq!(outcome["word"], "failed", "{outcome}");
    let reason = outcome["reason"].to_string();
    assert!(reason.contains("by hand: canary rollback"), "{reason}");
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_named_in_its_event() {
    for policy in [POLICY.replace("10%:2m", "10%:2h"), "{".to_owned()] {
        let stage = Stage::with(|world| set_policy(world, &policy)).await;
        let deployment = stage.deploy();
        stage.rest().await;
        assert_eq!(stage.status(&deployment), "Failed");
        let told = told_of(&stage);
        assert_eq!(told.len(), 1, "{told:?}");
        let detail = &told[0];
        assert_eq!(detail["outcome"]["word"], "refused", "{detail}");
        assert_eq!(
            (&detail["function"], &detail["alias"]),
            (&json!("hello"), &json!("live"))
        );
        assert_eq!(
            (&detail["stable"], &detail["canary"]),
            (&json!("1"), &json!("2"))
        );
        stage.strike().await;
    }
}
