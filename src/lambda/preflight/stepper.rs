//! A rollout that the stepper carries out: the alias and the plan, before the first write.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{Stop, bakes, countable, refused};
use crate::aws::checks;
use crate::aws::deployments::{self, Deployment};
use crate::aws::preflight::{GatherError, gather};
use crate::config::Policy;
use crate::driver::{Assignment, Snapshot};
use crate::lambda::Functions;
use crate::lambda::discovery::Shifted;
use crate::lambda::document::{Outcome, Way};
use crate::lambda::log::{self, Level};
use crate::rollout::hook::{self, HookFacts};
use crate::rollout::preflight::{Audience, Preflight, Request, begin, preflight};
use crate::rollout::reach::Reach;
use crate::rollout::{Finish, Limits, Mode, Rules};

/// The way of a plan in the policy.
///
/// # Errors
/// See [`Stop`].
pub(super) async fn prepare(
    functions: &Functions,
    deployment: &Deployment,
    shifted: &Shifted,
    policy: Policy,
    facts: &HookFacts,
    now: Timestamp,
) -> Result<Way, Stop> {
    let request = Request {
        rollout: deployment.id.rollout().clone(),
        canary: shifted.target,
        shifts: true,
        watches: policy.watches(),
        reach: Reach::of(&policy.rules, policy.evidence.as_ref(), Finish::HandOver),
        // CloudFormation's own deployment is what asks: the alias stays where its stack wants it.
        detach: true,
    };
    let gathered = gather(
        &functions.session,
        &shifted.function,
        &shifted.alias,
        shifted.target,
    )
    .await;
    let gathered = gathered.map_err(|error| match error {
        GatherError::Call(error) => Stop::Later(error.into()),
        GatherError::Name(error) => refused(match error.hint(Audience::Hook) {
            Some(hint) => format!("{error} (hint: {hint})"),
            None => error.to_string(),
        }),
    })?;
    let contenders = match preflight(&gathered.facts, &request) {
        Preflight::Ready(contenders) => contenders,
        Preflight::NothingToDo => {
            let reason = format!("the alias is at version {} already", shifted.target);
            return Err(Stop::with(Outcome::passed(reason)));
        }
        Preflight::Refused(refusals) => {
            let said: Vec<String> = refusals
                .iter()
                .map(|refusal| format!("{refusal} (hint: {})", refusal.hint(Audience::Hook)))
                .collect();
            return Err(refused(said.join("; ")));
        }
    };
    if contenders.stable != shifted.current {
        return Err(refused(format!(
            "the alias is at version {}, but the deployment goes from version {}",
            contenders.stable, shifted.current
        )));
    }
    let rules = &policy.rules;
    // The checks run before the first step, within the same hour.
    let checks = match policy.checks.is_empty() {
        true => SignedDuration::ZERO,
        false => SignedDuration::try_from(checks::LONGEST).unwrap_or_default(),
    };
    hook::fits(
        rules.plan.duration(),
        rules.limits.poll,
        policy.settling().saturating_add(checks),
        facts.started_at,
        now,
    )
    .map_err(|error| {
        let hint = error.hint();
        refused(format!(
            "{error} (hint: {hint}{})",
            policy.without_evidence()
        ))
    })?;
    let group = match deployments::alarms(&functions.session.codedeploy, deployment).await {
        Ok(alarms) => alarms,
        // Without a bake it is only for a warning.
        Err(_) if policy.bake.is_zero() => Vec::new(),
        Err(error) => return Err(Stop::Later(error.into())),
    };
    bakes(&policy, &group)?;
    // Where nothing is enforced, it is only said on the way.
    let enforced = policy.rules.mode == Mode::Enforce;
    let asked = policy.evidence.as_ref().filter(|_| enforced);
    countable(functions, shifted, asked, now).await?;
    warn_of_group_alarms(deployment, &group);
    if policy.is_too_short_to_compare() {
        let why = "no step gives the new version traffic for the three minutes that it takes to compare both versions' counts";
        log::line(Level::Warn, why, json!({ "deployment": deployment.id }));
    }
    let left = hook::deadline(facts.started_at).duration_since(now);
    let longest = policy.rules.limits.longest.min(left);
    let rules = Rules {
        finish: Finish::HandOver,
        limits: Limits {
            longest,
            ..policy.rules.limits
        },
        ..policy.rules
    };
    let state = begin(contenders, &gathered.facts.alias, now);
    Ok(Way::Stepper {
        assignment: Box::new(Assignment::new(
            rules,
            policy.alarms,
            policy.evidence,
            gathered.facts.timeout(),
        )),
        snapshot: Box::new(Snapshot::new(state)),
    })
}

/// Alarms in the group make CodeDeploy start its own rollback beside the stepper's.
fn warn_of_group_alarms(deployment: &Deployment, alarms: &[String]) {
    if !alarms.is_empty() {
        log::line(
            Level::Warn,
            "the deployment group has alarms of its own: while the stepper shifts, they belong into the policy",
            json!({ "deployment": deployment.id, "group": deployment.group, "alarms": alarms }),
        );
    }
}
