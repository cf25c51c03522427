//! Simulated CodeDeploy: applications, deployment groups, and deployments of Lambda functions.
//!
//! A deployment runs through `Start → BeforeAllowTraffic → AllowTraffic → AfterAllowTraffic → End`
//! in the world's time (`progress`); hooks are functions that answer through
//! `PutLifecycleEventHookExecutionStatus` (`hooks`); what fails or is stopped may be rolled back
//! by a deployment of its own (`ending`). The alias is written by the code behind `UpdateAlias`,
//! so its `RevisionId` moves and everybody else's optimistic lock works.
//!
//! Where AWS is silent, the choices are: a deployment that is refused at Start has changed nothing
//! and is not rolled back; a rollback ignores alarms, is never rolled back itself, and fails rather
//! than overwrite an alias that refers to a version it does not know; `targetVersionWeight` is a
//! percentage (0 to 100); alarms can always be read, so `ignorePollAlarmFailure` is only kept.
//! Roles and triggers are stored and not used.
//!
//! What it refuses to know: how a hook does its work, and what a rollout is.

mod alias;
mod applications;
mod appspec;
mod configs;
mod create;
mod deployment;
mod deployment_wire;
mod ending;
mod errors;
mod groups;
mod hooks;
mod overview;
mod progress;
mod queries;
mod revisions;
mod wire;

pub use deployment_wire::*;
pub use overview::{DeploymentSummary, EventSummary, OpenHook};
pub use wire::*;

pub(super) use applications::{
    create_application, delete_application, get_application, list_applications,
};
pub(super) use configs::{get_deployment_config, list_deployment_configs};
pub(super) use create::{STARTING, create_deployment};
pub(super) use ending::stop_deployment;
pub(super) use groups::{
    create_deployment_group, delete_deployment_group, get_deployment_group, list_deployment_groups,
    update_deployment_group,
};
pub(super) use hooks::put_lifecycle_event_hook_execution_status;
pub(super) use progress::{BETWEEN, POLL, run_due};
pub(super) use queries::{
    batch_get_deployments, get_deployment, get_deployment_target, list_deployment_targets,
    list_deployments,
};
pub(super) use revisions::get_application_revision;

use std::collections::BTreeMap;

use applications::Application;
use deployment::Deployment;

use super::errors::AwsError;
use super::world::World;

/// Pages hold at most so many.
const PAGE: usize = 100;

/// What CodeDeploy makes of somebody else's edit of the alias between Start and AllowTraffic.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Strictness {
    /// What AWS documents: as AllowTraffic begins, the alias must be at `CurrentVersion` and carry
    /// no second version. What happened to it before does not matter.
    #[default]
    Lenient,
    /// The alias must have the very `RevisionId` that it had at Start: any write fails the
    /// deployment, also one that was taken back. A rollback is not held to this.
    Strict,
}

/// All applications and deployments.
#[derive(Debug, Clone, Default)]
pub(super) struct Deployments {
    applications: BTreeMap<String, Application>,
    /// Every deployment that ever was, the oldest first; an index into it stays good.
    all: Vec<Deployment>,
    strictness: Strictness,
    targets_late: bool,
}

impl Deployments {
    /// The second in which the next deployment has something to do.
    pub fn next_due(&self) -> Option<i64> {
        self.all.iter().filter_map(Deployment::next_due).min()
    }

    /// The application and the group of a deployment.
    pub fn group_of(&self, id: &str) -> Option<(&str, &str)> {
        let found = self.all.iter().find(|deployment| deployment.id == id)?;
        Some((&found.application, &found.group))
    }

    /// Where the deployment of that id is.
    fn find(&self, id: &str) -> Result<usize, AwsError> {
        errors::check_deployment_id(id)?;
        self.all
            .iter()
            .position(|deployment| deployment.id == id)
            .ok_or_else(|| errors::no_deployment(id))
    }
}

impl World {
    /// Chooses what CodeDeploy makes of an alias that was edited while a deployment runs.
    pub fn set_codedeploy(&mut self, strictness: Strictness) {
        self.deployments.strictness = strictness;
    }

    /// Whether a deployment has no targets until its traffic opens, as may happen on AWS; clients
    /// then have to read the revision.
    pub fn set_targets_late(&mut self, late: bool) {
        self.deployments.targets_late = late;
    }
}

#[cfg(test)]
mod alarm_tests;
#[cfg(test)]
mod alias_tests;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod hook_tests;
#[cfg(test)]
mod lifecycle_tests;
#[cfg(test)]
mod refusal_tests;
#[cfg(test)]
mod rollback_tests;
