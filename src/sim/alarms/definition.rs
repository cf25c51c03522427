//! What an alarm watches: put, checked, deleted.

use jiff::Timestamp;
use rand::RngExt;

use super::rule::Rule;
use super::state::{State, StateValue};
use super::wire::{
    DeleteAlarmsRequest, DeleteAlarmsResponse, PutMetricAlarmRequest, PutMetricAlarmResponse,
};
use crate::sim::errors::AwsError;
use crate::sim::metrics::{SeriesKey, Statistic};
use crate::sim::streams::stream;
use crate::sim::world::World;

/// An alarm: what it watches and what it found.
#[derive(Debug, Clone)]
pub(in crate::sim) struct Alarm {
    pub name: String,
    pub arn: String,
    pub description: Option<String>,
    pub actions: Actions,
    pub configured: Timestamp,
    pub state: State,
    pub watches: Watches,
}

/// What an alarm would do; nothing here does it.
#[derive(Debug, Clone, Default)]
pub(super) struct Actions {
    pub enabled: bool,
    pub ok: Vec<String>,
    pub alarm: Vec<String>,
    pub insufficient_data: Vec<String>,
}

/// What an alarm watches.
#[derive(Debug, Clone)]
pub(super) enum Watches {
    /// A metric.
    Metric(MetricRule),
    /// Other alarms, by a rule.
    Alarms { text: String, rule: Rule },
}

impl Watches {
    /// The name of the kind in CloudWatch's API.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Metric(_) => "MetricAlarm",
            Self::Alarms { .. } => "CompositeAlarm",
        }
    }
}

/// A metric, a statistic and a threshold.
#[derive(Debug, Clone)]
pub(super) struct MetricRule {
    pub key: SeriesKey,
    pub statistic_name: String,
    pub statistic: Statistic,
    pub unit: Option<String>,
    pub period: i64,
    pub evaluation_periods: usize,
    pub datapoints_to_alarm: Option<usize>,
    pub threshold: f64,
    pub comparison: Comparison,
    pub missing: MissingData,
    /// As given; the default is not echoed.
    pub treat_missing_data: Option<String>,
    pub low_samples: Option<String>,
}

impl MetricRule {
    /// How often it is evaluated, in seconds.
    pub fn interval(&self) -> i64 {
        if self.period < 60 { 10 } else { 60 }
    }
}

/// How a datapoint is compared with the threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    GreaterThanOrEqual,
    GreaterThan,
    LessThan,
    LessThanOrEqual,
}

impl Comparison {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "GreaterThanOrEqualToThreshold" => Self::GreaterThanOrEqual,
            "GreaterThanThreshold" => Self::GreaterThan,
            "LessThanThreshold" => Self::LessThan,
            "LessThanOrEqualToThreshold" => Self::LessThanOrEqual,
            _ => return None,
        })
    }

    /// CloudWatch's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::GreaterThanOrEqual => "GreaterThanOrEqualToThreshold",
            Self::GreaterThan => "GreaterThanThreshold",
            Self::LessThan => "LessThanThreshold",
            Self::LessThanOrEqual => "LessThanOrEqualToThreshold",
        }
    }

    /// As a reason words it.
    pub fn words(self) -> &'static str {
        match self {
            Self::GreaterThanOrEqual => "greater than or equal to",
            Self::GreaterThan => "greater than",
            Self::LessThan => "less than",
            Self::LessThanOrEqual => "less than or equal to",
        }
    }

    /// Whether the datapoint is on the wrong side.
    pub fn breaches(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::GreaterThanOrEqual => value >= threshold,
            Self::GreaterThan => value > threshold,
            Self::LessThan => value < threshold,
            Self::LessThanOrEqual => value <= threshold,
        }
    }
}

/// What stands in for a datapoint that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sim) enum MissingData {
    Missing,
    Ignore,
    Breaching,
    NotBreaching,
}

impl MissingData {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "missing" => Self::Missing,
            "ignore" => Self::Ignore,
            "breaching" => Self::Breaching,
            "notBreaching" => Self::NotBreaching,
            _ => return None,
        })
    }
}

pub(in crate::sim) fn put_metric_alarm(
    world: &mut World,
    request: PutMetricAlarmRequest,
) -> Result<PutMetricAlarmResponse, AwsError> {
    let rule = metric_rule(&request)?;
    let (interval, name) = (rule.interval(), request.alarm_name.clone());
    let actions = Actions {
        enabled: request.actions_enabled.unwrap_or(true),
        ok: request.ok_actions.unwrap_or_default(),
        alarm: request.alarm_actions.unwrap_or_default(),
        insufficient_data: request.insufficient_data_actions.unwrap_or_default(),
    };
    world.put_alarm(
        &request.alarm_name,
        request.alarm_description,
        actions,
        Watches::Metric(rule),
    )?;
    // Every alarm has its own second of the minute, so that not all are evaluated at once.
    let phase = stream(world.seed, &format!("alarm:{name}")).random_range(0..interval);
    let now = world.now.as_second();
    let next = (now - phase).div_euclid(interval) * interval + interval + phase;
    world
        .alarms
        .schedule
        .retain(|(_, scheduled)| *scheduled != name);
    world.alarms.schedule.insert((next, name));
    Ok(PutMetricAlarmResponse {})
}

pub(in crate::sim) fn delete_alarms(
    world: &mut World,
    request: DeleteAlarmsRequest,
) -> Result<DeleteAlarmsResponse, AwsError> {
    let names = &request.alarm_names;
    if names.len() > 100 {
        return Err(AwsError::validation(
            "The collection AlarmNames must not have a size greater than 100.",
        ));
    }
    if let Some(missing) = names
        .iter()
        .find(|name| !world.alarms.by_name.contains_key(*name))
    {
        return Err(not_found(missing));
    }
    super::composite::check_deletion(world, names)?;
    for name in names {
        world.record_configuration(name, "Delete");
        world.alarms.by_name.remove(name);
        world
            .alarms
            .schedule
            .retain(|(_, scheduled)| scheduled != name);
    }
    Ok(DeleteAlarmsResponse {})
}

/// CloudWatch's answer about an alarm that does not exist.
pub(super) fn not_found(name: &str) -> AwsError {
    AwsError::new("ResourceNotFound", 404, format!("Unknown alarm: {name}"))
}

impl World {
    /// Creates an alarm, or changes one and leaves its state as it is.
    pub(super) fn put_alarm(
        &mut self,
        name: &str,
        description: Option<String>,
        actions: Actions,
        watches: Watches,
    ) -> Result<(), AwsError> {
        if name.is_empty() || name.len() > 255 || !name.is_ascii() {
            return Err(AwsError::validation(
                "The value for parameter AlarmName must be 1 to 255 ASCII characters.",
            ));
        }
        let existing = self.alarms.by_name.get(name);
        if existing.is_some_and(|alarm| alarm.watches.kind() != watches.kind()) {
            let message = format!("An alarm of another type with the name {name} exists already.");
            return Err(AwsError::validation(message));
        }
        let (now, arn) = (self.now, self.arn("cloudwatch", &format!("alarm:{name}")));
        let change = if existing.is_some() {
            "Update"
        } else {
            "Create"
        };
        let state = existing.map_or_else(
            || {
                State::new(
                    StateValue::InsufficientData,
                    "Unchecked: Initial alarm creation",
                    now,
                )
            },
            |alarm| alarm.state.clone(),
        );
        let alarm = Alarm {
            name: name.to_owned(),
            arn,
            description,
            actions,
            configured: now,
            state,
            watches,
        };
        self.alarms.by_name.insert(name.to_owned(), alarm);
        self.record_configuration(name, change);
        Ok(())
    }
}

fn metric_rule(request: &PutMetricAlarmRequest) -> Result<MetricRule, AwsError> {
    if request.metrics.is_some() {
        return Err(AwsError::validation(
            "Alarms on metric math (Metrics) are not simulated.",
        ));
    }
    let namespace = required(&request.namespace, "Namespace")?;
    let name = required(&request.metric_name, "MetricName")?;
    let dimensions = request.dimensions.clone().unwrap_or_default();
    let (statistic_name, statistic) = statistic(request)?;
    let treat = request.treat_missing_data.as_deref().unwrap_or("missing");
    let operator = required(&request.comparison_operator, "ComparisonOperator")?;
    let threshold = *required(&request.threshold, "Threshold")?;
    if !threshold.is_finite() {
        let message = "The parameter Threshold is invalid.";
        return Err(AwsError::invalid_value(message));
    }
    let (period, evaluation_periods, datapoints_to_alarm) = periods(request)?;
    Ok(MetricRule {
        key: SeriesKey::new(namespace, name, dimensions),
        statistic_name,
        statistic,
        unit: request.unit.clone(),
        period,
        evaluation_periods,
        datapoints_to_alarm,
        threshold,
        comparison: Comparison::parse(operator)
            .ok_or_else(|| unsupported(operator, "ComparisonOperator"))?,
        missing: MissingData::parse(treat).ok_or_else(|| unsupported(treat, "TreatMissingData"))?,
        treat_missing_data: request.treat_missing_data.clone(),
        low_samples: request.evaluate_low_sample_count_percentile.clone(),
    })
}

/// The one statistic that is asked for and its name.
fn statistic(request: &PutMetricAlarmRequest) -> Result<(String, Statistic), AwsError> {
    let (name, found) = match (&request.statistic, &request.extended_statistic) {
        (Some(name), None) => {
            let plain = Statistic::parse_extended(name).is_none();
            (name, Statistic::parse(name).filter(|_| plain))
        }
        (None, Some(name)) => (name, Statistic::parse_extended(name)),
        _ => {
            return Err(AwsError::validation(
                "Exactly one of Statistic and ExtendedStatistic must be specified.",
            ));
        }
    };
    let unknown = || {
        let message = format!("The value {name} for parameter Statistic is not supported.");
        AwsError::invalid_value(message)
    };
    Ok((name.clone(), found.ok_or_else(unknown)?))
}

fn unsupported(value: &str, member: &str) -> AwsError {
    AwsError::validation(format!(
        "The value {value} for parameter {member} is not supported."
    ))
}

/// Period, N and M, as far as they are possible together.
fn periods(request: &PutMetricAlarmRequest) -> Result<(i64, usize, Option<usize>), AwsError> {
    let period = *required(&request.period, "Period")?;
    if ![10, 20, 30].contains(&period) && (period == 0 || !period.is_multiple_of(60)) {
        return Err(AwsError::validation(
            "The parameter Period must be 10, 20, 30 or a multiple of 60.",
        ));
    }
    let n = *required(&request.evaluation_periods, "EvaluationPeriods")?;
    if n == 0 || u64::from(n) * u64::from(period) > 86_400 {
        return Err(AwsError::validation(
            "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400) and at least once.",
        ));
    }
    if request.datapoints_to_alarm.is_some_and(|m| m == 0 || m > n) {
        return Err(AwsError::validation(
            "DatapointsToAlarm must be from 1 to EvaluationPeriods.",
        ));
    }
    Ok((
        i64::from(period),
        n as usize,
        request.datapoints_to_alarm.map(|m| m as usize),
    ))
}

fn required<'a, T>(member: &'a Option<T>, name: &str) -> Result<&'a T, AwsError> {
    member
        .as_ref()
        .ok_or_else(|| AwsError::missing_parameter(name))
}

#[cfg(test)]
#[path = "definition_tests.rs"]
mod tests;
