//! Aliases: a name for one version, or for two with weights.

use std::collections::BTreeMap;

use super::functions::Function;
use super::name::FunctionName;
use super::wire::{
    AliasConfiguration, AliasRoutingConfiguration, CreateAliasRequest, DeleteAliasRequest,
    DeleteAliasResponse, GetAliasRequest, ListAliasesRequest, ListAliasesResponse,
    UpdateAliasRequest,
};
use super::{PAGE, check_length, check_revision};
use crate::sim::errors::AwsError;
use crate::sim::paging;
use crate::sim::world::World;

/// So many writes are remembered at least, and twice as many at most.
const CHANGES_KEPT: usize = 10_000;

/// An alias.
#[derive(Debug, Clone)]
pub(in crate::sim) struct Alias {
    pub version: String,
    pub description: String,
    /// At most one other version and the share of the traffic that it gets.
    pub weights: BTreeMap<String, f64>,
    pub revision_id: String,
}

pub(in crate::sim) fn create_alias(
    world: &mut World,
    request: CreateAliasRequest,
) -> Result<AliasConfiguration, AwsError> {
    let function_name = FunctionName::parse(&request.function_name, world)?.name;
    check_alias_name(&request.name)?;
    check_length(request.description.as_deref(), "description", 256)?;
    let weights = request
        .routing_config
        .and_then(|routing| routing.additional_version_weights)
        .unwrap_or_default();
    check_target(world, &function_name, &request.function_version, &weights)?;
    if world
        .function(&function_name)?
        .aliases
        .contains_key(&request.name)
    {
        let message = format!(
            "Alias already exists: {}",
            world.function_arn(&function_name, Some(&request.name))
        );
        return Err(AwsError::lambda("ResourceConflictException", 409, message));
    }
    let alias = Alias {
        version: request.function_version,
        description: request.description.unwrap_or_default(),
        weights,
        revision_id: world.next_revision(),
    };
    let answer = describe(world, &function_name, &request.name, &alias);
    world
        .function_mut(&function_name)?
        .aliases
        .insert(request.name, alias);
    Ok(answer)
}

pub(in crate::sim) fn get_alias(
    world: &mut World,
    request: GetAliasRequest,
) -> Result<AliasConfiguration, AwsError> {
    let function_name = FunctionName::parse(&request.function_name, world)?.name;
    let alias = world.function(&function_name)?.aliases.get(&request.name);
    let alias = alias.ok_or_else(|| {
        missing(
            world,
            "Cannot find alias arn",
            &function_name,
            &request.name,
        )
    })?;
    Ok(describe(world, &function_name, &request.name, alias))
}

pub(in crate::sim) fn list_aliases(
    world: &mut World,
    request: ListAliasesRequest,
) -> Result<ListAliasesResponse, AwsError> {
    let function_name = FunctionName::parse(&request.function_name, world)?.name;
    let wanted = request.function_version.as_deref();
    let aliases = world
        .function(&function_name)?
        .aliases
        .iter()
        .filter(|(_, alias)| {
            wanted.is_none_or(|version| {
                alias.version == version || alias.weights.contains_key(version)
            })
        });
    let size = request.max_items.unwrap_or(PAGE).clamp(1, PAGE) as usize;
    let (page, next_marker) = paging::page(aliases, request.marker.as_deref(), size)
        .map_err(|_| AwsError::invalid_parameter("Invalid marker"))?;
    let aliases = page
        .into_iter()
        .map(|(name, alias)| describe(world, &function_name, name, alias))
        .collect();
    Ok(ListAliasesResponse {
        next_marker,
        aliases,
    })
}

pub(in crate::sim) fn update_alias(
    world: &mut World,
    request: UpdateAliasRequest,
) -> Result<AliasConfiguration, AwsError> {
    let function_name = FunctionName::parse(&request.function_name, world)?.name;
    check_length(request.description.as_deref(), "description", 256)?;
    let alias = world.function(&function_name)?.aliases.get(&request.name);
    let mut alias = alias
        .ok_or_else(|| missing(world, "Alias not found", &function_name, &request.name))?
        .clone();
    check_revision(request.revision_id.as_deref(), &alias.revision_id)?;
    if let Some(version) = request.function_version {
        alias.version = version;
    }
    // Weights that are absent stay as they were; only an explicit empty map takes them away.
    if let Some(weights) = request
        .routing_config
        .and_then(|routing| routing.additional_version_weights)
    {
        alias.weights = weights;
    }
    check_target(world, &function_name, &alias.version, &alias.weights)?;
    if let Some(description) = request.description {
        alias.description = description;
    }
    alias.revision_id = world.next_revision();
    let answer = describe(world, &function_name, &request.name, &alias);
    let change = AliasChange {
        at: world.now(),
        function: function_name.clone(),
        alias: request.name.clone(),
        version: alias.version.clone(),
        weights: alias.weights.clone(),
    };
    world.remember(change);
    world
        .function_mut(&function_name)?
        .aliases
        .insert(request.name, alias);
    Ok(answer)
}

pub(in crate::sim) fn delete_alias(
    world: &mut World,
    request: DeleteAliasRequest,
) -> Result<DeleteAliasResponse, AwsError> {
    let function_name = FunctionName::parse(&request.function_name, world)?.name;
    // Deleting an alias that does not exist succeeds.
    world
        .function_mut(&function_name)?
        .aliases
        .remove(&request.name);
    Ok(DeleteAliasResponse {})
}

/// An alias as a write left it.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct AliasChange {
    /// When.
    pub at: jiff::Timestamp,
    /// The function.
    pub function: String,
    /// The alias.
    pub alias: String,
    /// The version that gets what the weights leave.
    pub version: String,
    /// Share of the traffic by additional version.
    pub weights: BTreeMap<String, f64>,
}

impl World {
    /// Every write of an alias so far, by whomever, oldest first; at least the newest 10,000 of them.
    #[must_use]
    pub fn alias_changes(&self) -> &[AliasChange] {
        &self.alias_changes
    }

    fn remember(&mut self, change: AliasChange) {
        // Many at a time, since each time moves all that stay.
        if self.alias_changes.len() == 2 * CHANGES_KEPT {
            self.alias_changes.drain(..CHANGES_KEPT);
        }
        self.alias_changes.push(change);
    }

    /// Gives an alias a new revision id and changes nothing else, as operations on provisioned
    /// concurrency do.
    ///
    /// # Errors
    ///
    /// `ResourceNotFoundException` if there is no such alias.
    pub fn touch_alias(&mut self, function: &str, alias: &str) -> Result<(), AwsError> {
        let missing = missing(self, "Alias not found", function, alias);
        let revision = self.next_revision();
        self.function_mut(function)?
            .aliases
            .get_mut(alias)
            .ok_or(missing)?
            .revision_id = revision;
        Ok(())
    }
}

fn describe(world: &World, function: &str, name: &str, alias: &Alias) -> AliasConfiguration {
    AliasConfiguration {
        alias_arn: world.function_arn(function, Some(name)),
        name: name.to_owned(),
        function_version: alias.version.clone(),
        description: alias.description.clone(),
        routing_config: (!alias.weights.is_empty()).then(|| AliasRoutingConfiguration {
            additional_version_weights: Some(alias.weights.clone()),
        }),
        revision_id: alias.revision_id.clone(),
    }
}

fn missing(world: &World, what: &str, function: &str, alias: &str) -> AwsError {
    let message = format!("{what}: {}", world.function_arn(function, Some(alias)));
    AwsError::lambda("ResourceNotFoundException", 404, message)
}

/// What AWS demands of an alias' version and weights together.
fn check_target(
    world: &World,
    function_name: &str,
    version: &str,
    weights: &BTreeMap<String, f64>,
) -> Result<(), AwsError> {
    let function = world.function(function_name)?;
    if version != "$LATEST" && !is_number(version) {
        return Err(AwsError::constraint(
            version,
            "functionVersion",
            "Member must satisfy regular expression pattern: (\\$LATEST(\\.PUBLISHED)?|[0-9]+)",
        ));
    }
    let not_found = |id: &str| world.function_not_found(function_name, Some(id));
    function
        .version(version)
        .ok_or_else(|| not_found(version))?;
    if weights.len() > 1 {
        return Err(AwsError::invalid_parameter(
            "Number of items in AdditionalVersionWeights cannot be greater than 1",
        ));
    }
    let Some((additional, &weight)) = weights.first_key_value() else {
        return Ok(());
    };
    check_weight(additional, weight)?;
    if additional == version {
        return Err(AwsError::invalid_parameter(format!(
            "Invalid function version {version}. Function version {version} is already included in routing configuration."
        )));
    }
    if version == "$LATEST" {
        return Err(AwsError::invalid_parameter(
            "$LATEST is not supported for an alias pointing to more than 1 version",
        ));
    }
    function
        .version(additional)
        .ok_or_else(|| not_found(additional))?;
    check_pair(function, version, additional)
}

/// Both versions of a weighted alias need the same role and dead-letter queue.
fn check_pair(function: &Function, version: &str, additional: &str) -> Result<(), AwsError> {
    let (Some(one), Some(other)) = (function.version(version), function.version(additional)) else {
        return Ok(());
    };
    let (one, other) = (&one.configuration, &other.configuration);
    if one.role != other.role {
        return Err(AwsError::invalid_parameter(
            "Specified versions must be associated with the same execution role",
        ));
    }
    if one.dead_letter != other.dead_letter {
        return Err(AwsError::invalid_parameter(
            "Specified versions must be associated with the same dead letter config",
        ));
    }
    Ok(())
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn check_weight(additional: &str, weight: f64) -> Result<(), AwsError> {
    let at = "routingConfig.additionalVersionWeights";
    let shown = format!("{{{additional}={weight:?}}}");
    if !(0.0..=1.0).contains(&weight) {
        return Err(AwsError::constraint(
            &shown,
            at,
            "Map value must satisfy constraint: [Member must have value less than or equal to 1.0, \
             Member must have value greater than or equal to 0.0, Member must not be null]",
        ));
    }
    if !is_number(additional) {
        return Err(AwsError::constraint(
            &shown,
            at,
            "Map keys must satisfy constraint: [Member must have length less than or equal to 1024, \
             Member must have length greater than or equal to 1, \
             Member must satisfy regular expression pattern: [0-9]+]",
        ));
    }
    Ok(())
}

fn check_alias_name(name: &str) -> Result<(), AwsError> {
    let word = name
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if !word || is_number(name) || name.is_empty() {
        return Err(AwsError::constraint(
            name,
            "name",
            "Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)",
        ));
    }
    check_length(Some(name), "name", 128)
}

#[cfg(test)]
#[path = "aliases_tests.rs"]
mod tests;
