//! Executions as clients start, read, stop and redrive them.

use serde_json::{Value, json};

use super::rehearsal::{
    MACHINE, RUN, create, describe, only, start, status, types, wait, wait_and_invoke,
};
use super::wire::{
    DescribeExecutionRequest, GetExecutionHistoryRequest, ListExecutionsRequest,
    RedriveExecutionRequest, StartExecutionRequest, StopExecutionRequest,
};
use crate::sim::errors::AwsError;
use crate::sim::fixture::{code, hello, pass};
use crate::sim::traffic::Behaviour;
use crate::sim::world::World;

fn stop(world: &mut World) -> Result<jiff::Timestamp, AwsError> {
    let request = StopExecutionRequest {
        execution_arn: RUN.to_owned(),
        error: Some("Operator".to_owned()),
        cause: Some("enough".to_owned()),
    };
    Ok(world.stop_execution(request)?.stop_date)
}

fn redrive(world: &mut World) -> Result<(), AwsError> {
    let request = RedriveExecutionRequest {
        execution_arn: RUN.to_owned(),
        ..RedriveExecutionRequest::default()
    };
    world.redrive_execution(request).map(drop)
}

fn list(status: Option<&str>, token: Option<String>) -> ListExecutionsRequest {
    ListExecutionsRequest {
        state_machine_arn: Some(MACHINE.to_owned()),
        status_filter: status.map(str::to_owned),
        max_results: Some(2),
        next_token: token,
    }
}

#[test]
fn a_start_is_idempotent_while_it_runs() {
    let mut world = hello(1);
    create(&mut world, &wait());
    let first = start(&mut world, "run", r#"{"a":1}"#);
    pass(&mut world, 10);
    assert_eq!(start(&mut world, "run", r#"{"a":1}"#), first);
    let started = describe(&mut world, RUN).start_date;
    assert_eq!(started, crate::sim::fixture::start());
    let other = start(&mut world, "run", r#"{"a":2}"#);
    assert_eq!(code(other), "ExecutionAlreadyExists");
    pass(&mut world, 60);
    assert_eq!(status(&mut world, RUN), "SUCCEEDED");
    let closed = start(&mut world, "run", r#"{"a":1}"#).expect_err("closed");
    assert_eq!(closed.message, format!("Execution Already Exists: '{RUN}'"));
}

#[test]
fn what_cannot_be_started_is_refused() {
    let mut world = hello(1);
    assert_eq!(
        code(start(&mut world, "run", "{}")),
        "StateMachineDoesNotExist"
    );
    create(&mut world, &wait());
    for name in ["", "a b", "d/1", &"x".repeat(81)] {
        assert_eq!(code(start(&mut world, name, "{}")), "InvalidName", "{name}");
    }
    assert!(start(&mut world, &"x".repeat(80), "{}").is_ok());
    for input in ["", "{", "{} {}", "'a'"] {
        assert_eq!(
            code(start(&mut world, "run", input)),
            "InvalidExecutionInput"
        );
    }
    let large = format!("\"{}\"", "x".repeat(262_143));
    assert_eq!(
        code(start(&mut world, "run", &large)),
        "ValidationException"
    );
    let full = format!("\"{}\"", "x".repeat(262_142));
    assert!(start(&mut world, "full", &full).is_ok());
    for arn in [
        "rollout",
        "arn:aws:states:us-east-1:000000000000:stateMachine:",
        RUN,
    ] {
        let request = StartExecutionRequest {
            state_machine_arn: arn.to_owned(),
            ..StartExecutionRequest::default()
        };
        assert_eq!(code(world.start_execution(request)), "InvalidArn", "{arn}");
    }
    let unknown = DescribeExecutionRequest {
        execution_arn: RUN.to_owned(),
    };
    assert_eq!(
        code(world.describe_execution(unknown)),
        "ExecutionDoesNotExist"
    );
}

#[test]
fn a_start_without_name_and_input_gets_both() {
    let mut world = hello(1);
    create(&mut world, &only(&json!({"Type": "Succeed"})));
    let request = || StartExecutionRequest {
        state_machine_arn: MACHINE.to_owned(),
        ..StartExecutionRequest::default()
    };
    let first = world.start_execution(request()).expect("started");
    let second = world.start_execution(request()).expect("started");
    assert_ne!(first.execution_arn, second.execution_arn);
    let described = describe(&mut world, &first.execution_arn);
    assert_eq!(described.input.as_deref(), Some("{}"));
    assert_eq!(described.output.as_deref(), Some("{}"));
}

#[test]
fn an_execution_invokes_a_function_and_says_what_came_of_it() {
    let mut world = hello(1);
    create(&mut world, &wait_and_invoke());
    start(&mut world, "run", r#"{"wait": 15}"#).expect("started");
    pass(&mut world, 14);
    assert_eq!(status(&mut world, RUN), "RUNNING");
    pass(&mut world, 1);
    let described = describe(&mut world, RUN);
    assert_eq!(described.status, "SUCCEEDED");
    assert_eq!(
        described.input.as_deref(),
        Some(r#"{"wait": 15}"#),
        "as it was given"
    );
    assert_eq!(described.stop_date, Some(world.now()));
    let output: Value = serde_json::from_str(&described.output.expect("output")).expect("JSON");
    assert_eq!(output["statusCode"], json!(200));
    assert_eq!(described.redrive_status.as_deref(), Some("NOT_REDRIVABLE"));
}

#[test]
fn a_failed_run_has_the_history_of_a_failed_run() {
    let mut world = hello(1);
    let broken = Behaviour {
        error_rate: 1.0,
        ..Behaviour::default()
    };
    world.set_behaviour("hello", "1", broken).expect("exists");
    create(&mut world, &wait_and_invoke());
    start(&mut world, "run", r#"{"wait":0}"#).expect("started");
    let described = describe(&mut world, RUN);
    assert_eq!(described.status, "FAILED");
    assert_eq!(described.error.as_deref(), Some("SimulatedError"));
    let cause: Value = serde_json::from_str(&described.cause.expect("a cause")).expect("JSON");
    assert_eq!(
        cause["errorMessage"],
        json!("the simulated function failed")
    );
    assert_eq!(
        types(&mut world, RUN),
        [
            "ExecutionStarted",
            "WaitStateEntered",
            "WaitStateExited",
            "TaskStateEntered",
            "TaskScheduled",
            "TaskStarted",
            "TaskFailed",
            "ExecutionFailed",
        ]
    );
}

#[test]
fn a_function_that_does_not_exist_is_lambdas_error() {
    let mut world = hello(1);
    let mut definition = wait_and_invoke();
    definition["States"]["A"]["Parameters"]["FunctionName"] = json!("nobody");
    create(&mut world, &definition);
    start(&mut world, "run", r#"{"wait":0}"#).expect("started");
    let described = describe(&mut world, RUN);
    assert_eq!(
        described.error.as_deref(),
        Some("Lambda.ResourceNotFoundException")
    );
}

#[test]
fn stopping_in_a_wait_ends_it_for_good() {
    let mut world = hello(1);
    create(&mut world, &wait());
    start(&mut world, "run", "{}").expect("started");
    pass(&mut world, 30);
    let stopped = stop(&mut world).expect("it runs");
    assert_eq!(stopped, world.now());
    pass(&mut world, 60);
    assert_eq!(stop(&mut world), Ok(stopped), "a second time says when");
    let described = describe(&mut world, RUN);
    assert_eq!(described.status, "ABORTED");
    assert_eq!(described.error.as_deref(), Some("Operator"));
    assert_eq!(described.cause.as_deref(), Some("enough"));
    assert_eq!(
        types(&mut world, RUN),
        ["ExecutionStarted", "WaitStateEntered", "ExecutionAborted"]
    );
    assert_eq!(code(stop(&mut hello(1))), "ExecutionDoesNotExist");
}

#[test]
fn executions_are_listed_newest_first_by_status_and_page() {
    let mut world = hello(1);
    create(&mut world, &wait());
    for name in ["c", "a", "run", "b"] {
        start(&mut world, name, "{}").expect("started");
    }
    stop(&mut world).expect("it runs");
    let names = |page: &super::ListExecutionsResponse| -> Vec<String> {
        page.executions.iter().map(|one| one.name.clone()).collect()
    };
    let first = world.list_executions(list(None, None)).expect("a page");
    assert_eq!(names(&first), ["b", "run"]);
    let second = world
        .list_executions(list(None, first.next_token))
        .expect("a page");
    assert_eq!(names(&second), ["a", "c"]);
    assert_eq!(second.next_token, None);
    let aborted = world
        .list_executions(list(Some("ABORTED"), None))
        .expect("a page");
    assert_eq!(names(&aborted), ["run"]);
    assert_eq!(
        code(world.list_executions(list(Some("ENDED"), None))),
        "ValidationException"
    );
    let foreign = world.list_executions(list(None, Some("x".to_owned())));
    assert_eq!(code(foreign), "InvalidToken");
    let everywhere = ListExecutionsRequest::default();
    assert_eq!(
        code(world.list_executions(everywhere)),
        "ValidationException"
    );
}

#[test]
fn a_history_is_read_in_pages_in_both_directions() {
    let mut world = hello(1);
    create(&mut world, &only(&json!({"Type": "Succeed"})));
    start(&mut world, "run", "{}").expect("started");
    for (reverse, expected) in [(false, [1, 2, 3, 4]), (true, [4, 3, 2, 1])] {
        let (mut ids, mut token) = (Vec::new(), None);
        loop {
            let request = GetExecutionHistoryRequest {
                execution_arn: RUN.to_owned(),
                max_results: Some(3),
                reverse_order: Some(reverse),
                next_token: token,
            };
            let page = world.get_execution_history(request).expect("a page");
            ids.extend(page.events.iter().map(|event| event.id));
            token = page.next_token;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(ids, expected);
    }
    let too_many = GetExecutionHistoryRequest {
        execution_arn: RUN.to_owned(),
        max_results: Some(1_001),
        ..GetExecutionHistoryRequest::default()
    };
    assert_eq!(
        code(world.get_execution_history(too_many)),
        "ValidationException"
    );
}

#[test]
fn a_redriven_task_begins_again_with_its_old_input() {
    let mut world = hello(1);
    let broken = Behaviour {
        error_rate: 1.0,
        ..Behaviour::default()
    };
    world.set_behaviour("hello", "1", broken).expect("exists");
    create(&mut world, &wait_and_invoke());
    start(&mut world, "run", r#"{"wait":20}"#).expect("started");
    assert_eq!(code(redrive(&mut world)), "ExecutionNotRedrivable");
    pass(&mut world, 20);
    let described = describe(&mut world, RUN);
    assert_eq!(described.redrive_status.as_deref(), Some("REDRIVABLE"));

    world
        .set_behaviour("hello", "1", Behaviour::default())
        .expect("exists");
    pass(&mut world, 100);
    redrive(&mut world).expect("it failed");
    let described = describe(&mut world, RUN);
    assert_eq!(described.status, "SUCCEEDED");
    assert_eq!(described.error, None);
    assert_eq!(described.redrive_count, Some(1));
    assert_eq!(described.redrive_date, Some(world.now()));
    assert_eq!(
        types(&mut world, RUN)[7..],
        [
            "ExecutionFailed",
            "ExecutionRedriven",
            "TaskScheduled",
            "TaskStarted",
            "TaskSucceeded",
            "TaskStateExited",
            "ExecutionSucceeded",
        ]
    );
    assert_eq!(code(redrive(&mut world)), "ExecutionNotRedrivable");
}

#[test]
fn a_redriven_wait_waits_anew() {
    let mut world = hello(1);
    create(&mut world, &wait());
    start(&mut world, "run", "{}").expect("started");
    pass(&mut world, 50);
    stop(&mut world).expect("it runs");
    redrive(&mut world).expect("it was stopped");
    pass(&mut world, 59);
    assert_eq!(status(&mut world, RUN), "RUNNING");
    pass(&mut world, 1);
    assert_eq!(status(&mut world, RUN), "SUCCEEDED");
}

#[test]
fn an_end_shows_late_where_that_is_asked_for() {
    let mut world = hello(1);
    create(&mut world, &wait());
    world.set_execution_lag(jiff::SignedDuration::from_secs(5));
    start(&mut world, "run", "{}").expect("it starts");
    stop(&mut world).expect("it stops");
    let shown = describe(&mut world, RUN);
    assert_eq!((shown.status.as_str(), shown.stop_date), ("RUNNING", None));
    pass(&mut world, 5);
    assert_eq!(status(&mut world, RUN), "ABORTED");
}
