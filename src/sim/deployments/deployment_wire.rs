//! CodeDeploy's requests and responses about deployments, member for member as in its API model.

use jiff::Timestamp;
use serde_json::Value;

use super::wire::{
    AlarmConfiguration, AutoRollbackConfiguration, DeploymentStyle, RevisionLocation,
};
use crate::sim::wire::wire;

wire! { camelCase;
    /// Starts a deployment.
    CreateDeploymentRequest {
        #[serde(default)]
        application_name: String,
        #[serde(default)]
        deployment_group_name: String,
        revision: Option<RevisionLocation>,
        deployment_config_name: Option<String>,
        description: Option<String>,
        auto_rollback_configuration: Option<AutoRollbackConfiguration>,
        override_alarm_configuration: Option<AlarmConfiguration>,
    }
    /// The deployment's id.
    CreateDeploymentResponse { deployment_id: String }
    /// Asks for a deployment.
    GetDeploymentRequest {
        #[serde(default)]
        deployment_id: String,
    }
    /// Why a deployment failed or was stopped.
    ErrorInformation { code: String, message: String }
    /// The deployment that rolled this one back, or that this one rolls back.
    RollbackInfo {
        rollback_deployment_id: Option<String>,
        rollback_triggering_deployment_id: Option<String>,
        rollback_message: Option<String>,
    }
    /// A deployment.
    DeploymentInfo {
        application_name: String,
        deployment_group_name: String,
        deployment_config_name: String,
        deployment_id: String,
        previous_revision: Option<RevisionLocation>,
        revision: RevisionLocation,
        status: String,
        error_information: Option<ErrorInformation>,
        create_time: Timestamp,
        start_time: Option<Timestamp>,
        complete_time: Option<Timestamp>,
        deployment_overview: Option<DeploymentOverview>,
        description: Option<String>,
        creator: String,
        ignore_application_stop_failures: bool,
        auto_rollback_configuration: Option<AutoRollbackConfiguration>,
        update_outdated_instances_only: bool,
        rollback_info: Option<RollbackInfo>,
        deployment_style: DeploymentStyle,
        instance_termination_wait_time_started: bool,
        deployment_status_messages: Vec<String>,
        compute_platform: String,
        override_alarm_configuration: Option<AlarmConfiguration>,
    }
    /// The deployment.
    GetDeploymentResponse { deployment_info: DeploymentInfo }
    /// Asks for several deployments.
    BatchGetDeploymentsRequest {
        #[serde(default)]
        deployment_ids: Vec<String>,
    }
    /// Those that exist.
    BatchGetDeploymentsResponse { deployments_info: Vec<DeploymentInfo> }
    /// Asks for the ids of deployments, the newest first.
    ListDeploymentsRequest {
        application_name: Option<String>,
        deployment_group_name: Option<String>,
        external_id: Option<String>,
        include_only_statuses: Option<Vec<String>>,
        create_time_range: Option<Value>,
        next_token: Option<String>,
    }
    /// Their ids.
    ListDeploymentsResponse { deployments: Vec<String>, next_token: Option<String> }

    /// Asks for the ids of what a deployment changes.
    ListDeploymentTargetsRequest {
        #[serde(default)]
        deployment_id: String,
        next_token: Option<String>,
        target_filters: Option<Value>,
    }
    /// Their ids: one function and its alias.
    ListDeploymentTargetsResponse { target_ids: Vec<String>, next_token: Option<String> }
    /// Asks for what a deployment changes.
    GetDeploymentTargetRequest {
        #[serde(default)]
        deployment_id: String,
        #[serde(default)]
        target_id: String,
    }
    /// What went wrong in a lifecycle event.
    Diagnostics { error_code: String, script_name: String, message: String, log_tail: String }
    /// A lifecycle event.
    LifecycleEvent {
        lifecycle_event_name: String,
        diagnostics: Option<Diagnostics>,
        start_time: Option<Timestamp>,
        end_time: Option<Timestamp>,
        status: String,
    }
    /// The function, its alias and versions, and the percentage at the target version.
    LambdaFunctionInfo {
        function_name: String,
        function_alias: String,
        current_version: String,
        target_version: String,
        target_version_weight: f64,
    }
    /// A function as a deployment's target.
    LambdaTarget {
        deployment_id: String,
        target_id: String,
        target_arn: String,
        status: String,
        last_updated_at: Timestamp,
        lifecycle_events: Vec<LifecycleEvent>,
        lambda_function_info: LambdaFunctionInfo,
    }
    /// A target of any platform; here always a function.
    DeploymentTarget { deployment_target_type: String, lambda_target: LambdaTarget }
    /// The target.
    GetDeploymentTargetResponse { deployment_target: DeploymentTarget }

    /// Answers a hook.
    PutLifecycleEventHookExecutionStatusRequest {
        #[serde(default)]
        deployment_id: String,
        #[serde(default)]
        lifecycle_event_hook_execution_id: String,
        #[serde(default)]
        status: String,
    }
    /// The hook's id again.
    PutLifecycleEventHookExecutionStatusResponse { lifecycle_event_hook_execution_id: String }
    /// Stops a deployment, and rolls it back or not whatever the group says.
    StopDeploymentRequest {
        #[serde(default)]
        deployment_id: String,
        auto_rollback_enabled: Option<bool>,
    }
    /// Whether it stopped.
    StopDeploymentResponse { status: String, status_message: String }
}

wire! {
    /// How many targets are in each state; unlike elsewhere, in PascalCase.
    DeploymentOverview {
        pending: i64,
        in_progress: i64,
        succeeded: i64,
        failed: i64,
        skipped: i64,
        ready: i64,
    }
}
