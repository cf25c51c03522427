//! Bursts that are known, and how close the estimate comes.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Poisson};

use super::*;

fn hour(bursts_a_minute: f64, size: u64, seed: u64) -> Vec<u64> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let bursts = Poisson::new(bursts_a_minute).expect("a mean");
    let minute = |_| bursts.sample(&mut random) as u64 * size;
    (0..60).map(minute).collect()
}

#[test]
fn too_little_to_tell_is_said_to_be() {
    let short = dispersion(&[9; MINUTES_MIN - 1]);
    assert_eq!(short.phi, 1.0);
    assert_eq!(short.basis, Basis::TooFewMinutes { minutes: 29 });
    let mut quiet = [0; 60];
    quiet[7] = ERRORS_MIN - 1;
    let quiet = dispersion(&quiet);
    assert_eq!(quiet.phi, 1.0);
    assert_eq!(quiet.basis, Basis::TooFewErrors { errors: 2 });
    assert!(quiet.to_string().contains("2 are too few"), "{quiet}");
    assert_eq!(dispersion(&[]).phi, 1.0);
}

/// Three errors of the canary are enough to blame it, so three at once must not pass for single ones.
#[test]
fn one_burst_in_an_hour_is_seen() {
    let mut minutes = [0; 60];
    minutes[7] = 3;
    let found = dispersion(&minutes);
    assert!((found.phi - 3.0).abs() < 1e-12, "{found:?}");
}

/// One burst of eight so many minutes before the end of many.
fn burst(before_the_end: usize) -> Vec<u64> {
    let mut minutes = vec![0; 300];
    minutes[300 - before_the_end] = 8;
    minutes
}

#[test]
fn the_latest_hour_counts_alone_if_it_shows_errors_enough() {
    // Long before: more than are looked at.
    assert_eq!(
        dispersion(&burst(181)).basis,
        Basis::TooFewErrors { errors: 0 }
    );
    assert!((dispersion(&burst(180)).phi - 8.0).abs() < 1e-12);
    let after = |singles: usize| {
        let mut minutes = burst(61);
        for minute in 0..singles {
            minutes[250 + 7 * minute] = 1;
        }
        dispersion(&minutes).phi
    };
    assert_eq!(after(3), 1.0);
    assert!(after(2) > 6.0, "{}", after(2));
}

#[test]
fn one_number_by_hand() {
    // Mean 1, deviations all 1, divided by 59 degrees of freedom.
    let minutes: Vec<u64> = (0..60).map(|minute| minute % 2 * 2).collect();
    let Basis::Measured { ratio } = dispersion(&minutes).basis else {
        panic!("it is measured");
    };
    assert!((ratio - 60.0 / 59.0).abs() < 1e-12, "{ratio}");
}

#[test]
fn single_errors_are_not_taken_for_bursts() {
    let bursty = (0..200).filter(|seed| dispersion(&hour(3.0, 1, *seed)).phi > 1.0);
    let bursty = bursty.count();
    assert!(bursty <= 4, "{bursty} of 200 hours");
}

#[test]
fn bursts_are_measured() {
    let mean = |size: u64| {
        let hours = (0..200).map(|seed| dispersion(&hour(1.0, size, seed)).phi);
        hours.sum::<f64>() / 200.0
    };
    let (four, eight) = (mean(4), mean(8));
    assert!((3.7..4.3).contains(&four), "{four}");
    assert!((6.9..8.3).contains(&eight), "{eight}");
}

#[test]
fn more_than_ten_is_not_believed() {
    let mut minutes = [0; 60];
    minutes[30] = 1000;
    let found = dispersion(&minutes);
    assert_eq!(found.phi, PHI_MAX);
    assert!(
        found.to_string().contains("bursts of 10 or more"),
        "{found}"
    );
}

#[test]
fn huge_counts_stay_numbers() {
    for minutes in [vec![u64::MAX; 60], vec![1_000_000_000; 60]] {
        let found = dispersion(&minutes);
        assert!((1.0..=PHI_MAX).contains(&found.phi), "{found:?}");
    }
}
