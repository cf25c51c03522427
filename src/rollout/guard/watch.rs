//! One look: from a state and an observation to a decision.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::decision::{DeploymentReading, GuardAct, GuardDecision, GuardObservation, GuardReason};
use super::state::{Guard, GuardEnd, GuardFailure, GuardPhase};
use crate::judge::Verdict;
use crate::judge::measure::Inconclusive;
use crate::rollout::{
    alias::{AliasView, Contenders},
    deployment::DeploymentStatus,
    fate::{backoff, out_of_patience, still_failing},
    observation::{AliasReading, Wish},
    rules::{Limits, Mode},
    state::{Cause, Failing, brief, elapsed},
    weight::Weight,
};

/// What a guard goes by, fixed before it starts.
///
/// `limits.longest` has to leave room for CodeDeploy's own shift, not for the policy's plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardRules {
    /// Poll interval and budgets.
    pub limits: Limits,
    /// Act on what is seen, or only report it.
    pub mode: Mode,
    /// What too little evidence leads to once the canary has all traffic. `None`: it makes no
    /// difference how much there is, since none is asked for, or the shift leaves no minute in
    /// which the versions could be compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inconclusive: Option<Inconclusive>,
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

pub(super) fn at_canary(view: &AliasView, contenders: &Contenders) -> bool {
    view.version == contenders.canary.to_string() && view.weights.is_empty()
}

/// What does not change while one look is decided.
pub(super) struct Look<'a> {
    pub rules: &'a GuardRules,
    pub now: Timestamp,
    pub seen: &'a GuardObservation,
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

    pub(super) fn wish(&self) -> Option<Cause> {
        let Wish::Abort { by } = self.seen.wish.as_ref()?;
        Some(Cause::Aborted { by: brief(by) })
    }

    pub(super) fn regression(&self) -> Option<Cause> {
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
            waiting_for: self.waiting_for(state),
        })
    }

    /// What keeps the guard from passing, in words.
    fn waiting_for(&self, state: &Guard) -> Option<String> {
        let there = matches!(
            state.phase,
            GuardPhase::Watching {
                arrived: Some(_),
                ..
            }
        );
        let short = || self.short().filter(|_| there).map(|(_, doubt)| doubt);
        let doubt = match &self.seen.verdict {
            Verdict::Inconclusive(doubts) => doubts.first(),
            Verdict::Pass | Verdict::Fail(_) => None,
        };
        doubt.or_else(short).map(|doubt| brief(&doubt.to_string()))
    }

    /// In the mode `advise`: what would have stopped the deployment.
    fn advised(&self, state: &Guard) -> Option<Cause> {
        let advised = self.rules.mode == Mode::Advise;
        let cause = || self.regression().or_else(|| self.budgets(state));
        advised.then(cause).flatten()
    }

    pub(super) fn stop(
        &self,
        state: Guard,
        cause: Cause,
        since: Timestamp,
        attempts: u32,
    ) -> GuardDecision {
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

    pub(super) fn blind(&self, state: Guard) -> GuardDecision {
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

    pub(super) fn wait(&self, state: Guard, reason: GuardReason) -> GuardDecision {
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
