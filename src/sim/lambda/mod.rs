//! Simulated lambda.

mod wire;

pub use wire::*;

use crate::sim::errors::AwsError;
use crate::sim::world::World;

pub(super) fn create_function(
    _world: &mut World,
    _request: CreateFunctionRequest,
) -> Result<CreateFunctionResponse, AwsError> {
    Err(AwsError::unknown_operation(
        crate::sim::errors::Service::Lambda,
        "CreateFunction",
    ))
}

pub(super) fn update_function_configuration(
    _world: &mut World,
    _request: UpdateFunctionConfigurationRequest,
) -> Result<UpdateFunctionConfigurationResponse, AwsError> {
    Err(AwsError::unknown_operation(
        crate::sim::errors::Service::Lambda,
        "UpdateFunctionConfiguration",
    ))
}

pub(super) fn update_function_code(
    _world: &mut World,
    _request: UpdateFunctionCodeRequest,
) -> Result<UpdateFunctionCodeResponse, AwsError> {
    Err(AwsError::unknown_operation(
        crate::sim::errors::Service::Lambda,
        "UpdateFunctionCode",
    ))
}

pub(super) fn publish_version(
    _world: &mut World,
    _request: PublishVersionRequest,
) -> Result<PublishVersionResponse, AwsError> {
    Err(AwsError::unknown_operation(
        crate::sim::errors::Service::Lambda,
        "PublishVersion",
    ))
}

pub(super) fn list_versions_by_function(
    _world: &mut World,
    _request: ListVersionsByFunctionRequest,
) -> Result<ListVersionsByFunctionResponse, AwsError> {
    Err(AwsError::unknown_operation(
        crate::sim::errors::Service::Lambda,
        "ListVersionsByFunction",
    ))
}

pub(super) fn get_function_configuration(
    _world: &mut World,
    _request: GetFunctionConfigurationRequest,
) -> Result<GetFunctionConfigurationResponse, AwsError> {
    Err(AwsError::unknown_operation(
        crate::sim::errors::Service::Lambda,
        "GetFunctionConfiguration",
    ))
}

pub(super) fn get_function(
    _world: &mut World,
    _request: GetFunctionRequest,
) -> Result<GetFunctionResponse, AwsError> {
    Err(AwsError::unknown_operation(
        crate::sim::errors::Service::Lambda,
        "GetFunction",
    ))
}

pub(super) fn create_alias(
    _world: &mut World,
    _request: CreateAliasRequest,
) -> Result<CreateAliasResponse, AwsError> {
    Err(AwsError::unknown_operation(
        crate::sim::errors::Service::Lambda,
        "CreateAlias",
    ))
}

pub(super) fn get_alias(
    _world: &mut World,
    _request: GetAliasRequest,
) -> Result<GetAliasResponse, AwsError> {
    Err(AwsError::unknown_operation(
        crate::sim::errors::Service::Lambda,
        "GetAlias",
    ))
}

pub(super) fn list_aliases(
    _world: &mut World,
    _request: ListAliasesRequest,
) -> Result<ListAliasesResponse, AwsError> {
    Err(AwsError::unknown_operation(
        crate::sim::errors::Service::Lambda,
        "ListAliases",
    ))
}

pub(super) fn update_alias(
    _world: &mut World,
    _request: UpdateAliasRequest,
) -> Result<UpdateAliasResponse, AwsError> {
    Err(AwsError::unknown_operation(
        crate::sim::errors::Service::Lambda,
        "UpdateAlias",
    ))
}

pub(super) fn delete_alias(
    _world: &mut World,
    _request: DeleteAliasRequest,
) -> Result<DeleteAliasResponse, AwsError> {
    Err(AwsError::unknown_operation(
        crate::sim::errors::Service::Lambda,
        "DeleteAlias",
    ))
}

pub(super) fn list_tags(
    _world: &mut World,
    _request: ListTagsRequest,
) -> Result<ListTagsResponse, AwsError> {
    Err(AwsError::unknown_operation(
        crate::sim::errors::Service::Lambda,
        "ListTags",
    ))
}

pub(super) fn tag_resource(
    _world: &mut World,
    _request: TagResourceRequest,
) -> Result<TagResourceResponse, AwsError> {
    Err(AwsError::unknown_operation(
        crate::sim::errors::Service::Lambda,
        "TagResource",
    ))
}

pub(super) fn invoke(
    _world: &mut World,
    _request: InvokeRequest,
) -> Result<InvokeResponse, AwsError> {
    Err(AwsError::unknown_operation(
        crate::sim::errors::Service::Lambda,
        "Invoke",
    ))
}
