//! Payload templates (`Parameters`, `ResultSelector`): JSON in which a member `x.$` is filled in
//! from a path.

use std::io;

use serde_json::{Map, Value};

use super::failure::Failure;
use super::fields::Mistake;
use super::paths::{Path, Scope};

/// JSON to fill in.
#[derive(Debug, Clone, PartialEq)]
pub enum Template {
    /// As it stands.
    Constant(Value),
    /// From that path.
    Path(Path),
    /// Member by member.
    Object(Vec<(String, Self)>),
    /// Item by item.
    Array(Vec<Self>),
}

impl Template {
    /// Reads a template; intrinsic functions are refused by name.
    pub fn parse(value: &Value, at: &str) -> Result<Self, Mistake> {
        match value {
            Value::Object(members) => members
                .iter()
                .map(|(name, value)| member(name, value, at))
                .collect::<Result<_, _>>()
                .map(Self::Object),
            Value::Array(items) => items
                .iter()
                .enumerate()
                .map(|(index, item)| Self::parse(item, &format!("{at}[{index}]")))
                .collect::<Result<_, _>>()
                .map(Self::Array),
            other => Ok(Self::Constant(other.clone())),
        }
    }

    /// The names of its members.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let members = match self {
            Self::Object(members) => members.as_slice(),
            _ => &[],
        };
        members.iter().map(|(name, _)| name.as_str())
    }

    /// The JSON, filled in. More than so many bytes out of paths are a failure at once: a thousand
    /// paths to the same large value would otherwise be a thousand copies of it.
    pub fn fill(&self, scope: Scope<'_>, most: usize) -> Result<Value, Failure> {
        self.filled("", scope, &mut Room(most))
    }

    fn filled(&self, field: &str, scope: Scope<'_>, room: &mut Room) -> Result<Value, Failure> {
        match self {
            Self::Constant(value) => Ok(value.clone()),
            Self::Path(path) => {
                let value = path.find(scope).ok_or_else(|| {
                    Failure::runtime(format!(
                        "The JSONPath '{path}' specified for the field '{field}.$' could not be found in the input '{}'",
                        scope.data
                    ))
                })?;
                // The only thing that can fail is that the room is used up.
                match serde_json::to_writer(room, value) {
                    Ok(()) => Ok(value.clone()),
                    Err(_) => Err(Failure::data_limit(
                        "The input of the state exceeds the maximum number of bytes service limit.",
                    )),
                }
            }
            Self::Object(members) => members
                .iter()
                .map(|(name, value)| Ok((name.clone(), value.filled(name, scope, room)?)))
                .collect::<Result<Map<_, _>, _>>()
                .map(Value::Object),
            Self::Array(items) => items
                .iter()
                .map(|item| item.filled(field, scope, room))
                .collect::<Result<_, _>>()
                .map(Value::Array),
        }
    }
}

/// So many bytes are left.
struct Room(usize);

impl io::Write for &mut Room {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let left = self.0.checked_sub(bytes.len());
        self.0 = left.ok_or(io::ErrorKind::StorageFull)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn member(name: &str, value: &Value, at: &str) -> Result<(String, Template), Mistake> {
    let at = format!("{at}/{name}");
    let Some(bare) = name.strip_suffix(".$") else {
        return Ok((name.to_owned(), Template::parse(value, &at)?));
    };
    let text = value
        .as_str()
        .ok_or_else(|| Mistake::new(&at, format!("The value of '{name}' must be a path")))?;
    if text.starts_with("States.") {
        let function = text.split('(').next().unwrap_or(text);
        let what = format!("The intrinsic function '{function}' is not supported");
        return Err(Mistake::new(at, what));
    }
    let path = Path::parse(text).map_err(|problem| Mistake::new(at, problem))?;
    Ok((bare.to_owned(), Template::Path(path)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fill(template: &Value, data: &Value) -> Result<Value, Failure> {
        let context = json!({"Execution": {"Name": "run"}});
        let template = Template::parse(template, "/Parameters").expect("a template");
        let scope = Scope {
            data,
            context: &context,
        };
        template.fill(scope, 1_000)
    }

    #[test]
    fn members_are_filled_in_at_any_depth() {
        let template = json!({"a.$": "$.x", "b": {"c.$": "$$.Execution.Name", "d": "$.x"}, "e": [{"f.$": "$"}]});
        assert_eq!(
            fill(&template, &json!({"x": [1]})),
            Ok(json!({"a": [1], "b": {"c": "run", "d": "$.x"}, "e": [{"f": {"x": [1]}}]}))
        );
    }

    #[test]
    fn a_missing_value_is_a_runtime_error_that_says_where() {
        let failure = fill(&json!({"a": {"b.$": "$.y"}}), &json!({"x": 1})).expect_err("missing");
        assert!(failure.is_runtime());
        assert_eq!(
            failure.cause.as_deref(),
            Some(
                "The JSONPath '$.y' specified for the field 'b.$' could not be found in the input '{\"x\":1}'"
            )
        );
    }

    #[test]
    fn copies_of_a_large_value_end_at_the_limit() {
        let data = json!({"x": "x".repeat(300)});
        let three = fill(
            &json!({"a.$": "$.x", "b": ["c"], "d": {"e.$": "$.x", "f.$": "$.x"}}),
            &data,
        );
        assert!(three.is_ok());
        let four = fill(
            &json!({"a.$": "$.x", "b": {"c.$": "$.x", "d.$": "$.x", "e.$": "$.x"}}),
            &data,
        );
        assert_eq!(
            four.expect_err("too much").error,
            "States.DataLimitExceeded"
        );
    }

    #[test]
    fn what_is_no_path_is_refused_by_name() {
        let refused = |template| {
            Template::parse(&template, "/States/A/Parameters")
                .expect_err("refused")
                .to_string()
        };
        let message = refused(json!({"a": {"b.$": "States.Format('{}', $.x)"}}));
        assert!(
            message.contains("'States.Format' is not supported"),
            "{message}"
        );
        assert!(
            message.ends_with("at /States/A/Parameters/a/b.$"),
            "{message}"
        );
        assert!(refused(json!({"b.$": 1})).contains("must be a path"));
        assert!(refused(json!({"b.$": "x"})).contains("starts with $"));
    }
}
