//! A shift that is CodeDeploy's own, with the guard watching.

use jiff::Timestamp;
use serde_json::json;

use super::{Stop, countable, refused};
use crate::aws::deployments::{self, Deployment};
use crate::config::Policy;
use crate::driver::Counting;
use crate::judge::alarms::Memory;
use crate::lambda::Functions;
use crate::lambda::discovery::Shifted;
use crate::lambda::document::Way;
use crate::lambda::failure::Failure;
use crate::lambda::log::{self, Level};
use crate::rollout::guard::{Guard, GuardRules};
use crate::rollout::preflight::TIMEOUT_MAX;
use crate::rollout::{Contenders, Limits, Shift};

/// The way of a configuration that shifts in steps, or of a policy without a plan.
///
/// # Errors
/// See [`Stop`].
pub(super) async fn prepare(
    functions: &Functions,
    deployment: &Deployment,
    shifted: &Shifted,
    policy: &Policy,
    shift: Shift,
    now: Timestamp,
) -> Result<Way, Stop> {
    let group = deployments::alarms(&functions.session.codedeploy, deployment)
        .await
        .map_err(Failure::from)?;
    let alarms = policy.alarms.clone().and(group);
    let evidence = policy.evidence_where(shift.compares());
    if alarms.alarms.is_empty() && !(evidence.is_some() && shift.compares()) {
        return Err(refused(
            "neither the policy nor the deployment group names an alarm, and no counts are compared: nothing \
             would notice a bad version (hint: put an alarm on the alias' Errors into the policy's \
             \"alarms\", or let the versions share the traffic for three minutes or more at one weight \
             and the policy not say \"evidence\": false)",
        ));
    }
    countable(functions, shifted, evidence.as_ref(), now).await?;
    let rules = GuardRules {
        limits: Limits {
            longest: shift.longest(policy.rules.limits.longest),
            ..policy.rules.limits
        },
        mode: policy.rules.mode,
    };
    warn_of_short_shift(deployment, shift);
    let contenders = Contenders {
        rollout: deployment.id.rollout().clone(),
        stable: shifted.current,
        canary: shifted.target,
    };
    let state = Guard::new(contenders, now);
    Ok(Way::Guard {
        rules,
        alarms,
        state: Box::new(state),
        memory: Memory::default(),
        // Only what speaks for a version depends on its time-out, and has no say here.
        evidence: evidence.map(|rules| {
            Box::new(Counting {
                rules,
                timeout: TIMEOUT_MAX,
            })
        }),
        counted: Box::default(),
    })
}

/// How many requests the canary will get is not known yet; how many minutes is.
fn warn_of_short_shift(deployment: &Deployment, shift: Shift) {
    if shift.is_short() {
        log::line(
            Level::Warn,
            &format!(
                "the versions share the traffic for {:#} only ({}): an alarm that needs a few bad \
                 minutes in a row may come after the shift; a longer configuration gives more evidence",
                shift.lasts(),
                deployment.config
            ),
            json!({ "deployment": deployment.id }),
        );
    }
}
