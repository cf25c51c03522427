//! What a seed decides before anything happens: the release, the surroundings, and the troubles.

use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::trouble::{self, Trouble};

/// A text that must never leave the policy: it stands in the payload of an acceptance check.
pub const SECRET: &str = "hunter2-of-the-payload";

/// Who shifts the traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Way {
    /// The stepper, inside the pre-traffic hook.
    Stepper,
    /// CodeDeploy, with the guard beside it.
    Guard,
    /// `canary run`, without CodeDeploy.
    Alone,
}

/// How the alarm lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AlarmKind {
    /// It stays as somebody sets it: nothing is measured.
    Steady,
    /// It counts the alias' errors.
    Live,
    /// It counts them too, and rings only at thirty in a minute.
    Lax,
}

/// Everything that a seed decides.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Scenario {
    /// The seed, which also draws latencies and traffic.
    pub seed: u64,
    /// Who shifts.
    pub way: Way,
    /// Whether CodeDeploy tolerates an edit of the alias before it shifts.
    pub strict: bool,
    /// The policy's text.
    pub policy: String,
    /// The weights that the plan allows below all traffic.
    pub weights: Vec<f64>,
    /// Whether the policy says `advise`.
    pub advise: bool,
    /// Requests a second.
    pub traffic: f64,
    /// The share of its requests that the canary fails.
    pub errors: f64,
    /// The alarm.
    pub alarm: AlarmKind,
    /// By so many seconds the clock of who runs `canary run` differs.
    pub skew: i32,
    /// Ticks before a rollout is handed to another execution.
    pub continuing_after: u32,
    /// What goes wrong.
    pub troubles: Vec<Trouble>,
}

/// A plan and the weights that it may write.
const PLANS: [(&str, &[f64]); 6] = [
    ("10%:1m", &[0.1]),
    ("10%:2m", &[0.1]),
    ("5%:1m, 50%:1m", &[0.05, 0.5]),
    ("0%:1m, 20%:2m", &[0.0, 0.2]),
    ("1%:1m, 10%:1m, 50%:2m", &[0.01, 0.1, 0.5]),
    ("Canary10Percent5Minutes", &[0.1]),
];

impl Scenario {
    /// The scenario of that seed.
    pub fn of(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let way = match rng.random_range(0..10) {
            0..6 => Way::Stepper,
            6..8 => Way::Guard,
            _ => Way::Alone,
        };
        let (plan, weights) = *PLANS.choose(&mut rng).expect("not empty");
        let counted = rng.random_bool(0.15);
        let traffic = if counted { 15.0 } else { 0.0 };
        let advise = rng.random_bool(0.08);
        let policy = policy(&mut rng, plan, counted, advise);
        Self {
            seed,
            way,
            strict: rng.random_bool(0.3),
            policy: policy.to_string(),
            weights: weights.to_vec(),
            advise,
            traffic,
            errors: if counted && rng.random_bool(0.4) {
                0.3
            } else {
                0.0
            },
            alarm: if counted {
                AlarmKind::Live
            } else {
                AlarmKind::Steady
            },
            skew: rng.random_range(-5..=5),
            continuing_after: if rng.random_bool(0.2) {
                rng.random_range(3..12)
            } else {
                2_000
            },
            troubles: trouble::draw(&mut rng),
        }
    }

    /// The same with these of its troubles only.
    pub fn keeping(&self, kept: &[usize]) -> Self {
        let troubles = kept.iter().filter_map(|at| self.troubles.get(*at).cloned());
        Self {
            troubles: troubles.collect(),
            ..self.clone()
        }
    }
}

fn policy(rng: &mut ChaCha8Rng, plan: &str, counted: bool, advise: bool) -> Value {
    let mut policy = json!({
        "plan": plan,
        "alarms": ["hello-live-errors"],
        "limits": { "poll": format!("{}s", [5, 10, 15, 30].choose(rng).expect("not empty")) },
    });
    let mut set = |key: &str, value: Value| policy[key] = value;
    if counted {
        set("evidence", json!({ "inconclusive": "complete" }));
    } else {
        set("evidence", json!(false));
    }
    if advise {
        set("mode", json!("advise"));
    }
    if rng.random_bool(0.3) {
        set("bake", json!("1m"));
    }
    if rng.random_bool(0.25) {
        let check = json!([{ "name": "health", "payload": { "token": SECRET }, "expect": {} }]);
        set("checks", check);
    }
    if rng.random_bool(0.2) {
        set(
            "insufficient_data",
            json!(["ok", "fail"].choose(rng).expect("not empty")),
        );
    }
    policy
}
