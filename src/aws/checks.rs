//! Acceptance checks: calls of one exact version, before it has any traffic.
//!
//! Each answer goes to [`acceptance::accept`], which says whether it is as expected. Nothing of an
//! answer or a payload is said or kept.

use std::time::Duration;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::primitives::Blob;
use aws_smithy_runtime_api::client::result::SdkError;
use jiff::Timestamp;

use super::CallError;
use crate::judge::acceptance::{self, Acceptance, Check};
use crate::rollout::Version;

/// The longest that all checks may take, well within the stepper's own timeout.
pub const LONGEST: Duration = Duration::from_secs(240);

/// Marks an invocation, so that the function can keep test traffic apart: the standard Base64 of
/// `{"custom":{"lambda-canary":"check"}}`.
const MARKER: &str = "eyJjdXN0b20iOnsibGFtYmRhLWNhbmFyeSI6ImNoZWNrIn19";
/// How long one answer is waited for.
const ANSWER: Duration = Duration::from_secs(60);
/// Between two attempts of a check.
const PAUSE: Duration = Duration::from_secs(1);

/// Runs the checks one after the other, for [`LONGEST`] at most, and answers those that failed,
/// each with its name and why; empty if none did. `told` hears of each check as it ends: its name,
/// and why it failed.
pub async fn run(
    lambda: &Client,
    function: &str,
    version: Version,
    checks: &[Check],
    now: impl Fn() -> Timestamp,
    mut told: impl FnMut(&str, Option<&str>),
) -> Vec<String> {
    let called = Called {
        lambda,
        function,
        version,
        now,
    };
    let mut failures = Vec::new();
    let all = async {
        for check in checks {
            let failed = called.attempts(check).await;
            told(&check.name, failed.as_deref());
            failures.extend(failed.map(|why| format!("{}: {why}", check.name)));
        }
    };
    if tokio::time::timeout(LONGEST, all).await.is_err() {
        let minutes = LONGEST.as_secs() / 60;
        failures.push(format!("the checks took longer than {minutes} minutes"));
    }
    failures
}

/// What is called.
struct Called<'a, N> {
    lambda: &'a Client,
    function: &'a str,
    version: Version,
    now: N,
}

impl<N: Fn() -> Timestamp> Called<'_, N> {
    async fn attempts(&self, check: &Check) -> Option<String> {
        let mut why = self.attempt(check).await?;
        for _ in 0..check.retries {
            tokio::time::sleep(PAUSE).await;
            why = self.attempt(check).await?;
        }
        Some(why)
    }

    /// One invocation of the exact version; `None` if all expectations hold.
    async fn attempt(&self, check: &Check) -> Option<String> {
        let began = (self.now)();
        let patient = TimeoutConfig::builder()
            .operation_attempt_timeout(ANSWER)
            .operation_timeout(ANSWER)
            .build();
        let once = aws_sdk_lambda::config::Builder::new()
            .timeout_config(patient)
            .retry_config(RetryConfig::disabled());
        let sent = self
            .lambda
            .invoke()
            .function_name(self.function)
            .qualifier(self.version.to_string())
            .client_context(MARKER)
            .payload(Blob::new(check.payload.as_bytes()))
            .customize()
            .config_override(once)
            .send()
            .await;
        let took = (self.now)().duration_since(began);
        let answer = match &sent {
            Err(SdkError::TimeoutError(_)) => {
                return unmet(check, &acceptance::Outcome::TimedOut { after: took });
            }
            Err(error) => {
                let error = CallError::of("Invoke", error).to_string();
                return unmet(check, &acceptance::Outcome::Refused { error });
            }
            Ok(answer) => answer,
        };
        let payload = answer
            .payload
            .as_ref()
            .map(|blob| String::from_utf8_lossy(blob.as_ref()));
        let outcome = acceptance::Outcome::Answered {
            payload: payload.as_deref(),
            function_error: answer.function_error.as_deref(),
            took,
        };
        unmet(check, &outcome)
    }
}

/// What of a check does not hold, in words; they never repeat the answer.
fn unmet(check: &Check, outcome: &acceptance::Outcome<'_>) -> Option<String> {
    match acceptance::accept(&check.expect, outcome) {
        Acceptance::Pass => None,
        Acceptance::Fail(shortfalls) => {
            let said: Vec<String> = shortfalls.iter().map(ToString::to_string).collect();
            Some(said.join(", "))
        }
    }
}
