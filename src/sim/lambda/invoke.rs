//! Invocations one by one, as a client makes them. Traffic in bulk is in `traffic`.

use rand::RngExt;
use serde_json::json;

use super::routing::Route;
use super::wire::{InvokeRequest, InvokeResponse};
use crate::sim::encoding::base64;
use crate::sim::errors::AwsError;
use crate::sim::streams::uuid;
use crate::sim::world::World;

pub(in crate::sim) fn invoke(
    world: &mut World,
    request: InvokeRequest,
) -> Result<InvokeResponse, AwsError> {
    if request.payload.as_ref().is_some_and(|payload| {
        serde_json::from_str::<serde::de::IgnoredAny>(payload).is_err() && !payload.is_empty()
    }) {
        return Err(AwsError::lambda(
            "InvalidRequestContentException",
            400,
            "Could not parse request body into json: Unrecognized token",
        ));
    }
    let route = world.route(&request.function_name, request.qualifier.as_deref())?;
    match request.invocation_type.as_deref() {
        None | Some("RequestResponse") => {
            run(world, &route, request.log_type.as_deref() == Some("Tail"))
        }
        Some("Event") => {
            // AWS runs it later and forgets the result; here it is run and counted at once.
            run(world, &route, false)?;
            Ok(InvokeResponse {
                status_code: 202,
                ..Default::default()
            })
        }
        Some("DryRun") => Ok(InvokeResponse {
            status_code: 204,
            ..Default::default()
        }),
        Some(other) => Err(AwsError::constraint(
            other,
            "invocationType",
            "Member must satisfy enum value set: [Event, RequestResponse, DryRun]",
        )),
    }
}

fn run(world: &mut World, route: &Route, tail: bool) -> Result<InvokeResponse, AwsError> {
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
        world.record_throttle(route, started);
        return Err(
            AwsError::lambda("TooManyRequestsException", 429, "Rate Exceeded.").with(
                "Reason",
                json!("ReservedFunctionConcurrentInvocationLimitExceeded"),
            ),
        );
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

fn log(request_id: &str, version: &str, duration: f64) -> String {
    base64(
        format!(
            "START RequestId: {request_id} Version: {version}\nEND RequestId: {request_id}\n\
             REPORT RequestId: {request_id}\tDuration: {duration:.2} ms\tBilled Duration: {:.0} ms\t\n",
            duration.ceil()
        )
        .as_bytes(),
    )
}
