//! Whatever JSON comes as a definition: it is refused or it runs, and time goes on.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::rehearsal::{MACHINE, ROLE};
use super::wire::{CreateStateMachineRequest, StartExecutionRequest};
use crate::sim::fixture::{hello, pass};

/// JSON made of words that definitions are made of.
fn any_json() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "$",
        "$.a",
        "$.a[0]",
        "$$.State.Name",
        "$$",
        "$..",
        "A",
        "B",
        "Task",
        "Choice",
        "Wait",
        "Pass",
        "Succeed",
        "Fail",
        "Map",
        "States.ALL",
        "States.Runtime",
        "arn:aws:states:::lambda:invoke",
        "hello",
        "",
        "arn:aws:lambda:us-east-1:000000000000:function:hello",
        "2026-11-21T05:52:00Z",
        "FULL",
    ]);
    let number = prop_oneof![
        Just(json!(0)),
        Just(json!(1)),
        any::<i64>().prop_map(|n| json!(n)),
        any::<f64>().prop_map(|n| json!(n))
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        number,
        word.prop_map(|word| json!(word)),
    ];
    let name = prop::sample::select(vec![
        "Type",
        "Next",
        "End",
        "Default",
        "Choices",
        "Variable",
        "And",
        "Not",
        "IsPresent",
        "StringEquals",
        "Seconds",
        "SecondsPath",
        "Timestamp",
        "Resource",
        "Parameters",
        "FunctionName",
        "Payload.$",
        "a",
        "a.$",
        "Retry",
        "Catch",
        "ErrorEquals",
        "IntervalSeconds",
        "BackoffRate",
        "MaxAttempts",
        "InputPath",
        "ResultPath",
        "OutputPath",
        "Result",
        "ResultSelector",
        "TimeoutSeconds",
        "StartAt",
        "States",
        "A",
        "B",
    ]);
    leaf.prop_recursive(5, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((name.clone(), inner), 0..6).prop_map(|members| {
                let members = members
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value));
                Value::Object(members.collect::<Map<_, _>>())
            }),
        ]
    })
}

/// A definition that runs, with one of everything.
fn good() -> Value {
    json!({"StartAt": "A", "TimeoutSeconds": 500, "States": {
        "A": {
            "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "TimeoutSeconds": 5,
            "Parameters": {"FunctionName": "hello", "Payload": {"at.$": "$$.State.EnteredTime", "all.$": "$"}},
            "ResultSelector": {"code.$": "$.StatusCode"}, "ResultPath": "$.a", "OutputPath": "$",
            "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "BackoffRate": 1.5, "MaxAttempts": 3, "JitterStrategy": "FULL"}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "D"}],
            "Next": "B",
        },
        "B": {"Type": "Choice", "Choices": [
            {"And": [{"Variable": "$.a.code", "IsPresent": true}, {"Variable": "$.a.code", "NumericEquals": 200}], "Next": "C"},
            {"Not": {"Variable": "$.a", "IsPresent": true}, "Next": "D"},
        ], "Default": "D"},
        "C": {"Type": "Wait", "Seconds": 1, "Next": "E"},
        "D": {"Type": "Fail", "Error": "E", "Cause": "c"},
        "E": {"Type": "Pass", "Result": {"a": {"code": 1}}, "ResultPath": "$.a", "Next": "F"},
        "F": {"Type": "Succeed", "InputPath": "$.a"},
    }})
}

/// Every place in a document, as JSON pointers.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                places(value, &format!("{at}/{name}"), found);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                places(value, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// Runs the definition for ten minutes, if it is one. Answers the execution's status.
fn run(definition: &Value, input: &Value) -> Option<String> {
    let mut world = hello(1);
    let request = CreateStateMachineRequest {
        name: "rollout".to_owned(),
        definition: definition.to_string(),
        role_arn: ROLE.to_owned(),
        ..CreateStateMachineRequest::default()
    };
    match world.create_state_machine(request) {
        Ok(_) => {}
        Err(error) => {
            assert_eq!(error.code, "InvalidDefinition", "{error}");
            return None;
        }
    }
    let request = StartExecutionRequest {
        state_machine_arn: MACHINE.to_owned(),
        input: Some(input.to_string()),
        ..StartExecutionRequest::default()
    };
    let started = world.start_execution(request).expect("a good input");
    pass(&mut world, 600);
    let due = world.executions.next_due();
    assert!(
        due.is_none_or(|due| due > world.now().as_second()),
        "time goes on"
    );
    let execution = world
        .executions
        .execution(&started.execution_arn)
        .expect("started");
    let waits = execution.ended.is_some() || due.is_some();
    assert!(waits, "it ends or has something to wait for");
    Some(execution.status().to_owned())
}

#[test]
fn the_good_definition_is_good() {
    assert_eq!(run(&good(), &json!({})).as_deref(), Some("SUCCEEDED"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_json_is_refused_or_runs(definition in any_json(), state in any_json(), input in any_json()) {
        run(&definition, &input);
        run(&json!({"StartAt": "A", "States": {"A": state}}), &input);
    }

    #[test]
    fn a_good_definition_with_anything_in_one_place_is_refused_or_runs(
        place in any::<prop::sample::Index>(),
        replacement in any_json(),
        input in any_json(),
    ) {
        let mut definition = good();
        let mut found = Vec::new();
        places(&definition, "", &mut found);
        let place: &String = place.get(&found);
        *definition.pointer_mut(place).expect("a place") = replacement;
        run(&definition, &input);
    }
}
