//! Definitions that are understood, and those that are refused with the state and field by name.

use serde_json::json;

use super::*;

/// A machine with one more state than it needs, so that each test changes one thing.
fn machine(state: Value) -> Value {
    json!({"StartAt": "A", "States": {"A": state, "B": {"Type": "Succeed"}}})
}

fn refused(definition: &Value) -> String {
    Definition::parse(&definition.to_string())
        .expect_err("refused")
        .to_string()
}

#[test]
fn a_definition_with_everything_is_understood() {
    let definition = json!({
        "Comment": "all of it", "Version": "1.0", "QueryLanguage": "JSONPath", "TimeoutSeconds": 60, "StartAt": "Task",
        "States": {
            "Task": {
                "Type": "Task", "Comment": "c", "Resource": "arn:aws-cn:states:::lambda:invoke",
                "InputPath": "$.a", "OutputPath": null, "ResultPath": "$.r", "TimeoutSeconds": 5,
                "Parameters": {"FunctionName": "f", "Payload.$": "$", "Qualifier": "1", "InvocationType": "Event"},
                "ResultSelector": {"x.$": "$.Payload"},
                "Retry": [{"ErrorEquals": ["E"], "IntervalSeconds": 1, "BackoffRate": 1.5, "MaxAttempts": 9, "MaxDelaySeconds": 3, "JitterStrategy": "FULL"}],
                "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": null, "Next": "Fail"}],
                "Next": "Plain",
            },
            "Plain": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:f:live", "Next": "Choice"},
            "Choice": {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsPresent": true, "Next": "Wait"}], "Default": "Pass"},
            "Wait": {"Type": "Wait", "SecondsPath": "$.s", "Next": "Until"},
            "Until": {"Type": "Wait", "Timestamp": "2026-11-21T05:51:00+01:00", "Next": "Pass"},
            "Pass": {"Type": "Pass", "Result": null, "ResultPath": "$.p", "Next": "Succeed"},
            "Succeed": {"Type": "Succeed"},
            "Fail": {"Type": "Fail", "Error": "E", "Cause": "c"},
        },
    });
    let definition = Definition::parse(&definition.to_string()).expect("understood");
    assert_eq!(definition.states.len(), 8);
    assert_eq!(definition.timeout, Some(60));
    let task = &definition.states["Task"];
    assert_eq!(task.output_path, None);
    let Kind::Task(task) = &task.kind else {
        panic!("a task")
    };
    assert_eq!(task.resource, Resource::Invoke);
    assert_eq!(task.catch[0].result_path, None);
}

#[test]
fn unknown_states_and_fields_are_refused_by_name() {
    for (state, part) in [
        (
            json!({"Type": "Map", "Next": "B"}),
            "State type 'Map' is not supported at /States/A/Type",
        ),
        (
            json!({"Type": "Parallel", "Next": "B"}),
            "State type 'Parallel' is not supported",
        ),
        (json!({"Next": "B"}), "Missing field 'Type' at /States/A"),
        (
            json!({"Type": "Pass", "Next": "B", "Assign": {}}),
            "Field 'Assign' is not supported in a Pass state at /States/A/Assign",
        ),
        (
            json!({"Type": "Succeed", "Output": {}}),
            "Field 'Output' is not supported in a Succeed state",
        ),
        (
            json!({"Type": "Fail", "CausePath": "$.a"}),
            "Field 'CausePath' is not supported in a Fail state",
        ),
        (
            json!({"Type": "Pass", "QueryLanguage": "JSONata", "End": true}),
            "'JSONata' is not supported, only JSONPath is at /States/A/QueryLanguage",
        ),
        (
            json!({"Type": "Wait", "Next": "B"}),
            "exactly one of Seconds, SecondsPath",
        ),
        (
            json!({"Type": "Wait", "Seconds": 1, "SecondsPath": "$.a", "Next": "B"}),
            "exactly one of",
        ),
        (
            json!({"Type": "Wait", "Seconds": -1, "Next": "B"}),
            "from 0 to 99999999 at /States/A/Seconds",
        ),
        (
            json!({"Type": "Wait", "Timestamp": "soon", "Next": "B"}),
            "RFC 3339",
        ),
        (json!({"Type": "Pass"}), "either 'Next' or"),
        (
            json!({"Type": "Pass", "Next": "B", "End": true}),
            "either 'Next' or",
        ),
        (json!({"Type": "Pass", "End": false}), "either 'Next' or"),
        (
            json!({"Type": "Pass", "InputPath": "$.a[*]", "Next": "B"}),
            "Invalid path '$.a[*]'",
        ),
        (
            json!({"Type": "Pass", "ResultPath": "$$.State", "Next": "B"}),
            "context object cannot be changed at /States/A/ResultPath",
        ),
        (
            json!({"Type": "Choice", "Choices": [], "Default": "B"}),
            "must be a list with an item at /States/A/Choices",
        ),
        (
            json!({"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": true}]}),
            "Missing field 'Next' at /States/A/Choices[0]",
        ),
        (json!("Pass"), "Expected an object at /States/A"),
    ] {
        let message = refused(&machine(state.clone()));
        assert!(message.contains(part), "{state}: {message}");
    }
}

#[test]
fn tasks_other_than_lambda_are_refused_by_name() {
    let task = |resource: &str, parameters: Value| json!({"Type": "Task", "Resource": resource, "Parameters": parameters, "Next": "B"});
    let invoke = "arn:aws:states:::lambda:invoke";
    for (state, part) in [
        (
            task("arn:aws:states:::sns:publish", json!({})),
            "'arn:aws:states:::sns:publish' is not supported at /States/A/Resource",
        ),
        (
            task("arn:aws:states:::lambda:invoke.waitForTaskToken", json!({})),
            "waitForTaskToken' is not supported",
        ),
        (
            task(
                "arn:aws:states:us-east-1:000000000000:activity:a",
                json!({}),
            ),
            "is not supported",
        ),
        (
            task(invoke, json!({"Payload": 1})),
            "'FunctionName' is required",
        ),
        (
            task(invoke, json!({"FunctionName": "f", "Shoe": 1})),
            "'Shoe' is not supported by lambda:invoke",
        ),
        (
            json!({"Type": "Task", "Resource": invoke, "End": true}),
            "'FunctionName' is required",
        ),
        (
            json!({"Type": "Task", "Resource": invoke, "HeartbeatSeconds": 5, "End": true}),
            "'HeartbeatSeconds' is not supported in a Task state",
        ),
    ] {
        let message = refused(&machine(state.clone()));
        assert!(message.contains(part), "{state}: {message}");
    }
}

#[test]
fn every_named_state_exists_and_is_reached() {
    let nowhere = machine(json!({"Type": "Pass", "Next": "C"}));
    assert_eq!(
        refused(&nowhere),
        "MISSING_TRANSITION_TARGET: Missing 'Next' target: C at /States/A/Next"
    );
    let caught = machine(json!({
        "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:f",
        "Catch": [{"ErrorEquals": ["E"], "Next": "C"}], "Next": "B",
    }));
    assert!(refused(&caught).ends_with("at /States/A/Catch[0]/Next"));
    let unreached = machine(json!({"Type": "Pass", "End": true}));
    assert_eq!(
        refused(&unreached),
        "MISSING_TRANSITION_TARGET: State \"B\" is not reachable. at /States/B"
    );
    let start = json!({"StartAt": "X", "States": {"B": {"Type": "Succeed"}}});
    assert!(refused(&start).ends_with("Missing 'StartAt' target: X at /StartAt"));
}

#[test]
fn the_machine_itself_is_checked() {
    let with = |name: &str, value: Value| {
        let mut definition = machine(json!({"Type": "Pass", "Next": "B"}));
        definition[name] = value;
        refused(&definition)
    };
    assert!(
        with("ProcessorConfig", json!({}))
            .contains("'ProcessorConfig' is not supported in a state machine")
    );
    assert!(with("Version", json!("2.0")).contains("at /Version"));
    assert!(with("TimeoutSeconds", json!(0)).contains("at /TimeoutSeconds"));
    assert!(with("QueryLanguage", json!("JSONata")).contains("at /QueryLanguage"));
    assert!(with("States", json!([])).contains("Expected an object at /States"));
    assert!(refused(&json!({"States": {}})).contains("Missing field 'StartAt'"));
    for text in ["", "{", "[]", "1", &"[".repeat(10_000)] {
        assert!(Definition::parse(text).is_err());
    }
}
