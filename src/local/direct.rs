//! One request answered without a connection: for clients in the same process, in virtual time.

use axum::body::Bytes;
use axum::http::StatusCode;
use uuid::Uuid;

use super::protocol::Target;
use crate::sim::{Outage, Service, World};

/// A request as a client would send it.
pub type Request = axum::http::Request<Vec<u8>>;
/// The answer as a client would receive it.
pub type Answer = axum::http::Response<Bytes>;

/// The service and the operation that a request is for, if they are ours.
#[must_use]
pub fn operation_of(request: &Request) -> Option<(Service, String)> {
    let (head, ()) = axum::http::Request::new(()).into_parts();
    let mut head = head;
    head.method = request.method().clone();
    head.uri = request.uri().clone();
    head.headers = request.headers().clone();
    let target = Target::identify(&head, request.body());
    Some((target.service?, target.operation))
}

/// Carries a signed request out on the world, at its present time and under its faults, and answers
/// in the client's protocol, as the endpoint does. Only a function that a process serves cannot be
/// invoked in this way: nobody could wait here for its answer.
///
/// # Errors
/// The outage that stands in the place of an answer.
pub fn answer(world: &mut World, request: Request) -> Result<Answer, Outage> {
    let (head, body) = request.into_parts();
    let target = Target::identify(&head, &body);
    let input = target.admit().and_then(|service| {
        let input = target.decode(&head, &body)?;
        Ok((service, input))
    });
    let result = match input {
        Ok((service, input)) => world.call_with_faults(service, &target.operation, input)?,
        Err(refusal) => Err(refusal),
    };
    let encoded = target.encode(result, &Uuid::new_v4().to_string());
    let mut answer = Answer::new(encoded.body);
    *answer.status_mut() = encoded.status;
    *answer.headers_mut() = encoded.headers;
    if answer.status() == StatusCode::NO_CONTENT {
        answer.headers_mut().remove("content-type");
    }
    Ok(answer)
}
