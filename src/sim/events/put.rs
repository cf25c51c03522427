//! Events of clients.

use serde_json::Value;

use super::pattern::Pattern;
use super::wire::{
    PutEventsEntry, PutEventsRequest, PutEventsResponse, PutEventsResult, TestEventPatternRequest,
    TestEventPatternResponse,
};
use super::{bus, check_bus, validation};
use crate::sim::errors::AwsError;
use crate::sim::world::World;

const ENTRIES_MAX: usize = 10;

pub(in crate::sim) fn put_events(
    world: &mut World,
    request: PutEventsRequest,
) -> Result<PutEventsResponse, AwsError> {
    if !(1..=ENTRIES_MAX).contains(&request.entries.len()) {
        return Err(AwsError::constraint(
            "[…]",
            "entries",
            "Member must have length between 1 and 10",
        ));
    }
    let entries: Vec<PutEventsResult> = request
        .entries
        .into_iter()
        .map(|entry| put(world, entry).unwrap_or_else(|refused| refused))
        .collect();
    let failed = entries.iter().filter(|entry| entry.event_id.is_none());
    Ok(PutEventsResponse {
        failed_entry_count: u32::try_from(failed.count()).unwrap_or(u32::MAX),
        entries,
    })
}

/// Puts one event on the bus; an event that cannot be there fails alone.
fn put(world: &mut World, entry: PutEventsEntry) -> Result<PutEventsResult, PutEventsResult> {
    check_bus(entry.event_bus_name.as_deref())
        .map_err(|error| refusal(&error.code, &error.message))?;
    let member = |value: Option<String>, name: &str| {
        value.filter(|text| !text.is_empty()).ok_or_else(|| {
            let problem =
                format!("Parameter {name} is not valid. Reason: {name} is a required argument.");
            refusal("InvalidArgument", &problem)
        })
    };
    let source = member(entry.source, "Source")?;
    let detail_type = member(entry.detail_type, "DetailType")?;
    let detail = member(entry.detail, "Detail")?;
    if source.starts_with("aws.") {
        let problem = "Not authorized for the source.";
        return Err(refusal("NotAuthorizedForSourceException", problem));
    }
    let detail = serde_json::from_str::<Value>(&detail)
        .ok()
        .filter(Value::is_object)
        .ok_or_else(|| refusal("MalformedDetail", "Detail is malformed."))?;
    let at = entry.time.unwrap_or_else(|| world.now());
    let resources = entry.resources.unwrap_or_default();
    let event = bus::event(world, &source, &detail_type, resources, detail, at);
    let event_id = event["id"].as_str().map(str::to_owned);
    bus::put(world, event);
    Ok(PutEventsResult {
        event_id,
        ..PutEventsResult::default()
    })
}

fn refusal(code: &str, message: &str) -> PutEventsResult {
    PutEventsResult {
        event_id: None,
        error_code: Some(code.to_owned()),
        error_message: Some(message.to_owned()),
    }
}

pub(in crate::sim) fn test_event_pattern(
    _world: &mut World,
    request: TestEventPatternRequest,
) -> Result<TestEventPatternResponse, AwsError> {
    let pattern = Pattern::parse(&request.event_pattern)?;
    let event: Value = serde_json::from_str(&request.event)
        .map_err(|_| validation("Parameter Event is not valid."))?;
    Ok(TestEventPatternResponse {
        result: pattern.matches(&event),
    })
}
