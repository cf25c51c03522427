//! JSON or YAML text as one small tree: order and duplicates of keys are kept, and every scalar
//! is text, since `2` and `"2"` mean the same version.
//!
//! The YAML parser hands out events, and aliases are refused instead of followed, so a tree is
//! never larger than its text.

use std::fmt;

use granit_parser::{Event, Parser, ScalarStyle};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::AppSpecError;

/// Collections within collections; an AppSpec has four of them.
const DEPTH_MAX: usize = 64;

/// A value.
#[derive(Debug, PartialEq)]
pub(super) enum Tree {
    /// `null`, or nothing at all.
    Nothing,
    /// Text, number or boolean, as it is written.
    Scalar(String),
    List(Vec<Tree>),
    /// Each key as often as it is there.
    Map(Vec<(String, Tree)>),
}

impl Tree {
    /// What it is, for people.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Scalar(_) => "a single value",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
        }
    }
}

/// Reads the text as JSON if it looks like it, else as YAML.
pub(super) fn read(text: &str) -> Result<Tree, AppSpecError> {
    if !text.starts_with(['{', '[']) {
        return yaml(text);
    }
    match serde_json::from_str(text) {
        Ok(tree) => Ok(tree),
        // YAML's own `{a: b}` begins like JSON.
        Err(error) => yaml(text).map_err(|_| AppSpecError::not_parseable(&error)),
    }
}

/// A collection whose end has not come yet.
enum Open {
    List(Vec<Tree>),
    /// With the key whose value is to come.
    Map(Vec<(String, Tree)>, Option<String>),
}

fn yaml(text: &str) -> Result<Tree, AppSpecError> {
    let options = granit_parser::options! {
        flow_nesting_limit: DEPTH_MAX,
        block_nesting_limit: DEPTH_MAX,
    };
    let mut open: Vec<Open> = Vec::new();
    let mut root = None;
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, _) = event.map_err(|error| AppSpecError::not_parseable(&error))?;
        let whole = match event {
            Event::DocumentStart(..) if root.is_some() => return Err(AppSpecError::SeveralTexts),
            Event::Alias(_) => return Err(AppSpecError::YamlAlias),
            Event::SequenceStart(..) => {
                open.push(Open::List(Vec::new()));
                continue;
            }
            Event::MappingStart(..) => {
                open.push(Open::Map(Vec::new(), None));
                continue;
            }
            Event::Scalar(text, style, ..) => scalar(&text, style),
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(Open::List(items)) => Tree::List(items),
                Some(Open::Map(fields, _)) => Tree::Map(fields),
                // The parser closes only what it opened.
                None => continue,
            },
            _ => continue,
        };
        match open.last_mut() {
            None => root = Some(whole),
            Some(Open::List(items)) => items.push(whole),
            Some(Open::Map(fields, key)) => match (key.take(), whole) {
                (Some(key), value) => fields.push((key, value)),
                (None, Tree::Scalar(text)) => *key = Some(text),
                (None, _) => return Err(AppSpecError::not_parseable(&"a key is not text")),
            },
        }
    }
    Ok(root.unwrap_or(Tree::Nothing))
}

fn scalar(text: &str, style: ScalarStyle) -> Tree {
    let plain = style == ScalarStyle::Plain;
    if plain && matches!(text, "" | "~" | "null" | "Null" | "NULL") {
        Tree::Nothing
    } else {
        Tree::Scalar(text.to_owned())
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyTree)
    }
}

struct AnyTree;

impl<'de> Visitor<'de> for AnyTree {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Nothing)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Scalar(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Scalar(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Scalar(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
        // Debug keeps the point of 2.0, which is no version.
        Ok(Tree::Scalar(format!("{value:?}")))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Scalar(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Tree, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Tree::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Tree::Map(fields))
    }
}
