//! What a failed call to AWS means, without the SDK's types.

use std::error::Error;
use std::fmt;

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// A call to AWS that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallError {
    /// The operation, such as `GetAlias`.
    pub call: &'static str,
    /// What kind of failure.
    pub kind: Kind,
    /// AWS's error code, if AWS answered with one.
    pub code: Option<String>,
    /// What AWS or the network said.
    pub message: String,
}

/// Kinds of failures, by what to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What was named does not exist.
    NotFound,
    /// The revision named is not the latest (412).
    Conflict,
    /// Throttled, a 5xx, 409, a time-out or no connection: the same call may succeed later, and
    /// unless it was throttled it may have taken effect.
    Passing,
    /// Any other refusal: a right is missing, a value is not accepted.
    Refused,
    /// There are no usable credentials.
    NoCredentials,
}

impl CallError {
    /// Reads an SDK error.
    pub fn of<E>(call: &'static str, error: &SdkError<E, Response>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        if let SdkError::ServiceError(service) = error {
            let meta = service.err().meta();
            let code = meta.code().map(str::to_owned);
            let status = service.raw().status().as_u16();
            return Self {
                call,
                kind: kind_of(code.as_deref().unwrap_or(""), status),
                message: match meta.message() {
                    Some(message) => message.to_owned(),
                    None => format!("HTTP status {status} without a message"),
                },
                code,
            };
        }
        let message = match error {
            SdkError::TimeoutError(_) => "no answer in time".to_owned(),
            _ => innermost(error),
        };
        let credentials = mentions_credentials(error);
        Self {
            call,
            kind: if credentials {
                Kind::NoCredentials
            } else {
                Kind::Passing
            },
            code: None,
            message,
        }
    }

    /// An answer that does not say what it should.
    pub fn unreadable(call: &'static str, what: &str) -> Self {
        Self {
            call,
            kind: Kind::Refused,
            code: None,
            message: what.to_owned(),
        }
    }

    /// Whether AWS refused it because there were too many calls.
    #[must_use]
    pub fn is_throttled(&self) -> bool {
        let code = self.code.as_deref().unwrap_or("");
        ["Throttl", "TooManyRequests", "RequestLimitExceeded"]
            .iter()
            .any(|part| code.contains(part))
    }

    /// What to do about it, where that can be said.
    pub fn hint(&self) -> Option<&'static str> {
        let code = self.code.as_deref().unwrap_or("");
        match self.kind {
            Kind::NoCredentials => Some(
                "configure credentials as for the AWS CLI: a profile (--profile), \
                 AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a role",
            ),
            Kind::NotFound => {
                Some("check --function, --alias, --to, --region, --profile and --endpoint-url")
            }
            Kind::Refused if code.contains("AccessDenied") => {
                Some("the caller's role lacks the right to this call")
            }
            Kind::Refused if code.contains("Token") => {
                Some("the credentials are expired or wrong; renew them")
            }
            Kind::Passing if self.code.is_none() => {
                Some("check --endpoint-url, --region and the network")
            }
            _ => None,
        }
    }
}

/// Parts of the codes that AWS's own retry strategy takes for transient or throttling (AWS SDKs
/// and Tools reference guide, "Retry behavior").
const PASSING: &[&str] = &[
    "Throttl",
    "TooManyRequests",
    "RequestTimeout",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "SlowDown",
    "PriorRequestNotComplete",
    "TransactionInProgress",
    "InternalError",
    "ServiceUnavailable",
];

fn kind_of(code: &str, status: u16) -> Kind {
    match (code, status) {
        (
            "ResourceNotFoundException"
            | "ParameterNotFound"
            | "DeploymentDoesNotExistException"
            | "InvalidDeploymentIdException"
            | "DeploymentGroupDoesNotExistException"
            | "ApplicationDoesNotExistException"
            | "ExecutionDoesNotExist"
            | "StateMachineDoesNotExist",
            _,
        ) => Kind::NotFound,
        ("PreconditionFailedException", _) | (_, 412) => Kind::Conflict,
        (_, 408 | 409 | 429 | 500..) => Kind::Passing,
        // Some services throttle with status 400.
        (code, _) if PASSING.iter().any(|part| code.contains(part)) => Kind::Passing,
        _ => Kind::Refused,
    }
}

fn mentions_credentials(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        if ["credential", "profile", "IMDS"]
            .iter()
            .any(|word| text.contains(word))
        {
            return true;
        }
        next = error.source();
    }
    false
}

/// The last error of the chain says what happened; those around it only say where.
fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.call)?;
        if let Some(code) = &self.code {
            write!(f, "{code}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl Error for CallError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_by_code_and_status() {
        for (code, status, kind) in [
            ("ResourceNotFoundException", 404, Kind::NotFound),
            ("ParameterNotFound", 400, Kind::NotFound),
            ("PreconditionFailedException", 412, Kind::Conflict),
            ("ResourceConflictException", 409, Kind::Passing),
            ("TooManyRequestsException", 429, Kind::Passing),
            ("ThrottlingException", 400, Kind::Passing),
            ("Throttling", 400, Kind::Passing),
            ("ServiceException", 500, Kind::Passing),
            ("", 503, Kind::Passing),
            ("RequestTimeout", 400, Kind::Passing),
            ("", 408, Kind::Passing),
            ("SlowDown", 400, Kind::Passing),
            ("RequestLimitExceeded", 400, Kind::Passing),
            ("AccessDeniedException", 403, Kind::Refused),
            ("InvalidParameterValueException", 400, Kind::Refused),
        ] {
            assert_eq!(kind_of(code, status), kind, "{code} {status}");
        }
    }
}
