//! The default bus: every event goes to the targets of every rule that matches it.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::targets;
use crate::sim::streams::uuid;
use crate::sim::world::World;

/// So many events are remembered.
const KEPT: usize = 1_000;

/// Sends an event of an AWS service to the default bus.
pub(in crate::sim) fn emit(
    world: &mut World,
    source: &str,
    detail_type: &str,
    resources: Vec<String>,
    detail: Value,
) {
    let now = world.now();
    let event = event(world, source, detail_type, resources, detail, now);
    put(world, event);
}

/// An event as rules and targets see it, under a new id.
pub(super) fn event(
    world: &mut World,
    source: &str,
    detail_type: &str,
    resources: Vec<String>,
    detail: Value,
    at: Timestamp,
) -> Value {
    json!({
        "version": "0",
        "id": uuid(world.stream("events")),
        "detail-type": detail_type,
        "source": source,
        "account": world.account(),
        "time": at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "region": world.region(),
        "resources": resources,
        "detail": detail,
    })
}

/// Remembers an event and hands it to the targets.
pub(super) fn put(world: &mut World, event: Value) {
    let matched: Vec<_> = world
        .events
        .rules
        .values()
        .filter(|rule| rule.matches(&event))
        .flat_map(|rule| rule.targets.values().cloned())
        .collect();
    if world.events.recent.len() == KEPT {
        world.events.recent.pop_front();
    }
    world.events.recent.push_back(event.clone());
    for target in matched {
        targets::deliver(world, &target, &event);
    }
}

impl World {
    /// The newest 1,000 events on the bus, oldest first.
    pub fn events(&self) -> impl Iterator<Item = &Value> {
        self.events.recent.iter()
    }
}
