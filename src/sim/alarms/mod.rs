//! Simulated CloudWatch alarms: really evaluated, on what is published.

mod composite;
mod definition;
mod describe;
mod evaluation;
mod history;
mod missing_data;
mod notification;
mod reason;
mod rule;
mod state;
mod wire;

pub use wire::*;

pub(super) use composite::put_composite_alarm;
pub(super) use definition::{MissingData, delete_alarms, put_metric_alarm};
pub(super) use describe::describe_alarms;
pub(super) use evaluation::FURTHER_PERIODS;
pub(super) use history::describe_alarm_history;
pub(super) use missing_data::verdict;
pub(super) use state::{StateValue, set_alarm_state};

use std::collections::{BTreeMap, BTreeSet};

use definition::Alarm;
use history::History;

/// Every alarm, when the next ones are due, and what happened to them.
#[derive(Debug, Clone, Default)]
pub(super) struct Alarms {
    by_name: BTreeMap<String, Alarm>,
    /// Metric alarms by the second of their next evaluation.
    schedule: BTreeSet<(i64, String)>,
    history: History,
}

impl Alarms {
    /// The second of the next evaluation.
    pub fn next_evaluation(&self) -> Option<i64> {
        self.schedule.first().map(|(second, _)| *second)
    }
}
