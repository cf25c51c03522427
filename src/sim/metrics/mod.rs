//! Simulated CloudWatch metrics: what was measured, when it became visible, and statistics of it.
//!
//! Data of `AWS/Lambda` comes from invocations (`emission`) and is published late and in pieces;
//! data of `PutMetricData` is visible at once. Everything older than 12 hours
//! is dropped.

mod aggregate;
pub(super) mod emission;
mod ingest;
mod listing;
mod query;
mod single;
mod statistic;
pub(super) mod store;
mod wire;

pub use emission::Tally;
pub use wire::*;

pub(super) use aggregate::Aggregate;
pub(super) use ingest::put_metric_data;
pub(super) use listing::list_metrics;
pub(super) use query::get_metric_data;
pub(super) use single::get_metric_statistics;
pub(super) use statistic::Statistic;
pub(super) use store::SeriesKey;
