//! The tags of a function.

use super::name::FunctionName;
use super::wire::{ListTagsRequest, ListTagsResponse, TagResourceRequest, TagResourceResponse};
use crate::sim::errors::AwsError;
use crate::sim::world::World;

pub(in crate::sim) fn list_tags(
    world: &mut World,
    request: ListTagsRequest,
) -> Result<ListTagsResponse, AwsError> {
    let name = taggable(world, &request.resource)?;
    Ok(ListTagsResponse {
        tags: world.function(&name)?.tags.clone(),
    })
}

pub(in crate::sim) fn tag_resource(
    world: &mut World,
    request: TagResourceRequest,
) -> Result<TagResourceResponse, AwsError> {
    let name = taggable(world, &request.resource)?;
    let revision = world.next_revision();
    let function = world.function_mut(&name)?;
    function.tags.extend(request.tags);
    function.latest.revision_id = revision;
    Ok(TagResourceResponse {})
}

/// Tags belong to the function itself: only its unqualified ARN names them.
fn taggable(world: &World, resource: &str) -> Result<String, AwsError> {
    let name = FunctionName::parse(resource, world)?;
    if !resource.starts_with("arn:") {
        return Err(AwsError::constraint(
            resource,
            "resource",
            "Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*):lambda:\
             [a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:function:[a-zA-Z0-9-_]+\
             (:(\\$LATEST|[a-zA-Z0-9-_]+))?",
        ));
    }
    if name.qualifier.is_some() {
        return Err(AwsError::invalid_parameter(
            "Tags on function aliases and versions are not supported. Please specify a function ARN.",
        ));
    }
    Ok(name.name)
}
