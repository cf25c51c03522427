//! Serving: from a request to a call on the world, and the answer or the outage that comes of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize as _;
use serde_json::Value;
use tokio::net::TcpListener;
use uuid::Uuid;

use super::connection::{BreakableListener, Breaker};
use super::protocol::{Encoded, Target};
use super::{Shared, admin, body};
use crate::sim::invocations::Begun;
use crate::sim::lambda::InvokeRequest;
use crate::sim::{AwsError, Outage, Service, within_limits};

/// The longest that a simulated time-out is kept open: no client waits that long for AWS.
const SILENCE: Duration = Duration::from_secs(900);

/// Serves until the endpoint stops.
pub(super) async fn run(listener: TcpListener, shared: Arc<Shared>) {
    let app = Router::new()
        .fallback(answer)
        .with_state(Arc::clone(&shared));
    let service = app.into_make_service_with_connect_info::<Breaker>();
    let serving = axum::serve(BreakableListener { inner: listener }, service)
        .with_graceful_shutdown(async move { shared.closed().await });
    if let Err(problem) = serving.await {
        tracing::error!(%problem, "the local AWS stopped serving");
    }
}

/// Answers any request whatever.
async fn answer(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(breaker): ConnectInfo<Breaker>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let read = body::read(&head.headers, body).await;
    if admin::is_for(&head.uri) {
        return respond(admin::answer(&shared, breaker.peer, &head, read));
    }
    let answer = answer_call(&shared, &breaker, &head, read).await;
    match shared.config.simulated_date {
        true => dated(answer, shared.clock.now()),
        false => answer,
    }
}

/// AWS answers with the time that it has, and not with that of the client.
fn dated(mut response: Response, now: Timestamp) -> Response {
    let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(date) = HeaderValue::from_str(&date) {
        response.headers_mut().insert(header::DATE, date);
    }
    response
}

async fn answer_call(
    shared: &Shared,
    breaker: &Breaker,
    head: &Parts,
    read: Result<Vec<u8>, AwsError>,
) -> Response {
    let target = Target::identify(head, read.as_deref().unwrap_or_default());
    match carry_out(shared, &target, head, read).await {
        Ok(answer) => {
            log(&target, breaker.peer, &answer);
            respond(target.encode(answer, &Uuid::new_v4().to_string()))
        }
        Err(outage) => {
            tracing::debug!(operation = %target.operation, %outage, "simulated outage");
            fail(shared, breaker, outage).await
        }
    }
}

/// The service's answer, or the outage that the world's faults put in its place.
async fn carry_out(
    shared: &Shared,
    target: &Target,
    head: &Parts,
    read: Result<Vec<u8>, AwsError>,
) -> Result<Result<Value, AwsError>, Outage> {
    let request = target.admit().and_then(|service| {
        let input = target.decode(head, &read?)?;
        Ok((service, input))
    });
    match request {
        Ok((Service::Lambda, input)) if target.operation == "Invoke" => {
            invoke(shared, target, input).await
        }
        Ok((service, input)) => shared.with_world(|world| {
            world.acting_as(target.caller.as_deref(), |world| {
                world.call_with_faults(service, &target.operation, input)
            })
        }),
        Err(refusal) => Ok(Err(refusal)),
    }
}

/// `Invoke`, which may have to wait for a process.
async fn invoke(
    shared: &Shared,
    target: &Target,
    input: Value,
) -> Result<Result<Value, AwsError>, Outage> {
    let request = InvokeRequest::deserialize(&input).ok();
    let Some(request) = request.filter(|_| within_limits(Service::Lambda, &input)) else {
        // The operation itself says what is wrong.
        return shared.with_world(|world| world.call_with_faults(Service::Lambda, "Invoke", input));
    };
    let begun = shared.with_world(|world| {
        world.acting_as(target.caller.as_deref(), |world| {
            world.begin_invoke_with_faults(request)
        })
    })?;
    let response = match begun {
        Ok(Begun::Done(response)) => Ok(response),
        Ok(Begun::Pending(id)) => shared.response(id).await.ok_or(Outage::ConnectionReset)?,
        Err(error) => Err(error),
    };
    // A response is text and small numbers, which JSON always has.
    Ok(response.map(|response| serde_json::to_value(response).unwrap_or_default()))
}

/// Does to the client what the outage says. What is returned never reaches it: the connection is
/// broken by then.
async fn fail(shared: &Shared, breaker: &Breaker, outage: Outage) -> Response {
    if outage == Outage::Timeout {
        // The client leaves first, as a rule; then this future is dropped.
        let _ = tokio::time::timeout(SILENCE, shared.closed()).await;
    }
    breaker.break_connection();
    Response::new(Body::empty())
}

fn respond(encoded: Encoded) -> Response {
    let mut response = Response::new(Body::from(encoded.body));
    *response.status_mut() = encoded.status;
    *response.headers_mut() = encoded.headers;
    // A 204 has no body, so nothing that describes one either.
    if response.status() == StatusCode::NO_CONTENT {
        response.headers_mut().remove("content-type");
    }
    response
}

/// One line a call, without any of its content.
fn log(target: &Target, peer: SocketAddr, answer: &Result<Value, AwsError>) {
    let service = target.service_name.as_str();
    let operation = target.operation.as_str();
    match answer {
        Ok(_) => tracing::debug!(service, operation, %peer, "ok"),
        Err(error) => tracing::debug!(service, operation, %peer, code = %error.code, "error"),
    }
}
