//! The rules of a Choice state.

use serde_json::Value;

use super::failure::Failure;
use super::fields::{Fields, Mistake};
use super::paths::{Path, Scope};

/// A rule: a test of one variable, or rules put together.
#[derive(Debug, Clone, PartialEq)]
pub enum Rule {
    /// Each holds.
    And(Vec<Self>),
    /// One holds.
    Or(Vec<Self>),
    /// It does not hold.
    Not(Box<Self>),
    /// A variable passes a test.
    Test(Path, Test),
}

/// A test of one variable.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// It is there, or not.
    IsPresent(bool),
    /// It is of that type, or not.
    Is(Type, bool),
    /// It is that text.
    StringEquals(String),
    /// It is that boolean.
    BooleanEquals(bool),
    /// It is a number that compares so with that one.
    Numeric(Comparison, f64),
}

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// `null`.
    Null,
    /// A text.
    String,
    /// A number.
    Numeric,
    /// `true` or `false`.
    Boolean,
}

/// How two numbers compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// The same.
    Equals,
    /// Below.
    LessThan,
    /// Below or the same.
    LessThanEquals,
    /// Above.
    GreaterThan,
    /// Above or the same.
    GreaterThanEquals,
}

/// What belongs to a rule but is no test.
const AROUND: &[&str] = &["Variable", "Next", "Comment"];

impl Rule {
    /// Reads a rule. Only a rule at the top has `Next`.
    pub fn parse(fields: &Fields<'_>, is_top: bool) -> Result<Self, Mistake> {
        if !is_top && fields.get("Next").is_some() {
            return Err(fields.mistake("Next", "Field 'Next' is for a rule at the top only"));
        }
        let mut tests = fields
            .iter()
            .filter(|(name, _)| !AROUND.contains(&name.as_str()));
        let (Some((name, value)), None) = (tests.next(), tests.next()) else {
            return Err(fields.wrong("A choice rule needs exactly one comparison"));
        };
        match name.as_str() {
            "And" => Self::several(fields, name).map(Self::And),
            "Or" => Self::several(fields, name).map(Self::Or),
            "Not" => {
                let inner = Fields::of(value, fields.at(name))?;
                Ok(Self::Not(Box::new(Self::parse(&inner, false)?)))
            }
            _ => {
                let test = Test::parse(fields, name, value)?;
                fields.required_text("Variable")?;
                let variable = fields.path("Variable")?.unwrap_or_else(Path::whole);
                Ok(Self::Test(variable, test))
            }
        }
    }

    fn several(fields: &Fields<'_>, name: &str) -> Result<Vec<Self>, Mistake> {
        if fields.get("Variable").is_some() {
            let what = format!("Field 'Variable' is not supported beside '{name}'");
            return Err(fields.mistake("Variable", what));
        }
        fields
            .list(name)?
            .iter()
            .enumerate()
            .map(|(index, rule)| {
                let rule = Fields::of(rule, format!("{}[{index}]", fields.at(name)))?;
                Self::parse(&rule, false)
            })
            .collect()
    }

    /// Whether it holds. Rules after one that settles the matter are not looked at, so that
    /// `IsPresent` can guard them.
    pub fn holds(&self, scope: Scope<'_>) -> Result<bool, Failure> {
        match self {
            Self::And(rules) => {
                for rule in rules {
                    if !rule.holds(scope)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Or(rules) => {
                for rule in rules {
                    if rule.holds(scope)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::Not(rule) => rule.holds(scope).map(|holds| !holds),
            Self::Test(variable, test) => match (variable.find(scope), test) {
                (value, Test::IsPresent(wanted)) => Ok(value.is_some() == *wanted),
                (Some(value), test) => Ok(test.passes(value)),
                (None, _) => Err(Failure::runtime(format!(
                    "Invalid path '{variable}': The choice state's condition path references an invalid value."
                ))),
            },
        }
    }
}

impl Test {
    fn parse(fields: &Fields<'_>, name: &str, value: &Value) -> Result<Self, Mistake> {
        let must = |what: &str| fields.mistake(name, format!("Field '{name}' must be {what}"));
        let flag = || value.as_bool().ok_or_else(|| must("a boolean"));
        let number = |comparison| {
            let value = value.as_f64().ok_or_else(|| must("a number"))?;
            Ok(Self::Numeric(comparison, value))
        };
        match name {
            "IsPresent" => flag().map(Self::IsPresent),
            "IsNull" => flag().map(|wanted| Self::Is(Type::Null, wanted)),
            "IsString" => flag().map(|wanted| Self::Is(Type::String, wanted)),
            "IsNumeric" => flag().map(|wanted| Self::Is(Type::Numeric, wanted)),
            "IsBoolean" => flag().map(|wanted| Self::Is(Type::Boolean, wanted)),
            "BooleanEquals" => flag().map(Self::BooleanEquals),
            "StringEquals" => value
                .as_str()
                .map(|text| Self::StringEquals(text.to_owned()))
                .ok_or_else(|| must("a string")),
            "NumericEquals" => number(Comparison::Equals),
            "NumericLessThan" => number(Comparison::LessThan),
            "NumericLessThanEquals" => number(Comparison::LessThanEquals),
            "NumericGreaterThan" => number(Comparison::GreaterThan),
            "NumericGreaterThanEquals" => number(Comparison::GreaterThanEquals),
            _ => Err(fields.mistake(
                name,
                format!("Field '{name}' is not supported in a choice rule"),
            )),
        }
    }

    /// A value of another type passes no comparison.
    fn passes(&self, value: &Value) -> bool {
        match self {
            Self::IsPresent(wanted) => *wanted,
            Self::Is(kind, wanted) => kind.is_of(value) == *wanted,
            Self::StringEquals(text) => value.as_str() == Some(text),
            Self::BooleanEquals(flag) => value.as_bool() == Some(*flag),
            Self::Numeric(comparison, number) => value
                .as_f64()
                .is_some_and(|value| comparison.holds(value, *number)),
        }
    }
}

impl Type {
    fn is_of(self, value: &Value) -> bool {
        match self {
            Self::Null => value.is_null(),
            Self::String => value.is_string(),
            Self::Numeric => value.is_number(),
            Self::Boolean => value.is_boolean(),
        }
    }
}

impl Comparison {
    #[allow(clippy::float_cmp, reason = "equal is what the definition asks for")]
    fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Equals => left == right,
            Self::LessThan => left < right,
            Self::LessThanEquals => left <= right,
            Self::GreaterThan => left > right,
            Self::GreaterThanEquals => left >= right,
        }
    }
}

#[cfg(test)]
#[path = "choice_tests.rs"]
mod tests;
