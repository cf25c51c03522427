//! How data flows through a state: what it sees, what it makes of it, what it hands on.

use serde_json::{Value, json};

use super::asl::{Failure, Path, Scope, State, Template};

/// So many bytes of JSON a state may get or hand on.
pub const LARGEST: usize = 262_144;

/// `InputPath`, `OutputPath`: the part of the data that the path names; `None` names nothing.
pub fn select(field: &str, path: Option<&Path>, scope: Scope<'_>) -> Result<Value, Failure> {
    let Some(path) = path else {
        return Ok(json!({}));
    };
    path.find(scope).cloned().ok_or_else(|| {
        Failure::runtime(format!(
            "Invalid path '{path}' : No results for path: {path} ({field})"
        ))
    })
}

/// What the state works on: `InputPath`, then `Parameters`.
pub fn effective(
    state: &State,
    parameters: Option<&Template>,
    input: &Value,
    context: &Value,
) -> Result<Value, Failure> {
    let scope = Scope {
        data: input,
        context,
    };
    let selected = select("InputPath", state.input_path.as_ref(), scope)?;
    let scope = Scope {
        data: &selected,
        context,
    };
    match parameters {
        None => Ok(selected),
        Some(template) => within_limit(template.fill(scope, LARGEST)?),
    }
}

/// `ResultPath`: the input with the result in its place; `None` drops the result.
pub fn merge(path: Option<&Path>, input: &Value, result: Value) -> Result<Value, Failure> {
    match path {
        None => Ok(input.clone()),
        Some(path) => path
            .put(input.clone(), result)
            .map_err(Failure::result_path),
    }
}

/// What the next state gets: `OutputPath`.
pub fn output(state: &State, data: &Value, context: &Value) -> Result<Value, Failure> {
    select(
        "OutputPath",
        state.output_path.as_ref(),
        Scope { data, context },
    )
}

fn within_limit(value: Value) -> Result<Value, Failure> {
    if value.to_string().len() > LARGEST {
        return Err(Failure::data_limit(
            "The input of the state exceeds the maximum number of bytes service limit.",
        ));
    }
    Ok(value)
}
