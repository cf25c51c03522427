//! What makes a rollout succeed or fail: traffic, behaviour, the state of a version.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Refusal;
use crate::local::Shared;
use crate::sim::Behaviour;
use crate::sim::lambda::VersionState;

/// The longest that Lambda lets a function run.
const MAX_LATENCY_MS: f64 = 900_000.0;

/// How many requests an alias gets.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Traffic {
    function: String,
    alias: String,
    requests_per_second: f64,
}

/// How a version behaves; absent members take the default: no errors, 50 ms.
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

/// Changes how many requests an alias gets.
pub(super) fn set_traffic(shared: &Shared, request: Traffic) -> Result<Value, Refusal> {
    let Traffic {
        function,
        alias,
        requests_per_second,
    } = request;
    shared.with_world(|world| world.set_traffic(&function, &alias, requests_per_second))?;
    Ok(json!({"function": function, "alias": alias, "requests_per_second": requests_per_second}))
}

/// Changes how a version behaves.
pub(super) fn set_behaviour(shared: &Shared, request: VersionBehaviour) -> Result<Value, Refusal> {
    let default = Behaviour::default();
    let behaviour = Behaviour {
        error_rate: request.error_rate.unwrap_or(default.error_rate),
        latency_ms: request.latency_ms.unwrap_or(default.latency_ms),
        ..default
    };
    if !(0.0..=1.0).contains(&behaviour.error_rate) {
        return Err(Refusal::bad(
            "error_rate is a share",
            "between 0 and 1, such as 0.05",
        ));
    }
    if !(behaviour.latency_ms > 0.0 && behaviour.latency_ms <= MAX_LATENCY_MS) {
        return Err(Refusal::bad(
            "latency_ms is out of range",
            "above 0, at most 900000",
        ));
    }
    let VersionBehaviour {
        function, version, ..
    } = request;
    shared.with_world(|world| world.set_behaviour(&function, &version, behaviour))?;
    Ok(json!({
        "function": function,
        "version": version,
        "error_rate": behaviour.error_rate,
        "latency_ms": behaviour.latency_ms,
    }))
}

/// Changes whether a version can be invoked.
pub(super) fn set_version_state(shared: &Shared, request: State) -> Result<Value, Refusal> {
    const STATES: [VersionState; 3] = [
        VersionState::Pending,
        VersionState::Active,
        VersionState::Failed,
    ];
    let State {
        function,
        version,
        state,
    } = request;
    let wanted = STATES
        .into_iter()
        .find(|known| known.as_str() == state)
        .ok_or_else(|| {
            Refusal::bad(
                format!("there is no state '{state}'"),
                STATES.map(VersionState::as_str).join(", "),
            )
        })?;
    shared.with_world(|world| world.set_version_state(&function, &version, wanted))?;
    Ok(json!({"function": function, "version": version, "state": state}))
}
