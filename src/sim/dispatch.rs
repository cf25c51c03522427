//! The one table of operations: AWS's name, the method, its request and its implementation.

use serde_json::Value;

use super::errors::{AwsError, Service};
use super::world::World;
use super::{
    alarms, deployments, events, executions, invocations, lambda, limits, metrics, parameters,
    topics,
};

/// Makes, for every operation, the public method (recorded in the trace) and its entry in
/// [`World::call`].
macro_rules! operations {
    ($( $service:ident $operation:ident: $method:ident($request:ty) -> $response:ty = $implementation:path; )*) => {
        /// AWS's operations.
        impl World {
            $(
                #[doc = concat!("`", stringify!($operation), "`.\n\n# Errors\n\nThe service's own.")]
                pub fn $method(&mut self, request: $request) -> Result<$response, AwsError> {
                    let result = $implementation(self, request);
                    self.record(Service::$service, stringify!($operation), result.as_ref().err());
                    result
                }
            )*

            /// Any operation by name, with its request and response as JSON (AWS's member names,
            /// timestamps in RFC 3339).
            ///
            /// # Errors
            ///
            /// The service's own, also for an operation that it does not have and for a request
            /// that is not of the operation's shape.
            pub fn call(
                &mut self,
                service: Service,
                operation: &str,
                input: Value,
            ) -> Result<Value, AwsError> {
                if let Err(broken) = limits::check(service, &input) {
                    self.record(service, operation, Some(&broken));
                    return Err(broken);
                }
                let answer = match (service, operation) {
                    $(
                        (Service::$service, stringify!($operation)) => {
                            match serde_json::from_value::<$request>(input) {
                                Ok(request) => return to_json(self.$method(request)?),
                                Err(problem) => AwsError::malformed(service, &problem),
                            }
                        }
                    )*
                    _ => AwsError::unknown_operation(service, operation),
                };
                self.record(service, operation, Some(&answer));
                Err(answer)
            }
        }

        /// Every simulated operation.
        pub const OPERATIONS: &[(Service, &str)] =
            &[$( (Service::$service, stringify!($operation)) ),*];
    };
}

operations! {
    Lambda CreateFunction: create_function(lambda::CreateFunctionRequest) -> lambda::CreateFunctionResponse = lambda::create_function;
    Lambda UpdateFunctionConfiguration: update_function_configuration(lambda::UpdateFunctionConfigurationRequest) -> lambda::UpdateFunctionConfigurationResponse = lambda::update_function_configuration;
    Lambda UpdateFunctionCode: update_function_code(lambda::UpdateFunctionCodeRequest) -> lambda::UpdateFunctionCodeResponse = lambda::update_function_code;
    Lambda PublishVersion: publish_version(lambda::PublishVersionRequest) -> lambda::PublishVersionResponse = lambda::publish_version;
    Lambda ListVersionsByFunction: list_versions_by_function(lambda::ListVersionsByFunctionRequest) -> lambda::ListVersionsByFunctionResponse = lambda::list_versions_by_function;
    Lambda GetFunctionConfiguration: get_function_configuration(lambda::GetFunctionConfigurationRequest) -> lambda::GetFunctionConfigurationResponse = lambda::get_function_configuration;
    Lambda GetFunction: get_function(lambda::GetFunctionRequest) -> lambda::GetFunctionResponse = lambda::get_function;
    Lambda CreateAlias: create_alias(lambda::CreateAliasRequest) -> lambda::CreateAliasResponse = lambda::create_alias;
    Lambda GetAlias: get_alias(lambda::GetAliasRequest) -> lambda::GetAliasResponse = lambda::get_alias;
    Lambda ListAliases: list_aliases(lambda::ListAliasesRequest) -> lambda::ListAliasesResponse = lambda::list_aliases;
    Lambda UpdateAlias: update_alias(lambda::UpdateAliasRequest) -> lambda::UpdateAliasResponse = lambda::update_alias;
    Lambda DeleteAlias: delete_alias(lambda::DeleteAliasRequest) -> lambda::DeleteAliasResponse = lambda::delete_alias;
    Lambda ListTags: list_tags(lambda::ListTagsRequest) -> lambda::ListTagsResponse = lambda::list_tags;
    Lambda TagResource: tag_resource(lambda::TagResourceRequest) -> lambda::TagResourceResponse = lambda::tag_resource;
    Lambda Invoke: invoke(lambda::InvokeRequest) -> lambda::InvokeResponse = invocations::invoke;
    Lambda PutFunctionEventInvokeConfig: put_function_event_invoke_config(invocations::PutFunctionEventInvokeConfigRequest) -> invocations::PutFunctionEventInvokeConfigResponse = invocations::put_function_event_invoke_config;
    Lambda GetFunctionEventInvokeConfig: get_function_event_invoke_config(invocations::GetFunctionEventInvokeConfigRequest) -> invocations::GetFunctionEventInvokeConfigResponse = invocations::get_function_event_invoke_config;
    CloudWatch PutMetricAlarm: put_metric_alarm(alarms::PutMetricAlarmRequest) -> alarms::PutMetricAlarmResponse = alarms::put_metric_alarm;
    CloudWatch PutCompositeAlarm: put_composite_alarm(alarms::PutCompositeAlarmRequest) -> alarms::PutCompositeAlarmResponse = alarms::put_composite_alarm;
    CloudWatch SetAlarmState: set_alarm_state(alarms::SetAlarmStateRequest) -> alarms::SetAlarmStateResponse = alarms::set_alarm_state;
    CloudWatch DescribeAlarms: describe_alarms(alarms::DescribeAlarmsRequest) -> alarms::DescribeAlarmsResponse = alarms::describe_alarms;
    CloudWatch DescribeAlarmHistory: describe_alarm_history(alarms::DescribeAlarmHistoryRequest) -> alarms::DescribeAlarmHistoryResponse = alarms::describe_alarm_history;
    CloudWatch DeleteAlarms: delete_alarms(alarms::DeleteAlarmsRequest) -> alarms::DeleteAlarmsResponse = alarms::delete_alarms;
    CloudWatch PutMetricData: put_metric_data(metrics::PutMetricDataRequest) -> metrics::PutMetricDataResponse = metrics::put_metric_data;
    CloudWatch GetMetricData: get_metric_data(metrics::GetMetricDataRequest) -> metrics::GetMetricDataResponse = metrics::get_metric_data;
    CloudWatch ListMetrics: list_metrics(metrics::ListMetricsRequest) -> metrics::ListMetricsResponse = metrics::list_metrics;
    CloudWatch GetMetricStatistics: get_metric_statistics(metrics::GetMetricStatisticsRequest) -> metrics::GetMetricStatisticsResponse = metrics::get_metric_statistics;
    Ssm PutParameter: put_parameter(parameters::PutParameterRequest) -> parameters::PutParameterResponse = parameters::put_parameter;
    Ssm GetParameter: get_parameter(parameters::GetParameterRequest) -> parameters::GetParameterResponse = parameters::get_parameter;
    Ssm DeleteParameter: delete_parameter(parameters::DeleteParameterRequest) -> parameters::DeleteParameterResponse = parameters::delete_parameter;
    StepFunctions CreateStateMachine: create_state_machine(executions::CreateStateMachineRequest) -> executions::CreateStateMachineResponse = executions::create_state_machine;
    StepFunctions UpdateStateMachine: update_state_machine(executions::UpdateStateMachineRequest) -> executions::UpdateStateMachineResponse = executions::update_state_machine;
    StepFunctions DescribeStateMachine: describe_state_machine(executions::DescribeStateMachineRequest) -> executions::DescribeStateMachineResponse = executions::describe_state_machine;
    StepFunctions ListStateMachines: list_state_machines(executions::ListStateMachinesRequest) -> executions::ListStateMachinesResponse = executions::list_state_machines;
    StepFunctions DeleteStateMachine: delete_state_machine(executions::DeleteStateMachineRequest) -> executions::DeleteStateMachineResponse = executions::delete_state_machine;
    StepFunctions StartExecution: start_execution(executions::StartExecutionRequest) -> executions::StartExecutionResponse = executions::start_execution;
    StepFunctions DescribeExecution: describe_execution(executions::DescribeExecutionRequest) -> executions::DescribeExecutionResponse = executions::describe_execution;
    StepFunctions ListExecutions: list_executions(executions::ListExecutionsRequest) -> executions::ListExecutionsResponse = executions::list_executions;
    StepFunctions StopExecution: stop_execution(executions::StopExecutionRequest) -> executions::StopExecutionResponse = executions::stop_execution;
    StepFunctions RedriveExecution: redrive_execution(executions::RedriveExecutionRequest) -> executions::RedriveExecutionResponse = executions::redrive_execution;
    StepFunctions GetExecutionHistory: get_execution_history(executions::GetExecutionHistoryRequest) -> executions::GetExecutionHistoryResponse = executions::get_execution_history;
    CodeDeploy CreateApplication: create_application(deployments::CreateApplicationRequest) -> deployments::CreateApplicationResponse = deployments::create_application;
    CodeDeploy GetApplication: get_application(deployments::GetApplicationRequest) -> deployments::GetApplicationResponse = deployments::get_application;
    CodeDeploy ListApplications: list_applications(deployments::ListApplicationsRequest) -> deployments::ListApplicationsResponse = deployments::list_applications;
    CodeDeploy DeleteApplication: delete_application(deployments::DeleteApplicationRequest) -> deployments::DeleteApplicationResponse = deployments::delete_application;
    CodeDeploy CreateDeploymentGroup: create_deployment_group(deployments::CreateDeploymentGroupRequest) -> deployments::CreateDeploymentGroupResponse = deployments::create_deployment_group;
    CodeDeploy UpdateDeploymentGroup: update_deployment_group(deployments::UpdateDeploymentGroupRequest) -> deployments::UpdateDeploymentGroupResponse = deployments::update_deployment_group;
    CodeDeploy GetDeploymentGroup: get_deployment_group(deployments::GetDeploymentGroupRequest) -> deployments::GetDeploymentGroupResponse = deployments::get_deployment_group;
    CodeDeploy ListDeploymentGroups: list_deployment_groups(deployments::ListDeploymentGroupsRequest) -> deployments::ListDeploymentGroupsResponse = deployments::list_deployment_groups;
    CodeDeploy DeleteDeploymentGroup: delete_deployment_group(deployments::DeleteDeploymentGroupRequest) -> deployments::DeleteDeploymentGroupResponse = deployments::delete_deployment_group;
    CodeDeploy GetDeploymentConfig: get_deployment_config(deployments::GetDeploymentConfigRequest) -> deployments::GetDeploymentConfigResponse = deployments::get_deployment_config;
    CodeDeploy ListDeploymentConfigs: list_deployment_configs(deployments::ListDeploymentConfigsRequest) -> deployments::ListDeploymentConfigsResponse = deployments::list_deployment_configs;
    CodeDeploy GetApplicationRevision: get_application_revision(deployments::GetApplicationRevisionRequest) -> deployments::GetApplicationRevisionResponse = deployments::get_application_revision;
    CodeDeploy CreateDeployment: create_deployment(deployments::CreateDeploymentRequest) -> deployments::CreateDeploymentResponse = deployments::create_deployment;
    CodeDeploy GetDeployment: get_deployment(deployments::GetDeploymentRequest) -> deployments::GetDeploymentResponse = deployments::get_deployment;
    CodeDeploy BatchGetDeployments: batch_get_deployments(deployments::BatchGetDeploymentsRequest) -> deployments::BatchGetDeploymentsResponse = deployments::batch_get_deployments;
    CodeDeploy ListDeployments: list_deployments(deployments::ListDeploymentsRequest) -> deployments::ListDeploymentsResponse = deployments::list_deployments;
    CodeDeploy ListDeploymentTargets: list_deployment_targets(deployments::ListDeploymentTargetsRequest) -> deployments::ListDeploymentTargetsResponse = deployments::list_deployment_targets;
    CodeDeploy GetDeploymentTarget: get_deployment_target(deployments::GetDeploymentTargetRequest) -> deployments::GetDeploymentTargetResponse = deployments::get_deployment_target;
    CodeDeploy PutLifecycleEventHookExecutionStatus: put_lifecycle_event_hook_execution_status(deployments::PutLifecycleEventHookExecutionStatusRequest) -> deployments::PutLifecycleEventHookExecutionStatusResponse = deployments::put_lifecycle_event_hook_execution_status;
    CodeDeploy StopDeployment: stop_deployment(deployments::StopDeploymentRequest) -> deployments::StopDeploymentResponse = deployments::stop_deployment;
    Sns CreateTopic: create_topic(topics::CreateTopicRequest) -> topics::CreateTopicResponse = topics::create_topic;
    Sns DeleteTopic: delete_topic(topics::DeleteTopicRequest) -> topics::DeleteTopicResponse = topics::delete_topic;
    Sns ListTopics: list_topics(topics::ListTopicsRequest) -> topics::ListTopicsResponse = topics::list_topics;
    Sns Subscribe: subscribe(topics::SubscribeRequest) -> topics::SubscribeResponse = topics::subscribe;
    Sns Publish: publish(topics::PublishRequest) -> topics::PublishResponse = topics::publish;
    Events PutRule: put_rule(events::PutRuleRequest) -> events::PutRuleResponse = events::put_rule;
    Events DescribeRule: describe_rule(events::DescribeRuleRequest) -> events::DescribeRuleResponse = events::describe_rule;
    Events ListRules: list_rules(events::ListRulesRequest) -> events::ListRulesResponse = events::list_rules;
    Events DeleteRule: delete_rule(events::DeleteRuleRequest) -> events::DeleteRuleResponse = events::delete_rule;
    Events PutTargets: put_targets(events::PutTargetsRequest) -> events::PutTargetsResponse = events::put_targets;
    Events ListTargetsByRule: list_targets_by_rule(events::ListTargetsByRuleRequest) -> events::ListTargetsByRuleResponse = events::list_targets_by_rule;
    Events RemoveTargets: remove_targets(events::RemoveTargetsRequest) -> events::RemoveTargetsResponse = events::remove_targets;
    Events PutEvents: put_events(events::PutEventsRequest) -> events::PutEventsResponse = events::put_events;
    Events TestEventPattern: test_event_pattern(events::TestEventPatternRequest) -> events::TestEventPatternResponse = events::test_event_pattern;
}

/// A response as JSON. Only a number that JSON does not have can fail, and none is stored.
fn to_json(response: impl serde::Serialize) -> Result<Value, AwsError> {
    serde_json::to_value(response)
        .map_err(|problem| AwsError::new("InternalFailure", 500, problem.to_string()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sim::fixture::{hello, start};

    #[test]
    fn every_operation_answers_by_name() {
        for (service, operation) in OPERATIONS {
            let mut world = hello(1);
            let answer = world.call(*service, operation, json!({}));
            let code = answer.err().map(|error| error.code);
            let refused = ["UnknownOperationException", "InvalidAction"];
            assert!(
                code.as_deref().is_none_or(|code| !refused.contains(&code)),
                "{operation}: {code:?}"
            );
            assert_eq!(world.trace().count(), 1, "{operation} is in the trace once");
        }
    }

    #[test]
    fn an_unknown_operation_has_the_services_own_error() {
        let mut world = hello(1);
        for (service, code, status) in [
            (Service::Lambda, "UnknownOperationException", 404),
            (Service::CloudWatch, "InvalidAction", 400),
            (Service::Ssm, "UnknownOperationException", 400),
        ] {
            let error = world
                .call(service, "MakeCoffee", json!({}))
                .expect_err("unknown");
            assert_eq!((error.code.as_str(), error.status), (code, status));
        }
    }

    #[test]
    fn members_are_named_as_awss_and_absent_ones_are_skipped() {
        let mut world = hello(1);
        let input = json!({"FunctionName": "hello", "Name": "live", "Unknown": 1});
        let alias = world
            .call(Service::Lambda, "GetAlias", input)
            .expect("exists");
        let names: Vec<&str> = alias
            .as_object()
            .expect("an object")
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(
            names,
            [
                "AliasArn",
                "Description",
                "FunctionVersion",
                "Name",
                "RevisionId"
            ]
        );

        let input = json!({
            "AlarmName": "a", "Namespace": "app", "MetricName": "Errors", "Statistic": "Sum", "Period": 60,
            "EvaluationPeriods": 1, "Threshold": 3, "ComparisonOperator": "GreaterThanThreshold", "OKActions": ["arn:x"],
        });
        assert_eq!(
            world.call(Service::CloudWatch, "PutMetricAlarm", input),
            Ok(json!({}))
        );
        let alarms = world
            .call(Service::CloudWatch, "DescribeAlarms", json!({}))
            .expect("valid");
        assert_eq!(alarms["MetricAlarms"][0]["OKActions"], json!(["arn:x"]));
        assert_eq!(
            alarms["MetricAlarms"][0]["StateUpdatedTimestamp"],
            json!(start().to_string())
        );
        assert_eq!(alarms["CompositeAlarms"], json!([]));

        let input = json!({"Name": "/p", "Value": "{}", "Type": "String"});
        assert_eq!(
            world.call(Service::Ssm, "PutParameter", input),
            Ok(json!({"Version": 1, "Tier": "Standard"}))
        );
        let parameter = world
            .call(Service::Ssm, "GetParameter", json!({"Name": "/p"}))
            .expect("exists");
        assert_eq!(
            parameter["Parameter"]["ARN"],
            json!("arn:aws:ssm:us-east-1:000000000000:parameter/p")
        );
    }

    #[test]
    fn a_malformed_request_is_the_services_validation_error() {
        let mut world = hello(1);
        let wrong = world.call(
            Service::Lambda,
            "GetAlias",
            json!({"FunctionName": 7, "Name": "live"}),
        );
        assert_eq!(
            wrong.expect_err("wrong type").code,
            "InvalidParameterValueException"
        );
        let absent = world.call(Service::CloudWatch, "DeleteAlarms", json!({}));
        assert_eq!(absent.expect_err("absent").code, "MissingParameter");
        let absent = world.call(Service::Ssm, "GetParameter", json!({}));
        assert_eq!(absent.expect_err("absent").code, "ValidationException");
        assert_eq!(
            world.trace().filter(|entry| entry.error.is_some()).count(),
            3
        );
    }

    #[test]
    fn a_functions_answers_are_formed_as_lambdas() {
        let mut world = hello(1);
        let lambda = |world: &mut World, operation: &str, more: Value| {
            let mut input = json!({"FunctionName": "hello"});
            if let (Value::Object(input), Value::Object(more)) = (&mut input, more) {
                input.extend(more);
            }
            world
                .call(Service::Lambda, operation, input)
                .expect(operation)
        };
        let code = json!({"ZipFile": "UEsDBA=="});
        let changed = lambda(&mut world, "UpdateFunctionCode", code);
        assert_eq!(changed["CodeSize"], 4, "bytes, not letters in Base64");
        let empty = json!({"CodeSha256": "", "Description": ""});
        let published = lambda(&mut world, "PublishVersion", empty);
        let latest = lambda(&mut world, "GetFunctionConfiguration", json!({}));
        let revisions = [&changed, &published, &latest].map(|answer| &answer["RevisionId"]);
        assert_ne!(
            revisions[0], revisions[2],
            "publishing changes $LATEST's revision"
        );
        assert_ne!(revisions[1], revisions[2], "and a version has its own");
        let tags = json!({"Resource": latest["FunctionArn"], "Tags": {"a": "b"}});
        world
            .call(Service::Lambda, "TagResource", tags)
            .expect("tagged");
        let tagged = lambda(&mut world, "GetFunctionConfiguration", json!({}));
        assert_ne!(tagged["RevisionId"], latest["RevisionId"], "so do tags");
        let listed = lambda(&mut world, "ListVersionsByFunction", json!({}));
        let first = listed["Versions"][0].as_object().expect("a version");
        assert!(first.contains_key("RevisionId") && !first.contains_key("State"));
        let config = lambda(&mut world, "PutFunctionEventInvokeConfig", json!({}));
        let none = json!({"OnSuccess": {}, "OnFailure": {}});
        assert_eq!(config["DestinationConfig"], none);
    }

    #[test]
    fn a_rule_names_its_account_and_a_datapoint_its_unit() {
        let mut world = hello(1);
        let rule = json!({"Name": "r", "EventPattern": "{\"source\": [\"a\"]}"});
        world
            .call(Service::Events, "PutRule", rule)
            .expect("a rule");
        let input = json!({"Name": "r"});
        let rule = world
            .call(Service::Events, "DescribeRule", input)
            .expect("a rule");
        assert_eq!(rule["CreatedBy"], "000000000000");
        let datum = json!({"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": 1.0}]});
        world
            .call(Service::CloudWatch, "PutMetricData", datum)
            .expect("a datum");
        let (from, to) = (start(), start() + jiff::SignedDuration::from_mins(5));
        let input = json!({"Namespace": "n", "MetricName": "m", "StartTime": from, "EndTime": to,
            "Period": 60, "Statistics": ["Sum"]});
        let answer = world
            .call(Service::CloudWatch, "GetMetricStatistics", input)
            .expect("statistics");
        assert_eq!(answer["Datapoints"][0]["Unit"], "None");
    }
}
