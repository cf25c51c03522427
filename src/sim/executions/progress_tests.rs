//! Executions as time passes: who runs when, answers that come late, loops that never wait.

use jiff::SignedDuration;
use serde_json::json;

use super::interpreter::Move;
use super::progress::{status_change, task_ended};
use super::rehearsal::{RUN, create, describe, only, start, status, types, wait, wait_and_invoke};
use super::wire::StopExecutionRequest;
use crate::sim::errors::AwsError;
use crate::sim::fixture::{hello, pass};
use crate::sim::lambda::InvokeResponse;
use crate::sim::world::World;

/// An execution whose function has been invoked as task 1 and has not answered.
fn unanswered() -> World {
    let mut world = hello(1);
    create(&mut world, &wait_and_invoke());
    start(&mut world, "run", r#"{"wait":5}"#).expect("started");
    let then = world.now + SignedDuration::from_secs(5);
    world.executions.set_due(RUN, None);
    let execution = world.executions.executions.get_mut(RUN).expect("started");
    loop {
        let next = execution
            .run
            .step(&execution.definition, then, &mut execution.jitter);
        if matches!(next, Move::Invoke(1, _)) {
            break;
        }
    }
    pass(&mut world, 5);
    assert_eq!(status(&mut world, RUN), "RUNNING");
    world
}

fn answer(payload: &str) -> Result<InvokeResponse, AwsError> {
    Ok(InvokeResponse {
        status_code: 200,
        payload: Some(payload.to_owned()),
        ..InvokeResponse::default()
    })
}

#[test]
fn an_answer_that_comes_later_goes_on_at_once() {
    let mut world = unanswered();
    pass(&mut world, 30);
    task_ended(&mut world, RUN, 2, answer("\"another task\""));
    assert_eq!(status(&mut world, RUN), "RUNNING");
    task_ended(&mut world, RUN, 1, answer("\"late\""));
    let described = describe(&mut world, RUN);
    assert_eq!(described.status, "SUCCEEDED");
    assert_eq!(described.output.as_deref(), Some("\"late\""));
    assert_eq!(described.stop_date, Some(world.now()));

    let history = types(&mut world, RUN);
    task_ended(&mut world, RUN, 1, answer("\"twice\""));
    task_ended(&mut world, "nobody", 1, answer("1"));
    pass(&mut world, 60);
    assert_eq!(types(&mut world, RUN), history);
    assert_eq!(describe(&mut world, RUN), described);
}

#[test]
fn an_answer_after_a_stop_is_ignored() {
    let mut world = unanswered();
    let request = StopExecutionRequest {
        execution_arn: RUN.to_owned(),
        ..StopExecutionRequest::default()
    };
    world.stop_execution(request).expect("it runs");
    task_ended(&mut world, RUN, 1, answer("1"));
    assert_eq!(status(&mut world, RUN), "ABORTED");
    assert_eq!(
        types(&mut world, RUN).last().map(String::as_str),
        Some("ExecutionAborted")
    );
    assert_eq!(types(&mut world, RUN).len(), 7);
}

#[test]
fn an_execution_is_due_at_the_end_of_its_wait_and_not_before() {
    let mut world = hello(1);
    world.advance_to(world.now() + SignedDuration::from_millis(300));
    create(&mut world, &wait());
    assert_eq!(world.executions.next_due(), None);
    start(&mut world, "run", "{}").expect("started");
    let begun = world.now().as_second();
    assert_eq!(world.executions.next_due(), Some(begun + 61), "never early");
    pass(&mut world, 61);
    assert_eq!(status(&mut world, RUN), "SUCCEEDED");
    assert_eq!(world.executions.next_due(), None);
}

#[test]
fn waits_of_no_length_take_no_time() {
    let mut world = hello(1);
    create(&mut world, &wait_and_invoke());
    start(&mut world, "run", r#"{"wait":0}"#).expect("started");
    let described = describe(&mut world, RUN);
    assert_eq!(described.stop_date, Some(described.start_date));
}

#[test]
fn steps_make_no_difference_to_what_happens() {
    let history = |steps: i64| {
        let mut world = hello(1);
        create(&mut world, &wait_and_invoke());
        for (name, wait) in [("a", 40), ("run", 30), ("b", 20)] {
            start(&mut world, name, &json!({ "wait": wait }).to_string()).expect("started");
        }
        for _ in 0..60 / steps {
            pass(&mut world, steps);
        }
        let run = world.executions.execution(RUN).expect("started");
        (
            run.run.history().events().to_vec(),
            describe(&mut world, RUN),
        )
    };
    assert_eq!(history(60), history(1));
}

#[test]
fn a_loop_without_a_wait_does_not_stop_the_time() {
    let mut world = hello(1);
    create(&mut world, &only(&json!({"Type": "Pass", "Next": "A"})));
    start(&mut world, "run", "{}").expect("started");
    assert_eq!(
        status(&mut world, RUN),
        "RUNNING",
        "its steps of this second are spent"
    );
    let begun = world.now().as_second();
    assert_eq!(world.executions.next_due(), Some(begun + 1));
    pass(&mut world, 5);
    assert_eq!(status(&mut world, RUN), "RUNNING");
    pass(&mut world, 60);
    let described = describe(&mut world, RUN);
    assert_eq!(described.status, "FAILED", "25,000 events are the end");
    assert_eq!(described.redrive_status.as_deref(), Some("NOT_REDRIVABLE"));
}

#[test]
fn the_event_of_a_status_says_what_a_rule_needs() {
    let mut world = unanswered();
    let detail =
        |world: &World| status_change(RUN, world.executions.execution(RUN).expect("started"));
    let started = crate::sim::fixture::start().as_millisecond();
    let mut expected = json!({
        "executionArn": RUN, "stateMachineArn": super::rehearsal::MACHINE, "name": "run", "status": "RUNNING",
        "startDate": started, "stopDate": null, "input": r#"{"wait":5}"#, "inputDetails": {"included": true},
        "output": null, "outputDetails": null, "error": null, "cause": null, "redriveCount": 0, "redriveDate": null,
    });
    assert_eq!(detail(&world), expected);
    let gone = AwsError::lambda("ResourceNotFoundException", 404, "Function not found");
    task_ended(&mut world, RUN, 1, Err(gone));
    expected["status"] = json!("FAILED");
    expected["stopDate"] = json!(started + 5_000);
    expected["error"] = json!("Lambda.ResourceNotFoundException");
    expected["cause"] = json!("Function not found (Service: Lambda, Status Code: 404)");
    assert_eq!(detail(&world), expected);
}
