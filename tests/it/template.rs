//! What holds between `template.yaml`, `events/` and `statemachine/`, as far as text tells. Circles,
//! rights and references need SAM's own translator: `tests/conformance/lint`.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use lambda_canary::config::Policy;
use serde_json::Value;

/// What `_HANDLER` may be in the program `functions`.
const HANDLERS: &[&str] = &["pre_traffic", "post_traffic", "stepper", "sample"];

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The values of the lines `key: value`, in order.
fn values<'a>(text: &'a str, key: &str) -> Vec<&'a str> {
    let lines = text.lines().map(str::trim);
    lines
        .filter_map(|line| line.strip_prefix(key)?.strip_prefix(": "))
        .collect()
}

/// The names between `${` and `}`.
fn substitutions(text: &str) -> BTreeSet<&str> {
    let rest = text.split("${").skip(1);
    rest.filter_map(|rest| rest.split('}').next()).collect()
}

#[test]
fn every_handler_is_declared_once_and_runs_the_one_program() {
    let template = read("template.yaml");
    assert_eq!(values(&template, "Handler"), HANDLERS);
    let program = values(&template, "BuildProperties");
    assert_eq!(program, ["{Binary: functions}"; 4]);
}

#[test]
fn every_event_is_json_and_every_handler_has_one() {
    let mut handlers = BTreeSet::new();
    for entry in fs::read_dir(path("events")).expect("events can be read") {
        let file = entry.expect("events can be read").path();
        let text = fs::read_to_string(&file).expect("an event is text");
        let event: Value = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        assert!(event.is_object(), "{} is no object", file.display());
        let name = file.file_stem().expect("it has a name").to_string_lossy();
        handlers.insert(name.split('-').next().unwrap_or_default().to_owned());
    }
    let wanted: BTreeSet<_> = HANDLERS.iter().map(|&name| name.to_owned()).collect();
    assert_eq!(handlers, wanted, "events are named after their handler");
}

#[test]
fn the_samples_policies_are_policies() {
    let template = read("template.yaml");
    let (_, written) = template
        .split_once("      Value: !If\n        - IsGuard\n")
        .expect("the sample's policy depends on the mode");
    let texts: Vec<_> = written
        .lines()
        .map(str::trim)
        .take_while(|line| line.starts_with(['-', '#']))
        .filter_map(|line| line.strip_prefix("- "))
        .map(|line| line.trim_start_matches("!Sub ").trim_matches(['\'', '"']))
        .collect();
    assert_eq!(texts.len(), 2, "one for each mode: {texts:?}");
    for text in texts {
        let policy = Policy::parse(&text.replace("${SampleErrors}", "sample-errors"));
        assert!(policy.is_ok(), "{text}: {policy:?}");
    }
}

#[test]
fn the_state_machine_gets_what_it_asks_for() {
    let machine = read("statemachine/rollout.asl.json");
    let template = read("template.yaml");
    let (_, given) = template
        .split_once("      DefinitionSubstitutions:\n")
        .expect("the state machine has substitutions");
    let given: BTreeSet<_> = given
        .lines()
        .take_while(|line| line.starts_with("        "))
        .filter_map(|line| line.trim().split(':').next())
        .collect();
    assert_eq!(substitutions(&machine), given);
}

/// Rights that no call of the functions' needs by its own name, or not yet.
const NOT_CALLED: &[&str] = &[
    // The log lines that Lambda writes.
    "logs:CreateLogStream",
    "logs:PutLogEvents",
];

#[test]
fn no_right_is_given_that_no_call_needs() {
    // What the functions call AWS with; the look for deployments under way is the command line's.
    let mut calls = String::new();
    let mut folders = vec![path("src/aws"), path("src/lambda")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("sources can be read") {
            let file = entry.expect("sources can be read").path();
            if file.is_dir() {
                folders.push(file);
            } else if file.file_name().is_some_and(|name| name != "in_flight.rs") {
                calls += &fs::read_to_string(&file).expect("a source is text");
            }
        }
    }
    let template = read("template.yaml");
    let services = [
        "codedeploy:",
        "lambda:",
        "cloudwatch:",
        "ssm:",
        "states:",
        "sns:",
        "events:",
        "logs:",
    ];
    let lines = template.lines().map(str::trim);
    let words = lines.map(|line| line.rsplit(' ').next().unwrap_or_default());
    let rights = words.filter(|word| {
        let action = word.split_once(':').map_or("", |(_, action)| action);
        let is_action = action.starts_with(|c: char| c.is_ascii_uppercase());
        is_action && services.iter().any(|service| word.starts_with(service))
    });
    let rights: BTreeSet<&str> = rights.filter(|right| !NOT_CALLED.contains(right)).collect();
    assert!(rights.len() > 15, "{rights:?}");
    for right in rights {
        let action = right.split_once(':').map_or("", |(_, action)| action);
        let action = action.replace("InvokeFunction", "Invoke");
        let mut call = String::from(".");
        for c in action.chars() {
            if c.is_ascii_uppercase() && call.len() > 1 {
                call.push('_');
            }
            call.push(c.to_ascii_lowercase());
        }
        assert!(calls.contains(&format!("{call}()")), "{right}: no {call}()");
    }
}
