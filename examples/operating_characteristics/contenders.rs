//! Who races: the judge, two oracles that know what the judge does not, and variants of the judge.
//!
//! Each is a fair bet against a canary that is no worse than the stable version, so each may be
//! stopped at 1/alpha.

use lambda_canary::judge::evidence::{Counts, Evidence, Settings};

/// Takes minutes and says how much evidence they are.
pub trait Contender {
    fn take(&mut self, counts: &Counts);
    /// The logarithm of the evidence so far.
    fn log_e(&self) -> f64;
}

/// The judge as it is.
#[derive(Default)]
pub struct Judge(Evidence);

impl Contender for Judge {
    fn take(&mut self, counts: &Counts) {
        self.0.take(&Settings::default(), counts);
    }

    fn log_e(&self) -> f64 {
        self.0.log_e_rollback()
    }
}

/// Wald's test with both rates known: the likelihood of both versions' counts, over that with one
/// rate for all, their mean by the observed split.
pub struct BothRates {
    pub canary: f64,
    pub stable: f64,
    pub log_e: f64,
}

impl Contender for BothRates {
    fn take(&mut self, counts: &Counts) {
        let all = counts.canary.plus(counts.stable).invocations();
        if counts.canary.invocations() == 0 || counts.stable.invocations() == 0 {
            return;
        }
        let share = counts.canary.invocations() as f64 / all as f64;
        let one = share * self.canary + (1.0 - share) * self.stable;
        for (tally, rate) in [(counts.canary, self.canary), (counts.stable, self.stable)] {
            if tally.errors() > 0 {
                self.log_e += tally.errors() as f64 * (rate / one).ln();
            }
            let fine = (tally.invocations() - tally.errors()) as f64;
            self.log_e += fine * ((-rate).ln_1p() - (-one).ln_1p());
        }
    }

    fn log_e(&self) -> f64 {
        self.log_e
    }
}

/// The test with the ratio of the rates known, and nothing else: the judge's own bet, the one that
/// is right.
pub struct Ratio {
    /// The canary's rate over the stable version's, less 1; infinite for a stable version without
    /// errors.
    pub bet: f64,
    pub log_e: f64,
}

impl Contender for Ratio {
    fn take(&mut self, counts: &Counts) {
        if counts.canary.invocations() == 0 || counts.stable.invocations() == 0 {
            return;
        }
        let all = counts.canary.plus(counts.stable);
        let share = counts.canary.invocations() as f64 / all.invocations() as f64;
        let (canary, stable) = (counts.canary.errors() as f64, counts.stable.errors() as f64);
        let (gain, loss) = if self.bet.is_finite() {
            let loss = (share * self.bet).ln_1p();
            (self.bet.ln_1p() - loss, loss)
        } else {
            (-share.ln(), f64::INFINITY)
        };
        self.log_e += canary * gain;
        if stable > 0.0 {
            self.log_e -= stable * loss;
        }
    }

    fn log_e(&self) -> f64 {
        self.log_e
    }
}

/// The judge with other bets, other shares to begin with, or other deals.
#[derive(Debug, Clone)]
pub struct Variant {
    pub name: &'static str,
    bets: Vec<f64>,
    /// What each bet begins with, and gets of what is dealt; they add up to 1.
    shares: Vec<f64>,
    /// A share 1/(first + n) is dealt after the n-th minute with errors; `None`: never.
    first_deal: Option<f64>,
    logs: Vec<f64>,
    deals: f64,
}

impl Variant {
    fn new(name: &'static str, bets: &[f64], parts: &[f64], first_deal: Option<f64>) -> Self {
        let all: f64 = parts.iter().sum();
        let shares: Vec<f64> = parts.iter().map(|part| part / all).collect();
        Self {
            name,
            bets: bets.to_vec(),
            logs: shares.iter().map(|share| share.ln()).collect(),
            shares,
            first_deal,
            deals: 0.0,
        }
    }

    /// All that are compared with the judge.
    pub fn all() -> Vec<Self> {
        const EVEN: [f64; 13] = [1.0; 13];
        const FINE: [f64; 13] = [
            0.0, 0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0,
        ];
        const FEW: [f64; 6] = [0.0, 0.5, 2.0, 8.0, 32.0, 256.0];
        // Most on what a bad release does, little on what hardly any does.
        const LEANING: [f64; 9] = [0.5, 0.5, 1.0, 1.0, 1.5, 1.5, 1.5, 1.0, 0.5];
        const WAITING: [f64; 9] = [3.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0];
        let (deal, nine) = (Some(64.0), &EVEN[..9]);
        vec![
            Self::new("no deal", &STANDARD, nine, None),
            Self::new("deals from 1/16", &STANDARD, nine, Some(16.0)),
            Self::new("deals from 1/256", &STANDARD, nine, Some(256.0)),
            Self::new("13 bets", &FINE, &EVEN, deal),
            Self::new("6 bets", &FEW, &EVEN[..6], deal),
            Self::new("without the bet 0", &STANDARD[1..], &EVEN[..8], deal),
            Self::new("without 0 and 1/8", &STANDARD[2..], &EVEN[..7], deal),
            Self::new("uneven shares", &STANDARD, &LEANING, deal),
            Self::new("more on the bet 0", &STANDARD, &WAITING, deal),
        ]
    }
}

const STANDARD: [f64; 9] = [0.0, 0.125, 0.5, 1.0, 2.0, 4.0, 16.0, 64.0, 256.0];

impl Contender for Variant {
    fn take(&mut self, counts: &Counts) {
        let (canary, stable) = (counts.canary, counts.stable);
        if canary.invocations() == 0 || stable.invocations() == 0 {
            return;
        }
        let share = canary.invocations() as f64 / canary.plus(stable).invocations() as f64;
        let errors = (canary.errors() + stable.errors()) as f64;
        if errors == 0.0 {
            return;
        }
        for (log, bet) in self.logs.iter_mut().zip(&self.bets) {
            *log += canary.errors() as f64 * bet.ln_1p() - errors * (share * bet).ln_1p();
        }
        if let Some(first) = self.first_deal {
            let (dealt, whole) = (1.0 / (first + self.deals), self.log_e());
            for (log, share) in self.logs.iter_mut().zip(&self.shares) {
                // Relative to the whole, which stays the same.
                let kept = (1.0 - dealt) * (*log - whole).exp();
                *log = whole + (kept + dealt * share).ln();
            }
            self.deals += 1.0;
        }
    }

    fn log_e(&self) -> f64 {
        let most = self.logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = self.logs.iter().map(|log| (log - most).exp()).sum();
        most + sum.ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::{Condition, Traffic, random};
    use lambda_canary::judge::evidence::Tally;

    fn standard() -> Variant {
        Variant::new("as it is", &STANDARD, &[1.0; 9], Some(64.0))
    }

    #[test]
    fn the_standard_variant_is_the_judge() {
        let traffic = Traffic {
            rps: 5.0,
            weight: 0.1,
            base: 0.02,
            excess: 0.1,
            late: 10,
            condition: Condition::Outage,
        };
        let (mut judge, mut variant) = (Judge::default(), standard());
        for counts in traffic.rollout(40, random("variant")).take(40) {
            judge.take(&counts);
            variant.take(&counts);
            let (judge, variant) = (judge.log_e(), variant.log_e());
            assert!((judge - variant).abs() < 1e-9, "{judge} {variant}");
        }
        assert!(judge.log_e() > 1.0, "nothing happened");
    }

    /// The mean of what a contender has made of 1 after one minute, over all outcomes.
    fn mean(make: impl Fn() -> Box<dyn Contender>, rate: f64) -> f64 {
        let (canary, stable) = (4_u64, 9_u64);
        let chance = |n: u64, x: u64| {
            let ways: f64 = (0..x).map(|k| (n - k) as f64 / (k + 1) as f64).product();
            ways * rate.powf(x as f64) * (1.0 - rate).powf((n - x) as f64)
        };
        let mut mean = 0.0;
        for x_c in 0..=canary {
            for x_b in 0..=stable {
                let mut contender = make();
                contender.take(&Counts {
                    canary: Tally::new(canary, x_c).expect("in order"),
                    stable: Tally::new(stable, x_b).expect("in order"),
                });
                mean += chance(canary, x_c) * chance(stable, x_b) * contender.log_e().exp();
            }
        }
        mean
    }

    #[test]
    fn every_contender_is_fair() {
        for rate in [0.001, 0.01, 0.1, 0.3, 0.7] {
            let both = || -> Box<dyn Contender> {
                Box::new(BothRates {
                    canary: 0.3,
                    stable: 0.05,
                    log_e: 0.0,
                })
            };
            let ratio = |bet: f64| mean(move || Box::new(Ratio { bet, log_e: 0.0 }), rate);
            let mut means = vec![mean(both, rate), ratio(5.0), ratio(f64::INFINITY)];
            let variants = Variant::all().into_iter();
            means.extend(variants.map(|it| mean(move || Box::new(it.clone()), rate)));
            for found in means {
                assert!(found <= 1.0 + 1e-12, "{found} at {rate}");
            }
        }
    }
}
