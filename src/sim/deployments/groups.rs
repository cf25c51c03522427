//! Deployment groups: the settings that an application's deployments share.

use serde_json::Value;

use super::applications::{application, application_mut};
use super::configs::{ALL_AT_ONCE, Shift};
use super::deployment::{Deployment, Status};
use super::errors::{check_name, error, invalid_token, no_group};
use super::wire::{
    AlarmConfiguration, AutoRollbackConfiguration, CreateDeploymentGroupRequest,
    CreateDeploymentGroupResponse, DeleteDeploymentGroupRequest, DeleteDeploymentGroupResponse,
    DeploymentGroupInfo, DeploymentStyle, GetDeploymentGroupRequest, GetDeploymentGroupResponse,
    LastDeploymentInfo, ListDeploymentGroupsRequest, ListDeploymentGroupsResponse,
    UpdateDeploymentGroupRequest, UpdateDeploymentGroupResponse,
};
use super::{Deployments, PAGE};
use crate::sim::errors::AwsError;
use crate::sim::paging;
use crate::sim::streams::uuid;
use crate::sim::world::World;

/// The alarms that a group may have.
const ALARMS: usize = 10;

/// What `autoRollbackConfiguration` may name.
const ROLLBACK_EVENTS: [&str; 3] = [
    "DEPLOYMENT_FAILURE",
    "DEPLOYMENT_STOP_ON_ALARM",
    "DEPLOYMENT_STOP_ON_REQUEST",
];

/// A deployment group.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub id: String,
    pub config: String,
    pub alarms: Option<AlarmConfiguration>,
    pub auto_rollback: Option<AutoRollbackConfiguration>,
    role: String,
    triggers: Vec<Value>,
}

/// The group of that name.
pub(super) fn group<'a>(
    world: &'a World,
    application_name: &str,
    name: &str,
) -> Result<&'a Group, AwsError> {
    let application = application(world, application_name)?;
    check_name("DeploymentGroup", name)?;
    application.groups.get(name).ok_or_else(|| no_group(name))
}

pub(in crate::sim) fn create_deployment_group(
    world: &mut World,
    request: CreateDeploymentGroupRequest,
) -> Result<CreateDeploymentGroupResponse, AwsError> {
    let name = request.deployment_group_name;
    let application = application(world, &request.application_name)?;
    check_name("DeploymentGroup", &name)?;
    if application.groups.contains_key(&name) {
        return Err(exists(&name));
    }
    let config = request
        .deployment_config_name
        .unwrap_or_else(|| ALL_AT_ONCE.to_owned());
    Shift::chosen(&config)?;
    check_role(&request.service_role_arn)?;
    check_alarms(request.alarm_configuration.as_ref())?;
    check_auto_rollback(request.auto_rollback_configuration.as_ref())?;
    check_style(request.deployment_style.as_ref())?;
    let id = uuid(world.stream("deployment-settings"));
    let group = Group {
        id: id.clone(),
        config,
        alarms: request.alarm_configuration,
        auto_rollback: request.auto_rollback_configuration,
        role: request.service_role_arn,
        triggers: request.trigger_configurations.unwrap_or_default(),
    };
    application_mut(world, &request.application_name)?
        .groups
        .insert(name, group);
    Ok(CreateDeploymentGroupResponse {
        deployment_group_id: id,
    })
}

pub(in crate::sim) fn update_deployment_group(
    world: &mut World,
    request: UpdateDeploymentGroupRequest,
) -> Result<UpdateDeploymentGroupResponse, AwsError> {
    let old = request.current_deployment_group_name;
    let mut changed = group(world, &request.application_name, &old)?.clone();
    if let Some(config) = request.deployment_config_name {
        Shift::chosen(&config)?;
        changed.config = config;
    }
    if let Some(role) = request.service_role_arn {
        check_role(&role)?;
        changed.role = role;
    }
    check_alarms(request.alarm_configuration.as_ref())?;
    check_auto_rollback(request.auto_rollback_configuration.as_ref())?;
    check_style(request.deployment_style.as_ref())?;
    changed.alarms = request.alarm_configuration.or(changed.alarms);
    changed.auto_rollback = request
        .auto_rollback_configuration
        .or(changed.auto_rollback);
    changed.triggers = request.trigger_configurations.unwrap_or(changed.triggers);
    let new = request
        .new_deployment_group_name
        .unwrap_or_else(|| old.clone());
    check_name("DeploymentGroup", &new)?;
    let groups = &mut application_mut(world, &request.application_name)?.groups;
    if new != old && groups.contains_key(&new) {
        return Err(exists(&new));
    }
    groups.remove(&old);
    groups.insert(new, changed);
    Ok(UpdateDeploymentGroupResponse::default())
}

pub(in crate::sim) fn get_deployment_group(
    world: &mut World,
    request: GetDeploymentGroupRequest,
) -> Result<GetDeploymentGroupResponse, AwsError> {
    let name = request.deployment_group_name;
    let group = group(world, &request.application_name, &name)?;
    let deployments = &world.deployments;
    let attempted = deployments.newest_of(&group.id, |_| true);
    let succeeded = deployments.newest_of(&group.id, |one| one.status == Status::Succeeded);
    Ok(GetDeploymentGroupResponse {
        deployment_group_info: DeploymentGroupInfo {
            application_name: request.application_name,
            deployment_group_id: group.id.clone(),
            deployment_group_name: name,
            deployment_config_name: group.config.clone(),
            service_role_arn: group.role.clone(),
            target_revision: attempted.map(|one| one.revision.clone()),
            trigger_configurations: group.triggers.clone(),
            alarm_configuration: group.alarms.clone(),
            auto_rollback_configuration: group.auto_rollback.clone(),
            deployment_style: traffic_control(),
            last_successful_deployment: succeeded.map(last),
            last_attempted_deployment: attempted.map(last),
            compute_platform: "Lambda".to_owned(),
        },
    })
}

pub(in crate::sim) fn list_deployment_groups(
    world: &mut World,
    request: ListDeploymentGroupsRequest,
) -> Result<ListDeploymentGroupsResponse, AwsError> {
    let names = application(world, &request.application_name)?.groups.keys();
    let (deployment_groups, next_token) =
        paging::page(names.cloned(), request.next_token.as_deref(), PAGE)
            .map_err(|_| invalid_token())?;
    Ok(ListDeploymentGroupsResponse {
        application_name: request.application_name,
        deployment_groups,
        next_token,
    })
}

pub(in crate::sim) fn delete_deployment_group(
    world: &mut World,
    request: DeleteDeploymentGroupRequest,
) -> Result<DeleteDeploymentGroupResponse, AwsError> {
    check_name("Application", &request.application_name)?;
    check_name("DeploymentGroup", &request.deployment_group_name)?;
    let applications = &mut world.deployments.applications;
    // Deleting what does not exist succeeds.
    if let Some(application) = applications.get_mut(&request.application_name) {
        application.groups.remove(&request.deployment_group_name);
    }
    Ok(DeleteDeploymentGroupResponse::default())
}

impl Deployments {
    /// The newest deployment of a group that is so.
    pub(super) fn newest_of(
        &self,
        group: &str,
        wanted: impl Fn(&Deployment) -> bool,
    ) -> Option<&Deployment> {
        let mut newest_first = self.all.iter().rev();
        newest_first.find(|one| one.group_id == group && wanted(one))
    }
}

/// The one style of the Lambda platform.
pub(super) fn traffic_control() -> DeploymentStyle {
    DeploymentStyle {
        deployment_type: Some("BLUE_GREEN".to_owned()),
        deployment_option: Some("WITH_TRAFFIC_CONTROL".to_owned()),
    }
}

/// Refuses alarms that cannot be.
pub(super) fn check_alarms(given: Option<&AlarmConfiguration>) -> Result<(), AwsError> {
    let Some(given) = given else { return Ok(()) };
    let invalid = |message: &str| Err(error("InvalidAlarmConfigException", message));
    let alarms = given.alarms.as_deref().unwrap_or_default();
    if alarms.len() > ALARMS {
        let message = "The maximum number of alarms for a deployment group (10) was exceeded.";
        return Err(error("AlarmsLimitExceededException", message));
    }
    if given.enabled == Some(true) && alarms.is_empty() {
        return invalid("The alarm configuration is enabled, but it names no alarms.");
    }
    if alarms
        .iter()
        .any(|a| a.name.as_deref().is_none_or(str::is_empty))
    {
        return invalid("The alarm configuration has an alarm without a name.");
    }
    Ok(())
}

/// Refuses automatic rollbacks that cannot be.
pub(super) fn check_auto_rollback(
    given: Option<&AutoRollbackConfiguration>,
) -> Result<(), AwsError> {
    let Some(given) = given else { return Ok(()) };
    let events = given.events.as_deref().unwrap_or_default();
    let unknown = events
        .iter()
        .any(|event| !ROLLBACK_EVENTS.contains(&event.as_str()));
    if unknown || (given.enabled == Some(true) && events.is_empty()) {
        return Err(error(
            "InvalidAutoRollbackConfigException",
            "Automatic rollback is enabled, but an invalid triggering event type or no event types were listed.",
        ));
    }
    Ok(())
}

fn check_role(role: &str) -> Result<(), AwsError> {
    if role.is_empty() {
        return Err(error("RoleRequiredException", "The role ARN is required."));
    }
    if !(role.starts_with("arn:") && role.contains(":role/")) {
        let message = format!("{role} is not the ARN of a role.");
        return Err(error("InvalidRoleException", message));
    }
    Ok(())
}

fn check_style(given: Option<&DeploymentStyle>) -> Result<(), AwsError> {
    if given.is_none_or(|style| *style == traffic_control()) {
        return Ok(());
    }
    Err(error(
        "InvalidDeploymentStyleException",
        "A deployment group of the Lambda platform has deployment type BLUE_GREEN and option WITH_TRAFFIC_CONTROL.",
    ))
}

fn exists(name: &str) -> AwsError {
    let message = format!("A deployment group with the name {name} already exists");
    error("DeploymentGroupAlreadyExistsException", message)
}

fn last(deployment: &Deployment) -> LastDeploymentInfo {
    LastDeploymentInfo {
        deployment_id: deployment.id.clone(),
        status: deployment.status.as_str().to_owned(),
        end_time: deployment.completed,
        create_time: deployment.created,
    }
}
