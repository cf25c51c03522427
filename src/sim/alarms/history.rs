//! What happened to alarms. It outlives them.

use std::collections::{BTreeMap, VecDeque};

use serde_json::json;

use super::definition::Alarm;
use super::state::State;
use super::wire::{AlarmHistoryItem, DescribeAlarmHistoryRequest, DescribeAlarmHistoryResponse};
use crate::sim::errors::AwsError;
use crate::sim::paging;
use crate::sim::world::World;

/// So many items are kept of each alarm.
const KEPT: usize = 1_000;
/// Items a page, by default and at most.
const PAGE: u32 = 100;

/// The items of every alarm that ever was, oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct History {
    by_alarm: BTreeMap<String, VecDeque<AlarmHistoryItem>>,
}

impl History {
    fn push(&mut self, item: AlarmHistoryItem) {
        let items = self.by_alarm.entry(item.alarm_name.clone()).or_default();
        if items.len() == KEPT {
            items.pop_front();
        }
        items.push_back(item);
    }
}

impl World {
    /// Notes that an alarm was put or is about to be deleted.
    pub(super) fn record_configuration(&mut self, name: &str, change: &str) {
        let Some(alarm) = self.alarms.by_name.get(name) else {
            return;
        };
        let (verb, member) = match change {
            "Create" => ("created", "createdAlarm"),
            "Update" => ("updated", "updatedAlarm"),
            _ => ("deleted", "deletedAlarm"),
        };
        let data = json!({
            "version": "1.0",
            "type": change,
            member: {"alarmName": alarm.name, "alarmArn": alarm.arn, "alarmDescription": alarm.description},
        });
        let summary = format!("Alarm \"{name}\" {verb}");
        let item = self.item(alarm, "ConfigurationUpdate", summary, data.to_string());
        self.alarms.history.push(item);
    }

    /// Notes that an alarm changed from `old` to the state that it has now.
    pub(super) fn record_transition(&mut self, name: &str, old: &State) {
        let Some(alarm) = self.alarms.by_name.get(name) else {
            return;
        };
        let data =
            json!({"version": "1.0", "oldState": old.history(), "newState": alarm.state.history()});
        let summary = format!(
            "Alarm updated from {} to {}",
            old.value.as_str(),
            alarm.state.value.as_str()
        );
        let item = self.item(alarm, "StateUpdate", summary, data.to_string());
        self.alarms.history.push(item);
    }

    fn item(&self, alarm: &Alarm, kind: &str, summary: String, data: String) -> AlarmHistoryItem {
        AlarmHistoryItem {
            alarm_name: alarm.name.clone(),
            alarm_type: alarm.watches.kind().to_owned(),
            timestamp: self.now,
            history_item_type: kind.to_owned(),
            history_summary: summary,
            history_data: data,
        }
    }
}

pub(in crate::sim) fn describe_alarm_history(
    world: &mut World,
    request: DescribeAlarmHistoryRequest,
) -> Result<DescribeAlarmHistoryResponse, AwsError> {
    let size = request.max_records.unwrap_or(PAGE);
    if !(1..=PAGE).contains(&size) {
        return Err(AwsError::validation(
            "The value for parameter MaxRecords must be from 1 to 100.",
        ));
    }
    let ascending = match request.scan_by.as_deref() {
        None | Some("TimestampDescending") => false,
        Some("TimestampAscending") => true,
        Some(other) => {
            return Err(AwsError::validation(format!(
                "The value {other} for parameter ScanBy is invalid."
            )));
        }
    };
    let alarms = world.alarms.history.by_alarm.iter();
    let mut items: Vec<&AlarmHistoryItem> = alarms
        .filter(|(name, _)| {
            request
                .alarm_name
                .as_ref()
                .is_none_or(|wanted| wanted == *name)
        })
        .flat_map(|(_, items)| items)
        .filter(|item| wanted(item, &request))
        .collect();
    items.sort_by_key(|item| item.timestamp);
    if !ascending {
        items.reverse();
    }
    let (page, next_token) = paging::page(items, request.next_token.as_deref(), size as usize)
        .map_err(|_| AwsError::invalid_next_token())?;
    Ok(DescribeAlarmHistoryResponse {
        alarm_history_items: page.into_iter().cloned().collect(),
        next_token,
    })
}

fn wanted(item: &AlarmHistoryItem, request: &DescribeAlarmHistoryRequest) -> bool {
    // Composite alarms only come if they are asked for.
    let of_type = match request.alarm_types.as_deref() {
        None | Some([]) => item.alarm_type == "MetricAlarm",
        Some(types) => types.contains(&item.alarm_type),
    };
    of_type
        && request
            .history_item_type
            .as_ref()
            .is_none_or(|kind| *kind == item.history_item_type)
        && request
            .start_date
            .is_none_or(|start| item.timestamp >= start)
        && request.end_date.is_none_or(|end| item.timestamp <= end)
}
