//! Many rollouts at once: AWS counts the calls of the whole account.
//!
//! Lambda takes 15 control-plane calls a second, CloudWatch nine `DescribeAlarms`. So with many rollouts
//! each looks less often, and they start one after the other. What no number of others delays is putting
//! back: a rollback waits by its own back-off, and never starts in the queue.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::rules::Limits;

/// So many rollouts may look in one second. The rest is for starts and ends, which look five times.
const LOOKS_A_SECOND: u32 = 6;
/// The longest time between two looks, however many there are. A rollout has an hour.
const POLL_MAX: SignedDuration = SignedDuration::from_mins(5);
/// Between two starts: one costs about seven calls of Lambda's control plane.
const START_EVERY: SignedDuration = SignedDuration::from_secs(1);
/// Nobody waits longer for a start than so: too late is found out after it.
const START_WITHIN: SignedDuration = SignedDuration::from_mins(40);
/// So many may start at once before anybody has to wait.
const STARTS_AT_ONCE: usize = 20;
/// Counting costs a call too.
const COUNTS_LAST: SignedDuration = SignedDuration::from_mins(1);
/// After a look that failed the next one comes so many times as soon.
const SOONER: i32 = 2;

/// How many rollouts there are at a time, as one of them has counted them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crowd {
    /// Executions that run, this one included.
    pub running: u32,
    /// When they were counted.
    pub counted_at: Timestamp,
}

impl Crowd {
    /// So many executions, counted now.
    #[must_use]
    pub fn of(running: usize, counted_at: Timestamp) -> Self {
        let running = u32::try_from(running).unwrap_or(u32::MAX);
        Self {
            running,
            counted_at,
        }
    }

    /// Whether to count again: after a minute, and with many later, since every one of them counts.
    #[must_use]
    pub fn is_old(&self, now: Timestamp) -> bool {
        let each = SignedDuration::from_millis(i64::from(self.running).saturating_mul(667));
        now.duration_since(self.counted_at) >= COUNTS_LAST.max(each)
    }
}

impl Limits {
    /// These limits of a rollout with `running` of them at a time: the time between two looks is at
    /// least a sixth of a second for each, at most five minutes, and by `jitter` (0 to 1) up to a tenth
    /// shorter or longer, so that rollouts which began together do not look together. The budget for
    /// failing calls lasts for two of it at least: for four looks, see [`Limits::look_again`]. With few
    /// these are the limits as they are.
    #[must_use]
    pub fn among(self, running: u32, jitter: f64) -> Self {
        let each =
            SignedDuration::from_secs(running.into()) / i32::try_from(LOOKS_A_SECOND).unwrap_or(1);
        let poll = each.min(POLL_MAX);
        if poll <= self.poll {
            return self;
        }
        let shift = poll.as_secs_f64() * (jitter.clamp(0.0, 1.0) - 0.5) / 5.0;
        Self {
            poll: poll
                .saturating_add(SignedDuration::from_secs_f64(shift))
                .max(self.poll),
            error_budget: self.error_budget.max(poll * 2),
            ..self
        }
    }

    /// The longest time until the next look after one that failed: half of the usual one, but not less
    /// than `own`, the policy's.
    #[must_use]
    pub fn look_again(&self, own: &Self) -> SignedDuration {
        (self.poll / SOONER).max(own.poll)
    }
}

/// When a rollout that was begun at `mine` may start, after those that were begun before it, of which
/// only those that still run count. One a second starts, and a few at once where nobody waits; a
/// rollout begun long ago has started long ago.
#[must_use]
pub fn start_after(mut before: Vec<Timestamp>, mine: Timestamp) -> Timestamp {
    before.sort_unstable();
    let mut free = Timestamp::MIN;
    let slack = START_EVERY * i32::try_from(STARTS_AT_ONCE).unwrap_or(0);
    for began in before {
        free = free.max(began).saturating_add(START_EVERY).unwrap_or(free);
    }
    let due = free.saturating_sub(slack).unwrap_or(mine).max(mine);
    due.min(mine.saturating_add(START_WITHIN).unwrap_or(mine))
}

/// A number from 0 to 1 that is another one for each rollout and each of its looks, and the same one
/// whenever it is asked for.
#[must_use]
pub fn jitter(rollout: &str, look: u32) -> f64 {
    // FNV-1a, and a last stir: its upper bits hardly change with the last byte.
    let bytes = rollout.bytes().chain(look.to_le_bytes());
    let mut hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^= hash >> 33;
    (hash >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
#[path = "crowd_tests.rs"]
mod tests;
