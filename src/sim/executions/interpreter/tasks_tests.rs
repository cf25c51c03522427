//! Task states by example: data, time, retries, catchers, limits.

use serde_json::{Value, json};

use super::bench::*;
use super::*;

#[test]
fn task_selects_and_places_its_result() {
    let definition = task(&json!({
        "InputPath": "$.in", "ResultSelector": {"got.$": "$.Payload.x", "by.$": "$.ExecutedVersion"},
        "ResultPath": "$.result", "OutputPath": "$.result",
    }));
    let mut bench = Bench::new(&definition, &json!({"in": {"a": 1}}));
    let (number, request) = bench.task();
    assert_eq!(request.function_name, "f");
    assert_eq!(request.payload.as_deref(), Some(r#"{"a":1}"#));
    assert!(
        matches!(bench.go(), Move::Rest(None)),
        "it waits for the function"
    );
    bench.succeed(number, &json!({"x": 7}));
    assert_eq!(
        bench.end(),
        Outcome::Succeeded(r#"{"by":"1","got":7}"#.to_owned())
    );
}

#[test]
fn the_context_says_where_and_when() {
    let definition = task(&json!({
        "Parameters": {"FunctionName": "f", "Payload": {
            "at.$": "$$.State.EnteredTime", "state.$": "$$.State.Name", "retries.$": "$$.State.RetryCount",
            "execution.$": "$$.Execution.Name", "start.$": "$$.Execution.StartTime", "input.$": "$$.Execution.Input.k",
            "id.$": "$$.Execution.Id", "machine.$": "$$.StateMachine.Name", "arn.$": "$$.StateMachine.Id",
        }},
        "Retry": [{"ErrorEquals": ["E"], "IntervalSeconds": 30}],
    }));
    let mut bench = Bench::new(&definition, &json!({"k": "v"}));
    let mut expected = json!({
        "at": "2026-11-21T05:51:00.000Z", "state": "A", "retries": 0, "execution": "run",
        "start": "2026-11-21T05:51:00.000Z", "input": "v", "machine": "rollout",
        "id": "arn:aws:states:us-east-1:000000000000:execution:rollout:run",
        "arn": "arn:aws:states:us-east-1:000000000000:stateMachine:rollout",
    });
    let (number, request) = bench.task();
    assert_eq!(request.payload, Some(expected.to_string()));
    bench.err(number, "E");
    let (_, request) = bench.task();
    expected["retries"] = json!(1);
    assert_eq!(
        request.payload,
        Some(expected.to_string()),
        "a retry keeps the time of entry"
    );
    assert_eq!(bench.seconds(), 30);
}

#[test]
fn retries_come_at_their_times_and_each_retrier_counts_for_itself() {
    let definition = task(&json!({
        "Retry": [
            {"ErrorEquals": ["A", "B"], "IntervalSeconds": 1, "BackoffRate": 2, "MaxAttempts": 2},
            {"ErrorEquals": ["C"], "IntervalSeconds": 5},
        ],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}],
    }));
    let mut bench = Bench::new(&definition, &json!({}));
    for (error, at) in [("A", 0), ("B", 1), ("C", 3), ("B", 8)] {
        let (number, _) = bench.task();
        assert_eq!(bench.seconds(), at, "before {error}");
        bench.err(number, error);
    }
    let Outcome::Succeeded(output) = bench.end() else {
        panic!("the fourth error is caught")
    };
    let output: Value = serde_json::from_str(&output).expect("JSON");
    assert_eq!(output["Error"], json!("B"));
    assert_eq!(bench.seconds(), 8, "a catcher does not wait");
}

#[test]
fn max_attempts_of_zero_never_retries() {
    let definition = task(&json!({"Retry": [
        {"ErrorEquals": ["E"], "MaxAttempts": 0}, {"ErrorEquals": ["States.ALL"]},
    ]}));
    let mut bench = Bench::new(&definition, &json!({}));
    let (number, _) = bench.task();
    bench.err(number, "E");
    assert_eq!(
        failed(&bench.end()).0,
        "E",
        "the first retrier that names it decides"
    );
}

#[test]
fn a_catcher_puts_the_error_where_it_says() {
    for (path, expected) in [
        (json!("$.error"), json!({"k": 1, "error": {"Error": "E"}})),
        (json!(null), json!({"k": 1})),
        (json!("$"), json!({"Error": "E"})),
    ] {
        let definition = task(&json!({
            "InputPath": "$.k", "OutputPath": "$.nothing",
            "Catch": [
                {"ErrorEquals": ["Other"], "Next": "Caught"},
                {"ErrorEquals": ["E"], "ResultPath": path, "Next": "Caught"},
            ],
        }));
        let mut bench = Bench::new(&definition, &json!({"k": 1}));
        let (number, _) = bench.task();
        bench.err(number, "E");
        let Outcome::Succeeded(output) = bench.end() else {
            panic!("caught")
        };
        let mut output: Value = serde_json::from_str(&output).expect("JSON");
        let error = output.pointer_mut("/error").and_then(Value::as_object_mut);
        let cause = match error {
            Some(error) => error.remove("Cause"),
            None => output.as_object_mut().and_then(|all| all.remove("Cause")),
        };
        assert_eq!(output, expected);
        let payload = json!({"errorType": "E", "errorMessage": "m"}).to_string();
        assert_eq!(cause.is_some(), !path.is_null());
        assert!(cause.is_none_or(|cause| cause == json!(payload)));
    }
}

#[test]
fn nothing_catches_a_mistake_of_the_definition() {
    let definition = task(&json!({
        "Parameters": {"FunctionName": "f", "Payload.$": "$.missing"},
        "Retry": [{"ErrorEquals": ["States.ALL"]}],
        "Catch": [{"ErrorEquals": ["States.Runtime"], "Next": "Caught"}, {"ErrorEquals": ["States.ALL"], "Next": "Caught"}],
    }));
    let (error, cause) = failure(&definition, &json!({}));
    assert_eq!(error, "States.Runtime");
    assert!(
        cause.contains("The JSONPath '$.missing' specified for the field 'Payload.$'"),
        "{cause}"
    );
}

#[test]
fn a_result_without_a_place_is_an_error_that_can_be_caught() {
    let definition = task(&json!({
        "ResultPath": "$.a.b", "Catch": [{"ErrorEquals": ["States.ResultPathMatchFailure"], "Next": "Caught"}],
    }));
    let mut bench = Bench::new(&definition, &json!({"a": 1}));
    let (number, _) = bench.task();
    bench.succeed(number, &json!({}));
    assert_eq!(bench.end().status(), "SUCCEEDED");
}

#[test]
fn a_task_times_out_and_its_late_answer_is_ignored() {
    let definition = task(&json!({
        "TimeoutSeconds": 10, "Retry": [{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 1, "MaxAttempts": 1}],
    }));
    let mut bench = Bench::new(&definition, &json!({}));
    let (first, _) = bench.task();
    let (second, _) = bench.task();
    assert_eq!(bench.seconds(), 11, "ten seconds and the retry's one");
    bench.succeed(first, &json!("late"));
    assert!(
        matches!(bench.go(), Move::Rest(Some(_))),
        "the late answer is not taken"
    );
    bench.succeed(second, &json!("in time"));
    bench.succeed(second, &json!("again"));
    let Outcome::Succeeded(output) = bench.end() else {
        panic!("in time")
    };
    assert!(output.contains("in time"), "{output}");
    bench.succeed(second, &json!("after the end"));
    assert!(matches!(bench.go(), Move::Rest(None)));

    let mut bench = Bench::new(&task(&json!({"TimeoutSeconds": 10})), &json!({}));
    bench.task();
    assert_eq!(failed(&bench.end()).0, "States.Timeout");
    assert_eq!(bench.types()[4..], ["TaskTimedOut", "ExecutionFailed"]);
}

#[test]
fn data_beyond_the_quota_fails_unless_caught_by_its_own_name() {
    let large = json!("x".repeat(LARGEST));
    let catch = |name: &str| {
        task(&json!({"Catch": [{"ErrorEquals": [name], "ResultPath": null, "Next": "Caught"}]}))
    };
    for (name, status) in [
        ("States.ALL", "FAILED"),
        ("States.DataLimitExceeded", "SUCCEEDED"),
    ] {
        let mut bench = Bench::new(&catch(name), &json!({}));
        let (number, _) = bench.task();
        bench.succeed(number, &large);
        assert_eq!(bench.end().status(), status, "{name}");
    }
    let doubled =
        only(&json!({"Type": "Pass", "Parameters": {"a.$": "$", "b.$": "$"}, "End": true}));
    let half = json!("x".repeat(LARGEST / 2));
    assert_eq!(failure(&doubled, &half).0, "States.DataLimitExceeded");
    let grown =
        only(&json!({"Type": "Pass", "Result": {"a": 1}, "ResultPath": "$.b.c", "End": true}));
    let full = json!({"x": "x".repeat(LARGEST - 10)});
    assert_eq!(failure(&grown, &full).0, "States.DataLimitExceeded");
}
