//! What the minutes of a plan can show at all, known before it begins.
//!
//! Counts are judged by whole minutes, never by one in which the weight changed, and for the canary
//! a minute speaks only once no invocation of it can still fail. So a plan can be over before it has
//! a single such minute, and end as inconclusive whatever the traffic is.
//!
//! A plan is only said to be unable to where it is so at every second of the clock at which it may
//! begin, and however late its looks come. Traffic changes, and is not asked for.

use jiff::SignedDuration;

use super::{
    plan::{Plan, Step},
    preflight::Refusal,
    rules::{Finish, Mode, Rules},
    weight::Weight,
};
use crate::judge::measure::{EvidenceRules, Inconclusive, MIXED, PUBLISHED};

/// Minutes are what is counted.
const MINUTE: i64 = 60;

/// What a plan's minutes have to show, where the rollout cannot pass without it.
#[derive(Debug, Clone, PartialEq)]
pub struct Reach {
    plan: Plan,
    evidence: EvidenceRules,
    /// How long the last step may be held for more; `None`: it is not.
    longest: Option<SignedDuration>,
}

impl Reach {
    /// `None`: the rollout can pass without showing anything. `finish`: what its end leads to.
    #[must_use]
    pub fn of(rules: &Rules, evidence: Option<&EvidenceRules>, finish: Finish) -> Option<Self> {
        let evidence = evidence?;
        if rules.mode == Mode::Advise || rules.plan.steps().is_empty() {
            return None;
        }
        let longest = match finish.inconclusive(evidence.inconclusive) {
            Inconclusive::Complete => return None,
            Inconclusive::Hold => Some(rules.limits.longest),
            Inconclusive::Rollback => None,
        };
        Some(Self {
            plan: rules.plan.clone(),
            evidence: evidence.clone(),
            longest,
        })
    }

    /// Why the rollout can only end as inconclusive, if so. `timeout`: the longest that an
    /// invocation of either version may take, in seconds.
    #[must_use]
    pub fn refusal(&self, timeout: u32) -> Option<Refusal> {
        let oldest = self.oldest();
        if oldest.is_none_or(|oldest| oldest < PUBLISHED) {
            let least = self.least(PUBLISHED);
            return Some(Refusal::NeverCompared { least });
        }
        self.evidence.accept?;
        let age = self.evidence.accepts_after(timeout);
        let enough = oldest.is_some_and(|oldest| oldest >= age.as_secs());
        (!enough).then(|| Refusal::NeverAccepted {
            age,
            timeout: SignedDuration::from_secs(timeout.into()),
            within: self.longest.unwrap_or(self.plan.duration()),
            least: self.least(age.as_secs()),
        })
    }

    /// How many seconds before the plan's end the first minute that can be judged has ended, at
    /// the most; `None`: there is none.
    fn oldest(&self) -> Option<i64> {
        let steps = self.plan.steps();
        let shared = (0..steps.len()).filter(|step| steps[*step].weight > Weight::ZERO);
        let starts = shared.flat_map(|step| (0..MINUTE).map(move |second| (step, second)));
        starts
            .filter_map(|(step, second)| self.oldest_from(step, second))
            .max()
    }

    /// The same from this step on, if it begins at this second of a minute. Seconds are counted
    /// from the beginning of that minute.
    fn oldest_from(&self, first: usize, second: i64) -> Option<i64> {
        let (before, steps) = self.plan.steps().split_at_checked(first)?;
        let mut earliest = None;
        let mut now = second;
        for step in steps {
            let whole = first_minute(now);
            let over = now.saturating_add(seconds(step));
            let last = over - over.rem_euclid(MINUTE);
            now = over;
            if whole <= last {
                earliest.get_or_insert(whole);
                now = now.max(self.settled(last));
            }
        }
        if let Some(longest) = self.longest {
            let spent: i64 = before.iter().map(seconds).sum();
            let held = second.saturating_add(longest.as_secs()) - spent;
            // A last step that is held has its first minute in the end.
            let last = steps.last().map(seconds)?;
            let whole = first_minute(now - last);
            if whole <= held {
                earliest.get_or_insert(whole);
            }
            now = now.max(held);
        }
        Some(now - earliest?)
    }

    /// The latest second at which a step ends whose last whole minute ended at `last`: counts are
    /// fetched once in a minute of the clock, and at its end at the latest.
    fn settled(&self, last: i64) -> i64 {
        let settle = i64::from(self.evidence.settle);
        let minutes = settle.saturating_add(MINUTE - 1).div_euclid(MINUTE);
        last.saturating_add(minutes.saturating_mul(MINUTE))
            .saturating_add(MINUTE - 1)
    }

    /// A step of so many whole minutes has a minute that ended `age` seconds before its end, at
    /// whatever second it begins: up to two minutes and five seconds are over by the end of its
    /// first one, and up to a minute by its end.
    fn least(&self, age: i64) -> SignedDuration {
        let more = (age - i64::from(self.evidence.settle)).max(0);
        let minutes = more.saturating_add(MINUTE - 1).div_euclid(MINUTE);
        SignedDuration::from_mins(minutes.saturating_add(3))
    }
}

/// When the first minute ends that is whole, for a weight that was written at this second.
fn first_minute(written: i64) -> i64 {
    let from = written.saturating_add(MIXED);
    from.saturating_add(MINUTE - 1).div_euclid(MINUTE) * MINUTE + MINUTE
}

/// A step's bake; of a fraction the whole second.
fn seconds(step: &Step) -> i64 {
    let more = i64::from(step.bake.subsec_nanos() > 0);
    step.bake.as_secs().saturating_add(more)
}

#[cfg(test)]
#[path = "reach_tests.rs"]
mod tests;
