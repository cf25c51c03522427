//! Gathering what the preflight needs to know.

use super::error::{CallError, Kind};
use super::function_name::{BadFunctionName, FunctionName};
use super::in_flight::{InFlight, in_flight};
use super::{Session, alias};
use crate::rollout::Version;
use crate::rollout::preflight::{Facts, TIMEOUT_MAX, VersionFacts};

/// The tag that CloudFormation puts on what it manages.
const STACK_TAG: &str = "aws:cloudformation:stack-name";

/// Why the facts could not be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GatherError {
    /// A call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The function was named in another account or region.
    #[error(transparent)]
    Name(#[from] BadFunctionName),
}

/// The facts, and what could not be found out but does not forbid a start.
#[derive(Debug, Clone, PartialEq)]
pub struct Gathered {
    /// The facts.
    pub facts: Facts,
    /// Said to the person.
    pub warnings: Vec<String>,
}

/// Reads everything that the preflight judges by.
///
/// # Errors
/// If the alias or the versions could not be read, or belong to another account or region.
pub async fn gather(
    session: &Session,
    function: &FunctionName,
    alias_name: &str,
    canary: Version,
) -> Result<Gathered, GatherError> {
    function.check_region(session.region())?;
    let alias = alias::get(&session.lambda, function.as_str(), alias_name).await?;
    let stable = match alias.version.parse() {
        Ok(version) => version_facts(session, function, version).await?,
        Err(_) => None,
    };
    let canary = version_facts(session, function, canary).await?;
    let mut warnings = Vec::new();
    let mut stack = None;
    if let Some(found) = stable.as_ref().or(canary.as_ref()) {
        function.check_account(&found.arn)?;
        match stack_of(session, &found.arn).await {
            Ok(name) => stack = name,
            Err(error) => warnings.push(format!(
                "could not tell whether a CloudFormation stack manages this function ({error})"
            )),
        }
    }
    let facts = Facts {
        alias,
        stable: stable.map(|found| found.facts),
        canary: canary.map(|found| found.facts),
        stack,
        deployment: None,
    };
    Ok(Gathered { facts, warnings })
}

/// The longest that an invocation of one of these versions may take, in seconds: the larger
/// time-out; of a version that is not there, or whose configuration may not be read, the longest
/// that Lambda allows.
///
/// # Errors
/// If Lambda could not be asked now.
pub async fn timeout(
    session: &Session,
    function: &FunctionName,
    versions: [Version; 2],
) -> Result<u32, CallError> {
    let mut longest = 0;
    for version in versions {
        let found = match version_facts(session, function, version).await {
            Ok(found) => found,
            Err(error) if error.kind == Kind::Passing => return Err(error),
            Err(_) => None,
        };
        longest = longest.max(found.map_or(TIMEOUT_MAX, |found| found.facts.timeout));
    }
    Ok(longest)
}

impl Gathered {
    /// Also looks for a deployment of CodeDeploy that shifts the alias: a second writer, whoever
    /// is not its hook.
    pub async fn with_deployment(
        mut self,
        session: &Session,
        function: &FunctionName,
        alias_name: &str,
    ) -> Self {
        match in_flight(session, function, alias_name).await {
            InFlight::Found(id) => self.facts.deployment = Some(id.as_str().to_owned()),
            InFlight::Nothing => {}
            InFlight::Unknown(why) => self.warnings.push(format!(
                "could not tell whether CodeDeploy is shifting this alias ({why})"
            )),
        }
        self
    }
}

/// Asks for the function itself, which also tells AWS's time.
///
/// # Errors
/// If it could not be read, or was named in another account.
pub async fn find(session: &Session, function: &FunctionName) -> Result<(), GatherError> {
    let found = session
        .lambda
        .get_function_configuration()
        .function_name(function.as_str())
        .send()
        .await
        .map_err(|error| CallError::of("GetFunctionConfiguration", &error))?;
    function.check_account(found.function_arn().unwrap_or_default())?;
    Ok(())
}

/// The longest that an invocation of this version may take, in seconds; `None` if the version does
/// not exist any more.
///
/// # Errors
/// If it could not be read.
pub async fn timeout_of(
    session: &Session,
    function: &FunctionName,
    version: Version,
) -> Result<Option<u32>, CallError> {
    let found = version_facts(session, function, version).await?;
    Ok(found.map(|found| found.facts.timeout))
}

struct Found {
    arn: String,
    facts: VersionFacts,
}

async fn version_facts(
    session: &Session,
    function: &FunctionName,
    version: Version,
) -> Result<Option<Found>, CallError> {
    let answer = session
        .lambda
        .get_function_configuration()
        .function_name(function.as_str())
        .qualifier(version.to_string())
        .send()
        .await
        .map_err(|error| CallError::of("GetFunctionConfiguration", &error));
    match answer {
        Ok(found) => Ok(Some(Found {
            arn: found.function_arn.unwrap_or_default(),
            facts: VersionFacts {
                state: found.state.map(|state| state.as_str().to_owned()),
                state_reason: found.state_reason,
                role: found.role.unwrap_or_default(),
                dead_letter: found
                    .dead_letter_config
                    .and_then(|config| config.target_arn),
                timeout: found
                    .timeout
                    .and_then(|seconds| u32::try_from(seconds).ok())
                    .unwrap_or(TIMEOUT_MAX),
            },
        })),
        Err(error) if error.kind == Kind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

async fn stack_of(session: &Session, version_arn: &str) -> Result<Option<String>, CallError> {
    // Tags belong to the function: its ARN without the version.
    let function_arn: Vec<&str> = version_arn.split(':').take(7).collect();
    let tags = session
        .lambda
        .list_tags()
        .resource(function_arn.join(":"))
        .send()
        .await
        .map_err(|error| CallError::of("ListTags", &error))?;
    Ok(tags.tags.and_then(|tags| tags.get(STACK_TAG).cloned()))
}
