//! Lambda's requests and responses about asynchronous invocation, as in its API model.

use jiff::Timestamp;

use crate::sim::wire::wire;

wire! {
    /// A destination, by its ARN.
    Destination { destination: Option<String> }
    /// Where records of asynchronous invocations go.
    DestinationConfig { on_success: Option<Destination>, on_failure: Option<Destination> }
    /// Says how a function is invoked asynchronously; absent members take the default.
    PutFunctionEventInvokeConfigRequest {
        function_name: String,
        qualifier: Option<String>,
        maximum_retry_attempts: Option<u32>,
        maximum_event_age_in_seconds: Option<u32>,
        destination_config: Option<DestinationConfig>,
    }
    /// Asks how a function is invoked asynchronously.
    GetFunctionEventInvokeConfigRequest { function_name: String, qualifier: Option<String> }
    /// How a function is invoked asynchronously.
    FunctionEventInvokeConfig {
        last_modified: Timestamp,
        function_arn: String,
        maximum_retry_attempts: Option<u32>,
        maximum_event_age_in_seconds: Option<u32>,
        destination_config: Option<DestinationConfig>,
    }
}

/// See [`FunctionEventInvokeConfig`].
pub type PutFunctionEventInvokeConfigResponse = FunctionEventInvokeConfig;
/// See [`FunctionEventInvokeConfig`].
pub type GetFunctionEventInvokeConfigResponse = FunctionEventInvokeConfig;
