//! Executions in the world: which runs when, what its steps ask for, and the events of its status.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Execution;
use super::history::Outcome;
use super::interpreter::Move;
use crate::sim::errors::AwsError;
use crate::sim::events;
use crate::sim::invocations;
use crate::sim::lambda::InvokeResponse;
use crate::sim::world::World;

/// So many steps an execution takes within a second at most: one that loops without waiting must
/// not stop the time for all others.
const STEPS: u32 = 1_000;

/// AWS leaves input and output out of an event that they would make larger than this.
const EVENT_DATA: usize = 248 * 1_024;

/// Lets every execution go on that is due at this second.
pub(in crate::sim) fn run_due(world: &mut World, second: i64) {
    while let Some((due, arn)) = world.executions.due.first().cloned() {
        if due > second {
            return;
        }
        world.executions.set_due(&arn, None);
        run(world, &arn);
    }
}

/// A task's invocation has ended. The execution goes on at once; if it has ended, or does not wait
/// for that task any more, nothing happens.
pub(in crate::sim) fn task_ended(
    world: &mut World,
    execution: &str,
    task: u64,
    result: Result<InvokeResponse, AwsError>,
) {
    if let Some(waiting) = world.executions.executions.get_mut(execution) {
        waiting.run.hear(task, result);
        run(world, execution);
    }
}

/// Takes the execution as far as it goes now.
pub(super) fn run(world: &mut World, arn: &str) {
    match world.executions.executions.get_mut(arn) {
        // The call further up takes the next step as soon as this one returns.
        Some(execution) if execution.is_busy => return,
        Some(execution) => execution.is_busy = true,
        None => return,
    }
    let due = advance(world, arn);
    world.executions.set_due(arn, due);
    if let Some(execution) = world.executions.executions.get_mut(arn) {
        execution.is_busy = false;
    }
}

/// Step after step; answers the second in which there is more to do.
fn advance(world: &mut World, arn: &str) -> Option<i64> {
    let now = world.now;
    let second = now.as_second();
    loop {
        let execution = world.executions.executions.get_mut(arn)?;
        if execution.steps.0 != second {
            execution.steps = (second, 0);
        }
        if execution.steps.1 >= STEPS {
            return Some(second + 1);
        }
        execution.steps.1 += 1;
        let definition = &execution.definition;
        match execution.run.step(definition, now, &mut execution.jitter) {
            Move::On => {}
            Move::Invoke(task, request) => {
                invocations::invoke_for_task(world, arn, task, request);
            }
            Move::Rest(wake) => return wake.map(ceiling),
            Move::End(outcome) => {
                execution.ended = Some((now, outcome));
                announce(world, arn);
                return None;
            }
        }
    }
}

/// Ends a running execution from outside; answers when it ended.
pub(super) fn abort(
    world: &mut World,
    arn: &str,
    error: Option<String>,
    cause: Option<String>,
) -> Option<Timestamp> {
    let now = world.now;
    let execution = world.executions.executions.get_mut(arn)?;
    if let Some((at, _)) = execution.ended {
        return Some(at);
    }
    let outcome = Outcome::Aborted { error, cause };
    execution.run.stop(&outcome, now);
    execution.ended = Some((now, outcome));
    world.executions.set_due(arn, None);
    announce(world, arn);
    Some(now)
}

/// Sends the event of the execution's status.
pub(super) fn announce(world: &mut World, arn: &str) {
    if let Some(execution) = world.executions.executions.get(arn) {
        let detail = status_change(arn, execution);
        let kind = "Step Functions Execution Status Change";
        events::emit(world, "aws.states", kind, vec![arn.to_owned()], detail);
    }
}

/// The detail of that event.
pub(super) fn status_change(arn: &str, execution: &Execution) -> Value {
    let milliseconds = |at: Timestamp| at.as_millisecond();
    let (error, cause) = execution.error();
    let output = execution.output();
    let included = execution.input.len() + output.map_or(0, String::len) <= EVENT_DATA;
    json!({
        "executionArn": arn,
        "stateMachineArn": execution.machine,
        "name": execution.name,
        "status": execution.status(),
        "startDate": milliseconds(execution.started),
        "stopDate": execution.stopped().map(milliseconds),
        "input": included.then_some(&execution.input),
        "inputDetails": {"included": included},
        "output": output.filter(|_| included),
        "outputDetails": output.map(|_| json!({"included": included})),
        "error": error,
        "cause": cause,
        "redriveCount": execution.run.redrives(),
        "redriveDate": execution.redriven.map(milliseconds),
    })
}

/// The first whole second that is not before that moment.
fn ceiling(at: Timestamp) -> i64 {
    at.as_second() + i64::from(at.subsec_nanosecond() > 0)
}
