//! Exact chances, against sums over all that can come out.

use super::*;

fn choose(all: u64, some: u64) -> f64 {
    (0..some).fold(1.0, |product, step| {
        product * (all - step) as f64 / (step + 1) as f64
    })
}

/// Twice the smaller side, by adding up every outcome.
fn enumerated(first: (u64, u64), second: (u64, u64)) -> f64 {
    let (drawn, marked) = (first.0 + first.1, first.0 + second.0);
    let unmarked = first.1 + second.1;
    let chance = |hits: u64| {
        if hits > marked || drawn - hits > unmarked {
            return 0.0;
        }
        choose(marked, hits) * choose(unmarked, drawn - hits) / choose(marked + unmarked, drawn)
    };
    let up: f64 = (first.0..=drawn).map(chance).sum();
    let down: f64 = (0..=first.0).map(chance).sum();
    (2.0 * up.min(down)).min(1.0)
}

#[test]
fn it_is_the_sum_over_what_is_as_uneven() {
    for canary in 0..=12 {
        for other in 0..=9 {
            let (first, second) = ((canary, 12 - canary), (other, 9 - other));
            let (found, expected) = (by_chance(first, second), enumerated(first, second));
            assert!(
                (found - expected).abs() < 1e-10 || (found >= 0.9 && expected >= 0.9),
                "{first:?} {second:?}: {found}, not {expected}"
            );
        }
    }
}

/// The level holds exactly: over all outcomes of two minutes with one share, what is below a level
/// has at most its chance.
#[test]
fn a_steady_share_is_below_a_level_at_most_as_often_as_that() {
    let (one, two) = (14u64, 23u64);
    for share in [0.01, 0.1, 0.5, 0.83] {
        for level in [0.3, 0.05, 0.001, 1e-5] {
            let mut chance = 0.0;
            for a in 0..=one {
                for b in 0..=two {
                    if by_chance((a, one - a), (b, two - b)) <= level {
                        let of = |n: u64, k: u64| {
                            choose(n, k)
                                * f64::powi(share, k as i32)
                                * f64::powi(1.0 - share, (n - k) as i32)
                        };
                        chance += of(one, a) * of(two, b);
                    }
                }
            }
            assert!(chance <= level, "{share} {level}: {chance}");
        }
    }
}

#[test]
fn nothing_to_compare_is_explained_by_chance() {
    for (first, second) in [
        ((0, 0), (5, 5)),
        ((5, 5), (0, 0)),
        ((0, 9), (0, 9)),
        ((9, 0), (9, 0)),
    ] {
        assert_eq!(by_chance(first, second), 1.0);
    }
}

#[test]
fn busy_minutes_are_numbers_too_and_fast() {
    let same = by_chance((100_000, 900_000), (100_000, 900_000));
    assert!(same > 0.9, "{same}");
    // A normal test of these gives z = 5.27, which is 1.4e-7.
    let near = by_chance((100_000, 900_000), (102_250, 897_750));
    assert!((1e-7..2e-7).contains(&near), "{near}");
    let far = by_chance((100_000, 900_000), (500_000, 500_000));
    assert!((0.0..1e-300).contains(&far), "{far}");
    assert!(by_chance((u64::MAX / 2, 1), (1, u64::MAX / 2)) <= 1.0);
}

#[test]
fn halves_by_hand() {
    assert_eq!(by_halves(0, 0), 1.0);
    assert_eq!(by_halves(5, 5), 1.0);
    assert!((by_halves(0, 8) - 2.0 / 256.0).abs() < 1e-15);
    assert!((by_halves(9, 1) - 22.0 / 1024.0).abs() < 1e-14);
}
