//! What is carried from look to look.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::books::Books;
use super::finding::{Finding, Measured};
use super::minutes::PUBLISHED;
use super::question::{CountsQuestion, Span, Versions};
use super::rules::EvidenceRules;
use super::series::{MINUTE, minute_of, start_of};
use super::timeline::{Kind, Timeline};
use crate::judge::Doubt;
use crate::judge::evidence::dispersion;

/// History is taken from so many minutes.
const HISTORY: i64 = dispersion::MINUTES_MAX as i64;
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
        let same_minute = |asked: i64| asked.div_euclid(MINUTE) == minute_of(now);
        if memory.asked.is_some_and(same_minute) && !memory.wants_confirmation(now) {
            return None;
        }
        let history = memory.wants_history(self);
        if !history && memory.split_minutes(now).next().is_none() {
            return None;
        }
        let window = memory.open_from(now).map(|from| Span {
            from: start_of(from),
            // The minute that is under way shows errors, if only those.
            to: start_of(minute_of(now).max(from).saturating_add(1)),
        });
        let began = memory.began.unwrap_or(now.as_second());
        let until = began.div_euclid(MINUTE).saturating_sub(HISTORY_GAP);
        let history = history.then(|| Span {
            from: start_of(until.saturating_sub(HISTORY)),
            to: start_of(until),
        });
        Some(CountsQuestion {
            window,
            history,
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
        let open = |minute: &i64| {
            let settled = minute.saturating_add(1).saturating_mul(MINUTE) + settles;
            memory.asked.is_none_or(|asked| asked < settled)
        };
        let open = memory.split_minutes(now).find(open);
        Measured {
            sufficiency,
            unjudged_from: open.map(start_of),
        }
    }
}

#[cfg(test)]
#[path = "memory_tests.rs"]
mod tests;
