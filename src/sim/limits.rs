//! Limits that AWS's API models put on members of inputs, whatever the operation does.
//!
//! The services that check them before anything else answer every breach alike; CodeDeploy and SNS
//! have an error of its own for each member, and check by themselves. Start reading at [`check`].

use serde_json::Value;

use super::errors::{AwsError, Service};

/// What a member may be.
enum Rule {
    /// Text of so many characters.
    Length(usize, usize),
    /// Text of such characters; the pattern is what the answer names.
    Text(fn(&str) -> bool, &'static str),
    /// So many items.
    Count(usize, usize),
    /// A number in between.
    Range(i64, i64),
    /// One of these.
    OneOf(&'static [&'static str]),
}

use Rule::{Count, Length, OneOf, Range, Text};

/// Where each limit holds: from the root if it begins with a slash, else wherever a path ends so.
const LIMITS: &[(Service, &str, Rule)] = &[
    (Service::CloudWatch, "AlarmName", Length(1, 255)),
    (Service::CloudWatch, "AlarmNames[]", Length(1, 255)),
    (Service::CloudWatch, "AlarmDescription", Length(0, 1024)),
    (
        Service::CloudWatch,
        "AlarmTypes[]",
        OneOf(&["CompositeAlarm", "MetricAlarm"]),
    ),
    (
        Service::CloudWatch,
        "HistoryItemType",
        OneOf(&[
            "ConfigurationUpdate",
            "StateUpdate",
            "Action",
            "AlarmContributorStateUpdate",
            "AlarmContributorAction",
        ]),
    ),
    (
        Service::CloudWatch,
        "MetricDataQueries[]/Id",
        Length(1, 255),
    ),
    (Service::CloudWatch, "Namespace", Length(1, 255)),
    (
        Service::CloudWatch,
        "Namespace",
        Text(|text| !text.starts_with(':'), "[^:].*"),
    ),
    (Service::CloudWatch, "MetricName", Length(1, 255)),
    (Service::CloudWatch, "Dimensions", Count(0, 30)),
    (Service::CloudWatch, "Dimensions[]/Name", Length(1, 255)),
    (Service::CloudWatch, "Dimensions[]/Value", Length(1, 1024)),
    (Service::CloudWatch, "/Statistic", OneOf(STATISTICS)),
    (Service::CloudWatch, "/Statistics", Count(1, 5)),
    (Service::CloudWatch, "/Statistics[]", OneOf(STATISTICS)),
    (Service::CloudWatch, "/ExtendedStatistics", Count(1, 10)),
    (Service::CloudWatch, "Unit", OneOf(UNITS)),
    (Service::Lambda, "/Name", Length(1, 128)),
    (
        Service::Lambda,
        "/Name",
        Text(alias, "(?!^[0-9]+$)([a-zA-Z0-9-_]+)"),
    ),
    (Service::Lambda, "/Qualifier", Length(1, 128)),
    (
        Service::Lambda,
        "/Qualifier",
        Text(qualifier, "(|[a-zA-Z0-9$_-]+)"),
    ),
    (Service::Lambda, "/FunctionVersion", Length(1, 1024)),
    (
        Service::Lambda,
        "/FunctionVersion",
        Text(version, "(\\$LATEST|[0-9]+)"),
    ),
    (Service::Lambda, "/Handler", Length(0, 128)),
    (
        Service::Lambda,
        "/Handler",
        Text(|text| !text.contains(char::is_whitespace), "[^\\s]+"),
    ),
    (Service::Lambda, "/LogType", OneOf(&["None", "Tail"])),
    (Service::Lambda, "/MaxItems", Range(1, 10_000)),
    (Service::Lambda, "/Timeout", Range(1, i64::MAX)),
    (Service::Ssm, "/Name", Length(1, 2048)),
    (Service::Ssm, "/Value", Length(1, usize::MAX)),
    (Service::StepFunctions, "/roleArn", Length(1, 256)),
    (Service::StepFunctions, "/stateMachineArn", Length(1, 256)),
    (Service::StepFunctions, "/executionArn", Length(1, 256)),
    (Service::StepFunctions, "/error", Length(0, 256)),
    (Service::StepFunctions, "/cause", Length(0, 32_768)),
    (Service::Events, "/Name", Length(1, 64)),
    (Service::Events, "/Name", Text(rule, RULE)),
    (Service::Events, "/NamePrefix", Length(1, 64)),
    (Service::Events, "/NamePrefix", Text(rule, RULE)),
    (Service::Events, "/Rule", Length(1, 64)),
    (Service::Events, "/Rule", Text(rule, RULE)),
    (Service::Events, "/Targets", Count(1, 100)),
    (Service::Events, "/Targets[]/Id", Length(1, 64)),
    (Service::Events, "/Targets[]/Id", Text(rule, RULE)),
    (Service::Events, "/Targets[]/Arn", Length(1, 1600)),
    (Service::Events, "/Ids", Count(1, 100)),
    (Service::Events, "/Ids[]", Length(1, 64)),
    (Service::Events, "/Ids[]", Text(rule, RULE)),
];

const STATISTICS: &[&str] = &["SampleCount", "Average", "Sum", "Minimum", "Maximum"];

const RULE: &str = "[\\.\\-_A-Za-z0-9]+";

/// The units that a metric may have; those of sizes also per second.
const UNITS: &[&str] = &[
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
    "None",
];

/// Whether [`World::call`](super::World::call) would refuse the input for a limit alone.
#[must_use]
pub fn within_limits(service: Service, input: &Value) -> bool {
    check(service, input).is_ok()
}

/// The service's answer to the first member that breaks a limit.
pub(super) fn check(service: Service, input: &Value) -> Result<(), AwsError> {
    let limits: Vec<_> = LIMITS.iter().filter(|limit| limit.0 == service).collect();
    if limits.is_empty() {
        return Ok(());
    }
    walk(input, "", &mut |at, value| {
        limits
            .iter()
            .filter(|(_, place, _)| is_at(at, place))
            .find_map(|(_, _, rule)| Some((shown(value), broken(rule, value)?)))
            .map_or(Ok(()), |(value, constraint)| {
                Err(refusal(service, at, &value, &constraint))
            })
    })
}

/// Calls `look` with every member, the outer ones first.
fn walk(
    value: &Value,
    at: &str,
    look: &mut impl FnMut(&str, &Value) -> Result<(), AwsError>,
) -> Result<(), AwsError> {
    look(at, value)?;
    match value {
        Value::Object(members) => members
            .iter()
            .try_for_each(|(name, member)| walk(member, &format!("{at}/{name}"), look)),
        Value::Array(items) => items
            .iter()
            .try_for_each(|item| walk(item, &format!("{at}[]"), look)),
        _ => Ok(()),
    }
}

fn is_at(at: &str, place: &str) -> bool {
    at == place
        || at
            .strip_suffix(place)
            .is_some_and(|before| !place.starts_with('/') && before.ends_with('/'))
}

/// Which constraint the value breaks; what is of another type is not this module's to refuse.
fn broken(rule: &Rule, value: &Value) -> Option<String> {
    match (rule, value) {
        (Length(least, most), Value::String(text)) => {
            bounds("length", text.chars().count(), *least, *most)
        }
        (Count(least, most), Value::Array(items)) => bounds("length", items.len(), *least, *most),
        (Range(least, most), Value::Number(number)) => {
            let number = number.as_i64()?;
            bounds("value", number, *least, *most)
        }
        (Text(allowed, pattern), Value::String(text)) => (!allowed(text))
            .then(|| format!("Member must satisfy regular expression pattern: {pattern}")),
        (OneOf(values), Value::String(text)) => (!values.contains(&text.as_str())).then(|| {
            format!(
                "Member must satisfy enum value set: [{}]",
                values.join(", ")
            )
        }),
        _ => None,
    }
}

fn bounds<T: PartialOrd + std::fmt::Display>(
    what: &str,
    have: T,
    least: T,
    most: T,
) -> Option<String> {
    if have < least {
        Some(format!(
            "Member must have {what} greater than or equal to {least}"
        ))
    } else if have > most {
        Some(format!(
            "Member must have {what} less than or equal to {most}"
        ))
    } else {
        None
    }
}

fn refusal(service: Service, at: &str, value: &str, constraint: &str) -> AwsError {
    let names = at.trim_start_matches('/').replace("[]", ".member");
    let names: Vec<String> = names.split('/').map(super::errors::camel_case).collect();
    let error = AwsError::constraint(value, &names.join("."), constraint);
    match service {
        Service::CloudWatch => AwsError::validation(error.message),
        _ => error,
    }
}

/// The value as the message names it.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn word(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    text.bytes().all(allowed)
}

fn digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn alias(text: &str) -> bool {
    word(text) && !digits(text)
}

fn version(text: &str) -> bool {
    text == "$LATEST" || digits(text)
}

fn qualifier(text: &str) -> bool {
    word(&text.replace('$', ""))
}

fn rule(text: &str) -> bool {
    word(&text.replace('.', ""))
}

#[cfg(test)]
#[path = "limits_tests.rs"]
mod tests;
