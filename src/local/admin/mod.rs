//! `/_local/`: plain JSON for the person (or test) that runs the simulated world.
//!
//! No signatures here, so only loopback reaches it, and no page in a browser.

mod faults;
mod levers;
mod looks;

use std::net::SocketAddr;

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::Shared;
use super::protocol::{Encoded, services};
use crate::sim::{AwsError, Service};

const PREFIX: &str = "/_local";

/// Everything that is here, for the listing and for hints.
const ROUTES: &[&str] = &[
    "GET /_local/",
    "PUT /_local/traffic",
    "PUT /_local/behaviour",
    "PUT /_local/version-state",
    "GET /_local/faults",
    "POST /_local/faults",
    "DELETE /_local/faults",
    "GET /_local/calls",
    "GET /_local/rights",
    "GET /_local/events",
    "GET /_local/messages",
    "GET /_local/logs",
    "GET /_local/deployments",
];

/// Why an administrator's request was refused, and what to do instead.
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    error: String,
    hint: String,
}

impl Refusal {
    fn new(status: StatusCode, error: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            status,
            error: error.into(),
            hint: hint.into(),
        }
    }

    fn bad(error: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error, hint)
    }
}

impl From<AwsError> for Refusal {
    fn from(error: AwsError) -> Self {
        let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
        let hint = "function, version and alias must exist: create them with the AWS CLI first";
        Self::new(status, error.message, hint)
    }
}

/// Whether a path belongs here and not to AWS.
pub(super) fn is_for(uri: &Uri) -> bool {
    uri.path()
        .strip_prefix(PREFIX)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Answers an administrator's request.
pub(super) fn answer(
    shared: &Shared,
    peer: SocketAddr,
    head: &Parts,
    read: Result<Vec<u8>, AwsError>,
) -> Encoded {
    let answer = admit(peer, &head.headers)
        .and_then(|()| {
            read.map_err(|error| Refusal::bad(error.message, "send a small JSON object"))
        })
        .and_then(|body| route(shared, head, &body));
    let (status, value) = match answer {
        Ok(value) => (StatusCode::OK, value),
        Err(refusal) => (
            refusal.status,
            json!({"error": refusal.error, "hint": refusal.hint}),
        ),
    };
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    // A person reads this in a terminal.
    let body = format!("{value:#}\n");
    Encoded {
        status,
        headers,
        body: body.into(),
    }
}

fn admit(peer: SocketAddr, headers: &HeaderMap) -> Result<(), Refusal> {
    if !peer.ip().to_canonical().is_loopback() {
        let hint = "run the command on the machine that runs `canary local`";
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "/_local/ is for loopback only",
            hint,
        ));
    }
    if headers.contains_key("origin") {
        let hint = "use curl: the simulated world is not for pages in a browser";
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "requests from web pages are refused",
            hint,
        ));
    }
    Ok(())
}

fn route(shared: &Shared, head: &Parts, body: &[u8]) -> Result<Value, Refusal> {
    let path = head
        .uri
        .path()
        .strip_prefix(PREFIX)
        .unwrap_or_default()
        .trim_matches('/');
    match (&head.method, path) {
        (&Method::GET, "") => Ok(overview(shared)),
        (&Method::PUT, "traffic") => levers::set_traffic(shared, parse(body)?),
        (&Method::PUT, "behaviour") => levers::set_behaviour(shared, parse(body)?),
        (&Method::PUT, "version-state") => levers::set_version_state(shared, parse(body)?),
        (&Method::GET, "faults") => Ok(faults::list(shared)),
        (&Method::POST, "faults") => faults::add(shared, parse(body)?),
        (&Method::DELETE, "faults") => Ok(faults::clear(shared)),
        (&Method::GET, "calls") => looks::calls(shared, &head.uri),
        (&Method::GET, "rights") => Ok(looks::rights(shared)),
        (&Method::GET, "events") => looks::events(shared, &head.uri),
        (&Method::GET, "messages") => looks::messages(shared, &head.uri),
        (&Method::GET, "logs") => looks::logs(shared, &head.uri),
        (&Method::GET, "deployments") => Ok(looks::deployments(shared)),
        (method, _) => Err(Refusal::new(
            StatusCode::NOT_FOUND,
            format!("there is no {method} {}", head.uri.path()),
            format!("there are {}", ROUTES.join(", ")),
        )),
    }
}

fn overview(shared: &Shared) -> Value {
    let operations: Map<String, Value> = Service::ALL
        .into_iter()
        .map(|service| {
            (
                services::label(service).to_owned(),
                json!(services::operations(service)),
            )
        })
        .collect();
    shared.with_world(|world| {
        json!({
            "what": "a simulated AWS account of lambda-canary",
            "virtual_time": world.now().to_string(),
            "speed": shared.config.speed,
            "seed": shared.config.seed,
            "account": world.account(),
            "region": world.region(),
            "operations": operations,
            "routes": ROUTES,
        })
    })
}

/// A request's body as `T`, all of whose members are known.
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|problem| {
        Refusal::bad(
            format!("the body is not what this route takes: {problem}"),
            "send a JSON object, for instance with curl -X PUT -d '{…}'; GET /_local/ lists the routes",
        )
    })
}
