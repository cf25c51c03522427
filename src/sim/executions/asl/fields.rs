//! Reading a definition's JSON objects field by field, and saying where a mistake is.

use std::fmt;
use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::paths::Path;
use super::template::Template;

/// The longest time in seconds that a definition may name: about three years.
pub const LONGEST: i64 = 99_999_999;

/// What is wrong with a definition, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    code: &'static str,
    what: String,
    at: String,
}

impl Mistake {
    /// A field that cannot be as it is; `at` is a path such as `/States/Wait/Seconds`.
    pub fn new(at: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            code: "SCHEMA_VALIDATION_FAILED",
            what: what.into(),
            at: at.into(),
        }
    }

    /// A state that leads nowhere, or that nothing leads to.
    pub fn transition(at: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            code: "MISSING_TRANSITION_TARGET",
            ..Self::new(at, what)
        }
    }

    /// Text that is no JSON object.
    pub fn json(what: impl Into<String>) -> Self {
        Self {
            code: "INVALID_JSON_DESCRIPTION",
            ..Self::new("/", what)
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} at {}", self.code, self.what, self.at)
    }
}

/// An object of a definition.
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    at: String,
    members: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    /// The object at that place.
    pub fn of(value: &'a Value, at: impl Into<String>) -> Result<Self, Mistake> {
        let at = at.into();
        match value {
            Value::Object(members) => Ok(Self { at, members }),
            _ => Err(Mistake::new(at, "Expected an object")),
        }
    }

    /// Refuses, by name, a field that is not among these.
    pub fn only(&self, known: &[&[&str]], place: &str) -> Result<(), Mistake> {
        let stranger = self
            .members
            .keys()
            .find(|name| !known.iter().any(|some| some.contains(&name.as_str())));
        stranger.map_or(Ok(()), |name| {
            Err(self.mistake(name, format!("Field '{name}' is not supported in {place}")))
        })
    }

    /// A field, absent or null or not.
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.members.get(name)
    }

    /// Every field with its name.
    pub fn iter(&self) -> impl Iterator<Item = (&'a String, &'a Value)> + use<'a> {
        self.members.iter()
    }

    /// The place of a field.
    pub fn at(&self, name: &str) -> String {
        format!("{}/{name}", self.at)
    }

    /// Something is wrong with that field.
    pub fn mistake(&self, name: &str, what: impl Into<String>) -> Mistake {
        Mistake::new(self.at(name), what)
    }

    /// Something is wrong with the object itself.
    pub fn wrong(&self, what: impl Into<String>) -> Mistake {
        Mistake::new(self.at.clone(), what)
    }

    /// A field that must be there.
    pub fn required(&self, name: &str) -> Result<&'a Value, Mistake> {
        self.get(name)
            .ok_or_else(|| self.wrong(format!("Missing field '{name}'")))
    }

    /// A text.
    pub fn text(&self, name: &str) -> Result<Option<&'a str>, Mistake> {
        self.get(name)
            .map(|value| {
                value
                    .as_str()
                    .ok_or_else(|| self.mistake(name, format!("Field '{name}' must be a string")))
            })
            .transpose()
    }

    /// A text that must be there.
    pub fn required_text(&self, name: &str) -> Result<&'a str, Mistake> {
        self.required(name)?;
        self.text(name)?
            .ok_or_else(|| self.wrong(format!("Missing field '{name}'")))
    }

    /// A whole number in that range.
    pub fn whole(&self, name: &str, range: RangeInclusive<i64>) -> Result<Option<i64>, Mistake> {
        self.get(name)
            .map(|value| {
                value.as_i64().filter(|n| range.contains(n)).ok_or_else(|| {
                    let (least, most) = (range.start(), range.end());
                    self.mistake(
                        name,
                        format!("Field '{name}' must be a whole number from {least} to {most}"),
                    )
                })
            })
            .transpose()
    }

    /// A list that must be there and not be empty.
    pub fn list(&self, name: &str) -> Result<&'a [Value], Mistake> {
        match self.required(name)? {
            Value::Array(items) if !items.is_empty() => Ok(items),
            _ => Err(self.mistake(name, format!("Field '{name}' must be a list with an item"))),
        }
    }

    /// A path of the data or of the context object.
    pub fn path(&self, name: &str) -> Result<Option<Path>, Mistake> {
        self.text(name)?
            .map(|text| Path::parse(text).map_err(|problem| self.mistake(name, problem)))
            .transpose()
    }

    /// A path that selects: the whole if absent, nothing if null.
    pub fn selection(&self, name: &str) -> Result<Option<Path>, Mistake> {
        match self.get(name) {
            Some(Value::Null) => Ok(None),
            _ => Ok(Some(self.path(name)?.unwrap_or_else(Path::whole))),
        }
    }

    /// A path into the data at which a result is put: the whole if absent, nowhere if null.
    pub fn destination(&self, name: &str) -> Result<Option<Path>, Mistake> {
        let path = self.selection(name)?;
        if path.as_ref().is_some_and(Path::is_of_context) {
            return Err(self.mistake(name, "The context object cannot be changed"));
        }
        Ok(path)
    }

    /// An object with values to fill in.
    pub fn template(&self, name: &str) -> Result<Option<Template>, Mistake> {
        self.get(name)
            .map(|value| Template::parse(value, &self.at(name)))
            .transpose()
    }
}
