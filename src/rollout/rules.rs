//! What a rollout goes by, fixed before it starts.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::plan::Plan;
use crate::judge::measure::Inconclusive;

/// What a rollout goes by, fixed before it starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// The steps.
    pub plan: Plan,
    /// Poll interval and budgets.
    pub limits: Limits,
    /// Act on verdicts, or only report them.
    pub mode: Mode,
    /// What the end of the plan leads to.
    #[serde(default, skip_serializing_if = "Finish::is_default")]
    pub finish: Finish,
    /// What too little evidence at the end of the plan leads to; see [`Finish::inconclusive`].
    #[serde(default = "hold", skip_serializing_if = "is_hold")]
    pub inconclusive: Inconclusive,
}

/// What rules of an earlier release come to.
fn hold() -> Inconclusive {
    Inconclusive::Hold
}

fn is_hold(inconclusive: &Inconclusive) -> bool {
    *inconclusive == hold()
}

/// What the end of the plan leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// The canary gets all traffic.
    #[default]
    Promote,
    /// The alias is put back exactly as it was found, and somebody else shifts the traffic: inside
    /// a CodeDeploy hook the alias' version is CodeDeploy's to move.
    HandOver,
}

impl Finish {
    /// What too little evidence leads to: what the policy says, and where it says nothing, to wait
    /// where a person can wait, and to put the alias back inside a CodeDeploy hook.
    #[must_use]
    pub fn inconclusive(self, asked: Option<Inconclusive>) -> Inconclusive {
        asked.unwrap_or(match self {
            Self::Promote => Inconclusive::Hold,
            Self::HandOver => Inconclusive::Rollback,
        })
    }

    fn is_default(&self) -> bool {
        *self == Self::Promote
    }
}

/// Poll interval and budgets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// The longest time between two looks.
    pub poll: SignedDuration,
    /// The longest rollout; longer means rolling back.
    pub longest: SignedDuration,
    /// For how long calls to AWS may fail without a break before rolling back.
    pub error_budget: SignedDuration,
}

/// Whether verdicts have consequences.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// A regression rolls back.
    #[default]
    Enforce,
    /// Steps move by time; what a verdict would have done is only reported. Budgets, aborts and
    /// drift still act.
    Advise,
}
