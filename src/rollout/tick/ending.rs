//! What the end of a bake leads to, and what ends it early.
//!
//! Evidence has a say in both. Once the canary is shown to be good enough, the rest of the window
//! is skipped. A bake is over only when the numbers of its last minute are in. And what too little
//! evidence leads to at the end of the last one, the rules say.

use jiff::{SignedDuration, Timestamp};

use super::Tick;
use crate::judge::measure::{Inconclusive, Sufficiency};
use crate::judge::{Doubt, Verdict};
use crate::rollout::{
    alias::AliasView,
    decision::{Command, Decision, Reason},
    plan::Step,
    rules::{Finish, Mode},
    state::{Cause, Phase, State, brief, elapsed},
};

/// Minutes are what is counted.
const MINUTE: i64 = 60;

impl Tick<'_> {
    /// At a step of ours since `since`, and nothing speaks for a stop.
    pub(super) fn bake(
        &self,
        state: State,
        view: &AliasView,
        (step, here): (usize, Step),
        since: Timestamp,
    ) -> Decision {
        if let Some(reason) = self.accepted() {
            return self.promote(state, view, reason);
        }
        let left = here.bake.saturating_sub(elapsed(since, self.now));
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
        if let Some(hold) = self.settling(here, since) {
            // Not longer than a minute: what a plan may take is reckoned by that.
            let wait = self.rules.limits.poll.min(SignedDuration::from_mins(1));
            return self.wait(state, wait, hold);
        }
        match self.rules.plan.step(step + 1) {
            None => self.end_of_plan(state, view),
            // More weight would only take more requests to where none come back from.
            Some(_) if self.starved() => self.end_of_plan(state, view),
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

    /// The canary's requests do not show up in the counts.
    fn starved(&self) -> bool {
        let starved = |doubt: &Doubt| matches!(doubt, Doubt::Starved { .. });
        match &self.seen.measured.sufficiency {
            Sufficiency::Short { doubt } => starved(doubt) && self.rules.mode == Mode::Enforce,
            _ => false,
        }
    }

    /// What the rollout has to wait for before it may go on.
    pub(super) fn hold(&self) -> Option<Reason> {
        match (&self.seen.verdict, self.rules.mode) {
            (Verdict::Inconclusive(doubts), Mode::Enforce) => Some(Reason::Hold {
                doubts: doubts.clone(),
            }),
            _ => None,
        }
    }

    /// The canary is shown to be good enough, and nothing else is in doubt.
    fn accepted(&self) -> Option<Reason> {
        let enforced = self.rules.mode == Mode::Enforce;
        match (&self.seen.measured.sufficiency, &self.seen.verdict) {
            (&Sufficiency::Accepted { judged, bound }, Verdict::Pass) if enforced => {
                Some(Reason::Accepted { judged, bound })
            }
            _ => None,
        }
    }

    /// The minutes before the one in which the bake ended are not all judged yet. They will be,
    /// or will be given up, by time alone.
    fn settling(&self, here: Step, since: Timestamp) -> Option<Reason> {
        let since_when = self.seen.measured.unjudged_from?;
        if self.rules.mode == Mode::Advise {
            return None;
        }
        let over = since.saturating_add(here.bake).unwrap_or(Timestamp::MAX);
        let last = over.as_second() - over.as_second().rem_euclid(MINUTE);
        (since_when.as_second() < last).then(|| Reason::Hold {
            doubts: vec![Doubt::Settling { since: since_when }],
        })
    }

    /// The last bake is over, or nothing can be gained by another one, and nothing speaks against the
    /// canary.
    fn end_of_plan(&self, mut state: State, view: &AliasView) -> Decision {
        let Sufficiency::Short { doubt } = &self.seen.measured.sufficiency else {
            return self.promote(state, view, Reason::Promote);
        };
        let doubt = doubt.clone();
        match (self.rules.mode, self.rules.inconclusive) {
            (Mode::Advise, Inconclusive::Rollback) => {
                let decision = self.promote(state, view, Reason::Promote);
                let would = || Some(Cause::Inconclusive { doubt });
                Decision {
                    would: decision.would.clone().or_else(would),
                    ..decision
                }
            }
            (Mode::Advise, _) => self.promote(state, view, Reason::Promote),
            // Requests that went to the canary and were never heard of are not too little traffic.
            (Mode::Enforce, Inconclusive::Complete) if !self.starved() => {
                self.promote(state, view, Reason::Unproven { doubt })
            }
            (Mode::Enforce, Inconclusive::Complete | Inconclusive::Hold) => {
                let doubts = vec![doubt];
                self.wait(state, self.rules.limits.poll, Reason::Hold { doubts })
            }
            (Mode::Enforce, Inconclusive::Rollback) => {
                let cause = Cause::Inconclusive { doubt };
                state.phase = state.phase.rolling_back(cause, self.now);
                self.roll_back(state, Some(view))
            }
        }
    }

    /// What keeps the rollout from going on, in words.
    pub(super) fn waiting_for(&self, state: &State) -> Option<String> {
        let short = || match (&self.seen.measured.sufficiency, &state.phase) {
            (Sufficiency::Short { doubt }, Phase::Baking { step, since }) => {
                let bake = self.rules.plan.step(*step)?.bake;
                (elapsed(*since, self.now) >= bake).then_some(doubt)
            }
            _ => None,
        };
        let doubt = match &self.seen.verdict {
            Verdict::Inconclusive(doubts) => doubts.first(),
            Verdict::Pass | Verdict::Fail(_) => None,
        };
        doubt.or_else(short).map(|doubt| brief(&doubt.to_string()))
    }

    /// All traffic to the canary, or the alias back for somebody else to shift.
    pub(super) fn promote(&self, mut state: State, view: &AliasView, reason: Reason) -> Decision {
        if self.rules.finish == Finish::HandOver {
            // Put down one tick before the write: a tick that is repeated because its answer was
            // lost must not take its own write for somebody's abort.
            state.phase = state.phase.rolling_back(Cause::Passed, self.now);
            let reason = match reason {
                Reason::Promote => Reason::HandOver,
                reason => reason,
            };
            return self.wait(state, SignedDuration::ZERO, reason);
        }
        let write = state.contenders.promote(view);
        Decision {
            command: Some(Command::Promote { write }),
            ..self.wait(state, SignedDuration::ZERO, reason)
        }
    }
}

#[cfg(test)]
#[path = "ending_tests.rs"]
mod tests;
