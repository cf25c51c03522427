//! What the traffic of the last hour makes of a plan: whether it will bring the requests that its
//! policy goes by.
//!
//! A warning and never a refusal, since traffic changes. What no traffic can bring about is
//! [`reach`](super::reach)'s.

use std::fmt;

use jiff::SignedDuration;

use super::rules::{Mode, Rules};
use super::weight::Weight;
use crate::judge::duration::readable;
use crate::judge::evidence::figures::grouped;
use crate::judge::measure::{EvidenceRules, Inconclusive, Memory};

/// That a plan will probably end with too few requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forecast {
    /// Requests to the alias in the hour before.
    pub hourly: u64,
    /// So many requests of the canary the policy goes by.
    pub needed: u64,
    /// Whether none of them may fail.
    pub clean: bool,
    /// About so many the plan brings to its end.
    pub expected: u64,
    /// What too few lead to.
    pub inconclusive: Inconclusive,
    /// The longest duration, and about so many requests until then, where the last step is held.
    pub held: Option<(SignedDuration, u64)>,
}

impl Forecast {
    /// `None`: there will be enough, or nothing depends on it, or the traffic is not known.
    /// `memory`: of the first look at the counts.
    #[must_use]
    pub fn of(rules: &Rules, evidence: &EvidenceRules, memory: &Memory) -> Option<Self> {
        let hourly = memory.hourly()?;
        if rules.mode == Mode::Advise || rules.plan.steps().is_empty() {
            return None;
        }
        let clean = evidence.clean_requests(memory);
        let needed = clean.unwrap_or(0).max(evidence.min_requests);
        let steps = rules.plan.steps().iter();
        let expected = steps.map(|step| requests(hourly, step.weight, step.bake));
        let expected = expected.sum::<f64>();
        let last = rules.plan.steps().last()?.weight;
        let more = rules.limits.longest.saturating_sub(rules.plan.duration());
        let in_all = expected + requests(hourly, last, more);
        let holds = rules.inconclusive == Inconclusive::Hold;
        let comes = if holds { in_all } else { expected };
        // Whole requests; in range, so the casts are exact.
        (comes < needed as f64).then(|| Self {
            hourly,
            needed,
            clean: clean.is_some_and(|clean| clean >= evidence.min_requests),
            expected: expected as u64,
            inconclusive: rules.inconclusive,
            held: holds.then_some((rules.limits.longest, in_all as u64)),
        })
    }
}

/// About so many of an hour's requests go to the canary in this time.
fn requests(hourly: u64, weight: Weight, time: SignedDuration) -> f64 {
    let hours = time.as_secs_f64().max(0.0) / 3_600.0;
    hourly as f64 * weight.fraction() * hours
}

impl fmt::Display for Forecast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [hourly, expected, needed] = [self.hourly, self.expected, self.needed].map(grouped);
        write!(
            f,
            "the last hour brought {hourly} requests; if that goes on, the plan gives the canary about \
             {expected}"
        )?;
        if let Some((longest, in_all)) = &self.held {
            let (longest, in_all) = (readable(*longest), grouped(*in_all));
            write!(f, ", and {in_all} if it is held for all of {longest}")?;
        }
        let clean = if self.clean { " without an error" } else { "" };
        write!(f, ", where the policy goes by {needed}{clean}: ")?;
        f.write_str(match self.inconclusive {
            Inconclusive::Complete => "it would end without having shown what is asked for",
            Inconclusive::Hold | Inconclusive::Rollback => "it would be put back as inconclusive",
        })
    }
}

#[cfg(test)]
#[path = "forecast_tests.rs"]
mod tests;
