//! What a modelled function answers to one invocation. Traffic in bulk is in `traffic`, who waits
//! for the answer in `invocations`.

use rand::RngExt;
use serde_json::json;

use super::routing::Route;
use super::wire::{InvokeRequest, InvokeResponse};
use crate::sim::encoding::base64;
use crate::sim::errors::AwsError;
use crate::sim::streams::uuid;
use crate::sim::world::World;

/// Refuses a payload that is not JSON; none at all is fine.
pub(in crate::sim) fn check_payload(request: &InvokeRequest) -> Result<(), AwsError> {
    let payload = request.payload.as_deref().unwrap_or_default();
    if payload.is_empty() || serde_json::from_str::<serde::de::IgnoredAny>(payload).is_ok() {
        return Ok(());
    }
    Err(AwsError::lambda(
        "InvalidRequestContentException",
        400,
        "Could not parse request body into json: Unrecognized token",
    ))
}

/// Runs a modelled function: drawn from its behaviour, counted, and answered at once.
pub(in crate::sim) fn run_modelled(
    world: &mut World,
    route: &Route,
    tail: bool,
) -> Result<InvokeResponse, AwsError> {
    let behaviour = world.behaviour(route);
    let (started, name) = (
        world.now(),
        format!("invoke:{}:{}", route.function, route.executed_version),
    );
    let stream = world.stream(&name);
    let throttled = stream.random::<f64>() < behaviour.throttle_rate;
    let failed = stream.random::<f64>() < behaviour.error_rate;
    let duration = behaviour.duration(stream);
    let request_id = uuid(stream);
    if throttled {
        return Err(throttle(world, route));
    }
    world.record_invocation(route, started, duration, failed);
    let payload = if failed {
        json!({
            "errorMessage": "the simulated function failed",
            "errorType": "SimulatedError",
            "requestId": request_id,
        })
    } else {
        let body = json!({"function": route.function, "version": route.executed_version});
        json!({"statusCode": 200, "body": body.to_string()})
    };
    Ok(InvokeResponse {
        status_code: 200,
        function_error: failed.then(|| "Unhandled".to_owned()),
        log_result: tail.then(|| log(&request_id, &route.executed_version, duration)),
        payload: Some(payload.to_string()),
        executed_version: Some(route.executed_version.clone()),
    })
}

/// Counts a request that found none of its function's own places free, and says what its caller hears.
pub(in crate::sim) fn throttle(world: &mut World, route: &Route) -> AwsError {
    throttled(
        world,
        route,
        "ReservedFunctionConcurrentInvocationLimitExceeded",
    )
}

/// The same for the places of the whole account.
pub(in crate::sim) fn no_place(world: &mut World, route: &Route) -> AwsError {
    throttled(world, route, "ConcurrentInvocationLimitExceeded")
}

fn throttled(world: &mut World, route: &Route, reason: &str) -> AwsError {
    let now = world.now();
    world.record_throttle(route, now);
    AwsError::lambda("TooManyRequestsException", 429, "Rate Exceeded.")
        .with("Reason", json!(reason))
}

/// The end of the log, as `LogType: Tail` asks for it.
pub(in crate::sim) fn log(request_id: &str, version: &str, duration: f64) -> String {
    base64(
        format!(
            "START RequestId: {request_id} Version: {version}\nEND RequestId: {request_id}\n\
             REPORT RequestId: {request_id}\tDuration: {duration:.2} ms\tBilled Duration: {:.0} ms\t\n",
            duration.ceil()
        )
        .as_bytes(),
    )
}
