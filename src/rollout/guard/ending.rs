//! With all traffic at the canary: what is waited for, and what the guard's last word is.
//!
//! Nothing that can be held against the stable version comes any more. What came before is worth
//! waiting for: it is published within minutes. What it leads to, the rules say.

use jiff::SignedDuration;

use super::decision::{GuardAct, GuardDecision, GuardReason};
use super::state::{Guard, GuardEnd, GuardFailure, GuardPhase};
use super::watch::{Look, at_canary};
use crate::judge::measure::{Inconclusive, Sufficiency};
use crate::judge::{Doubt, Verdict};
use crate::rollout::{
    fate::LOOK_AGAIN,
    observation::AliasReading,
    rules::Mode,
    state::{Cause, brief, elapsed},
};

/// The last minutes before the canary got all traffic are settled after a quarter of an hour at the
/// latest; what is not counted then, and a little later, is not counted any more.
const SETTLES: SignedDuration = SignedDuration::from_mins(20);

impl Look<'_> {
    /// The deployment has succeeded: there is nothing to stop, only to find out.
    pub(super) fn succeeded(&self, state: Guard) -> GuardDecision {
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
    pub(super) fn all_traffic(&self, state: Guard) -> GuardDecision {
        if let Some(doubts) = self.settling() {
            return self.settle(state, doubts);
        }
        match &self.seen.verdict {
            Verdict::Inconclusive(doubts) => self.in_doubt(state, doubts),
            Verdict::Pass | Verdict::Fail(_) => match self.short() {
                Some((inconclusive, doubt)) => self.unproven(state, inconclusive, doubt),
                None => self.pass(state, GuardEnd::Passed),
            },
        }
    }

    /// Something is not known that may be known later.
    fn in_doubt(&self, state: Guard, doubts: &[Doubt]) -> GuardDecision {
        let doubt = brief(&doubts.first().map_or_else(String::new, ToString::to_string));
        match (self.patience(&state), self.rules.mode) {
            (None, Mode::Advise) => self.advise(state, Some(doubt)),
            (None, Mode::Enforce) if has_succeeded(&state) => {
                self.fail(state, GuardFailure::Unproven { doubt })
            }
            _ => {
                let doubts = doubts.to_vec();
                self.wait(state, GuardReason::Hold { doubts })
            }
        }
    }

    /// What is missing for enough evidence, where it has a say, and what that leads to.
    pub(super) fn short(&self) -> Option<(Inconclusive, &Doubt)> {
        match &self.seen.measured.sufficiency {
            Sufficiency::Short { doubt } => Some((self.rules.inconclusive?, doubt)),
            _ => None,
        }
    }

    /// Nothing speaks against the canary, and too little for it.
    fn unproven(
        &self,
        mut state: Guard,
        inconclusive: Inconclusive,
        doubt: &Doubt,
    ) -> GuardDecision {
        // Requests that went to the canary and were never heard of are not too little traffic.
        let starved = matches!(doubt, Doubt::Starved { .. });
        let doubt = doubt.clone();
        if inconclusive == Inconclusive::Complete && !starved {
            return self.pass(state, GuardEnd::PassedUnproven { doubt });
        }
        if self.seen.unheard_from.is_some() {
            return self.settle(state, vec![doubt]);
        }
        // No more can come, so to hold is to wait for nothing.
        let cause = Cause::Inconclusive { doubt };
        if self.rules.mode == Mode::Advise {
            if let GuardPhase::Watching { would, .. } = &mut state.phase {
                would.get_or_insert(cause);
            }
            return self.advise(state, None);
        }
        if has_succeeded(&state) {
            return self.end(state, GuardEnd::TooLate { cause });
        }
        self.stop(state, cause, self.now, 0)
    }

    /// Nothing stands in the way; in the mode `advise`, something may have.
    fn pass(&self, state: Guard, end: GuardEnd) -> GuardDecision {
        match &state.phase {
            GuardPhase::Watching { would: Some(_), .. } => self.advise(state, None),
            _ => self.end(state, end),
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
    pub(super) fn not_there(&self, state: Guard) -> GuardDecision {
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
    pub(super) fn patience(&self, state: &Guard) -> Option<SignedDuration> {
        let budget = self.rules.limits.error_budget;
        let GuardPhase::Watching { arrived, .. } = &state.phase else {
            return None;
        };
        let lasted = elapsed((*arrived)?, self.now);
        (lasted <= budget).then(|| budget.saturating_sub(lasted).max(LOOK_AGAIN))
    }

    pub(super) fn advise(&self, state: Guard, doubt: Option<String>) -> GuardDecision {
        let would = match &state.phase {
            GuardPhase::Watching { would, .. } => would.clone(),
            _ => None,
        };
        self.end(state, GuardEnd::Advised { would, doubt })
    }

    pub(super) fn fail(&self, state: Guard, failure: GuardFailure) -> GuardDecision {
        self.end(state, GuardEnd::Failed { failure })
    }

    pub(super) fn end(&self, mut state: Guard, end: GuardEnd) -> GuardDecision {
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
