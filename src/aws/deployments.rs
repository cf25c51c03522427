//! CodeDeploy: what a hook needs to know of its deployment, its answer, and stopping.

use aws_sdk_codedeploy::Client;
use aws_sdk_codedeploy::types::{
    ComputePlatform, DeploymentInfo, LambdaTarget, LifecycleEventStatus, RevisionLocation,
    TrafficRoutingConfig, TrafficRoutingType,
};
use jiff::Timestamp;

use super::error::CallError;
use crate::rollout::Shift;
use crate::rollout::deployment::{DeploymentId, DeploymentStatus};

/// A deployment as `GetDeployment` shows it.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// Its id.
    pub id: DeploymentId,
    /// How far it is.
    pub status: DeploymentStatus,
    /// Whether it shifts a Lambda function, and not servers or containers.
    pub is_lambda: bool,
    /// Who made it: `user`, `CloudFormation`, `codeDeployRollback`, `CloudFormationRollback`, …
    pub creator: String,
    /// The application.
    pub application: String,
    /// The deployment group.
    pub group: String,
    /// The deployment configuration.
    pub config: String,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// Alarms that stand in for the group's, if this deployment names its own.
    pub own_alarms: Option<Vec<String>>,
    revision: Option<RevisionLocation>,
}

/// The function that a deployment shifts, as its target shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The function's name.
    pub function: String,
    /// The alias.
    pub alias: String,
    /// The version that the alias was at.
    pub current: String,
    /// The version to come.
    pub target: String,
    /// The lifecycle event that is in progress, and since when.
    pub running: Option<(String, Option<Timestamp>)>,
}

/// An answer to a lifecycle hook; CodeDeploy takes no others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Go on.
    Succeeded,
    /// Fail the deployment.
    Failed,
}

/// What became of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// CodeDeploy took it.
    Taken,
    /// The lifecycle event had been completed before, by an answer, its hour or a stop.
    AlreadyCompleted,
}

/// What became of a stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// CodeDeploy stops it, or has.
    Stopping,
    /// It had ended before.
    AlreadyCompleted,
}

/// Reads a deployment.
///
/// # Errors
/// [`Kind::NotFound`](super::Kind::NotFound) if there is no such deployment.
pub async fn get(client: &Client, id: &DeploymentId) -> Result<Deployment, CallError> {
    let answer = client
        .get_deployment()
        .deployment_id(id.as_str())
        .send()
        .await
        .map_err(|error| CallError::of("GetDeployment", &error))?;
    match answer.deployment_info {
        Some(info) => read(id, info),
        None => Err(CallError::unreadable("GetDeployment", "no deploymentInfo")),
    }
}

fn read(id: &DeploymentId, info: DeploymentInfo) -> Result<Deployment, CallError> {
    let status = info.status.as_ref().map_or("", |status| status.as_str());
    let status = status
        .parse()
        .map_err(|error| CallError::unreadable("GetDeployment", &format!("{error}")))?;
    let own_alarms = info.override_alarm_configuration.map(|alarms| {
        let enabled = alarms.enabled;
        names(alarms.alarms)
            .into_iter()
            .filter(|_| enabled)
            .collect()
    });
    Ok(Deployment {
        id: id.clone(),
        status,
        // Where it is not said, the target tells.
        is_lambda: info
            .compute_platform
            .is_none_or(|platform| platform == ComputePlatform::Lambda),
        creator: info
            .creator
            .map_or_else(String::new, |creator| creator.as_str().to_owned()),
        application: info.application_name.unwrap_or_default(),
        group: info.deployment_group_name.unwrap_or_default(),
        config: info.deployment_config_name.unwrap_or_default(),
        created_at: info.create_time.and_then(time),
        own_alarms,
        revision: info.revision,
    })
}

/// What the deployment's target says. `None` where CodeDeploy shows no target yet, which the
/// documentation does not exclude at the time of `BeforeAllowTraffic`: then the revision tells.
///
/// # Errors
/// Any other failure than that the deployment has not started.
pub async fn target(client: &Client, id: &DeploymentId) -> Result<Option<Target>, CallError> {
    let listed = client
        .list_deployment_targets()
        .deployment_id(id.as_str())
        .send()
        .await;
    let listed = match listed.map_err(|error| CallError::of("ListDeploymentTargets", &error)) {
        Ok(listed) => listed,
        Err(error) if error.code.as_deref() == Some("DeploymentNotStartedException") => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let Some(target_id) = listed.target_ids.unwrap_or_default().into_iter().next() else {
        return Ok(None);
    };
    let answer = client
        .get_deployment_target()
        .deployment_id(id.as_str())
        .target_id(target_id)
        .send()
        .await
        .map_err(|error| CallError::of("GetDeploymentTarget", &error))?;
    Ok(answer
        .deployment_target
        .and_then(|target| target.lambda_target)
        .and_then(shifted))
}

fn shifted(target: LambdaTarget) -> Option<Target> {
    let running = target
        .lifecycle_events
        .unwrap_or_default()
        .into_iter()
        .find(|event| event.status == Some(LifecycleEventStatus::InProgress))
        .map(|event| {
            let since = event.start_time.and_then(time);
            (event.lifecycle_event_name.unwrap_or_default(), since)
        });
    let info = target.lambda_function_info?;
    Some(Target {
        function: info.function_name?,
        alias: info.function_alias?,
        current: info.current_version?,
        target: info.target_version?,
        running,
    })
}

/// The AppSpec of a deployment's revision, as text. `GetDeployment` itself never carries it.
///
/// # Errors
/// If the call fails, or the revision holds no text.
pub async fn appspec(client: &Client, deployment: &Deployment) -> Result<String, CallError> {
    const CALL: &str = "GetApplicationRevision";
    let Some(revision) = deployment.revision.clone() else {
        return Err(CallError::unreadable(
            CALL,
            "the deployment names no revision",
        ));
    };
    let answer = client
        .get_application_revision()
        .application_name(&deployment.application)
        .revision(revision)
        .send()
        .await
        .map_err(|error| CallError::of(CALL, &error))?;
    let found = answer
        .revision
        .unwrap_or_else(|| RevisionLocation::builder().build());
    let inline = found.app_spec_content.and_then(|spec| spec.content);
    // The older form of the same; both are AWS's.
    #[allow(
        deprecated,
        reason = "revisions made with the older form carry their text only there"
    )]
    let older = || found.string.and_then(|text| text.content);
    inline
        .or_else(older)
        .ok_or_else(|| CallError::unreadable(CALL, "the revision carries no AppSpec text"))
}

/// Names of the alarms that CodeDeploy itself watches for this deployment.
///
/// # Errors
/// If the deployment group cannot be read.
pub async fn alarms(client: &Client, deployment: &Deployment) -> Result<Vec<String>, CallError> {
    if let Some(own) = &deployment.own_alarms {
        return Ok(own.clone());
    }
    let answer = client
        .get_deployment_group()
        .application_name(&deployment.application)
        .deployment_group_name(&deployment.group)
        .send()
        .await
        .map_err(|error| CallError::of("GetDeploymentGroup", &error))?;
    let configuration = answer
        .deployment_group_info
        .and_then(|group| group.alarm_configuration)
        .filter(|configuration| configuration.enabled);
    Ok(names(
        configuration.and_then(|configuration| configuration.alarms),
    ))
}

fn names(alarms: Option<Vec<aws_sdk_codedeploy::types::Alarm>>) -> Vec<String> {
    let alarms = alarms.unwrap_or_default();
    alarms.into_iter().filter_map(|alarm| alarm.name).collect()
}

/// What a deployment configuration shifts.
///
/// # Errors
/// If the configuration cannot be read, or shifts in a way that is not known here.
pub async fn shift(client: &Client, config: &str) -> Result<Shift, CallError> {
    const CALL: &str = "GetDeploymentConfig";
    let answer = client
        .get_deployment_config()
        .deployment_config_name(config)
        .send()
        .await
        .map_err(|error| CallError::of(CALL, &error))?;
    let Some(routing) = answer
        .deployment_config_info
        .and_then(|info| info.traffic_routing_config)
    else {
        return Ok(Shift::AllAtOnce);
    };
    shift_of(&routing).ok_or_else(|| {
        let what = format!("{config} shifts in a way that is not known here: {routing:?}");
        CallError::unreadable(CALL, &what)
    })
}

fn shift_of(routing: &TrafficRoutingConfig) -> Option<Shift> {
    let number = |value: i32| u32::try_from(value).unwrap_or_default();
    match &routing.r#type {
        None | Some(TrafficRoutingType::AllAtOnce) => Some(Shift::AllAtOnce),
        Some(TrafficRoutingType::TimeBasedCanary) => {
            let canary = routing.time_based_canary.as_ref()?;
            Some(Shift::Canary {
                percent: number(canary.canary_percentage),
                minutes: number(canary.canary_interval),
            })
        }
        Some(TrafficRoutingType::TimeBasedLinear) => {
            let linear = routing.time_based_linear.as_ref()?;
            Some(Shift::Linear {
                percent: number(linear.linear_percentage),
                minutes: number(linear.linear_interval),
            })
        }
        Some(_) => None,
    }
}

/// Answers a lifecycle hook.
///
/// # Errors
/// If CodeDeploy did not take the answer. [`Kind::Passing`](super::Kind::Passing) is worth another try.
pub async fn answer(
    client: &Client,
    deployment: &DeploymentId,
    hook_execution: &str,
    answer: Answer,
) -> Result<Answered, CallError> {
    let sent = client
        .put_lifecycle_event_hook_execution_status()
        .deployment_id(deployment.as_str())
        .lifecycle_event_hook_execution_id(hook_execution)
        .status(match answer {
            Answer::Succeeded => LifecycleEventStatus::Succeeded,
            Answer::Failed => LifecycleEventStatus::Failed,
        })
        .send()
        .await;
    match sent.map_err(|error| CallError::of("PutLifecycleEventHookExecutionStatus", &error)) {
        Ok(_) => Ok(Answered::Taken),
        Err(error) if error.code.as_deref() == Some("LifecycleEventAlreadyCompletedException") => {
            Ok(Answered::AlreadyCompleted)
        }
        Err(error) => Err(error),
    }
}

/// Stops a deployment and has CodeDeploy roll it back.
///
/// # Errors
/// If CodeDeploy did not confirm; the deployment's status tells what came of it.
pub async fn stop(client: &Client, id: &DeploymentId) -> Result<Stopped, CallError> {
    let sent = client
        .stop_deployment()
        .deployment_id(id.as_str())
        .auto_rollback_enabled(true)
        .send()
        .await;
    match sent.map_err(|error| CallError::of("StopDeployment", &error)) {
        Ok(_) => Ok(Stopped::Stopping),
        Err(error) if error.code.as_deref() == Some("DeploymentAlreadyCompletedException") => {
            Ok(Stopped::AlreadyCompleted)
        }
        Err(error) => Err(error),
    }
}

impl Answer {
    /// As CodeDeploy spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
        }
    }
}

fn time(time: aws_smithy_types::DateTime) -> Option<Timestamp> {
    Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).ok()?).ok()
}
