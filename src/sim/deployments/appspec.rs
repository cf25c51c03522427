//! The AppSpec file of a Lambda deployment: JSON or YAML text → the alias, its versions, the hooks.
//!
//! Keys are taken in AWS's two spellings (`Resources` and `resources`, `Hooks` and `hooks`).
//! What AWS would only stumble over later — no resource, two of them, an unknown hook — is
//! refused at once.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::errors::invalid_revision;
use crate::sim::errors::AwsError;

/// The two lifecycle events that a Lambda deployment may have a hook for.
const HOOKS: [&str; 2] = ["BeforeAllowTraffic", "AfterAllowTraffic"];

/// What a deployment is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AppSpec {
    /// The name of the resource, any word.
    pub resource: String,
    /// The function, by name or ARN.
    pub function: String,
    pub alias: String,
    /// The version that the alias must be at.
    pub current: String,
    /// The version that it is to end at.
    pub target: String,
    /// Functions to invoke, by lifecycle event.
    pub hooks: BTreeMap<String, String>,
}

impl AppSpec {
    /// Reads the text. JSON first: it is what machines write, and its errors are plainer.
    pub fn parse(text: &str) -> Result<Self, AwsError> {
        let document: Value = match serde_json::from_str(text) {
            Ok(document) => document,
            Err(_) => serde_saphyr::from_str(text).map_err(|problem| {
                // Only the position: the rest of the message quotes the file over many lines.
                let place = problem.location().map_or_else(String::new, |at| {
                    format!(" at line {}, column {}", at.line(), at.column())
                });
                invalid_revision(format!(
                    "The AppSpec file is neither valid JSON nor valid YAML{place}."
                ))
            })?,
        };
        let version = document.get("version").map(text_of);
        if !matches!(version.as_deref(), Some("0.0" | "0")) {
            return Err(invalid_revision(
                "The AppSpec file must have version 0.0; its 'version' is absent or another.",
            ));
        }
        let resource = only_resource(&document)?;
        Ok(Self {
            hooks: hooks(&document)?,
            ..resource
        })
    }

    /// The way back: the versions change places, the hooks stay.
    pub fn reversed(&self) -> Self {
        Self {
            current: self.target.clone(),
            target: self.current.clone(),
            ..self.clone()
        }
    }

    /// The text of this AppSpec, in JSON.
    pub fn to_text(&self) -> String {
        let properties = json!({
            "Name": self.function, "Alias": self.alias,
            "CurrentVersion": self.current, "TargetVersion": self.target,
        });
        let resource = json!({"Type": "AWS::Lambda::Function", "Properties": properties});
        let hooks: Vec<Value> = self
            .hooks
            .iter()
            .map(|(event, function)| json!({event.as_str(): function}))
            .collect();
        json!({
            "version": "0.0", "Resources": [{self.resource.as_str(): resource}], "Hooks": hooks,
        })
        .to_string()
    }
}

fn only_resource(document: &Value) -> Result<AppSpec, AwsError> {
    let resources = pairs(member(document, "Resources"));
    let [(name, resource)] = resources.as_slice() else {
        return Err(invalid_revision(format!(
            "The AppSpec file must have exactly one resource, one function a deployment; it has {}.",
            resources.len()
        )));
    };
    let kind = member(resource, "Type").map(text_of).unwrap_or_default();
    if kind != "AWS::Lambda::Function" {
        return Err(invalid_revision(format!(
            "The Type of resource '{name}' must be AWS::Lambda::Function, not '{kind}'."
        )));
    }
    let properties = member(resource, "Properties");
    let property = |property: &str| {
        let found = properties
            .and_then(|all| member(all, property))
            .map(text_of);
        found.filter(|text| !text.is_empty()).ok_or_else(|| {
            invalid_revision(format!(
                "Resource '{name}' of the AppSpec file lacks the property {property}."
            ))
        })
    };
    Ok(AppSpec {
        resource: (*name).clone(),
        function: property("Name")?,
        alias: property("Alias")?,
        current: property("CurrentVersion")?,
        target: property("TargetVersion")?,
        hooks: BTreeMap::new(),
    })
}

fn hooks(document: &Value) -> Result<BTreeMap<String, String>, AwsError> {
    let mut hooks = BTreeMap::new();
    for (event, function) in pairs(member(document, "Hooks")) {
        if !HOOKS.contains(&event.as_str()) {
            return Err(invalid_revision(format!(
                "The AppSpec file has a hook '{event}'; a Lambda deployment has BeforeAllowTraffic and AfterAllowTraffic."
            )));
        }
        let function = text_of(function);
        if function.is_empty() {
            return Err(invalid_revision(format!(
                "The hook {event} of the AppSpec file names no function."
            )));
        }
        if hooks.insert(event.clone(), function).is_some() {
            return Err(invalid_revision(format!(
                "The AppSpec file has the hook {event} twice."
            )));
        }
    }
    Ok(hooks)
}

/// A member under its name or the same with a small first letter.
fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let mut small = name.to_owned();
    small[..1].make_ascii_lowercase();
    value.get(name).or_else(|| value.get(small.as_str()))
}

/// The pairs of a list of maps, or of one map.
fn pairs(value: Option<&Value>) -> Vec<(&String, &Value)> {
    match value {
        Some(Value::Array(items)) => items
            .iter()
            .filter_map(Value::as_object)
            .flatten()
            .collect(),
        Some(Value::Object(members)) => members.iter().collect(),
        _ => Vec::new(),
    }
}

/// A text, or a number that YAML made of one (`CurrentVersion: 1`).
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

#[cfg(test)]
#[path = "appspec_tests.rs"]
mod tests;
