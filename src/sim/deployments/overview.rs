//! Deployments as people want to see them, and the hooks that wait for an answer.

use jiff::Timestamp;
use serde::Serialize;

use super::deployment::{Deployment, Event};
use crate::sim::world::World;

/// A hook that was invoked and has not answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenHook {
    /// The deployment's id.
    pub deployment: String,
    /// `BeforeAllowTraffic` or `AfterAllowTraffic`.
    pub lifecycle_event: String,
    /// The function, as the AppSpec names it.
    pub function: String,
    /// What the answer has to carry.
    pub hook_execution_id: String,
    /// When it was invoked.
    pub since: Timestamp,
}

/// A lifecycle event at one glance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventSummary {
    /// Its name.
    pub name: &'static str,
    /// `Pending`, `InProgress`, `Succeeded`, `Failed` or `Skipped`.
    pub status: &'static str,
}

/// A deployment at one glance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeploymentSummary {
    /// Its id.
    pub id: String,
    /// The application's name.
    pub application: String,
    /// The deployment group's name.
    pub group: String,
    /// How the traffic is shifted.
    pub config: String,
    /// Who began it; `codeDeployRollback` for a rollback.
    pub creator: String,
    /// Its status, in CodeDeploy's words.
    pub status: &'static str,
    /// `<function>:<alias>`.
    pub target: String,
    /// The version that it started from.
    pub current_version: String,
    /// The version that it goes to.
    pub target_version: String,
    /// The percentage at the target version, as far as the deployment itself shifted it.
    pub weight: u32,
    /// The lifecycle events, in their order.
    pub lifecycle_events: Vec<EventSummary>,
    /// Why it failed or was stopped.
    pub error: Option<String>,
    /// The deployment that rolls it back.
    pub rollback: Option<String>,
    /// When it was created.
    pub created: Timestamp,
    /// When it ended.
    pub completed: Option<Timestamp>,
}

impl World {
    /// The hooks that wait for an answer, the oldest deployment's first.
    #[must_use]
    pub fn open_hooks(&self) -> Vec<OpenHook> {
        let all = self.deployments.all.iter();
        all.flat_map(|deployment| {
            let open = deployment.hooks.iter().filter(|hook| hook.open);
            open.map(|hook| OpenHook {
                deployment: deployment.id.clone(),
                lifecycle_event: hook.stage.as_str().to_owned(),
                function: deployment
                    .spec
                    .hooks
                    .get(hook.stage.as_str())
                    .cloned()
                    .unwrap_or_default(),
                hook_execution_id: hook.id.clone(),
                since: hook.since,
            })
        })
        .collect()
    }

    /// Every deployment, the oldest first.
    #[must_use]
    pub fn deployments_overview(&self) -> Vec<DeploymentSummary> {
        self.deployments.all.iter().map(summary).collect()
    }
}

fn summary(deployment: &Deployment) -> DeploymentSummary {
    let event = |event: &Event| EventSummary {
        name: event.stage.as_str(),
        status: event.status.as_str(),
    };
    DeploymentSummary {
        id: deployment.id.clone(),
        application: deployment.application.clone(),
        group: deployment.group.clone(),
        config: deployment.config.clone(),
        creator: deployment.creator.clone(),
        status: deployment.status.as_str(),
        target: deployment.target_id(),
        current_version: deployment.spec.current.clone(),
        target_version: deployment.spec.target.clone(),
        weight: deployment.percent,
        lifecycle_events: deployment.events.iter().map(event).collect(),
        error: deployment
            .error
            .as_ref()
            .map(|error| format!("{}: {}", error.code, error.message)),
        rollback: deployment
            .rollback
            .as_ref()
            .and_then(|info| info.rollback_deployment_id.clone()),
        created: deployment.created,
        completed: deployment.completed,
    }
}
