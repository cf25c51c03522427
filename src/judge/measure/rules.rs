//! What to count of each version, and how much it takes to say something.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::minutes::Ages;

/// What to count, and how to judge it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvidenceRules {
    /// What is counted; the first is the function's errors. One to seven.
    pub metrics: Vec<MetricRule>,
    /// The chance, at most, of blaming a canary that is no worse, over the whole rollout. Above 0,
    /// below 1.
    pub alpha: f64,
    /// Complete early, once the canary is shown to be at most this much worse.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accept: Option<Accept>,
    /// More failed requests of the canary than this are a regression, whatever the stable version
    /// does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_errors: Option<u64>,
    /// Fewer judged requests of the canary than this are too few to go by at the window's end.
    pub min_requests: u64,
    /// How long after a minute's end its counts are taken for whole, in seconds.
    pub settle: u32,
    /// What too little evidence at the window's end leads to. `None`: hold where a person can
    /// wait, roll back inside a CodeDeploy hook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inconclusive: Option<Inconclusive>,
}

/// How much worse a canary may be and still be taken.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Accept {
    /// The excess of its share of errors over the stable version's, as a fraction. Above 0, below 1.
    pub excess: f64,
    /// The chance, at most, of taking a canary that is worse than that. Above 0, below 1.
    pub alpha: f64,
}

/// What too little evidence at the window's end leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Inconclusive {
    /// Go on as if there were enough.
    Complete,
    /// Wait for more, until the rollout's longest duration.
    Hold,
    /// Put the alias back.
    Rollback,
}

/// One thing that is counted of both versions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricRule {
    /// Its name in reports, each once.
    pub name: String,
    /// Where the counts come from.
    pub source: Source,
    /// How many times as often as the stable version's the canary's may be bad. At least 1.
    pub ratio: f64,
    /// By how much more often than the stable version's, as a fraction, the canary's may be bad.
    /// At least 0, below 1.
    pub increase: f64,
}

/// Where the counts of a metric come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "from")]
pub enum Source {
    /// `Errors` of `Invocations` in `AWS/Lambda`.
    Errors,
    /// Invocations whose `Duration` was longer, of all.
    SlowerThan {
        /// Milliseconds.
        milliseconds: u32,
    },
    /// Two metrics of the user's own, each the sum of a minute.
    Own {
        /// What is bad.
        bad: OwnMetric,
        /// All of them; `None`: Lambda's `Invocations`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        total: Option<OwnMetric>,
    },
}

/// A metric of the user's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnMetric {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub metric: String,
    /// Its dimensions, in order. `{version}` in a value stands for the version's number.
    pub dimensions: Vec<(String, String)>,
}

impl EvidenceRules {
    /// The built-in rules: Lambda's errors, alpha 0.01, at least 30 requests, two minutes to
    /// settle, no early completion.
    #[must_use]
    pub fn standard() -> Self {
        Self {
            metrics: vec![MetricRule::errors()],
            alpha: 0.01,
            accept: None,
            max_errors: None,
            min_requests: 30,
            settle: 120,
            inconclusive: None,
        }
    }
}

impl EvidenceRules {
    /// How long after the end of a minute its settled counts are fetched at the latest: once in a
    /// minute of the clock, so the minute after `settle` may be due.
    #[must_use]
    pub fn settling(&self) -> SignedDuration {
        SignedDuration::from_secs(i64::from(self.settle).saturating_add(60))
    }

    /// How long after its end a minute speaks for the canary, once no invocation of it can still
    /// fail. `timeout`: the longest that an invocation of either version may take, in seconds.
    #[must_use]
    pub fn accepts_after(&self, timeout: u32) -> SignedDuration {
        SignedDuration::from_secs(Ages::new(self, timeout).accepts)
    }
}

impl MetricRule {
    /// The function's errors, none more than the stable version's tolerated.
    #[must_use]
    pub fn errors() -> Self {
        Self {
            name: "errors".to_owned(),
            source: Source::Errors,
            ratio: 1.0,
            increase: 0.0,
        }
    }
}
