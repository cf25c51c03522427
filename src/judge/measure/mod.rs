//! From per-minute counts of both versions to evidence: which minutes count, and what they say.
//!
//! Pure: [`EvidenceRules::question`] says what to fetch and when, [`EvidenceRules::weigh`] what an
//! answer comes to, [`Memory`] is carried in between. It refuses to know how a fetch is done, what
//! a step is, and what becomes of its findings.
//!
//! CloudWatch publishes each series by itself, one to three minutes after the fact, and revises
//! what it has published. So a minute counts against the canary once it ended a minute ago and all
//! its numbers are there, and for the canary once no invocation of it can still fail. Until a
//! minute is closed its numbers are fetched again each time and weighed anew; only closed minutes'
//! evidence is carried on. A minute in which the weight changed mixes two shares and is left out.
//!
//! Once all traffic is the canary's there is nothing to compare with: [`Alone`] counts it by itself.

/// A shorter time at a weight has hardly a whole minute that is not one of change.
pub const SHORTEST: jiff::SignedDuration = jiff::SignedDuration::from_mins(3);

mod alone;
mod answer;
mod books;
mod finding;
mod memory;
mod minutes;
mod question;
pub mod replay;
mod rules;
mod series;
mod timeline;
mod weigh;

pub use alone::{Alone, AloneFinding, AloneMetric};
pub use answer::{CountsAnswer, MetricCounts, Pages, Pair};
pub use books::Dropped;
pub use finding::{Finding, Measured, MetricFinding, Sufficiency};
pub use memory::Memory;
pub use minutes::PUBLISHED;
pub use question::{CountsQuestion, Span, Versions, requests_series};
pub use rules::{Accept, EvidenceRules, Inconclusive, MetricRule, OwnMetric, Source};
pub use series::{Series, SeriesName};
pub use timeline::{ALL, MIXED};

#[cfg(test)]
#[path = "bench_tests.rs"]
mod bench;
