//! The guard's way: CodeDeploy shifts, so what is left to find out is what the guard watches, and
//! for how long the versions share the traffic.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{Stop, bakes, countable, refused};
use crate::aws::deployments::{self, Deployment};
use crate::aws::preflight::timeout;
use crate::config::Policy;
use crate::driver::Counting;
use crate::judge::alarms::Memory;
use crate::judge::duration::readable;
use crate::judge::measure::{EvidenceRules, SHORTEST};
use crate::lambda::Functions;
use crate::lambda::discovery::Shifted;
use crate::lambda::document::Way;
use crate::lambda::failure::Failure;
use crate::lambda::log::{self, Level};
use crate::rollout::guard::{Guard, GuardRules};
use crate::rollout::{Contenders, Finish, Limits, Mode, Shift};

/// The longest time between two looks while counts are compared: a change of the weight is known to
/// lie between two of them, and the minutes that it touches are not judged.
const POLL_MAX: SignedDuration = SignedDuration::from_secs(30);

/// A guard for this deployment.
///
/// # Errors
/// If nothing would notice a bad version, or AWS could not be asked.
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
    bakes(policy, &group)?;
    let alarms = policy.alarms.clone().and(group);
    let evidence = policy.evidence_where(shift.compares());
    let comparing = evidence.as_ref().filter(|_| shift.compares());
    if alarms.alarms.is_empty() && comparing.is_none() {
        return Err(nothing_to_go_by(deployment, shift));
    }
    let enforced = policy.rules.mode == Mode::Enforce;
    let needed =
        |rules: &&EvidenceRules| enforced && (shift.compares() || rules.max_errors.is_some());
    countable(functions, shifted, evidence.as_ref().filter(needed), now).await?;
    // A hook waits, or nobody does: what the policy leaves open is decided as inside the hook.
    let inconclusive =
        comparing.map(|evidence| Finish::HandOver.inconclusive(evidence.inconclusive));
    let rules = GuardRules {
        limits: Limits {
            longest: shift.longest(policy.rules.limits.longest),
            poll: match comparing {
                // What it learns of a shift late, it cannot compare minutes of.
                Some(_) => policy.rules.limits.poll.min(POLL_MAX),
                None => policy.rules.limits.poll,
            },
            ..policy.rules.limits
        },
        mode: policy.rules.mode,
        inconclusive,
    };
    warn_of_short_shift(policy, deployment, shift);
    let evidence = match evidence {
        Some(rules) => {
            let versions = [shifted.current, shifted.target];
            let timeout = timeout(&functions.session, &shifted.function, versions)
                .await
                .map_err(Failure::from)?;
            Some(Box::new(Counting { rules, timeout }))
        }
        None => None,
    };
    let contenders = Contenders {
        rollout: deployment.id.rollout().clone(),
        stable: shifted.current,
        canary: shifted.target,
    };
    Ok(Way::Guard {
        rules,
        alarms,
        state: Box::new(Guard::new(contenders, now)),
        memory: Memory::default(),
        evidence,
        counted: Box::default(),
    })
}

fn nothing_to_go_by(deployment: &Deployment, shift: Shift) -> Stop {
    let uncompared = match shift.compares() {
        true => "no counts are compared".to_owned(),
        false => incomparable(deployment, shift),
    };
    refused(format!(
        "neither the policy nor the deployment group names an alarm, and {uncompared}: nothing would notice a \
         bad version (hint: put an alarm on the alias' Errors into the policy's \"alarms\", or let the versions \
         share the traffic for {} or more at one weight and the policy not say \"evidence\": false)",
        readable(SHORTEST),
    ))
}

fn incomparable(deployment: &Deployment, shift: Shift) -> String {
    format!(
        "the versions' counts cannot be compared, since {} ({shift}) leaves hardly a whole minute at one \
         weight",
        deployment.config
    )
}

/// How many requests the canary will get is not known yet; how many minutes is.
fn warn_of_short_shift(policy: &Policy, deployment: &Deployment, shift: Shift) {
    let warn = |message: &str| {
        log::line(Level::Warn, message, json!({ "deployment": deployment.id }));
    };
    if shift.is_short() {
        warn(&format!(
            "the versions share the traffic for {:#} only ({}): an alarm that needs a few bad \
             minutes in a row may come after the shift; a longer configuration gives more evidence",
            shift.lasts(),
            deployment.config
        ));
    }
    let counts = policy.evidence_where(true).is_some();
    if counts && !shift.compares() {
        warn(&format!(
            "{}: only alarms speak, and too little evidence has no say",
            incomparable(deployment, shift)
        ));
    }
}
