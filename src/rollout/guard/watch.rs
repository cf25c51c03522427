//! One look: from a state and an observation to a decision.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::decision::{DeploymentReading, GuardAct, GuardDecision, GuardObservation, GuardReason};
use super::state::{Guard, GuardEnd, GuardFailure, GuardPhase};
use crate::judge::{Doubt, Verdict};
use crate::rollout::{
    alias::{AliasView, Contenders},
    deployment::DeploymentStatus,
    fate::{LOOK_AGAIN, backoff, out_of_patience, still_failing},
    observation::{AliasReading, Wish},
    rules::{Limits, Mode},
    state::{Cause, Failing, brief, elapsed},
    weight::Weight,
};

/// The last minutes before the canary got all traffic are settled after a quarter of an hour at the
/// latest; what is not counted then, and a little later, is not counted any more.
const SETTLES: SignedDuration = SignedDuration::from_mins(20);

/// What a guard goes by, fixed before it starts.
///
/// `limits.longest` has to leave room for CodeDeploy's own shift, not for the policy's plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardRules {
    /// Poll interval and budgets.
    pub limits: Limits,
    /// Act on what is seen, or only report it.
    pub mode: Mode,
}

/// Decides what to do now. A stop whose call fails is noted with [`not_stopped`].
pub fn watch(
    rules: &GuardRules,
    state: &Guard,
    now: Timestamp,
    seen: &GuardObservation,
) -> GuardDecision {
    let mut state = state.clone();
    let look = Look { rules, now, seen };
    if let GuardPhase::Ended { end } = &state.phase {
        let end = end.clone();
        return look.end(state, end);
    }
    state.ticks = state.ticks.saturating_add(1);
    state.failing = still_failing(state.failing, now, seen.first_failure());
    if let AliasReading::Seen(view) = &seen.alias {
        let share = state.contenders.canary_share(view);
        state.shifted |= share > Weight::ZERO;
        if share < Weight::FULL {
            state.max_weight = state.max_weight.max(share);
        }
    }
    look.decide(state)
}

/// The state after a stop that was refused, or whose answer was lost. The next look finds out from
/// the deployment's status whether it took effect.
#[must_use]
pub fn not_stopped(state: Guard, now: Timestamp, error: &str) -> Guard {
    let since = state.failing.map_or(now, |failing| failing.since);
    let failing = Some(Failing {
        since,
        error: brief(error),
        write: true,
    });
    Guard { failing, ..state }
}

fn at_canary(view: &AliasView, contenders: &Contenders) -> bool {
    view.version == contenders.canary.to_string() && view.weights.is_empty()
}

/// What does not change while one look is decided.
struct Look<'a> {
    rules: &'a GuardRules,
    now: Timestamp,
    seen: &'a GuardObservation,
}

impl Look<'_> {
    fn decide(&self, state: Guard) -> GuardDecision {
        use DeploymentStatus::{Failed, Stopped, Succeeded};
        let status = match &self.seen.deployment {
            DeploymentReading::Seen(status) => Some(*status),
            DeploymentReading::Unreadable(_) => None,
        };
        match (status, state.phase.clone()) {
            (Some(Failed | Stopped), GuardPhase::Stopping { cause, .. }) => {
                self.end(state, GuardEnd::Stopped { cause })
            }
            (Some(Succeeded), GuardPhase::Stopping { cause, .. }) => {
                self.end(state, GuardEnd::TooLate { cause })
            }
            (
                _,
                GuardPhase::Stopping {
                    cause,
                    since,
                    attempts,
                },
            ) => self.stop(state, cause, since, attempts),
            (Some(status @ (Failed | Stopped)), _) => {
                let cause = self.wish().or_else(|| self.regression());
                self.end(state, GuardEnd::DeploymentEnded { status, cause })
            }
            (_, phase) => {
                let (state, succeeded) = self.arrive(state, phase, status == Some(Succeeded));
                if succeeded {
                    self.succeeded(state)
                } else {
                    self.under_way(state, status.is_some())
                }
            }
        }
    }

    /// Takes down whether and since when the canary has all traffic, and, in the mode `advise`,
    /// what would have been the first reason to stop.
    fn arrive(&self, mut state: Guard, phase: GuardPhase, succeeds: bool) -> (Guard, bool) {
        let GuardPhase::Watching {
            would,
            arrived,
            succeeded,
        } = phase
        else {
            return (state, succeeds);
        };
        let succeeded = succeeded || succeeds;
        let there = match &self.seen.alias {
            _ if succeeded => true,
            AliasReading::Seen(view) => at_canary(view, &state.contenders),
            AliasReading::Gone => false,
            AliasReading::Unreadable(_) => arrived.is_some(),
        };
        state.phase = GuardPhase::Watching {
            would: would.or_else(|| self.advised(&state)),
            arrived: there.then(|| arrived.unwrap_or(self.now)),
            succeeded,
        };
        (state, succeeded)
    }

    /// The deployment can still be stopped.
    fn under_way(&self, state: Guard, readable: bool) -> GuardDecision {
        let enforced = self.rules.mode == Mode::Enforce;
        let judged = || self.regression().or_else(|| self.budgets(&state));
        if let Some(cause) = self.wish().or_else(|| judged().filter(|_| enforced)) {
            return self.stop(state, cause, self.now, 0);
        }
        if self.too_long(&state).is_some() {
            // Only in the mode advise; a watch has to end some time.
            return self.advise(state, None);
        }
        let AliasReading::Seen(view) = &self.seen.alias else {
            return self.not_there(state);
        };
        if !readable {
            return self.blind(state);
        }
        if at_canary(view, &state.contenders) {
            return self.all_traffic(state);
        }
        let reason = match &self.seen.verdict {
            Verdict::Inconclusive(doubts) => GuardReason::Hold {
                doubts: doubts.clone(),
            },
            _ if view.version == state.contenders.stable.to_string() && view.weights.is_empty() => {
                GuardReason::AtStable
            }
            _ => GuardReason::Shifting {
                found: view.to_string(),
            },
        };
        self.wait(state, reason)
    }

    /// The deployment has succeeded: there is nothing to stop, only to find out.
    fn succeeded(&self, state: Guard) -> GuardDecision {
        let enforced = self.rules.mode == Mode::Enforce;
        let judged = || self.regression().filter(|_| enforced);
        if let Some(cause) = self.wish().or_else(judged) {
            return self.end(state, GuardEnd::TooLate { cause });
        }
        match &self.seen.alias {
            AliasReading::Seen(view) if at_canary(view, &state.contenders) => {
                self.all_traffic(state)
            }
            _ => self.not_there(state),
        }
    }

    /// The canary has all traffic, and nothing has to be stopped for.
    fn all_traffic(&self, state: Guard) -> GuardDecision {
        if let Some(doubts) = self.settling() {
            return self.settle(state, doubts);
        }
        let Verdict::Inconclusive(doubts) = &self.seen.verdict else {
            return match &state.phase {
                GuardPhase::Watching { would: Some(_), .. } => self.advise(state, None),
                _ => self.end(state, GuardEnd::Passed),
            };
        };
        let doubt = brief(&doubts.first().map_or_else(String::new, ToString::to_string));
        match (self.patience(&state), self.rules.mode) {
            (None, Mode::Advise) => self.advise(state, Some(doubt)),
            (None, Mode::Enforce) if has_succeeded(&state) => {
                self.fail(state, GuardFailure::Unproven { doubt })
            }
            _ => {
                let doubts = doubts.clone();
                self.wait(state, GuardReason::Hold { doubts })
            }
        }
    }

    /// What goes by itself, and is worth waiting for: the last minutes before the canary got all
    /// traffic are not counted yet, or what they show has to be confirmed. As long as counts can be
    /// read, time alone ends both.
    fn settling(&self) -> Option<Vec<Doubt>> {
        match &self.seen.verdict {
            Verdict::Inconclusive(doubts) => {
                let confirmed_soon = |doubt: &Doubt| matches!(doubt, Doubt::Unconfirmed { .. });
                let soon = !doubts.is_empty() && doubts.iter().all(confirmed_soon);
                soon.then(|| doubts.clone())
            }
            Verdict::Pass | Verdict::Fail(_) => {
                let since = self.seen.measured.unjudged_from?;
                Some(vec![Doubt::Settling { since }])
            }
        }
    }

    /// Waits for that, but not for ever: numbers that never come are a doubt like any other.
    fn settle(&self, state: Guard, doubts: Vec<Doubt>) -> GuardDecision {
        let arrived = match &state.phase {
            GuardPhase::Watching { arrived, .. } => *arrived,
            GuardPhase::Stopping { .. } | GuardPhase::Ended { .. } => None,
        };
        let over = arrived.is_some_and(|arrived| elapsed(arrived, self.now) > SETTLES);
        if !over || !has_succeeded(&state) {
            return self.wait(state, GuardReason::Hold { doubts });
        }
        let doubt = brief(&doubts.first().map_or_else(String::new, ToString::to_string));
        match self.rules.mode {
            Mode::Advise => self.advise(state, Some(doubt)),
            Mode::Enforce => self.fail(state, GuardFailure::Unproven { doubt }),
        }
    }

    /// The alias does not show the canary with all traffic, or not at all.
    fn not_there(&self, state: Guard) -> GuardDecision {
        if !has_succeeded(&state) || self.patience(&state).is_some() {
            return self.blind(state);
        }
        match (&self.seen.alias, self.rules.mode) {
            (AliasReading::Seen(view), _) => {
                let found = view.to_string();
                self.fail(state, GuardFailure::Elsewhere { found })
            }
            (AliasReading::Gone, _) => {
                let found = "gone".to_owned();
                self.fail(state, GuardFailure::Elsewhere { found })
            }
            (AliasReading::Unreadable(error), mode) => {
                let doubt = brief(&format!("the alias could not be read ({error})"));
                match mode {
                    Mode::Advise => self.advise(state, Some(doubt)),
                    Mode::Enforce => self.fail(state, GuardFailure::Unproven { doubt }),
                }
            }
        }
    }

    /// What is left of the time that a doubt has after the canary got all traffic.
    fn patience(&self, state: &Guard) -> Option<SignedDuration> {
        let budget = self.rules.limits.error_budget;
        let GuardPhase::Watching { arrived, .. } = &state.phase else {
            return None;
        };
        let lasted = elapsed((*arrived)?, self.now);
        (lasted <= budget).then(|| budget.saturating_sub(lasted).max(LOOK_AGAIN))
    }

    fn wish(&self) -> Option<Cause> {
        let Wish::Abort { by } = self.seen.wish.as_ref()?;
        Some(Cause::Aborted { by: brief(by) })
    }

    fn regression(&self) -> Option<Cause> {
        match &self.seen.verdict {
            Verdict::Fail(regression) => Some(Cause::Regression {
                regression: regression.clone(),
            }),
            Verdict::Pass | Verdict::Inconclusive(_) => None,
        }
    }

    fn budgets(&self, state: &Guard) -> Option<Cause> {
        let budget = self.rules.limits.error_budget;
        let blind = state.failing.as_ref().and_then(|failing| {
            let lasted = elapsed(failing.since, self.now);
            (lasted > budget).then(|| Cause::Blind {
                lasted,
                budget,
                error: failing.error.clone(),
            })
        });
        blind.or_else(|| self.too_long(state))
    }

    fn too_long(&self, state: &Guard) -> Option<Cause> {
        let longest = self.rules.limits.longest;
        (elapsed(state.started_at, self.now) > longest).then(|| Cause::TooLong {
            longest,
            waiting_for: match &self.seen.verdict {
                Verdict::Inconclusive(doubts) => {
                    doubts.first().map(|doubt| brief(&doubt.to_string()))
                }
                _ => None,
            },
        })
    }

    /// In the mode `advise`: what would have stopped the deployment.
    fn advised(&self, state: &Guard) -> Option<Cause> {
        let advised = self.rules.mode == Mode::Advise;
        let cause = || self.regression().or_else(|| self.budgets(state));
        advised.then(cause).flatten()
    }

    fn stop(&self, state: Guard, cause: Cause, since: Timestamp, attempts: u32) -> GuardDecision {
        let tried = elapsed(since, self.now);
        if out_of_patience(attempts, tried) {
            let error = state.failing.as_ref().map(|failing| failing.error.clone());
            let failure = GuardFailure::NotStopped {
                cause,
                tried,
                error,
            };
            return self.fail(state, failure);
        }
        let phase = GuardPhase::Stopping {
            cause: cause.clone(),
            since,
            attempts: attempts.saturating_add(1),
        };
        let reason = GuardReason::Stop {
            cause: cause.clone(),
        };
        GuardDecision {
            act: GuardAct::Stop { cause },
            wait: backoff(attempts).min(self.rules.limits.poll),
            ..self.wait(Guard { phase, ..state }, reason)
        }
    }

    fn blind(&self, state: Guard) -> GuardDecision {
        let reason = match (self.seen.first_failure(), &self.seen.alias) {
            (None, AliasReading::Seen(view)) => GuardReason::Shifting {
                found: view.to_string(),
            },
            (None, _) => GuardReason::Blind {
                error: "the alias was not found".to_owned(),
            },
            (Some(error), _) => GuardReason::Blind {
                error: error.clone(),
            },
        };
        self.wait(state, reason)
    }

    fn advise(&self, state: Guard, doubt: Option<String>) -> GuardDecision {
        let would = match &state.phase {
            GuardPhase::Watching { would, .. } => would.clone(),
            _ => None,
        };
        self.end(state, GuardEnd::Advised { would, doubt })
    }

    fn fail(&self, state: Guard, failure: GuardFailure) -> GuardDecision {
        self.end(state, GuardEnd::Failed { failure })
    }

    fn end(&self, mut state: Guard, end: GuardEnd) -> GuardDecision {
        state.phase = GuardPhase::Ended { end: end.clone() };
        state.failing = None;
        GuardDecision {
            state,
            act: GuardAct::End,
            wait: SignedDuration::ZERO,
            reason: GuardReason::Ended { end },
            would: None,
        }
    }

    fn wait(&self, state: Guard, reason: GuardReason) -> GuardDecision {
        let poll = self.rules.limits.poll;
        GuardDecision {
            act: GuardAct::Wait,
            wait: self.patience(&state).map_or(poll, |left| left.min(poll)),
            would: self.advised(&state),
            reason,
            state,
        }
    }
}

fn has_succeeded(state: &Guard) -> bool {
    matches!(
        state.phase,
        GuardPhase::Watching {
            succeeded: true,
            ..
        }
    )
}
