//! One deployment: what it is to do, how far it is, and how AWS shows it.

use jiff::Timestamp;

use super::appspec::AppSpec;
use super::configs::Shift;
use super::deployment_wire::{
    DeploymentInfo, DeploymentOverview, Diagnostics, ErrorInformation, LambdaFunctionInfo,
    LambdaTarget, LifecycleEvent, RollbackInfo,
};
use super::groups::traffic_control;
use super::hooks::Hook;
use super::wire::{AlarmConfiguration, AutoRollbackConfiguration, RevisionLocation};

/// The creator of a deployment that rolls another one back.
pub(super) const ROLLBACK: &str = "codeDeployRollback";

/// A deployment's status. `Baking` and `Ready` belong to other platforms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Created,
    Queued,
    InProgress,
    Succeeded,
    Failed,
    Stopped,
}

impl Status {
    /// CodeDeploy's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "Created",
            Self::Queued => "Queued",
            Self::InProgress => "InProgress",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Stopped => "Stopped",
        }
    }

    /// Whether nothing comes after it.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Stopped)
    }
}

/// A lifecycle event that is shown; Start and End are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Before,
    Traffic,
    After,
}

impl Stage {
    /// CodeDeploy's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Before => "BeforeAllowTraffic",
            Self::Traffic => "AllowTraffic",
            Self::After => "AfterAllowTraffic",
        }
    }
}

/// What a deployment does when it is next due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Queue,
    Start,
    Enter(Stage),
    /// A hook has the time until then to answer.
    Expire(Stage),
    Shift,
    End,
}

/// How far a lifecycle event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EventStatus {
    Pending,
    InProgress,
    Succeeded,
    Failed,
    Skipped,
}

impl EventStatus {
    /// CodeDeploy's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::InProgress => "InProgress",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Skipped => "Skipped",
        }
    }
}

/// A lifecycle event.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub stage: Stage,
    pub status: EventStatus,
    pub started: Option<Timestamp>,
    pub ended: Option<Timestamp>,
    pub diagnostics: Option<Diagnostics>,
}

impl Event {
    fn pending(stage: Stage) -> Self {
        Self {
            stage,
            status: EventStatus::Pending,
            started: None,
            ended: None,
            diagnostics: None,
        }
    }

    fn described(&self) -> LifecycleEvent {
        LifecycleEvent {
            lifecycle_event_name: self.stage.as_str().to_owned(),
            diagnostics: self.diagnostics.clone(),
            start_time: self.started,
            end_time: self.ended,
            status: self.status.as_str().to_owned(),
        }
    }
}

/// A deployment.
#[derive(Debug, Clone)]
pub(super) struct Deployment {
    pub id: String,
    pub application: String,
    pub group: String,
    pub group_id: String,
    pub config: String,
    pub shift: Shift,
    pub creator: String,
    pub description: Option<String>,
    pub spec: AppSpec,
    /// Without the text, as AWS shows it.
    pub revision: RevisionLocation,
    pub previous_revision: Option<RevisionLocation>,
    pub auto_rollback: Option<AutoRollbackConfiguration>,
    pub override_alarms: Option<AlarmConfiguration>,
    /// The alarms that stop it.
    pub alarms: Vec<String>,
    pub rollback: Option<RollbackInfo>,

    pub status: Status,
    pub error: Option<ErrorInformation>,
    pub created: Timestamp,
    pub started: Option<Timestamp>,
    pub completed: Option<Timestamp>,
    pub updated: Timestamp,
    pub events: [Event; 3],
    pub hooks: Vec<Hook>,
    /// The percentage at the target version.
    pub percent: u32,
    /// The alias' revision as Start found it good; absent before, and for good if it was refused.
    pub seen_revision: Option<String>,
    /// The second of the next step, unless it is over.
    pub due: Option<(i64, Step)>,
    /// The second of the next look at the alarms.
    pub poll: Option<i64>,
}

impl Deployment {
    /// The events of a deployment that has not begun.
    pub fn pending_events() -> [Event; 3] {
        [Stage::Before, Stage::Traffic, Stage::After].map(Event::pending)
    }

    /// The second in which something happens to it.
    pub fn next_due(&self) -> Option<i64> {
        let step = self.due.map(|(second, _)| second);
        step.into_iter().chain(self.poll).min()
    }

    pub fn is_rollback(&self) -> bool {
        self.creator == ROLLBACK
    }

    pub fn event(&self, stage: Stage) -> &Event {
        &self.events[stage as usize]
    }

    /// An event begins.
    pub fn begin(&mut self, stage: Stage, now: Timestamp) {
        let event = &mut self.events[stage as usize];
        event.status = EventStatus::InProgress;
        event.started = Some(now);
        self.updated = now;
    }

    /// An event ends well.
    pub fn succeed(&mut self, stage: Stage, now: Timestamp) {
        let event = &mut self.events[stage as usize];
        event.status = EventStatus::Succeeded;
        event.ended = Some(now);
        self.updated = now;
    }

    /// Whatever runs has failed, and what would come next is skipped.
    pub fn break_off(&mut self, diagnostics: &Diagnostics, now: Timestamp) {
        for event in &mut self.events {
            match event.status {
                EventStatus::InProgress => {
                    event.status = EventStatus::Failed;
                    event.ended = Some(now);
                    event.diagnostics = Some(diagnostics.clone());
                }
                EventStatus::Pending => event.status = EventStatus::Skipped,
                EventStatus::Succeeded | EventStatus::Failed | EventStatus::Skipped => {}
            }
        }
        for hook in &mut self.hooks {
            hook.open = false;
        }
        self.due = None;
        self.poll = None;
        self.completed = Some(now);
        self.updated = now;
    }

    /// The function's bare name.
    pub fn function(&self) -> &str {
        self.spec
            .function
            .rsplit(':')
            .next()
            .unwrap_or(&self.spec.function)
    }

    /// The id of its one target.
    pub fn target_id(&self) -> String {
        format!("{}:{}", self.function(), self.spec.alias)
    }

    /// As `GetDeployment` shows it.
    pub fn described(&self) -> DeploymentInfo {
        DeploymentInfo {
            application_name: self.application.clone(),
            deployment_group_name: self.group.clone(),
            deployment_config_name: self.config.clone(),
            deployment_id: self.id.clone(),
            previous_revision: self.previous_revision.clone(),
            revision: self.revision.clone(),
            status: self.status.as_str().to_owned(),
            error_information: self.error.clone(),
            create_time: self.created,
            start_time: self.started,
            complete_time: self.completed,
            deployment_overview: self.started.map(|_| self.overview()),
            description: self.description.clone(),
            creator: self.creator.clone(),
            ignore_application_stop_failures: false,
            auto_rollback_configuration: self.auto_rollback.clone(),
            update_outdated_instances_only: false,
            rollback_info: self.rollback.clone(),
            deployment_style: traffic_control(),
            instance_termination_wait_time_started: false,
            deployment_status_messages: Vec::new(),
            compute_platform: "Lambda".to_owned(),
            override_alarm_configuration: self.override_alarms.clone(),
        }
    }

    /// As `GetDeploymentTarget` shows it.
    pub fn target(&self, arn: String) -> LambdaTarget {
        LambdaTarget {
            deployment_id: self.id.clone(),
            target_id: self.target_id(),
            target_arn: arn,
            status: self.target_status().to_owned(),
            last_updated_at: self.updated,
            lifecycle_events: self.events.iter().map(Event::described).collect(),
            lambda_function_info: LambdaFunctionInfo {
                function_name: self.function().to_owned(),
                function_alias: self.spec.alias.clone(),
                current_version: self.spec.current.clone(),
                target_version: self.spec.target.clone(),
                target_version_weight: f64::from(self.percent),
            },
        }
    }

    fn target_status(&self) -> &'static str {
        match self.status {
            Status::Created | Status::Queued => "Pending",
            Status::InProgress => "InProgress",
            Status::Succeeded => "Succeeded",
            // A target has no word for stopped.
            Status::Failed | Status::Stopped => "Failed",
        }
    }

    fn overview(&self) -> DeploymentOverview {
        let is = |status| i64::from(self.target_status() == status);
        DeploymentOverview {
            pending: is("Pending"),
            in_progress: is("InProgress"),
            succeeded: is("Succeeded"),
            failed: is("Failed"),
            skipped: 0,
            ready: 0,
        }
    }
}
