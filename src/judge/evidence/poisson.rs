//! The Poisson distribution: the chance that so many things happen, or at least so many.

use std::f64::consts::PI;

/// From this mean on the tail is taken from its expansion for large means, which is then right to
/// 1e-7; below, the terms are added up.
const LARGE: f64 = 2500.0;
/// From here on Stirling's series is right to the last digit that matters.
const STIRLING: u64 = 16;

/// The chance of exactly `count` for a mean above 0, in the form that loses no digits where `count` is near the mean.
pub(super) fn probability(count: u64, mean: f64) -> f64 {
    if count == 0 {
        return (-mean).exp();
    }
    let k = count as f64;
    let off = (k - mean) / mean;
    let deviance = mean * ((1.0 + off) * off.ln_1p() - off);
    (-deviance - stirling_error(count)).exp() / (2.0 * PI * k).sqrt()
}

/// The chance that a Poisson number of this mean (0 or more, finite) is at least `count`.
pub(super) fn at_least(count: u64, mean: f64) -> f64 {
    if count == 0 {
        return 1.0;
    }
    if mean <= 0.0 {
        return 0.0;
    }
    if mean > LARGE {
        return large(count as f64, mean);
    }
    // The shorter side of the mean is added up, from its largest term on.
    if count as f64 > mean {
        upwards(count, mean).min(1.0)
    } else {
        (1.0 - downwards(count - 1, mean)).max(0.0)
    }
}

fn upwards(from: u64, mean: f64) -> f64 {
    let mut term = probability(from, mean);
    let (mut sum, mut count) = (term, from as f64);
    while term > sum * f64::EPSILON {
        count += 1.0;
        term *= mean / count;
        sum += term;
    }
    sum
}

fn downwards(from: u64, mean: f64) -> f64 {
    let mut term = probability(from, mean);
    let (mut sum, mut count) = (term, from as f64);
    while count > 0.0 && term > sum * f64::EPSILON {
        term *= count / mean;
        count -= 1.0;
        sum += term;
    }
    sum
}

/// ln `count`!.
pub(in crate::judge) fn ln_factorial(count: u64) -> f64 {
    if count == 0 {
        return 0.0;
    }
    let k = count as f64;
    k * k.ln() - k + (2.0 * PI * k).ln() / 2.0 + stirling_error(count)
}

/// By how much ln k! is above Stirling's formula.
fn stirling_error(count: u64) -> f64 {
    let k = count as f64;
    if count >= STIRLING {
        let square = k * k;
        return (1.0 / 12.0 - (1.0 / 360.0 - 1.0 / (1260.0 * square)) / square) / k;
    }
    let factorial: f64 = (1..=count).map(|n| n as f64).product();
    factorial.ln() - (k * k.ln() - k + (2.0 * PI * k).sqrt().ln())
}

/// Temme's uniform expansion of the incomplete gamma function, with its first correction.
fn large(count: f64, mean: f64) -> f64 {
    let off = (mean - count) / count;
    let eta = (2.0 * (off - off.ln_1p())).max(0.0).sqrt().copysign(off);
    let correction = if off.abs() < 1e-4 {
        -1.0 / 3.0 + eta / 12.0
    } else {
        1.0 / off - 1.0 / eta
    };
    let density = (-count * eta * eta / 2.0).exp() / (2.0 * PI * count).sqrt();
    let below = normal_above(eta * count.sqrt()) + density * correction;
    (1.0 - below).clamp(0.0, 1.0)
}

/// The chance that a standard normal number is above `z`, right to 1e-15.
fn normal_above(z: f64) -> f64 {
    // Beyond, one of both tails is below the last digit.
    if z.abs() > 8.5 {
        return if z > 0.0 { 0.0 } else { 1.0 };
    }
    let (mut term, mut sum, mut odd) = (z, z, 1.0);
    while term.abs() > sum.abs() * f64::EPSILON {
        odd += 2.0;
        term *= z * z / odd;
        sum += term;
    }
    0.5 - sum * (-z * z / 2.0).exp() / (2.0 * PI).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(found: f64, expected: f64, within: f64) {
        assert!((found - expected).abs() <= within, "{found} {expected}");
    }

    #[test]
    fn small_means_by_hand() {
        assert_eq!(at_least(0, 0.0), 1.0);
        assert_eq!(at_least(1, 0.0), 0.0);
        near(at_least(1, 2.0), 1.0 - (-2.0_f64).exp(), 1e-15);
        near(at_least(3, 1.0), 1.0 - 2.5 * (-1.0_f64).exp(), 1e-15);
        near(at_least(3, 6.2957936), 0.95, 1e-8);
        // Far out: 0.1^5/5! e^-0.1 (1 + 0.1/6 + 0.01/42 + …).
        near(at_least(5, 0.1) / 7.667_8e-8, 1.0, 1e-4);
    }

    #[test]
    fn factorials_by_hand() {
        assert_eq!(ln_factorial(0), 0.0);
        for (count, factorial) in [(1, 1.0_f64), (5, 120.0), (20, 2_432_902_008_176_640_000.0)] {
            near(ln_factorial(count), factorial.ln(), 1e-12);
        }
    }

    #[test]
    fn the_terms_add_up() {
        for mean in [0.3, 7.0, 15.9, 16.0, 450.0] {
            let sum: f64 = (0..2000).map(|count| probability(count, mean)).sum();
            near(sum, 1.0, 1e-12);
        }
    }

    #[test]
    fn the_expansion_agrees_with_the_sum() {
        let mean = LARGE;
        for count in (2200..2800).step_by(7) {
            let exact = if count as f64 > mean {
                upwards(count, mean)
            } else {
                1.0 - downwards(count - 1, mean)
            };
            near(large(count as f64, mean), exact, 1e-7);
        }
    }

    #[test]
    fn huge_means_stay_chances_and_fall() {
        for mean in [1e4, 1e9, 1e15] {
            let spread = f64::sqrt(mean);
            let mut last = 1.0;
            for step in -12..=12 {
                let chance = at_least((mean + spread * f64::from(step)) as u64, mean);
                assert!((0.0..=last).contains(&chance), "{mean} {step}");
                last = chance;
            }
            near(at_least(mean as u64, mean), 0.5, 1e-2);
        }
        assert_eq!(at_least(3, 1e6), 1.0);
        assert_eq!(at_least(u64::MAX, 1e6), 0.0);
    }
}
