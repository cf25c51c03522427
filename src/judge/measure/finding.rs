//! What the last fetch came to.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::books::Dropped;
use super::rules::EvidenceRules;
use crate::judge::evidence::{Counts, Summary, Tally, figures::grouped};
use crate::judge::{Bound, Doubt, Regression, Verdict};

/// Whether there is enough evidence to go on by. It never says that the canary is worse: that is
/// the verdict's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
#[must_use]
pub enum Sufficiency {
    /// No evidence is asked for.
    #[default]
    NotAsked,
    /// The canary is shown to be no worse than the rules allow: no more is needed.
    Accepted {
        /// The canary's requests that this rests on.
        judged: u64,
        /// How much worse it is at most, in the worst of the metrics.
        bound: Bound,
    },
    /// As many requests were judged as the rules ask for.
    Enough,
    /// Not yet.
    Short {
        /// What is missing.
        doubt: Doubt,
    },
}

/// What a rollout is told about the evidence.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Measured {
    /// Whether there is enough.
    pub sufficiency: Sufficiency,
    /// Where the first minute begins that is still to be judged; `None`: there is none.
    pub unjudged_from: Option<Timestamp>,
}

/// What the last fetch came to. Holds until the next one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What speaks against the canary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regression: Option<Regression>,
    /// What has to be found out first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<Doubt>,
    /// Whether there is enough evidence.
    pub sufficiency: Sufficiency,
    /// By metric, in the order of the rules.
    #[serde(default)]
    pub metrics: Vec<MetricFinding>,
    /// Requests to the alias that were throttled; no verdict rests on them.
    #[serde(default)]
    pub throttled: u64,
    /// Minutes that were left out for good.
    #[serde(default)]
    pub dropped: Dropped,
}

/// What one metric's evidence comes to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MetricFinding {
    /// What was judged: the canary's requests, of them bad, the stable version's, of them bad.
    pub counted: [u64; 4],
    /// The logarithm of the evidence against the canary.
    pub log_e: f64,
    /// How much worse it is at most.
    pub bound: Bound,
    /// The size of the bursts in which bad ones come, 1 to 10; 1 also where the hour before had too
    /// few of them to tell. `None`: that hour was never seen, and they are taken for single ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bursts: Option<f64>,
}

impl Finding {
    /// Before the first fetch: nothing is known.
    pub(super) fn unknown(rules: &EvidenceRules) -> Self {
        let doubt = Doubt::TooFewRequests {
            judged: 0,
            needed: rules.min_requests,
            bound: Bound::new(1.0, 1.0 - rules.alpha_accept()),
        };
        Self {
            regression: None,
            doubt: None,
            sufficiency: Sufficiency::Short { doubt },
            metrics: Vec::new(),
            throttled: 0,
            dropped: Dropped::default(),
        }
    }

    /// The verdict: a regression, a doubt, or that nothing speaks against the canary.
    pub fn verdict(&self) -> Verdict {
        verdict(self.regression.as_ref(), self.doubt.as_ref())
    }

    /// Why the last fetch was not answered in full, if it was not.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        uncounted(self.doubt.as_ref())
    }

    /// One sentence a metric, for a person: the metric's name and what its evidence comes to.
    #[must_use]
    pub fn sentences(&self, rules: &EvidenceRules) -> Vec<(String, String)> {
        let sentence = |found: &MetricFinding| {
            let [canary, canary_bad, stable, stable_bad] = found.counted;
            if canary == 0 && stable == 0 {
                return "no minute was judged".to_owned();
            }
            let tally = |all: u64, bad: u64| Tally::new(all, bad.min(all)).unwrap_or_default();
            let counts = Counts {
                canary: tally(canary, canary_bad),
                stable: tally(stable, stable_bad),
            };
            let summary = Summary {
                counts,
                log_e: found.log_e,
                alpha: rules.alpha,
                upper: f64::from(found.bound.worse_ppm) / 1e6,
                confidence: f64::from(found.bound.sure_ppm) / 1e6,
            };
            match found.bursts {
                Some(bursts) if bursts > 1.0 => {
                    format!("{summary}; taken to come in bursts of {bursts:.1}")
                }
                Some(_) => summary.to_string(),
                None => format!("{summary}; how bursty they are is not known"),
            }
        };
        let metrics = rules.metrics.iter().zip(&self.metrics);
        metrics
            .map(|(rule, found)| (rule.name.clone(), sentence(found)))
            .collect()
    }

    /// What it rests on, for a person: a sentence a metric, what was left out and why, and what was
    /// throttled.
    #[must_use]
    pub fn account(&self, rules: &EvidenceRules) -> Vec<String> {
        let sentences = self.sentences(rules).into_iter();
        let mut account: Vec<String> = sentences
            .map(|(metric, sentence)| format!("{metric}: {sentence}"))
            .collect();
        account.extend(self.dropped.said());
        if self.throttled > 0 {
            let requests = grouped(self.throttled);
            account.push(format!("throttled and in no count: {requests} requests"));
        }
        account
    }
}

/// What a finding comes to: a regression goes before a doubt.
pub(super) fn verdict(regression: Option<&Regression>, doubt: Option<&Doubt>) -> Verdict {
    match (regression, doubt) {
        (Some(regression), _) => Verdict::Fail(regression.clone()),
        (None, Some(doubt)) => Verdict::Inconclusive(vec![doubt.clone()]),
        (None, None) => Verdict::Pass,
    }
}

/// The error behind a doubt, if it is that the fetch was not answered in full.
pub(super) fn uncounted(doubt: Option<&Doubt>) -> Option<String> {
    match doubt {
        Some(Doubt::Uncounted { error }) => Some(error.clone()),
        _ => None,
    }
}
