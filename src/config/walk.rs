//! Typed looks at a document: each says what is wrong, in JSON's words, and lets the walk go on.

use std::fmt::Display;

use jiff::SignedDuration;
use serde_json::Value as Json;

use super::document::{Node, Value};
use super::keys::{elsewhere, has_default, keys, without_indices};
use super::mistakes::{MistakeKind, Mistakes, PolicyError, cut};
use crate::rollout::plan::{nearest, parse_duration};

/// A value of a document and the path to it.
#[derive(Debug, Clone)]
pub(super) struct Place<'a> {
    node: &'a Node,
    path: String,
}

/// The known keys of an object, each once.
pub(super) struct Fields<'a> {
    of: Place<'a>,
    known: Vec<(&'a str, Place<'a>)>,
}

impl<'a> Place<'a> {
    /// The whole document.
    pub(super) fn root(node: &'a Node) -> Self {
        Self {
            node,
            path: String::new(),
        }
    }

    pub(super) fn value(&self) -> &'a Value {
        &self.node.value
    }

    /// Where the value with this path stands among all values; what is missing stands where it
    /// is missing from.
    pub(super) fn position(&self, path: &str) -> usize {
        let mut node = self.node;
        for part in path.split('.') {
            let Value::Object(fields) = &node.value else {
                break;
            };
            match fields.iter().find(|(key, _)| key == part) {
                Some((_, field)) => node = field,
                None => break,
            }
        }
        node.at
    }

    /// A mistake at this place.
    pub(super) fn error(&self, kind: MistakeKind, message: impl Display) -> PolicyError {
        PolicyError::new(&self.path, kind, message)
    }

    /// Takes down a mistake that was found here.
    pub(super) fn add(&self, error: PolicyError, mistakes: &mut Mistakes) {
        mistakes.add(self.node.at, error);
    }

    /// The mistake of a value of another type.
    pub(super) fn wrong_type(&self, expected: &str) -> PolicyError {
        let found = match &self.node.value {
            Value::Null => "null".to_owned(),
            Value::Boolean(value) => value.to_string(),
            Value::Number(number) => format!("the number {}", cut(number)),
            Value::Text(text) => format!("the string {:?}", cut(text)),
            Value::Array(_) => "an array".to_owned(),
            Value::Object(_) => "an object".to_owned(),
        };
        let message = format!("expected {expected}, found {found}");
        let error = self.error(MistakeKind::WrongType, message);
        match self.node.value {
            Value::Null if has_default(&self.path) => {
                error.hint("leave the key out for its default")
            }
            _ => error,
        }
    }

    /// The items of an array that is known to be one.
    pub(super) fn items(&self, nodes: &'a [Node]) -> impl Iterator<Item = Place<'a>> {
        nodes.iter().enumerate().map(|(index, node)| Place {
            node,
            path: format!("{}[{index}]", self.path),
        })
    }

    /// The fields of an object; `None` if this is none. Unknown and duplicate keys are taken down.
    pub(super) fn fields(&self, expected: &str, mistakes: &mut Mistakes) -> Option<Fields<'a>> {
        let Value::Object(entries) = &self.node.value else {
            let error = self.wrong_type(expected);
            let error = match without_indices(&self.path).as_str() {
                "plan" => error.hint(r#"write {"weight": "10%", "bake": "5m"}"#),
                _ => error,
            };
            self.add(error, mistakes);
            return None;
        };
        let keys = keys(&self.path);
        let mut known: Vec<(&str, Place<'_>)> = Vec::new();
        for (key, node) in entries {
            let path = join(&self.path, key);
            let place = Place { node, path };
            if !keys.contains(&key.as_str()) {
                place.add(self.unknown(key, keys, &place), mistakes);
            } else if known.iter().any(|(other, _)| other == key) {
                place.add(place.twice(), mistakes);
            } else {
                known.push((key, place));
            }
        }
        let of = self.clone();
        Some(Fields { of, known })
    }

    /// The entries of an object whose keys are the user's own, each once; `None` if this is none.
    pub(super) fn entries(
        &self,
        expected: &str,
        mistakes: &mut Mistakes,
    ) -> Option<Vec<(&'a str, Place<'a>)>> {
        let Value::Object(entries) = &self.node.value else {
            self.add(self.wrong_type(expected), mistakes);
            return None;
        };
        let mut known: Vec<(&str, Place<'_>)> = Vec::new();
        for (key, node) in entries {
            let path = join(&self.path, key);
            let place = Place { node, path };
            if known.iter().any(|(other, _)| other == key) {
                place.add(place.twice(), mistakes);
            } else {
                known.push((key, place));
            }
        }
        Some(known)
    }

    /// A string.
    pub(super) fn text(&self, expected: &str, mistakes: &mut Mistakes) -> Option<&'a str> {
        match &self.node.value {
            Value::Text(text) => Some(text),
            _ => {
                self.add(self.wrong_type(expected), mistakes);
                None
            }
        }
    }

    /// `true` or `false`.
    pub(super) fn boolean(&self, mistakes: &mut Mistakes) -> Option<bool> {
        match &self.node.value {
            Value::Boolean(value) => Some(*value),
            _ => {
                self.add(self.wrong_type("true or false"), mistakes);
                None
            }
        }
    }

    /// Any JSON value. A key that is there twice is taken down.
    pub(super) fn json(&self, mistakes: &mut Mistakes) -> Option<Json> {
        Some(match &self.node.value {
            Value::Null => Json::Null,
            Value::Boolean(value) => Json::Bool(*value),
            Value::Text(text) => Json::String(text.clone()),
            // It was read from JSON.
            Value::Number(number) => serde_json::from_str(number).ok()?,
            Value::Array(items) => {
                let items = self.items(items).map(|item| item.json(mistakes));
                // All of them, so that all mistakes are found.
                let items: Vec<Option<Json>> = items.collect();
                Json::Array(items.into_iter().collect::<Option<_>>()?)
            }
            Value::Object(entries) => {
                let mut fields = serde_json::Map::new();
                let mut sound = true;
                for (key, node) in entries {
                    let path = join(&self.path, key);
                    let place = Place { node, path };
                    let value = place.json(mistakes);
                    sound &= value.is_some();
                    if fields
                        .insert(key.clone(), value.unwrap_or_default())
                        .is_some()
                    {
                        place.add(place.twice(), mistakes);
                        sound = false;
                    }
                }
                return sound.then_some(Json::Object(fields));
            }
        })
    }

    fn twice(&self) -> PolicyError {
        let message = "this key is there twice, and only one of them could count";
        let error = self.error(MistakeKind::DuplicateKey, message);
        error.hint("remove one of them")
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(
        &self,
        words: &[(&str, T)],
        mistakes: &mut Mistakes,
    ) -> Option<T> {
        let quoted: Vec<String> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
        let expected = match quoted.as_slice() {
            [most @ .., last] if !most.is_empty() => format!("{} or {last}", most.join(", ")),
            few => few.concat(),
        };
        let text = self.text(&expected, mistakes)?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let message = format!("{:?} is not {expected}", cut(text));
        let error = self.error(MistakeKind::BadValue, message);
        let close = nearest(&text.to_lowercase(), words.iter().map(|(word, _)| *word));
        let error = match close {
            Some(close) => error.hint(format!("did you mean {close:?}?")),
            None => error,
        };
        self.add(error, mistakes);
        None
    }

    /// A duration.
    pub(super) fn duration(&self, mistakes: &mut Mistakes) -> Option<SignedDuration> {
        let Value::Text(text) = &self.node.value else {
            let error = self.wrong_type("a string with a duration such as \"30s\" or \"5m\"");
            self.add(unit_missing(error, self.value()), mistakes);
            return None;
        };
        let parsed = parse_duration(&cut(text));
        if let Err(error) = &parsed {
            let error = self.error(MistakeKind::BadValue, error);
            self.add(error, mistakes);
        }
        parsed.ok()
    }

    fn unknown(&self, key: &str, keys: &[&str], place: &Place<'_>) -> PolicyError {
        let error = place.error(MistakeKind::UnknownKey, "this key is unknown");
        let lower = key.to_lowercase();
        let close = nearest(&lower, keys.iter().copied());
        match (close, elsewhere(&lower, &self.path)) {
            (Some(close), _) => error.hint(format!("did you mean {close:?}?")),
            (None, Some("")) => error.hint(format!("{lower:?} stands at the top")),
            (None, Some(object)) => error.hint(format!("{lower:?} belongs into {object:?}")),
            (None, None) => error.hint(format!("the keys here are {}", keys.join(", "))),
        }
    }
}

impl<'a> Fields<'a> {
    /// The place of a key, if it is there.
    pub(super) fn get(&self, key: &str) -> Option<&Place<'a>> {
        self.known
            .iter()
            .find(|(known, _)| *known == key)
            .map(|(_, place)| place)
    }

    /// The place of a key that has to be there; `example` is a value for it, as JSON.
    pub(super) fn needed(
        &self,
        key: &str,
        example: &str,
        mistakes: &mut Mistakes,
    ) -> Option<&Place<'a>> {
        let found = self.get(key);
        if found.is_none() {
            let path = join(&self.of.path, key);
            let error = PolicyError::new(&path, MistakeKind::MissingKey, "this key is missing");
            let hint = format!("add {key:?}: {example}");
            self.of.add(error.hint(hint), mistakes);
        }
        found
    }

    /// One of a few words; the type's default if the key is not there or wrong.
    pub(super) fn choice<T: Copy + Default>(
        &self,
        key: &str,
        words: &[(&str, T)],
        mistakes: &mut Mistakes,
    ) -> T {
        self.get(key)
            .and_then(|place| place.choice(words, mistakes))
            .unwrap_or_default()
    }

    /// What `read` makes of a key; `default` if the key is not there, `None` if it is wrong.
    pub(super) fn read<T>(
        &self,
        key: &str,
        default: T,
        mistakes: &mut Mistakes,
        read: impl FnOnce(&Place<'a>, &mut Mistakes) -> Option<T>,
    ) -> Option<T> {
        match self.get(key) {
            Some(place) => read(place, mistakes),
            None => Some(default),
        }
    }
}

/// A number where a duration belongs most likely lacks its unit.
fn unit_missing(error: PolicyError, value: &Value) -> PolicyError {
    match value {
        Value::Number(number) if number.bytes().all(|b| b.is_ascii_digit()) => {
            let number = cut(number);
            error.hint(format!("write the unit: \"{number}s\" or \"{number}m\""))
        }
        _ => error,
    }
}

fn join(path: &str, key: &str) -> String {
    let simple = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '$');
    if key.is_empty() || !key.chars().all(simple) {
        return format!("{path}[{:?}]", cut(key));
    }
    match path {
        "" => cut(key),
        _ => format!("{path}.{}", cut(key)),
    }
}
