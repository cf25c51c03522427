//! Many rollouts with seeded traffic: how often the judge is wrong, and how often it finds out.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Binomial, Distribution};

use super::counts;
use crate::judge::evidence::{Evidence, Settings};

const POLLS: usize = 60;
const ROLLOUTS: u64 = 1500;

/// Some minute's error rates: the canary's and the stable version's.
type Rates = fn(usize) -> (f64, f64);

fn errors(random: &mut ChaCha8Rng, n: u64, p: f64) -> u64 {
    Binomial::new(n, p).expect("a chance").sample(random)
}

/// The share of rollouts of which this holds after some poll; 1,500 of 60 polls each, about a
/// tenth of the traffic at the canary.
fn share(settings: &Settings, total: u64, rates: Rates, holds: impl Fn(&Evidence) -> bool) -> f64 {
    let mut random = ChaCha8Rng::seed_from_u64(20_260_509);
    let mut found = 0;
    for _ in 0..ROLLOUTS {
        let mut evidence = Evidence::default();
        for minute in 0..POLLS {
            let canary = errors(&mut random, total, 0.1);
            let (stable, (p_c, p_b)) = (total - canary, rates(minute));
            let (x_c, x_b) = (
                errors(&mut random, canary, p_c),
                errors(&mut random, stable, p_b),
            );
            evidence.take(settings, &counts([canary, x_c, stable, x_b]));
            if holds(&evidence) {
                found += 1;
                break;
            }
        }
    }
    f64::from(found) / ROLLOUTS as f64
}

/// Three standard deviations of a share of this many rollouts.
fn margin(share: f64) -> f64 {
    3.0 * (share * (1.0 - share) / ROLLOUTS as f64).sqrt()
}

#[track_caller]
fn rarely_blamed(settings: &Settings, total: u64, rates: Rates) {
    let blamed = share(settings, total, rates, |e| e.regressed(settings));
    let most = settings.alpha + margin(settings.alpha);
    assert!(blamed <= most, "{blamed} of the rollouts");
}

/// A laxer alpha than the default's, so that a rollout that is blamed too often is noticed sooner.
fn lax() -> Settings {
    Settings {
        alpha: 0.05,
        ..Settings::default()
    }
}

#[test]
fn a_healthy_canary_is_rarely_blamed_however_often_one_looks() {
    rarely_blamed(&lax(), 60, |_| (0.001, 0.001));
    rarely_blamed(&lax(), 60, |_| (0.01, 0.01));
    rarely_blamed(&lax(), 600, |_| (0.05, 0.05));
}

#[test]
fn a_shared_outage_is_not_the_canarys_fault() {
    rarely_blamed(&lax(), 600, |minute| match minute {
        20..30 => (0.3, 0.3),
        30..32 => (0.9, 0.9),
        _ => (0.0005, 0.0005),
    });
}

#[test]
fn what_is_tolerated_is_rarely_blamed() {
    let tolerant = Settings { rho: 1.5, ..lax() };
    rarely_blamed(&tolerant, 600, |_| (0.03, 0.02));
    let tolerant = Settings {
        delta: 0.01,
        ..lax()
    };
    rarely_blamed(&tolerant, 600, |_| (0.02, 0.01));
}

#[test]
fn a_canary_that_fails_is_found_also_after_an_outage() {
    let settings = Settings::default();
    let found = |total, rates| share(&settings, total, rates, |e| e.regressed(&settings));
    let plain = found(600, |_| (0.02, 0.001));
    let late = found(600, |minute| match minute {
        5..15 => (0.3, 0.3),
        40.. => (0.05, 0.001),
        _ => (0.001, 0.001),
    });
    assert!(plain >= 0.99 && late >= 0.99, "{plain} {late}");
}

#[test]
fn the_bound_is_below_the_truth_no_more_often_than_it_may_be() {
    let settings = Settings::default();
    let most = settings.alpha_accept + margin(settings.alpha_accept);
    let short = |total, rates, excess| {
        let below =
            |e: &Evidence| e.log_e_accept_at(&settings, excess) >= settings.log_needed_to_accept();
        share(&settings, total, rates, below)
    };
    for short in [
        short(600, |_| (0.01, 0.0), 0.01),
        short(600, |_| (0.03, 0.01), 0.02),
        short(60, |_| (0.05, 0.001), 0.049),
    ] {
        assert!(short <= most, "{short} of the rollouts");
    }
}

#[test]
fn the_bound_is_the_excess_at_which_acceptance_begins() {
    let settings = Settings::default();
    let mut random = ChaCha8Rng::seed_from_u64(7);
    for _ in 0..50 {
        let poll = [
            2000,
            errors(&mut random, 2000, 0.01),
            18_000,
            errors(&mut random, 18_000, 0.01),
        ];
        let mut evidence = Evidence::default();
        evidence.take(&settings, &counts(poll));
        let upper = evidence.upper_excess(&settings);
        let needed = settings.log_needed_to_accept();
        assert!(evidence.log_e_accept_at(&settings, upper + 1e-12) >= needed);
        assert!(evidence.log_e_accept_at(&settings, upper - 1e-9) < needed);
        assert!(upper <= evidence.upper_absolute(&settings));
    }
}

/// Errors in bursts of ten inside one version: what `phi` is for.
#[test]
fn bursts_are_blamed_without_phi_and_not_with_it() {
    let blamed = |phi: f64| {
        let settings = Settings {
            phi,
            ..Settings::default()
        };
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let mut blamed = 0;
        for _ in 0..300 {
            let mut evidence = Evidence::default();
            let any = (0..POLLS).any(|_| {
                let (x_c, x_b) = (
                    10 * errors(&mut random, 60, 0.001),
                    10 * errors(&mut random, 540, 0.001),
                );
                evidence.take(&settings, &counts([600, x_c, 5400, x_b]));
                evidence.regressed(&settings)
            });
            blamed += u32::from(any);
        }
        blamed
    };
    let (without, with) = (blamed(1.0), blamed(10.0));
    assert!(without > 100 && with <= 8, "{without} {with} of 300");
}
