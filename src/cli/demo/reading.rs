//! What the simulated AWS of a scenario shows: alias, alarm, counts, executions.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::account::Alias;
use super::stage::{ALARM, ALIAS, FUNCTION};
use crate::local::stack::MACHINE;
use crate::sim::metrics::Tally;
use crate::sim::{Service, World};

/// Requests and errors of both versions so far.
pub fn tallies(world: &World) -> [Tally; 2] {
    ["1", "2"].map(|version| world.tally(FUNCTION, version))
}

/// The alias as it stands.
pub fn alias(world: &mut World) -> Alias {
    let input = json!({ "FunctionName": FUNCTION, "Name": ALIAS });
    let found = world
        .call(Service::Lambda, "GetAlias", input)
        .unwrap_or_default();
    let weights = found.pointer("/RoutingConfig/AdditionalVersionWeights");
    Alias {
        version: found["FunctionVersion"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        weights: weights
            .and_then(|weights| serde_json::from_value(weights.clone()).ok())
            .unwrap_or_default(),
    }
}

/// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
pub fn alarm_state(world: &mut World) -> String {
    let input = json!({ "AlarmNames": [ALARM] });
    let found = world
        .call(Service::CloudWatch, "DescribeAlarms", input)
        .unwrap_or_default();
    found["MetricAlarms"][0]["StateValue"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

/// When the alarm first went to ALARM after `since`.
pub fn alarm_since(world: &mut World, since: Timestamp) -> Option<Timestamp> {
    let input = json!({
        "AlarmName": ALARM, "HistoryItemType": "StateUpdate", "StartDate": since,
        "ScanBy": "TimestampAscending", "MaxRecords": 100,
    });
    let found = world
        .call(Service::CloudWatch, "DescribeAlarmHistory", input)
        .ok()?;
    let items = found["AlarmHistoryItems"].as_array()?;
    let change = items.iter().find(|item| {
        let data: Option<Value> = item["HistoryData"]
            .as_str()
            .and_then(|data| serde_json::from_str(data).ok());
        data.is_some_and(|data| data["newState"]["stateValue"] == "ALARM")
    })?;
    change["Timestamp"].as_str()?.parse().ok()
}

/// Whether an execution is under way.
pub fn executions_run(world: &mut World) -> bool {
    let machine = format!(
        "arn:aws:states:{}:{}:stateMachine:{MACHINE}",
        world.region(),
        world.account()
    );
    let input = json!({ "stateMachineArn": machine, "statusFilter": "RUNNING" });
    let found = world
        .call(Service::StepFunctions, "ListExecutions", input)
        .unwrap_or_default();
    found["executions"]
        .as_array()
        .is_some_and(|running| !running.is_empty())
}
