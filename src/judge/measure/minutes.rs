//! Which minutes count, and what a minute's numbers say.

use super::answer::{MetricCounts, Pair};
use super::rules::{EvidenceRules, MetricRule};
use crate::judge::evidence::{Counts, Tally};

/// A minute that ended less than so many seconds ago is never judged: its series are published one
/// by one.
pub const PUBLISHED: i64 = 60;
/// Errors are counted in the minute in which their invocation began, but published after it ended:
/// for so many seconds longer than an invocation may take, clean minutes prove nothing.
const LATE: i64 = 120;
/// For so many seconds longer than an invocation may take, a minute may change.
const FINAL: i64 = 300;

/// How many seconds after its end a minute is good for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ages {
    /// A point that is missing means that there was nothing to count.
    pub settled: i64,
    /// It speaks for the canary.
    pub accepts: i64,
    /// It goes into the books, and is not fetched again.
    pub closes: i64,
}

impl Ages {
    /// `timeout`: the longest that an invocation of either version may take, in seconds.
    pub fn new(rules: &EvidenceRules, timeout: u32) -> Self {
        let (settled, timeout) = (i64::from(rules.settle), i64::from(timeout));
        Self {
            settled,
            accepts: settled.max(timeout + LATE),
            closes: settled.max(timeout + FINAL),
        }
    }
}

/// What one metric's numbers of one minute say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// Both versions' counts.
    Counts(Counts),
    /// The canary had no requests.
    Idle,
    /// Something is not there yet, or the numbers do not belong together yet.
    Unsettled,
}

/// What one version's numbers of one settled minute say, with nothing to compare them with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lone {
    /// Requests, and those of them that were bad.
    Counts(Tally),
    /// No requests to speak of.
    Idle,
    /// There were requests, and not what became of them.
    Unknown,
}

/// One version's numbers of one minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Numbers {
    Known(Tally),
    Idle,
    Unsettled,
}

/// What both versions' numbers of this minute say, `settled` if it is old enough for a missing
/// point to mean something.
pub(super) fn reading(
    rule: &MetricRule,
    found: &MetricCounts,
    minute: i64,
    settled: bool,
) -> Reading {
    let silence = rule.silence_is_zero();
    let canary = numbers(&found.canary, minute, settled, silence);
    let stable = numbers(&found.stable, minute, settled, silence);
    match (canary, stable) {
        (Numbers::Unsettled, _) | (_, Numbers::Unsettled) => Reading::Unsettled,
        (Numbers::Idle, _) => Reading::Idle,
        // Nothing to compare with; the canary's clean requests still count for it.
        (Numbers::Known(canary), Numbers::Idle) => Reading::Counts(Counts {
            canary,
            stable: Tally::default(),
        }),
        (Numbers::Known(canary), Numbers::Known(stable)) => {
            Reading::Counts(Counts { canary, stable })
        }
    }
}

/// One version's errors of this minute, as far as they are there: they only ever grow. Where the
/// numbers do not belong together yet they wait until the minute is `settled`; then they are errors
/// all the same, also if there are more of them than requests, or no requests at all.
pub(super) fn errors_so_far(pair: &Pair, minute: i64, settled: bool) -> u64 {
    match numbers(pair, minute, false, false) {
        Numbers::Known(tally) => tally.errors(),
        Numbers::Idle | Numbers::Unsettled if settled => {
            let bad = pair.bad.as_ref();
            bad.and_then(|bad| whole(bad.at(minute)?)).unwrap_or(0)
        }
        Numbers::Idle | Numbers::Unsettled => 0,
    }
}

/// What is known of one version's settled minute by itself.
pub(super) fn alone(rule: &MetricRule, pair: &Pair, minute: i64) -> Lone {
    match numbers(pair, minute, true, rule.silence_is_zero()) {
        Numbers::Known(tally) => Lone::Counts(tally),
        Numbers::Idle => Lone::Idle,
        // Bad ones without a number of all of them are known all the same, as far as they go.
        Numbers::Unsettled => match pair.bad.as_ref().and_then(|bad| bad.at(minute)) {
            Some(_) => Lone::Idle,
            None => Lone::Unknown,
        },
    }
}

/// All requests of a minute, where known; none if nothing was counted.
pub(super) fn requests(pair: &Pair, minute: i64) -> Option<u64> {
    let total = pair.total.as_ref()?;
    total.at(minute).map_or(Some(0), whole)
}

/// The bad ones of each minute with traffic; `None` if CloudWatch did not answer for it.
pub(super) fn bad_by_minute(rule: &MetricRule, pair: &Pair) -> Option<Vec<u64>> {
    let minutes = pair.total.as_ref()?.points().map(|(minute, _)| minute);
    pair.bad.as_ref()?;
    let silence = rule.silence_is_zero();
    let bad = minutes.filter_map(|minute| match numbers(pair, minute, true, silence) {
        Numbers::Known(tally) if tally.invocations() > 0 => Some(tally.errors()),
        _ => None,
    });
    Some(bad.collect())
}

fn numbers(pair: &Pair, minute: i64, settled: bool, silence_is_zero: bool) -> Numbers {
    let (Some(total), Some(bad)) = (&pair.total, &pair.bad) else {
        return Numbers::Unsettled;
    };
    match (total.at(minute), bad.at(minute)) {
        (Some(total), Some(bad)) => known(total, bad),
        (Some(total), None) if settled && silence_is_zero => known(total, 0.0),
        (None, None) if settled => Numbers::Idle,
        _ => Numbers::Unsettled,
    }
}

/// More bad ones than there are at all: a part is not published yet.
fn known(total: f64, bad: f64) -> Numbers {
    let tally = whole(total)
        .zip(whole(bad))
        .and_then(|(total, bad)| Tally::new(total, bad).ok());
    tally.map_or(Numbers::Unsettled, Numbers::Known)
}

/// A count, to the nearest whole number; `None` for what no count can be.
fn whole(number: f64) -> Option<u64> {
    const LARGEST: f64 = 9_007_199_254_740_992.0;
    // In range, so the cast is exact.
    (0.0..=LARGEST)
        .contains(&number)
        .then(|| number.round() as u64)
}

#[cfg(test)]
#[path = "minutes_tests.rs"]
mod tests;
