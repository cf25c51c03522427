//! Event patterns: fields, each with what its value may be.

use serde_json::{Map, Value};

use super::fields::Matcher;
use crate::sim::errors::AwsError;

/// Patterns of rules are at most so deep.
const DEPTH_MAX: usize = 100;

/// What an event must have.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    fields: Vec<(String, Wanted)>,
}

#[derive(Debug, Clone)]
enum Wanted {
    /// One of these.
    Any(Vec<Matcher>),
    /// A structure.
    Inside(Pattern),
}

impl Pattern {
    /// Reads a pattern; what is not available here is refused by name.
    pub fn parse(text: &str) -> Result<Self, AwsError> {
        let value: Value = serde_json::from_str(text)
            .map_err(|problem| invalid(&format!("it is not JSON: {problem}")))?;
        let Value::Object(members) = value else {
            return Err(invalid("Filter is not an object"));
        };
        Self::of(&members, "", DEPTH_MAX)
    }

    fn of(members: &Map<String, Value>, at: &str, depth: usize) -> Result<Self, AwsError> {
        if members.is_empty() || depth == 0 {
            return Err(invalid("Empty objects are not allowed, nor very deep ones"));
        }
        let fields = members.iter().map(|(name, value)| {
            let at = format!("{at}{name}");
            let wanted = match value {
                _ if name.starts_with('$') => {
                    return Err(invalid(&format!("{at} is not available on this local AWS")));
                }
                Value::Array(choices) if choices.is_empty() => {
                    return Err(invalid(&format!("{at}: Empty arrays are not allowed")));
                }
                Value::Array(choices) => {
                    let matchers = choices.iter().map(Matcher::parse);
                    let matchers = matchers.collect::<Result<_, _>>();
                    let named = |problem: String| invalid(&format!("{at}: {problem}"));
                    Wanted::Any(matchers.map_err(named)?)
                }
                Value::Object(inner) => {
                    Wanted::Inside(Self::of(inner, &format!("{at}."), depth - 1)?)
                }
                _ => {
                    let problem = "must be an object or an array";
                    return Err(invalid(&format!("\"{at}\" {problem}")));
                }
            };
            Ok((name.clone(), wanted))
        });
        Ok(Self {
            fields: fields.collect::<Result<_, _>>()?,
        })
    }

    /// Whether the event has all that is wanted.
    pub fn matches(&self, event: &Value) -> bool {
        match event {
            // A list has what one of its items has.
            Value::Array(items) => items.iter().any(|item| self.matches(item)),
            _ => self.fields.iter().all(|(name, wanted)| {
                let field = event.get(name);
                match wanted {
                    Wanted::Any(matchers) => matchers.iter().any(|matcher| matcher.accepts(field)),
                    Wanted::Inside(pattern) => pattern.matches(field.unwrap_or(&Value::Null)),
                }
            }),
        }
    }
}

fn invalid(problem: &str) -> AwsError {
    AwsError::new(
        "InvalidEventPatternException",
        400,
        format!("Event pattern is not valid. Reason: {problem}"),
    )
}
