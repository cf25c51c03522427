//! From per-minute counts of both versions to evidence: which minutes count, and what they say.

mod rules;

pub use rules::{Accept, EvidenceRules, Inconclusive, MetricRule, OwnMetric, Source};
