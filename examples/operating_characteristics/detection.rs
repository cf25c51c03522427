//! How soon a canary that is worse is found.

use lambda_canary::judge::evidence::{Evidence, Settings};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::calibration::WINDOWS;
use crate::traffic::{self, Condition, Traffic};

pub const EXCESSES: [f64; 3] = [0.01, 0.05, 0.5];
pub const BASES: [f64; 3] = [0.0, 1e-3, 1e-2];
/// The last minute that is looked at.
const LAST: u32 = 30;

/// Excess, requests a second, and the minute by which half of the runs have to have found it, where
/// the stable version makes no errors.
pub const REQUIRED: [(f64, f64, u32); 3] = [(0.5, 1.0, 2), (0.5, 10.0, 1), (0.05, 10.0, 2)];

/// One row of the table: alpha 0.01, a weight of 10 %.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    pub excess: f64,
    pub rps: f64,
    pub base: f64,
}

/// The minute in which each run found it, counted from 1, in order; how many runs there were.
#[derive(Debug)]
pub struct Times {
    minutes: Vec<u32>,
    runs: usize,
}

impl Row {
    pub fn times(&self, runs: u32) -> Times {
        let Self { excess, rps, base } = *self;
        let mut random = traffic::random(&format!("detect {excess} {rps} {base}"));
        let traffic = Traffic {
            rps,
            weight: 0.1,
            base,
            excess,
            late: 0,
            condition: Condition::Steady,
        };
        let settings = Settings::default();
        let mut minutes = Vec::new();
        for _ in 0..runs {
            let rollout = traffic.rollout(LAST, ChaCha8Rng::seed_from_u64(random.random()));
            let mut evidence = Evidence::default();
            let found = (1..=LAST).zip(rollout).find(|(_, counts)| {
                evidence.take(&settings, counts);
                evidence.regressed(&settings)
            });
            minutes.extend(found.map(|(minute, _)| minute));
        }
        minutes.sort_unstable();
        Times {
            minutes,
            runs: runs as usize,
        }
    }
}

impl Times {
    /// The first minute by which half of the runs had found it, if they ever had.
    pub fn median(&self) -> Option<u32> {
        self.minutes.get(self.runs.div_ceil(2) - 1).copied()
    }

    /// The share of the runs that had found it by each window's end.
    pub fn shares(&self) -> [f64; 3] {
        WINDOWS.map(|window| {
            let found = self.minutes.iter().filter(|minute| **minute <= window);
            found.count() as f64 / self.runs as f64
        })
    }
}
