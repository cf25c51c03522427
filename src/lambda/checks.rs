//! Acceptance checks inside a deployment: the new version is called before it has any traffic.

use jiff::Timestamp;
use serde_json::json;

use super::Functions;
use super::answer::{Told, tell};
use super::document::{Carry, Document, Next, Outcome, Way, Word};
use super::failure::Failure;
use super::log::{self, Level};
use super::preflight::Stop;
use crate::aws::deployments::Answer;
use crate::aws::{self, AwsPorts, Kind, policy};
use crate::clock::Clock;
use crate::config::Policy;
use crate::driver;
use crate::judge::acceptance::Check;
use crate::judge::{Regression, Verdict};
use crate::rollout::Mode;

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
        // A policy is neither over nor waited for in a queue.
        Err(Stop::Ended(_) | Stop::Queue(_)) => Vec::new(),
    };
    let failures = failures(functions, &carry, &checks).await;
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

/// Runs the checks, and answers those that failed.
async fn failures(functions: &Functions, carry: &Carry, checks: &[Check]) -> Vec<String> {
    if checks.is_empty() {
        log::line(Level::Info, "no checks: the policy has none", json!({}));
        return Vec::new();
    }
    let release = &carry.release;
    let clock = Clock::real();
    let told = |name: &str, failed: Option<&str>| {
        let word = if failed.is_none() { "passed" } else { "failed" };
        let fields = json!({ "deployment_check": name, "passed": failed.is_none() });
        log::line(Level::Info, &format!("check {name}: {word}"), fields);
    };
    aws::checks::run(
        &functions.session.lambda,
        &release.function,
        release.canary,
        checks,
        || clock.now(),
        told,
    )
    .await
}
