//! Traffic of two versions, minute by minute, from a seed.

use lambda_canary::judge::evidence::{Counts, Tally};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Binomial, Distribution, Poisson};

/// The error rate in an outage.
const OUTAGE: f64 = 0.3;
/// By how much the error rate rises over a window that ramps.
const RISE: f64 = 0.05;
/// Shared bursts: the errors of so many minutes come in one.
const GATHERED: f64 = 10.0;

/// Requests to both versions, and how they fail.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Traffic {
    /// Requests a second to both together.
    pub rps: f64,
    /// The canary's share of them.
    pub weight: f64,
    /// The stable version's error rate where nothing is the matter.
    pub base: f64,
    /// By how much the canary's is above that.
    pub excess: f64,
    /// The canary is as good as the stable version in so many minutes at the beginning.
    pub late: u32,
    pub condition: Condition,
}

/// How errors come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// One by one, at one rate.
    Steady,
    /// One by one, but 30 % of both versions' requests in a third of the window.
    Outage,
    /// All of them in a tenth of the minutes, in both versions.
    SharedBursts,
    /// The rate rises by 5 % over the window.
    Ramp,
    /// One bad sandbox at a time fails so many requests of one version.
    Bursts(u32),
}

/// One rollout's minutes.
pub struct Minutes {
    traffic: Traffic,
    window: u32,
    minute: u32,
    outage_from: u32,
    /// Of each version: the errors that a bad sandbox is yet to make.
    pending: [u64; 2],
    random: ChaCha8Rng,
}

/// A source of chance for this name: the same for the same name, whatever else is simulated.
pub fn random(name: &str) -> ChaCha8Rng {
    // FNV-1a.
    let seed = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    ChaCha8Rng::seed_from_u64(seed)
}

impl Traffic {
    /// A rollout with a window of so many minutes.
    pub fn rollout(self, window: u32, mut random: ChaCha8Rng) -> Minutes {
        let outage_from = random.random_range(0..=window - self.outage_length(window));
        Minutes {
            traffic: self,
            window,
            minute: 0,
            outage_from,
            pending: [0; 2],
            random,
        }
    }

    /// The stable version's errors in so many minutes with traffic before the rollout: it has all
    /// of it then.
    pub fn history(self, minutes: u32, random: ChaCha8Rng) -> Vec<u64> {
        let alone = Self {
            weight: 0.0,
            ..self
        };
        let minutes = alone.rollout(minutes, random).take(minutes as usize);
        let busy = minutes.filter(|counts| counts.stable.invocations() > 0);
        busy.map(|counts| counts.stable.errors()).collect()
    }

    fn outage_length(self, window: u32) -> u32 {
        (window / 3).max(1)
    }
}

impl Minutes {
    fn base_rate(&mut self) -> f64 {
        let Traffic {
            base, condition, ..
        } = self.traffic;
        let (minute, from) = (self.minute, self.outage_from);
        match condition {
            Condition::Steady | Condition::Bursts(_) => base,
            Condition::Outage => {
                let lasts = self.traffic.outage_length(self.window);
                if (from..from + lasts).contains(&minute) {
                    base.max(OUTAGE)
                } else {
                    base
                }
            }
            Condition::SharedBursts => {
                if self.random.random_bool(1.0 / GATHERED) {
                    base * GATHERED
                } else {
                    0.0
                }
            }
            Condition::Ramp => base + RISE * f64::from(minute) / f64::from(self.window),
        }
    }

    fn tally(&mut self, version: usize, share: f64, rate: f64) -> Tally {
        let mean = 60.0 * self.traffic.rps * share;
        let invocations = poisson(&mut self.random, mean);
        let errors = match self.traffic.condition {
            Condition::Bursts(size) => {
                let bursts = poisson(&mut self.random, mean * rate / f64::from(size));
                self.pending[version] += bursts * u64::from(size);
                let errors = self.pending[version].min(invocations);
                self.pending[version] -= errors;
                errors
            }
            _ => binomial(&mut self.random, invocations, rate),
        };
        Tally::new(invocations, errors).expect("no more errors than requests")
    }
}

impl Iterator for Minutes {
    type Item = Counts;

    /// Never ends; the window is what the condition is spread over.
    fn next(&mut self) -> Option<Counts> {
        let rate = self.base_rate();
        let worse = if self.minute >= self.traffic.late {
            self.traffic.excess
        } else {
            0.0
        };
        let weight = self.traffic.weight;
        let canary = self.tally(0, weight, (rate + worse).min(1.0));
        let stable = self.tally(1, 1.0 - weight, rate);
        self.minute += 1;
        Some(Counts { canary, stable })
    }
}

fn poisson(random: &mut ChaCha8Rng, mean: f64) -> u64 {
    if mean <= 0.0 {
        return 0;
    }
    // What is drawn is a whole number, far below the largest.
    Poisson::new(mean).expect("a mean").sample(random) as u64
}

fn binomial(random: &mut ChaCha8Rng, n: u64, chance: f64) -> u64 {
    Binomial::new(n, chance).expect("a chance").sample(random)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONDITIONS: [Condition; 6] = [
        Condition::Steady,
        Condition::Outage,
        Condition::SharedBursts,
        Condition::Ramp,
        Condition::Bursts(3),
        Condition::Bursts(8),
    ];

    fn traffic(condition: Condition) -> Traffic {
        Traffic {
            rps: 10.0,
            weight: 0.1,
            base: 0.01,
            excess: 0.0,
            late: 0,
            condition,
        }
    }

    fn rates(traffic: Traffic) -> [f64; 3] {
        let mut random = random("rates");
        let (mut canary, mut stable) = (Tally::default(), Tally::default());
        for _ in 0..300 {
            let next = ChaCha8Rng::seed_from_u64(random.random());
            for counts in traffic.rollout(30, next).take(30) {
                canary = canary.plus(counts.canary);
                stable = stable.plus(counts.stable);
            }
        }
        let rate = |tally: Tally| tally.errors() as f64 / tally.invocations() as f64;
        let all = canary.plus(stable).invocations() as f64;
        [
            rate(canary),
            rate(stable),
            canary.invocations() as f64 / all,
        ]
    }

    #[test]
    fn every_condition_has_the_mean_that_it_should_have() {
        for condition in CONDITIONS {
            let mean = match condition {
                Condition::Outage => 0.01 + 0.29 / 3.0,
                Condition::Ramp => 0.01 + 0.05 * 29.0 / 60.0,
                _ => 0.01,
            };
            let [canary, stable, share] = rates(traffic(condition));
            assert!((share - 0.1).abs() < 1e-3, "{condition:?} {share}");
            for rate in [canary, stable] {
                assert!((rate / mean - 1.0).abs() < 0.08, "{condition:?} {rate}");
            }
        }
    }

    #[test]
    fn a_regression_begins_when_it_should() {
        let late = Traffic {
            excess: 0.04,
            late: 15,
            ..traffic(Condition::Steady)
        };
        let [canary, stable, _] = rates(late);
        assert!(
            (canary - 0.03).abs() < 0.002 && (stable - 0.01).abs() < 0.001,
            "{canary}"
        );
    }

    #[test]
    fn the_same_name_gives_the_same_minutes() {
        let minutes = |name| {
            let rollout = traffic(Condition::Outage).rollout(5, random(name));
            rollout.take(5).collect::<Vec<_>>()
        };
        assert_eq!(minutes("a"), minutes("a"));
        assert_ne!(minutes("a"), minutes("b"));
    }
}
