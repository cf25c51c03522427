//! The alias of a deployment: what it must look like, and how CodeDeploy writes it.
//!
//! Written through the code behind `UpdateAlias`, but not in the trace: nobody asked for it.
//! As CodeDeploy's writes are not conditional, an edit by somebody else between two shifts is
//! overwritten by the second one.

use std::collections::BTreeMap;

use super::Strictness;
use super::deployment::{Deployment, Stage};
use super::deployment_wire::ErrorInformation;
use crate::sim::errors::AwsError;
use crate::sim::lambda::{
    self, AliasConfiguration, AliasRoutingConfiguration, GetAliasRequest,
    GetFunctionConfigurationRequest, UpdateAliasRequest,
};
use crate::sim::world::World;

/// Looks at the alias as a stage of the deployment begins; answers its revision if it is good.
pub(super) fn inspect(
    world: &mut World,
    deployment: &Deployment,
) -> Result<String, ErrorInformation> {
    let spec = &deployment.spec;
    let request = GetAliasRequest {
        function_name: spec.function.clone(),
        name: spec.alias.clone(),
    };
    let alias = lambda::get_alias(world, request).map_err(unusable)?;
    for version in [&spec.current, &spec.target] {
        check_version(world, &spec.function, version)?;
    }
    if deployment.is_rollback() {
        check_known(deployment, &alias)?;
    } else {
        check_untouched(deployment, &alias)?;
        check_unedited(world.deployments.strictness, deployment, &alias)?;
    }
    Ok(alias.revision_id)
}

/// Sends that percentage to the target version; all of it moves the alias there.
pub(super) fn write(
    world: &mut World,
    deployment: &Deployment,
    percent: u32,
) -> Result<(), ErrorInformation> {
    let spec = &deployment.spec;
    let (version, weights) = if percent >= 100 {
        (&spec.target, BTreeMap::new())
    } else {
        let weight = f64::from(percent) / 100.0;
        (
            &spec.current,
            BTreeMap::from([(spec.target.clone(), weight)]),
        )
    };
    let request = UpdateAliasRequest {
        function_name: spec.function.clone(),
        name: spec.alias.clone(),
        function_version: Some(version.clone()),
        // An empty map is sent too: absent weights would stay.
        routing_config: Some(AliasRoutingConfiguration {
            additional_version_weights: Some(weights),
        }),
        ..UpdateAliasRequest::default()
    };
    lambda::update_alias(world, request)
        .map(drop)
        .map_err(unusable)
}

/// The alias is where the AppSpec says, and there alone.
fn check_untouched(
    deployment: &Deployment,
    alias: &AliasConfiguration,
) -> Result<(), ErrorInformation> {
    let (spec, name) = (&deployment.spec, deployment.target_id());
    if spec.current == spec.target {
        return Err(configuration(format!(
            "CurrentVersion and TargetVersion of {name} are both {}; there is nothing to deploy.",
            spec.target
        )));
    }
    if alias.function_version != spec.current {
        return Err(configuration(format!(
            "The alias {name} is at version {}, not at the CurrentVersion {} of the AppSpec file.",
            alias.function_version, spec.current
        )));
    }
    if let Some(second) = weights(alias).keys().next() {
        return Err(configuration(format!(
            "The alias {name} refers to two versions, {} and {second}; a deployment needs it at one.",
            alias.function_version
        )));
    }
    Ok(())
}

/// Nobody wrote the alias since Start, if that matters.
fn check_unedited(
    strictness: Strictness,
    deployment: &Deployment,
    alias: &AliasConfiguration,
) -> Result<(), ErrorInformation> {
    let edited = deployment
        .seen_revision
        .as_ref()
        .is_some_and(|seen| *seen != alias.revision_id);
    if strictness == Strictness::Lenient || !edited {
        return Ok(());
    }
    Err(configuration(format!(
        "The alias {} was changed between Start and {}: its RevisionId is another.",
        deployment.target_id(),
        Stage::Traffic.as_str()
    )))
}

/// A rollback may meet weights, but only of its own two versions.
fn check_known(
    deployment: &Deployment,
    alias: &AliasConfiguration,
) -> Result<(), ErrorInformation> {
    let (spec, weights) = (&deployment.spec, weights(alias));
    let mut versions = weights.keys().chain([&alias.function_version]);
    match versions.find(|version| **version != spec.current && **version != spec.target) {
        None => Ok(()),
        Some(other) => Err(configuration(format!(
            "The alias {} refers to version {other}, which is not of this rollback from {} to {}.",
            deployment.target_id(),
            spec.current,
            spec.target
        ))),
    }
}

fn check_version(world: &mut World, function: &str, version: &str) -> Result<(), ErrorInformation> {
    if !version.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(configuration(format!(
            "'{version}' is not the number of a published version; traffic cannot be shifted to or from it."
        )));
    }
    let request = GetFunctionConfigurationRequest {
        function_name: function.to_owned(),
        qualifier: Some(version.to_owned()),
    };
    lambda::get_function_configuration(world, request)
        .map(drop)
        .map_err(unusable)
}

fn weights(alias: &AliasConfiguration) -> BTreeMap<String, f64> {
    alias
        .routing_config
        .as_ref()
        .and_then(|routing| routing.additional_version_weights.clone())
        .unwrap_or_default()
}

fn configuration(message: String) -> ErrorInformation {
    ErrorInformation {
        code: "INVALID_LAMBDA_CONFIGURATION".to_owned(),
        message,
    }
}

/// What Lambda refused.
fn unusable(error: AwsError) -> ErrorInformation {
    configuration(format!("Lambda answered {error}"))
}
