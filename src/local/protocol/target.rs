//! Which service and operation a request is for, and in which protocol.

use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Uri};
use serde_json::{Map, Value};

use super::{Encoded, Protocol, cbor, json, query, rest, services, signature};
use crate::sim::{AwsError, OPERATIONS, Service};

/// A request's destination. There is one for every request, known here or not, since an error
/// has to be in the protocol that the client speaks.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// The protocol to answer in.
    pub(crate) protocol: Protocol,
    /// The service, if it is one of ours.
    pub(crate) service: Option<Service>,
    /// The service as the request names it.
    pub(crate) service_name: String,
    /// The operation as the request names it.
    pub(crate) operation: String,
    /// Members of the input that are in path and query (REST only).
    pub(super) parameters: Map<String, Value>,
    /// The role of the function whose process calls; none of anybody else.
    pub(crate) caller: Option<String>,
    signed: bool,
    query_mode: bool,
}

impl Target {
    /// Finds out what the request is for. The body is only looked at for a query's `Action`.
    pub(crate) fn identify(head: &Parts, body: &[u8]) -> Self {
        let scope = signature::scope(&head.headers, &head.uri);
        let signed = scope.is_some();
        let caller = scope.as_ref().and_then(|scope| scope.role.clone());
        let scope_service =
            scope.map_or_else(|| "an unknown service".to_owned(), |scope| scope.service);
        let query_mode = text(&head.headers, "x-amzn-query-mode").eq_ignore_ascii_case("true");
        let found = rpc_path(&head.uri)
            .or_else(|| amz_target(&head.headers))
            .or_else(|| lambda_route(&head.method, &head.uri))
            .or_else(|| query_action(head, body, &scope_service));
        let (protocol, service_name, operation, parameters) = found.unwrap_or_else(|| {
            let operation = format!("{} {}", head.method, head.uri.path());
            (Protocol::Rest, scope_service, operation, Map::new())
        });
        let service = services::service_named(&service_name);
        Self {
            protocol,
            service,
            service_name,
            operation,
            parameters,
            caller,
            signed,
            query_mode,
        }
    }

    /// The service, if the request may be carried out at all; else AWS's refusal.
    pub(crate) fn admit(&self) -> Result<Service, AwsError> {
        if !self.signed {
            return Err(self.unsigned());
        }
        match self.service {
            Some(service) if self.speaks(service) => {
                let here = OPERATIONS.contains(&(service, self.operation.as_str()));
                here.then_some(service).ok_or_else(|| self.absent())
            }
            _ => Err(self.absent()),
        }
    }

    /// The operation's input.
    pub(crate) fn decode(&self, head: &Parts, body: &[u8]) -> Result<Value, AwsError> {
        match self.protocol {
            Protocol::Rest => rest::decode(self, head, body),
            Protocol::Cbor => cbor::decode(body),
            Protocol::Json(_) => json::decode(body),
            Protocol::Query => query::decode(&head.uri, body),
        }
    }

    /// The answer to a call, in the client's protocol.
    pub(crate) fn encode(&self, answer: Result<Value, AwsError>, request_id: &str) -> Encoded {
        let mut encoded = match (self.protocol, &answer) {
            (Protocol::Rest, Ok(output)) => rest::encode(&self.operation, output),
            (Protocol::Rest, Err(error)) => rest::encode_error(error),
            (Protocol::Cbor, Ok(output)) => cbor::encode(output),
            (Protocol::Cbor, Err(error)) => cbor::encode_error(error),
            (Protocol::Json(version), Ok(output)) => json::encode(version, output.clone()),
            (Protocol::Json(version), Err(error)) => {
                json::encode_error(version, self.service, error)
            }
            (Protocol::Query, Ok(output)) => {
                query::encode(self.service, &self.operation, output, request_id)
            }
            (Protocol::Query, Err(error)) => query::encode_error(self.service, error, request_id),
        };
        if let (Err(error), true, Some(Service::CloudWatch)) =
            (&answer, self.query_mode, self.service)
        {
            // By this header a client that used to speak query keeps its error codes.
            let fault = if error.status < 500 {
                "Sender"
            } else {
                "Receiver"
            };
            encoded.set("x-amzn-query-error", &format!("{};{fault}", error.code));
        }
        if self.protocol == Protocol::Cbor {
            encoded.set("smithy-protocol", "rpc-v2-cbor");
        }
        encoded.set("x-amzn-requestid", request_id);
        encoded
    }

    /// Whether a service speaks the protocol of the request.
    fn speaks(&self, service: Service) -> bool {
        match service {
            Service::Lambda => self.protocol == Protocol::Rest,
            Service::CloudWatch => self.protocol != Protocol::Rest,
            Service::Sns => self.protocol == Protocol::Query,
            Service::Ssm | Service::CodeDeploy | Service::StepFunctions | Service::Events => {
                matches!(self.protocol, Protocol::Json(_))
            }
        }
    }

    fn unsigned(&self) -> AwsError {
        match self.protocol {
            Protocol::Query => AwsError::new(
                "MissingAuthenticationToken",
                403,
                "Request is missing Authentication Token",
            ),
            Protocol::Json(_) => AwsError::new(
                "MissingAuthenticationTokenException",
                400,
                "Request is missing Authentication Token",
            ),
            Protocol::Rest | Protocol::Cbor => AwsError::new(
                "MissingAuthenticationTokenException",
                403,
                "Missing Authentication Token",
            ),
        }
    }

    fn absent(&self) -> AwsError {
        let message = services::absent(self.service, &self.service_name, &self.operation);
        match self.protocol {
            // 501 is an answer that no client retries.
            Protocol::Rest => AwsError::new("NotImplementedException", 501, message),
            Protocol::Query => AwsError::new("InvalidAction", 400, message),
            Protocol::Json(_) | Protocol::Cbor => {
                AwsError::new("UnknownOperationException", 400, message)
            }
        }
    }
}

type Found = (Protocol, String, String, Map<String, Value>);

/// Smithy RPC v2: `/service/<service>/operation/<operation>`, CBOR being its only encoding.
fn rpc_path(uri: &Uri) -> Option<Found> {
    let mut segments = uri.path().trim_start_matches('/').split('/');
    match (
        segments.next(),
        segments.next(),
        segments.next(),
        segments.next(),
        segments.next(),
    ) {
        (Some("service"), Some(service), Some("operation"), Some(operation), None) => Some((
            Protocol::Cbor,
            service.to_owned(),
            operation.to_owned(),
            Map::new(),
        )),
        _ => None,
    }
}

/// AWS JSON: `X-Amz-Target: <service>.<operation>`.
fn amz_target(headers: &HeaderMap) -> Option<Found> {
    let target = headers.get("x-amz-target")?.to_str().ok()?;
    let (service, operation) = target.rsplit_once('.').unwrap_or((target, ""));
    let version = match text(headers, "content-type") {
        kind if kind.starts_with(json::VERSION_1_0) => json::VERSION_1_0,
        _ => json::VERSION_1_1,
    };
    Some((
        Protocol::Json(version),
        service.to_owned(),
        operation.to_owned(),
        Map::new(),
    ))
}

fn lambda_route(method: &Method, uri: &Uri) -> Option<Found> {
    let (operation, parameters) = rest::route(method, uri)?;
    Some((
        Protocol::Rest,
        "lambda".to_owned(),
        operation.to_owned(),
        parameters,
    ))
}

/// AWS query: a form with an `Action`; which service it is for only the signature tells.
fn query_action(head: &Parts, body: &[u8], scope_service: &str) -> Option<Found> {
    let form = text(&head.headers, "content-type").starts_with("application/x-www-form-urlencoded");
    let action = query::action(&head.uri, body);
    if !form && action.is_none() {
        return None;
    }
    let operation = action.unwrap_or_else(|| "a request without an Action".to_owned());
    Some((
        Protocol::Query,
        scope_service.to_owned(),
        operation,
        Map::new(),
    ))
}

/// A header's text, empty where there is none.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}
