//! The planner against chances worked out by hand, and against the judge itself.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Poisson};

use super::*;
use crate::judge::evidence::{Counts, Tally};

fn planner(requests_per_second: f64, weight: f64, base_rate: f64) -> Planner {
    with(Settings::default(), requests_per_second, weight, base_rate)
}

fn with(settings: Settings, requests_per_second: f64, weight: f64, base_rate: f64) -> Planner {
    let traffic = Traffic {
        requests_per_second,
        weight,
        base_rate,
    };
    Planner::new(settings, traffic).expect("in range")
}

#[test]
fn an_error_free_baseline_needs_the_third_canary_error() {
    let planner = planner(5.0, 0.1, 0.0);
    assert_eq!(planner.canary_requests(5), 150.0);
    // The chance of three or more where 150 p are expected is 95 % at 150 p = 6.2958.
    let excess = planner.detectable_excess(5, 0.95).expect("it is found");
    assert!((excess - 6.295_793_6 / 150.0).abs() < 1e-6, "{excess}");
    let chance = planner.chance(5, 0.02);
    assert!(
        (chance - (1.0 - 8.5 * (-3.0_f64).exp())).abs() < 1e-9,
        "{chance}"
    );
}

#[test]
fn the_smallest_excess_and_the_shortest_window_belong_together() {
    for base_rate in [0.0, 0.001, 0.02] {
        let planner = planner(20.0, 0.1, base_rate);
        let excess = planner.detectable_excess(30, 0.9).expect("it is found");
        assert!(planner.chance(30, excess) >= 0.9);
        assert!(planner.chance(30, excess * 0.999) < 0.9, "{base_rate}");
        let minutes = planner.minutes_to_detect(excess, 0.9).expect("it is found");
        assert!(planner.chance(minutes, excess) >= 0.9);
        assert!(planner.chance(minutes - 1, excess) < 0.9);
        assert!((28..=30).contains(&minutes), "{minutes}");
    }
}

#[test]
fn little_traffic_finds_little() {
    // One request a second at 10 %: one percent more errors is found in a quarter of half hours.
    let quiet = planner(1.0, 0.1, 0.0);
    let chance = quiet.chance(30, 0.01);
    assert!((0.2..0.3).contains(&chance), "{chance}");
    // Three requests are not enough even for a canary that fails all.
    assert_eq!(planner(0.1, 0.1, 0.0).detectable_excess(5, 0.95), None);
    assert_eq!(
        planner(0.001, 0.1, 0.0).minutes_to_detect(0.001, 0.95),
        None
    );
}

#[test]
fn without_a_canary_or_a_baseline_nothing_is_found() {
    for weight in [0.0, 1.0] {
        let planner = planner(100.0, weight, 0.01);
        assert_eq!(planner.chance(60, 0.5), 0.0);
        assert_eq!(planner.detectable_excess(60, 0.5), None);
        assert_eq!(planner.minutes_to_detect(0.5, 0.5), None);
    }
    assert_eq!(planner(100.0, 0.1, 0.01).chance(0, 0.5), 0.0);
}

/// Where the stable version is hardly called, most of the canary's minutes have nothing to be held
/// against.
#[test]
fn minutes_without_the_stable_version_are_lost() {
    let planner = planner(0.05, 0.9, 0.0);
    assert!((planner.canary_requests(60) - 162.0).abs() < 1e-9);
    // 0.3 stable requests a minute.
    let bursts = 162.0 * (1.0 - (-0.3_f64).exp()) * 0.5;
    assert!((planner.canary_bursts(60, 0.5) - bursts).abs() < 1e-9);
}

#[test]
fn harder_cases_need_more() {
    let chance = |settings, base_rate| with(settings, 20.0, 0.1, base_rate).chance(10, 0.01);
    let plain = chance(Settings::default(), 0.001);
    let bursty = Settings {
        phi: 4.0,
        ..Settings::default()
    };
    let tolerant = Settings {
        delta: 0.005,
        ..Settings::default()
    };
    let sure = Settings {
        alpha: 1e-6,
        ..Settings::default()
    };
    for harder in [
        chance(bursty, 0.001),
        chance(tolerant, 0.001),
        chance(sure, 0.001),
        chance(Settings::default(), 0.02),
    ] {
        assert!(harder < plain - 0.01, "{harder} {plain}");
    }
    // What is tolerated is not found.
    let chance = with(tolerant, 20.0, 0.1, 0.0).chance(60, 0.005);
    assert!(chance < 0.01, "{chance}");
}

/// Bursts of four are single errors of a quarter as many, each with four times the weight.
#[test]
fn bursts_are_as_rarer_single_errors() {
    let chance = |phi: f64| {
        let share = 4.0 / phi;
        let settings = Settings {
            phi,
            delta: 0.004 / share,
            ..Settings::default()
        };
        with(settings, 20.0, 0.1, 0.008 / share).chance(20, 0.02 / share)
    };
    let (bursts, single) = (chance(4.0), chance(1.0));
    assert!((0.1..0.9).contains(&bursts), "{bursts}");
    assert!((bursts - single).abs() < 1e-9, "{bursts} {single}");
}

#[test]
fn extremes_stay_chances() {
    for rate in [1e-9, 1.0, RATE_MAX] {
        for weight in [1e-9, 0.5, 1.0 - 1e-12] {
            for base_rate in [0.0, 1e-6, 0.9] {
                let planner = planner(rate, weight, base_rate);
                for minutes in [1, MINUTES_MAX] {
                    let chance = planner.chance(minutes, 0.05);
                    assert!((0.0..=1.0).contains(&chance), "{planner:?} {chance}");
                }
            }
        }
    }
}

#[test]
fn traffic_and_settings_out_of_range_are_named_at_once() {
    let settings = Settings {
        alpha: 2.0,
        ..Settings::default()
    };
    let traffic = Traffic {
        requests_per_second: 0.0,
        weight: 1.1,
        base_rate: f64::NAN,
    };
    let error = Planner::new(settings, traffic).unwrap_err();
    let names: Vec<&str> = error.wrong.iter().map(|wrong| wrong.name).collect();
    assert_eq!(
        names,
        ["alpha", "requests per second", "weight", "base rate"]
    );
}

#[test]
fn clean_requests_beyond_all_numbers_are_none() {
    let settings = Settings {
        eps: 1e-300,
        ..Settings::default()
    };
    assert_eq!(min_clean_requests(&settings), None);
}

/// The judge itself, on rollouts with the traffic that the planner assumes.
fn judged(planner: &Planner, minutes: u32, excess: f64, rollouts: u32) -> f64 {
    let mut random = ChaCha8Rng::seed_from_u64(11);
    let mut number = |mean: f64| {
        let drawn = (mean > 0.0).then(|| Poisson::new(mean).expect("a mean").sample(&mut random));
        drawn.unwrap_or_default() as u64
    };
    let mut found = 0;
    for _ in 0..rollouts {
        let mut evidence = Evidence::default();
        for _ in 0..minutes {
            let mut side = |requests: f64, rate: f64| {
                let errors = number(requests * rate);
                let fine = number(requests * (1.0 - rate));
                Tally::new(errors + fine, errors).expect("in order")
            };
            let counts = Counts {
                canary: side(planner.canary_a_minute(), planner.canary_rate(excess)),
                stable: side(planner.stable_a_minute(), planner.traffic.base_rate),
            };
            evidence.take(&planner.settings, &counts);
            if evidence.regressed(&planner.settings) {
                found += 1;
                break;
            }
        }
    }
    f64::from(found) / f64::from(rollouts)
}

#[test]
fn the_judge_finds_what_the_planner_says() {
    let tolerant = Settings {
        delta: 0.005,
        ..Settings::default()
    };
    let plain = Settings::default();
    for (settings, rate, weight, base_rate, minutes, excess) in [
        (plain, 5.0, 0.1, 0.0, 5, 0.03),
        (plain, 1.0, 0.1, 0.01, 30, 0.03),
        (plain, 0.2, 0.1, 0.0, 60, 0.1),
        (plain, 50.0, 0.1, 0.01, 10, 0.01),
        (plain, 20.0, 0.5, 0.002, 20, 0.003),
        (plain, 2.0, 0.9, 0.001, 30, 0.02),
        (tolerant, 20.0, 0.1, 0.001, 20, 0.015),
        // Many errors a minute: the judge looks at its end, and not after each of them.
        (plain, 20.0, 0.1, 0.05, 1, 0.08),
        // More errors than are followed one by one.
        (plain, 5_000.0, 0.1, 0.01, 2, 0.0014),
        // Three canary errors are just enough, but not any more once wealth was dealt anew.
        (plain, 1e5, 0.134_6, 0.0, 60, 6.2e-8),
        // A minute with an error has clearly more requests than others: of the canary, of both.
        (plain, 0.2, 0.1, 0.0, 60, 0.04),
        (plain, 0.2, 0.5, 0.1, 200, 0.08),
    ] {
        let planner = with(settings, rate, weight, base_rate);
        let said = planner.chance(minutes, excess);
        let judged = judged(&planner, minutes, excess, 600);
        // Three standard deviations of 600 rollouts at most.
        assert!(said <= judged + 0.062, "{planner:?} {said} {judged}");
        assert!(said >= judged - 0.1, "{planner:?} {said} {judged}");
        assert!(
            (0.2..0.98).contains(&judged),
            "too easy or too hard: {judged}"
        );
    }
}
