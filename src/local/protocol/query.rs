//! AWS query: forms in, XML out. CloudWatch's older protocol, and the one of SNS.
//!
//! A form has no types: lists are `Name.member.N`, maps `Name.entry.N`, and which text is a number, a boolean or a time
//! only the model knows. The few members that are not text are listed here.

use std::collections::BTreeMap;

use axum::http::Uri;
use serde_json::{Map, Value};

use super::{Encoded, timestamps, xml};
use crate::sim::{AwsError, Service};

const CONTENT_TYPE: &str = "text/xml";

/// How deep a member may be nested; CloudWatch's model needs 9.
const MAX_DEPTH: usize = 16;

const INTEGERS: &[&str] = &[
    "DatapointsToAlarm",
    "EvaluationPeriods",
    "MaxDatapoints",
    "MaxRecords",
    "Period",
    "StorageResolution",
];
const NUMBERS: &[&str] = &[
    "Counts",
    "Maximum",
    "Minimum",
    "SampleCount",
    "Sum",
    "Threshold",
    "Values",
];
const BOOLEANS: &[&str] = &["ActionsEnabled", "ReturnData", "ReturnSubscriptionArn"];
const LISTS: &[&str] = &[
    "AlarmActions",
    "AlarmNames",
    "AlarmTypes",
    "Counts",
    "Dimensions",
    "ExtendedStatistics",
    "InsufficientDataActions",
    "MetricData",
    "MetricDataQueries",
    "Metrics",
    "OKActions",
    "Statistics",
    "Tags",
    "Values",
];

/// The form's `Action`, from the body or from the query of a GET.
pub(super) fn action(uri: &Uri, body: &[u8]) -> Option<String> {
    pairs(uri, body)
        .find(|(name, _)| name == "Action")
        .map(|(_, value)| value)
}

/// The input from a form.
pub(super) fn decode(uri: &Uri, body: &[u8]) -> Result<Value, AwsError> {
    let mut root = Branch::new();
    for (name, value) in pairs(uri, body) {
        if name.is_empty()
            || matches!(name.as_str(), "Action" | "Version")
            || name.starts_with("X-Amz-")
        {
            continue;
        }
        insert(&mut root, &name, value)?;
    }
    let mut input = Map::new();
    for (name, node) in root {
        let value = typed(node, &name, "")?;
        input.insert(name, value);
    }
    Ok(Value::Object(input))
}

/// A successful answer.
pub(super) fn encode(
    service: Option<Service>,
    action: &str,
    output: &Value,
    request_id: &str,
) -> Encoded {
    let text = xml::response(service, action, output, request_id);
    Encoded::new(200, CONTENT_TYPE, text)
}

/// An error.
pub(super) fn encode_error(
    service: Option<Service>,
    error: &AwsError,
    request_id: &str,
) -> Encoded {
    let text = xml::error(service, error, request_id);
    Encoded::new(error.status, CONTENT_TYPE, text)
}

type Branch = BTreeMap<String, Node>;

enum Node {
    Leaf(String),
    Branch(Branch),
}

fn pairs<'a>(uri: &'a Uri, body: &'a [u8]) -> impl Iterator<Item = (String, String)> + 'a {
    form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
        .chain(form_urlencoded::parse(body))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
}

fn insert(root: &mut Branch, name: &str, value: String) -> Result<(), AwsError> {
    let mut path: Vec<&str> = name.split('.').collect();
    let last = path.pop().unwrap_or_default();
    if path.len() >= MAX_DEPTH {
        return Err(malformed_input(&format!(
            "a member is nested more than {MAX_DEPTH} levels deep"
        )));
    }
    let mut branch = root;
    for segment in path {
        let next = branch
            .entry(segment.to_owned())
            .or_insert_with(|| Node::Branch(Branch::new()));
        match next {
            Node::Branch(inner) => branch = inner,
            Node::Leaf(_) => {
                return Err(malformed_input(&format!(
                    "{name} is both a value and a structure"
                )));
            }
        }
    }
    match branch.insert(last.to_owned(), Node::Leaf(value)) {
        Some(Node::Branch(_)) => Err(malformed_input(&format!(
            "{name} is both a value and a structure"
        ))),
        _ => Ok(()),
    }
}

/// The typed value of the member `name`, inside an item of `list` if that is not empty.
fn typed(node: Node, name: &str, list: &str) -> Result<Value, AwsError> {
    match node {
        Node::Leaf(text) if text.is_empty() && LISTS.contains(&name) && list != name => {
            Ok(Value::Array(Vec::new()))
        }
        Node::Leaf(text) => leaf(text, name, list),
        Node::Branch(branch) if branch.len() == 1 && branch.contains_key("entry") => {
            entries_of(branch, name)
        }
        Node::Branch(mut branch) => match branch.remove("member") {
            Some(Node::Branch(items)) if branch.is_empty() => items_of(items, name),
            Some(_) => Err(malformed_input(&format!("{name}.member needs numbers"))),
            None => {
                let mut members = Map::new();
                for (member, node) in branch {
                    let value = typed(node, &member, list)?;
                    members.insert(member, value);
                }
                Ok(Value::Object(members))
            }
        },
    }
}

/// The members of a map: each entry has a key and a value, in small letters or capitals.
fn entries_of(mut branch: Branch, name: &str) -> Result<Value, AwsError> {
    let wrong = || malformed_input(&format!("{name}.entry needs numbers, keys and values"));
    let Some(Node::Branch(entries)) = branch.remove("entry") else {
        return Err(wrong());
    };
    let mut members = Map::new();
    for entry in entries.into_values() {
        let Node::Branch(mut entry) = entry else {
            return Err(wrong());
        };
        let mut take = |one: &str, other: &str| entry.remove(one).or_else(|| entry.remove(other));
        let (Some(Node::Leaf(key)), Some(value)) = (take("key", "Name"), take("value", "Value"))
        else {
            return Err(wrong());
        };
        members.insert(key, typed(value, "value", name)?);
    }
    Ok(Value::Object(members))
}

/// The items of a list, in the order of their numbers.
fn items_of(items: Branch, name: &str) -> Result<Value, AwsError> {
    let mut numbered = Vec::with_capacity(items.len());
    for (number, node) in items {
        let position: u32 = number
            .parse()
            .map_err(|_| malformed_input(&format!("{name}.member.{number}: not a number")))?;
        numbered.push((position, typed(node, name, name)?));
    }
    numbered.sort_by_key(|(position, _)| *position);
    Ok(Value::Array(
        numbered.into_iter().map(|(_, value)| value).collect(),
    ))
}

fn leaf(text: String, name: &str, list: &str) -> Result<Value, AwsError> {
    let wrong = |kind: &str| malformed_input(&format!("{name}: '{text}' is not {kind}"));
    // A dimension's `Value` is text, a datum's a number.
    if NUMBERS.contains(&name) || (name == "Value" && list == "MetricData") {
        let number = text
            .parse::<f64>()
            .ok()
            .and_then(serde_json::Number::from_f64);
        number.map(Value::Number).ok_or_else(|| wrong("a number"))
    } else if INTEGERS.contains(&name) {
        text.parse::<i64>()
            .map(Value::from)
            .map_err(|_| wrong("an integer"))
    } else if BOOLEANS.contains(&name) {
        match text.as_str() {
            "true" | "True" => Ok(Value::Bool(true)),
            "false" | "False" => Ok(Value::Bool(false)),
            _ => Err(wrong("a boolean")),
        }
    } else if timestamps::is_timestamp(name) {
        timestamps::from_iso(&text)
            .map(Value::String)
            .ok_or_else(|| wrong("a timestamp"))
    } else {
        Ok(Value::String(text))
    }
}

/// The query protocol's SerializationException.
fn malformed_input(problem: &str) -> AwsError {
    AwsError::new("MalformedInput", 400, problem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn decoded(form: &str) -> Result<Value, AwsError> {
        decode(&Uri::from_static("/"), form.as_bytes())
    }

    #[test]
    fn lists_structures_and_types_are_rebuilt() {
        let form = "Action=PutMetricData&Version=2010-08-01&Namespace=N\
            &MetricData.member.1.MetricName=m&MetricData.member.1.Value=3\
            &MetricData.member.1.Timestamp=2027-01-15T08%3A00%3A00Z\
            &MetricData.member.1.Dimensions.member.1.Name=d&MetricData.member.1.Dimensions.member.1.Value=3\
            &MetricData.member.2.Values.member.2=2.5&MetricData.member.2.Values.member.1=1\
            &MetricData.member.10.MetricName=last";
        assert_eq!(
            decoded(form).expect("a good form"),
            json!({"Namespace": "N", "MetricData": [
                {"MetricName": "m", "Value": 3.0, "Timestamp": "2027-01-15T08:00:00Z",
                 "Dimensions": [{"Name": "d", "Value": "3"}]},
                {"Values": [1.0, 2.5]},
                {"MetricName": "last"},
            ]})
        );
    }

    #[test]
    fn an_empty_list_is_a_list() {
        assert_eq!(
            decoded("AlarmNames=&ActionsEnabled=true&Period=60").expect("a good form"),
            json!({"AlarmNames": [], "ActionsEnabled": true, "Period": 60})
        );
    }

    #[test]
    fn maps_are_rebuilt() {
        let form = "Message=7&Attributes.entry.1.key=a&Attributes.entry.1.value=1\
            &MessageAttributes.entry.1.Name=b&MessageAttributes.entry.1.Value.DataType=String\
            &MessageAttributes.entry.1.Value.StringValue=2";
        assert_eq!(
            decoded(form).expect("a good form"),
            json!({"Message": "7", "Attributes": {"a": "1"},
                "MessageAttributes": {"b": {"DataType": "String", "StringValue": "2"}}})
        );
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        let deep = format!("{}x=1", "a.".repeat(50_000));
        for form in [
            "Period=soon",
            "Threshold=NaN",
            "ActionsEnabled=perhaps",
            "StartTime=yesterday",
            "A=1&A.B=2",
            "A.B=2&A=1",
            "A.member=1",
            "A.member.x=1",
            "A.entry=1",
            "A.entry.1=1",
            "A.entry.1.key=k",
            deep.as_str(),
        ] {
            let error = decoded(form).expect_err("must be refused");
            assert_eq!(error.code, "MalformedInput");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_forms_never_panic(form in "[A-Za-z.=&%0-9]{0,200}") {
            let _ = decoded(&form);
        }

        #[test]
        fn arbitrary_bytes_never_panic(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = decode(&Uri::from_static("/?x=1"), &body);
        }
    }
}
