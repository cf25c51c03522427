//! The bake's tick, after the shift: the alarms stay quiet, the version fails no more requests than
//! it may, and the guard has its say.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::Functions;
use super::after::{self, Before};
use super::document::{Carry, Document, Outcome, Release, Way, Word};
use super::failure::Failure;
use super::follow::follow;
use super::log::{self, Level};
use crate::aws::AwsPorts;
use crate::driver::{self, Alarms, Counts};
use crate::judge::duration::readable;
use crate::judge::measure::{Alone, EvidenceRules, Versions};
use crate::judge::{Doubt, Verdict};
use crate::rollout::Wish;
use crate::rollout::bake::{Bake, Baked, Watched};
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
        evidence,
        counted,
    } = carry.way.clone()
    else {
        return SignedDuration::ZERO;
    };
    let Others { guard, failure } = match others(functions, document).await {
        Ok(others) => others,
        Err(outcome) => {
            carry.outcome = Some(outcome);
            return SignedDuration::ZERO;
        }
    };
    let release = &carry.release;
    let ports = AwsPorts::new(functions.session.clone(), &release.function, &release.alias);
    let seen = driver::alarms(&ports, &alarms, &memory, || now).await;
    let counts = count(&ports, release, evidence.as_deref(), *counted, now).await;
    let watched = watched(&seen, &counts, evidence.as_deref(), failure);
    let said = said(release, &counts, evidence.as_deref());
    let quiet = match alarms.alarms.is_empty() {
        true => "nothing spoke against the new version",
        false => "the alarms stayed quiet",
    };
    let (bake, baked) = bake.tick(now, &watched);
    let (message, outcome, wait) =
        conclude(&bake, baked, &guard, now < release.deadline, quiet, said);
    log::line(
        Level::Info,
        &message,
        json!({
            "function": release.function,
            "alias": release.alias,
            "verdict": log::verdict_word(&watched.verdict),
            "alarms": log::alarm_states(&seen.readings),
            "evidence": counts.memory.finding(),
            "tick": bake.ticks,
        }),
    );
    carry.outcome = outcome;
    carry.way = Way::Bake {
        alarms,
        bake: Box::new(bake),
        memory: seen.memory,
        evidence,
        counted: Box::new(counts.memory),
    };
    wait
}

/// What those say who watch beside the bake.
struct Others {
    guard: Result<Before, Failure>,
    /// Why one of them could not be asked.
    failure: Option<String>,
}

/// Asks CodeDeploy and the guard. An error is an end.
async fn others(functions: &Functions, document: &Document) -> Result<Others, Outcome> {
    let unheard = match follow(functions, document).await {
        Ok(None) => None,
        Ok(Some(Wish::Abort { by })) => {
            return Err(Outcome::failed(Word::Aborted, format!("aborted by {by}")));
        }
        Err(error) => Some(error),
    };
    let guard = match document.hook {
        Hook::PostTraffic => after::before(functions, &document.event).await,
        Hook::PreTraffic => Ok(Before::Nothing),
    };
    if let Ok(Before::Against(reason)) = &guard {
        let reason = format!("the guard did not pass the version: {reason}");
        return Err(Outcome::failed(Word::RolledBack, reason));
    }
    let failed = guard.as_ref().err().map(ToString::to_string);
    let failure = failed.or(unheard);
    Ok(Others { guard, failure })
}

async fn count(
    ports: &AwsPorts,
    release: &Release,
    evidence: Option<&EvidenceRules>,
    memory: Alone,
    now: Timestamp,
) -> Counts<Alone> {
    let Some(rules) = evidence else {
        return Counts::unasked(memory);
    };
    let versions = Versions {
        stable: release.stable.to_string(),
        canary: release.canary.to_string(),
    };
    driver::alone(ports, rules, &memory, &versions, || now).await
}

/// Everything that one look saw, with the first call that failed. Where no number of failed requests
/// is too many, counts are only said, and nothing depends on them.
fn watched(
    seen: &Alarms,
    counts: &Counts<Alone>,
    evidence: Option<&EvidenceRules>,
    failed: Option<String>,
) -> Watched {
    let limited = evidence.is_some_and(|rules| rules.max_errors.is_some());
    let counted = counts.verdict.clone();
    let uncounted = counts.failure.clone().filter(|_| limited);
    Watched {
        verdict: seen.verdict.clone().and(match limited {
            true => counted,
            false => Verdict::Pass,
        }),
        measured: counts.measured.clone(),
        failure: seen.failure.clone().or(failed).or(uncounted),
    }
}

/// What the counts come to, in words; `None` where nothing is counted, or not yet.
fn said(
    release: &Release,
    counts: &Counts<Alone>,
    evidence: Option<&EvidenceRules>,
) -> Option<String> {
    let rules = evidence?;
    if let Some(error) = &counts.failure {
        let version = release.canary;
        return Some(format!(
            "the requests of version {version} could not be counted ({error})"
        ));
    }
    let finding = counts.memory.finding()?;
    Some(finding.sentence(rules, &release.canary.to_string()))
}

/// What a look comes to: a line for the log, the outcome if it is over, and how long to wait.
fn conclude(
    bake: &Bake,
    baked: Baked,
    guard: &Result<Before, Failure>,
    in_time: bool,
    quiet: &str,
    said: Option<String>,
) -> (String, Option<Outcome>, SignedDuration) {
    let counted = said.map_or(String::new(), |said| format!("; {said}"));
    let over = |outcome: Outcome| (outcome.reason.clone(), Some(outcome), SignedDuration::ZERO);
    match baked {
        // The guard's word is waited for, and a guard that cannot be asked is none that found
        // nothing.
        Baked::Passed if *guard != Ok(Before::Nothing) && in_time => {
            let message = waiting(SignedDuration::ZERO, &[], guard);
            (message + &counted, None, bake.limits.poll)
        }
        Baked::Passed if *guard != Ok(Before::Nothing) => over(Outcome::failed(
            Word::Failed,
            "the guard gave no verdict in time",
        )),
        Baked::Passed => {
            let reason = match bake.length.is_zero() {
                true => "all traffic is at the new version".to_owned(),
                false => format!("{quiet} for {:#}", bake.length),
            };
            over(Outcome::passed(reason + &counted))
        }
        Baked::Failed { cause } => over(Outcome::failed(Word::RolledBack, cause.to_string())),
        Baked::Wait { wait, left, doubts } => {
            let counted = match doubts.first() {
                Some(Doubt::Uncounted { .. }) => "",
                _ => &counted,
            };
            (waiting(left, &doubts, guard) + counted, None, wait)
        }
    }
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
