//! CloudWatch's requests and responses about alarms, member for member as in its API model.

use jiff::Timestamp;

use crate::sim::metrics::{Dimension, MetricDataQuery};
use crate::sim::wire::wire;

wire! {
    /// A tag.
    Tag { key: String, value: String }
    /// Creates or changes an alarm on a metric.
    PutMetricAlarmRequest {
        alarm_name: String,
        alarm_description: Option<String>,
        actions_enabled: Option<bool>,
        #[serde(rename = "OKActions")]
        ok_actions: Option<Vec<String>>,
        alarm_actions: Option<Vec<String>>,
        insufficient_data_actions: Option<Vec<String>>,
        metric_name: Option<String>,
        namespace: Option<String>,
        statistic: Option<String>,
        extended_statistic: Option<String>,
        dimensions: Option<Vec<Dimension>>,
        period: Option<u32>,
        unit: Option<String>,
        evaluation_periods: Option<u32>,
        datapoints_to_alarm: Option<u32>,
        threshold: Option<f64>,
        comparison_operator: Option<String>,
        treat_missing_data: Option<String>,
        evaluate_low_sample_count_percentile: Option<String>,
        metrics: Option<Vec<MetricDataQuery>>,
        tags: Option<Vec<Tag>>,
        threshold_metric_id: Option<String>,
    }
    /// Nothing.
    PutMetricAlarmResponse {}
    /// Creates or changes an alarm on other alarms.
    PutCompositeAlarmRequest {
        alarm_name: String,
        alarm_rule: String,
        alarm_description: Option<String>,
        actions_enabled: Option<bool>,
        #[serde(rename = "OKActions")]
        ok_actions: Option<Vec<String>>,
        alarm_actions: Option<Vec<String>>,
        insufficient_data_actions: Option<Vec<String>>,
        tags: Option<Vec<Tag>>,
    }
    /// Nothing.
    PutCompositeAlarmResponse {}
    /// Sets an alarm's state until its next evaluation.
    SetAlarmStateRequest {
        alarm_name: String,
        state_value: String,
        state_reason: String,
        state_reason_data: Option<String>,
    }
    /// Nothing.
    SetAlarmStateResponse {}
    /// Asks for alarms. Composite ones only come if `AlarmTypes` asks for them.
    DescribeAlarmsRequest {
        alarm_names: Option<Vec<String>>,
        alarm_name_prefix: Option<String>,
        alarm_types: Option<Vec<String>>,
        children_of_alarm_name: Option<String>,
        parents_of_alarm_name: Option<String>,
        state_value: Option<String>,
        action_prefix: Option<String>,
        max_records: Option<u32>,
        next_token: Option<String>,
    }
    /// One page of alarms.
    DescribeAlarmsResponse {
        composite_alarms: Vec<CompositeAlarm>,
        metric_alarms: Vec<MetricAlarm>,
        next_token: Option<String>,
    }
    /// An alarm on a metric and its state.
    MetricAlarm {
        alarm_name: String,
        alarm_arn: String,
        alarm_description: Option<String>,
        alarm_configuration_updated_timestamp: Timestamp,
        actions_enabled: bool,
        #[serde(rename = "OKActions")]
        ok_actions: Vec<String>,
        alarm_actions: Vec<String>,
        insufficient_data_actions: Vec<String>,
        state_value: String,
        state_reason: String,
        state_reason_data: Option<String>,
        state_updated_timestamp: Timestamp,
        state_transitioned_timestamp: Timestamp,
        metric_name: String,
        namespace: String,
        statistic: Option<String>,
        extended_statistic: Option<String>,
        dimensions: Vec<Dimension>,
        period: u32,
        unit: Option<String>,
        evaluation_periods: u32,
        datapoints_to_alarm: Option<u32>,
        threshold: f64,
        comparison_operator: String,
        treat_missing_data: Option<String>,
        evaluate_low_sample_count_percentile: Option<String>,
        evaluation_state: Option<String>,
    }
    /// An alarm on other alarms and its state.
    CompositeAlarm {
        alarm_name: String,
        alarm_arn: String,
        alarm_description: Option<String>,
        alarm_configuration_updated_timestamp: Timestamp,
        actions_enabled: bool,
        #[serde(rename = "OKActions")]
        ok_actions: Vec<String>,
        alarm_actions: Vec<String>,
        insufficient_data_actions: Vec<String>,
        alarm_rule: String,
        state_value: String,
        state_reason: String,
        state_reason_data: Option<String>,
        state_updated_timestamp: Timestamp,
        state_transitioned_timestamp: Timestamp,
    }
    /// Asks what happened to alarms.
    DescribeAlarmHistoryRequest {
        alarm_name: Option<String>,
        alarm_types: Option<Vec<String>>,
        history_item_type: Option<String>,
        start_date: Option<Timestamp>,
        end_date: Option<Timestamp>,
        max_records: Option<u32>,
        next_token: Option<String>,
        scan_by: Option<String>,
    }
    /// One page of an alarm's history.
    DescribeAlarmHistoryResponse {
        alarm_history_items: Vec<AlarmHistoryItem>,
        next_token: Option<String>,
    }
    /// One thing that happened to an alarm.
    AlarmHistoryItem {
        alarm_name: String,
        alarm_type: String,
        timestamp: Timestamp,
        history_item_type: String,
        history_summary: String,
        history_data: String,
    }
    /// Deletes alarms, all or none.
    DeleteAlarmsRequest { alarm_names: Vec<String> }
    /// Nothing.
    DeleteAlarmsResponse {}
}
