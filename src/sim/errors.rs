//! The services and the shape of their errors: AWS's codes, statuses and messages.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A simulated AWS service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Service {
    /// AWS Lambda.
    Lambda,
    /// Amazon CloudWatch (metrics and alarms).
    CloudWatch,
    /// AWS Systems Manager, of which only Parameter Store.
    Ssm,
    /// AWS CodeDeploy, its Lambda platform.
    CodeDeploy,
    /// AWS Step Functions, standard workflows.
    StepFunctions,
    /// Amazon SNS.
    Sns,
    /// Amazon EventBridge.
    Events,
}

impl Service {
    /// Every simulated service.
    pub const ALL: [Self; 7] = [
        Self::Lambda,
        Self::CloudWatch,
        Self::Ssm,
        Self::CodeDeploy,
        Self::StepFunctions,
        Self::Sns,
        Self::Events,
    ];
}

/// An error as the service itself answers it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct AwsError {
    /// The code that clients see, for CloudWatch the query protocol's (`ResourceNotFound`,
    /// `InvalidParameterValue`); see [`AwsError::shape`] for the modelled name.
    pub code: String,
    /// The HTTP status.
    pub status: u16,
    /// The message, as AWS words it where that is known.
    pub message: String,
    /// Further members of the error's body, such as Lambda's `Type`.
    pub fields: BTreeMap<String, Value>,
}

impl AwsError {
    /// An error without further members.
    pub fn new(code: &str, status: u16, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            code: code.to_owned(),
            status,
            message,
            fields: BTreeMap::new(),
        }
    }

    /// An error of Lambda that carries `Type: "User"`.
    pub(super) fn lambda(code: &str, status: u16, message: impl Into<String>) -> Self {
        Self::new(code, status, message).with("Type", json!("User"))
    }

    /// Lambda's `InvalidParameterValueException`.
    pub(super) fn invalid_parameter(message: impl Into<String>) -> Self {
        Self::lambda("InvalidParameterValueException", 400, message)
    }

    /// `ValidationException` of Lambda and SSM: a member breaks a constraint of the API's model.
    pub(super) fn constraint(value: &str, at: &str, constraint: &str) -> Self {
        let message = format!(
            "1 validation error detected: Value '{value}' at '{at}' failed to satisfy constraint: {constraint}"
        );
        Self::new("ValidationException", 400, message)
    }

    /// CloudWatch's `ValidationError`.
    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationError", 400, message)
    }

    /// CloudWatch's answer to a value that cannot be.
    pub(super) fn invalid_value(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterValue", 400, message)
    }

    /// CloudWatch's answer to an absent member.
    pub(super) fn missing_parameter(member: &str) -> Self {
        Self::new(
            "MissingParameter",
            400,
            format!("The parameter {member} is required."),
        )
    }

    /// CloudWatch's answer to a `NextToken` that it did not hand out.
    pub(super) fn invalid_next_token() -> Self {
        Self::new(
            "InvalidNextToken",
            400,
            "The next token specified is invalid.",
        )
    }

    /// The same with one more member.
    pub(super) fn with(mut self, field: &str, value: Value) -> Self {
        self.fields.insert(field.to_owned(), value);
        self
    }

    /// The name of the error's shape in the API's model, which CloudWatch's JSON and CBOR
    /// protocols put into `__type` where the query protocol uses [`AwsError::code`].
    #[must_use]
    pub fn shape(&self) -> &str {
        match self.code.as_str() {
            "InvalidParameterValue" => "InvalidParameterValueException",
            "MissingParameter" => "MissingRequiredParameterException",
            "InvalidParameterCombination" => "InvalidParameterCombinationException",
            "InvalidFormat" => "InvalidFormatFault",
            "LimitExceeded" => "LimitExceededFault",
            "InternalServiceError" => "InternalServiceFault",
            "Throttling" => "ThrottlingException",
            "AccessDenied" => "AccessDeniedException",
            other => other,
        }
    }

    /// The answer to an operation that the service does not have.
    pub(super) fn unknown_operation(service: Service, operation: &str) -> Self {
        match service {
            Service::Lambda => Self::new(
                "UnknownOperationException",
                404,
                format!("Unknown operation {operation}"),
            ),
            Service::CloudWatch => Self::new(
                "InvalidAction",
                400,
                format!("Could not find operation {operation} for version 2010-08-01"),
            ),
            Service::Sns => Self::new(
                "InvalidAction",
                400,
                format!("Could not find operation {operation} for version 2010-03-31"),
            ),
            Service::Ssm | Service::CodeDeploy | Service::StepFunctions | Service::Events => {
                Self::new(
                    "UnknownOperationException",
                    400,
                    format!("Unknown operation {operation}"),
                )
            }
        }
    }

    /// The answer to a request whose members are absent or of the wrong type.
    pub(super) fn malformed(service: Service, problem: &serde_json::Error) -> Self {
        let problem = problem.to_string();
        let absent = problem
            .strip_prefix("missing field `")
            .and_then(|rest| rest.split('`').next());
        match (service, absent) {
            (Service::CloudWatch, Some(member)) => Self::missing_parameter(member),
            (Service::CloudWatch, None) => Self::invalid_value(problem),
            (Service::Sns, Some(member)) => Self::new(
                "InvalidParameter",
                400,
                format!("Invalid parameter: {member}"),
            ),
            (Service::Sns, None) => Self::new("InvalidParameter", 400, problem),
            (_, Some(member)) => Self::new(
                "ValidationException",
                400,
                format!(
                    "1 validation error detected: Value null at '{}' failed to satisfy constraint: Member must not be null",
                    camel_case(member)
                ),
            ),
            (Service::Lambda, None) => Self::invalid_parameter(problem),
            (_, None) => Self::new("ValidationException", 400, problem),
        }
    }
}

/// `FunctionName` → `functionName`, as validation messages spell members.
pub(super) fn camel_case(member: &str) -> String {
    let mut letters = member.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(letters).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_member_is_named_as_the_service_names_it() {
        let problem =
            serde_json::from_value::<crate::sim::lambda::GetAliasRequest>(json!({"Name": "live"}))
                .expect_err("FunctionName is required");
        let lambda = AwsError::malformed(Service::Lambda, &problem);
        assert_eq!(lambda.code, "ValidationException");
        assert!(
            lambda.message.contains("Value null at 'functionName'"),
            "{}",
            lambda.message
        );
        let cloudwatch = AwsError::malformed(Service::CloudWatch, &problem);
        assert_eq!(cloudwatch.code, "MissingParameter");
        assert_eq!(cloudwatch.shape(), "MissingRequiredParameterException");
    }
}
