//! Acceptance checks: the new version is invoked before it has any traffic.

use std::time::Duration;

use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::primitives::Blob;
use aws_smithy_runtime_api::client::result::SdkError;
use jiff::Timestamp;
use serde_json::json;

use super::Functions;
use super::answer::{Told, tell};
use super::document::{Carry, Document, Next, Outcome, Way, Word};
use super::failure::Failure;
use super::log::{self, Level};
use super::preflight::Stop;
use crate::aws::deployments::Answer;
use crate::aws::{AwsPorts, CallError, Kind, policy};
use crate::clock::Clock;
use crate::config::Policy;
use crate::driver;
use crate::judge::acceptance::{self, Acceptance, Check};
use crate::judge::{Regression, Verdict};
use crate::rollout::Mode;

/// Marks an invocation, so that the function can keep test traffic apart: the standard Base64 of
/// `{"custom":{"lambda-canary":"check"}}`.
const MARKER: &str = "eyJjdXN0b20iOnsibGFtYmRhLWNhbmFyeSI6ImNoZWNrIn19";
/// How long one answer is waited for.
const ANSWER: Duration = Duration::from_secs(60);
/// Between two attempts of a check.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest that all checks may take, well within the stepper's own timeout.
pub const LONGEST: Duration = Duration::from_secs(240);

/// Runs the policy's checks, and lets CodeDeploy go on where it shifts the traffic itself.
///
/// # Errors
/// If the policy or CodeDeploy cannot be reached at the moment.
pub async fn run(
    functions: &Functions,
    document: Document,
    now: Timestamp,
) -> Result<Document, Failure> {
    let Some(mut carry) = document.carried().map_err(Failure::UnknownState)? else {
        return Err(Failure::BadEvent("checks without a rollout".to_owned()));
    };
    let checks = match checks_of(functions, &carry).await {
        Ok(checks) => checks,
        Err(Stop::With(conclusion)) => return Ok(ended(document, carry, conclusion.outcome)),
        Err(Stop::Later(failure)) => return Err(failure),
        Err(Stop::Ended(_)) => Vec::new(),
    };
    let all = tokio::time::timeout(LONGEST, failures(functions, &carry, &checks)).await;
    let failures = all.unwrap_or_else(|_| vec![format!("the checks took longer than {LONGEST:?}")]);
    if !failures.is_empty() {
        let reason = format!("acceptance checks failed: {}", failures.join("; "));
        return Ok(ended(
            document,
            carry,
            Outcome::failed(Word::Refused, reason),
        ));
    }
    if let (Way::Guard { .. }, false) = (&carry.way, carry.answered) {
        if let Some(cause) = already_bad(functions, &mut carry, now).await? {
            let reason = format!("not started, nothing was changed: {cause}");
            return Ok(ended(
                document,
                carry,
                Outcome::failed(Word::Refused, reason),
            ));
        }
        // From here on CodeDeploy shifts, and the guard watches.
        let told = tell(&functions.session, &document.event, Answer::Succeeded).await?;
        if told == Told::Unknown {
            let reason = "CodeDeploy does not know this hook";
            return Ok(ended(
                document,
                carry,
                Outcome::failed(Word::Failed, reason),
            ));
        }
        carry.answered = true;
    }
    Ok(document.carrying(&carry).then(Next::Tick))
}

/// What speaks against a version before it has any traffic. What was seen is remembered, so that
/// no change between this look and the first tick is missed.
async fn already_bad(
    functions: &Functions,
    carry: &mut Carry,
    now: Timestamp,
) -> Result<Option<Regression>, Failure> {
    let release = &carry.release;
    let ports = AwsPorts::new(functions.session.clone(), &release.function, &release.alias);
    let Way::Guard {
        rules,
        alarms,
        memory,
        ..
    } = &mut carry.way
    else {
        return Ok(None);
    };
    let seen = driver::alarms(&ports, alarms, memory, || now).await;
    if let Some(error) = seen.failure {
        return Err(Failure::Blind(error));
    }
    *memory = seen.memory;
    Ok(match (seen.verdict, rules.mode) {
        (Verdict::Fail(regression), Mode::Enforce) => Some(regression),
        _ => None,
    })
}

fn ended(document: Document, mut carry: Carry, outcome: Outcome) -> Document {
    carry.outcome = Some(outcome);
    document.carrying(&carry).then(Next::Report)
}

/// The checks are read again rather than carried: a payload may be private, and an execution's
/// history is not.
async fn checks_of(functions: &Functions, carry: &Carry) -> Result<Vec<Check>, Stop> {
    let release = &carry.release;
    match policy::find(&functions.session, &release.function, &release.alias).await {
        Ok(None) => Ok(Vec::new()),
        Ok(Some(found)) => match Policy::parse(&found.text) {
            Ok(policy) => Ok(policy.checks),
            Err(errors) => Err(super::preflight::refused(format!(
                "the policy in {}: {errors}",
                found.parameter
            ))),
        },
        Err(error) if error.kind == Kind::Passing => Err(Stop::Later(error.into())),
        Err(error) => Err(super::preflight::refused(format!(
            "the policy could not be read: {error}"
        ))),
    }
}

async fn failures(functions: &Functions, carry: &Carry, checks: &[Check]) -> Vec<String> {
    let mut failures = Vec::new();
    for check in checks {
        let failed = attempts(functions, carry, check).await;
        let fields = json!({ "deployment_check": check.name, "passed": failed.is_none() });
        log::line(Level::Info, "acceptance check", fields);
        failures.extend(failed.map(|why| format!("{}: {why}", check.name)));
    }
    failures
}

async fn attempts(functions: &Functions, carry: &Carry, check: &Check) -> Option<String> {
    let mut why = attempt(functions, carry, check).await?;
    for _ in 0..check.retries {
        tokio::time::sleep(PAUSE).await;
        why = attempt(functions, carry, check).await?;
    }
    Some(why)
}

/// One invocation of the exact version; `None` if all expectations hold.
async fn attempt(functions: &Functions, carry: &Carry, check: &Check) -> Option<String> {
    let release = &carry.release;
    let clock = Clock::real();
    let began = clock.now();
    let patient = TimeoutConfig::builder()
        .operation_attempt_timeout(ANSWER)
        .operation_timeout(ANSWER)
        .build();
    let once = aws_sdk_lambda::config::Builder::new()
        .timeout_config(patient)
        .retry_config(RetryConfig::disabled());
    let sent = functions
        .session
        .lambda
        .invoke()
        .function_name(&release.function)
        .qualifier(release.canary.to_string())
        .client_context(MARKER)
        .payload(Blob::new(check.payload.as_bytes()))
        .customize()
        .config_override(once)
        .send()
        .await;
    let took = clock.now().duration_since(began);
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
