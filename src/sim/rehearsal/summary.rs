//! What many runs came to.

use serde::Serialize;

use super::run::{Ended, Outcome};

/// Seconds in a minute.
const MINUTE: f64 = 60.0;

/// What many runs came to, in counts of runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// The canary got all traffic.
    pub promoted: u64,
    /// Something spoke against it.
    pub rolled_back: u64,
    /// There was too little evidence for either.
    pub inconclusive: u64,
    /// Of those that were rolled back: the canary never had any traffic, because something spoke
    /// against a start.
    pub not_started: u64,
    /// From the first shift until the canary had no traffic any more, of the runs that were rolled
    /// back.
    pub minutes_to_rollback: Quantiles,
    /// The canary's requests that failed, of all runs.
    pub failed_canary_requests: Failed,
}

/// The median, and what 95 of 100 do not exceed; `None` of nothing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quantiles {
    /// The median.
    pub p50: Option<f64>,
    /// What 95 of 100 do not exceed.
    pub p95: Option<f64>,
}

/// How many requests failed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Failed {
    /// In a run, on the average; 0 without runs.
    pub mean: f64,
    /// What 95 of 100 runs do not exceed; `None` without runs.
    pub p95: Option<f64>,
}

impl Summary {
    /// Of these runs, in any order.
    #[must_use]
    pub fn of<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> Self {
        let (mut ends, mut not_started) = ([0_u64; 3], 0);
        let (mut minutes, mut failed) = (Vec::new(), Vec::new());
        for outcome in outcomes {
            ends[outcome.ended as usize] += 1;
            not_started += u64::from(outcome.never_started());
            // What never began was not shifted back, either.
            if outcome.ended == Ended::RolledBack && !outcome.never_started() {
                minutes.push(outcome.seconds / MINUTE);
            }
            failed.push(outcome.canary.failed as f64);
        }
        minutes.sort_by(f64::total_cmp);
        failed.sort_by(f64::total_cmp);
        // From the smallest on, so that the order of the runs makes no difference.
        let mean = failed.iter().sum::<f64>() / (failed.len() as f64).max(1.0);
        let [promoted, rolled_back, inconclusive] = ends;
        Self {
            promoted,
            rolled_back,
            inconclusive,
            not_started,
            minutes_to_rollback: Quantiles {
                p50: quantile(&minutes, 50),
                p95: quantile(&minutes, 95),
            },
            failed_canary_requests: Failed {
                mean,
                p95: quantile(&failed, 95),
            },
        }
    }

    /// All runs.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.promoted + self.rolled_back + self.inconclusive
    }
}

/// The smallest of these that at least so many percent do not exceed.
fn quantile(sorted: &[f64], percent: usize) -> Option<f64> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::rehearsal::traffic::Requests;

    fn outcome(ended: Ended, seconds: f64, failed: u64) -> Outcome {
        let canary = Requests { all: 100, failed };
        Outcome {
            ended,
            seconds,
            canary,
        }
    }

    #[test]
    fn nothing_has_no_quantiles() {
        let none = Summary::of([].iter());
        assert_eq!(none.runs(), 0);
        let json = serde_json::to_value(&none).unwrap();
        assert_eq!(json["minutes_to_rollback"]["p50"], serde_json::Value::Null);
        assert_eq!(json["failed_canary_requests"]["mean"], 0.0);
    }

    #[test]
    fn times_are_of_rollbacks_and_failures_of_all_runs() {
        let mut outcomes: Vec<Outcome> = (1..=100)
            .map(|n| outcome(Ended::RolledBack, f64::from(n) * 60.0, u64::from(n as u32)))
            .collect();
        outcomes.push(outcome(Ended::Promoted, 1e6, 0));
        outcomes.push(outcome(Ended::Inconclusive, 1e6, 0));
        assert_eq!(Summary::of(outcomes.iter()).not_started, 0);
        let never = [outcome(Ended::RolledBack, 0.0, 0)];
        assert_eq!(Summary::of(never.iter()).not_started, 1);
        let forth = Summary::of(outcomes.iter());
        assert_eq!(
            (forth.promoted, forth.rolled_back, forth.inconclusive),
            (1, 100, 1)
        );
        assert_eq!(forth.minutes_to_rollback.p50, Some(50.0));
        assert_eq!(forth.minutes_to_rollback.p95, Some(95.0));
        assert!((forth.failed_canary_requests.mean - 5050.0 / 102.0).abs() < 1e-9);
        assert_eq!(forth.failed_canary_requests.p95, Some(95.0));
        assert_eq!(Summary::of(outcomes.iter().rev()), forth);
    }
}
