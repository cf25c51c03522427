//! The end of a rollout, as one sentence and as one JSON object.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::Serialize;

use crate::judge::duration::readable;
use crate::rollout::{AliasView, End, Failure, State};

/// What `canary run --json` prints; the shape of version 1.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// The version of this shape.
    pub schema: u32,
    /// How it ended.
    pub outcome: Word,
    /// The alias as it stands at the end; null if it could not be read.
    pub alias: Option<AliasNow>,
    /// Why it ended that way.
    pub reason: String,
    /// What both versions' counts come to, a sentence a metric; empty if nothing was counted.
    pub evidence: Vec<String>,
    /// Ticks of the rollout.
    pub ticks: u32,
    /// The largest weight below promotion, 0.0–1.0.
    pub max_weight: f64,
    /// Length of the rollout in seconds.
    pub seconds: f64,
}

/// The ways to end, in one word each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// The canary has all traffic.
    Promoted,
    /// The alias was put back.
    RolledBack,
    /// The alias was put back because somebody wished it.
    Aborted,
    /// Somebody else edited the alias.
    Drift,
    /// Anything else; also not started.
    Error,
}

/// The alias at the end.
#[derive(Debug, Serialize)]
pub struct AliasNow {
    version: String,
    weights: BTreeMap<String, f64>,
}

impl Outcome {
    /// The outcome of a rollout that has ended.
    pub fn of(state: &State, end: &End, alias: Option<AliasView>, lasted: SignedDuration) -> Self {
        Self {
            ticks: state.ticks,
            max_weight: state.max_weight.fraction(),
            seconds: lasted.as_secs_f64(),
            ..Self::before_start(Word::of(end), alias, end.to_string())
        }
    }

    /// The outcome of a rollout that did not begin.
    pub fn before_start(outcome: Word, alias: Option<AliasView>, reason: String) -> Self {
        Self {
            schema: 1,
            outcome,
            alias: alias.map(|view| AliasNow {
                version: view.version,
                weights: view.weights,
            }),
            reason,
            evidence: Vec::new(),
            ticks: 0,
            max_weight: 0.0,
            seconds: 0.0,
        }
    }

    /// The outcome as one sentence.
    pub fn sentence(&self, name: &str) -> String {
        let word = match self.outcome {
            Word::Promoted => "promoted",
            Word::RolledBack => "rolled back",
            Word::Aborted => "aborted",
            Word::Drift => "drift",
            Word::Error => "error",
        };
        let stands = match &self.alias {
            None => format!("{name} could not be read at the end"),
            Some(alias) if alias.weights.is_empty() => {
                format!("{name} is at version {} without weights", alias.version)
            }
            Some(alias) => {
                format!(
                    "{name} is at version {} with weights {:?}",
                    alias.version, alias.weights
                )
            }
        };
        let lasted = SignedDuration::try_from_secs_f64(self.seconds).unwrap_or_default();
        let what = match self.reason.starts_with(word) {
            true => self.reason.clone(),
            false => format!("{word}: {}", self.reason),
        };
        format!("{what}. {stands}, after {}.", readable(lasted))
    }
}

impl Word {
    fn of(end: &End) -> Self {
        match end {
            // What CodeDeploy makes of a hand-over is not known here; the canary passed.
            End::Promoted { .. } | End::HandedOver => Self::Promoted,
            End::RolledBack { .. } => Self::RolledBack,
            End::Aborted { .. } => Self::Aborted,
            End::Failed {
                failure: Failure::Drift { .. } | Failure::AliasDeleted,
            } => Self::Drift,
            End::Failed { .. } => Self::Error,
        }
    }
}
