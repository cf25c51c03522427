//! One tick: of the stepper here, of a [`guard`], or of a [`bake`].

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::Functions;
use super::answer::tell;
use super::document::{Carry, Caught, Document, Next, Outcome, Release, Way, Word};
use super::failure::Failure;
use super::follow::follow;
use super::log::{self, Level};
use super::{bake, crowd, guard};
use crate::aws::AwsPorts;
use crate::aws::deployments::Answer;
use crate::driver::{self, Assignment, Counting, Pass, Snapshot};
use crate::judge::Verdict;
use crate::rollout::guard::{GuardEnd, GuardFailure};
use crate::rollout::{self, End, Phase, Reason, Unapplied};

/// So long after the deadline the hook is answered although the alias is not put back yet: that
/// leaves three minutes of CodeDeploy's hour.
const LATE: SignedDuration = SignedDuration::from_mins(2);

/// One tick at the time `now`.
///
/// # Errors
/// If the document carries no rollout that this release knows.
pub async fn tick(
    functions: &Functions,
    document: Document,
    now: Timestamp,
) -> Result<Document, Failure> {
    let Some(mut carry) = document.carried().map_err(Failure::UnknownState)? else {
        return Err(Failure::BadEvent("a tick without a rollout".to_owned()));
    };
    carry.ticks = carry.ticks.saturating_add(1);
    // As many look at a time as the account's limits bear: the policy's limits are kept, and the wider ones
    // hold for this look.
    let own = crowd::widen(&mut carry, &document);
    let wait = match carry.way.clone() {
        Way::Stepper {
            assignment,
            snapshot,
        } => step(functions, &document, &mut carry, assignment, *snapshot, now).await,
        Way::Guard { .. } => guard::tick(functions, &document, &mut carry, now).await,
        Way::Bake { .. } => bake::tick(functions, &document, &mut carry, now).await,
    };
    let wait = crowd::restore(&mut carry, own, wait);
    let document = crowd::count_again(functions, document, &carry, now).await;
    let unrepaired = unrepaired(&carry);
    let ticks = carry.ticks;
    let over = carry.outcome.is_some();
    // A look is due at the deadline at the latest, however long the poll is.
    let left = carry.release.deadline.duration_since(now);
    let wait = match carry.way {
        Way::Guard { .. } => wait,
        Way::Stepper { .. } | Way::Bake { .. } => wait.min(left.max(SignedDuration::from_secs(1))),
    };
    let document = document.carrying(&carry);
    if let Some(cause) = unrepaired {
        let error = Some(Caught {
            error: "NotPutBack".to_owned(),
            cause,
        });
        return Ok(Document { error, ..document }.then(Next::Rollback));
    }
    let wait = whole_seconds(wait);
    Ok(match (over, ticks >= functions.ticks_max - 1) {
        (true, _) => document.then(Next::Report),
        (false, true) => document.going_on(wait),
        (false, false) => document.after(wait),
    })
}

/// What a rollout that ended has left behind: its own patience is over, the state machine's begins.
fn unrepaired(carry: &Carry) -> Option<String> {
    let left = match &carry.way {
        Way::Stepper { snapshot, .. } => matches!(
            snapshot.state.end(),
            Some(End::Failed {
                failure: rollout::Failure::NotPutBack { .. }
            })
        ),
        Way::Guard { state, .. } => matches!(
            state.end(),
            Some(GuardEnd::Failed {
                failure: GuardFailure::NotStopped { .. }
            })
        ),
        Way::Bake { .. } => false,
    };
    let outcome = carry.outcome.as_ref().filter(|_| left)?;
    Some(outcome.reason.clone())
}

/// Step Functions waits for whole seconds; a bake is never cut short.
fn whole_seconds(wait: SignedDuration) -> u64 {
    let more = i64::from(wait.subsec_nanos() > 0);
    u64::try_from(wait.as_secs().saturating_add(more)).unwrap_or(0)
}

async fn step(
    functions: &Functions,
    document: &Document,
    carry: &mut Carry,
    assignment: Box<Assignment>,
    snapshot: Snapshot,
    now: Timestamp,
) -> SignedDuration {
    let release = &carry.release;
    let ports = AwsPorts::new(functions.session.clone(), &release.function, &release.alias);
    let clock = functions.clock(now);
    let heard = follow(functions, document).await;
    let pass = driver::pass(&ports, &assignment, &snapshot, heard, || clock.now()).await;
    say(carry, &pass);
    let end = pass.snapshot.state.end().cloned();
    let found = Counting::account(assignment.evidence.as_ref(), &pass.snapshot.evidence);
    carry.outcome =
        end.map(|end| repairable(outcome(&end), &end, &carry.release).resting_on(&found));
    carry.way = Way::Stepper {
        assignment,
        snapshot: Box::new(pass.snapshot),
    };
    answer_in_time(functions, document, carry, now).await;
    pass.wait
}

/// Putting the alias back may take longer than CodeDeploy waits. The answer does not wait for it
/// past the deadline; the writing goes on.
async fn answer_in_time(
    functions: &Functions,
    document: &Document,
    carry: &mut Carry,
    now: Timestamp,
) {
    let Way::Stepper { snapshot, .. } = &carry.way else {
        return;
    };
    let putting_back = matches!(snapshot.state.phase, Phase::RollingBack { .. });
    let late = now.duration_since(carry.release.deadline) >= LATE;
    if !putting_back || !late || carry.answered {
        return;
    }
    match tell(&functions.session, &document.event, Answer::Failed).await {
        Ok(_) => carry.answered = true,
        Err(failure) => log::line(Level::Error, &failure.to_string(), json!({})),
    }
}

/// What CodeDeploy is told of an end.
#[must_use]
pub fn outcome(end: &End) -> Outcome {
    let word = match end {
        End::Promoted { .. } | End::HandedOver => Word::Passed,
        End::RolledBack { .. } => Word::RolledBack,
        End::Aborted { .. } => Word::Aborted,
        End::Failed {
            failure: rollout::Failure::NotStarted { .. } | rollout::Failure::ChangedSincePreflight,
        } => Word::Refused,
        End::Failed { .. } => Word::Failed,
    };
    Outcome {
        word,
        succeeded: word == Word::Passed,
        reason: end.to_string(),
        end: Some(end.clone()),
    }
}

/// Where something may be left at the alias, the command that takes it away.
fn repairable(outcome: Outcome, end: &End, release: &Release) -> Outcome {
    let left = matches!(
        end,
        End::Failed {
            failure: rollout::Failure::Drift { .. } | rollout::Failure::NotPutBack { .. }
        }
    );
    if !left {
        return outcome;
    }
    let (function, alias) = (&release.function, &release.alias);
    Outcome {
        reason: format!(
            "{}; weights of this rollout and its mark, if they still stand, go by hand: \
             canary rollback --function {function} --alias {alias}",
            outcome.reason
        ),
        ..outcome
    }
}

fn say(carry: &Carry, pass: &Pass) {
    if let Some(forecast) = &pass.forecast {
        let rollout = &pass.snapshot.state.contenders.rollout;
        let fields = json!({ "rollout": rollout });
        log::line(Level::Warn, &forecast.to_string(), fields);
    }
    let (level, act) = match &pass.act {
        Some((_, Ok(()))) => (Level::Info, Value::from("done")),
        Some((_, Err(why))) => (Level::Warn, Value::from(format!("{why:?}"))),
        None => (Level::Info, Value::Null),
    };
    log::line(
        level,
        &message(pass),
        json!({
            "function": carry.release.function,
            "alias": carry.release.alias,
            "rollout": pass.snapshot.state.contenders.rollout,
            "reason": pass.reason,
            "act": act,
            "would": pass.would,
            "verdict": log::verdict_word(&pass.verdict),
            "alarms": log::alarm_states(&pass.alarms),
            "evidence": pass.snapshot.evidence.finding(),
            "tick": pass.snapshot.state.ticks,
        }),
    );
}

/// The reason, with what it leaves unsaid: what is not known while a bake goes on, and that a write
/// did not go through.
fn message(pass: &Pass) -> String {
    let mut message = pass.reason.to_string();
    if let (Reason::Bake { .. }, Verdict::Inconclusive(doubts)) = (&pass.reason, &pass.verdict) {
        for doubt in doubts {
            message += &format!("; {doubt}");
        }
    }
    if let Some((_, Err(why))) = &pass.act {
        message += &match why {
            Unapplied::Conflict => "; not written: the alias was changed meanwhile".to_owned(),
            Unapplied::Refused(error) => format!("; not written: {error}"),
            Unapplied::Lost(error) => format!("; whether it was written is not known: {error}"),
        };
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_rounded_up_and_never_overflows() {
        for (wait, seconds) in [
            (SignedDuration::from_millis(500), 1),
            (SignedDuration::from_secs(15), 15),
            (SignedDuration::MIN, 0),
            (SignedDuration::MAX, i64::MAX.unsigned_abs()),
        ] {
            assert_eq!(whole_seconds(wait), seconds, "{wait:?}");
        }
    }
}
