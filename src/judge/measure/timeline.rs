//! Which share of the traffic the canary had in which minute, from what was seen of the alias.
//!
//! A look shows a share at one moment. If the next look shows another one, the change came at some
//! moment between the two, and traffic follows a change a little later. So every minute that
//! touches that interval is one of change: its counts mix two shares, and are not judged.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::series::{MINUTE, minute_of};

/// The canary has all traffic, in hundredths of a percent.
pub const ALL: u16 = 10_000;

/// For so many seconds after a change was seen, requests may still follow the old share.
pub(super) const FOLLOWS: i64 = 5;
/// From the second in which a change was seen, so many seconds mix both shares: the fraction of a
/// second that `as_second` cuts off counts as well.
pub const MIXED: i64 = 1 + FOLLOWS;

/// A look that comes so many seconds later than it was announced is late.
const LATE: i64 = 5;

/// What was seen of the alias, as far as it matters for minutes that are not in the books yet.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Timeline {
    /// The last look: the canary's share in hundredths of a percent, and the second.
    #[serde(skip_serializing_if = "Option::is_none")]
    seen: Option<(u16, i64)>,
    /// The share before the first of the changes.
    #[serde(skip_serializing_if = "is_zero")]
    base: u16,
    /// From which second to which the share changed, and to what. In order, never overlapping.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changes: Vec<(i64, i64, u16)>,
    /// By when the next look was announced, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<i64>,
}

/// What a minute is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Both versions had traffic by this share, all the minute long.
    Split(u16),
    /// The share may have changed within it.
    Change,
    /// One of the versions had none.
    Whole,
}

impl Timeline {
    /// What is known beforehand: from which second to which the share changed, and to what, in
    /// order and never overlapping. Before the first of the changes it is 0.
    pub fn known(changes: Vec<(i64, i64, u16)>) -> Self {
        let last = changes.last().map_or(0, |(_, _, share)| *share);
        Self {
            // As if somebody had looked when everything was over.
            seen: Some((last, i64::MAX)),
            changes,
            ..Self::default()
        }
    }

    /// Takes down a look: the canary has this share, in hundredths of a percent.
    ///
    /// Returns the first minute that the canary may have had traffic in, as far as this look
    /// tells: before a first look nothing is known, so it is the minute after it.
    pub fn saw(&mut self, share: u16, now: Timestamp) -> i64 {
        let second = now.as_second();
        let late = self
            .due
            .take()
            .is_some_and(|due| second > due.saturating_add(LATE));
        if let (true, Some((_, seen))) = (late, self.seen) {
            self.may_have_come_later(seen, second);
        }
        let Some((before, then)) = self.seen.replace((share, second)) else {
            self.base = share;
            return minute_of(now).saturating_add(1);
        };
        let from = then.min(second);
        if share != before {
            let to = then.max(second).saturating_add(MIXED);
            self.change(from, to, share);
        }
        from.div_euclid(MINUTE)
    }

    /// When the alias was last looked at, to the second.
    pub fn last_look(&self) -> Option<Timestamp> {
        let (_, second) = self.seen?;
        Timestamp::from_second(second).ok()
    }

    /// The next look is to come by then.
    pub fn expects(&mut self, due: Timestamp) {
        self.due = Some(due.as_second());
    }

    /// A look is dated by when it was asked for. If the one after it is late, it may itself have
    /// been made later than its date, because it was tried again: then what it saw may have
    /// changed at any moment before this one.
    fn may_have_come_later(&mut self, seen: i64, now: i64) {
        if let Some(last) = self.changes.last_mut()
            && last.1 > seen
        {
            last.1 = last.1.max(now.saturating_add(1));
        }
    }

    /// What this minute is good for, as far as it is known: after the last look anything may have
    /// changed.
    pub fn known_kind(&self, minute: i64) -> Kind {
        let ends = minute.saturating_add(1).saturating_mul(MINUTE);
        match self.seen {
            Some((_, seen)) if ends <= seen => self.kind(minute),
            _ => Kind::Change,
        }
    }

    /// What this minute is good for, if nothing changes after the last look.
    pub fn kind(&self, minute: i64) -> Kind {
        match self.share(minute) {
            None => Kind::Change,
            Some(0 | ALL..) => Kind::Whole,
            Some(share) => Kind::Split(share),
        }
    }

    /// The canary's share all this minute long, in hundredths of a percent; `None`: it may have
    /// changed within. Certain as [`kind`](Self::kind) is.
    pub fn share(&self, minute: i64) -> Option<u16> {
        let begins = minute.saturating_mul(MINUTE);
        let ends = begins.saturating_add(MINUTE);
        let mut share = self.base;
        for &(from, to, after) in &self.changes {
            if from < ends && to > begins {
                return None;
            }
            if to <= begins {
                share = after;
            }
        }
        Some(share)
    }

    /// Forgets what only matters for minutes before this one.
    pub fn forget_before(&mut self, minute: i64) {
        let begins = minute.saturating_mul(MINUTE);
        let over = self.changes.iter().take_while(|(_, to, _)| *to <= begins);
        let over = over.count();
        if let Some((_, _, share)) = self.changes.drain(..over).next_back() {
            self.base = share;
        }
    }

    /// Two changes without a whole minute between them are one: so there is at most one change in
    /// two minutes, whatever happens to the alias.
    fn change(&mut self, from: i64, to: i64, share: u16) {
        if let Some(last) = self.changes.last_mut() {
            let whole = last.1.saturating_add(MINUTE - 1).div_euclid(MINUTE) * MINUTE;
            if from < whole.saturating_add(MINUTE) {
                *last = (last.0.min(from), last.1.max(to), share);
                return;
            }
        }
        self.changes.push((from, to, share));
    }
}

fn is_zero(share: &u16) -> bool {
    *share == 0
}

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;
