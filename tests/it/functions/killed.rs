//! Processes that are killed: at their start, in the middle of a call, before the answer.

use std::path::{Path, PathBuf};

use lambda_canary::local::stack::{GUARD_GROUP, POST_TRAFFIC, PRE_TRAFFIC, STEPPER};
use lambda_canary::sim::{FaultKind, FaultRule, Service, World};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::{ALARM, Stage, call, calls, execution_arn, has_weight, reconfigure, set_policy};

/// Kills every process that serves a function of this stage, found by its environment.
fn kill(stage: &Stage, function: &str) {
    let wanted = [
        format!("AWS_ENDPOINT_URL={}", stage.aws.endpoint_url()),
        format!("AWS_LAMBDA_FUNCTION_NAME={function}"),
    ];
    let processes = std::fs::read_dir("/proc").expect("it can be read");
    let numbers = processes
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let serving = numbers.filter(|number| {
        let environment = std::fs::read_to_string(format!("/proc/{number}/environ"));
        let environment = environment.unwrap_or_default();
        let has = |variable| environment.split('\0').any(|one| one == variable);
        wanted.iter().all(|variable| has(variable.as_str()))
    });
    let serving: Vec<Pid> = serving.filter_map(Pid::from_raw).collect();
    assert!(!serving.is_empty(), "{function} has no process");
    for process in serving {
        kill_process(process, Signal::KILL).expect("it runs");
    }
}

/// Calls of this operation hang once: with `heard` it takes effect before.
fn hang(world: &mut World, operation: &str, heard: bool) {
    let rule = FaultRule::new(FaultKind::Timeout, world.now())
        .operation(operation)
        .times(1);
    world.add_fault(if heard { rule.after_effect() } else { rule });
}

/// Releases version 2, and kills the process that hangs in a call. The rollout goes on.
async fn killed_in(operation: &str, function: &str, heard: bool) -> (Stage, String) {
    let stage = Stage::with(|world| hang(world, operation, heard)).await;
    let deployment = stage.deploy();
    kill_in(&stage, operation, function).await;
    stage.rest().await;
    assert_eq!(
        stage.status(&deployment),
        "Succeeded",
        "{operation}\n{}",
        stage.told()
    );
    stage.assert_released();
    assert_eq!(stage.answers(), 2, "{operation}");
    let shares = stage.world(|world| {
        let changes = world.alias_changes().iter();
        changes.filter(|change| !change.weights.is_empty()).count()
    });
    assert_eq!(shares, 1, "{operation}: one step, once");
    (stage, deployment)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_killed_as_it_starts_its_execution_comes_again() {
    for heard in [false, true] {
        let (stage, _) = killed_in("StartExecution", PRE_TRAFFIC, heard).await;
        assert_eq!(
            stage.world(|world| calls(world, "StartExecution")),
            3,
            "two of one hook, one of the other"
        );
        stage.strike().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stepper_killed_in_the_middle_of_its_write_is_retried() {
    for heard in [false, true] {
        let (stage, _) = killed_in("UpdateAlias", STEPPER, heard).await;
        stage.strike().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stepper_killed_as_it_reads_is_retried() {
    for operation in ["GetParameter", "DescribeAlarms"] {
        let (stage, _) = killed_in(operation, STEPPER, false).await;
        stage.strike().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stepper_killed_before_its_answer_is_retried() {
    for heard in [false, true] {
        let (stage, deployment) =
            killed_in("PutLifecycleEventHookExecutionStatus", STEPPER, heard).await;
        let answer = stage.outcome(&deployment)["answer"].to_string();
        assert_eq!(answer.contains("completed before"), heard, "{answer}");
        stage.strike().await;
    }
}

/// Kills the process of a function that hangs in a call.
async fn kill_in(stage: &Stage, operation: &str, function: &str) {
    stage
        .when("the call", |world| {
            let mut trace = world.trace();
            let met = trace.any(|call| call.operation == operation && call.fault.is_some());
            met.then_some(())
        })
        .await;
    kill(stage, function);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guard_killed_as_it_lets_codedeploy_go_on_does_not_leave_it_unwatched() {
    const ANSWER: &str = "PutLifecycleEventHookExecutionStatus";
    for heard in [false, true] {
        let stage = Stage::with(|world| hang(world, ANSWER, heard)).await;
        let deployment = stage.deploy_to(GUARD_GROUP, json!({}));
        kill_in(&stage, ANSWER, STEPPER).await;
        stage.rest().await;
        // Heard or not, the guard is gone: no traffic goes on unwatched.
        assert_eq!(stage.status(&deployment), "Stopped", "{}", stage.told());
        assert_eq!(stage.rollback_status(&deployment), Some("Succeeded"));
        stage.assert_put_back();
        assert_eq!(stage.outcome(&deployment)["outcome"]["succeeded"], false);
        stage.strike().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stepper_killed_in_the_middle_of_a_check_fails_the_deployment() {
    let slow = json!({"Environment": {"Variables": {"LATENCY_MS": "4000"}}});
    let stage = Stage::releasing(slow, |world| {
        let check = json!({"name": "health"});
        let text = json!({"alarms": [ALARM], "plan": "10%:2m", "checks": [check]});
        set_policy(world, &text.to_string());
    })
    .await;
    let deployment = stage.deploy();
    stage
        .when("the check", |world| {
            (calls(world, "Invoke") == 1).then_some(())
        })
        .await;
    kill(&stage, STEPPER);
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Failed", "{}", stage.told());
    stage.assert_put_back();
    assert_eq!(
        stage.calls("Invoke"),
        1,
        "a check may have effects: it is not repeated"
    );
    let reason = stage.outcome(&deployment)["outcome"]["reason"].to_string();
    assert!(reason.contains("Runtime.ExitError"), "{reason}");
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_killed_in_the_middle_of_its_write_comes_again() {
    for heard in [false, true] {
        let stage = Stage::set().await;
        let deployment = stage.deploy();
        stage
            .when("a weight", |world| {
                has_weight(world).then(|| {
                    hang(world, "UpdateAlias", heard);
                    let execution = execution_arn(world, &format!("{deployment}-pre"));
                    call(world, Service::StepFunctions, "StopExecution", execution);
                })
            })
            .await;
        kill_in(&stage, "UpdateAlias", STEPPER).await;
        stage.rest().await;
        assert_eq!(stage.status(&deployment), "Failed", "{}", stage.told());
        stage.assert_put_back();
        assert_eq!(stage.answers(), 3);
        stage.strike().await;
    }
}

/// A stage whose process of one function dies at its first start.
async fn dying(folder: &Path, function: &str) -> Stage {
    let program = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/functions/dies_once.sh");
    let flag = folder.join(function);
    Stage::of(program, json!({}), |world| {
        for name in [PRE_TRAFFIC, POST_TRAFFIC, STEPPER] {
            let flag = if name == function {
                flag.to_str()
            } else {
                None
            };
            let variables = [
                ("PROGRAM", env!("CARGO_BIN_EXE_functions")),
                ("DIES_ONCE", flag.unwrap_or_default()),
            ];
            reconfigure(world, name, &variables, json!({}));
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_killed_at_its_start_is_started_again() {
    for function in [PRE_TRAFFIC, STEPPER] {
        let folder = tempfile::tempdir().expect("a folder");
        let stage = dying(folder.path(), function).await;
        let deployment = stage.deploy();
        stage.rest().await;
        assert!(folder.path().join(function).is_dir(), "it died");
        assert_eq!(
            stage.status(&deployment),
            "Succeeded",
            "{function}\n{}",
            stage.told()
        );
        stage.assert_released();
        assert_eq!(stage.answers(), 2);
        stage.strike().await;
    }
}
