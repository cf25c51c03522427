//! A function's answer, and the values in it.

use std::{borrow::Cow, fmt};

use serde_json::Value;

use super::{Expected, Pointer};

/// An answer as far as it could be read, or a value in it.
#[derive(Debug, PartialEq)]
pub(super) enum Found<'a> {
    /// There is none.
    Nothing,
    /// The answer is no JSON.
    NotJson,
    /// There it is.
    Value(Cow<'a, Value>),
}

/// What kind of value was found, and nothing of the value itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FoundKind {
    /// There is none.
    Nothing,
    /// The answer is no JSON.
    NotJson,
    /// `null`
    Null,
    /// `true` or `false`.
    Boolean,
    /// A number.
    Number,
    /// A text.
    Text,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// Reads an answer's text.
pub(super) fn read(payload: Option<&str>) -> Found<'static> {
    match payload.map(str::trim) {
        None | Some("") => Found::Nothing,
        Some(text) => match serde_json::from_str(text) {
            Ok(value) => Found::Value(Cow::Owned(value)),
            Err(_) => Found::NotJson,
        },
    }
}

impl Found<'_> {
    /// The `statusCode` of an answer to HTTP, if it has one that HTTP has.
    pub(super) fn status(&self) -> Option<u16> {
        let Self::Value(answer) = self else {
            return None;
        };
        let status = answer.get("statusCode")?.as_u64()?;
        let status = u16::try_from(status).ok()?;
        (100..=599).contains(&status).then_some(status)
    }

    /// The value at a place. A text on the way that is itself a JSON object or array is gone into:
    /// that is how functions answer HTTP, `{"statusCode": 200, "body": "{\"ok\": true}"}`.
    pub(super) fn at(&self, pointer: &Pointer) -> Found<'_> {
        let whole = match self {
            Self::Nothing => return Found::Nothing,
            Self::NotJson => return Found::NotJson,
            Self::Value(answer) => Cow::Borrowed(answer.as_ref()),
        };
        let mut steps = pointer.steps().iter();
        let end = steps.try_fold(whole, |value, step| {
            let inside = opened(&value).map(Cow::Owned);
            match inside.unwrap_or(value) {
                Cow::Borrowed(value) => child(value, step).map(Cow::Borrowed),
                Cow::Owned(value) => child(&value, step).cloned().map(Cow::Owned),
            }
        });
        end.map_or(Found::Nothing, Found::Value)
    }

    /// Whether it is as expected.
    pub(super) fn meets(&self, expected: &Expected) -> bool {
        let Self::Value(value) = self else {
            return false;
        };
        match (expected, value.as_ref()) {
            (Expected::Equals(expected @ (Value::Object(_) | Value::Array(_))), value) => {
                let inside = opened(value);
                same(expected, inside.as_ref().unwrap_or(value))
            }
            (Expected::Equals(expected), value) => same(expected, value),
            (Expected::Contains(part), Value::String(text)) => text.contains(part),
            (Expected::Matches(pattern), Value::String(text)) => pattern.is_in(text),
            (Expected::Contains(_) | Expected::Matches(_), _) => false,
        }
    }

    /// What kind of value it is.
    pub(super) fn kind(&self) -> FoundKind {
        match self {
            Self::Nothing => FoundKind::Nothing,
            Self::NotJson => FoundKind::NotJson,
            Self::Value(value) => FoundKind::of(value),
        }
    }
}

/// The object or array that a text is.
fn opened(value: &Value) -> Option<Value> {
    let text = value.as_str()?.trim_start();
    if !text.starts_with(['{', '[']) {
        return None;
    }
    serde_json::from_str(text).ok()
}

fn child<'a>(value: &'a Value, step: &str) -> Option<&'a Value> {
    match value {
        Value::Object(fields) => fields.get(step),
        Value::Array(items) => items.get(index(step)?),
        _ => None,
    }
}

/// `0`, `7`, but not `07` or `+7`.
fn index(step: &str) -> Option<usize> {
    let index: usize = step.parse().ok()?;
    (index.to_string() == step).then_some(index)
}

/// Equality as people mean it: a number is its value, not the way it is written.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) if a.is_f64() || b.is_f64() => {
            a.as_f64() == b.as_f64()
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            let same_at = |(key, a): (&String, &Value)| b.get(key).is_some_and(|b| same(a, b));
            a.len() == b.len() && a.iter().all(same_at)
        }
        (a, b) => a == b,
    }
}

impl FoundKind {
    /// The kind of a value.
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Boolean,
            Value::Number(_) => Self::Number,
            Value::String(_) => Self::Text,
            Value::Array(_) => Self::Array,
            Value::Object(_) => Self::Object,
        }
    }
}

impl fmt::Display for FoundKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "nothing",
            Self::NotJson => "an answer that is not JSON",
            Self::Null => "null",
            Self::Boolean => "a boolean",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::Array => "an array",
            Self::Object => "an object",
        })
    }
}
