//! The chance that the rollback side reaches its threshold within a window of polls.
//!
//! Takes rates and bets, knows nothing of traffic or settings. How good the numbers are is said
//! in [`super::planner`].

use super::poisson::{at_least, probability};
use super::{BETS, Terms, log_sum_exp};

/// Up to so many errors every one is followed, in whatever order they come; where there are more,
/// only the end of the window is looked at.
const WALK_MAX: u64 = 4000;
/// Paths with less than this chance are not followed.
const FAINT: f64 = 1e-18;
/// The stable version's numbers of errors are looked at in at most so many blocks, each at its
/// worst end.
const BLOCKS: u64 = 512;
/// So many standard deviations around a mean are looked at; beyond, nothing is found.
const SPREADS: f64 = 8.0;
/// More canary errors than this are not looked for.
const ERRORS_MAX: u64 = 1 << 40;

/// When the rollback side fires.
#[derive(Debug, Clone, Copy)]
pub(super) struct Threshold {
    /// Each bet's terms; the toll for all that is tolerated in the window.
    pub bets: [Terms; BETS],
    /// At least 1.
    pub polls: u64,
    /// The log of the wealth that is needed.
    pub needed: f64,
}

/// A window in which so many errors of the stable version are expected.
pub(super) struct Window {
    polls: f64,
    stable_mean: f64,
    /// By the number of stable errors: with so many canary errors it fires. As far as walks go.
    needed: Vec<u64>,
    /// The same for all numbers of stable errors that are likely, for the end of the window.
    blocks: Vec<Block>,
}

/// Some numbers of stable errors that are looked at together.
struct Block {
    /// The chance that it is one of them.
    chance: f64,
    /// With so many canary errors the rollback side fires, for each of them.
    needed: u64,
}

impl Threshold {
    /// Whether it has fired once there were so many errors, in whatever order they came. At least
    /// one error.
    fn fires(&self, canary: u64, stable: u64) -> bool {
        let mut logs = [0.0; BETS];
        for (log, bet) in logs.iter_mut().zip(&self.bets) {
            let won = canary as f64 * bet.gain - stable as f64 * bet.loss;
            *log = won - bet.toll - (BETS as f64).ln();
        }
        // The poll that fires is not followed by a deal.
        let deals = self.polls.min(canary.saturating_add(stable)) - 1;
        let left = (63.0 / (63.0 + deals as f64)).ln();
        log_sum_exp(&logs) + left >= self.needed
    }

    /// With how many canary errors it fires. More stable errors never need fewer, so the answer
    /// for fewer stable errors is where to begin.
    fn canary_errors(&self, from: u64, stable: u64) -> Option<u64> {
        first(from, ERRORS_MAX, |canary| self.fires(canary, stable))
    }

    /// Where walks end: for every number of stable errors, as long as it can be reached.
    fn barrier(&self) -> Vec<u64> {
        let mut barrier = Vec::new();
        let mut needed = 1;
        for stable in 0..=WALK_MAX {
            match self.canary_errors(needed, stable) {
                Some(found) if found <= WALK_MAX => needed = found,
                _ => break,
            }
            barrier.push(needed);
        }
        barrier
    }

    fn blocks(&self, stable_mean: f64) -> Vec<Block> {
        let reach = SPREADS * stable_mean.sqrt() + SPREADS;
        let (from, to) = ((stable_mean - reach).max(0.0), stable_mean + reach);
        // Both are at least 0 and far below the largest whole number.
        let (mut at, to) = (from as u64, to as u64);
        let width = (to - at) / BLOCKS + 1;
        let mut blocks = Vec::new();
        let mut needed = 1;
        while at <= to {
            let next = at + width;
            let chance = at_least(at, stable_mean) - at_least(next, stable_mean);
            match self.canary_errors(needed, next - 1) {
                Some(found) => needed = found,
                None => break,
            }
            if chance > 0.0 {
                blocks.push(Block { chance, needed });
            }
            at = next;
        }
        blocks
    }

    pub(super) fn window(&self, stable_mean: f64) -> Window {
        Window {
            polls: self.polls as f64,
            stable_mean,
            needed: self.barrier(),
            blocks: self.blocks(stable_mean),
        }
    }
}

impl Window {
    /// The chance that the rollback side fires, if so many canary errors are expected.
    pub(super) fn chance(&self, canary_mean: f64) -> f64 {
        let mean = self.stable_mean + canary_mean;
        let last = mean + SPREADS * mean.sqrt() + SPREADS;
        let chance = if canary_mean <= 0.0 {
            0.0
        } else if last <= WALK_MAX as f64 {
            self.on_the_way(canary_mean, mean, last as usize)
        } else {
            self.at_the_end(canary_mean)
        };
        chance.clamp(0.0, 1.0)
    }

    fn at_the_end(&self, canary_mean: f64) -> f64 {
        let blocks = self.blocks.iter();
        blocks
            .map(|block| block.chance * at_least(block.needed, canary_mean))
            .sum()
    }

    /// Follows the errors one by one; each is the canary's with the same chance. The judge looks
    /// at the end of each poll, here after as many errors as a poll has on the average.
    fn on_the_way(&self, canary_mean: f64, mean: f64, last: usize) -> f64 {
        let canary_share = canary_mean / mean;
        let between_looks = (mean / self.polls).ceil().max(1.0) as usize;
        let mut walk = Walk {
            least: 0,
            chances: vec![1.0],
        };
        let (mut fired, mut chance) = (0.0, 0.0);
        for errors in 0..=last {
            let crossed = walk.crossed(errors, &self.needed);
            let over: f64 = walk.chances[crossed..].iter().sum();
            chance += probability(errors as u64, mean) * (fired + over);
            if errors % between_looks == 0 {
                fired += over;
                walk.chances.truncate(crossed);
            }
            walk.step(canary_share);
        }
        chance + fired * at_least(last as u64 + 1, mean)
    }
}

/// How many of the errors so far are the canary's, as long as nothing has fired.
struct Walk {
    /// The least number that is still likely.
    least: usize,
    /// The chances of this number, the next one, and so on.
    chances: Vec<f64>,
}

impl Walk {
    /// From which index on it is over the threshold.
    fn crossed(&self, errors: usize, needed: &[u64]) -> usize {
        let over = |index: &usize| {
            let canary = self.least + index;
            let needed = errors.checked_sub(canary).and_then(|it| needed.get(it));
            needed.is_some_and(|needed| canary as u64 >= *needed)
        };
        // It is over from one number of canary errors on, if at all.
        let below = (0..self.chances.len()).rev().find(|index| !over(index));
        below.map_or(0, |index| index + 1)
    }

    /// One more error.
    fn step(&mut self, canary_share: f64) {
        self.chances.push(0.0);
        for index in (1..self.chances.len()).rev() {
            let from_below = self.chances[index - 1] * canary_share;
            self.chances[index] = self.chances[index] * (1.0 - canary_share) + from_below;
        }
        self.chances[0] *= 1.0 - canary_share;
        while self.chances.last().is_some_and(|last| *last < FAINT) {
            self.chances.pop();
        }
        let faint = self.chances.iter().take_while(|chance| **chance < FAINT);
        let faint = faint.count();
        self.chances.drain(..faint);
        self.least += faint;
    }
}

/// The first number from `from` to `last` that holds, if numbers hold from one on. Looks near
/// `from` first.
pub(super) fn first(from: u64, last: u64, holds: impl Fn(u64) -> bool) -> Option<u64> {
    let (mut below, mut above, mut step) = (from, from, 1);
    while !holds(above) {
        if above >= last {
            return None;
        }
        below = above + 1;
        above = above.saturating_add(step).min(last);
        step *= 2;
    }
    while below < above {
        let middle = below + (above - below) / 2;
        if holds(middle) {
            above = middle;
        } else {
            below = middle + 1;
        }
    }
    Some(above)
}
