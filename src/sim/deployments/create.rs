//! How deployments begin: by a request, or as the rollback of another one.

use rand::RngExt;

use super::appspec::AppSpec;
use super::configs::{ALL_AT_ONCE, Shift};
use super::deployment::{Deployment, ROLLBACK, Status, Step};
use super::deployment_wire::{CreateDeploymentRequest, CreateDeploymentResponse};
use super::errors::error;
use super::groups::{Group, check_alarms, check_auto_rollback, group};
use super::revisions::{self, Given};
use super::wire::{AlarmConfiguration, RevisionLocation};
use crate::sim::errors::AwsError;
use crate::sim::world::World;

/// Seconds from a deployment's creation to `Queued`, and from there to Start.
pub(in crate::sim) const STARTING: i64 = 1;

pub(in crate::sim) fn create_deployment(
    world: &mut World,
    request: CreateDeploymentRequest,
) -> Result<CreateDeploymentResponse, AwsError> {
    world.create_deployment_as("user", request)
}

impl World {
    /// `CreateDeployment` by somebody else than a user, such as `CloudFormation` or
    /// `CloudFormationRollback`.
    ///
    /// # Errors
    ///
    /// As `CreateDeployment`.
    pub fn create_deployment_as(
        &mut self,
        creator: &str,
        request: CreateDeploymentRequest,
    ) -> Result<CreateDeploymentResponse, AwsError> {
        let group = group(
            self,
            &request.application_name,
            &request.deployment_group_name,
        )?
        .clone();
        check_alarms(request.override_alarm_configuration.as_ref())?;
        check_auto_rollback(request.auto_rollback_configuration.as_ref())?;
        let revision = request
            .revision
            .ok_or_else(|| error("RevisionRequiredException", "The revision is required."))?;
        let given = Given::read(revision)?;
        let spec = AppSpec::parse(&revisions::text(self, &request.application_name, &given)?)?;
        let config = request
            .deployment_config_name
            .unwrap_or_else(|| group.config.clone());
        let shift = Shift::chosen(&config)?;
        check_idle(self, &request.deployment_group_name, &group)?;

        let override_alarms = request.override_alarm_configuration;
        let new = Deployment {
            config,
            shift,
            description: request.description,
            alarms: names(override_alarms.as_ref().or(group.alarms.as_ref())),
            override_alarms,
            auto_rollback: request
                .auto_rollback_configuration
                .or_else(|| group.auto_rollback.clone()),
            application: request.application_name,
            group: request.deployment_group_name,
            group_id: group.id,
            creator: creator.to_owned(),
            ..blank(self, spec)
        };
        let deployment_id = add(self, new, &given)?;
        Ok(CreateDeploymentResponse { deployment_id })
    }
}

/// Begins the rollback of a deployment: its versions change places, all traffic at once, its hooks
/// run again, and no alarm can stop it. Answers the new id.
pub(super) fn create_rollback(world: &mut World, of: &Deployment) -> Result<String, AwsError> {
    let spec = of.spec.reversed();
    let given = Given::written(spec.to_text());
    let new = Deployment {
        config: ALL_AT_ONCE.to_owned(),
        description: Some(format!("Rollback of deployment {}", of.id)),
        application: of.application.clone(),
        group: of.group.clone(),
        group_id: of.group_id.clone(),
        creator: ROLLBACK.to_owned(),
        ..blank(world, spec)
    };
    add(world, new, &given)
}

/// A deployment of that AppSpec, with nothing else said, that starts soon.
fn blank(world: &mut World, spec: AppSpec) -> Deployment {
    Deployment {
        id: next_id(world),
        application: String::new(),
        group: String::new(),
        group_id: String::new(),
        config: String::new(),
        shift: Shift::AllAtOnce,
        creator: String::new(),
        description: None,
        spec,
        revision: RevisionLocation::default(),
        previous_revision: None,
        auto_rollback: None,
        override_alarms: None,
        alarms: Vec::new(),
        rollback: None,
        status: Status::Created,
        error: None,
        created: world.now,
        started: None,
        completed: None,
        updated: world.now,
        events: Deployment::pending_events(),
        hooks: Vec::new(),
        percent: 0,
        seen_revision: None,
        due: Some((world.now.as_second() + STARTING, Step::Queue)),
        poll: None,
    }
}

fn add(world: &mut World, mut new: Deployment, given: &Given) -> Result<String, AwsError> {
    let text = revisions::text(world, &new.application, given)?;
    new.revision = revisions::register(world, &new.application, &new.group, given, &text)?;
    new.previous_revision = world
        .deployments
        .newest_of(&new.group_id, |one| one.status == Status::Succeeded)
        .map(|one| one.revision.clone());
    let id = new.id.clone();
    world.deployments.all.push(new);
    Ok(id)
}

/// A group has one deployment at a time.
fn check_idle(world: &World, name: &str, group: &Group) -> Result<(), AwsError> {
    let running = world
        .deployments
        .newest_of(&group.id, |one| !one.status.is_final());
    match running {
        None => Ok(()),
        Some(other) => Err(error(
            "DeploymentLimitExceededException",
            format!(
                "The Deployment Group '{name}' already has an active Deployment '{}'",
                other.id
            ),
        )),
    }
}

fn names(alarms: Option<&AlarmConfiguration>) -> Vec<String> {
    let enabled = alarms.filter(|alarms| alarms.enabled == Some(true));
    let listed = enabled.and_then(|alarms| alarms.alarms.as_deref());
    let listed = listed.unwrap_or_default().iter();
    listed.filter_map(|alarm| alarm.name.clone()).collect()
}

/// An id that no deployment has.
fn next_id(world: &mut World) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    loop {
        let stream = world.stream("deployments");
        let drawn = (0..9).map(|_| char::from(LETTERS[stream.random_range(0..LETTERS.len())]));
        let id = format!("d-{}", drawn.collect::<String>());
        if world.deployments.find(&id).is_err() {
            return id;
        }
    }
}
