//! One tick: from a state and an observation to a decision.
//!
//! Order of precedence, first match wins:
//!
//! 1. The alias is not ours: hands off. At stable without weights somebody aborted; at the canary
//!    without weights it is promoted; anything else is drift, which is reported and never fought.
//! 2. A rollback that was decided is carried on; then the operator's wish.
//! 3. The verdict says regression: roll back.
//! 4. Budgets: calls to AWS that keep failing, then the longest duration: roll back.
//! 5. Time: bake over → next step or promotion, if the verdict is a pass; else wait.
//!
//! A tick that comes early or twice finds nothing to do and says so; it never writes twice, since
//! each write depends on the revision that the same tick saw, and the next tick adopts what stands
//! under this rollout's own mark.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    alias::{AliasView, Standing},
    decision::{Command, Decision, Reason},
    plan::Plan,
    state::{Cause, End, Failing, Failure, Phase, State},
};
use crate::judge::{Doubt, Regression, Verdict};

/// For how long a refused or lost rollback is tried again before the rollout gives up and says
/// what it left. Lambda throttles and outages are shorter.
pub const ROLLBACK_PATIENCE: SignedDuration = SignedDuration::from_mins(35);

/// Between a surprise and the second look that confirms it.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_millis(500);

/// What a rollout goes by, fixed before it starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// The steps.
    pub plan: Plan,
    /// Poll interval and budgets.
    pub limits: Limits,
    /// Act on verdicts, or only report them.
    pub mode: Mode,
}

/// Poll interval and budgets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// The longest time between two looks.
    pub poll: SignedDuration,
    /// The longest rollout; longer means rolling back.
    pub longest: SignedDuration,
    /// For how long calls to AWS may fail without a break before rolling back.
    pub error_budget: SignedDuration,
}

/// Whether verdicts have consequences.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// A regression rolls back.
    #[default]
    Enforce,
    /// Steps move by time; what a verdict would have done is only reported. Budgets, aborts and
    /// drift still act.
    Advise,
}

/// Everything that one tick saw.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// The alias.
    pub alias: AliasReading,
    /// The judge's verdict.
    pub verdict: Verdict,
    /// What an operator wants.
    pub wish: Option<Wish>,
    /// Set if any call of this observation failed: the first failure.
    pub failure: Option<String>,
}

/// What reading the alias gave.
#[derive(Debug, Clone, PartialEq)]
pub enum AliasReading {
    /// It is there.
    Seen(AliasView),
    /// Lambda says that it does not exist.
    Gone,
    /// Lambda could not be asked.
    Unreadable(String),
}

/// An operator's wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Put the alias back.
    Abort {
        /// Who wishes it.
        by: String,
    },
}

/// Decides what to do now. Carry the command out, then call [`applied`] or [`unapplied`].
pub fn tick(rules: &Rules, state: &State, now: Timestamp, seen: &Observation) -> Decision {
    let mut state = state.clone();
    if let Phase::Ended { end } = &state.phase {
        let reason = Reason::Ended { end: end.clone() };
        return Tick { rules, now, seen }.wait(state, SignedDuration::ZERO, reason);
    }
    state.ticks = state.ticks.saturating_add(1);
    state.failing = still_failing(state.failing, now, seen.failure.as_ref());
    Tick { rules, now, seen }.decide(state)
}

/// The state after a command was carried out.
#[must_use]
pub fn applied(state: State, command: &Command, now: Timestamp) -> State {
    let phase = match (command, state.phase) {
        (Command::Shift { step, .. }, _) => Phase::Baking {
            step: *step,
            since: now,
        },
        (Command::Promote { .. }, _) => Phase::Ended {
            end: End::Promoted { confirmed: true },
        },
        (Command::Restore { .. }, Phase::RollingBack { cause, .. }) => Phase::Ended {
            end: put_back(cause),
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
    if let Phase::RollingBack { attempts, .. } = &mut state.phase {
        failed_before = *attempts;
        *attempts = attempts.saturating_add(1);
    }
    let error = match why {
        Unapplied::Conflict => return (state, LOOK_AGAIN),
        Unapplied::Lost(error) => error,
        Unapplied::Refused(error) => {
            state.phase = refused(state.phase, now, &error);
            error
        }
    };
    let since = state.failing.map_or(now, |failing| failing.since);
    state.failing = Some(Failing {
        since,
        error,
        write: true,
    });
    (state, backoff(failed_before).min(limits.poll))
}

fn refused(phase: Phase, now: Timestamp, error: &str) -> Phase {
    let cause = Cause::Refused {
        error: error.to_owned(),
    };
    match phase {
        Phase::Starting { .. } => Phase::Ended {
            end: End::Failed {
                failure: Failure::NotStarted { cause },
            },
        },
        Phase::Baking { .. } => Phase::RollingBack {
            cause,
            since: now,
            attempts: 0,
        },
        // Rights come back, and nothing else can be done.
        phase => phase,
    }
}

fn still_failing(
    before: Option<Failing>,
    now: Timestamp,
    failure: Option<&String>,
) -> Option<Failing> {
    match (before, failure) {
        (before, Some(error)) => Some(Failing {
            since: before.as_ref().map_or(now, |failing| failing.since),
            error: error.clone(),
            write: before.is_some_and(|failing| failing.write),
        }),
        (Some(failing), None) if failing.write => Some(failing),
        (_, None) => None,
    }
}

/// 1, 2, 4, 8 seconds, then every 15.
fn backoff(attempts: u32) -> SignedDuration {
    SignedDuration::from_secs(if attempts < 4 { 1 << attempts } else { 15 })
}

fn put_back(cause: Cause) -> End {
    match cause {
        Cause::Aborted { by } => End::Aborted { by },
        cause => End::RolledBack { cause },
    }
}

/// What does not change while one tick is decided.
struct Tick<'a> {
    rules: &'a Rules,
    now: Timestamp,
    seen: &'a Observation,
}

impl Tick<'_> {
    fn decide(&self, state: State) -> Decision {
        let view = match &self.seen.alias {
            AliasReading::Gone => return self.fail(state, Failure::AliasDeleted),
            AliasReading::Unreadable(error) => return self.blind(state, error),
            AliasReading::Seen(view) => view,
        };
        let standing = state.contenders.standing(view, &self.rules.plan);
        if let Standing::AtStep(step) = standing {
            return self.at_step(
                State {
                    unexpected: None,
                    ..state
                },
                view,
                step,
            );
        }
        let started = !matches!(state.phase, Phase::Starting { .. });
        if started && state.unexpected.as_ref() != Some(&view.revision) {
            return self.look_again(state, view);
        }
        match standing {
            Standing::AtCanary => self.found_promoted(state, view),
            Standing::AtStable => self.at_stable(state, view),
            _ => self.fail(
                state,
                Failure::Drift {
                    found: view.to_string(),
                },
            ),
        }
    }

    /// One answer may be stale; the same answer twice is believed.
    fn look_again(&self, mut state: State, view: &AliasView) -> Decision {
        state.unexpected = Some(view.revision.clone());
        let reason = Reason::LookAgain {
            found: view.to_string(),
        };
        self.wait(state, LOOK_AGAIN, reason)
    }

    fn found_promoted(&self, state: State, view: &AliasView) -> Decision {
        match state.phase {
            // The rollout wanted the opposite: somebody else's word is the last one.
            Phase::RollingBack { .. } => self.fail(
                state,
                Failure::Drift {
                    found: view.to_string(),
                },
            ),
            _ => self.end(state, End::Promoted { confirmed: false }),
        }
    }

    fn at_stable(&self, state: State, view: &AliasView) -> Decision {
        match &state.phase {
            Phase::Starting { revision } if *revision == view.revision => self.start(state, view),
            Phase::Starting { .. } => self.fail(state, Failure::ChangedSincePreflight),
            Phase::RollingBack { cause, .. } => {
                let end = put_back(cause.clone());
                self.end(state, end)
            }
            // Put back by our own write whose reply was lost together with the reason, or by a
            // person. If the reason still shows, it is the more useful thing to say.
            _ => match self.regression() {
                Some(cause) if self.rules.mode == Mode::Enforce => {
                    self.end(state, End::RolledBack { cause })
                }
                _ => self.end(
                    state,
                    End::Aborted {
                        by: "an edit of the alias".to_owned(),
                    },
                ),
            },
        }
    }

    fn start(&self, state: State, view: &AliasView) -> Decision {
        if let Some(cause) = self.stop(&state) {
            let end = match cause {
                Cause::Aborted { by } => End::Aborted { by },
                cause => End::Failed {
                    failure: Failure::NotStarted { cause },
                },
            };
            return self.end(state, end);
        }
        if let Some(hold) = self.hold() {
            return self.wait(state, self.rules.limits.poll, hold);
        }
        match self.rules.plan.step(0) {
            None => self.promote(state, view),
            Some(step) => self.shift(
                state,
                view,
                0,
                Reason::Begin {
                    weight: step.weight,
                },
            ),
        }
    }

    fn at_step(&self, mut state: State, view: &AliasView, step: usize) -> Decision {
        let Some(here) = self.rules.plan.step(step) else {
            // `standing` only names steps of this plan.
            return self.fail(
                state,
                Failure::Drift {
                    found: view.to_string(),
                },
            );
        };
        state.max_weight = state.max_weight.max(here.weight);
        if let Phase::RollingBack { cause, since, .. } = &state.phase {
            let (cause, since) = (cause.clone(), *since);
            return self.roll_back(state, Some(view), cause, since);
        }
        if let Some(cause) = self.stop(&state) {
            return self.roll_back(state, Some(view), cause, self.now);
        }
        let since = match state.phase {
            Phase::Baking { step: known, since } if known == step => since,
            // A step of ours that this state does not know of: its bake counts from now.
            _ => self.now,
        };
        state.phase = Phase::Baking { step, since };
        let left = here.bake.saturating_sub(self.since(since));
        if left > SignedDuration::ZERO {
            let reason = Reason::Bake {
                weight: here.weight,
                left,
            };
            return self.wait(state, left.min(self.rules.limits.poll), reason);
        }
        if let Some(hold) = self.hold() {
            return self.wait(state, self.rules.limits.poll, hold);
        }
        match self.rules.plan.step(step + 1) {
            None => self.promote(state, view),
            Some(next) => self.shift(
                state,
                view,
                step + 1,
                Reason::Advance {
                    weight: next.weight,
                },
            ),
        }
    }

    /// The first reason to stop, in the order of precedence.
    fn stop(&self, state: &State) -> Option<Cause> {
        if let Some(Wish::Abort { by }) = &self.seen.wish {
            return Some(Cause::Aborted { by: by.clone() });
        }
        let enforced = self
            .regression()
            .filter(|_| self.rules.mode == Mode::Enforce);
        enforced.or_else(|| self.budgets(state))
    }

    fn regression(&self) -> Option<Cause> {
        match &self.seen.verdict {
            Verdict::Fail(regression) => Some(Cause::Regression {
                regression: Regression::clone(regression),
            }),
            Verdict::Pass | Verdict::Inconclusive(_) => None,
        }
    }

    fn budgets(&self, state: &State) -> Option<Cause> {
        let limits = &self.rules.limits;
        if let Some(failing) = &state.failing {
            let lasted = self.since(failing.since);
            if lasted > limits.error_budget {
                let (budget, error) = (limits.error_budget, failing.error.clone());
                return Some(Cause::Blind {
                    lasted,
                    budget,
                    error,
                });
            }
        }
        (self.since(state.started_at) > limits.longest).then(|| Cause::TooLong {
            longest: limits.longest,
            waiting_for: match &self.seen.verdict {
                Verdict::Inconclusive(doubts) => doubts.first().map(Doubt::to_string),
                _ => None,
            },
        })
    }

    /// What the rollout has to wait for before it may go on.
    fn hold(&self) -> Option<Reason> {
        match (&self.seen.verdict, self.rules.mode) {
            (Verdict::Inconclusive(doubts), Mode::Enforce) => Some(Reason::Hold {
                doubts: doubts.clone(),
            }),
            _ => None,
        }
    }

    fn blind(&self, state: State, error: &str) -> Decision {
        if let Phase::RollingBack { cause, since, .. } = &state.phase {
            let (cause, since) = (cause.clone(), *since);
            return self.roll_back(state, None, cause, since);
        }
        match (self.stop(&state), &state.phase) {
            (Some(Cause::Aborted { by }), Phase::Starting { .. }) => {
                self.end(state, End::Aborted { by })
            }
            (Some(cause), Phase::Starting { .. }) => {
                self.fail(state, Failure::NotStarted { cause })
            }
            (Some(cause), _) => self.roll_back(state, None, cause, self.now),
            (None, _) => {
                let reason = Reason::Blind {
                    error: error.to_owned(),
                };
                self.wait(state, self.rules.limits.poll, reason)
            }
        }
    }

    fn roll_back(
        &self,
        mut state: State,
        view: Option<&AliasView>,
        cause: Cause,
        since: Timestamp,
    ) -> Decision {
        let tried = self.since(since);
        if tried > ROLLBACK_PATIENCE {
            return self.fail(state, Failure::NotPutBack { cause, tried });
        }
        let attempts = match state.phase {
            Phase::RollingBack { attempts, .. } => attempts,
            _ => 0,
        };
        let blind_so_far = u32::from(view.is_none());
        state.phase = Phase::RollingBack {
            cause: cause.clone(),
            since,
            attempts: attempts.saturating_add(blind_so_far),
        };
        let command = view.map(|view| Command::Restore {
            write: state.contenders.restore(view),
        });
        Decision {
            wait: backoff(attempts).min(self.rules.limits.poll),
            command,
            reason: Reason::Rollback { cause },
            would: None,
            state,
        }
    }

    fn shift(&self, state: State, view: &AliasView, step: usize, reason: Reason) -> Decision {
        let Some(to) = self.rules.plan.step(step) else {
            return self.wait(state, self.rules.limits.poll, reason);
        };
        let write = state.contenders.shift(view, step, to.weight);
        Decision {
            command: Some(Command::Shift {
                step,
                weight: to.weight,
                write,
            }),
            wait: to.bake.min(self.rules.limits.poll),
            ..self.wait(state, SignedDuration::ZERO, reason)
        }
    }

    fn promote(&self, state: State, view: &AliasView) -> Decision {
        let write = state.contenders.promote(view);
        Decision {
            command: Some(Command::Promote { write }),
            ..self.wait(state, SignedDuration::ZERO, Reason::Promote)
        }
    }

    fn fail(&self, state: State, failure: Failure) -> Decision {
        self.end(state, End::Failed { failure })
    }

    fn end(&self, mut state: State, end: End) -> Decision {
        state.phase = Phase::Ended { end: end.clone() };
        Decision {
            would: None,
            ..self.wait(state, SignedDuration::ZERO, Reason::Ended { end })
        }
    }

    fn wait(&self, state: State, wait: SignedDuration, reason: Reason) -> Decision {
        let advised = self.rules.mode == Mode::Advise;
        Decision {
            state,
            command: None,
            wait,
            reason,
            would: self.regression().filter(|_| advised),
        }
    }

    /// Time since `then`; zero if the clock went back.
    fn since(&self, then: Timestamp) -> SignedDuration {
        self.now.duration_since(then).max(SignedDuration::ZERO)
    }
}
