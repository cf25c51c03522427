//! Exact expectations: every outcome of a few small polls, each with its chance.

use serde::Deserialize;

use super::{counts, vectors};
use crate::judge::evidence::{Evidence, Settings};

/// What becomes of rollouts of a few polls, over all outcomes.
#[derive(Deserialize)]
pub struct Characteristics {
    n_c: u64,
    n_b: u64,
    p_b: f64,
    p_c: f64,
    polls: u32,
    alpha: f64,
    p_rollback: f64,
    mean_polls: f64,
    mean_wealth: f64,
}

/// The largest mean wealth after one poll, over all base rates under the null.
#[derive(Deserialize)]
pub struct Expectation {
    n_c: u64,
    n_b: u64,
    rho: f64,
    delta: f64,
    sup_expectation: f64,
    at_p_b: f64,
}

/// The chance of each number of errors among `n`.
fn binomial(n: u64, p: f64) -> Vec<f64> {
    let mut chances = vec![1.0];
    for _ in 0..n {
        let mut next = vec![0.0; chances.len() + 1];
        for (errors, chance) in chances.iter().enumerate() {
            next[errors] += chance * (1.0 - p);
            next[errors + 1] += chance * p;
        }
        chances = next;
    }
    chances
}

/// Every outcome of one poll, with its chance.
fn outcomes(n_c: u64, p_c: f64, n_b: u64, p_b: f64) -> Vec<([u64; 4], f64)> {
    let (canary, stable) = (binomial(n_c, p_c), binomial(n_b, p_b));
    let mut all = Vec::new();
    for (x_c, canary) in (0..).zip(&canary) {
        for (x_b, stable) in (0..).zip(&stable) {
            all.push(([n_c, x_c, n_b, x_b], canary * stable));
        }
    }
    all
}

struct Means {
    rollback: f64,
    polls: f64,
    wealth: f64,
}

impl Means {
    /// Rollouts that stop when the canary is blamed, or when no poll is left.
    fn of(settings: &Settings, outcomes: &[([u64; 4], f64)], polls: u32) -> Self {
        let mut means = Self {
            rollback: 0.0,
            polls: 0.0,
            wealth: 0.0,
        };
        let mut going = vec![(Evidence::default(), 1.0)];
        for poll in 1..=polls {
            let mut next = Vec::new();
            for (evidence, chance) in going {
                for (outcome, by) in outcomes {
                    let mut evidence: Evidence = evidence.clone();
                    evidence.take(settings, &counts(*outcome));
                    let (chance, blamed) = (chance * by, evidence.regressed(settings));
                    if blamed {
                        means.rollback += chance;
                    }
                    if blamed || poll == polls {
                        means.polls += chance * f64::from(poll);
                        means.wealth += chance * evidence.log_e_rollback().exp();
                    } else if chance > 0.0 {
                        next.push((evidence, chance));
                    }
                }
            }
            going = next;
        }
        means
    }
}

#[test]
fn operating_characteristics_are_exact() {
    let all = vectors().exact_operating_characteristics;
    assert_eq!(all.len(), 12);
    for expected in all {
        let settings = Settings {
            alpha: expected.alpha,
            ..Settings::default()
        };
        let outcomes = outcomes(expected.n_c, expected.p_c, expected.n_b, expected.p_b);
        let means = Means::of(&settings, &outcomes, expected.polls);
        for (found, expected) in [
            (means.rollback, expected.p_rollback),
            (means.polls, expected.mean_polls),
            (means.wealth, expected.mean_wealth),
        ] {
            let off = (found - expected).abs() / expected.abs().max(1e-3);
            assert!(off <= 1e-9, "{found}, not {expected}");
        }
    }
}

#[test]
fn one_poll_wins_nothing_on_the_average_whatever_the_base_rate() {
    let all = vectors().exact_one_poll_expectation;
    assert_eq!(all.len(), 7);
    for expected in all {
        let settings = Settings {
            rho: expected.rho,
            delta: expected.delta,
            ..Settings::default()
        };
        let mean = |p_b: f64| {
            let p_c = (expected.rho * p_b + expected.delta).min(1.0);
            let outcomes = outcomes(expected.n_c, p_c, expected.n_b, p_b);
            Means::of(&settings, &outcomes, 1).wealth
        };
        let most = expected.sup_expectation;
        assert!((mean(expected.at_p_b) - most).abs() <= 1e-9, "{most}");
        for step in 0..=100 {
            let found = mean(f64::from(step) / 100.0);
            assert!(found <= most + 1e-12, "{found} at {step} %");
        }
    }
}
