//! The event that EventBridge gets when an alarm changes.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::definition::{Alarm, MetricRule, Watches};
use super::state::State;
use crate::sim::events;
use crate::sim::world::World;

impl World {
    /// Tells the bus that an alarm changed from `old` to the state that it has now.
    pub(super) fn announce(&mut self, name: &str, old: &State) {
        let Some(alarm) = self.alarms.by_name.get(name) else {
            return;
        };
        let detail = json!({
            "alarmName": alarm.name,
            "state": shown(&alarm.state),
            "previousState": shown(old),
            "configuration": configuration(alarm),
        });
        let resources = vec![alarm.arn.clone()];
        let kind = "CloudWatch Alarm State Change";
        events::emit(self, "aws.cloudwatch", kind, resources, detail);
    }
}

fn shown(state: &State) -> Value {
    let mut shown = json!({
        "value": state.value.as_str(),
        "reason": state.reason,
        "timestamp": stamp(state.updated),
    });
    if let Some(data) = &state.reason_data {
        shown["reasonData"] = json!(data);
    }
    shown
}

fn configuration(alarm: &Alarm) -> Value {
    let mut configuration = match &alarm.watches {
        Watches::Metric(rule) => json!({"metrics": [metric(rule)]}),
        Watches::Alarms { text, .. } => json!({"alarmRule": text}),
    };
    if let Some(description) = &alarm.description {
        configuration["description"] = json!(description);
    }
    configuration
}

fn metric(rule: &MetricRule) -> Value {
    let dimensions = rule.key.dimensions.iter();
    let dimensions: serde_json::Map<String, Value> = dimensions
        .map(|dimension| (dimension.name.clone(), json!(dimension.value)))
        .collect();
    json!({
        "id": "m1",
        "metricStat": {
            "metric": {
                "namespace": rule.key.namespace,
                "name": rule.key.name,
                "dimensions": dimensions,
            },
            "period": rule.period,
            "stat": rule.statistic_name,
        },
        "returnData": true,
    })
}

/// CloudWatch's events have no colon in the offset, which RFC 3339 would want.
fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string()
}
