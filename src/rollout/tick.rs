//! One tick: from a state and an observation to a decision.
//!
//! Order of precedence, first match wins:
//!
//! 1. The alias is not ours: hands off. At stable without weights somebody aborted; at the canary
//!    without weights it is promoted; anything else is drift, which is reported and never fought.
//!    Only a second look that finds the same is believed; a reason to stop is kept until then.
//! 2. A rollback that was decided is carried on; then the operator's wish.
//! 3. The verdict says regression: roll back.
//! 4. Budgets: calls to AWS that keep failing, then the longest duration: roll back.
//! 5. Evidence that the canary is good enough, then time: bake over → next step or promotion, if
//!    the verdict is a pass; else wait.
//!
//! The first write is announced in the state one tick ahead. So a rollout that was stopped before
//! knows that nothing of its own can stand at the alias, and one that was stopped after knows that
//! something may, whatever became of the tick that wrote it.
//!
//! A tick that comes early or twice finds nothing to do and says so; it never writes twice, since
//! each write depends on the revision that the same tick saw, and the next tick adopts what stands
//! under this rollout's own mark.

use jiff::{SignedDuration, Timestamp};

use super::{
    alias::{AliasView, Standing},
    decision::{Command, Decision, Reason},
    fate::{LOOK_AGAIN, backoff, given_up, still_failing},
    observation::{AliasReading, Observation, Wish},
    rules::{Mode, Rules},
    state::{Cause, End, Failure, Phase, State, brief, elapsed},
    weight::Weight,
};
use crate::judge::{Regression, Verdict};

mod ending;

/// Stands for the revision of an alias that does not exist; Lambda's are UUIDs.
const GONE: &str = "gone";

/// Decides what to do now. Carry the command out, then call
/// [`applied`](super::applied) or [`unapplied`](super::unapplied).
pub fn tick(rules: &Rules, state: &State, now: Timestamp, seen: &Observation) -> Decision {
    let mut state = state.clone().dated(now);
    let tick = Tick { rules, now, seen };
    if let Phase::Ended { end } = &state.phase {
        let end = end.clone();
        return tick.end(state, end);
    }
    state.ticks = state.ticks.saturating_add(1);
    state.failing = still_failing(state.failing, now, seen.failure.as_ref());
    let mut decision = tick.decide(state);
    if decision.command.is_none() && seen.failure.is_none() {
        // Nothing to write any more, and all looks succeed: nothing is failing.
        decision.state.failing = None;
    }
    decision
}

/// The alias is as this state expects it, so an earlier surprise was a stale answer.
fn expected(state: State) -> State {
    State {
        unexpected: None,
        ..state
    }
}

/// The revision that the preflight saw, where no write of ours is known to have replaced it.
fn untouched(phase: &Phase) -> Option<&String> {
    match phase {
        Phase::Starting { revision, .. } => Some(revision),
        Phase::RollingBack { untouched, .. } => untouched.as_ref(),
        Phase::Baking { .. } | Phase::Ended { .. } => None,
    }
}

/// Whether something of ours may stand at the alias.
fn may_stand(phase: &Phase) -> bool {
    !matches!(
        phase,
        Phase::Starting {
            announced: false,
            ..
        }
    )
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
            AliasReading::Gone => return self.gone(state),
            AliasReading::Unreadable(error) => return self.blind(state, error),
            AliasReading::Seen(view) => view,
        };
        let standing = match state.contenders.standing(view, &self.rules.plan) {
            Standing::AtStep(_) if self.put_out(&state, view) => Standing::AtStable,
            standing => standing,
        };
        if let Standing::AtStep(step) = standing {
            return self.at_step(expected(state), view, step);
        }
        if standing == Standing::AtStable && untouched(&state.phase) == Some(&view.revision) {
            return self.start(expected(state), view);
        }
        if state.unexpected.as_ref() != Some(&view.revision) {
            // A promotion that was ours ends the rollout, whatever shows after it.
            let state = match standing {
                Standing::AtCanary => state,
                _ => self.turn_back(state),
            };
            return self.look_again(state, &view.revision, view.to_string());
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

    /// Whether a dark stage has lost the entry that Lambda was seen to keep: somebody put it back,
    /// and our mark is what is left. While we put it back ourselves, it makes no difference who did.
    fn put_out(&self, state: &State, view: &AliasView) -> bool {
        let baking = matches!(state.phase, Phase::Baking { .. });
        let standing = state.contenders.standing(view, &self.rules.plan);
        let bare = view.weights.is_empty() && matches!(standing, Standing::AtStep(_));
        baking && bare && state.keeps_zero
    }

    fn gone(&self, state: State) -> Decision {
        if state.unexpected.as_deref() == Some(GONE) {
            return self.fail(state, Failure::AliasDeleted);
        }
        self.look_again(self.turn_back(state), GONE, "not there".to_owned())
    }

    /// One answer may be stale; the same answer twice is believed.
    fn look_again(&self, mut state: State, revision: &str, found: String) -> Decision {
        state.unexpected = Some(revision.to_owned());
        let wait = LOOK_AGAIN.min(self.rules.limits.poll);
        self.wait(state, wait, Reason::LookAgain { found })
    }

    /// Turns to putting the alias back if anything speaks for a stop, once something of ours may
    /// stand there: also when this look showed no more than a surprise, since the reason may not
    /// show on the next one. The judge reports an alarm that flipped back once.
    fn turn_back(&self, mut state: State) -> State {
        if may_stand(&state.phase)
            && let Some(cause) = self.stop(&state)
        {
            state.phase = state.phase.rolling_back(cause, self.now);
        }
        state
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

    fn at_stable(&self, mut state: State, view: &AliasView) -> Decision {
        match &state.phase {
            Phase::Starting { .. } => return self.fail(state, Failure::ChangedSincePreflight),
            Phase::RollingBack { cause, .. } => {
                let mark = view.mark().map(|mark| mark.rollout);
                if mark.as_ref() == Some(&state.contenders.rollout) {
                    // Somebody else took the weights away. The mark would refuse the next release.
                    if *cause == Cause::Passed {
                        // Nor does a canary pass that a person has stopped. Put down before the
                        // write that takes the mark away: without it a tick that is repeated
                        // could not tell any more.
                        let cause = self.stopped_by_an_edit();
                        state.phase = state.phase.rolling_back(cause.clone(), self.now);
                        let wait = LOOK_AGAIN.min(self.rules.limits.poll);
                        return self.wait(state, wait, Reason::Rollback { cause });
                    }
                    return self.roll_back(state, Some(view));
                }
                let end = End::put_back(cause.clone());
                return self.end(state, end);
            }
            Phase::Baking { .. } | Phase::Ended { .. } => {}
        }
        let cause = self.stopped_by_an_edit();
        if self.put_out(&state, view) {
            // To a state from before `keeps_zero` the mark alone still says "our dark stage": a
            // late tick on it would go on from there. So the mark does not outlive the rollout.
            state.phase = state.phase.rolling_back(cause, self.now);
            return self.roll_back(state, Some(view));
        }
        self.end(state, End::put_back(cause))
    }

    /// Put back by our own write whose reply was lost together with the reason, or by a person. If
    /// the reason still shows, it is the more useful thing to say.
    fn stopped_by_an_edit(&self) -> Cause {
        match self.regression() {
            Some(cause) if self.rules.mode == Mode::Enforce => cause,
            _ => Cause::Aborted {
                by: "an edit of the alias".to_owned(),
            },
        }
    }

    /// The alias is still as the preflight saw it.
    fn start(&self, mut state: State, view: &AliasView) -> Decision {
        state = self.turn_back(state);
        if let Phase::RollingBack { .. } = state.phase {
            return self.roll_back(state, Some(view));
        }
        if let Some(cause) = self.stop(&state) {
            return self.not_started(state, cause);
        }
        if let Some(hold) = self.hold() {
            return self.wait(state, self.rules.limits.poll, hold);
        }
        if let Phase::Starting { announced, .. } = &mut state.phase
            && !*announced
        {
            *announced = true;
            return self.wait(state, SignedDuration::ZERO, Reason::Ready);
        }
        match self.rules.plan.step(0) {
            None => self.promote(state, view, Reason::Promote),
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
        state.keeps_zero |= here.weight == Weight::ZERO && !view.weights.is_empty();
        state = self.turn_back(self.adopt(state, step));
        let Phase::Baking { since, .. } = state.phase else {
            return self.roll_back(state, Some(view));
        };
        self.bake(state, view, (step, here), since)
    }

    /// A step of ours that this state does not know of: the write succeeded, only its answer was
    /// lost, and the bake counts from now.
    fn adopt(&self, mut state: State, step: usize) -> State {
        match state.phase {
            Phase::RollingBack { .. } => {}
            Phase::Baking { step: known, .. } if known == step => {}
            phase => {
                if let Phase::Starting { revision, .. } = phase {
                    state.superseded = Some(revision);
                }
                let since = self.now;
                state.phase = Phase::Baking { step, since };
                state.failing = state.failing.filter(|failing| !failing.write);
            }
        }
        state
    }

    /// The first reason to stop, in the order of precedence.
    fn stop(&self, state: &State) -> Option<Cause> {
        if let Some(Wish::Abort { by }) = &self.seen.wish {
            return Some(Cause::Aborted { by: brief(by) });
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
            let lasted = elapsed(failing.since, self.now);
            if lasted > limits.error_budget {
                let (budget, error) = (limits.error_budget, failing.error.clone());
                return Some(Cause::Blind {
                    lasted,
                    budget,
                    error,
                });
            }
        }
        (elapsed(state.started_at, self.now) > limits.longest).then(|| Cause::TooLong {
            longest: limits.longest,
            waiting_for: self.waiting_for(state),
        })
    }

    fn blind(&self, state: State, error: &str) -> Decision {
        let state = self.turn_back(state);
        if let Phase::RollingBack { .. } = state.phase {
            return self.roll_back(state, None);
        }
        if let Some(cause) = self.stop(&state) {
            return self.not_started(state, cause);
        }
        let error = error.to_owned();
        self.wait(state, self.rules.limits.poll, Reason::Blind { error })
    }

    /// Goes on with a rollback, as long as there is patience: an alias that can be seen is always
    /// worth one more write.
    fn roll_back(&self, mut state: State, view: Option<&AliasView>) -> Decision {
        let Phase::RollingBack {
            cause,
            since,
            attempts,
            ..
        } = &mut state.phase
        else {
            // Only called while a rollback is under way.
            let doubts = Vec::new();
            return self.wait(state, self.rules.limits.poll, Reason::Hold { doubts });
        };
        let failed_before = *attempts;
        if view.is_none() {
            *attempts = attempts.saturating_add(1);
            if let Some(failure) = given_up(cause, *attempts, elapsed(*since, self.now)) {
                return self.fail(state, failure);
            }
        }
        Decision {
            wait: backoff(failed_before).min(self.rules.limits.poll),
            command: view.map(|view| Command::Restore {
                write: state.contenders.restore(view),
            }),
            reason: match cause {
                Cause::Passed => Reason::HandOver,
                cause => Reason::Rollback {
                    cause: cause.clone(),
                },
            },
            would: None,
            state,
        }
    }

    fn not_started(&self, state: State, cause: Cause) -> Decision {
        match cause {
            Cause::Aborted { by } => self.end(state, End::Aborted { by }),
            cause => self.fail(state, Failure::NotStarted { cause }),
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
}

#[cfg(test)]
#[path = "tick_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "story_tests.rs"]
mod stories;

#[cfg(test)]
#[path = "drift_tests.rs"]
mod drifts;

#[cfg(test)]
#[path = "write_tests.rs"]
mod writes;

#[cfg(test)]
#[path = "property_tests.rs"]
mod properties;

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod schedules;

#[cfg(test)]
#[path = "hand_over_tests.rs"]
mod hand_overs;
