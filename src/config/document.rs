//! JSON text as a tree that forgets nothing: order and duplicates of keys are kept.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::TEXT_MAX;
use super::mistakes::{MistakeKind, Mistakes, PolicyError};

/// A value and its place among all values of the text.
#[derive(Debug)]
pub(super) struct Node {
    /// Its number in the order of the text.
    pub(super) at: usize,
    /// What it is.
    pub(super) value: Value,
}

/// A JSON value.
#[derive(Debug)]
pub(super) enum Value {
    Null,
    Boolean(bool),
    /// As it would be written.
    Number(String),
    Text(String),
    Array(Vec<Node>),
    /// Each key as often as it is there.
    Object(Vec<(String, Node)>),
}

/// Reads the text as far as it is JSON; what is wrong with it goes to `mistakes`.
pub(super) fn read(text: &str, mistakes: &mut Mistakes) -> Option<Node> {
    if text.len() > TEXT_MAX {
        mistakes.add(0, too_large(text));
        return None;
    }
    let json = text.strip_prefix('\u{feff}');
    if json.is_some() {
        let message = "the text begins with a byte order mark, which JSON does not allow";
        let error = PolicyError::new("", MistakeKind::ByteOrderMark, message);
        mistakes.add(0, error.hint("save the file as UTF-8 without BOM"));
    }
    let json = json.unwrap_or(text);
    if json.trim().is_empty() {
        let error = PolicyError::new("", MistakeKind::Empty, "there is no text");
        mistakes.add(0, error.hint("{} is the policy that asks for the defaults"));
        return None;
    }
    let mut reader = serde_json::Deserializer::from_str(json);
    let mut root = match Node::deserialize(&mut reader) {
        Ok(root) => root,
        Err(error) => {
            mistakes.add(0, not_json(json, &error));
            return None;
        }
    };
    let count = number(&mut root, 0);
    if let Err(error) = reader.end() {
        mistakes.add(count, trailing(json, &error));
    }
    Some(root)
}

fn too_large(text: &str) -> PolicyError {
    let message = format!(
        "{} bytes are too many: a policy has at most {TEXT_MAX}, as much as a standard SSM \
         parameter holds",
        text.len()
    );
    PolicyError::new("", MistakeKind::TooLarge, message)
        .hint("leave out indentation, or put many alarms under one composite alarm")
}

fn not_json(text: &str, error: &serde_json::Error) -> PolicyError {
    let (line, column) = (error.line(), column(text, error));
    let said = error.to_string();
    // serde_json ends with " at line 1 column 2", counted in bytes.
    let what = said.split(" at line ").next().unwrap_or(&said);
    let object = !text.trim_start().starts_with(['{', '[']);
    let wanted = match what {
        // serde_json's words for a word that is none of JSON's, and for anything else that is not.
        "expected ident" | "expected value" if object => "expected an object in { and }",
        "expected ident" | "expected value" => {
            "expected a string in double quotes, a number, true, false, null, [ or {"
        }
        _ => what,
    };
    let message = format!("not JSON: {wanted} (line {line}, column {column})");
    let error = PolicyError::new("", MistakeKind::NotJson { line, column }, message);
    let there = line_of(text, line).chars().nth(column - 1);
    match (what, there) {
        (_, Some('/' | '#')) => error.hint("JSON has no comments"),
        (_, Some('\'')) => error.hint("JSON's strings and keys stand in double quotes"),
        ("trailing comma", _) => error.hint("there is no comma before } or ]"),
        ("key must be a string", _) => error.hint("JSON's keys stand in double quotes"),
        _ if object => error.hint(r#"a policy is one JSON object, such as {"plan": "10%:5m"}"#),
        ("expected ident" | "expected value", Some(letter)) if letter.is_alphabetic() => {
            error.hint("text stands in double quotes; only true, false and null do without")
        }
        _ => error,
    }
}

fn trailing(text: &str, error: &serde_json::Error) -> PolicyError {
    let (line, column) = (error.line(), column(text, error));
    let message = format!("there is more text after the policy (line {line}, column {column})");
    PolicyError::new("", MistakeKind::TrailingText { line, column }, message)
        .hint("a policy is one JSON object")
}

/// serde_json counts bytes; people count characters.
fn column(text: &str, error: &serde_json::Error) -> usize {
    line_of(text, error.line())
        .char_indices()
        .take_while(|(at, _)| *at < error.column())
        .count()
        .max(1)
}

fn line_of(text: &str, line: usize) -> &str {
    text.split('\n').nth(line.saturating_sub(1)).unwrap_or("")
}

/// Numbers the tree in the order of the text from `next` on; returns the number after the last.
fn number(node: &mut Node, next: usize) -> usize {
    node.at = next;
    let next = next + 1;
    match &mut node.value {
        Value::Array(items) => items.iter_mut().fold(next, |next, item| number(item, next)),
        Value::Object(fields) => fields
            .iter_mut()
            .fold(next, |next, (_, field)| number(field, next)),
        _ => next,
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = deserializer.deserialize_any(AnyValue)?;
        Ok(Self { at: 0, value })
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Boolean(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        // Debug writes 1e300 short, where Display writes 301 digits.
        Ok(Value::Number(format!("{value:?}")))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Value::Object(fields))
    }
}
