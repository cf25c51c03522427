//! Applications: a name over deployment groups and revisions.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::PAGE;
use super::errors::{check_name, error, invalid_token, no_application};
use super::groups::Group;
use super::revisions::Revision;
use super::wire::{
    ApplicationInfo, CreateApplicationRequest, CreateApplicationResponse, DeleteApplicationRequest,
    DeleteApplicationResponse, GetApplicationRequest, GetApplicationResponse,
    ListApplicationsRequest, ListApplicationsResponse,
};
use crate::sim::errors::AwsError;
use crate::sim::paging;
use crate::sim::streams::uuid;
use crate::sim::world::World;

/// An application.
#[derive(Debug, Clone)]
pub(super) struct Application {
    id: String,
    created: Timestamp,
    pub groups: BTreeMap<String, Group>,
    /// The oldest first.
    pub revisions: Vec<Revision>,
}

/// The application of that name.
pub(super) fn application<'a>(world: &'a World, name: &str) -> Result<&'a Application, AwsError> {
    check_name("Application", name)?;
    let found = world.deployments.applications.get(name);
    found.ok_or_else(|| no_application(name))
}

/// The application of that name, to change it.
pub(super) fn application_mut<'a>(
    world: &'a mut World,
    name: &str,
) -> Result<&'a mut Application, AwsError> {
    check_name("Application", name)?;
    let found = world.deployments.applications.get_mut(name);
    found.ok_or_else(|| no_application(name))
}

pub(in crate::sim) fn create_application(
    world: &mut World,
    request: CreateApplicationRequest,
) -> Result<CreateApplicationResponse, AwsError> {
    let name = request.application_name;
    check_name("Application", &name)?;
    if request.compute_platform.as_deref() != Some("Lambda") {
        return Err(error(
            "InvalidComputePlatformException",
            "Only the compute platform Lambda is simulated, and it must be named: without it AWS takes Server.",
        ));
    }
    if world.deployments.applications.contains_key(&name) {
        let message = format!("An application with the name {name} already exists");
        return Err(error("ApplicationAlreadyExistsException", message));
    }
    let application_id = uuid(world.stream("deployment-settings"));
    let application = Application {
        id: application_id.clone(),
        created: world.now,
        groups: BTreeMap::new(),
        revisions: Vec::new(),
    };
    world.deployments.applications.insert(name, application);
    Ok(CreateApplicationResponse { application_id })
}

pub(in crate::sim) fn get_application(
    world: &mut World,
    request: GetApplicationRequest,
) -> Result<GetApplicationResponse, AwsError> {
    let found = application(world, &request.application_name)?;
    Ok(GetApplicationResponse {
        application: ApplicationInfo {
            application_id: found.id.clone(),
            create_time: found.created,
            application_name: request.application_name,
            linked_to_git_hub: false,
            compute_platform: "Lambda".to_owned(),
        },
    })
}

pub(in crate::sim) fn list_applications(
    world: &mut World,
    request: ListApplicationsRequest,
) -> Result<ListApplicationsResponse, AwsError> {
    let names = world.deployments.applications.keys().cloned();
    let (applications, next_token) =
        paging::page(names, request.next_token.as_deref(), PAGE).map_err(|_| invalid_token())?;
    Ok(ListApplicationsResponse {
        applications,
        next_token,
    })
}

pub(in crate::sim) fn delete_application(
    world: &mut World,
    request: DeleteApplicationRequest,
) -> Result<DeleteApplicationResponse, AwsError> {
    check_name("Application", &request.application_name)?;
    // Deleting what does not exist succeeds. Deployments stay, as AWS keeps them to be read.
    world
        .deployments
        .applications
        .remove(&request.application_name);
    Ok(DeleteApplicationResponse {})
}
