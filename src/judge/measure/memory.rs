//! What is carried from look to look.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::answer::CountsAnswer;
use super::books::Books;
use super::finding::{Finding, Measured};
use super::minutes::{Ages, PUBLISHED};
use super::question::{CountsQuestion, Span, Versions};
use super::rules::EvidenceRules;
use super::series::{MINUTE, minute_of, start_of};
use super::timeline::{Kind, Timeline};
use crate::judge::Doubt;
use crate::judge::evidence::dispersion;

/// History is taken from so many minutes.
const HISTORY: i64 = dispersion::MINUTES_MAX as i64;
/// An hour, in minutes.
pub(super) const HOUR: i64 = 60;
/// And ends so many minutes before the first look: younger ones may not be published.
const HISTORY_GAP: i64 = 2;
/// Two fetches closer together than so many seconds show the same numbers.
const APART: i64 = 10;
/// Minutes older than this many are not judged any more: nobody looked for a day.
const LONGEST: i64 = 1440;

/// What is carried from look to look: under 2 KB as JSON with one metric. The closed minutes'
/// evidence, what the alias was seen to route, and what the last fetch came to.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// The first look, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) began: Option<i64>,
    /// The last fetch that was answered in full, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) asked: Option<i64>,
    pub(super) timeline: Timeline,
    /// By metric: the size of the bursts in which bad ones come, where measured.
    pub(super) bursts: Vec<Option<f64>>,
    /// Requests in the hour before the rollout, once they are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hourly: Option<u64>,
    /// The minutes that are closed.
    pub(super) books: Books,
    /// Since when every fetch has shown enough evidence against the canary, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) crossed: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last: Option<Finding>,
}

impl Memory {
    /// Whether nothing is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Takes down a look at the alias, or a write that was acknowledged: the canary has this
    /// share of the traffic, in hundredths of a percent (0 to 10 000). What sends it traffic that
    /// cannot be compared with the stable version's, or none, is 0.
    pub fn saw(&mut self, share: u16, now: Timestamp) {
        self.began.get_or_insert(now.as_second());
        let first = self.timeline.saw(share, now);
        if share > 0 {
            self.books.until.get_or_insert(first);
        }
    }

    /// The next look is to come by then. If it comes later, this one may have been made later than
    /// it was dated, and what it saw of the alias is taken to have changed at any moment up to the
    /// next.
    pub fn expects(&mut self, due: Timestamp) {
        self.timeline.expects(due);
    }

    /// What the last fetch came to; `None` before the first one.
    #[must_use]
    pub fn finding(&self) -> Option<&Finding> {
        self.last.as_ref()
    }

    /// How many requests came to the alias in the hour before the rollout; `None`: not known, or
    /// not yet.
    #[must_use]
    pub fn hourly(&self) -> Option<u64> {
        self.hourly
    }

    /// Whether it is time to confirm evidence against the canary.
    fn wants_confirmation(&self, now: Timestamp) -> bool {
        let doubt = self.last.as_ref().and_then(|found| found.doubt.as_ref());
        matches!(doubt, Some(Doubt::Unconfirmed { .. })) && self.confirms(now)
    }

    /// Whether a fetch at this moment can confirm evidence that was there before.
    pub(super) fn confirms(&self, now: Timestamp) -> bool {
        let apart = |since| now.as_second().saturating_sub(since) >= APART;
        self.crossed.is_some_and(apart)
    }

    /// The first minute to fetch, if the canary ever had a weight.
    pub(super) fn open_from(&self, now: Timestamp) -> Option<i64> {
        let oldest = minute_of(now).saturating_sub(LONGEST);
        self.books.until.map(|until| until.max(oldest))
    }

    /// Whether history can still make a difference: bursts scale all evidence alike, so they are
    /// known before the first minute is closed, or not at all.
    fn wants_history(&self, rules: &EvidenceRules) -> bool {
        let known = self.bursts.iter().filter(|bursts| bursts.is_some()).count();
        known < rules.metrics.len() && self.books.entries.is_empty()
    }

    /// The open minutes in which both versions had traffic.
    fn split_minutes(&self, now: Timestamp) -> impl Iterator<Item = i64> {
        let last = minute_of(now);
        let from = self.open_from(now).unwrap_or(last.saturating_add(1));
        (from..=last).filter(|minute| matches!(self.timeline.kind(*minute), Kind::Split(_)))
    }

    /// Whether a minute is open in which the weight may have changed.
    fn changed(&self, now: Timestamp) -> bool {
        let last = minute_of(now);
        let from = self.open_from(now).unwrap_or(last.saturating_add(1));
        (from..=last).any(|minute| self.timeline.kind(minute) == Kind::Change)
    }

    /// Where the first of these begins that the last fetch did not see so many seconds after its end.
    fn younger_than(&self, age: i64, now: Timestamp) -> Option<Timestamp> {
        let young = |minute: &i64| {
            let old = minute.saturating_add(1).saturating_mul(MINUTE) + age;
            self.asked.is_none_or(|asked| asked < old)
        };
        self.split_minutes(now).find(young).map(start_of)
    }
}

/// All requests of the last hour that the history counts, before a first look in that second.
pub(super) fn hourly(answer: &CountsAnswer, began: Option<i64>) -> Option<u64> {
    let total = answer.metrics.first()?.history.total.as_ref()?;
    let until = began?.div_euclid(MINUTE).saturating_sub(HISTORY_GAP);
    let hour = total.between(until.saturating_sub(HOUR), until);
    let requests: f64 = hour.points().map(|(_, number)| number).sum();
    // A cast of what is no count stays within the numbers.
    Some(requests as u64)
}

/// Whether that second and this moment are in the same minute of the clock.
pub(super) fn same_minute(asked: i64, now: Timestamp) -> bool {
    asked.div_euclid(MINUTE) == minute_of(now)
}

/// The minutes before a first look.
pub(super) fn history(began: Option<i64>, now: Timestamp) -> Span {
    history_before(began.unwrap_or(now.as_second()).div_euclid(MINUTE))
}

impl EvidenceRules {
    /// What to fetch now, if anything: once in a minute of the clock, as long as a minute is open
    /// in which both versions had traffic; after ten seconds to confirm evidence against the canary;
    /// and at once if the last fetch was not answered in full.
    #[must_use]
    pub fn question(
        &self,
        memory: &Memory,
        versions: &Versions,
        now: Timestamp,
    ) -> Option<CountsQuestion> {
        let asked = memory.asked.is_some_and(|asked| same_minute(asked, now));
        if asked && !memory.wants_confirmation(now) {
            return None;
        }
        let history = memory.wants_history(self);
        // Errors of a minute of change are errors all the same.
        let limited = self.max_errors.is_some() && memory.changed(now);
        if !history && !limited && memory.split_minutes(now).next().is_none() {
            return None;
        }
        let window = memory.open_from(now).map(|from| Span {
            from: start_of(from),
            // The minute that is under way shows errors, if only those.
            to: start_of(minute_of(now).max(from).saturating_add(1)),
        });
        let history = history.then(|| self::history(memory.began, now));
        Some(CountsQuestion {
            window,
            history,
            after: None,
            metrics: self.sources(),
            versions: versions.clone(),
        })
    }

    /// What a rollout is told about the evidence: the same until the next fetch.
    pub fn measured(&self, memory: &Memory, now: Timestamp) -> Measured {
        let sufficiency = match &memory.last {
            Some(finding) => finding.sufficiency.clone(),
            None => Finding::unknown(self).sufficiency,
        };
        let settles = i64::from(self.settle).max(PUBLISHED);
        Measured {
            sufficiency,
            unjudged_from: memory.younger_than(settles, now),
        }
    }

    /// Where the first minute begins that may still come to speak for the canary: what there is too
    /// little of may become enough by it. With [`accept`](Self::accept) that is later than what
    /// [`measured`](Self::measured) tells: an invocation may still fail until `timeout`, the longest
    /// that one of either version may take, in seconds.
    #[must_use]
    pub fn unheard_from(&self, memory: &Memory, timeout: u32, now: Timestamp) -> Option<Timestamp> {
        let ages = Ages::new(self, timeout);
        let age = match self.accept {
            Some(_) => ages.accepts,
            None => ages.settled,
        };
        memory.younger_than(age.max(PUBLISHED), now)
    }
}

/// The minutes before a rollout whose first look was in the minute `began`.
pub(super) fn history_before(began: i64) -> Span {
    let until = began.saturating_sub(HISTORY_GAP);
    Span {
        from: start_of(until.saturating_sub(HISTORY)),
        to: start_of(until),
    }
}

#[cfg(test)]
#[path = "memory_tests.rs"]
mod tests;
