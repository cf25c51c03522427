//! Composite alarms: in ALARM while their rule over other alarms holds.
//!
//! They are evaluated when they are put and whenever a child changes its state, not by time. So a
//! state that somebody set lasts until then, as in CloudWatch.

use std::collections::BTreeSet;

use serde_json::json;

use super::definition::{Actions, Alarm, Watches};
use super::rule::Rule;
use super::state::StateValue;
use super::wire::{PutCompositeAlarmRequest, PutCompositeAlarmResponse};
use crate::sim::errors::AwsError;
use crate::sim::world::World;

/// A rule names so many alarms at most.
const CHILDREN: usize = 100;

pub(in crate::sim) fn put_composite_alarm(
    world: &mut World,
    request: PutCompositeAlarmRequest,
) -> Result<PutCompositeAlarmResponse, AwsError> {
    let text = request.alarm_rule;
    if text.len() > 10_240 {
        return Err(AwsError::validation(
            "AlarmRule must not be longer than 10240 characters.",
        ));
    }
    let rule = Rule::parse(&text)
        .map_err(|problem| AwsError::validation(format!("Error in AlarmRule: {problem}.")))?;
    check_children(world, &request.alarm_name, &rule)?;
    let actions = Actions {
        enabled: request.actions_enabled.unwrap_or(true),
        ok: request.ok_actions.unwrap_or_default(),
        alarm: request.alarm_actions.unwrap_or_default(),
        insufficient_data: request.insufficient_data_actions.unwrap_or_default(),
    };
    let watches = Watches::Alarms { text, rule };
    world.put_alarm(
        &request.alarm_name,
        request.alarm_description,
        actions,
        watches,
    )?;
    if world.evaluate_composite(&request.alarm_name, None) {
        world.propagate(&request.alarm_name);
    }
    Ok(PutCompositeAlarmResponse {})
}

impl World {
    /// Evaluates the composite alarms above this one, which has just changed its state: each once,
    /// after all that it watches, since each look at one that changes would double the looks above.
    pub(super) fn propagate(&mut self, child: &str) {
        let mut changed = vec![child.to_owned()];
        for parent in self.above(child) {
            let alarm = self.alarms.by_name.get(&parent);
            let mut latest = changed.iter().rev();
            let because_of = latest.find(|child| alarm.is_some_and(|alarm| watches(alarm, child)));
            let because_of = because_of.cloned();
            if because_of.is_some() && self.evaluate_composite(&parent, because_of.as_deref()) {
                changed.push(parent);
            }
        }
    }

    /// The composite alarms that watch this one, or one that does, each after all that it watches.
    fn above(&self, child: &str) -> Vec<String> {
        let alarms = self.alarms.by_name.values();
        let (mut open, mut above) = (vec![child], BTreeSet::new());
        while let Some(child) = open.pop() {
            let parents = alarms.clone().filter(|alarm| watches(alarm, child));
            let new = parents.filter(|alarm| above.insert(alarm.name.as_str()));
            open.extend(new.map(|alarm| alarm.name.as_str()));
        }
        let mut ordered = Vec::new();
        while !above.is_empty() {
            let waits = |name: &str| {
                self.children(name)
                    .iter()
                    .any(|child| above.contains(child))
            };
            let ready: Vec<&str> = above.iter().copied().filter(|name| !waits(name)).collect();
            if ready.is_empty() {
                // Rules have no cycles.
                break;
            }
            above.retain(|name| !ready.contains(name));
            ordered.extend(ready.into_iter().map(str::to_owned));
        }
        ordered
    }

    fn children(&self, name: &str) -> Vec<&str> {
        match self.alarms.by_name.get(name).map(|alarm| &alarm.watches) {
            Some(Watches::Alarms { rule, .. }) => rule.children(),
            Some(Watches::Metric(_)) | None => Vec::new(),
        }
    }

    /// Whether the alarm has changed its state.
    fn evaluate_composite(&mut self, name: &str, because_of: Option<&str>) -> bool {
        let Some(alarm) = self.alarms.by_name.get(name) else {
            return false;
        };
        let Watches::Alarms { rule, .. } = &alarm.watches else {
            return false;
        };
        // No child can be deleted; what is not there would have no state to conclude from.
        let state = |child: &str| {
            self.alarms
                .by_name
                .get(child)
                .map_or(StateValue::InsufficientData, |child| child.state.value)
        };
        let value = if rule.holds(&state) {
            StateValue::Alarm
        } else {
            StateValue::Ok
        };
        if value == alarm.state.value {
            return false;
        }
        let (reason, data) = match because_of.and_then(|child| self.alarms.by_name.get(child)) {
            None => (
                format!("The alarm rule evaluates to {}.", value.as_str()),
                None,
            ),
            Some(child) => {
                let at = child.state.transitioned;
                let word = child.state.value.as_str();
                let data = json!({"triggeringAlarms": [{
                    "arn": child.arn,
                    "state": {"value": word, "timestamp": at.strftime("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string()},
                }]});
                let when = at.strftime("%A %d %B, %Y %H:%M:%S UTC");
                (
                    format!("{} transitioned to {word} at {when}", child.arn),
                    Some(data.to_string()),
                )
            }
        };
        self.write_state(name, value, reason, data)
    }
}

fn watches(alarm: &Alarm, child: &str) -> bool {
    match &alarm.watches {
        Watches::Metric(_) => false,
        Watches::Alarms { rule, .. } => rule.children().contains(&child),
    }
}

/// No composite alarm that stays depends on these, and at most one of them is composite itself.
pub(super) fn check_deletion(world: &World, names: &[String]) -> Result<(), AwsError> {
    let composite = |alarm: &&Alarm| matches!(alarm.watches, Watches::Alarms { .. });
    let (going, staying): (Vec<_>, Vec<_>) = world
        .alarms
        .by_name
        .values()
        .filter(composite)
        .partition(|alarm| names.contains(&alarm.name));
    if going.len() > 1 {
        let message = "At most one composite alarm can be deleted with one operation.";
        return Err(AwsError::validation(message));
    }
    let needed: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .filter(|name| staying.iter().any(|alarm| watches(alarm, name)))
        .collect();
    if needed.is_empty() {
        return Ok(());
    }
    let them = if needed.len() == 1 { "it" } else { "them" };
    Err(AwsError::validation(format!(
        "Cannot delete {} as there are composite alarm(s) depending on {them}.",
        needed.join(",")
    )))
}

/// The children exist, are not too many, and do not lead back to the alarm itself.
fn check_children(world: &World, name: &str, rule: &Rule) -> Result<(), AwsError> {
    let children = rule.children();
    let missing: Vec<&str> = children
        .iter()
        .copied()
        .filter(|child| !world.alarms.by_name.contains_key(*child))
        .collect();
    if let Some(first) = missing.first() {
        let message = format!(
            "Could not save the composite alarm as alarms [{first}] in the alarm rule do not exist"
        );
        return Err(AwsError::validation(message));
    }
    if children.len() > CHILDREN {
        return Err(AwsError::validation(format!(
            "AlarmRule must not name more than {CHILDREN} alarms."
        )));
    }
    let (mut open, mut seen) = (children, Vec::new());
    while let Some(child) = open.pop() {
        if child == name {
            return Err(AwsError::validation(format!(
                "AlarmRule would make a cycle through {name}."
            )));
        }
        if !seen.contains(&child) {
            seen.push(child);
            if let Some(Watches::Alarms { rule, .. }) =
                world.alarms.by_name.get(child).map(|alarm| &alarm.watches)
            {
                open.extend(rule.children());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "composite_tests.rs"]
mod tests;
