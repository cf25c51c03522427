//! Rules: which events are wanted.

use std::collections::BTreeMap;

use serde_json::Value;

use super::pattern::Pattern;
use super::wire::{
    DeleteRuleRequest, DeleteRuleResponse, DescribeRuleRequest, ListRulesRequest,
    ListRulesResponse, PutRuleRequest, PutRuleResponse, RuleDescription, Target,
};
use super::{check_bus, validation};
use crate::sim::errors::AwsError;
use crate::sim::paging;
use crate::sim::world::World;

const PAGE: u32 = 100;

/// A rule of the default bus.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    name: String,
    text: String,
    pattern: Pattern,
    enabled: bool,
    description: Option<String>,
    /// By their ids.
    pub targets: BTreeMap<String, Target>,
}

impl Rule {
    /// Whether the rule wants that event.
    pub fn matches(&self, event: &Value) -> bool {
        self.enabled && self.pattern.matches(event)
    }
}

pub(in crate::sim) fn put_rule(
    world: &mut World,
    request: PutRuleRequest,
) -> Result<PutRuleResponse, AwsError> {
    check_bus(request.event_bus_name.as_deref())?;
    check_name(&request.name)?;
    if request.schedule_expression.is_some() {
        return Err(validation(
            "ScheduleExpression is not available on this local AWS: rules need an EventPattern.",
        ));
    }
    let text = request.event_pattern.ok_or_else(|| {
        validation("Parameter(s) EventPattern or ScheduleExpression must be specified.")
    })?;
    let enabled = match request.state.as_deref() {
        None | Some("ENABLED") => true,
        Some("DISABLED") => false,
        Some(other) => {
            return Err(AwsError::constraint(
                other,
                "state",
                "Member must satisfy enum value set: [ENABLED, DISABLED]",
            ));
        }
    };
    let pattern = Pattern::parse(&text)?;
    let rule_arn = arn(world, &request.name);
    let known = world.events.rules.remove(&request.name);
    let rule = Rule {
        name: request.name.clone(),
        text,
        pattern,
        enabled,
        description: request.description,
        targets: known.map(|rule| rule.targets).unwrap_or_default(),
    };
    world.events.rules.insert(request.name, rule);
    Ok(PutRuleResponse { rule_arn })
}

pub(in crate::sim) fn describe_rule(
    world: &mut World,
    request: DescribeRuleRequest,
) -> Result<RuleDescription, AwsError> {
    check_bus(request.event_bus_name.as_deref())?;
    let rule = world.events.rules.get(&request.name);
    let rule = rule.ok_or_else(|| not_found(&request.name))?;
    Ok(RuleDescription {
        created_by: Some(world.account().to_owned()),
        ..describe(world, rule)
    })
}

pub(in crate::sim) fn list_rules(
    world: &mut World,
    request: ListRulesRequest,
) -> Result<ListRulesResponse, AwsError> {
    check_bus(request.event_bus_name.as_deref())?;
    let prefix = request.name_prefix.unwrap_or_default();
    let rules = world.events.rules.values();
    let rules = rules.filter(|rule| rule.name.starts_with(&prefix));
    let size = request.limit.unwrap_or(PAGE).clamp(1, PAGE) as usize;
    let (page, next_token) = paging::page(rules, request.next_token.as_deref(), size)
        .map_err(|_| validation("Parameter NextToken is not valid."))?;
    let rules = page.into_iter().map(|rule| describe(world, rule));
    Ok(ListRulesResponse {
        rules: rules.collect(),
        next_token,
    })
}

pub(in crate::sim) fn delete_rule(
    world: &mut World,
    request: DeleteRuleRequest,
) -> Result<DeleteRuleResponse, AwsError> {
    check_bus(request.event_bus_name.as_deref())?;
    let rule = world.events.rules.get(&request.name);
    if rule.is_some_and(|rule| !rule.targets.is_empty()) {
        return Err(validation("Rule can't be deleted since it has targets."));
    }
    world.events.rules.remove(&request.name);
    Ok(DeleteRuleResponse {})
}

/// The answer about a rule that does not exist.
pub(super) fn not_found(name: &str) -> AwsError {
    AwsError::new(
        "ResourceNotFoundException",
        400,
        format!("Rule {name} does not exist on EventBus default."),
    )
}

fn describe(world: &World, rule: &Rule) -> RuleDescription {
    RuleDescription {
        name: rule.name.clone(),
        arn: arn(world, &rule.name),
        event_pattern: Some(rule.text.clone()),
        state: if rule.enabled { "ENABLED" } else { "DISABLED" }.to_owned(),
        description: rule.description.clone(),
        event_bus_name: "default".to_owned(),
        created_by: None,
    }
}

fn arn(world: &World, name: &str) -> String {
    world.arn("events", &format!("rule/{name}"))
}

fn check_name(name: &str) -> Result<(), AwsError> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b".-_".contains(&b);
    if !name.is_empty() && name.len() <= 64 && name.bytes().all(allowed) {
        return Ok(());
    }
    Err(AwsError::constraint(
        name,
        "name",
        "Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+",
    ))
}
