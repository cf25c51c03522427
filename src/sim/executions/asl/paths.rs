//! Reference paths, the part of JSONPath that names one place: `$`, `$.a.b`, `$['a']`, `$.a[0]`,
//! and the same under `$$` for the context object.

use std::fmt;

use serde_json::{Map, Value};

/// What the context object holds, each with its fields.
const CONTEXT: &[(&str, &[&str])] = &[
    (
        "Execution",
        &[
            "Id",
            "Input",
            "Name",
            "RedriveCount",
            "RoleArn",
            "StartTime",
        ],
    ),
    ("State", &["EnteredTime", "Name", "RetryCount"]),
    ("StateMachine", &["Id", "Name"]),
];

/// What paths read from.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The data, `$`.
    pub data: &'a Value,
    /// The context object, `$$`.
    pub context: &'a Value,
}

/// One place in the data or in the context object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    text: String,
    of_context: bool,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Path {
    /// `$`.
    pub fn whole() -> Self {
        Self {
            text: "$".to_owned(),
            of_context: false,
            steps: Vec::new(),
        }
    }

    /// Reads a path; what else JSONPath has is refused by name.
    pub fn parse(text: &str) -> Result<Self, String> {
        let refused = |what: &str| format!("Invalid path '{text}': {what}");
        let rest = text
            .strip_prefix('$')
            .ok_or_else(|| refused("a path starts with $"))?;
        let (of_context, mut rest) = match rest.strip_prefix('$') {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let (step, after) = step(rest).map_err(|problem| refused(&problem))?;
            steps.push(step);
            rest = after;
        }
        let path = Self {
            text: text.to_owned(),
            of_context,
            steps,
        };
        if path.is_known() {
            Ok(path)
        } else {
            Err(refused("the context object has no such field"))
        }
    }

    /// Whether it reads the context object.
    pub fn is_of_context(&self) -> bool {
        self.of_context
    }

    /// The value there, if there is one.
    pub fn find<'a>(&self, scope: Scope<'a>) -> Option<&'a Value> {
        let whole = if self.of_context {
            scope.context
        } else {
            scope.data
        };
        self.steps.iter().try_fold(whole, |value, step| match step {
            Step::Key(key) => value.get(key),
            Step::Index(index) => value.get(index),
        })
    }

    /// The data with `result` put there. Objects on the way are made, lists are not.
    pub fn put(&self, mut data: Value, result: Value) -> Result<Value, String> {
        let mut place = &mut data;
        for step in &self.steps {
            place = match (step, place) {
                (Step::Key(key), Value::Object(members)) => members
                    .entry(key.clone())
                    .or_insert_with(|| Value::Object(Map::new())),
                (Step::Index(index), Value::Array(items)) => {
                    let problem = format!("Unable to apply {step} to a list of {}", items.len());
                    items.get_mut(*index).ok_or(problem)?
                }
                (step, place) => return Err(format!("Unable to apply {step} to input {place}")),
            };
        }
        *place = result;
        Ok(data)
    }

    fn is_known(&self) -> bool {
        let mut steps = self.steps.iter();
        let Some(first) = steps.next().filter(|_| self.of_context) else {
            return true;
        };
        let fields = CONTEXT.iter().find(|(name, _)| first.is(name));
        match (fields, steps.next()) {
            (Some(_), None) => true,
            (Some((_, fields)), Some(second)) => fields.iter().any(|name| second.is(name)),
            (None, _) => false,
        }
    }
}

impl Step {
    fn is(&self, name: &str) -> bool {
        matches!(self, Self::Key(key) if key == name)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => write!(f, "step \"{key}\""),
            Self::Index(index) => write!(f, "index {index}"),
        }
    }
}

/// The first step of what is left of a path, and what is left then.
fn step(rest: &str) -> Result<(Step, &str), String> {
    if let Some(rest) = rest.strip_prefix('.') {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (key, rest) = rest.split_at(end);
        let is_plain = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        if key.is_empty() || !key.chars().all(is_plain) {
            return Err(format!("'.{key}' is not supported, only names are"));
        }
        return Ok((Step::Key(key.to_owned()), rest));
    }
    let unclosed = || "']' is missing".to_owned();
    let Some(inner) = rest.strip_prefix('[') else {
        return Err(format!("'.' or '[' expected at '{rest}'"));
    };
    for quote in ['\'', '"'] {
        if let Some(inner) = inner.strip_prefix(quote) {
            let (key, rest) = inner.split_once(quote).ok_or_else(unclosed)?;
            let rest = rest.strip_prefix(']').ok_or_else(unclosed)?;
            return Ok((Step::Key(key.to_owned()), rest));
        }
    }
    let (index, rest) = inner.split_once(']').ok_or_else(unclosed)?;
    let digits = index.bytes().all(|b| b.is_ascii_digit());
    let index = index
        .parse()
        .ok()
        .filter(|_| digits)
        .ok_or_else(|| format!("'[{index}]' is not supported, only indices and names are"))?;
    Ok((Step::Index(index), rest))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn find(path: &str, data: &Value) -> Option<Value> {
        let context = json!({"State": {"Name": "A"}, "Execution": {"Input": {"x": 1}}});
        let path = Path::parse(path).expect("a path");
        let scope = Scope {
            data,
            context: &context,
        };
        path.find(scope).cloned()
    }

    #[test]
    fn every_spelling_finds_the_place() {
        let data = json!({"a": {"b": [1, {"c d": 2}]}, "a-b": 3});
        assert_eq!(find("$", &data), Some(data.clone()));
        assert_eq!(find("$.a.b[0]", &data), Some(json!(1)));
        assert_eq!(find("$['a'][\"b\"][1]['c d']", &data), Some(json!(2)));
        assert_eq!(find("$.a-b", &data), Some(json!(3)));
        assert_eq!(find("$$.State.Name", &data), Some(json!("A")));
        assert_eq!(find("$$.Execution.Input.x", &data), Some(json!(1)));
        for nowhere in [
            "$.b",
            "$.a.b[2]",
            "$.a[0]",
            "$.a.b.c",
            "$$.State.EnteredTime",
        ] {
            assert_eq!(find(nowhere, &data), None, "{nowhere}");
        }
    }

    #[test]
    fn the_rest_of_jsonpath_is_refused() {
        for path in [
            "",
            "a",
            "$a",
            "$.",
            "$..a",
            "$.*",
            "$[*]",
            "$[-1]",
            "$[+1]",
            "$[0:1]",
            "$[]",
            "$[0",
            "$['a",
            "$['a'",
            "$.a[?(@.b)]",
            "$.a.length()",
            "$$.Task.Token",
            "$$.State.Shoe",
            "$$[0]",
            "$$$.a",
            "$[99999999999999999999999]",
        ] {
            let problem = Path::parse(path).expect_err(path);
            assert!(problem.contains(&format!("'{path}'")), "{problem}");
        }
    }

    #[test]
    fn a_result_is_put_where_the_path_says() {
        let put =
            |path: &str, data: Value| Path::parse(path).expect("a path").put(data, json!("new"));
        assert_eq!(put("$", json!({"a": 1})), Ok(json!("new")));
        assert_eq!(put("$.b", json!({"a": 1})), Ok(json!({"a": 1, "b": "new"})));
        assert_eq!(
            put("$.a.b.c", json!({})),
            Ok(json!({"a": {"b": {"c": "new"}}}))
        );
        assert_eq!(
            put("$.a[1]", json!({"a": [1, 2]})),
            Ok(json!({"a": [1, "new"]}))
        );
        assert!(put("$.a[2]", json!({"a": [1, 2]})).is_err());
        assert!(put("$.a", json!("text")).is_err());
        assert!(put("$.a.b", json!({"a": null})).is_err());
    }
}
