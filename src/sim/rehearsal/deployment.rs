//! What CodeDeploy does on the same traffic: it shifts by the clock, and looks at one alarm.

use super::alarm::AliasAlarm;
use super::chances::MINUTE;
use super::cloud::Cloud;
use super::run::{Ended, Outcome};
use super::traffic::{Requests, Routing};
use crate::rollout::Plan;
use crate::sim::deployments::{BETWEEN, POLL, STARTING};

/// From a deployment's start to the first shift, without hooks.
const TO_TRAFFIC: i64 = 2 * BETWEEN;
/// From all traffic at the canary to the end, without hooks.
const TO_END: i64 = 2 * BETWEEN;
/// From an alarm that is seen to all traffic back at the stable version: the rollback is a
/// deployment of its own.
const BACK: i64 = 2 * STARTING + TO_TRAFFIC;

/// Deploys by these steps from the second `began` on, when the first share is shifted.
pub(super) fn deploy(mut cloud: Cloud<'_>, alarm: &AliasAlarm, plan: &Plan, began: i64) -> Outcome {
    let starts = began - TO_TRAFFIC;
    let shifts = shifts(plan, began);
    let all_at = shifts.last().map_or(began, |(second, _)| *second);
    let ends = all_at + TO_END;
    let mut due = shifts.into_iter().peekable();
    let mut promoted = Requests::default();
    let mut shift = |cloud: &mut Cloud<'_>, before: i64| {
        while let Some((second, routing)) = due.next_if(|(second, _)| *second < before) {
            cloud.route(routing, second);
            promoted = cloud.canary();
        }
    };
    let mut next = last_at_phase(starts, cloud.alarm_phase);
    let mut stopped = None;
    while next <= ends {
        shift(&mut cloud, next + 1);
        cloud.pass_to(next);
        if alarm.rings(&cloud, next) {
            stopped = Some(seen_at(starts, next)).filter(|seen| *seen <= ends);
            break;
        }
        next += MINUTE;
    }
    // Until it is seen the shifts go on; one at that very second does not happen any more.
    shift(&mut cloud, stopped.unwrap_or(i64::MAX));
    let Some(seen) = stopped else {
        return Outcome {
            ended: Ended::Promoted,
            seconds: (all_at - began) as f64,
            canary: promoted,
        };
    };
    // Before the first shift there is nothing to put back.
    let back = if seen <= began { began } else { seen + BACK };
    cloud.route(Routing::Stable, back);
    Outcome {
        ended: Ended::RolledBack,
        seconds: (back - began) as f64,
        canary: cloud.canary(),
    }
}

/// The seconds at which the traffic is shifted, and where to; the last one sends all of it to the
/// canary.
fn shifts(plan: &Plan, began: i64) -> Vec<(i64, Routing)> {
    let mut second = began;
    let mut shifts = Vec::with_capacity(plan.steps().len() + 1);
    for step in plan.steps() {
        shifts.push((second, Routing::Weighted(step.weight.fraction())));
        second += step.bake.as_secs();
    }
    shifts.push((second, Routing::Canary));
    shifts
}

/// The last second at or before this one at which the alarm was evaluated.
fn last_at_phase(second: i64, phase: i64) -> i64 {
    (second - phase).div_euclid(MINUTE) * MINUTE + phase
}

/// When CodeDeploy sees what stands from `second` on.
fn seen_at(starts: i64, second: i64) -> i64 {
    let polls = (second - starts).max(0) as u64;
    starts + polls.div_ceil(POLL.unsigned_abs()) as i64 * POLL
}

#[cfg(test)]
#[path = "deployment_tests.rs"]
mod tests;
