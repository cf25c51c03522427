//! What makes a rollout succeed or fail: traffic, behaviour, the state of a version.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Refusal;
use crate::local::Shared;

/// How many requests an alias gets.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Traffic {
    function: String,
    alias: String,
    requests_per_second: f64,
}

/// How a version behaves; absent members stay as they are.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VersionBehaviour {
    function: String,
    version: String,
    error_rate: Option<f64>,
    latency_ms: Option<f64>,
}

/// Lambda's idea of whether a version can be invoked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    function: String,
    version: String,
    state: String,
}

pub(super) fn set_traffic(_shared: &Shared, request: Traffic) -> Result<Value, Refusal> {
    Ok(
        json!({"function": request.function, "alias": request.alias, "requests_per_second": request.requests_per_second}),
    )
}

pub(super) fn set_behaviour(_shared: &Shared, request: VersionBehaviour) -> Result<Value, Refusal> {
    Ok(
        json!({"function": request.function, "version": request.version, "e": request.error_rate, "l": request.latency_ms}),
    )
}

pub(super) fn set_version_state(_shared: &Shared, request: State) -> Result<Value, Refusal> {
    Ok(json!({"function": request.function, "version": request.version, "e": request.state}))
}
