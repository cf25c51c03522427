//! One of many: when it is a rollout's turn to start, and how often it looks.
//!
//! Only counting is done here; what follows from the number, `rollout::crowd` says. A number that cannot be
//! had delays nobody for good: without it a rollout goes by its policy.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::Functions;
use super::document::{Carry, Document, Way};
use super::failure::Failure;
use super::log::{self, Level};
use super::preflight::Stop;
use crate::aws::deployments::Deployment;
use crate::aws::executions::{self, Running};
use crate::rollout::crowd::{jitter, start_after};
use crate::rollout::guard::GuardPhase;
use crate::rollout::{Crowd, Limits, Phase};

/// For so long a start is put off while AWS throttles; then it goes on as it would without others.
const PATIENCE: SignedDuration = SignedDuration::from_mins(25);
/// The least time between two attempts of a start while AWS throttles, in seconds: half of it, or up to as
/// much again. Whoever has waited for long tries less often.
const PUT_OFF: f64 = 60.0;

/// Waits for this rollout's turn, which is asked for once.
///
/// # Errors
/// [`Stop::Queue`] while others come first.
pub async fn queue(
    functions: &Functions,
    document: &mut Document,
    deployment: &Deployment,
    now: Timestamp,
    execution: &str,
) -> Result<(), Stop> {
    let Ok(machine) = functions.machine() else {
        return Ok(());
    };
    if document.crowd.is_some() {
        return Ok(());
    }
    let running = match executions::running(&functions.session.sfn, machine).await {
        Ok(running) => running,
        Err(error) if error.is_throttled() => {
            return put_off(document, deployment, now).map_or(Ok(()), Err);
        }
        Err(error) => {
            let why = format!("the number of rollouts is not known: {error}");
            log::line(Level::Warn, &why, json!({ "deployment": deployment.id }));
            return Ok(());
        }
    };
    document.crowd = Some(Crowd::of(running.len(), now));
    let turn = turn(&running, execution, now);
    let wait = turn.duration_since(now).as_secs();
    match u64::try_from(wait) {
        Ok(wait) if wait > 0 => {
            let why = format!(
                "{} rollouts run: this one starts in {wait} s",
                running.len()
            );
            log::line(Level::Info, &why, json!({ "deployment": deployment.id }));
            Err(Stop::Queue(wait))
        }
        _ => Ok(()),
    }
}

/// When it is the turn of this execution, among those that start a rollout.
fn turn(running: &[Running], execution: &str, now: Timestamp) -> Timestamp {
    let own = running.iter().find(|one| one.name == execution);
    // One that is not listed yet is the youngest.
    let mine = own.map_or((now, execution), |own| (own.began, execution));
    // Neither recoveries nor what comes after a shift, nor what continues a long rollout (`-pre-2`).
    let starts = |name: &str| name.ends_with("-pre");
    let before = running
        .iter()
        .filter(|one| (one.began, one.name.as_str()) < mine && starts(&one.name))
        .map(|one| one.began);
    start_after(before.collect(), mine.0)
}

/// The turn of a rollout whose preflight AWS has throttled comes later: nothing has begun.
pub fn patient(
    prepared: Result<Carry, Stop>,
    document: &Document,
    deployment: &Deployment,
    now: Timestamp,
) -> Result<Carry, Stop> {
    match prepared {
        Err(Stop::Later(Failure::Passing(error))) if error.is_throttled() => {
            let failed = Stop::Later(Failure::Passing(error));
            Err(put_off(document, deployment, now).unwrap_or(failed))
        }
        other => other,
    }
}

/// Later, by a time that is another one for each rollout; `None` once it has lasted too long.
fn put_off(document: &Document, deployment: &Deployment, now: Timestamp) -> Option<Stop> {
    let waited = now.duration_since(deployment.created_at?);
    let look = u32::try_from(waited.as_secs()).unwrap_or(0);
    let part = jitter(document.event.deployment_id.as_str(), look);
    let usual = PUT_OFF.max(waited.as_secs_f64() / 2.0);
    let seconds = (usual * (0.5 + part)) as u64;
    (waited < PATIENCE).then_some(Stop::Queue(seconds))
}

/// Gives a rollout the limits of one among many; returns its own.
pub fn widen(carry: &mut Carry, document: &Document) -> Option<Limits> {
    let running = document.crowd?.running;
    let jitter = jitter(document.event.deployment_id.as_str(), carry.ticks);
    let limits = limits(&mut carry.way);
    let own = *limits;
    *limits = own.among(running, jitter);
    Some(own)
}

/// Gives it back its own limits, and says how long to wait: after a look that failed not as long.
pub fn restore(carry: &mut Carry, own: Option<Limits>, wait: SignedDuration) -> SignedDuration {
    let Some(own) = own else {
        return wait;
    };
    let widened = std::mem::replace(limits(&mut carry.way), own);
    let failing = match &carry.way {
        Way::Stepper { snapshot, .. } => snapshot.state.failing.is_some(),
        Way::Guard { state, .. } => state.failing.is_some(),
        Way::Bake { bake, .. } => bake.failing.is_some(),
    };
    match failing {
        true => wait.min(widened.look_again(&own)),
        false => wait,
    }
}

fn limits(way: &mut Way) -> &mut Limits {
    match way {
        Way::Stepper { assignment, .. } => &mut assignment.rules.limits,
        Way::Guard { rules, .. } => &mut rules.limits,
        Way::Bake { bake, .. } => &mut bake.limits,
    }
}

/// Counts anew, if the number is old and nothing more urgent is to be done.
pub async fn count_again(
    functions: &Functions,
    document: Document,
    carry: &Carry,
    now: Timestamp,
) -> Document {
    let old = document.crowd.is_some_and(|crowd| crowd.is_old(now));
    let (false, true, Ok(machine)) = (is_urgent(carry), old, functions.machine()) else {
        return document;
    };
    match executions::running(&functions.session.sfn, machine).await {
        Ok(running) => Document {
            crowd: Some(Crowd::of(running.len(), now)),
            ..document
        },
        // The old number serves as long again: asking at every look is what many must not do.
        Err(_) => Document {
            crowd: document.crowd.map(|crowd| Crowd {
                counted_at: now,
                ..crowd
            }),
            ..document
        },
    }
}

/// Whether it is over, or being put back.
fn is_urgent(carry: &Carry) -> bool {
    let putting_back = match &carry.way {
        Way::Stepper { snapshot, .. } => {
            matches!(snapshot.state.phase, Phase::RollingBack { .. })
        }
        Way::Guard { state, .. } => matches!(state.phase, GuardPhase::Stopping { .. }),
        Way::Bake { .. } => false,
    };
    putting_back || carry.outcome.is_some()
}
