//! Versions: what `$LATEST` was when somebody published it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::functions::Function;
use super::name::FunctionName;
use super::wire::{
    DeadLetterConfig, Environment, FunctionConfiguration, ListVersionsByFunctionRequest,
    ListVersionsByFunctionResponse, PublishVersionRequest,
};
use super::{PAGE, check_length, check_revision};
use crate::sim::errors::AwsError;
use crate::sim::paging;
use crate::sim::traffic::Behaviour;
use crate::sim::world::World;

/// Whether a version can run yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionState {
    /// Being prepared.
    Pending,
    /// Can be invoked.
    Active,
    /// Will never run.
    Failed,
}

impl VersionState {
    /// AWS's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Active => "Active",
            Self::Failed => "Failed",
        }
    }
}

/// What is frozen when a version is published.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::sim) struct Configuration {
    pub role: String,
    pub runtime: Option<String>,
    pub handler: Option<String>,
    pub description: String,
    pub timeout: u32,
    pub memory_size: u32,
    pub code_sha256: String,
    pub code_size: usize,
    pub dead_letter: Option<String>,
    pub environment: Option<BTreeMap<String, String>>,
    pub package_type: String,
    pub architectures: Vec<String>,
}

/// `$LATEST` or a published version.
#[derive(Debug, Clone)]
pub(in crate::sim) struct Version {
    pub configuration: Configuration,
    pub state: VersionState,
    pub behaviour: Behaviour,
    pub last_modified: Timestamp,
    pub revision_id: String,
}

impl Version {
    /// An active version that behaves as its environment says.
    pub fn new(configuration: Configuration, now: Timestamp, revision_id: String) -> Self {
        let behaviour = Behaviour::from_environment(configuration.environment.as_ref());
        Self {
            configuration,
            state: VersionState::Active,
            behaviour,
            last_modified: now,
            revision_id,
        }
    }
}

pub(in crate::sim) fn publish_version(
    world: &mut World,
    request: PublishVersionRequest,
) -> Result<FunctionConfiguration, AwsError> {
    let name = FunctionName::parse(&request.function_name, world)?.name;
    check_length(request.description.as_deref(), "description", 256)?;
    let function = world.function(&name)?;
    check_revision(request.revision_id.as_deref(), &function.latest.revision_id)?;
    let mut configuration = function.latest.configuration.clone();
    if let Some(expected) = request
        .code_sha256
        .filter(|expected| !expected.is_empty() && *expected != configuration.code_sha256)
    {
        let current = &configuration.code_sha256;
        return Err(AwsError::invalid_parameter(format!(
            "CodeSHA256 ({expected}) is different from current CodeSHA256 in $LATEST ({current}). \
             Please try again with the CodeSHA256 in $LATEST."
        )));
    }
    let number = if function.last_published.as_ref() == Some(&configuration) {
        newest(function)
    } else {
        let (revision, latest) = (world.next_revision(), world.next_revision());
        let now = world.now();
        let function = world.function_mut(&name)?;
        function.latest.revision_id = latest;
        function.last_published = Some(configuration.clone());
        if let Some(description) = request.description.filter(|text| !text.is_empty()) {
            configuration.description = description;
        }
        let mut version = Version::new(configuration, now, revision);
        // How `$LATEST` behaves may have been changed since its environment was set.
        version.behaviour = function.latest.behaviour;
        let number = newest(function) + 1;
        function.versions.insert(number, version);
        number
    };
    let qualifier = Some(number.to_string());
    describe(world, &FunctionName { name, qualifier })
}

/// The number of the newest version; 0 if there is none.
fn newest(function: &Function) -> u64 {
    function
        .versions
        .last_key_value()
        .map_or(0, |(number, _)| *number)
}

pub(in crate::sim) fn list_versions_by_function(
    world: &mut World,
    request: ListVersionsByFunctionRequest,
) -> Result<ListVersionsByFunctionResponse, AwsError> {
    let name = FunctionName::parse(&request.function_name, world)?.name;
    let function = world.function(&name)?;
    let ids =
        std::iter::once("$LATEST".to_owned()).chain(function.versions.keys().map(u64::to_string));
    let size = request.max_items.unwrap_or(PAGE).clamp(1, PAGE) as usize;
    let (ids, next_marker) = paging::page(ids, request.marker.as_deref(), size)
        .map_err(|_| AwsError::invalid_parameter("Invalid marker"))?;
    let versions = ids
        .into_iter()
        .map(|id| {
            let (name, qualifier) = (name.clone(), Some(id));
            let version = describe(world, &FunctionName { name, qualifier })?;
            // A list does not say whether a version can run.
            Ok(FunctionConfiguration {
                state: None,
                state_reason: None,
                state_reason_code: None,
                last_update_status: None,
                ..version
            })
        })
        .collect::<Result<_, AwsError>>()?;
    Ok(ListVersionsByFunctionResponse {
        next_marker,
        versions,
    })
}

/// The configuration behind a name, with the ARN qualified as the name was.
pub(super) fn describe(
    world: &World,
    name: &FunctionName,
) -> Result<FunctionConfiguration, AwsError> {
    let function = world.function(&name.name)?;
    let qualifier = name.qualifier.as_deref();
    let id = match qualifier {
        None => "$LATEST",
        Some(qualifier) => function
            .aliases
            .get(qualifier)
            .map_or(qualifier, |alias| &alias.version),
    };
    let version = function
        .version(id)
        .ok_or_else(|| world.function_not_found(&name.name, qualifier))?;
    Ok(FunctionConfiguration {
        function_name: name.name.clone(),
        function_arn: world.function_arn(&name.name, qualifier),
        version: id.to_owned(),
        ..version.describe()
    })
}

impl Version {
    /// What does not depend on the name by which it was asked for.
    fn describe(&self) -> FunctionConfiguration {
        let configuration = self.configuration.clone();
        let modified = self.last_modified.strftime("%Y-%m-%dT%H:%M:%S%.3f+0000");
        let (reason, reason_code) = match self.state {
            VersionState::Active => (None, None),
            VersionState::Pending => (Some("The function is being created."), Some("Creating")),
            VersionState::Failed => (
                Some("The function could not be created."),
                Some("InternalError"),
            ),
        };
        FunctionConfiguration {
            runtime: configuration.runtime,
            role: configuration.role,
            handler: configuration.handler,
            code_size: i64::try_from(configuration.code_size).unwrap_or(i64::MAX),
            description: configuration.description,
            timeout: configuration.timeout,
            memory_size: configuration.memory_size,
            last_modified: modified.to_string(),
            code_sha256: configuration.code_sha256,
            dead_letter_config: configuration.dead_letter.map(|arn| DeadLetterConfig {
                target_arn: Some(arn),
            }),
            environment: configuration.environment.map(|variables| Environment {
                variables: Some(variables),
            }),
            revision_id: self.revision_id.clone(),
            state: Some(self.state.as_str().to_owned()),
            state_reason: reason.map(str::to_owned),
            state_reason_code: reason_code.map(str::to_owned),
            last_update_status: Some("Successful".to_owned()),
            package_type: Some(configuration.package_type),
            architectures: Some(configuration.architectures),
            ..FunctionConfiguration::default()
        }
    }
}

#[cfg(test)]
#[path = "versions_tests.rs"]
mod tests;
