//! SSM's Parameter Store.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::sim::errors::AwsError;
use crate::sim::wire::wire;
use crate::sim::world::World;

wire! {
    /// Creates or, with `Overwrite`, changes a parameter.
    PutParameterRequest {
        name: String,
        value: String,
        description: Option<String>,
        r#type: Option<String>,
        overwrite: Option<bool>,
        tier: Option<String>,
        data_type: Option<String>,
    }
    /// The new version.
    PutParameterResponse { version: i64, tier: String }
    /// Asks for a parameter by name, `name:version` or ARN.
    GetParameterRequest { name: String, with_decryption: Option<bool> }
    /// A parameter.
    Parameter {
        name: String,
        r#type: String,
        value: String,
        version: i64,
        selector: Option<String>,
        last_modified_date: Timestamp,
        #[serde(rename = "ARN")]
        arn: String,
        data_type: String,
    }
    /// The parameter.
    GetParameterResponse { parameter: Parameter }
    /// Deletes a parameter.
    DeleteParameterRequest { name: String }
    /// Nothing.
    DeleteParameterResponse {}
}

/// So many versions are kept of each parameter.
const KEPT: usize = 100;

/// A parameter and its past values.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    kind: String,
    tier: String,
    data_type: String,
    /// By version, the newest last.
    versions: BTreeMap<i64, (String, Timestamp)>,
}

pub(super) fn put_parameter(
    world: &mut World,
    request: PutParameterRequest,
) -> Result<PutParameterResponse, AwsError> {
    check_name(&request.name)?;
    let existing = world.parameters.get(&request.name);
    if existing.is_some() && request.overwrite != Some(true) {
        let message = "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.";
        return Err(AwsError::new("ParameterAlreadyExists", 400, message));
    }
    let kind = match (request.r#type, existing) {
        (Some(kind), _) => kind,
        (None, Some(existing)) => existing.kind.clone(),
        (None, None) => {
            return Err(validation(
                "A parameter type is required when you create a parameter.",
            ));
        }
    };
    if !["String", "StringList", "SecureString"].contains(&kind.as_str()) {
        let message = "Member must satisfy enum value set: [SecureString, StringList, String]";
        return Err(AwsError::constraint(&kind, "type", message));
    }
    let tier = tier(request.tier.as_deref(), existing, request.value.len())?;
    let mut stored = existing.cloned().unwrap_or_else(|| Stored {
        kind: String::new(),
        tier: String::new(),
        data_type: "text".to_owned(),
        versions: BTreeMap::new(),
    });
    let version = stored
        .versions
        .last_key_value()
        .map_or(0, |(version, _)| *version)
        + 1;
    stored.kind = kind;
    stored.tier.clone_from(&tier);
    stored.data_type = request.data_type.unwrap_or(stored.data_type);
    stored.versions.insert(version, (request.value, world.now));
    if stored.versions.len() > KEPT {
        stored.versions.pop_first();
    }
    world.parameters.insert(request.name, stored);
    Ok(PutParameterResponse { version, tier })
}

pub(super) fn get_parameter(
    world: &mut World,
    request: GetParameterRequest,
) -> Result<GetParameterResponse, AwsError> {
    let (name, selector) = split_name(&request.name);
    let stored = world
        .parameters
        .get(&name)
        .ok_or_else(|| not_found(&name))?;
    let unknown = |selector: &str| {
        let message = format!(
            "Systems Manager could not find version {selector} of {name}. Verify the version and try again."
        );
        AwsError::new("ParameterVersionNotFound", 400, message)
    };
    let found = match &selector {
        None => stored.versions.last_key_value(),
        Some(selector) => selector
            .parse()
            .ok()
            .and_then(|version: i64| stored.versions.get_key_value(&version)),
    };
    let (version, (value, modified)) =
        found.ok_or_else(|| unknown(selector.as_deref().unwrap_or_default()))?;
    let parameter = Parameter {
        arn: world.arn(
            "ssm",
            &format!("parameter/{}", name.trim_start_matches('/')),
        ),
        r#type: stored.kind.clone(),
        value: value.clone(),
        version: *version,
        selector: selector.map(|selector| format!(":{selector}")),
        last_modified_date: *modified,
        data_type: stored.data_type.clone(),
        name,
    };
    Ok(GetParameterResponse { parameter })
}

pub(super) fn delete_parameter(
    world: &mut World,
    request: DeleteParameterRequest,
) -> Result<DeleteParameterResponse, AwsError> {
    let removed = world.parameters.remove(&request.name);
    removed
        .map(|_| DeleteParameterResponse {})
        .ok_or_else(|| not_found(&request.name))
}

/// The bare name and the version of `name`, `name:version` or an ARN.
fn split_name(text: &str) -> (String, Option<String>) {
    let bare = match text
        .strip_prefix("arn:")
        .and_then(|arn| arn.split_once(":parameter"))
    {
        Some((_, path)) => path,
        None => text,
    };
    let (path, selector) = match bare.split_once(':') {
        Some((path, selector)) => (path, Some(selector.to_owned())),
        None => (bare, None),
    };
    // A name of one level has no slash of its own; in an ARN one precedes it all the same.
    let one_level = text.starts_with("arn:") && path.matches('/').count() == 1;
    let name = if one_level {
        path.trim_start_matches('/')
    } else {
        path
    };
    (name.to_owned(), selector)
}

fn check_name(name: &str) -> Result<(), AwsError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-/".contains(&byte);
    if name.is_empty() || name.len() > 1011 || !name.bytes().all(allowed) {
        return Err(validation(
            "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist of \
             sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the \
             following 3 symbols .-_",
        ));
    }
    if name.contains('/') && !name.starts_with('/') {
        return Err(validation("Parameter name must be a fully qualified name."));
    }
    let first = name.trim_start_matches('/').to_ascii_lowercase();
    if name.starts_with('/') && name.matches('/').count() > 1 && first.starts_with("aws") {
        let message = format!("No access to reserved parameter name: {name}.");
        return Err(AwsError::new("AccessDeniedException", 400, message));
    }
    if first.starts_with("aws") || first.starts_with("ssm") {
        return Err(validation(
            "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive).",
        ));
    }
    Ok(())
}

/// The tier that the parameter gets, if its value fits.
fn tier(asked: Option<&str>, existing: Option<&Stored>, size: usize) -> Result<String, AwsError> {
    let tier = match asked {
        Some("Intelligent-Tiering") if size > 4096 => "Advanced",
        Some("Intelligent-Tiering") => existing.map_or("Standard", |existing| &existing.tier),
        Some(tier @ ("Standard" | "Advanced")) => tier,
        Some(other) => {
            let message =
                "Member must satisfy enum value set: [Standard, Advanced, Intelligent-Tiering]";
            return Err(AwsError::constraint(other, "tier", message));
        }
        None => existing.map_or("Standard", |existing| &existing.tier),
    };
    match tier {
        "Standard" if size > 4096 => Err(validation(
            "Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger \
             parameter value, upgrade the parameter to use the advanced-parameter tier. For more information, see \
             https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html",
        )),
        "Advanced" if size > 8192 => Err(validation(
            "Advanced tier parameters support a maximum parameter value of 8192 characters.",
        )),
        tier => Ok(tier.to_owned()),
    }
}

fn not_found(name: &str) -> AwsError {
    AwsError::new(
        "ParameterNotFound",
        400,
        format!("Parameter {name} not found."),
    )
}

fn validation(message: &str) -> AwsError {
    AwsError::new("ValidationException", 400, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(world: &mut World, name: &str, value: &str, overwrite: bool) -> Result<i64, AwsError> {
        let request = PutParameterRequest {
            name: name.to_owned(),
            value: value.to_owned(),
            r#type: Some("String".to_owned()),
            overwrite: Some(overwrite),
            ..Default::default()
        };
        world
            .put_parameter(request)
            .map(|response| response.version)
    }

    fn get(world: &mut World, name: &str) -> Result<Parameter, AwsError> {
        let request = GetParameterRequest {
            name: name.to_owned(),
            ..Default::default()
        };
        world
            .get_parameter(request)
            .map(|response| response.parameter)
    }

    #[test]
    fn a_parameter_by_all_its_names() {
        let mut world = World::new(1, Timestamp::UNIX_EPOCH);
        assert_eq!(put(&mut world, "/a/policy", "one", false), Ok(1));
        assert_eq!(
            put(&mut world, "/a/policy", "no", false)
                .expect_err("exists")
                .code,
            "ParameterAlreadyExists"
        );
        assert_eq!(put(&mut world, "/a/policy", "two", true), Ok(2));
        let newest = get(&mut world, "/a/policy").expect("exists");
        assert_eq!((newest.value.as_str(), newest.version), ("two", 2));
        assert_eq!(
            newest.arn,
            "arn:aws:ssm:us-east-1:000000000000:parameter/a/policy"
        );
        assert_eq!(get(&mut world, &newest.arn), Ok(newest.clone()));
        assert_eq!(get(&mut world, "/a/policy:1").expect("kept").value, "one");
        assert_eq!(
            get(&mut world, "/a/policy:3")
                .expect_err("no such version")
                .code,
            "ParameterVersionNotFound"
        );
        put(&mut world, "flat", "x", false).expect("a name of one level");
        let flat = get(&mut world, "flat").expect("exists");
        assert_eq!(get(&mut world, &flat.arn).expect("exists").value, "x");
    }

    #[test]
    fn a_deleted_parameter_is_gone() {
        let mut world = World::new(1, Timestamp::UNIX_EPOCH);
        put(&mut world, "/a", "x", false).expect("new");
        let delete = || DeleteParameterRequest {
            name: "/a".to_owned(),
        };
        world.delete_parameter(delete()).expect("exists");
        assert_eq!(
            get(&mut world, "/a").expect_err("deleted").code,
            "ParameterNotFound"
        );
        assert_eq!(
            world.delete_parameter(delete()).expect_err("deleted").code,
            "ParameterNotFound"
        );
    }

    #[test]
    fn values_have_a_limit_by_tier() {
        let mut world = World::new(1, Timestamp::UNIX_EPOCH);
        put(&mut world, "/a", &"x".repeat(4096), true).expect("fits");
        assert_eq!(
            put(&mut world, "/a", &"x".repeat(4097), true)
                .expect_err("too long")
                .code,
            "ValidationException"
        );
        let mut advanced = PutParameterRequest {
            name: "/a".to_owned(),
            value: "x".repeat(8192),
            tier: Some("Advanced".to_owned()),
            overwrite: Some(true),
            ..Default::default()
        };
        world.put_parameter(advanced.clone()).expect("fits");
        advanced.value.push('x');
        assert_eq!(
            world.put_parameter(advanced).expect_err("too long").code,
            "ValidationException"
        );
    }

    #[test]
    fn impossible_names_are_refused() {
        let mut world = World::new(1, Timestamp::UNIX_EPOCH);
        let reserved = put(&mut world, "/aws/x", "x", false);
        assert_eq!(
            reserved.expect_err("reserved").code,
            "AccessDeniedException"
        );
        for name in ["", "a/b", "/a b", "/aws", "ssm-x"] {
            assert_eq!(
                put(&mut world, name, "x", false).expect_err(name).code,
                "ValidationException"
            );
        }
    }
}
