//! Evaluating metric alarms, once a minute (every ten seconds below a period of a minute), on
//! what has been published by then.
//!
//! The result is compared with the stored state, whoever wrote that: so `SetAlarmState` lasts
//! until the next evaluation that finds something else.

use super::definition::{MetricRule, Watches};
use super::missing_data::verdict;
use super::reason;
use crate::sim::metrics::Aggregate;
use crate::sim::world::World;

/// So many periods more than it must evaluate does an alarm look back for datapoints.
pub(in crate::sim) const FURTHER_PERIODS: usize = 2;

/// A period of the evaluation range.
#[derive(Debug, Clone)]
pub(super) struct Period {
    /// The second in which it starts.
    pub start: i64,
    /// The statistic and the number of samples; `None` if nothing is published.
    pub datapoint: Option<(f64, f64)>,
}

impl World {
    /// Evaluates the alarms that are due.
    pub(in crate::sim) fn evaluate_alarms(&mut self, second: i64) {
        while self
            .alarms
            .next_evaluation()
            .is_some_and(|due| due <= second)
        {
            let Some((due, name)) = self.alarms.schedule.pop_first() else {
                return;
            };
            let Some(alarm) = self.alarms.by_name.get(&name) else {
                continue;
            };
            let Watches::Metric(rule) = &alarm.watches else {
                continue;
            };
            let next = due + rule.interval();
            self.evaluate(&name, second);
            self.alarms.schedule.insert((next, name));
        }
    }

    fn evaluate(&mut self, name: &str, second: i64) {
        let Some(alarm) = self.alarms.by_name.get(name) else {
            return;
        };
        let Watches::Metric(rule) = &alarm.watches else {
            return;
        };
        let range = self.evaluation_range(rule, second);
        let breaching: Vec<Option<bool>> = range
            .iter()
            .map(|period| {
                period
                    .datapoint
                    .map(|(value, _)| rule.comparison.breaches(value, rule.threshold))
            })
            .collect();
        let n = rule.evaluation_periods;
        let m = rule.datapoints_to_alarm.unwrap_or(n);
        match verdict(&breaching, m, n, rule.missing) {
            Some(value) if value != alarm.state.value => {
                let reason = reason::text(rule, &range, alarm.state.value, value);
                let data = reason::data(rule, &range, second);
                self.set_state(name, value, reason, Some(data));
            }
            _ => {}
        }
    }

    /// The periods that an evaluation looks at, newest first.
    fn evaluation_range(&self, rule: &MetricRule, second: i64) -> Vec<Period> {
        let end = second.div_euclid(rule.interval()) * rule.interval();
        let hidden = rule
            .unit
            .as_ref()
            .is_some_and(|unit| !self.metrics.has_unit(&rule.key, unit));
        let periods = i64::try_from(rule.evaluation_periods + FURTHER_PERIODS).unwrap_or(i64::MAX);
        (1..=periods)
            .map(|age| {
                let start = end - age * rule.period;
                let window = self.metrics.window(&rule.key, start, start + rule.period);
                let datapoint = window
                    .filter(|_| !hidden)
                    .and_then(|window| measured(rule, &window));
                Period { start, datapoint }
            })
            .collect()
    }
}

fn measured(rule: &MetricRule, window: &Aggregate) -> Option<(f64, f64)> {
    rule.statistic.of(window).map(|value| (value, window.count))
}

#[cfg(test)]
#[path = "evaluation_tests.rs"]
mod tests;
