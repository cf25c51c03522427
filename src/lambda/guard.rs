//! A guard's tick: CodeDeploy shifts the traffic, and a regression stops its deployment.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::Functions;
use super::document::{Carry, Document, Outcome, Way, Word};
use super::log::{self, Level};
use crate::aws::{AwsPorts, Kind, deployments};
use crate::driver::{self, Observe as _};
use crate::judge::alarms::{AlarmReading, AlarmRules, Memory};
use crate::judge::measure::Measured;
use crate::rollout::guard::{
    DeploymentReading, Guard, GuardAct, GuardDecision, GuardEnd, GuardObservation, not_stopped,
    watch,
};
use crate::rollout::{Cause, DeploymentStatus};

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
    } = carry.way.clone()
    else {
        return SignedDuration::ZERO;
    };
    let (observation, readings, memory) =
        look(functions, document, carry, &alarms, &memory, now).await;
    let decision = watch(&rules, &state, now, &observation);
    say(carry, &decision, &observation, &readings);
    let (state, wait) = act(functions, document, decision, now).await;
    carry.outcome = state.end().map(outcome);
    carry.way = Way::Guard {
        rules,
        alarms,
        state: Box::new(state),
        memory,
    };
    wait
}

async fn look(
    functions: &Functions,
    document: &Document,
    carry: &Carry,
    alarms: &AlarmRules,
    memory: &Memory,
    now: Timestamp,
) -> (GuardObservation, Vec<AlarmReading>, Memory) {
    let release = &carry.release;
    let ports = AwsPorts::new(functions.session.clone(), &release.function, &release.alias);
    let deployment = deployment(functions, document).await;
    let alias = ports.alias().await;
    let seen = driver::alarms(&ports, alarms, memory, || now).await;
    let unread = match &deployment {
        DeploymentReading::Unreadable(error) => Some(error.clone()),
        DeploymentReading::Seen(_) => None,
    };
    let observation = GuardObservation {
        failure: unread.or(seen.failure),
        deployment,
        alias,
        verdict: seen.verdict,
        measured: Measured::default(),
        wish: None,
    };
    (observation, seen.readings, seen.memory)
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
        GuardEnd::Passed | GuardEnd::Advised { .. } => Word::Passed,
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
            "tick": decision.state.ticks,
        }),
    );
}
