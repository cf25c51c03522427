//! Whether chance explains how two minutes' requests were split over two versions.
//!
//! Exact tests, with no rounding of a distribution into a bell: far out in the tails, where a
//! strict level lies, the bell is wrong.

use std::f64::consts::LN_2;

use crate::judge::evidence::poisson::ln_factorial;

/// How likely it is that minutes with the same share are split as differently as these two, each
/// with its requests to one version and to the other. At most: among minutes of one share this is
/// below any level with a chance of at most that level.
///
/// Fisher's exact test: given how many requests went to each version in both minutes together,
/// how many of them fell into the first minute does not depend on the share. Both sides count.
pub(super) fn by_chance(first: (u64, u64), second: (u64, u64)) -> f64 {
    let drawn = first.0.saturating_add(first.1);
    let marked = first.0.saturating_add(second.0);
    let unmarked = first.1.saturating_add(second.1);
    let all = marked.saturating_add(unmarked);
    if drawn == 0 || drawn == all || marked == 0 || unmarked == 0 {
        return 1.0;
    }
    // Turned so that the side away from the mean is always the upper one.
    let mean = drawn as f64 * (marked as f64 / all as f64);
    let (hits, marked, unmarked) = if first.0 as f64 >= mean {
        (first.0, marked, unmarked)
    } else {
        (first.1, unmarked, marked)
    };
    let misses = drawn - hits;
    let log = ln_choose(marked, hits) + ln_choose(unmarked, misses) - ln_choose(all, drawn);
    let ratio = |step: u64| {
        let (hits, misses) = (hits + step, misses - step);
        let up = (marked - hits) as f64 * misses as f64;
        up / ((hits + 1) as f64 * (unmarked - misses + 1) as f64)
    };
    (2.0 * tail(log.exp(), misses.min(marked - hits), ratio)).min(1.0)
}

/// How likely it is that requests go to two versions by equal shares and come out as unevenly as
/// this. Both sides count.
pub(super) fn by_halves(one: u64, other: u64) -> f64 {
    let (few, many) = (one.min(other), one.max(other));
    let all = few.saturating_add(many);
    let log = ln_choose(all, many) - all as f64 * LN_2;
    let ratio = |step: u64| (few - step) as f64 / (many + step + 1) as f64;
    (2.0 * tail(log.exp(), few, ratio)).min(1.0)
}

/// The sum of a falling row of chances: the first one, then each the one before times `ratio`,
/// `steps` times.
fn tail(first: f64, steps: u64, ratio: impl Fn(u64) -> f64) -> f64 {
    let (mut sum, mut term) = (first, first);
    for step in 0..steps {
        term *= ratio(step);
        sum += term;
        if term <= sum * f64::EPSILON {
            break;
        }
    }
    sum
}

fn ln_choose(all: u64, some: u64) -> f64 {
    ln_factorial(all) - ln_factorial(some) - ln_factorial(all - some)
}

#[cfg(test)]
#[path = "split_tests.rs"]
mod tests;
