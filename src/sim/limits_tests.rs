//! Inputs at and beyond the limits of the API models.

use serde_json::json;

use super::*;
use crate::sim::fixture::hello;

fn code(service: Service, operation: &str, input: Value) -> String {
    let answer = hello(1).call(service, operation, input);
    answer.expect_err("refused").code
}

#[test]
fn a_breach_is_answered_before_anything_is_looked_up() {
    let long = "x".repeat(256);
    for input in [json!(""), json!(long)] {
        let input = json!({"AlarmNames": [input]});
        assert_eq!(
            code(Service::CloudWatch, "DeleteAlarms", input),
            "ValidationError"
        );
    }
    let input = json!({"FunctionName": "hello", "Name": "a b"});
    assert_eq!(
        code(Service::Lambda, "GetAlias", input),
        "ValidationException"
    );
    let input = json!({"Rule": "none", "Ids": []});
    assert_eq!(
        code(Service::Events, "RemoveTargets", input),
        "ValidationException"
    );
    let input = json!({"executionArn": long.repeat(2)});
    assert_eq!(
        code(Service::StepFunctions, "DescribeExecution", input),
        "ValidationException"
    );
    assert_eq!(
        code(Service::Ssm, "GetParameter", json!({"Name": ""})),
        "ValidationException"
    );
}

#[test]
fn the_answer_names_member_value_and_constraint() {
    let input = json!({"MetricData": [{"MetricName": "a", "Unit": "Furlongs"}], "Namespace": "n"});
    let error = check(Service::CloudWatch, &input).expect_err("no unit");
    let start =
        "1 validation error detected: Value 'Furlongs' at 'metricData.member.unit' failed to";
    assert!(error.message.starts_with(start), "{}", error.message);
    let error = check(Service::Lambda, &json!({"MaxItems": 0})).expect_err("too small");
    assert!(
        error.message.ends_with("greater than or equal to 1"),
        "{}",
        error.message
    );
}

#[test]
fn a_runtime_is_of_a_family_that_there_is() {
    let created = |runtime: &str| {
        let role = "arn:aws:iam::000000000000:role/r";
        let input = json!({"FunctionName": "new", "Role": role, "Code": {}, "Runtime": runtime});
        hello(1).call(Service::Lambda, "CreateFunction", input)
    };
    assert!(created("nodejs24.x").is_ok() && created("provided.al2023").is_ok());
    let code = created("cobol85").expect_err("no such family").code;
    assert_eq!(code, "InvalidParameterValueException");
    assert!(!within_limits(Service::Lambda, &json!({"LogType": "All"})));
    assert!(within_limits(Service::Lambda, &json!({"LogType": "Tail"})));
}

#[test]
fn keys_of_a_persons_own_are_no_members() {
    for input in [
        json!({"Tags": {"Name": "my service"}}),
        json!({"Environment": {"Variables": {"Name": "a b", "Handler": "a b"}}}),
        json!({"Name": "live", "FunctionVersion": "$LATEST", "Qualifier": "$LATEST"}),
    ] {
        assert_eq!(check(Service::Lambda, &input), Ok(()), "{input}");
    }
}

#[test]
fn the_largest_that_is_allowed_is_taken() {
    let at_most = json!({
        "AlarmName": "x".repeat(255), "Namespace": "a:", "Unit": "Count/Second",
        "Dimensions": vec![json!({"Name": "n", "Value": "v".repeat(1024)}); 30],
    });
    assert_eq!(check(Service::CloudWatch, &at_most), Ok(()));
    let too_many = json!({"Dimensions": vec![json!({"Name": "n", "Value": "v"}); 31]});
    assert!(check(Service::CloudWatch, &too_many).is_err());
}
