//! AWS's wire protocols: from an HTTP request to an operation with its input, and back.
//!
//! ```text
//! head + body ─▶ Target::identify ─▶ Target::decode ─▶ (the world) ─▶ Target::encode ─▶ response
//! ```
//!
//! | protocol | service | clients |
//! |---|---|---|
//! | REST-JSON | Lambda | all |
//! | Smithy RPC v2 CBOR | CloudWatch | the Rust SDK |
//! | AWS JSON 1.0 | CloudWatch | botocore 1.43 (AWS CLI, boto3) |
//! | query, XML | CloudWatch | older ones |
//! | AWS JSON 1.1 | SSM, CodeDeploy, EventBridge | all |
//! | AWS JSON 1.0 | Step Functions | all |
//! | query, XML | SNS | all |
//!
//! Inside, input and output are JSON with AWS's member names; timestamps are RFC 3339 text. This
//! module refuses to know what an operation does. Start reading at [`Target`].

mod cbor;
mod json;
mod query;
mod rest;
mod rest_routes;
pub(crate) mod services;
mod signature;
mod target;
mod timestamps;
mod xml;

pub(crate) use signature::access_key;
pub(crate) use target::Target;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

use crate::sim::AwsError;

/// How a request is encoded, and so its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// REST-JSON: the operation is in method and path.
    Rest,
    /// Smithy RPC v2 CBOR: service and operation are in the path.
    Cbor,
    /// AWS JSON with the version of its content type: the operation is in `X-Amz-Target`.
    Json(&'static str),
    /// AWS query: the operation is the form's `Action`, the answer XML.
    Query,
}

/// The parts of an HTTP response that a protocol decides.
#[derive(Debug)]
pub(crate) struct Encoded {
    /// The status.
    pub(crate) status: StatusCode,
    /// The headers, without the request id.
    pub(crate) headers: HeaderMap,
    /// The body.
    pub(crate) body: Bytes,
}

impl Encoded {
    fn new(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut encoded = Self {
            status,
            headers: HeaderMap::new(),
            body: body.into(),
        };
        encoded.set("content-type", content_type);
        encoded
    }

    /// Sets a header; text that HTTP cannot carry in a header is left out.
    fn set(&mut self, name: &'static str, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
    }
}

/// AWS's answer to a body that is not what the protocol says.
fn malformed(problem: &str) -> AwsError {
    AwsError::new("SerializationException", 400, problem)
}

/// A JSON error body: the members of the error, under the names that its model gives them.
fn error_members(error: &AwsError, message_member: &str) -> serde_json::Map<String, Value> {
    let mut members: serde_json::Map<String, Value> = error
        .fields
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    members.insert(
        message_member.to_owned(),
        Value::String(error.message.clone()),
    );
    members
}

/// Serialises JSON that this crate built itself.
fn to_json(value: &impl serde::Serialize) -> Vec<u8> {
    // Only a map with keys that are not text could fail, and there is none.
    serde_json::to_vec(value).unwrap_or_default()
}
