//! Smithy RPC v2 CBOR, as the Rust SDK speaks it to CloudWatch.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ciborium::Value as Cbor;
use serde_json::{Map, Number, Value};

use super::json::message_member;
use super::{Encoded, error_members, malformed, timestamps};
use crate::sim::AwsError;

const CONTENT_TYPE: &str = "application/cbor";

/// RFC 8949's tag of a time in epoch seconds.
const EPOCH_TAG: u64 = 1;

/// The input from a body; an empty body is an input without members.
pub(super) fn decode(body: &[u8]) -> Result<Value, AwsError> {
    if body.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    let cbor: Cbor =
        ciborium::from_reader(body).map_err(|error| malformed(&format!("not CBOR: {error}")))?;
    match from_cbor(cbor)? {
        input @ Value::Object(_) => Ok(input),
        _ => Err(malformed("the body is not a CBOR map")),
    }
}

/// A successful answer.
pub(super) fn encode(output: &Value) -> Encoded {
    Encoded::new(200, CONTENT_TYPE, to_bytes(&into_cbor(output, false)))
}

/// An error: its shape in `__type`.
pub(super) fn encode_error(error: &AwsError) -> Encoded {
    let mut members = error_members(error, message_member(error.shape()));
    let name = format!("com.amazonaws.cloudwatch#{}", error.shape());
    members.insert("__type".to_owned(), Value::String(name));
    Encoded::new(
        error.status,
        CONTENT_TYPE,
        to_bytes(&into_cbor(&Value::Object(members), false)),
    )
}

fn from_cbor(cbor: Cbor) -> Result<Value, AwsError> {
    Ok(match cbor {
        Cbor::Null => Value::Null,
        Cbor::Bool(value) => Value::Bool(value),
        Cbor::Text(text) => Value::String(text),
        Cbor::Bytes(bytes) => Value::String(STANDARD.encode(bytes)),
        Cbor::Integer(integer) => Value::Number(number(integer)?),
        Cbor::Float(float) => Value::Number(
            Number::from_f64(float).ok_or_else(|| malformed("a number is not finite"))?,
        ),
        Cbor::Tag(EPOCH_TAG, seconds) => Value::String(time(&seconds)?),
        Cbor::Array(items) => {
            Value::Array(items.into_iter().map(from_cbor).collect::<Result<_, _>>()?)
        }
        Cbor::Map(entries) => Value::Object(members(entries)?),
        other => return Err(malformed(&format!("unexpected CBOR: {}", kind(&other)))),
    })
}

/// The members of a map; a null member is an absent one.
fn members(entries: Vec<(Cbor, Cbor)>) -> Result<Map<String, Value>, AwsError> {
    let mut members = Map::new();
    for (key, value) in entries {
        let Cbor::Text(name) = key else {
            return Err(malformed("a key is not text"));
        };
        match from_cbor(value)? {
            Value::Null => {}
            value => {
                members.insert(name, value);
            }
        }
    }
    Ok(members)
}

fn number(integer: ciborium::value::Integer) -> Result<Number, AwsError> {
    let integer = i128::from(integer);
    i64::try_from(integer)
        .map(Number::from)
        .or_else(|_| u64::try_from(integer).map(Number::from))
        .map_err(|_| malformed("an integer is out of range"))
}

fn time(seconds: &Cbor) -> Result<String, AwsError> {
    let epoch = match seconds {
        Cbor::Integer(integer) => Some(i128::from(*integer) as f64),
        Cbor::Float(float) => Some(*float),
        _ => None,
    };
    epoch
        .and_then(timestamps::from_epoch)
        .ok_or_else(|| malformed("a timestamp is not in epoch seconds"))
}

fn kind(cbor: &Cbor) -> &'static str {
    if cbor.is_tag() {
        "an unknown tag"
    } else {
        "an unknown simple value"
    }
}

/// CBOR from JSON; `is_time` says that text here is a timestamp.
fn into_cbor(value: &Value, is_time: bool) -> Cbor {
    match value {
        Value::Null => Cbor::Null,
        Value::Bool(value) => Cbor::Bool(*value),
        Value::Number(number) => into_number(number),
        Value::String(text) => match timestamps::to_epoch(text).filter(|_| is_time) {
            Some(epoch) => Cbor::Tag(EPOCH_TAG, Box::new(into_cbor(&epoch, false))),
            None => Cbor::Text(text.clone()),
        },
        Value::Array(items) => {
            Cbor::Array(items.iter().map(|item| into_cbor(item, is_time)).collect())
        }
        Value::Object(members) => Cbor::Map(
            members
                .iter()
                .map(|(name, member)| {
                    (
                        Cbor::Text(name.clone()),
                        into_cbor(member, timestamps::is_timestamp(name)),
                    )
                })
                .collect(),
        ),
    }
}

/// Integers stay integers and floats stay floats: clients read them by their model's type.
fn into_number(number: &Number) -> Cbor {
    match (number.as_i64(), number.as_u64()) {
        (Some(integer), _) => Cbor::Integer(integer.into()),
        (None, Some(integer)) => Cbor::Integer(integer.into()),
        // serde_json's numbers are one of i64, u64 and finite f64.
        (None, None) => Cbor::Float(number.as_f64().unwrap_or_default()),
    }
}

fn to_bytes(cbor: &Cbor) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to a vector does not fail, and a value built from JSON is always encodable.
    let written = ciborium::into_writer(cbor, &mut bytes);
    debug_assert!(written.is_ok(), "{written:?}");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn times_are_tagged_and_numbers_keep_their_kind() {
        let value = json!({
            "StartTime": "2027-01-15T08:00:00.5Z",
            "Timestamps": ["2027-01-15T08:00:00Z"],
            "Period": 60,
            "Threshold": 3.0,
            "Label": "2027-01-15T08:00:00Z",
        });
        let encoded = encode(&value);
        let cbor: Cbor = ciborium::from_reader(&encoded.body[..]).expect("CBOR");
        let tagged = cbor
            .as_map()
            .expect("a map")
            .iter()
            .filter(|(_, value)| value.is_tag())
            .count();
        assert_eq!(tagged, 1, "{cbor:?}");
        assert_eq!(decode(&encoded.body).expect("its own output"), value);
    }

    #[test]
    fn an_error_carries_its_shape() {
        let encoded = encode_error(&AwsError::new("ResourceNotFound", 404, "gone"));
        assert_eq!(
            decode(&encoded.body).expect("CBOR"),
            json!({"__type": "com.amazonaws.cloudwatch#ResourceNotFound", "message": "gone"})
        );
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_input_or_refused(body in proptest::collection::vec(any::<u8>(), 0..512)) {
            if let Err(error) = decode(&body) {
                prop_assert_eq!(error.code, "SerializationException");
            }
        }
    }

    #[test]
    fn deep_nesting_is_refused() {
        assert!(decode(&[0x81; 100_000]).is_err());
    }
}
