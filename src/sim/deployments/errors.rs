//! CodeDeploy's errors: its codes, all of them 400, and its words where they are known.

use crate::sim::errors::AwsError;

/// An error of CodeDeploy.
pub(super) fn error(code: &str, message: impl Into<String>) -> AwsError {
    AwsError::new(code, 400, message)
}

/// A name that must be there and fit; `what` is the code's part, such as `Application`.
pub(super) fn check_name(what: &str, name: &str) -> Result<(), AwsError> {
    let words = in_words(what);
    if name.is_empty() {
        let code = format!("{what}NameRequiredException");
        return Err(error(&code, format!("The {words} name is required.")));
    }
    if name.chars().count() > 100 {
        let code = format!("Invalid{what}NameException");
        let message = format!("The {words} name must be between 1 and 100 characters long.");
        return Err(error(&code, message));
    }
    Ok(())
}

/// Refuses what is not a deployment's id.
pub(super) fn check_deployment_id(id: &str) -> Result<(), AwsError> {
    if id.is_empty() {
        return Err(error(
            "DeploymentIdRequiredException",
            "At least one deployment ID must be specified.",
        ));
    }
    let valid = id.strip_prefix("d-").is_some_and(|rest| {
        rest.len() == 9
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    });
    if valid {
        return Ok(());
    }
    let message = format!("Specified DeploymentId is not in the valid format: {id}");
    Err(error("InvalidDeploymentIdException", message))
}

pub(super) fn no_application(name: &str) -> AwsError {
    let message = format!("No application found for name: {name}");
    error("ApplicationDoesNotExistException", message)
}

pub(super) fn no_group(name: &str) -> AwsError {
    let message = format!("No Deployment Group found for name: {name}");
    error("DeploymentGroupDoesNotExistException", message)
}

pub(super) fn no_config(name: &str) -> AwsError {
    let message = format!("No Deployment Configuration found for name: {name}");
    error("DeploymentConfigDoesNotExistException", message)
}

pub(super) fn no_deployment(id: &str) -> AwsError {
    let message = format!("The deployment {id} could not be found");
    error("DeploymentDoesNotExistException", message)
}

pub(super) fn invalid_token() -> AwsError {
    error(
        "InvalidNextTokenException",
        "The next token was specified in an invalid format.",
    )
}

pub(super) fn invalid_revision(message: impl Into<String>) -> AwsError {
    error("InvalidRevisionException", message)
}

/// `DeploymentGroup` → `deployment group`.
fn in_words(what: &str) -> String {
    let mut words = String::new();
    for letter in what.chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}
