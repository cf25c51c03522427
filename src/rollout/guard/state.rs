//! Where the guard is, and how it can end.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::judge::Doubt;
use crate::judge::duration::readable;
use crate::rollout::{
    alias::Contenders,
    deployment::DeploymentStatus,
    state::{Cause, Failing},
    weight::Weight,
};

/// A guard between two looks. Carried from look to look as JSON; the deployment's status, not
/// this, is the truth about the deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guard {
    /// The versions and the rollout's name.
    #[serde(flatten)]
    pub contenders: Contenders,
    /// When the watch began.
    pub started_at: Timestamp,
    /// What it is doing.
    pub phase: GuardPhase,
    /// Set while calls to AWS fail without a break.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing: Option<Failing>,
    /// A look saw traffic at the canary.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shifted: bool,
    /// Looks so far.
    pub ticks: u32,
    /// The largest weight below all traffic that was seen at the alias.
    pub max_weight: Weight,
}

/// What the guard is doing, each with only its own data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum GuardPhase {
    /// Nothing speaks for a stop.
    Watching {
        /// In the mode `advise`: what would have stopped the deployment first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        would: Option<Cause>,
        /// Since when the canary has all traffic, where that is not the end yet.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        arrived: Option<Timestamp>,
        /// The deployment was seen to have succeeded, which no later look can undo.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        succeeded: bool,
    },
    /// The deployment is to be stopped, and its status does not say so yet.
    Stopping {
        /// Why.
        cause: Cause,
        /// Since when.
        since: Timestamp,
        /// How often it was asked for.
        attempts: u32,
    },
    /// It has ended.
    Ended {
        /// How.
        end: GuardEnd,
    },
}

/// How a guard ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "as")]
pub enum GuardEnd {
    /// The canary has all traffic, and no look saw anything against it.
    Passed,
    /// The same with too little evidence, and the policy says to go on all the same.
    PassedUnproven {
        /// What is missing.
        doubt: Doubt,
    },
    /// The mode is `advise`, and something was not as it should be.
    Advised {
        /// What would have stopped the deployment.
        would: Option<Cause>,
        /// What was not known at the end.
        doubt: Option<String>,
    },
    /// The deployment was stopped, and its status confirms it.
    Stopped {
        /// Why.
        cause: Cause,
    },
    /// There was a reason to stop, but the deployment had succeeded first; the canary has all
    /// traffic.
    TooLate {
        /// The reason.
        cause: Cause,
    },
    /// The deployment ended without us: stopped by somebody else, or failed.
    DeploymentEnded {
        /// How.
        status: DeploymentStatus,
        /// What the last look saw against the canary.
        cause: Option<Cause>,
    },
    /// Ended without knowing that all is well.
    Failed {
        /// Why.
        failure: GuardFailure,
    },
}

/// Why a guard failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum GuardFailure {
    /// The deployment succeeded, and the doubt did not go.
    Unproven {
        /// What was not known.
        doubt: String,
    },
    /// The deployment succeeded, and the alias is somewhere else all the same.
    Elsewhere {
        /// What stands there.
        found: String,
    },
    /// The deployment could not be stopped; it may go on.
    NotStopped {
        /// Why it was to be stopped.
        cause: Cause,
        /// For how long it was tried.
        tried: SignedDuration,
        /// The latest failure, if one is known.
        error: Option<String>,
    },
}

impl Guard {
    /// A guard that begins to watch.
    pub fn new(contenders: Contenders, now: Timestamp) -> Self {
        Self {
            contenders,
            started_at: now,
            phase: GuardPhase::Watching {
                would: None,
                arrived: None,
                succeeded: false,
            },
            failing: None,
            shifted: false,
            ticks: 0,
            max_weight: Weight::ZERO,
        }
    }

    /// How it ended, if it has.
    pub fn end(&self) -> Option<&GuardEnd> {
        match &self.phase {
            GuardPhase::Ended { end } => Some(end),
            _ => None,
        }
    }
}

impl GuardEnd {
    /// Whether a hook that waits for the guard answers `Succeeded`.
    pub fn is_success(&self) -> bool {
        match self {
            Self::Passed | Self::PassedUnproven { .. } | Self::Advised { .. } => true,
            Self::Stopped { .. }
            | Self::TooLate { .. }
            | Self::DeploymentEnded { .. }
            | Self::Failed { .. } => false,
        }
    }
}

impl fmt::Display for GuardEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("the canary has all traffic, and nothing spoke against it"),
            Self::PassedUnproven { doubt } => write!(
                f,
                "the canary has all traffic, and nothing spoke against it; there was too little \
                 evidence to prove it, and the policy says to go on: {doubt}"
            ),
            Self::Advised { would, doubt } => {
                f.write_str("the mode is advise, and nothing was stopped")?;
                if let Some(cause) = would {
                    write!(f, "; would have stopped: {cause}")?;
                }
                doubt
                    .iter()
                    .try_for_each(|doubt| write!(f, "; would have waited: {doubt}"))
            }
            Self::Stopped { cause } => write!(f, "the deployment was stopped: {cause}"),
            Self::TooLate { cause } => write!(
                f,
                "too late, the deployment had succeeded before it could be stopped and the canary \
                 has all traffic: {cause}"
            ),
            Self::DeploymentEnded { status, cause } => {
                write!(f, "the deployment ended without the guard: {status}")?;
                cause
                    .iter()
                    .try_for_each(|cause| write!(f, "; the guard saw that {cause}"))
            }
            Self::Failed { failure } => failure.fmt(f),
        }
    }
}

impl fmt::Display for GuardFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unproven { doubt } => write!(
                f,
                "the deployment succeeded and the canary has all traffic, but whether it is \
                 healthy is not known: {doubt}"
            ),
            Self::Elsewhere { found } => write!(
                f,
                "the deployment succeeded, but the alias is {found}: somebody moved it since"
            ),
            Self::NotStopped {
                cause,
                tried,
                error,
            } => {
                let tried = readable(*tried);
                write!(
                    f,
                    "the deployment could not be stopped in {tried} of trying and may go on"
                )?;
                if let Some(error) = error {
                    write!(f, " ({error})")?;
                }
                write!(f, "; it was to be stopped because {cause}")
            }
        }
    }
}
