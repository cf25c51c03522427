//! A world with state machines, for the tests of this service.

use serde_json::{Value, json};

use super::wire::{
    CreateStateMachineRequest, DescribeExecutionRequest, DescribeExecutionResponse,
    GetExecutionHistoryRequest, StartExecutionRequest,
};
use crate::sim::errors::AwsError;
use crate::sim::world::World;

pub const ROLE: &str = "arn:aws:iam::000000000000:role/rollout";
pub const MACHINE: &str = "arn:aws:states:us-east-1:000000000000:stateMachine:rollout";
pub const RUN: &str = "arn:aws:states:us-east-1:000000000000:execution:rollout:run";

/// A machine of one state, `A`.
pub fn only(state: &Value) -> Value {
    json!({"StartAt": "A", "States": {"A": state}})
}

/// Waits for a minute.
pub fn wait() -> Value {
    only(&json!({"Type": "Wait", "Seconds": 60, "End": true}))
}

/// Invokes `hello`, and waits before that as long as the input says.
pub fn wait_and_invoke() -> Value {
    json!({"StartAt": "Wait", "States": {
        "Wait": {"Type": "Wait", "SecondsPath": "$.wait", "Next": "A"},
        "A": {
            "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true,
            "Parameters": {"FunctionName": "hello", "Qualifier": "1", "Payload.$": "$"}, "OutputPath": "$.Payload",
        },
    }})
}

/// Creates the machine `rollout`.
pub fn create(world: &mut World, definition: &Value) {
    let request = CreateStateMachineRequest {
        name: "rollout".to_owned(),
        definition: definition.to_string(),
        role_arn: ROLE.to_owned(),
        ..CreateStateMachineRequest::default()
    };
    let created = world.create_state_machine(request).expect("a definition");
    assert_eq!(created.state_machine_arn, MACHINE);
}

/// Starts an execution of `rollout`.
pub fn start(world: &mut World, name: &str, input: &str) -> Result<String, AwsError> {
    let request = StartExecutionRequest {
        state_machine_arn: MACHINE.to_owned(),
        name: Some(name.to_owned()),
        input: Some(input.to_owned()),
        ..StartExecutionRequest::default()
    };
    let started = world.start_execution(request)?;
    Ok(started.execution_arn)
}

pub fn describe(world: &mut World, arn: &str) -> DescribeExecutionResponse {
    let request = DescribeExecutionRequest {
        execution_arn: arn.to_owned(),
    };
    world.describe_execution(request).expect("it exists")
}

pub fn status(world: &mut World, arn: &str) -> String {
    describe(world, arn).status
}

/// The types of its first thousand events.
pub fn types(world: &mut World, arn: &str) -> Vec<String> {
    let request = GetExecutionHistoryRequest {
        execution_arn: arn.to_owned(),
        max_results: Some(1_000),
        ..GetExecutionHistoryRequest::default()
    };
    let history = world.get_execution_history(request).expect("it exists");
    history
        .events
        .into_iter()
        .map(|event| event.r#type)
        .collect()
}
