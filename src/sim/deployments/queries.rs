//! What is asked about deployments and their targets.

use super::PAGE;
use super::deployment::{Deployment, EventStatus, Stage};
use super::deployment_wire::{
    BatchGetDeploymentsRequest, BatchGetDeploymentsResponse, DeploymentTarget,
    GetDeploymentRequest, GetDeploymentResponse, GetDeploymentTargetRequest,
    GetDeploymentTargetResponse, ListDeploymentTargetsRequest, ListDeploymentTargetsResponse,
    ListDeploymentsRequest, ListDeploymentsResponse,
};
use super::errors::{check_deployment_id, error, invalid_token};
use super::groups::group;
use crate::sim::errors::AwsError;
use crate::sim::paging;
use crate::sim::world::World;

/// Every status of CodeDeploy, those of other platforms too.
const STATUSES: [&str; 8] = [
    "Created",
    "Queued",
    "InProgress",
    "Baking",
    "Succeeded",
    "Failed",
    "Stopped",
    "Ready",
];

/// `BatchGetDeployments` takes so many.
const BATCH: usize = 25;

pub(in crate::sim) fn get_deployment(
    world: &mut World,
    request: GetDeploymentRequest,
) -> Result<GetDeploymentResponse, AwsError> {
    let index = world.deployments.find(&request.deployment_id)?;
    Ok(GetDeploymentResponse {
        deployment_info: world.deployments.all[index].described(),
    })
}

pub(in crate::sim) fn batch_get_deployments(
    world: &mut World,
    request: BatchGetDeploymentsRequest,
) -> Result<BatchGetDeploymentsResponse, AwsError> {
    let ids = request.deployment_ids;
    if ids.is_empty() {
        check_deployment_id("")?;
    }
    if ids.len() > BATCH {
        let message = format!("At most {BATCH} deployments can be asked for at once.");
        return Err(error("BatchLimitExceededException", message));
    }
    ids.iter().try_for_each(|id| check_deployment_id(id))?;
    let found = ids.iter().filter_map(|id| world.deployments.find(id).ok());
    let deployments_info = found
        .map(|index| world.deployments.all[index].described())
        .collect();
    Ok(BatchGetDeploymentsResponse { deployments_info })
}

pub(in crate::sim) fn list_deployments(
    world: &mut World,
    request: ListDeploymentsRequest,
) -> Result<ListDeploymentsResponse, AwsError> {
    if request.external_id.is_some() || request.create_time_range.is_some() {
        let message = "externalId and createTimeRange are not simulated.";
        return Err(error("InvalidInputException", message));
    }
    let wanted = request.include_only_statuses.unwrap_or_default();
    if let Some(unknown) = wanted.iter().find(|one| !STATUSES.contains(&one.as_str())) {
        let message = format!("'{unknown}' is not the status of a deployment.");
        return Err(error("InvalidDeploymentStatusException", message));
    }
    let (application, name) = (request.application_name, request.deployment_group_name);
    let group_id = match (&application, &name) {
        (None, None) => None,
        // One without the other lacks a name, which is AWS's error too.
        _ => {
            let (application, name) = (application.unwrap_or_default(), name.unwrap_or_default());
            Some(group(world, &application, &name)?.id.clone())
        }
    };
    let newest_first = world.deployments.all.iter().rev();
    let ids = newest_first
        .filter(|one| group_id.as_ref().is_none_or(|id| *id == one.group_id))
        .filter(|one| wanted.is_empty() || wanted.iter().any(|word| word == one.status.as_str()))
        .map(|one| one.id.clone());
    let (deployments, next_token) =
        paging::page(ids, request.next_token.as_deref(), PAGE).map_err(|_| invalid_token())?;
    Ok(ListDeploymentsResponse {
        deployments,
        next_token,
    })
}

pub(in crate::sim) fn list_deployment_targets(
    world: &mut World,
    request: ListDeploymentTargetsRequest,
) -> Result<ListDeploymentTargetsResponse, AwsError> {
    let deployment = started(world, &request.deployment_id)?;
    let known = is_known(world, deployment).then(|| deployment.target_id());
    let (target_ids, next_token) =
        paging::page(known, request.next_token.as_deref(), PAGE).map_err(|_| invalid_token())?;
    Ok(ListDeploymentTargetsResponse {
        target_ids,
        next_token,
    })
}

pub(in crate::sim) fn get_deployment_target(
    world: &mut World,
    request: GetDeploymentTargetRequest,
) -> Result<GetDeploymentTargetResponse, AwsError> {
    let deployment = started(world, &request.deployment_id)?;
    let id = request.target_id;
    if id.is_empty() {
        let message = "A deployment target ID is required.";
        return Err(error("DeploymentTargetIdRequiredException", message));
    }
    if id != deployment.target_id() || !is_known(world, deployment) {
        let message = format!("The deployment target {id} does not exist.");
        return Err(error("DeploymentTargetDoesNotExistException", message));
    }
    let arn = world.function_arn(deployment.function(), Some(&deployment.spec.alias));
    Ok(GetDeploymentTargetResponse {
        deployment_target: DeploymentTarget {
            deployment_target_type: "LambdaTarget".to_owned(),
            lambda_target: deployment.target(arn),
        },
    })
}

/// A deployment that has targets to speak of.
fn started<'a>(world: &'a World, id: &str) -> Result<&'a Deployment, AwsError> {
    let deployment = &world.deployments.all[world.deployments.find(id)?];
    if deployment.started.is_none() {
        let message = format!("The deployment {id} has not started.");
        return Err(error("DeploymentNotStartedException", message));
    }
    Ok(deployment)
}

/// Whether the target is known yet; see [`World::set_targets_late`].
fn is_known(world: &World, deployment: &Deployment) -> bool {
    let opened = deployment.event(Stage::Traffic).status != EventStatus::Pending;
    opened || !world.deployments.targets_late
}
