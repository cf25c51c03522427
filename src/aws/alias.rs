//! Reading and writing an alias.
//!
//! Every write names the version *and* the weights, an empty map included: Lambda leaves what a
//! request does not name as it was (API reference, `UpdateAlias`). Every write depends on a
//! revision, so a write that was lost, repeated or overtaken shows as a conflict, and the next look
//! at the alias tells what really stands there.

use std::collections::HashMap;

use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::types::AliasRoutingConfiguration;

use super::error::{CallError, Kind};
use crate::rollout::{AliasReading, AliasView, AliasWrite, Unapplied};

/// Reads the alias.
///
/// # Errors
/// If Lambda did not answer, or the alias or function does not exist.
pub async fn get(
    lambda: &aws_sdk_lambda::Client,
    function: &str,
    alias: &str,
) -> Result<AliasView, CallError> {
    let answer = lambda
        .get_alias()
        .function_name(function)
        .name(alias)
        .send()
        .await
        .map_err(|error| CallError::of("GetAlias", &error))?;
    let weights = answer
        .routing_config
        .and_then(|routing| routing.additional_version_weights)
        .unwrap_or_default();
    Ok(AliasView {
        version: answer.function_version.unwrap_or_default(),
        weights: weights.into_iter().collect(),
        description: answer.description.unwrap_or_default(),
        revision: answer.revision_id.unwrap_or_default(),
    })
}

/// Writes the alias.
///
/// # Errors
/// If Lambda did not confirm the write. Unless it was a conflict or a refusal, the write may have
/// taken effect all the same.
pub async fn update(
    lambda: &aws_sdk_lambda::Client,
    function: &str,
    alias: &str,
    write: &AliasWrite,
) -> Result<(), CallError> {
    let weights: HashMap<String, f64> = write
        .canary
        .iter()
        .map(|(version, weight)| (version.to_string(), weight.fraction()))
        .collect();
    let routing = AliasRoutingConfiguration::builder()
        .set_additional_version_weights(Some(weights))
        .build();
    lambda
        .update_alias()
        .function_name(function)
        .name(alias)
        .function_version(write.version.to_string())
        .routing_config(routing)
        .description(&write.description)
        .revision_id(&write.revision)
        .customize()
        // One attempt: a retry inside the SDK would hide that an earlier attempt may have taken
        // effect. The rollout looks at the alias and tries again itself.
        .config_override(
            aws_sdk_lambda::config::Builder::new().retry_config(RetryConfig::disabled()),
        )
        .send()
        .await
        .map(|_| ())
        .map_err(|error| CallError::of("UpdateAlias", &error))
}

/// What a look at the alias means for a rollout.
pub fn reading(answer: Result<AliasView, CallError>) -> AliasReading {
    match answer {
        Ok(view) => AliasReading::Seen(view),
        Err(error) if error.kind == Kind::NotFound => AliasReading::Gone,
        Err(error) => AliasReading::Unreadable(error.to_string()),
    }
}

/// What a failed write means for a rollout.
pub fn unapplied(error: &CallError) -> Unapplied {
    match error.kind {
        Kind::Conflict => Unapplied::Conflict,
        Kind::Passing => Unapplied::Lost(error.to_string()),
        Kind::NotFound | Kind::Refused | Kind::NoCredentials => {
            Unapplied::Refused(error.to_string())
        }
    }
}
