//! How the traffic was split over a past window, as far as its numbers tell.
//!
//! CloudWatch does not keep an alias' weights. What it keeps are both versions' requests, minute
//! by minute: where the split between two neighbouring minutes differs by more than chance
//! explains, the weight changed in one of the two.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::super::series::{MINUTE, Series, minute_of};
use super::super::timeline::{ALL, FOLLOWS, Timeline};
use super::split::by_chance;

/// The chance, at most, that a share that never changes is taken to have changed anywhere in the
/// window. All comparisons of the window share it.
pub const STEADY: f64 = 0.001;

/// How the traffic was split, from the first minute in which both versions had requests to the
/// last one.
#[derive(Debug, Clone, PartialEq)]
pub struct Stretches {
    /// The first minute in which both versions had requests, counted from 1970.
    pub(super) first: i64,
    /// The last one.
    pub(super) last: i64,
    changes: BTreeMap<i64, Change>,
    stretches: Vec<Stretch>,
}

/// Minutes of one share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// The first of them, counted from 1970.
    pub first: i64,
    /// The last of them.
    pub last: i64,
    /// The canary's share of their requests, in hundredths of a percent.
    pub share: u16,
}

/// Why a minute mixes two shares, or may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is the first one in which both versions had requests.
    Began,
    /// It is the last one.
    Ended,
    /// A change was named that falls into it.
    Named,
    /// Chance does not explain how its split differs from that of a minute beside it.
    Found,
}

impl Stretches {
    /// From both versions' requests. `named` are the moments at which the weight changed, if they
    /// are known: then none is looked for. `None` if in no minute both versions had requests.
    #[must_use]
    pub fn of(canary: &Series, stable: &Series, named: &[Timestamp]) -> Option<Self> {
        let requests = |minute| (count(canary, minute), count(stable, minute));
        let both = |minute: &i64| {
            let (canary, stable) = requests(*minute);
            canary > 0 && stable > 0
        };
        let mut common = canary.points().map(|(minute, _)| minute).filter(both);
        let first = common.next()?;
        let last = common.last().unwrap_or(first);
        let mut changes = BTreeMap::new();
        if named.is_empty() {
            found(first, last, &requests, &mut changes);
        }
        for at in named {
            let second = at.as_second();
            for minute in minute_of(*at)..=(second + FOLLOWS).div_euclid(MINUTE) {
                changes.insert(minute, Change::Named);
            }
        }
        changes.retain(|minute, _| (first..=last).contains(minute));
        changes.insert(last, Change::Ended);
        changes.insert(first, Change::Began);
        let stretches = between(first, last, &changes, &requests);
        Some(Self {
            first,
            last,
            changes,
            stretches,
        })
    }

    /// Minutes of one share, in order.
    #[must_use]
    pub fn stretches(&self) -> &[Stretch] {
        &self.stretches
    }

    /// Why this minute may mix two shares, if it may.
    #[must_use]
    pub fn change(&self, minute: i64) -> Option<Change> {
        self.changes.get(&minute).copied()
    }

    /// The same, as a rollout would have seen it.
    pub(super) fn timeline(&self) -> Timeline {
        let mut changes: Vec<(i64, i64, u16)> = Vec::new();
        for minute in self.changes.keys() {
            let (from, to) = (minute * MINUTE, (minute + 1) * MINUTE);
            let next = self
                .stretches
                .iter()
                .find(|stretch| stretch.first == minute + 1);
            let after = next.map_or(0, |stretch| stretch.share);
            match changes.last_mut() {
                Some(last) if last.1 == from => *last = (last.0, to, after),
                _ => changes.push((from, to, after)),
            }
        }
        Timeline::known(changes)
    }
}

/// The minutes beside each change that the numbers show. The first and the last minute are of
/// change anyway, and their neighbours say nothing about each other through them.
fn found(
    first: i64,
    last: i64,
    requests: &impl Fn(i64) -> (u64, u64),
    changes: &mut BTreeMap<i64, Change>,
) {
    let comparisons = (last - first - 2).max(1) as f64;
    for minute in first + 1..last - 1 {
        if by_chance(requests(minute), requests(minute + 1)) <= STEADY / comparisons {
            changes.insert(minute, Change::Found);
            changes.insert(minute + 1, Change::Found);
        }
    }
}

/// The stretches between the changes, each with its share.
fn between(
    first: i64,
    last: i64,
    changes: &BTreeMap<i64, Change>,
    requests: &impl Fn(i64) -> (u64, u64),
) -> Vec<Stretch> {
    let mut stretches: Vec<(Stretch, (u64, u64))> = Vec::new();
    for minute in (first..=last).filter(|minute| !changes.contains_key(minute)) {
        let (canary, stable) = requests(minute);
        match stretches.last_mut() {
            Some((stretch, sum)) if stretch.last + 1 == minute => {
                stretch.last = minute;
                *sum = (sum.0.saturating_add(canary), sum.1.saturating_add(stable));
            }
            _ => {
                let (first, last) = (minute, minute);
                let stretch = Stretch {
                    first,
                    last,
                    share: 0,
                };
                stretches.push((stretch, (canary, stable)));
            }
        }
    }
    let share = |(stretch, (canary, stable)): (Stretch, (u64, u64))| Stretch {
        share: share(canary, stable),
        ..stretch
    };
    stretches.into_iter().map(share).collect()
}

/// The canary's share in hundredths of a percent: none and all only where it is exactly that.
fn share(canary: u64, stable: u64) -> u16 {
    match (canary, stable) {
        (0, _) => 0,
        (_, 0) => ALL,
        _ => {
            let share = canary as f64 / (canary as f64 + stable as f64);
            // In range, so the cast is exact.
            ((share * f64::from(ALL)).round() as u16).clamp(1, ALL - 1)
        }
    }
}

/// A minute's requests; none where there is no point, or none that a count can be.
fn count(series: &Series, minute: i64) -> u64 {
    // A cast of what is no count stays within the numbers.
    series
        .at(minute)
        .map_or(0, |requests| requests.round() as u64)
}

#[cfg(test)]
#[path = "stretches_tests.rs"]
mod tests;
