//! How often a canary without a regression is blamed.

use lambda_canary::judge::evidence::dispersion::{MINUTES_ENOUGH, MINUTES_MAX, dispersion};
use lambda_canary::judge::evidence::{Evidence, Settings};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::proportion::Proportion;
use crate::traffic::{self, Condition, Traffic};

/// The levels that are tried, each with the same runs.
pub const ALPHAS: [f64; 2] = [0.01, 0.05];
pub const BASES: [f64; 4] = [0.0, 1e-4, 1e-3, 1e-2];
pub const RATES: [f64; 4] = [1.0, 10.0, 100.0, 1000.0];
pub const WINDOWS: [u32; 3] = [5, 10, 30];

/// How traffic comes and is routed.
#[derive(Debug, Clone, Copy)]
pub struct Situation {
    pub name: &'static str,
    pub condition: Condition,
    /// The canary's share of the requests.
    pub weight: f64,
    /// The judge is told how bursty errors are by so many minutes before; 0: that they are single
    /// ones. That is so where each request fails by itself, given the minute's rate: there alpha
    /// is proven.
    pub history: u32,
}

/// What a rollout goes by: the last hour, or all of it.
const HISTORY: u32 = MINUTES_MAX as u32;
/// What it could go by.
const HOUR: u32 = MINUTES_ENOUGH as u32;

const fn situation(
    name: &'static str,
    condition: Condition,
    weight: f64,
    history: u32,
) -> Situation {
    Situation {
        name,
        condition,
        weight,
        history,
    }
}

pub const SITUATIONS: [Situation; 7] = [
    situation("steady", Condition::Steady, 0.1, 0),
    situation("shared outage", Condition::Outage, 0.1, 0),
    situation("shared bursts", Condition::SharedBursts, 0.1, 0),
    situation("ramp", Condition::Ramp, 0.1, 0),
    situation("13 % routed", Condition::Steady, 0.13, 0),
    situation("bad sandbox, 3", Condition::Bursts(3), 0.1, HISTORY),
    situation("bad sandbox, 8", Condition::Bursts(8), 0.1, HISTORY),
];

/// What an hour alone would do; nothing goes by it.
pub const SHORTER: [Situation; 2] = [
    situation(
        "bad sandbox, 3, by the hour",
        Condition::Bursts(3),
        0.1,
        HOUR,
    ),
    situation(
        "bad sandbox, 8, by the hour",
        Condition::Bursts(8),
        0.1,
        HOUR,
    ),
];

/// One cell of the table.
#[derive(Debug, Clone, Copy)]
pub struct Cell {
    pub situation: Situation,
    pub base: f64,
    pub rps: f64,
    /// The length of the window in minutes.
    pub window: u32,
}

impl Cell {
    fn name(&self) -> String {
        let Self {
            situation,
            base,
            rps,
            window,
        } = self;
        format!("{} {base} {rps} {window}", situation.name)
    }

    /// In how many of so many runs the canary was blamed, at each of the levels.
    pub fn blamed(&self, runs: u32) -> [Proportion; 2] {
        let mut random = traffic::random(&self.name());
        let mut found = [0; 2];
        for _ in 0..runs {
            let mut next = || ChaCha8Rng::seed_from_u64(random.random());
            let most = self.most_evidence(next(), next());
            for (found, alpha) in found.iter_mut().zip(ALPHAS) {
                *found += u32::from(most >= -alpha.ln());
            }
        }
        found.map(|found| Proportion { found, runs })
    }

    /// The most evidence that one rollout ever showed.
    fn most_evidence(&self, before: ChaCha8Rng, during: ChaCha8Rng) -> f64 {
        let traffic = Traffic {
            rps: self.rps,
            weight: self.situation.weight,
            base: self.base,
            excess: 0.0,
            late: 0,
            condition: self.situation.condition,
        };
        let phi = match self.situation.history {
            0 => 1.0,
            minutes => dispersion(&traffic.history(minutes, before)).phi,
        };
        let settings = Settings {
            phi,
            ..Settings::default()
        };
        let mut evidence = Evidence::default();
        let minutes = traffic.rollout(self.window, during);
        let after = minutes.take(self.window as usize).map(|counts| {
            evidence.take(&settings, &counts);
            evidence.log_e_rollback()
        });
        after.fold(f64::NEG_INFINITY, f64::max)
    }
}
