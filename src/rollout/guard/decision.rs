//! What one look of the guard sees, what it decides, and why.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::state::{Guard, GuardEnd};
use crate::judge::measure::Measured;
use crate::judge::{Doubt, Verdict};
use crate::rollout::{
    decision::list,
    deployment::DeploymentStatus,
    observation::{AliasReading, Wish},
    state::Cause,
};

/// Everything that one look saw.
#[derive(Debug, Clone, PartialEq)]
pub struct GuardObservation {
    /// The deployment.
    pub deployment: DeploymentReading,
    /// The alias.
    pub alias: AliasReading,
    /// The judge's verdict.
    pub verdict: Verdict,
    /// How far the evidence reaches. CodeDeploy decides when to shift: whether there is enough of
    /// it matters only once the canary has all traffic.
    pub measured: Measured,
    /// Where the first minute begins that may still come to speak for the canary; `None`: there is
    /// none, so too little evidence stays too little.
    pub unheard_from: Option<Timestamp>,
    /// What an operator wants.
    pub wish: Option<Wish>,
    /// Set if any call of this observation failed: the first failure.
    pub failure: Option<String>,
}

impl GuardObservation {
    /// The first call that failed, as far as it shows.
    pub(super) fn first_failure(&self) -> Option<&String> {
        let deployment = match &self.deployment {
            DeploymentReading::Unreadable(error) => Some(error),
            DeploymentReading::Seen(_) => None,
        };
        let alias = match &self.alias {
            AliasReading::Unreadable(error) => Some(error),
            AliasReading::Seen(_) | AliasReading::Gone => None,
        };
        self.failure.as_ref().or(deployment).or(alias)
    }
}

/// What reading the deployment gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeploymentReading {
    /// Its status.
    Seen(DeploymentStatus),
    /// CodeDeploy could not be asked, or said what is not known here.
    Unreadable(String),
}

/// The outcome of one look.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct GuardDecision {
    /// Carry this on, also if the stop is refused or its answer is lost; see
    /// [`not_stopped`](super::not_stopped).
    pub state: Guard,
    /// The one thing to do now.
    pub act: GuardAct,
    /// When to look again. Meaningless once the guard has ended.
    pub wait: SignedDuration,
    /// Why.
    pub reason: GuardReason,
    /// In the mode `advise`: what this look would have stopped the deployment for.
    pub would: Option<Cause>,
}

/// What to do now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum GuardAct {
    /// Look again later.
    Wait,
    /// Call `StopDeployment` with `autoRollbackEnabled`.
    Stop {
        /// Why.
        cause: Cause,
    },
    /// Nothing any more.
    End,
}

/// Why a look decided as it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum GuardReason {
    /// CodeDeploy has not begun to shift, or has taken the traffic back.
    AtStable,
    /// CodeDeploy shifts; nothing speaks against the canary.
    Shifting {
        /// How the alias stands.
        found: String,
    },
    /// All is well so far, and something is not known.
    Hold {
        /// What.
        doubts: Vec<Doubt>,
    },
    /// Deployment or alias cannot be read at the moment.
    Blind {
        /// What the call answered.
        error: String,
    },
    /// The deployment is stopped.
    Stop {
        /// Why.
        cause: Cause,
    },
    /// It is over.
    Ended {
        /// How.
        end: GuardEnd,
    },
}

impl fmt::Display for GuardReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtStable => f.write_str("all traffic is at the stable version"),
            Self::Shifting { found } => write!(f, "CodeDeploy shifts: the alias is {found}"),
            Self::Hold { doubts } => {
                f.write_str("hold: ")?;
                list(f, doubts)
            }
            Self::Blind { error } => write!(f, "could not look, trying again ({error})"),
            Self::Stop { cause } => write!(f, "stop the deployment: {cause}"),
            Self::Ended { end } => end.fmt(f),
        }
    }
}
