//! Functions: creating and changing `$LATEST`.

use std::collections::BTreeMap;

use super::aliases::Alias;
use super::name::FunctionName;
use super::versions::{Configuration, Version, VersionState};
use super::wire::{
    CreateFunctionRequest, DeadLetterConfig, FunctionCodeLocation, FunctionConfiguration,
    GetFunctionConfigurationRequest, GetFunctionRequest, GetFunctionResponse,
    PublishVersionRequest, UpdateFunctionCodeRequest, UpdateFunctionConfigurationRequest,
};
use super::{check_length, check_revision, versions};
use crate::sim::encoding::digest;
use crate::sim::errors::AwsError;
use crate::sim::world::World;

/// A function: `$LATEST`, its versions, aliases and tags.
#[derive(Debug, Clone)]
pub(in crate::sim) struct Function {
    pub latest: Version,
    pub versions: BTreeMap<u64, Version>,
    /// `$LATEST` as it was when the newest version was made of it.
    pub last_published: Option<Configuration>,
    pub aliases: BTreeMap<String, Alias>,
    pub tags: BTreeMap<String, String>,
}

impl Function {
    /// The version of that id, `$LATEST` included.
    pub fn version(&self, id: &str) -> Option<&Version> {
        if id == "$LATEST" {
            return Some(&self.latest);
        }
        self.versions.get(&number(id)?)
    }

    /// The version of that id, `$LATEST` included.
    pub fn version_mut(&mut self, id: &str) -> Option<&mut Version> {
        if id == "$LATEST" {
            return Some(&mut self.latest);
        }
        self.versions.get_mut(&number(id)?)
    }
}

/// A version's number; AWS does not take `01` or `+1` for `1`.
fn number(id: &str) -> Option<u64> {
    id.parse()
        .ok()
        .filter(|number: &u64| number.to_string() == id)
}

impl World {
    /// The ARN of a function or, with a qualifier, of a version or alias.
    pub(in crate::sim) fn function_arn(&self, name: &str, qualifier: Option<&str>) -> String {
        let suffix = qualifier.map_or_else(String::new, |qualifier| format!(":{qualifier}"));
        self.arn("lambda", &format!("function:{name}{suffix}"))
    }

    /// AWS's answer about a function, version or alias that does not exist.
    pub(in crate::sim) fn function_not_found(
        &self,
        name: &str,
        qualifier: Option<&str>,
    ) -> AwsError {
        let message = format!("Function not found: {}", self.function_arn(name, qualifier));
        AwsError::lambda("ResourceNotFoundException", 404, message)
    }

    /// The function of that bare name.
    pub(in crate::sim) fn function(&self, name: &str) -> Result<&Function, AwsError> {
        self.functions
            .get(name)
            .ok_or_else(|| self.function_not_found(name, None))
    }

    /// The function of that bare name, to change it.
    pub(in crate::sim) fn function_mut(&mut self, name: &str) -> Result<&mut Function, AwsError> {
        let missing = self.function_not_found(name, None);
        self.functions.get_mut(name).ok_or(missing)
    }
}

pub(in crate::sim) fn create_function(
    world: &mut World,
    request: CreateFunctionRequest,
) -> Result<FunctionConfiguration, AwsError> {
    let name = FunctionName::parse(&request.function_name, world)?.name;
    check_length(request.description.as_deref(), "description", 256)?;
    check_role(&request.role)?;
    check_runtime(request.runtime.as_deref())?;
    if world.functions.contains_key(&name) {
        let message = format!("Function already exist: {name}");
        return Err(AwsError::lambda("ResourceConflictException", 409, message));
    }
    let (tags, publish) = (request.tags.clone().unwrap_or_default(), request.publish);
    let configuration = Configuration::created(request);
    let latest = Version::new(configuration, world.now(), world.next_revision());
    let function = Function {
        latest,
        versions: BTreeMap::new(),
        last_published: None,
        aliases: BTreeMap::new(),
        tags,
    };
    world.functions.insert(name.clone(), function);
    answer(world, &name, publish)
}

pub(in crate::sim) fn update_function_configuration(
    world: &mut World,
    request: UpdateFunctionConfigurationRequest,
) -> Result<FunctionConfiguration, AwsError> {
    let name = FunctionName::parse(&request.function_name, world)?.name;
    check_length(request.description.as_deref(), "description", 256)?;
    if let Some(role) = &request.role {
        check_role(role)?;
    }
    check_runtime(request.runtime.as_deref())?;
    check_revision(
        request.revision_id.as_deref(),
        &world.function(&name)?.latest.revision_id,
    )?;
    let mut configuration = world.function(&name)?.latest.configuration.clone();
    configuration.apply(request);
    replace_latest(world, &name, configuration)?;
    answer(world, &name, None)
}

pub(in crate::sim) fn update_function_code(
    world: &mut World,
    request: UpdateFunctionCodeRequest,
) -> Result<FunctionConfiguration, AwsError> {
    let name = FunctionName::parse(&request.function_name, world)?.name;
    let latest = &world.function(&name)?.latest;
    check_revision(request.revision_id.as_deref(), &latest.revision_id)?;
    let mut configuration = latest.configuration.clone();
    configuration.code_sha256 = code_digest([
        &request.zip_file,
        &request.s3_bucket,
        &request.s3_key,
        &request.s3_object_version,
        &request.image_uri,
    ]);
    configuration.code_size = decoded_size(request.zip_file.as_deref());
    if let Some(architectures) = request.architectures {
        configuration.architectures = architectures;
    }
    if request.dry_run == Some(true) {
        return answer(world, &name, None);
    }
    replace_latest(world, &name, configuration)?;
    answer(world, &name, request.publish)
}

pub(in crate::sim) fn get_function_configuration(
    world: &mut World,
    request: GetFunctionConfigurationRequest,
) -> Result<FunctionConfiguration, AwsError> {
    let name = FunctionName::parse(&request.function_name, world)?.qualified(request.qualifier)?;
    versions::describe(world, &name)
}

pub(in crate::sim) fn get_function(
    world: &mut World,
    request: GetFunctionRequest,
) -> Result<GetFunctionResponse, AwsError> {
    let name = FunctionName::parse(&request.function_name, world)?.qualified(request.qualifier)?;
    let configuration = versions::describe(world, &name)?;
    let tags = &world.function(&name.name)?.tags;
    Ok(GetFunctionResponse {
        configuration,
        code: Some(FunctionCodeLocation {
            repository_type: Some("S3".to_owned()),
            location: None,
        }),
        tags: (!tags.is_empty()).then(|| tags.clone()),
    })
}

/// `$LATEST` after a change, or the version that `Publish` made of it.
fn answer(
    world: &mut World,
    name: &str,
    publish: Option<bool>,
) -> Result<FunctionConfiguration, AwsError> {
    if publish == Some(true) {
        let request = PublishVersionRequest {
            function_name: name.to_owned(),
            ..Default::default()
        };
        return versions::publish_version(world, request);
    }
    versions::describe(
        world,
        &FunctionName {
            name: name.to_owned(),
            qualifier: None,
        },
    )
}

fn replace_latest(
    world: &mut World,
    name: &str,
    configuration: Configuration,
) -> Result<(), AwsError> {
    let (now, revision) = (world.now(), world.next_revision());
    world.function_mut(name)?.latest = Version::new(configuration, now, revision);
    Ok(())
}

impl Configuration {
    /// What a request asks for, with AWS's defaults (and a custom runtime's where AWS has none).
    fn created(request: CreateFunctionRequest) -> Self {
        let code = request.code;
        Self {
            role: request.role,
            runtime: request
                .runtime
                .or_else(|| Some("provided.al2023".to_owned())),
            handler: request.handler.or_else(|| Some("bootstrap".to_owned())),
            description: request.description.unwrap_or_default(),
            timeout: request.timeout.unwrap_or(3),
            memory_size: request.memory_size.unwrap_or(128),
            code_size: decoded_size(code.zip_file.as_deref()),
            code_sha256: code_digest([
                &code.zip_file,
                &code.s3_bucket,
                &code.s3_key,
                &code.s3_object_version,
                &code.image_uri,
            ]),
            dead_letter: queue(request.dead_letter_config),
            environment: request
                .environment
                .and_then(|environment| environment.variables),
            package_type: request.package_type.unwrap_or_else(|| "Zip".to_owned()),
            architectures: request
                .architectures
                .unwrap_or_else(|| vec!["x86_64".to_owned()]),
        }
    }

    /// Takes over the members that are present.
    fn apply(&mut self, request: UpdateFunctionConfigurationRequest) {
        if let Some(role) = request.role {
            self.role = role;
        }
        if let Some(description) = request.description {
            self.description = description;
        }
        self.runtime = request.runtime.or_else(|| self.runtime.take());
        self.handler = request.handler.or_else(|| self.handler.take());
        self.timeout = request.timeout.unwrap_or(self.timeout);
        self.memory_size = request.memory_size.unwrap_or(self.memory_size);
        if let Some(environment) = request.environment {
            self.environment = environment.variables;
        }
        if request.dead_letter_config.is_some() {
            self.dead_letter = queue(request.dead_letter_config);
        }
    }
}

/// An empty ARN is how AWS is told to take the queue away.
fn queue(config: Option<DeadLetterConfig>) -> Option<String> {
    config
        .and_then(|config| config.target_arn)
        .filter(|arn| !arn.is_empty())
}

/// How many bytes a text in Base64 stands for.
fn decoded_size(text: Option<&str>) -> usize {
    text.map_or(0, |text| text.trim_end_matches('=').len() * 3 / 4)
}

fn code_digest(parts: [&Option<String>; 5]) -> String {
    let parts: Vec<&str> = parts
        .iter()
        .map(|part| part.as_deref().unwrap_or_default())
        .collect();
    digest(&parts.join("\n"))
}

/// A runtime of a family that Lambda has; which of its releases there are is not this crate's to know.
fn check_runtime(runtime: Option<&str>) -> Result<(), AwsError> {
    const FAMILIES: [&str; 7] = [
        "dotnet", "go1.x", "java", "nodejs", "provided", "python", "ruby",
    ];
    match runtime {
        Some(runtime) if !FAMILIES.iter().any(|family| runtime.starts_with(family)) => {
            Err(AwsError::invalid_parameter(format!(
                "Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: \
                 [dotnet*, go1.x, java*, nodejs*, provided*, python*, ruby*] or be a valid ARN"
            )))
        }
        _ => Ok(()),
    }
}

fn check_role(role: &str) -> Result<(), AwsError> {
    let name = role
        .split_once(":iam::")
        .and_then(|(_, rest)| rest.split_once(":role/"));
    if role.starts_with("arn:aws")
        && name.is_some_and(|(account, name)| account.len() == 12 && !name.is_empty())
    {
        return Ok(());
    }
    Err(AwsError::constraint(
        role,
        "role",
        "Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+",
    ))
}

impl World {
    /// Sets the state of a version, which AWS moves through `Pending` to `Active` or `Failed`.
    ///
    /// # Errors
    ///
    /// `ResourceNotFoundException` if there is no such version.
    pub fn set_version_state(
        &mut self,
        function: &str,
        version: &str,
        state: VersionState,
    ) -> Result<(), AwsError> {
        let missing = self.function_not_found(function, Some(version));
        self.function_mut(function)?
            .version_mut(version)
            .ok_or(missing)?
            .state = state;
        Ok(())
    }
}
