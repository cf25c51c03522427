//! The bake's tick, after the shift: the alarms stay quiet, and the guard has its say.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::Functions;
use super::after::{self, Before};
use super::document::{Carry, Document, Outcome, Way, Word};
use super::failure::Failure;
use super::follow::follow;
use super::log::{self, Level};
use crate::aws::AwsPorts;
use crate::driver::{self, Alarms};
use crate::judge::Doubt;
use crate::judge::duration::readable;
use crate::rollout::Wish;
use crate::rollout::bake::Baked;
use crate::rollout::deployment::Hook;

/// One look. Returns how long to wait.
pub async fn tick(
    functions: &Functions,
    document: &Document,
    carry: &mut Carry,
    now: Timestamp,
) -> SignedDuration {
    let Way::Bake {
        alarms,
        bake,
        memory,
    } = carry.way.clone()
    else {
        return SignedDuration::ZERO;
    };
    let poll = bake.limits.poll;
    let unheard = match follow(functions, document).await {
        Ok(None) => None,
        Ok(Some(Wish::Abort { by })) => {
            carry.outcome = Some(Outcome::failed(Word::Aborted, format!("aborted by {by}")));
            return SignedDuration::ZERO;
        }
        Err(error) => Some(error),
    };
    let guard = match document.hook {
        Hook::PostTraffic => after::before(functions, &document.event).await,
        Hook::PreTraffic => Ok(Before::Nothing),
    };
    let failed = guard.as_ref().err().map(ToString::to_string);
    if let Ok(Before::Against(reason)) = &guard {
        let reason = format!("the guard did not pass the version: {reason}");
        carry.outcome = Some(Outcome::failed(Word::RolledBack, reason));
        return SignedDuration::ZERO;
    }
    let ports = AwsPorts::new(
        functions.session.clone(),
        &carry.release.function,
        &carry.release.alias,
    );
    let Alarms {
        memory,
        verdict,
        readings,
        failure,
    } = driver::alarms(&ports, &alarms, &memory, || now).await;
    let failure = failure.or(failed).or(unheard);
    let (bake, mut baked) = bake.tick(now, &verdict, failure.as_deref());
    // The guard's word is waited for, and a guard that cannot be asked is none that found nothing.
    if baked == Baked::Passed && guard != Ok(Before::Nothing) {
        baked = if now < carry.release.deadline {
            Baked::Wait {
                wait: poll,
                left: SignedDuration::ZERO,
                doubts: Vec::new(),
            }
        } else {
            carry.outcome = Some(Outcome::failed(
                Word::Failed,
                "the guard gave no verdict in time",
            ));
            return SignedDuration::ZERO;
        };
    }
    let (message, wait) = match &baked {
        Baked::Wait { wait, left, doubts } => (waiting(*left, doubts, &guard), *wait),
        Baked::Passed => {
            let reason = match bake.length.is_zero() {
                true => "all traffic is at the new version".to_owned(),
                false => format!("the alarms stayed quiet for {:#}", bake.length),
            };
            carry.outcome = Some(Outcome::passed(reason.clone()));
            (reason, SignedDuration::ZERO)
        }
        Baked::Failed { cause } => {
            carry.outcome = Some(Outcome::failed(Word::RolledBack, cause.to_string()));
            (cause.to_string(), SignedDuration::ZERO)
        }
    };
    log::line(
        Level::Info,
        &message,
        json!({
            "function": carry.release.function,
            "alias": carry.release.alias,
            "verdict": log::verdict_word(&verdict),
            "alarms": log::alarm_states(&readings),
            "tick": bake.ticks,
        }),
    );
    carry.way = Way::Bake {
        alarms,
        bake: Box::new(bake),
        memory,
    };
    wait
}

fn waiting(left: SignedDuration, doubts: &[Doubt], guard: &Result<Before, Failure>) -> String {
    if !left.is_zero() {
        return format!("bake: {} left", readable(left));
    }
    match (doubts.first(), guard) {
        (Some(doubt), _) => format!("hold: {doubt}"),
        (None, Ok(Before::Watching)) => "waiting for the guard's verdict".to_owned(),
        (None, Err(error)) => format!("the guard could not be asked: {error}"),
        (None, Ok(_)) => "hold".to_owned(),
    }
}
