//! AWS JSON 1.0 and 1.1.

use serde_json::{Map, Value};

use super::{Encoded, error_members, malformed, timestamps, to_json};
use crate::sim::{AwsError, Service};

/// The content type of version 1.0.
pub(super) const VERSION_1_0: &str = "application/x-amz-json-1.0";
/// The content type of version 1.1.
pub(super) const VERSION_1_1: &str = "application/x-amz-json-1.1";

/// The input from a body; an empty body is an input without members.
pub(super) fn decode(body: &[u8]) -> Result<Value, AwsError> {
    if body.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    let mut input: Value =
        serde_json::from_slice(body).map_err(|error| malformed(&error.to_string()))?;
    let Value::Object(members) = &mut input else {
        return Err(malformed("the body is not a JSON object"));
    };
    members.retain(|_, member| !member.is_null());
    timestamps::convert(&mut input, &|value| {
        let text = value.as_f64().and_then(timestamps::from_epoch);
        text.map(Value::String)
            .ok_or_else(|| malformed(&format!("{value} is not a timestamp in epoch seconds")))
    })?;
    Ok(input)
}

/// A successful answer.
pub(super) fn encode(content_type: &'static str, mut output: Value) -> Encoded {
    let converted: Result<(), ()> = timestamps::convert(&mut output, &|value| {
        Ok(value
            .as_str()
            .and_then(timestamps::to_epoch)
            .unwrap_or_else(|| value.clone()))
    });
    debug_assert!(converted.is_ok(), "the closure never fails");
    Encoded::new(200, content_type, to_json(&output))
}

/// An error: its name in `__type`.
pub(super) fn encode_error(
    content_type: &'static str,
    service: Option<Service>,
    error: &AwsError,
) -> Encoded {
    let name = match service {
        Some(Service::CloudWatch) => format!("com.amazonaws.cloudwatch#{}", error.shape()),
        _ => error.code.clone(),
    };
    let message = match service {
        Some(Service::CodeDeploy | Service::StepFunctions | Service::Events) => "message",
        _ => message_member(error.shape()),
    };
    let mut members = error_members(error, message);
    members.insert("__type".to_owned(), Value::String(name));
    Encoded::new(error.status, content_type, to_json(&members))
}

/// The name of the message in the model of a CloudWatch or SSM error.
pub(super) fn message_member(shape: &str) -> &'static str {
    match shape {
        "ConflictException" | "InternalServiceFault" => "Message",
        _ => "message",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn times_come_in_and_go_out_as_epoch_seconds() {
        let body = br#"{"StartTime": 1800000000.5, "MaxDatapoints": 3, "NextToken": null}"#;
        let input = decode(body).expect("good input");
        assert_eq!(
            input,
            json!({"StartTime": "2027-01-15T08:00:00.5Z", "MaxDatapoints": 3})
        );
        let output = encode(VERSION_1_1, json!({"Timestamps": ["2027-01-15T08:00:00Z"]}));
        assert_eq!(&output.body[..], br#"{"Timestamps":[1800000000]}"#);
    }

    #[test]
    fn what_is_not_an_object_is_a_serialization_exception() {
        for body in [
            &b"[]"[..],
            b"{",
            b"1",
            b"\xff",
            br#"{"StartTime": "yesterday"}"#,
        ] {
            let error = decode(body).expect_err("must be refused");
            assert_eq!(error.code, "SerializationException");
        }
    }

    #[test]
    fn a_conflict_spells_its_message_as_its_service_does() {
        let error = AwsError::new("ConflictException", 400, "no");
        for (service, member) in [
            (Service::CloudWatch, "Message"),
            (Service::StepFunctions, "message"),
        ] {
            let encoded = encode_error(VERSION_1_0, Some(service), &error);
            let body: Value = serde_json::from_slice(&encoded.body).expect("JSON");
            assert_eq!(body[member], "no", "{body}");
        }
    }

    #[test]
    fn an_error_of_cloudwatch_carries_its_shape() {
        let error = AwsError::new("InvalidParameterValue", 400, "no");
        let encoded = encode_error(VERSION_1_0, Some(Service::CloudWatch), &error);
        let body: Value = serde_json::from_slice(&encoded.body).expect("JSON");
        assert_eq!(
            body,
            json!({"__type": "com.amazonaws.cloudwatch#InvalidParameterValueException", "message": "no"})
        );
    }
}
