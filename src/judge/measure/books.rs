//! The books: what all minutes up to one say together, taken minute by minute.
//!
//! Closed minutes are in the books for good. Young ones are fetched again each time and taken on
//! top of a copy, in order, so the whole is the same whenever it was looked at.

use serde::{Deserialize, Serialize};

use super::answer::CountsAnswer;
use super::minutes::{Ages, PUBLISHED, Reading, errors_so_far, reading, requests};
use super::rules::EvidenceRules;
use super::timeline::Kind;
use crate::judge::evidence::{Counts, Evidence, Settings};

/// Over so many minutes running the canary may be starved.
const STARVING_MINUTES: usize = 3;
/// Fewer requests than this expected in those minutes say nothing, in thousandths of a request.
const STARVING_EXPECTED: u64 = 30_000;
/// Less than this part of what was expected is too little.
const STARVING_PART: u64 = 5;

/// What the minutes up to one say together.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Books {
    /// The first minute that is not in; `None` until the canary had a weight.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
    /// By metric.
    pub entries: Vec<Entry>,
    /// The canary's errors, also of minutes that are not judged.
    pub errors: u64,
    /// Requests to the alias that were throttled.
    pub throttled: u64,
    /// The last settled minutes: what the canary's share comes to, in thousandths of a request,
    /// and what it got.
    pub shares: Vec<(u64, u64)>,
    /// The first minute with traffic by the weights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warmed: Option<i64>,
    /// Minutes that were left out.
    pub dropped: Dropped,
}

/// One metric's evidence.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Entry {
    pub evidence: Evidence,
    /// Everything that the evidence was made of: canary, of them bad, stable, of them bad.
    pub counted: [u64; 4],
    /// The canary's requests in minutes in which the stable version had some too: only those could
    /// have spoken against it.
    #[serde(default)]
    pub compared: u64,
}

/// Closed minutes that were not judged, by reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Dropped {
    /// The weight changed within the minute, or may have.
    pub change: u32,
    /// A part of the numbers never came, or did not belong together.
    pub incomplete: u32,
    /// The canary had no requests.
    pub idle: u32,
}

impl Dropped {
    /// What was left out, for a person; `None`: nothing was.
    pub(super) fn said(self) -> Option<String> {
        let reasons = [
            (self.change, "the weight changed"),
            (self.incomplete, "the numbers were never whole"),
            (self.idle, "the canary had no requests"),
        ];
        let reasons = reasons.into_iter().filter(|(minutes, _)| *minutes > 0);
        let said: Vec<String> = reasons
            .map(|(minutes, why)| match minutes {
                1 => format!("1 minute in which {why}"),
                _ => format!("{minutes} minutes in which {why}"),
            })
            .collect();
        (!said.is_empty()).then(|| format!("left out: {}", said.join(", ")))
    }
}

/// Requests that the canary should have got by its weight, and did get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Starved {
    pub expected: u64,
    pub got: u64,
}

/// What does not change from minute to minute.
pub(super) struct Ledger<'a> {
    pub rules: &'a EvidenceRules,
    pub settings: &'a [Settings],
    pub ages: Ages,
    pub answer: &'a CountsAnswer,
}

impl Books {
    /// Takes the next minute; `age` is how many seconds ago it ended, less than 0 if it has not.
    pub fn take(&mut self, ledger: &Ledger<'_>, minute: i64, kind: Kind, age: i64) {
        self.until = Some(minute.saturating_add(1));
        if kind == Kind::Whole {
            return;
        }
        self.count_always(ledger, minute, age >= ledger.ages.settled);
        let Kind::Split(share) = kind else {
            self.dropped.change = self.dropped.change.saturating_add(1);
            return;
        };
        let warms_up = *self.warmed.get_or_insert(minute) == minute;
        if age < PUBLISHED {
            return;
        }
        if age >= ledger.ages.settled {
            self.take_share(ledger, minute, share);
        }
        self.judge(ledger, minute, age >= ledger.ages.settled, warms_up);
    }

    /// What counts whatever the weight, and however young the minute.
    fn count_always(&mut self, ledger: &Ledger<'_>, minute: i64, settled: bool) {
        if let Some(found) = ledger.answer.metrics.first() {
            let errors = errors_so_far(&found.canary, minute, settled);
            self.errors = self.errors.saturating_add(errors);
        }
        let throttled = ledger.answer.throttles.as_ref();
        let throttled = throttled
            .and_then(|series| series.at(minute))
            .unwrap_or(0.0);
        // A cast of what is no count stays within the numbers.
        self.throttled = self.throttled.saturating_add(throttled as u64);
    }

    fn judge(&mut self, ledger: &Ledger<'_>, minute: i64, settled: bool, warms_up: bool) {
        self.entries
            .resize_with(ledger.rules.metrics.len(), Entry::default);
        let (mut incomplete, mut idle) = (false, false);
        let metrics = ledger.rules.metrics.iter().zip(&ledger.answer.metrics);
        let entries = self.entries.iter_mut().zip(ledger.settings);
        for ((rule, found), (entry, settings)) in metrics.zip(entries) {
            match reading(rule, found, minute, settled) {
                Reading::Counts(_) if warms_up && rule.warms_up() => {}
                Reading::Counts(counts) => entry.take(settings, &counts),
                Reading::Idle => idle = true,
                Reading::Unsettled => incomplete = true,
            }
        }
        let dropped = &mut self.dropped;
        if incomplete {
            dropped.incomplete = dropped.incomplete.saturating_add(1);
        } else if idle {
            dropped.idle = dropped.idle.saturating_add(1);
        }
    }

    fn take_share(&mut self, ledger: &Ledger<'_>, minute: i64, share: u16) {
        let Some(found) = ledger.answer.metrics.first() else {
            return;
        };
        let canary = requests(&found.canary, minute);
        let Some((got, stable)) = canary.zip(requests(&found.stable, minute)) else {
            return;
        };
        // Hundredths of a percent of a request, in thousandths.
        let expected = got.saturating_add(stable).saturating_mul(share.into()) / 10;
        self.shares.push((expected, got));
        let over = self.shares.len().saturating_sub(STARVING_MINUTES);
        self.shares.drain(..over);
    }

    /// Whether the canary got far less than its share of late.
    pub fn starved(&self) -> Option<Starved> {
        let sum = |(expected, got): (u64, u64), minute: &(u64, u64)| {
            (
                expected.saturating_add(minute.0),
                got.saturating_add(minute.1),
            )
        };
        let (expected, got) = self.shares.iter().fold((0, 0), sum);
        let enough = self.shares.len() == STARVING_MINUTES && expected >= STARVING_EXPECTED;
        let little = got.saturating_mul(1_000 * STARVING_PART) < expected;
        (enough && little).then_some(Starved {
            expected: expected / 1_000,
            got,
        })
    }

    /// The canary's requests that were held against the stable version's by this metric.
    pub fn compared(&self, metric: usize) -> u64 {
        self.entries.get(metric).map_or(0, |entry| entry.compared)
    }

    /// The canary's requests that were judged by this metric.
    pub fn judged(&self, metric: usize) -> u64 {
        self.entries.get(metric).map_or(0, |entry| entry.counted[0])
    }
}

impl Entry {
    fn take(&mut self, settings: &Settings, counts: &Counts) {
        self.evidence.take(settings, counts);
        let Counts { canary, stable } = counts;
        if stable.invocations() > 0 {
            self.compared = self.compared.saturating_add(canary.invocations());
        }
        let more = [
            canary.invocations(),
            canary.errors(),
            stable.invocations(),
            stable.errors(),
        ];
        for (sum, more) in self.counted.iter_mut().zip(more) {
            *sum = sum.saturating_add(more);
        }
    }
}

#[cfg(test)]
#[path = "books_tests.rs"]
mod tests;
