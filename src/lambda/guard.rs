//! A guard's tick: CodeDeploy shifts the traffic, and a regression stops its deployment.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::Functions;
use super::document::{Carry, Document, Outcome, Way, Word};
use super::log::{self, Level};
use crate::aws::{AwsPorts, Kind, deployments};
use crate::driver::{self, Alarms, Counting, Counts, Observe as _};
use crate::judge::alarms::AlarmReading;
use crate::rollout::guard::{
    DeploymentReading, Guard, GuardAct, GuardDecision, GuardEnd, GuardObservation, not_stopped,
    watch,
};
use crate::rollout::{AliasReading, Cause, DeploymentStatus};

/// One look, and at most one call to stop. Returns how long to wait.
pub async fn tick(
    functions: &Functions,
    document: &Document,
    carry: &mut Carry,
    now: Timestamp,
) -> SignedDuration {
    let Way::Guard {
        rules,
        alarms,
        state,
        memory,
        evidence,
        counted,
    } = carry.way.clone()
    else {
        return SignedDuration::ZERO;
    };
    // Looks and decisions are dated by the state's entry; what this one takes itself delays the next.
    let clock = functions.clock(now);
    let release = &carry.release;
    let ports = AwsPorts::new(functions.session.clone(), &release.function, &release.alias);
    let deployment = deployment(functions, document).await;
    let alias = ports.alias().await;
    let seen = driver::alarms(&ports, &alarms, &memory, || now).await;
    let counts = match &evidence {
        Some(counting) => {
            let contenders = &state.contenders;
            driver::counts(&ports, counting, &counted, contenders, &alias, || now).await
        }
        None => Counts::unasked(*counted),
    };
    let observation = GuardObservation {
        unheard_from: evidence.as_ref().and_then(|counting| {
            let Counting { rules, timeout } = counting.as_ref();
            rules.unheard_from(&counts.memory, *timeout, now)
        }),
        ..observed(deployment, alias, &seen, &counts)
    };
    let decision = watch(&rules, &state, now, &observation);
    say(carry, &decision, &observation, &seen.readings, &counts);
    let (state, wait) = act(functions, document, decision, now).await;
    let mut counted = counts.memory;
    if evidence.is_some() {
        let due = clock.now().saturating_add(wait);
        counted.expects(due.unwrap_or(Timestamp::MAX));
    }
    let found = Counting::account(evidence.as_deref(), &counted);
    carry.outcome = state.end().map(|end| outcome(end).resting_on(&found));
    carry.way = Way::Guard {
        rules,
        alarms,
        state: Box::new(state),
        memory: seen.memory,
        evidence,
        counted: Box::new(counted),
    };
    wait
}

/// Everything that one look saw, with the first call that failed.
fn observed(
    deployment: DeploymentReading,
    alias: AliasReading,
    seen: &Alarms,
    counts: &Counts,
) -> GuardObservation {
    let unread = match &deployment {
        DeploymentReading::Unreadable(error) => Some(error.clone()),
        DeploymentReading::Seen(_) => None,
    };
    let failure = unread.or_else(|| seen.failure.clone());
    GuardObservation {
        failure: failure.or_else(|| counts.failure.clone()),
        deployment,
        alias,
        verdict: seen.verdict.clone().and(counts.verdict.clone()),
        measured: counts.measured.clone(),
        unheard_from: None,
        wish: None,
    }
}

async fn deployment(functions: &Functions, document: &Document) -> DeploymentReading {
    let id = &document.event.deployment_id;
    match deployments::get(&functions.session.codedeploy, id).await {
        Ok(deployment) => DeploymentReading::Seen(deployment.status),
        // A deployment that is gone does not go on.
        Err(error) if error.kind == Kind::NotFound => {
            DeploymentReading::Seen(DeploymentStatus::Stopped)
        }
        Err(error) => DeploymentReading::Unreadable(error.to_string()),
    }
}

async fn act(
    functions: &Functions,
    document: &Document,
    decision: GuardDecision,
    now: Timestamp,
) -> (Guard, SignedDuration) {
    let GuardAct::Stop { .. } = decision.act else {
        return (decision.state, decision.wait);
    };
    let id = &document.event.deployment_id;
    match deployments::stop(&functions.session.codedeploy, id).await {
        // Whether it was in time, the deployment's status tells at the next look.
        Ok(_) => (decision.state, decision.wait),
        Err(error) => {
            log::line(
                Level::Error,
                &error.to_string(),
                json!({ "deployment": id }),
            );
            (
                not_stopped(decision.state, now, &error.to_string()),
                decision.wait,
            )
        }
    }
}

fn outcome(end: &GuardEnd) -> Outcome {
    let word = match end {
        GuardEnd::Passed | GuardEnd::PassedUnproven { .. } | GuardEnd::Advised { .. } => {
            Word::Passed
        }
        GuardEnd::Stopped {
            cause: Cause::Aborted { .. },
        } => Word::Aborted,
        GuardEnd::Stopped { .. } => Word::RolledBack,
        GuardEnd::TooLate { .. } => Word::TooLate,
        GuardEnd::DeploymentEnded { cause: Some(_), .. } => Word::RolledBack,
        GuardEnd::DeploymentEnded { cause: None, .. } => Word::Aborted,
        GuardEnd::Failed { .. } => Word::Failed,
    };
    Outcome {
        word,
        succeeded: end.is_success(),
        reason: end.to_string(),
        end: None,
    }
}

fn say(
    carry: &Carry,
    decision: &GuardDecision,
    observation: &GuardObservation,
    readings: &[AlarmReading],
    counts: &Counts,
) {
    log::line(
        Level::Info,
        &decision.reason.to_string(),
        json!({
            "function": carry.release.function,
            "alias": carry.release.alias,
            "reason": decision.reason,
            "would": decision.would,
            "verdict": log::verdict_word(&observation.verdict),
            "alarms": log::alarm_states(readings),
            "evidence": counts.memory.finding(),
            "tick": decision.state.ticks,
        }),
    );
}
