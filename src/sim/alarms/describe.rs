//! `DescribeAlarms`.

use super::definition::{Alarm, MetricRule, Watches};
use super::state::StateValue;
use super::wire::{CompositeAlarm, DescribeAlarmsRequest, DescribeAlarmsResponse, MetricAlarm};
use crate::sim::errors::AwsError;
use crate::sim::metrics::Statistic;
use crate::sim::paging;
use crate::sim::world::World;

/// Alarms a page, at most and by default.
const PAGE: u32 = 100;
const DEFAULT_PAGE: u32 = 50;

pub(in crate::sim) fn describe_alarms(
    world: &mut World,
    request: DescribeAlarmsRequest,
) -> Result<DescribeAlarmsResponse, AwsError> {
    let filter = Filter::new(&request)?;
    let names = request.alarm_names.as_ref().map_or(0, Vec::len);
    let default = if names == 0 { DEFAULT_PAGE } else { PAGE };
    let size = request.max_records.unwrap_or(default) as usize;
    let alarms = world
        .alarms
        .by_name
        .values()
        .filter(|alarm| filter.wants(alarm));
    let (page, next_token) = paging::page(alarms, request.next_token.as_deref(), size)
        .map_err(|_| AwsError::invalid_next_token())?;
    let mut response = DescribeAlarmsResponse {
        next_token,
        ..Default::default()
    };
    for alarm in page {
        match &alarm.watches {
            Watches::Metric(rule) => response.metric_alarms.push(metric_alarm(alarm, rule)),
            Watches::Alarms { text, .. } => {
                response.composite_alarms.push(composite_alarm(alarm, text))
            }
        }
    }
    Ok(response)
}

/// The members that narrow the answer down, checked.
struct Filter<'a> {
    request: &'a DescribeAlarmsRequest,
    names: &'a [String],
    state: Option<StateValue>,
}

impl<'a> Filter<'a> {
    fn new(request: &'a DescribeAlarmsRequest) -> Result<Self, AwsError> {
        let names = request.alarm_names.as_deref().unwrap_or_default();
        if names.len() > 100 {
            return Err(AwsError::validation(
                "The collection AlarmNames must not have a size greater than 100.",
            ));
        }
        if !names.is_empty() && request.alarm_name_prefix.is_some() {
            return Err(AwsError::validation(
                "AlarmNamePrefix and AlarmNames are mutually exclusive.",
            ));
        }
        if request.children_of_alarm_name.is_some() || request.parents_of_alarm_name.is_some() {
            return Err(AwsError::validation(
                "ChildrenOfAlarmName and ParentsOfAlarmName are not simulated.",
            ));
        }
        if request
            .max_records
            .is_some_and(|size| !(1..=PAGE).contains(&size))
        {
            return Err(AwsError::validation(
                "The value for parameter MaxRecords must be from 1 to 100.",
            ));
        }
        let unknown = |kind: &&String| *kind != "MetricAlarm" && *kind != "CompositeAlarm";
        if let Some(kind) = request.alarm_types.iter().flatten().find(unknown) {
            return Err(AwsError::validation(format!(
                "The value {kind} for parameter AlarmTypes is invalid."
            )));
        }
        let state = request
            .state_value
            .as_deref()
            .map(StateValue::parse)
            .transpose()?;
        Ok(Self {
            request,
            names,
            state,
        })
    }

    fn wants(&self, alarm: &Alarm) -> bool {
        let kind = alarm.watches.kind();
        // Composite alarms only come if they are asked for.
        let of_type = match self.request.alarm_types.as_deref() {
            None | Some([]) => kind == "MetricAlarm",
            Some(types) => types.iter().any(|wanted| wanted == kind),
        };
        let actions = [
            &alarm.actions.ok,
            &alarm.actions.alarm,
            &alarm.actions.insufficient_data,
        ];
        of_type
            && (self.names.is_empty() || self.names.contains(&alarm.name))
            && self
                .request
                .alarm_name_prefix
                .as_ref()
                .is_none_or(|prefix| alarm.name.starts_with(prefix))
            && self.state.is_none_or(|state| alarm.state.value == state)
            && self.request.action_prefix.as_ref().is_none_or(|prefix| {
                actions
                    .into_iter()
                    .flatten()
                    .any(|action| action.starts_with(prefix))
            })
    }
}

fn metric_alarm(alarm: &Alarm, rule: &MetricRule) -> MetricAlarm {
    let extended = Statistic::parse_extended(&rule.statistic_name).is_some();
    MetricAlarm {
        alarm_name: alarm.name.clone(),
        alarm_arn: alarm.arn.clone(),
        alarm_description: alarm.description.clone(),
        alarm_configuration_updated_timestamp: alarm.configured,
        actions_enabled: alarm.actions.enabled,
        ok_actions: alarm.actions.ok.clone(),
        alarm_actions: alarm.actions.alarm.clone(),
        insufficient_data_actions: alarm.actions.insufficient_data.clone(),
        state_value: alarm.state.value.as_str().to_owned(),
        state_reason: alarm.state.reason.clone(),
        state_reason_data: alarm.state.reason_data.clone(),
        state_updated_timestamp: alarm.state.updated,
        state_transitioned_timestamp: alarm.state.transitioned,
        metric_name: rule.key.name.clone(),
        namespace: rule.key.namespace.clone(),
        statistic: (!extended).then(|| rule.statistic_name.clone()),
        extended_statistic: extended.then(|| rule.statistic_name.clone()),
        dimensions: rule.key.dimensions.clone(),
        period: u32::try_from(rule.period).unwrap_or(u32::MAX),
        unit: rule.unit.clone(),
        evaluation_periods: u32::try_from(rule.evaluation_periods).unwrap_or(u32::MAX),
        datapoints_to_alarm: rule.datapoints_to_alarm.and_then(|m| u32::try_from(m).ok()),
        threshold: rule.threshold,
        comparison_operator: rule.comparison.name().to_owned(),
        treat_missing_data: rule.treat_missing_data.clone(),
        evaluate_low_sample_count_percentile: rule.low_samples.clone(),
        evaluation_state: alarm.state.evaluation.clone(),
    }
}

fn composite_alarm(alarm: &Alarm, rule: &str) -> CompositeAlarm {
    CompositeAlarm {
        alarm_name: alarm.name.clone(),
        alarm_arn: alarm.arn.clone(),
        alarm_description: alarm.description.clone(),
        alarm_configuration_updated_timestamp: alarm.configured,
        actions_enabled: alarm.actions.enabled,
        ok_actions: alarm.actions.ok.clone(),
        alarm_actions: alarm.actions.alarm.clone(),
        insufficient_data_actions: alarm.actions.insufficient_data.clone(),
        alarm_rule: rule.to_owned(),
        state_value: alarm.state.value.as_str().to_owned(),
        state_reason: alarm.state.reason.clone(),
        state_reason_data: alarm.state.reason_data.clone(),
        state_updated_timestamp: alarm.state.updated,
        state_transitioned_timestamp: alarm.state.transitioned,
    }
}

#[cfg(test)]
#[path = "describe_tests.rs"]
mod tests;
