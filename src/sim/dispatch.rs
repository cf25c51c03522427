//! The one table of operations: AWS's name, the method, its request and its implementation.

use serde_json::Value;

use super::errors::{AwsError, Service};
use super::world::World;
use super::{alarms, lambda, metrics, parameters};

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
    Lambda Invoke: invoke(lambda::InvokeRequest) -> lambda::InvokeResponse = lambda::invoke;
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
}

/// A response as JSON. Only a number that JSON does not have can fail, and none is stored.
fn to_json(response: impl serde::Serialize) -> Result<Value, AwsError> {
    serde_json::to_value(response)
        .map_err(|problem| AwsError::new("InternalFailure", 500, problem.to_string()))
}
