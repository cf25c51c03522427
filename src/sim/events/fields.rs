//! What the value of one field of an event may be.

use serde_json::{Map, Value};

/// One way to be accepted.
#[derive(Debug, Clone)]
pub(super) enum Matcher {
    /// This value.
    Exactly(Value),
    /// Text that starts so.
    Prefix(String),
    /// Text that ends so.
    Suffix(String),
    /// Text that is so but for capitals.
    EqualsIgnoreCase(String),
    /// Text with anything in place of each `*`.
    Wildcard(String),
    /// Whether the field is there at all.
    Exists(bool),
    /// Nothing that one of these accepts.
    AnythingBut(Vec<Matcher>),
    /// A number in a range.
    Numeric(Vec<(Comparison, f64)>),
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Matcher {
    /// Reads one item of a field's list.
    pub fn parse(value: &Value) -> Result<Self, String> {
        match value {
            Value::Object(members) => Self::operator(members),
            Value::Array(_) => Err("a list inside a list".to_owned()),
            exact => Ok(Self::Exactly(exact.clone())),
        }
    }

    fn operator(members: &Map<String, Value>) -> Result<Self, String> {
        let mut members = members.iter();
        let (Some((name, value)), None) = (members.next(), members.next()) else {
            return Err("Only one key allowed in match expression".to_owned());
        };
        let text = |make: fn(String) -> Self| match value {
            Value::String(text) if !text.is_empty() => Ok(make(text.clone())),
            _ => Err(format!("{name} match pattern must be a string")),
        };
        match (name.as_str(), value) {
            ("prefix", _) => text(Self::Prefix),
            ("suffix", _) => text(Self::Suffix),
            ("equals-ignore-case", _) => text(Self::EqualsIgnoreCase),
            ("wildcard", Value::String(pattern)) if pattern.contains("**") => {
                Err("Consecutive wildcard characters".to_owned())
            }
            ("wildcard", _) => text(Self::Wildcard),
            ("exists", Value::Bool(wanted)) => Ok(Self::Exists(*wanted)),
            ("exists", _) => Err("exists match pattern must be either true or false.".to_owned()),
            ("anything-but", Value::Array(values)) if !values.is_empty() => {
                let refused = values.iter().map(Self::parse).collect::<Result<_, _>>()?;
                Ok(Self::AnythingBut(refused))
            }
            ("anything-but", Value::Array(_)) => Err("Empty arrays are not allowed".to_owned()),
            ("anything-but", value) => Ok(Self::AnythingBut(vec![Self::parse(value)?])),
            ("numeric", Value::Array(parts)) => numeric(parts),
            (other, _) => Err(format!(
                "Unrecognized match type {other} (this local AWS has prefix, suffix, \
                 equals-ignore-case, wildcard, exists, anything-but and numeric)"
            )),
        }
    }

    /// Whether a field is accepted; a list is if one of its items is.
    pub fn accepts(&self, field: Option<&Value>) -> bool {
        match (self, field) {
            (Self::Exists(wanted), field) => field.is_some() == *wanted,
            (_, None) => false,
            (Self::AnythingBut(refused), Some(Value::Array(items))) => items
                .iter()
                .any(|item| !refused.iter().any(|matcher| matcher.accepts_one(item))),
            (_, Some(Value::Array(items))) => items.iter().any(|item| self.accepts_one(item)),
            (_, Some(value)) => self.accepts_one(value),
        }
    }

    fn accepts_one(&self, value: &Value) -> bool {
        let text = value.as_str();
        match self {
            Self::Exactly(Value::Number(wanted)) => value.as_f64() == wanted.as_f64(),
            Self::Exactly(wanted) => value == wanted,
            Self::Prefix(prefix) => text.is_some_and(|text| text.starts_with(prefix)),
            Self::Suffix(suffix) => text.is_some_and(|text| text.ends_with(suffix)),
            Self::EqualsIgnoreCase(wanted) => {
                text.is_some_and(|text| text.to_lowercase() == wanted.to_lowercase())
            }
            Self::Wildcard(pattern) => text.is_some_and(|text| fits(pattern, text)),
            Self::Exists(wanted) => *wanted,
            Self::AnythingBut(refused) => !refused.iter().any(|matcher| matcher.accepts_one(value)),
            Self::Numeric(range) => value.as_f64().is_some_and(|number| {
                range
                    .iter()
                    .all(|(comparison, limit)| comparison.holds(number, *limit))
            }),
        }
    }
}

impl Comparison {
    #[allow(clippy::float_cmp, reason = "equal is what the pattern asks for")]
    fn holds(self, number: f64, limit: f64) -> bool {
        match self {
            Self::Equal => number == limit,
            Self::Less => number < limit,
            Self::LessOrEqual => number <= limit,
            Self::Greater => number > limit,
            Self::GreaterOrEqual => number >= limit,
        }
    }
}

/// `[">", 0, "<=", 5]`.
fn numeric(parts: &[Value]) -> Result<Matcher, String> {
    let range = parts.chunks(2).map(|pair| match pair {
        [Value::String(operator), Value::Number(limit)] => {
            let comparison = match operator.as_str() {
                "=" => Comparison::Equal,
                "<" => Comparison::Less,
                "<=" => Comparison::LessOrEqual,
                ">" => Comparison::Greater,
                ">=" => Comparison::GreaterOrEqual,
                other => return Err(format!("Unrecognized numeric range operator: {other}")),
            };
            Ok((comparison, limit.as_f64().unwrap_or(f64::NAN)))
        }
        _ => Err("Value of numeric must be operators and numbers in turn".to_owned()),
    });
    let range: Vec<_> = range.collect::<Result<_, _>>()?;
    if range.is_empty() || range.len() > 2 {
        return Err("Too many or too few elements in numeric expression".to_owned());
    }
    Ok(Matcher::Numeric(range))
}

/// Whether text fits a pattern in which `*` is anything.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        // The first place leaves the most for what follows.
        let Some(at) = text.find(part) else {
            return false;
        };
        text = &text[at + part.len()..];
    }
    text.ends_with(last)
}
