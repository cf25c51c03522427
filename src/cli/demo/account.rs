//! How a scenario ended: one sentence, or one JSON object.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

/// What `canary demo --json` prints for a scenario; the shape of version 1.
#[derive(Debug, Serialize)]
pub struct Account {
    /// The version of this shape.
    pub schema: u32,
    /// The scenario's name.
    pub scenario: &'static str,
    /// `stepper` or `guard`.
    pub mode: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// The deployment's status at its end.
    pub deployment: String,
    /// The alias at the end.
    pub alias: Alias,
    /// Why, in words.
    pub reason: String,
    /// Ticks of the rollout.
    pub ticks: u64,
    /// The largest weight below all traffic, 0.0–1.0.
    pub max_weight: f64,
    /// Virtual seconds from the alarm's change to weight 0; null if promoted.
    pub seconds_to_rollback: Option<f64>,
    /// Requests to both versions while it lasted.
    pub requests: u64,
    /// Requests to version 2.
    pub canary_requests: u64,
    /// Those of them that failed.
    pub canary_errors: u64,
    /// Requests to version 1 that failed.
    pub stable_errors: u64,
    /// What both versions' counts came to, a sentence a metric, and what was left out; empty if
    /// nothing was counted.
    pub evidence: Vec<String>,
    /// Whether the alarm went to ALARM while it lasted.
    pub alarm_raised: bool,
}

/// The alias at the end.
#[derive(Debug, Serialize)]
pub struct Alias {
    /// The version.
    pub version: String,
    /// Share of the traffic by additional version.
    pub weights: BTreeMap<String, f64>,
}

/// How a scenario ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// All traffic is at version 2, and the deployment succeeded.
    Promoted,
    /// All traffic is at version 1, and the deployment did not succeed.
    RolledBack,
    /// Anything else.
    Error,
}

impl Account {
    /// Whether it ended so, with the alias at that version without weights.
    pub fn is(&self, outcome: Outcome, version: &str) -> bool {
        self.outcome == outcome && self.alias.version == version && self.alias.weights.is_empty()
    }

    /// The account in words.
    pub fn sentence(&self) -> String {
        let back = self
            .seconds_to_rollback
            .map_or_else(String::new, |seconds| {
                format!(", {seconds:.0} s after the alarm's change")
            });
        let weights = match self.alias.weights.is_empty() {
            true => "without weights".to_owned(),
            false => format!("with weights {:?}", self.alias.weights),
        };
        let alarm = match self.alarm_raised {
            true => "went to ALARM",
            false => "stayed OK",
        };
        format!(
            "{}: hello:live is at version {} {weights}, the deployment {}{back}. {}. \
             Version 2 had {} of {} requests and failed {}; version 1 failed {}. The alarm {alarm}.",
            self.outcome,
            self.alias.version,
            self.deployment,
            self.reason.trim_end_matches('.'),
            self.canary_requests,
            self.requests,
            self.canary_errors,
            self.stable_errors,
        )
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Promoted => "promoted",
            Self::RolledBack => "rolled back",
            Self::Error => "error",
        })
    }
}
