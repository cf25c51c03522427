//! Lambda's requests and responses, member for member as in its API model.
//!
//! Payloads are text as they are on the wire, not Base64; `ZipFile` is whatever text the caller
//! has for the archive: only its being equal or different matters.

use std::collections::BTreeMap;

use crate::sim::wire::wire;

wire! {
    /// The code of a function: a new text means new code.
    FunctionCode {
        zip_file: Option<String>,
        s3_bucket: Option<String>,
        s3_key: Option<String>,
        s3_object_version: Option<String>,
        image_uri: Option<String>,
    }
    /// Environment variables.
    Environment { variables: Option<BTreeMap<String, String>> }
    /// Where failed asynchronous invocations go.
    DeadLetterConfig { target_arn: Option<String> }
    /// Creates a function.
    CreateFunctionRequest {
        function_name: String,
        role: String,
        code: FunctionCode,
        runtime: Option<String>,
        handler: Option<String>,
        description: Option<String>,
        timeout: Option<u32>,
        memory_size: Option<u32>,
        publish: Option<bool>,
        package_type: Option<String>,
        dead_letter_config: Option<DeadLetterConfig>,
        environment: Option<Environment>,
        tags: Option<BTreeMap<String, String>>,
        architectures: Option<Vec<String>>,
    }
    /// Changes `$LATEST`; absent members stay as they are.
    UpdateFunctionConfigurationRequest {
        function_name: String,
        role: Option<String>,
        handler: Option<String>,
        description: Option<String>,
        timeout: Option<u32>,
        memory_size: Option<u32>,
        environment: Option<Environment>,
        runtime: Option<String>,
        dead_letter_config: Option<DeadLetterConfig>,
        revision_id: Option<String>,
    }
    /// Changes the code of `$LATEST`.
    UpdateFunctionCodeRequest {
        function_name: String,
        zip_file: Option<String>,
        s3_bucket: Option<String>,
        s3_key: Option<String>,
        s3_object_version: Option<String>,
        image_uri: Option<String>,
        publish: Option<bool>,
        dry_run: Option<bool>,
        revision_id: Option<String>,
        architectures: Option<Vec<String>>,
    }
    /// Makes a version of `$LATEST`.
    PublishVersionRequest {
        function_name: String,
        code_sha256: Option<String>,
        description: Option<String>,
        revision_id: Option<String>,
    }
    /// Lists `$LATEST` and the versions.
    ListVersionsByFunctionRequest {
        function_name: String,
        marker: Option<String>,
        max_items: Option<u32>,
    }
    /// One page of versions.
    ListVersionsByFunctionResponse {
        next_marker: Option<String>,
        versions: Vec<FunctionConfiguration>,
    }
    /// Asks for a version's configuration.
    GetFunctionConfigurationRequest { function_name: String, qualifier: Option<String> }
    /// Asks for a version's configuration and the function's tags.
    GetFunctionRequest { function_name: String, qualifier: Option<String> }
    /// Where the code would be.
    FunctionCodeLocation { repository_type: Option<String>, location: Option<String> }
    /// A version's configuration and the function's tags.
    GetFunctionResponse {
        configuration: FunctionConfiguration,
        code: Option<FunctionCodeLocation>,
        tags: Option<BTreeMap<String, String>>,
    }
    /// A function or one of its versions.
    FunctionConfiguration {
        function_name: String,
        function_arn: String,
        runtime: Option<String>,
        role: String,
        handler: Option<String>,
        code_size: i64,
        description: String,
        timeout: u32,
        memory_size: u32,
        last_modified: String,
        code_sha256: String,
        version: String,
        dead_letter_config: Option<DeadLetterConfig>,
        environment: Option<Environment>,
        revision_id: String,
        state: Option<String>,
        state_reason: Option<String>,
        state_reason_code: Option<String>,
        last_update_status: Option<String>,
        package_type: Option<String>,
        architectures: Option<Vec<String>>,
    }
    /// The weights of a weighted alias. Absent weights mean "as they were", empty ones "none".
    AliasRoutingConfiguration { additional_version_weights: Option<BTreeMap<String, f64>> }
    /// Creates an alias.
    CreateAliasRequest {
        function_name: String,
        name: String,
        function_version: String,
        description: Option<String>,
        routing_config: Option<AliasRoutingConfiguration>,
    }
    /// Asks for an alias.
    GetAliasRequest { function_name: String, name: String }
    /// Lists the aliases of a function, or of one version.
    ListAliasesRequest {
        function_name: String,
        function_version: Option<String>,
        marker: Option<String>,
        max_items: Option<u32>,
    }
    /// One page of aliases.
    ListAliasesResponse { next_marker: Option<String>, aliases: Vec<AliasConfiguration> }
    /// Changes an alias; absent members stay as they are.
    UpdateAliasRequest {
        function_name: String,
        name: String,
        function_version: Option<String>,
        description: Option<String>,
        routing_config: Option<AliasRoutingConfiguration>,
        revision_id: Option<String>,
    }
    /// An alias.
    AliasConfiguration {
        alias_arn: String,
        name: String,
        function_version: String,
        description: String,
        routing_config: Option<AliasRoutingConfiguration>,
        revision_id: String,
    }
    /// Deletes an alias.
    DeleteAliasRequest { function_name: String, name: String }
    /// Nothing: the operation answers 204.
    DeleteAliasResponse {}
    /// Asks for the tags of a function, by its ARN.
    ListTagsRequest { resource: String }
    /// The tags of a function.
    ListTagsResponse { tags: BTreeMap<String, String> }
    /// Adds tags to a function, by its ARN.
    TagResourceRequest { resource: String, tags: BTreeMap<String, String> }
    /// Nothing: the operation answers 204.
    TagResourceResponse {}
    /// Runs a function. AWS's model calls this shape `InvocationRequest`.
    InvokeRequest {
        function_name: String,
        invocation_type: Option<String>,
        log_type: Option<String>,
        client_context: Option<String>,
        payload: Option<String>,
        qualifier: Option<String>,
    }
    /// What came of it. AWS's model calls this shape `InvocationResponse`.
    InvokeResponse {
        status_code: u16,
        function_error: Option<String>,
        log_result: Option<String>,
        payload: Option<String>,
        executed_version: Option<String>,
    }
}

/// AWS answers these operations with the function's configuration itself.
pub type CreateFunctionResponse = FunctionConfiguration;
/// See [`FunctionConfiguration`].
pub type UpdateFunctionConfigurationResponse = FunctionConfiguration;
/// See [`FunctionConfiguration`].
pub type UpdateFunctionCodeResponse = FunctionConfiguration;
/// See [`FunctionConfiguration`].
pub type PublishVersionResponse = FunctionConfiguration;
/// See [`FunctionConfiguration`].
pub type GetFunctionConfigurationResponse = FunctionConfiguration;
/// AWS answers these operations with the alias itself.
pub type CreateAliasResponse = AliasConfiguration;
/// See [`AliasConfiguration`].
pub type GetAliasResponse = AliasConfiguration;
/// See [`AliasConfiguration`].
pub type UpdateAliasResponse = AliasConfiguration;
