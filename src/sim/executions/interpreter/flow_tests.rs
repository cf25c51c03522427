//! Every state but Task, the machine's limits and the history, by example.

use serde_json::json;

use super::bench::*;
use super::*;

#[test]
fn pass_makes_its_output_from_all_its_fields() {
    let input = json!({"a": {"b": 1}, "c": 2});
    for (fields, expected) in [
        (json!({}), json!({"a": {"b": 1}, "c": 2})),
        (json!({"Result": [1]}), json!([1])),
        (json!({"Result": null}), json!(null)),
        (
            json!({"Result": 3, "ResultPath": "$.a.d"}),
            json!({"a": {"b": 1, "d": 3}, "c": 2}),
        ),
        (
            json!({"Result": 3, "ResultPath": null}),
            json!({"a": {"b": 1}, "c": 2}),
        ),
        (json!({"InputPath": "$.a"}), json!({"b": 1})),
        (json!({"InputPath": null}), json!({})),
        (
            json!({"InputPath": "$.a", "ResultPath": "$.e"}),
            json!({"a": {"b": 1}, "c": 2, "e": {"b": 1}}),
        ),
        (json!({"InputPath": "$$.State.Name"}), json!("A")),
        (
            json!({"InputPath": "$.a", "Parameters": {"x.$": "$.b"}}),
            json!({"x": 1}),
        ),
        (json!({"OutputPath": "$.c"}), json!(2)),
        (json!({"OutputPath": null}), json!({})),
        (
            json!({"Result": 5, "ResultPath": "$.r", "OutputPath": "$.r"}),
            json!(5),
        ),
    ] {
        let mut state = json!({"Type": "Pass", "End": true});
        for (name, value) in fields.as_object().expect("fields") {
            state[name] = value.clone();
        }
        assert_eq!(output(&only(&state), &input), expected, "{fields}");
    }
}

#[test]
fn succeed_and_fail_end_the_execution() {
    let succeed = only(&json!({"Type": "Succeed", "OutputPath": "$.a"}));
    assert_eq!(output(&succeed, &json!({"a": 1})), json!(1));
    let fail = only(&json!({"Type": "Fail", "Error": "Regression", "Cause": "alarm"}));
    assert_eq!(
        failure(&fail, &json!({})),
        ("Regression".to_owned(), "alarm".to_owned())
    );
    let bare = Bench::new(&only(&json!({"Type": "Fail"})), &json!({})).end();
    assert_eq!(
        bare,
        Outcome::Failed {
            error: None,
            cause: None
        }
    );
}

#[test]
fn choice_takes_the_first_rule_that_holds() {
    let definition = json!({"StartAt": "C", "States": {
        "C": {"Type": "Choice", "InputPath": "$.in", "OutputPath": "$.n", "Default": "Default", "Choices": [
            {"Variable": "$.n", "NumericGreaterThan": 10, "Next": "Ten"},
            {"Variable": "$.n", "NumericGreaterThan": 5, "Next": "Five"},
        ]},
        "Ten": {"Type": "Pass", "Parameters": {"ten.$": "$"}, "End": true},
        "Five": {"Type": "Pass", "Parameters": {"five.$": "$"}, "End": true},
        "Default": {"Type": "Pass", "Parameters": {"default.$": "$"}, "End": true},
    }});
    for (n, expected) in [
        (11, json!({"ten": 11})),
        (6, json!({"five": 6})),
        (1, json!({"default": 1})),
    ] {
        assert_eq!(output(&definition, &json!({"in": {"n": n}})), expected);
    }
}

#[test]
fn a_choice_that_fits_nothing_fails_the_execution() {
    let definition = json!({"StartAt": "C", "States": {
        "C": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "End"}]},
        "End": {"Type": "Succeed"},
    }});
    assert_eq!(
        failure(&definition, &json!({"n": 2})).0,
        "States.NoChoiceMatched"
    );
    let (error, cause) = failure(&definition, &json!({}));
    assert_eq!(error, "States.Runtime");
    assert_eq!(
        cause,
        "An error occurred while executing the state 'C' (entered at the event id #2). \
         Invalid path '$.n': The choice state's condition path references an invalid value."
    );
}

#[test]
fn wait_lets_time_pass_in_four_ways() {
    for (field, value, seconds) in [
        ("Seconds", json!(15), 15),
        ("Seconds", json!(0), 0),
        ("SecondsPath", json!("$.wait"), 20),
        ("Timestamp", json!("2026-11-21T05:52:00Z"), 60),
        ("TimestampPath", json!("$.until"), 90),
        ("Timestamp", json!("2026-11-20T05:52:00Z"), 0),
    ] {
        let definition = only(&json!({"Type": "Wait", field: value, "End": true}));
        let input = json!({"wait": 20, "until": "2026-11-21T06:52:30+01:00"});
        let mut bench = Bench::new(&definition, &input);
        assert_eq!(bench.end(), Outcome::Succeeded(input.to_string()));
        assert_eq!(bench.seconds(), seconds, "{field} {value}");
    }
}

#[test]
fn a_wait_without_a_time_is_a_runtime_error() {
    for (field, input) in [
        ("SecondsPath", json!({"x": "15"})),
        ("SecondsPath", json!({"x": -1})),
        ("SecondsPath", json!({"x": 1.5})),
        ("SecondsPath", json!({})),
        ("TimestampPath", json!({"x": 15})),
        ("TimestampPath", json!({"x": "tomorrow"})),
    ] {
        let definition = only(&json!({"Type": "Wait", field: "$.x", "End": true}));
        assert_eq!(
            failure(&definition, &input).0,
            "States.Runtime",
            "{field} {input}"
        );
    }
}

#[test]
fn the_longest_wait_is_not_beyond_the_end_of_time() {
    let definition = only(&json!({"Type": "Wait", "SecondsPath": "$.x", "End": true}));
    let mut bench = Bench::new(&definition, &json!({"x": i64::MAX}));
    assert!(matches!(bench.go(), Move::Rest(Some(wake)) if wake == Timestamp::MAX));
}

#[test]
fn the_machines_own_time_ends_anything() {
    for state in [
        json!({"Type": "Wait", "Seconds": 60, "End": true}),
        task(&json!({}))["States"]["A"].clone(),
    ] {
        let mut definition = only(&state);
        definition["TimeoutSeconds"] = json!(30);
        let mut bench = Bench::new(&definition, &json!({}));
        if state["Type"] == "Task" {
            bench.task();
        }
        assert_eq!(bench.end(), Outcome::TimedOut);
        assert_eq!(bench.seconds(), 30);
        assert_eq!(bench.types().last(), Some(&"ExecutionTimedOut"));
    }
}

#[test]
fn a_loop_ends_with_its_last_event() {
    let definition = json!({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "A"}}});
    let mut bench = Bench::new(&definition, &json!({}));
    let (error, cause) = failed(&bench.end());
    assert_eq!(error, "States.Runtime");
    assert!(cause.contains("(25000)"), "{cause}");
    let events = bench.run.history().events();
    assert_eq!(events.len(), LIMIT);
    assert!(events.iter().zip(1..).all(|(event, id)| event.id == id));
    assert_eq!(bench.types().last(), Some(&"ExecutionFailed"));
}

#[test]
fn a_good_run_has_the_history_of_a_good_run() {
    let definition = json!({"StartAt": "Tick", "States": {
        "Tick": {"Type": "Task", "Resource": INVOKE, "Parameters": {"FunctionName": "f"}, "OutputPath": "$.Payload", "TimeoutSeconds": 9, "Next": "Next"},
        "Next": {"Type": "Choice", "Choices": [{"Variable": "$.next", "StringEquals": "wait", "Next": "Wait"}]},
        "Wait": {"Type": "Wait", "SecondsPath": "$.wait", "Next": "Done"},
        "Done": {"Type": "Succeed"},
    }});
    let mut bench = Bench::new(&definition, &json!({"k": 1}));
    let (number, _) = bench.task();
    bench.succeed(number, &json!({"next": "wait", "wait": 15}));
    bench.end();
    assert_eq!(
        bench.types(),
        [
            "ExecutionStarted",
            "TaskStateEntered",
            "TaskScheduled",
            "TaskStarted",
            "TaskSucceeded",
            "TaskStateExited",
            "ChoiceStateEntered",
            "ChoiceStateExited",
            "WaitStateEntered",
            "WaitStateExited",
            "SucceedStateEntered",
            "SucceedStateExited",
            "ExecutionSucceeded",
        ]
    );
    let events = serde_json::to_value(bench.run.history().events()).expect("JSON");
    assert_eq!(
        events[1],
        json!({
            "timestamp": START, "type": "TaskStateEntered", "id": 2, "previousEventId": 0,
            "stateEnteredEventDetails": {"name": "Tick", "input": r#"{"k":1}"#, "inputDetails": {"truncated": false}},
        })
    );
    assert_eq!(
        events[2]["taskScheduledEventDetails"],
        json!({
            "resourceType": "lambda", "resource": "invoke", "region": "us-east-1",
            "parameters": r#"{"FunctionName":"f"}"#, "timeoutInSeconds": 9,
        })
    );
    assert_eq!(
        events[5]["stateExitedEventDetails"]["output"],
        json!(r#"{"next":"wait","wait":15}"#)
    );
    assert_eq!(events[9]["timestamp"], json!("2026-11-21T05:51:15Z"));
    assert_eq!(events[12]["previousEventId"], json!(12));
    assert_eq!(
        events[12]["executionSucceededEventDetails"]["output"],
        json!(r#"{"next":"wait","wait":15}"#)
    );
}

#[test]
fn a_function_by_its_arn_has_events_of_its_own() {
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:f";
    let definition = only(
        &json!({"Type": "Task", "Resource": arn, "End": true, "Retry": [{"ErrorEquals": ["E"]}]}),
    );
    let mut bench = Bench::new(&definition, &json!({"k": 1}));
    let (number, request) = bench.task();
    assert_eq!(request.function_name, arn);
    bench.err(number, "E");
    let (number, _) = bench.task();
    bench.succeed(number, &json!(3));
    assert_eq!(bench.end(), Outcome::Succeeded("3".to_owned()));
    assert_eq!(
        bench.types()[1..],
        [
            "TaskStateEntered",
            "LambdaFunctionScheduled",
            "LambdaFunctionStarted",
            "LambdaFunctionFailed",
            "LambdaFunctionScheduled",
            "LambdaFunctionStarted",
            "LambdaFunctionSucceeded",
            "TaskStateExited",
            "ExecutionSucceeded",
        ]
    );
}
