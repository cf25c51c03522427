//! A task's parameters as a request to Lambda, and Lambda's answer as the task's result or error.

use serde_json::{Map, Value, json};

use super::asl::{Failure, Resource};
use super::data::LARGEST;
use crate::sim::errors::AwsError;
use crate::sim::lambda::{InvokeRequest, InvokeResponse};

/// The request that these parameters make.
pub fn request(resource: &Resource, parameters: &Value) -> Result<InvokeRequest, Failure> {
    match resource {
        Resource::Function(arn) => Ok(InvokeRequest {
            function_name: arn.clone(),
            payload: Some(parameters.to_string()),
            ..InvokeRequest::default()
        }),
        Resource::Invoke => {
            let text = |name: &str| match parameters.get(name) {
                None | Some(Value::Null) => Ok(None),
                Some(Value::String(text)) => Ok(Some(text.clone())),
                Some(other) => Err(Failure::runtime(format!(
                    "The Parameters '{parameters}' could not be used to start the Task: [The value for the field '{name}' must be a STRING, not {other}]"
                ))),
            };
            let function_name = text("FunctionName")?.ok_or_else(|| {
                Failure::runtime(format!(
                    "The Parameters '{parameters}' could not be used to start the Task: [The field 'FunctionName' is required but was missing]"
                ))
            })?;
            Ok(InvokeRequest {
                function_name,
                invocation_type: text("InvocationType")?,
                client_context: text("ClientContext")?,
                qualifier: text("Qualifier")?,
                payload: parameters.get("Payload").map(Value::to_string),
                ..InvokeRequest::default()
            })
        }
    }
}

/// The task's result.
pub fn result(
    resource: &Resource,
    answer: Result<InvokeResponse, AwsError>,
) -> Result<Value, Failure> {
    let response = answer.map_err(refused)?;
    let payload = response.payload.unwrap_or_default();
    if response.function_error.is_some() {
        return Err(function_error(payload));
    }
    if payload.len() > LARGEST {
        return Err(Failure::data_limit(
            "The state/task 'lambda' returned a result with a size exceeding the maximum number of bytes service limit.",
        ));
    }
    let payload = serde_json::from_str(&payload).unwrap_or(Value::String(payload));
    if *resource != Resource::Invoke {
        return Ok(payload);
    }
    let mut result = Map::new();
    if let Some(version) = response.executed_version {
        result.insert("ExecutedVersion".to_owned(), json!(version));
    }
    result.insert("Payload".to_owned(), payload);
    result.insert("StatusCode".to_owned(), json!(response.status_code));
    Ok(Value::Object(result))
}

/// An error of Lambda's own, under Lambda's name.
fn refused(error: AwsError) -> Failure {
    let cause = format!(
        "{} (Service: Lambda, Status Code: {})",
        error.message, error.status
    );
    Failure::new(&format!("Lambda.{}", error.code), cause)
}

/// An error of the function: its own name for it, and the whole of it as the cause.
fn function_error(payload: String) -> Failure {
    let error = serde_json::from_str::<Value>(&payload)
        .ok()
        .and_then(|error| Some(error.get("errorType")?.as_str()?.to_owned()));
    match error {
        Some(error) => Failure::new(&error, payload),
        None => Failure::new(
            "Lambda.Unknown",
            format!(
                "The cause could not be determined because Lambda did not return an error type. Returned payload: {payload}"
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(payload: &str) -> InvokeResponse {
        InvokeResponse {
            status_code: 200,
            payload: Some(payload.to_owned()),
            executed_version: Some("7".to_owned()),
            ..InvokeResponse::default()
        }
    }

    fn error_of(answer: Result<InvokeResponse, AwsError>) -> (String, String) {
        let failure = result(&Resource::Invoke, answer).expect_err("an error");
        (failure.error, failure.cause.unwrap_or_default())
    }

    #[test]
    fn the_parameters_are_those_of_invoke() {
        let parameters = json!({"FunctionName": "f", "Payload": {"a": [1]}, "Qualifier": "2"});
        let made = request(&Resource::Invoke, &parameters).expect("a request");
        assert_eq!(made.function_name, "f");
        assert_eq!(made.qualifier.as_deref(), Some("2"));
        assert_eq!(made.payload.as_deref(), Some(r#"{"a":[1]}"#));

        let arn = "arn:aws:lambda:us-east-1:000000000000:function:f".to_owned();
        let made = request(&Resource::Function(arn.clone()), &json!("x")).expect("a request");
        assert_eq!(
            (made.function_name, made.payload),
            (arn, Some("\"x\"".to_owned()))
        );
    }

    #[test]
    fn parameters_of_another_type_are_a_runtime_error() {
        for parameters in [
            json!({"FunctionName": 1}),
            json!({"FunctionName": null}),
            json!(1),
        ] {
            let failure = request(&Resource::Invoke, &parameters).expect_err("refused");
            assert!(failure.is_runtime(), "{failure:?}");
        }
    }

    #[test]
    fn the_result_holds_the_payload_as_json() {
        let value = result(&Resource::Invoke, Ok(answered(r#"{"next":"wait"}"#)));
        let expected =
            json!({"ExecutedVersion": "7", "Payload": {"next": "wait"}, "StatusCode": 200});
        assert_eq!(value, Ok(expected));
        let function = Resource::Function("arn".to_owned());
        assert_eq!(result(&function, Ok(answered("[1]"))), Ok(json!([1])));
        let value = result(&Resource::Invoke, Ok(answered("not json"))).expect("text");
        assert_eq!(value["Payload"], json!("not json"));
    }

    #[test]
    fn errors_have_the_names_that_definitions_use() {
        let throttled = AwsError::lambda("TooManyRequestsException", 429, "Rate Exceeded.");
        assert_eq!(
            error_of(Err(throttled)),
            (
                "Lambda.TooManyRequestsException".to_owned(),
                "Rate Exceeded. (Service: Lambda, Status Code: 429)".to_owned()
            )
        );
        let failed = |payload: &str| InvokeResponse {
            function_error: Some("Unhandled".to_owned()),
            ..answered(payload)
        };
        let payload = r#"{"errorType":"Drift","errorMessage":"m"}"#;
        assert_eq!(
            error_of(Ok(failed(payload))),
            ("Drift".to_owned(), payload.to_owned())
        );
        for payload in ["", "null", r#"{"errorMessage":"timed out"}"#] {
            assert_eq!(error_of(Ok(failed(payload))).0, "Lambda.Unknown");
        }
    }

    #[test]
    fn a_payload_beyond_the_quota_is_no_result() {
        let large = format!("\"{}\"", "x".repeat(LARGEST));
        assert_eq!(error_of(Ok(answered(&large))).0, "States.DataLimitExceeded");
    }
}
