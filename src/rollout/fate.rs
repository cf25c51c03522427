//! What became of a command, and what the rollout makes of it.

use jiff::{SignedDuration, Timestamp};

use super::{
    decision::Command,
    rules::Limits,
    state::{Cause, End, Failing, Failure, Phase, State, brief, elapsed},
};

/// For how long a refused or lost rollback is tried again before the rollout gives up and says
/// what it left. Lambda throttles and outages are shorter.
pub const ROLLBACK_PATIENCE: SignedDuration = SignedDuration::from_mins(35);

/// How often it is tried at least: a laptop that slept with its lid closed has not tried.
const ROLLBACK_ATTEMPTS: u32 = 10;

/// Between a surprise and the second look that confirms it.
pub(super) const LOOK_AGAIN: SignedDuration = SignedDuration::from_millis(500);

/// The state after a command was carried out.
#[must_use]
pub fn applied(state: State, command: &Command, now: Timestamp) -> State {
    let superseded = match &state.phase {
        Phase::Starting { revision, .. } => Some(revision.clone()),
        _ => state.superseded,
    };
    let phase = match (command, state.phase) {
        (Command::Shift { step, .. }, _) => Phase::Baking {
            step: *step,
            since: now,
        },
        (Command::Promote { .. }, _) => Phase::Ended {
            end: End::Promoted { confirmed: true },
        },
        (Command::Restore { .. }, Phase::RollingBack { cause, .. }) => Phase::Ended {
            end: End::put_back(cause),
        },
        // A restore is only ever commanded while rolling back.
        (Command::Restore { .. }, phase) => phase,
    };
    let max_weight = match command {
        Command::Shift { weight, .. } => state.max_weight.max(*weight),
        _ => state.max_weight,
    };
    State {
        phase,
        max_weight,
        failing: None,
        unexpected: None,
        superseded,
        ..state
    }
}

/// Why a command was not carried out, as far as known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unapplied {
    /// The alias was changed since the tick saw it: look again at once.
    Conflict,
    /// Lambda will not do this, however often it is asked.
    Refused(String),
    /// Throttled, unreachable, or the answer was lost after the write may have taken effect.
    Lost(String),
}

/// The state after a command was refused or its answer was lost, and how long to wait before the
/// next tick, which finds out from the alias whether the write took effect.
#[must_use]
pub fn unapplied(
    mut state: State,
    limits: &Limits,
    now: Timestamp,
    why: Unapplied,
) -> (State, SignedDuration) {
    let mut failed_before = 0;
    if let Phase::RollingBack {
        attempts,
        since,
        cause,
        ..
    } = &mut state.phase
    {
        failed_before = *attempts;
        *attempts = attempts.saturating_add(1);
        if let Some(failure) = given_up(cause, *attempts, elapsed(*since, now)) {
            let end = End::Failed { failure };
            state.phase = Phase::Ended { end };
            return (state, SignedDuration::ZERO);
        }
    }
    if let (Phase::Starting { lost, .. }, Unapplied::Lost(_)) = (&mut state.phase, &why) {
        *lost = true;
    }
    let mut wait = backoff(failed_before);
    let error = match why {
        Unapplied::Conflict => {
            if failed_before == 0 {
                wait = LOOK_AGAIN;
            }
            // One is sorted out by the next look; one after the other use up the budget.
            "the alias was changed between every look and the write that followed".to_owned()
        }
        Unapplied::Lost(error) => brief(&error),
        Unapplied::Refused(error) => {
            let error = brief(&error);
            state = refused(state, now, &error);
            error
        }
    };
    let since = state.failing.map_or(now, |failing| failing.since);
    state.failing = Some(Failing {
        since,
        error,
        write: true,
    });
    (state, wait.min(limits.poll))
}

fn refused(mut state: State, now: Timestamp, error: &str) -> State {
    let cause = Cause::Refused {
        error: error.to_owned(),
    };
    state.phase = match state.phase {
        Phase::Starting { lost: false, .. } => Phase::Ended {
            end: End::Failed {
                failure: Failure::NotStarted { cause },
            },
        },
        phase => phase.rolling_back(cause, now),
    };
    state
}

/// The streak of failing calls after a look: it goes on, begins, or has ended.
pub(super) fn still_failing(
    before: Option<Failing>,
    now: Timestamp,
    failure: Option<&String>,
) -> Option<Failing> {
    match (before, failure) {
        (before, Some(error)) => Some(Failing {
            since: before.as_ref().map_or(now, |failing| failing.since),
            error: brief(error),
            write: before.is_some_and(|failing| failing.write),
        }),
        (Some(failing), None) if failing.write => Some(failing),
        (_, None) => None,
    }
}

pub(super) fn given_up(cause: &Cause, attempts: u32, tried: SignedDuration) -> Option<Failure> {
    out_of_patience(attempts, tried).then(|| Failure::NotPutBack {
        cause: cause.clone(),
        tried,
    })
}

/// Whether asking for the same thing again has lasted long enough.
pub(super) fn out_of_patience(attempts: u32, tried: SignedDuration) -> bool {
    tried > ROLLBACK_PATIENCE && attempts >= ROLLBACK_ATTEMPTS
}

/// 1, 2, 4, 8 seconds, then every 15.
pub(super) fn backoff(attempts: u32) -> SignedDuration {
    SignedDuration::from_secs(if attempts < 4 { 1 << attempts } else { 15 })
}
