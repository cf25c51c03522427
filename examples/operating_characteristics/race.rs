//! The mean time until a canary that is worse is blamed, for all contenders on the same traffic.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::contenders::{BothRates, Contender, Judge, Ratio, Variant};
use crate::traffic::{self, Condition, Traffic};

/// No run goes on for longer, in minutes after the regression began.
const LAST: u32 = 3000;
const NEEDED: f64 = 100.0;

const fn cell(weight: f64, rps: f64, base: f64, excess: f64, late: u32) -> Traffic {
    Traffic {
        rps,
        weight,
        base,
        excess,
        late,
        condition: Condition::Steady,
    }
}

/// What variants may be chosen by.
pub const TUNING: [Traffic; 7] = [
    cell(0.1, 1.0, 0.0, 0.05, 0),
    cell(0.1, 10.0, 0.0, 0.005, 0),
    cell(0.1, 10.0, 1e-3, 0.005, 0),
    cell(0.1, 10.0, 1e-2, 0.02, 0),
    cell(0.1, 100.0, 1e-3, 0.001, 0),
    cell(0.1, 100.0, 1e-2, 0.005, 0),
    cell(0.1, 10.0, 1e-2, 0.02, 60),
];

/// What nothing was chosen by.
pub const HELD_OUT: [Traffic; 8] = [
    cell(0.05, 3.0, 0.0, 0.02, 0),
    cell(0.2, 3.0, 2e-3, 0.01, 0),
    cell(0.05, 30.0, 5e-4, 0.003, 0),
    cell(0.2, 30.0, 5e-3, 0.003, 0),
    cell(0.05, 300.0, 2e-3, 0.001, 0),
    cell(0.5, 30.0, 2e-2, 0.01, 0),
    cell(0.1, 30.0, 5e-2, 0.02, 0),
    cell(0.05, 100.0, 3e-3, 0.003, 45),
];

/// Mean minutes from the regression's beginning to the blame.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub traffic: Traffic,
    pub judge: f64,
    pub both_rates: f64,
    pub ratio: f64,
    /// In the order of [`Variant::all`].
    pub variants: Vec<f64>,
}

/// A contender's runs so far.
#[derive(Debug, Clone, Copy, Default)]
struct Mean {
    sum: f64,
    runs: f64,
}

impl Mean {
    fn take(&mut self, minutes: u32) {
        self.sum += f64::from(minutes);
        self.runs += 1.0;
    }

    fn get(self) -> f64 {
        self.sum / self.runs
    }
}

/// Races all contenders so many times. The oracles know when the regression begins, and begin with
/// it.
pub fn race(traffic: Traffic, runs: u32) -> Outcome {
    let Traffic {
        rps,
        weight,
        base,
        excess,
        late,
        ..
    } = traffic;
    let mut random = traffic::random(&format!("race {weight} {rps} {base} {excess} {late}"));
    let variants = Variant::all();
    let mut means = vec![Mean::default(); 3 + variants.len()];
    for _ in 0..runs {
        let mut contenders: Vec<Box<dyn Contender>> = vec![
            Box::new(BothRates {
                canary: base + excess,
                stable: base,
                log_e: 0.0,
            }),
            Box::new(Ratio {
                bet: excess / base,
                log_e: 0.0,
            }),
            Box::new(Judge::default()),
        ];
        for variant in &variants {
            contenders.push(Box::new(variant.clone()));
        }
        let seed = ChaCha8Rng::seed_from_u64(random.random());
        run(traffic, seed, &mut contenders, &mut means);
    }
    Outcome {
        traffic,
        both_rates: means[0].get(),
        ratio: means[1].get(),
        judge: means[2].get(),
        variants: means[3..].iter().map(|mean| mean.get()).collect(),
    }
}

/// One run. Whoever blames the canary before there is a reason is left out of this one.
fn run(
    traffic: Traffic,
    seed: ChaCha8Rng,
    contenders: &mut [Box<dyn Contender>],
    means: &mut [Mean],
) {
    let mut racing: Vec<usize> = (0..contenders.len()).collect();
    let late = traffic.late;
    for (minute, counts) in (1..=LAST + late).zip(traffic.rollout(LAST + late, seed)) {
        racing.retain(|index| {
            let is_oracle = *index < 2;
            if is_oracle && minute <= late {
                return true;
            }
            contenders[*index].take(&counts);
            let blames = contenders[*index].log_e() >= NEEDED.ln();
            if minute > late && (blames || minute == LAST + late) {
                means[*index].take(minute - late);
            }
            !blames
        });
        if racing.is_empty() {
            break;
        }
    }
}

/// By which factor each variant's times differ from the judge's, on the (geometric) mean of cells.
pub fn against_the_judge(outcomes: &[Outcome]) -> Vec<f64> {
    let variant = |index: usize| {
        let logs = outcomes
            .iter()
            .map(|it| (it.variants[index] / it.judge).ln());
        (logs.sum::<f64>() / outcomes.len() as f64).exp()
    };
    (0..Variant::all().len()).map(variant).collect()
}
