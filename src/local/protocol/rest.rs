//! REST-JSON, as Lambda speaks it.

use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Uri};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::rest_routes::ROUTES;
use super::{Encoded, Target, error_members, malformed, timestamps, to_json};
use crate::sim::AwsError;

const JSON: &str = "application/json";

/// The largest payload of a synchronous invocation.
const MAX_PAYLOAD: usize = 6_291_456;

/// Headers of an invocation and the members that they carry.
const INVOKE_REQUEST_HEADERS: &[(&str, &str)] = &[
    ("x-amz-client-context", "ClientContext"),
    ("x-amz-invocation-type", "InvocationType"),
    ("x-amz-log-type", "LogType"),
];

/// Members of an invocation's answer and the headers that carry them.
const INVOKE_RESPONSE_HEADERS: &[(&str, &str)] = &[
    ("ExecutedVersion", "x-amz-executed-version"),
    ("FunctionError", "x-amz-function-error"),
    ("LogResult", "x-amz-log-result"),
];

/// The errors whose message member is `Message`; all others have `message`.
const CAPITAL_MESSAGE: &[&str] = &[
    "ResourceInUseException",
    "ResourceNotFoundException",
    "ServiceException",
];

/// The operation at a method and path, and the members of its input that are in path and query.
pub(super) fn route(method: &Method, uri: &Uri) -> Option<(&'static str, Map<String, Value>)> {
    let segments: Vec<&str> = uri.path().trim_matches('/').split('/').collect();
    let query = uri.query().unwrap_or_default();
    let (operation, mut parameters) = ROUTES
        .iter()
        .filter(|(verb, _, _)| *verb == method.as_str())
        .filter_map(|(_, template, operation)| {
            let (path, marker) = template.split_once('?').unwrap_or((template, ""));
            let parameters = labels(path, &segments).filter(|_| query.contains(marker))?;
            Some((template.len(), operation, parameters))
        })
        // The longest template is the one that asks for most.
        .max_by_key(|(length, _, _)| *length)
        .map(|(_, operation, parameters)| (*operation, parameters))?;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if let Some(value) = query_member(&name, &value) {
            parameters.entry(name.into_owned()).or_insert(value);
        }
    }
    Some((operation, parameters))
}

/// An operation's input from path, query, headers and body.
pub(super) fn decode(target: &Target, head: &Parts, body: &[u8]) -> Result<Value, AwsError> {
    let mut input = if target.operation == "Invoke" {
        invocation(&head.headers, body)?
    } else if body.is_empty() || head.method == Method::GET {
        Map::new()
    } else {
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => members,
            Ok(_) => return Err(unreadable("the body is not a JSON object")),
            Err(error) => return Err(unreadable(&error.to_string())),
        }
    };
    input.retain(|_, member| !member.is_null());
    input.extend(target.parameters.clone());
    Ok(Value::Object(input))
}

/// A successful answer.
pub(super) fn encode(operation: &str, output: &Value) -> Encoded {
    match operation {
        "Invoke" => invocation_answer(output),
        "GetFunctionEventInvokeConfig" | "PutFunctionEventInvokeConfig" => {
            Encoded::new(200, JSON, to_json(&with_epoch(output, "LastModified")))
        }
        "CreateAlias" | "CreateFunction" | "PublishVersion" => {
            Encoded::new(201, JSON, to_json(output))
        }
        "DeleteAlias" | "TagResource" => Encoded::new(204, JSON, Vec::new()),
        _ => Encoded::new(200, JSON, to_json(output)),
    }
}

/// The same with that member in epoch seconds, where Lambda's model has a timestamp and not text.
fn with_epoch(output: &Value, member: &str) -> Value {
    let mut output = output.clone();
    let epoch = output[member].as_str().and_then(timestamps::to_epoch);
    if let Some(epoch) = epoch {
        output[member] = epoch;
    }
    output
}

/// An error: its name in a header, the rest in the body.
pub(super) fn encode_error(error: &AwsError) -> Encoded {
    let member = if CAPITAL_MESSAGE.contains(&error.code.as_str()) {
        "Message"
    } else {
        "message"
    };
    let mut encoded = Encoded::new(error.status, JSON, to_json(&error_members(error, member)));
    encoded.set("x-amzn-errortype", &error.code);
    encoded
}

/// The labels of a template's path, if the segments fit it.
fn labels(template: &str, segments: &[&str]) -> Option<Map<String, Value>> {
    let wanted: Vec<&str> = template.trim_matches('/').split('/').collect();
    if wanted.len() != segments.len() {
        return None;
    }
    let mut found = Map::new();
    for (want, have) in wanted.iter().zip(segments) {
        match want
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'))
        {
            Some(label) if !have.is_empty() => {
                let value = percent_decode_str(have).decode_utf8_lossy().into_owned();
                found.insert(label.to_owned(), Value::String(value));
            }
            None if want == have => {}
            _ => return None,
        }
    }
    Some(found)
}

/// A member that travels in the query; `None` for anything else that stands there.
fn query_member(name: &str, value: &str) -> Option<Value> {
    match name {
        "FunctionVersion" | "Marker" | "Qualifier" => Some(Value::String(value.to_owned())),
        // What is no number stays text, so that the operation refuses it by its type.
        "MaxItems" => Some(
            value
                .parse::<i64>()
                .map_or_else(|_| Value::from(value), Value::from),
        ),
        _ => None,
    }
}

fn invocation(headers: &HeaderMap, body: &[u8]) -> Result<Map<String, Value>, AwsError> {
    if body.len() > MAX_PAYLOAD {
        let message = format!(
            "{} byte payload is too large for the RequestResponse invocation type (limit {MAX_PAYLOAD} bytes)",
            body.len()
        );
        return Err(AwsError::new("RequestTooLargeException", 413, message));
    }
    let mut input = Map::new();
    for (header, member) in INVOKE_REQUEST_HEADERS {
        if let Some(value) = headers.get(*header).and_then(|value| value.to_str().ok()) {
            input.insert((*member).to_owned(), Value::from(value));
        }
    }
    if !body.is_empty() {
        let text = std::str::from_utf8(body).map_err(|error| {
            let message = format!("Could not parse request body into json: {error}");
            AwsError::new("InvalidRequestContentException", 400, message)
        })?;
        input.insert("Payload".to_owned(), Value::from(text));
    }
    Ok(input)
}

/// An invocation's answer: the payload is the body, all else is in status and headers.
fn invocation_answer(output: &Value) -> Encoded {
    let status = output["StatusCode"]
        .as_u64()
        .and_then(|status| u16::try_from(status).ok());
    let payload = output["Payload"].as_str().unwrap_or_default().to_owned();
    let mut encoded = Encoded::new(status.unwrap_or(200), JSON, payload);
    for (member, header) in INVOKE_RESPONSE_HEADERS {
        if let Some(text) = output[*member].as_str() {
            encoded.set(header, text);
        }
    }
    encoded
}

fn unreadable(problem: &str) -> AwsError {
    malformed(&format!(
        "Could not parse request body into json: {problem}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn routed(method: &str, path: &str) -> Option<(&'static str, Value)> {
        let method = method.parse().expect("a method");
        route(&method, &path.parse().expect("a path"))
            .map(|(operation, parameters)| (operation, Value::Object(parameters)))
    }

    #[test]
    fn names_and_arns_are_decoded_from_the_path() {
        let arn = "arn:aws:lambda:us-east-1:123456789012:function:hello";
        let encoded = arn.replace(':', "%3A");
        for given in [arn, encoded.as_str()] {
            assert_eq!(
                routed(
                    "GET",
                    &format!("/2015-03-31/functions/{given}/aliases/live")
                ),
                Some(("GetAlias", json!({"FunctionName": arn, "Name": "live"})))
            );
        }
        assert_eq!(
            routed("GET", &format!("/2017-03-31/tags/{encoded}")),
            Some(("ListTags", json!({"Resource": arn})))
        );
    }

    #[test]
    fn members_in_the_query_are_taken_and_others_left() {
        assert_eq!(
            routed(
                "GET",
                "/2015-03-31/functions/f/versions?MaxItems=2&Marker=m%2F&x=1&Name=n"
            ),
            Some((
                "ListVersionsByFunction",
                json!({"FunctionName": "f", "MaxItems": 2, "Marker": "m/"})
            ))
        );
    }

    #[test]
    fn a_trailing_slash_and_a_longer_template_are_no_obstacle() {
        assert_eq!(
            routed("POST", "/2015-03-31/functions/").map(|found| found.0),
            Some("CreateFunction")
        );
        assert_eq!(
            routed("GET", "/2018-10-31/layers?find=LayerVersion&Arn=a").map(|found| found.0),
            Some("GetLayerVersionByArn")
        );
        assert_eq!(
            routed("GET", "/2018-10-31/layers").map(|found| found.0),
            Some("ListLayers")
        );
        assert_eq!(routed("GET", "/2015-03-31/functions//aliases/live"), None);
        assert_eq!(routed("GET", "/2015-03-31/nothing"), None);
    }

    #[test]
    fn an_answer_to_an_invocation_is_in_body_and_headers() {
        let output = json!({
            "StatusCode": 200, "ExecutedVersion": "2", "FunctionError": "Unhandled", "Payload": "{}"
        });
        let encoded = encode("Invoke", &output);
        assert_eq!(encoded.status.as_u16(), 200);
        assert_eq!(&encoded.body[..], b"{}");
        assert_eq!(encoded.headers["x-amz-executed-version"], "2");
        assert_eq!(encoded.headers["x-amz-function-error"], "Unhandled");
    }

    #[test]
    fn an_error_spells_its_message_as_the_model_does() {
        for (code, body) in [
            ("ResourceNotFoundException", json!({"Message": "m"})),
            ("PreconditionFailedException", json!({"message": "m"})),
        ] {
            let encoded = encode_error(&AwsError::new(code, 404, "m"));
            assert_eq!(encoded.headers["x-amzn-errortype"], code);
            assert_eq!(
                serde_json::from_slice::<Value>(&encoded.body).expect("JSON"),
                body
            );
        }
    }
}
