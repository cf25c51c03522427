//! The post-traffic hook: is all traffic at the new version, what did the guard find, and do the
//! alarms stay quiet for the bake that the policy asks for.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::Functions;
use super::discovery::Shifted;
use super::document::{Carry, Document, HookEvent, Outcome, SCHEMA, Way, Word};
use super::failure::Failure;
use super::hooks;
use super::preflight::{
    NOTHING_TO_BAKE_BY, Stop, open_deployment, policy_of, refused, release, what,
};
use crate::aws::deployments::{self, Deployment};
use crate::aws::{alias, executions};
use crate::judge::alarms::Memory;
use crate::judge::duration::readable;
use crate::judge::measure::EvidenceRules;
use crate::rollout::bake::Bake;
use crate::rollout::deployment::Hook;
use crate::rollout::hook;

/// So many looks at the alias after the shift.
const LOOKS: u32 = 3;
/// Between two of them.
const LOOK_AGAIN: Duration = Duration::from_millis(700);

/// What the pre-traffic execution of the same deployment has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Before {
    /// Nothing against the version.
    Nothing,
    /// It is still watching.
    Watching,
    /// A regression.
    Against(String),
}

/// Prepares the end of a deployment.
///
/// # Errors
/// See [`Stop`].
pub async fn prepare(
    functions: &Functions,
    document: &Document,
    now: Timestamp,
) -> Result<Carry, Stop> {
    let deployment = open_deployment(functions, document).await?;
    let shifted = what(functions, &deployment).await?;
    let prepared = bake(functions, &deployment, &shifted, now).await;
    prepared.map_err(|stop| stop.about(&shifted))
}

async fn bake(
    functions: &Functions,
    deployment: &Deployment,
    shifted: &Shifted,
    now: Timestamp,
) -> Result<Carry, Stop> {
    let policy = policy_of(functions, shifted).await?;
    let deadline = hook::deadline(shifted.event_since.unwrap_or(now));
    let release = release(shifted, deadline);
    check_alias(functions, &release).await?;
    let group = deployments::alarms(&functions.session.codedeploy, deployment)
        .await
        .map_err(Failure::from)?;
    let alarms = policy.alarms.clone().and(group);
    let length = policy.bake;
    // Nothing is compared here: how long the plan's steps are makes no difference.
    let evidence = policy.evidence_where(true).filter(|_| !length.is_zero());
    let limited = evidence.as_ref().filter(|rules| rules.max_errors.is_some());
    if !length.is_zero() && alarms.alarms.is_empty() && limited.is_none() {
        return Err(refused(NOTHING_TO_BAKE_BY));
    }
    let settling = limited.map_or(SignedDuration::ZERO, EvidenceRules::settling);
    let (takes, left) = (
        length.saturating_add(settling),
        deadline.duration_since(now),
    );
    if takes > left {
        return Err(refused(format!(
            "the policy's bake takes {}, and {} are left of the hour that CodeDeploy waits for a hook",
            readable(takes),
            readable(left),
        )));
    }
    let bake = Bake {
        since: now,
        length,
        deadline,
        limits: policy.rules.limits,
        mode: policy.rules.mode,
        failing: None,
        ticks: 0,
    };
    Ok(Carry {
        schema: SCHEMA,
        release,
        way: Way::Bake {
            alarms,
            bake: Box::new(bake),
            memory: Memory::default(),
            evidence: evidence.map(Box::new),
            counted: Box::default(),
        },
        answered: false,
        ticks: 0,
        outcome: None,
    })
}

/// Whether all traffic is at the new version. One answer may be stale, right after the shift: only
/// a third one that says otherwise is believed.
async fn check_alias(
    functions: &Functions,
    release: &super::document::Release,
) -> Result<(), Stop> {
    let (function, alias) = (&release.function, &release.alias);
    let mut looks = 1;
    loop {
        let view = alias::get(&functions.session.lambda, function, alias)
            .await
            .map_err(Failure::from)?;
        if view.version == release.canary.to_string() && view.weights.is_empty() {
            return Ok(());
        }
        if looks == LOOKS {
            let reason = format!(
                "after the shift {function}:{alias} should be at version {} without weights, but is {view}",
                release.canary
            );
            return Err(Stop::with(Outcome::failed(Word::Failed, reason)));
        }
        looks += 1;
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// What the pre-traffic execution of the same deployment has to say.
///
/// # Errors
/// If it could not be asked.
pub async fn before(functions: &Functions, event: &HookEvent) -> Result<Before, Failure> {
    let name = hooks::name(Hook::PreTraffic, event);
    // Only this hook is installed, if there is none.
    let Some(execution) =
        executions::last(&functions.session.sfn, functions.machine()?, name).await?
    else {
        return Ok(Before::Nothing);
    };
    let found = |pointer| {
        execution
            .output
            .as_ref()
            .and_then(|output: &Value| output.pointer(pointer))
    };
    let reason = found("/carry/outcome/reason").and_then(Value::as_str);
    let succeeded = found("/carry/outcome/succeeded").and_then(Value::as_bool);
    Ok(match (execution.status.as_str(), succeeded) {
        ("RUNNING" | "PENDING_REDRIVE", _) => Before::Watching,
        ("SUCCEEDED", Some(true)) => Before::Nothing,
        ("SUCCEEDED", _) => Before::Against(reason.unwrap_or("without a reason").to_owned()),
        (status, _) => Before::Against(format!("the execution that watched it is {status}")),
    })
}
