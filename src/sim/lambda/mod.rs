//! Simulated Lambda: functions, versions, weighted aliases, invocations.

mod aliases;
mod functions;
mod invoke;
mod name;
mod routing;
mod tags;
mod versions;
mod wire;

pub use routing::Route;
pub use versions::VersionState;
pub use wire::*;

pub use aliases::AliasChange;
pub(super) use aliases::{create_alias, delete_alias, get_alias, list_aliases, update_alias};
pub(super) use functions::{
    Function, create_function, get_function, get_function_configuration, update_function_code,
    update_function_configuration,
};
pub(super) use invoke::{check_payload, log, no_place, run_modelled, throttle};
pub(super) use tags::{list_tags, tag_resource};
pub(super) use versions::{list_versions_by_function, publish_version};

use super::errors::AwsError;

/// Pages of versions and aliases hold at most so many.
const PAGE: u32 = 50;

/// Refuses a text that is longer than the API's model allows.
fn check_length(text: Option<&str>, at: &str, longest: usize) -> Result<(), AwsError> {
    match text {
        Some(text) if text.chars().count() > longest => Err(AwsError::constraint(
            text,
            at,
            &format!("Member must have length less than or equal to {longest}"),
        )),
        _ => Ok(()),
    }
}

/// The optimistic lock: a revision id, if given, must be the latest.
fn check_revision(given: Option<&str>, latest: &str) -> Result<(), AwsError> {
    match given {
        Some(given) if given != latest => Err(AwsError::lambda(
            "PreconditionFailedException",
            412,
            "The Revision Id provided does not match the latest Revision Id. \
             Call the GetFunction/GetAlias API to retrieve the latest Revision Id",
        )),
        _ => Ok(()),
    }
}
