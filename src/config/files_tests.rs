//! The files that go with the parser: the committed schema, the page for people, and the policies
//! in `tests/data/policies`, which other implementations of the schema can read too.
//!
//! `good` parses. `bad` is refused by the parser and by the schema. `beyond-schema` is refused by
//! the parser only. Beside each refused policy stands what is said of it.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::keys::KEYS;
use super::{Policy, schema};

/// To rewrite what is compared: `UPDATE=1 cargo test --no-default-features --lib config`.
const UPDATE: bool = option_env!("UPDATE").is_some();

fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn policies(folder: &str) -> Vec<(PathBuf, String)> {
    let folder = file("tests/data/policies").join(folder);
    let mut paths: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "json"))
        .collect();
    assert!(!paths.is_empty(), "{folder:?} has no policies");
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        (path, text)
    };
    paths.into_iter().map(read).collect()
}

/// The blocks of the page that begin with this fence.
fn blocks<'a>(page: &'a str, fence: &str) -> Vec<&'a str> {
    let open = format!("```{fence}\n");
    page.split(&open)
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect()
}

#[test]
fn the_committed_schema_is_current() {
    let path = file("docs/policy.schema.json");
    let text = format!("{}\n", serde_json::to_string_pretty(&schema()).unwrap());
    if UPDATE {
        fs::write(&path, &text).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap();
    let committed: Value = serde_json::from_str(&committed).unwrap();
    assert!(
        committed == schema(),
        "docs/policy.schema.json is not current: rewrite it with \
         UPDATE=1 cargo test --no-default-features --lib config"
    );
}

#[test]
fn good_policies_parse() {
    for (path, text) in policies("good") {
        if let Err(errors) = Policy::parse(&text) {
            panic!("{path:?}: {errors}");
        }
    }
}

#[test]
fn bad_policies_are_answered_as_is_written_beside_them() {
    for (path, text) in policies("bad").into_iter().chain(policies("beyond-schema")) {
        let Err(errors) = Policy::parse(&text) else {
            panic!("{path:?} is taken");
        };
        let said = format!("{errors}\n");
        let beside = path.with_extension("txt");
        if UPDATE {
            fs::write(&beside, &said).unwrap();
        }
        assert_eq!(fs::read_to_string(beside).unwrap(), said, "{path:?}");
    }
}

#[test]
fn the_page_tells_the_truth() {
    let page = fs::read_to_string(file("docs/policy.md")).unwrap();
    let examples = blocks(&page, "json");
    assert!(examples.len() >= 6);
    for example in examples {
        if let Err(errors) = Policy::parse(example) {
            panic!("{example}\n{errors}");
        }
    }
    let mistaken = blocks(&page, "json mistaken");
    let answers = blocks(&page, "text");
    assert_eq!(mistaken.len(), answers.len());
    for (mistaken, answer) in mistaken.iter().zip(answers) {
        let errors = Policy::parse(mistaken).unwrap_err();
        assert_eq!(answer.trim_end(), errors.to_string());
    }
}

#[test]
fn the_page_and_the_schema_name_every_key() {
    let page = fs::read_to_string(file("docs/policy.md")).unwrap();
    for (object, keys) in KEYS {
        for key in *keys {
            let path = match *object {
                "" => format!("| `{key}` |"),
                // Three keys that are said once.
                "errors.total" | "metrics.bad" | "metrics.total" => format!("| `errors.{key}` |"),
                one @ ("limits" | "errors" | "latency" | "evidence" | "evidence.accept") => {
                    format!("| `{one}.{key}` |")
                }
                "checks.expect" => format!("| `checks[].expect.{key}` |"),
                "checks.expect.answer" => format!("| `checks[].expect.answer[].{key}` |"),
                list => format!("| `{list}[].{key}` |"),
            };
            assert!(
                page.contains(&path),
                "docs/policy.md does not explain {path}"
            );
        }
        let in_schema = properties(object);
        let mut sorted = keys.to_vec();
        sorted.sort_unstable();
        assert_eq!(in_schema, sorted, "the schema's keys of {object:?}");
    }
}

/// The object of `evidence` in the schema.
const EVIDENCE: &str = "/properties/evidence/anyOf/1";

fn properties(object: &str) -> Vec<String> {
    let schema = schema();
    let place = match object {
        "" => "".to_owned(),
        "plan" => "/properties/plan/anyOf/1/items".to_owned(),
        "alarms" => "/properties/alarms/items/anyOf/1".to_owned(),
        "checks" => "/properties/checks/items".to_owned(),
        "checks.expect" => "/properties/checks/items/properties/expect".to_owned(),
        "checks.expect.answer" => {
            "/properties/checks/items/properties/expect/properties/answer/items".to_owned()
        }
        "errors" => "/properties/errors/anyOf/1".to_owned(),
        "errors.total" => "/properties/errors/anyOf/1/properties/total".to_owned(),
        "metrics" => "/properties/metrics/items".to_owned(),
        "metrics.bad" => "/properties/metrics/items/properties/bad".to_owned(),
        "metrics.total" => "/properties/metrics/items/properties/total".to_owned(),
        "evidence" => EVIDENCE.to_owned(),
        "evidence.accept" => format!("{EVIDENCE}/properties/accept"),
        other => format!("/properties/{other}"),
    };
    let object = schema.pointer(&place).unwrap();
    assert_eq!(object["additionalProperties"], json!(false));
    let properties = object["properties"].as_object().unwrap();
    let mut keys: Vec<String> = properties.keys().cloned().collect();
    keys.sort_unstable();
    keys
}

/// The defaults of the object at a place of the schema.
fn defaults(schema: &Value, place: &str) -> Value {
    let properties = schema.pointer(place).unwrap()["properties"].as_object();
    let default = |(key, property): (&String, &Value)| {
        let default = property.get("default")?;
        Some((key.clone(), default.clone()))
    };
    properties.unwrap().iter().filter_map(default).collect()
}

#[test]
fn the_schemas_defaults_are_the_parsers() {
    let schema = schema();
    let mut spelled_out = serde_json::Map::new();
    for (key, property) in schema["properties"].as_object().unwrap() {
        if let Some(default) = property.get("default") {
            spelled_out.insert(key.clone(), default.clone());
        }
    }
    spelled_out["limits"] = defaults(&schema, "/properties/limits");
    assert_eq!(spelled_out.len(), 8);
    let text = Value::Object(spelled_out).to_string();
    assert_eq!(Policy::parse(&text), Ok(Policy::default()), "{text}");

    let evidence = defaults(&schema, EVIDENCE);
    assert_eq!(evidence.as_object().unwrap().len(), 5);
    let text = serde_json::json!({ "evidence": evidence }).to_string();
    assert_eq!(
        Policy::parse(&text),
        Policy::parse(r#"{"evidence": {}}"#),
        "{text}"
    );
}

#[test]
fn the_schemas_words_and_examples_parse() {
    let schema = schema();
    for example in schema["examples"].as_array().unwrap() {
        assert!(Policy::parse(&example.to_string()).is_ok(), "{example}");
    }
    for key in ["insufficient_data", "on_regression", "mode"] {
        for word in schema["properties"][key]["oneOf"].as_array().unwrap() {
            let text = json!({ key: word["const"] }).to_string();
            assert!(Policy::parse(&text).is_ok(), "{text}");
        }
    }
    for word in schema.pointer(EVIDENCE).unwrap()["properties"]["inconclusive"]["oneOf"]
        .as_array()
        .unwrap()
    {
        let text = json!({ "evidence": { "inconclusive": word["const"] } }).to_string();
        assert!(Policy::parse(&text).is_ok(), "{text}");
    }
    for plan in schema["properties"]["plan"]["anyOf"][0]["examples"]
        .as_array()
        .unwrap()
    {
        let text = json!({ "plan": plan }).to_string();
        assert!(Policy::parse(&text).is_ok(), "{text}");
    }
}
