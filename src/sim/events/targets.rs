//! Targets: where the events go that a rule wants.

use serde_json::Value;

use super::wire::{
    FailedTarget, ListTargetsByRuleRequest, ListTargetsByRuleResponse, PutTargetsRequest,
    PutTargetsResponse, RemoveTargetsRequest, Target,
};
use super::{check_bus, rules};
use crate::sim::errors::AwsError;
use crate::sim::world::World;
use crate::sim::{invocations, topics};

const TARGETS_MAX: usize = 5;

pub(in crate::sim) fn put_targets(
    world: &mut World,
    request: PutTargetsRequest,
) -> Result<PutTargetsResponse, AwsError> {
    check_bus(request.event_bus_name.as_deref())?;
    let mut failed = Vec::new();
    for target in request.targets {
        let checked = check(world, &target);
        let rule = world.events.rules.get_mut(&request.rule);
        let rule = rule.ok_or_else(|| rules::not_found(&request.rule))?;
        match checked {
            Err(problem) => failed.push(refusal(&target.id, "ValidationException", &problem)),
            Ok(())
                if rule.targets.len() == TARGETS_MAX && !rule.targets.contains_key(&target.id) =>
            {
                let problem = "The requested resource exceeds the maximum number allowed.";
                failed.push(refusal(&target.id, "LimitExceededException", problem));
            }
            Ok(()) => {
                rule.targets.insert(target.id.clone(), target);
            }
        }
    }
    Ok(answer(failed))
}

pub(in crate::sim) fn list_targets_by_rule(
    world: &mut World,
    request: ListTargetsByRuleRequest,
) -> Result<ListTargetsByRuleResponse, AwsError> {
    check_bus(request.event_bus_name.as_deref())?;
    let rule = world.events.rules.get(&request.rule);
    let rule = rule.ok_or_else(|| rules::not_found(&request.rule))?;
    Ok(ListTargetsByRuleResponse {
        targets: rule.targets.values().cloned().collect(),
    })
}

pub(in crate::sim) fn remove_targets(
    world: &mut World,
    request: RemoveTargetsRequest,
) -> Result<PutTargetsResponse, AwsError> {
    check_bus(request.event_bus_name.as_deref())?;
    let rule = world.events.rules.get_mut(&request.rule);
    let rule = rule.ok_or_else(|| rules::not_found(&request.rule))?;
    let unknown = request
        .ids
        .iter()
        .filter(|id| rule.targets.remove(*id).is_none())
        .map(|id| {
            let problem = format!("Rule {} does not have a target {id}.", request.rule);
            refusal(id, "ResourceNotFoundException", &problem)
        })
        .collect();
    Ok(answer(unknown))
}

/// Hands an event to a target. One that has gone since it was set gets nothing.
pub(super) fn deliver(world: &mut World, target: &Target, event: &Value) {
    let input = target.input.clone().unwrap_or_else(|| event.to_string());
    let _ = if is_topic(&target.arn) {
        topics::send(world, &target.arn, input, None).map(drop)
    } else {
        invocations::invoke_event(world, &target.arn, input)
    };
}

fn check(world: &World, target: &Target) -> Result<(), String> {
    let here = is_topic(&target.arn)
        || (target.arn.starts_with("arn:") && world.named(&target.arn, None).is_ok());
    if !here {
        return Err(format!(
            "Provided Arn is not in correct format or not available on this local AWS: {} \
             (functions and SNS topics are)",
            target.arn
        ));
    }
    for (member, given) in [
        ("InputPath", &target.input_path),
        ("InputTransformer", &target.input_transformer),
    ] {
        if given.is_some() {
            return Err(format!("{member} is not available on this local AWS."));
        }
    }
    match &target.input {
        Some(input) if serde_json::from_str::<serde::de::IgnoredAny>(input).is_err() => Err(
            format!("JSON syntax error in input for target {}", target.id),
        ),
        _ => Ok(()),
    }
}

fn is_topic(arn: &str) -> bool {
    arn.starts_with("arn:") && arn.contains(":sns:")
}

fn answer(failed: Vec<FailedTarget>) -> PutTargetsResponse {
    PutTargetsResponse {
        failed_entry_count: u32::try_from(failed.len()).unwrap_or(u32::MAX),
        failed_entries: failed,
    }
}

fn refusal(id: &str, code: &str, message: &str) -> FailedTarget {
    FailedTarget {
        target_id: id.to_owned(),
        error_code: code.to_owned(),
        error_message: message.to_owned(),
    }
}
