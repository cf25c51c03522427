//! CodeDeploy's requests and responses about applications, groups and configurations, member for
//! member as in its API model.
//!
//! A required text that is absent is read as an empty one: CodeDeploy answers to both with an
//! error of its own (`ApplicationNameRequiredException`), not with a general validation error.

use jiff::Timestamp;
use serde_json::Value;

use crate::sim::wire::wire;

wire! { camelCase;
    /// Creates an application.
    CreateApplicationRequest {
        #[serde(default)]
        application_name: String,
        compute_platform: Option<String>,
        tags: Option<Vec<Value>>,
    }
    /// The application's id.
    CreateApplicationResponse { application_id: String }
    /// Asks for an application.
    GetApplicationRequest {
        #[serde(default)]
        application_name: String,
    }
    /// An application.
    ApplicationInfo {
        application_id: String,
        application_name: String,
        create_time: Timestamp,
        linked_to_git_hub: bool,
        compute_platform: String,
    }
    /// The application.
    GetApplicationResponse { application: ApplicationInfo }
    /// Asks for the names of all applications.
    ListApplicationsRequest { next_token: Option<String> }
    /// Their names.
    ListApplicationsResponse { applications: Vec<String>, next_token: Option<String> }
    /// Deletes an application with its groups and revisions.
    DeleteApplicationRequest {
        #[serde(default)]
        application_name: String,
    }
    /// Nothing.
    DeleteApplicationResponse {}

    /// An alarm's name.
    Alarm { name: Option<String> }
    /// The alarms that stop a deployment.
    AlarmConfiguration {
        enabled: Option<bool>,
        ignore_poll_alarm_failure: Option<bool>,
        alarms: Option<Vec<Alarm>>,
    }
    /// What CodeDeploy rolls back by itself.
    AutoRollbackConfiguration { enabled: Option<bool>, events: Option<Vec<String>> }
    /// How a deployment replaces what runs; for Lambda always with traffic control.
    DeploymentStyle { deployment_type: Option<String>, deployment_option: Option<String> }
    /// Creates a deployment group.
    CreateDeploymentGroupRequest {
        #[serde(default)]
        application_name: String,
        #[serde(default)]
        deployment_group_name: String,
        deployment_config_name: Option<String>,
        #[serde(default)]
        service_role_arn: String,
        trigger_configurations: Option<Vec<Value>>,
        alarm_configuration: Option<AlarmConfiguration>,
        auto_rollback_configuration: Option<AutoRollbackConfiguration>,
        deployment_style: Option<DeploymentStyle>,
        tags: Option<Vec<Value>>,
    }
    /// The group's id.
    CreateDeploymentGroupResponse { deployment_group_id: String }
    /// Changes a deployment group; what is absent stays.
    UpdateDeploymentGroupRequest {
        #[serde(default)]
        application_name: String,
        #[serde(default)]
        current_deployment_group_name: String,
        new_deployment_group_name: Option<String>,
        deployment_config_name: Option<String>,
        service_role_arn: Option<String>,
        trigger_configurations: Option<Vec<Value>>,
        alarm_configuration: Option<AlarmConfiguration>,
        auto_rollback_configuration: Option<AutoRollbackConfiguration>,
        deployment_style: Option<DeploymentStyle>,
    }
    /// Hooks of Auto Scaling groups, which Lambda's platform does not have.
    UpdateDeploymentGroupResponse { hooks_not_cleaned_up: Vec<Value> }
    /// Asks for a deployment group.
    GetDeploymentGroupRequest {
        #[serde(default)]
        application_name: String,
        #[serde(default)]
        deployment_group_name: String,
    }
    /// The newest deployment of a kind.
    LastDeploymentInfo {
        deployment_id: String,
        status: String,
        end_time: Option<Timestamp>,
        create_time: Timestamp,
    }
    /// A deployment group.
    DeploymentGroupInfo {
        application_name: String,
        deployment_group_id: String,
        deployment_group_name: String,
        deployment_config_name: String,
        service_role_arn: String,
        target_revision: Option<RevisionLocation>,
        trigger_configurations: Vec<Value>,
        alarm_configuration: Option<AlarmConfiguration>,
        auto_rollback_configuration: Option<AutoRollbackConfiguration>,
        deployment_style: DeploymentStyle,
        last_successful_deployment: Option<LastDeploymentInfo>,
        last_attempted_deployment: Option<LastDeploymentInfo>,
        compute_platform: String,
    }
    /// The group.
    GetDeploymentGroupResponse { deployment_group_info: DeploymentGroupInfo }
    /// Asks for the names of an application's groups.
    ListDeploymentGroupsRequest {
        #[serde(default)]
        application_name: String,
        next_token: Option<String>,
    }
    /// Their names.
    ListDeploymentGroupsResponse {
        application_name: String,
        deployment_groups: Vec<String>,
        next_token: Option<String>,
    }
    /// Deletes a deployment group.
    DeleteDeploymentGroupRequest {
        #[serde(default)]
        application_name: String,
        #[serde(default)]
        deployment_group_name: String,
    }
    /// Hooks of Auto Scaling groups, which Lambda's platform does not have.
    DeleteDeploymentGroupResponse { hooks_not_cleaned_up: Vec<Value> }

    /// Asks for a deployment configuration.
    GetDeploymentConfigRequest {
        #[serde(default)]
        deployment_config_name: String,
    }
    /// One share first, the rest at the end.
    TimeBasedCanary { canary_percentage: u32, canary_interval: u32 }
    /// The same share each time.
    TimeBasedLinear { linear_percentage: u32, linear_interval: u32 }
    /// How the traffic is shifted.
    TrafficRoutingConfig {
        r#type: String,
        time_based_canary: Option<TimeBasedCanary>,
        time_based_linear: Option<TimeBasedLinear>,
    }
    /// A deployment configuration.
    DeploymentConfigInfo {
        deployment_config_id: String,
        deployment_config_name: String,
        create_time: Timestamp,
        compute_platform: String,
        traffic_routing_config: TrafficRoutingConfig,
    }
    /// The configuration.
    GetDeploymentConfigResponse { deployment_config_info: DeploymentConfigInfo }
    /// Asks for the names of all configurations.
    ListDeploymentConfigsRequest { next_token: Option<String> }
    /// Their names.
    ListDeploymentConfigsResponse {
        deployment_configs_list: Vec<String>,
        next_token: Option<String>,
    }

    /// An AppSpec's text, or only its digest.
    AppSpecText { content: Option<String>, sha256: Option<String> }
    /// Where a revision is, or what it is.
    RevisionLocation {
        revision_type: Option<String>,
        string: Option<AppSpecText>,
        app_spec_content: Option<AppSpecText>,
        s3_location: Option<Value>,
        git_hub_location: Option<Value>,
    }
    /// Asks for a revision by its digest or text.
    GetApplicationRevisionRequest {
        #[serde(default)]
        application_name: String,
        #[serde(default)]
        revision: RevisionLocation,
    }
    /// What CodeDeploy knows of a revision.
    GenericRevisionInfo {
        description: Option<String>,
        deployment_groups: Vec<String>,
        first_used_time: Option<Timestamp>,
        last_used_time: Option<Timestamp>,
        register_time: Timestamp,
    }
    /// The revision, with its text.
    GetApplicationRevisionResponse {
        application_name: String,
        revision: RevisionLocation,
        revision_info: GenericRevisionInfo,
    }
}
