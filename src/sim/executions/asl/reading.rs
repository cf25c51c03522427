//! From a definition's text to a [`Definition`]: every field known, every state reachable.

use std::collections::BTreeSet;

use serde_json::Value;

use super::choice::Rule;
use super::fields::{Fields, LONGEST, Mistake};
use super::paths::Path;
use super::retry::{Catcher, Retrier};
use super::{Definition, Delay, Kind, Next, Pass, Resource, State, Task};

/// A state's name may have so many characters.
const NAME: usize = 80;

/// What every state may have.
const ANY: &[&str] = &["Type", "Comment", "QueryLanguage"];
/// What a state with data may have.
const DATA: &[&str] = &["InputPath", "OutputPath"];
/// What a state with a successor may have.
const FLOW: &[&str] = &["Next", "End"];

/// The parameters of `lambda:invoke`.
const INVOKE: &[&str] = &[
    "ClientContext",
    "FunctionName",
    "InvocationType",
    "Payload",
    "Qualifier",
];

impl Definition {
    /// Reads a definition. The first mistake is the answer.
    pub fn parse(text: &str) -> Result<Self, Mistake> {
        let value: Value =
            serde_json::from_str(text).map_err(|problem| Mistake::json(problem.to_string()))?;
        let fields = Fields::of(&value, "")?;
        let known = [
            "Comment",
            "QueryLanguage",
            "StartAt",
            "States",
            "TimeoutSeconds",
            "Version",
        ];
        fields.only(&[&known], "a state machine")?;
        check_language(&fields)?;
        if fields
            .text("Version")?
            .is_some_and(|version| version != "1.0")
        {
            return Err(fields.mistake("Version", "Only version '1.0' is supported"));
        }
        let states = Fields::of(fields.required("States")?, "/States")?;
        let definition = Self {
            start_at: fields.required_text("StartAt")?.to_owned(),
            timeout: fields.whole("TimeoutSeconds", 1..=LONGEST)?,
            states: states
                .iter()
                .map(|(name, state)| Ok((name.clone(), state_of(name, state, &states)?)))
                .collect::<Result<_, Mistake>>()?,
        };
        definition.check_transitions()?;
        Ok(definition)
    }

    /// Every state that is named exists, and every state can be reached.
    fn check_transitions(&self) -> Result<(), Mistake> {
        if !self.states.contains_key(&self.start_at) {
            let what = format!("Missing 'StartAt' target: {}", self.start_at);
            return Err(Mistake::transition("/StartAt", what));
        }
        for (name, state) in &self.states {
            for (field, target) in state.targets() {
                if !self.states.contains_key(target) {
                    let what = format!("Missing 'Next' target: {target}");
                    return Err(Mistake::transition(format!("/States/{name}/{field}"), what));
                }
            }
        }
        let mut reached = BTreeSet::new();
        let mut ahead = vec![self.start_at.as_str()];
        while let Some(name) = ahead.pop() {
            if reached.insert(name) {
                let targets = self.states.get(name).map(State::targets);
                ahead.extend(targets.into_iter().flatten().map(|(_, target)| target));
            }
        }
        match self
            .states
            .keys()
            .find(|name| !reached.contains(name.as_str()))
        {
            None => Ok(()),
            Some(name) => Err(Mistake::transition(
                format!("/States/{name}"),
                format!("State \"{name}\" is not reachable."),
            )),
        }
    }
}

impl State {
    /// The states that it names, each with the field that names it.
    fn targets(&self) -> Vec<(String, &str)> {
        match &self.kind {
            Kind::Task(task) => {
                let catchers = task.catch.iter().enumerate();
                target(&task.next)
                    .into_iter()
                    .chain(catchers.map(|(index, catcher)| {
                        (format!("Catch[{index}]/Next"), catcher.next.as_str())
                    }))
                    .collect()
            }
            Kind::Choice { choices, default } => choices
                .iter()
                .enumerate()
                .map(|(index, (_, name))| (format!("Choices[{index}]/Next"), name.as_str()))
                .chain(
                    default
                        .iter()
                        .map(|name| ("Default".to_owned(), name.as_str())),
                )
                .collect(),
            Kind::Wait(_, after) => target(after).into_iter().collect(),
            Kind::Pass(pass) => target(&pass.next).into_iter().collect(),
            Kind::Succeed | Kind::Fail { .. } => Vec::new(),
        }
    }
}

fn target(next: &Next) -> Option<(String, &str)> {
    match next {
        Next::To(name) => Some(("Next".to_owned(), name)),
        Next::End => None,
    }
}

fn state_of(name: &str, state: &Value, states: &Fields<'_>) -> Result<State, Mistake> {
    let fields = Fields::of(state, states.at(name))?;
    if name.is_empty() || name.chars().count() > NAME {
        return Err(fields.wrong(format!("A state's name has 1 to {NAME} characters")));
    }
    check_language(&fields)?;
    let kind = match fields.required_text("Type")? {
        "Task" => Kind::Task(Box::new(task(&fields)?)),
        "Choice" => choice(&fields)?,
        "Wait" => wait(&fields)?,
        "Pass" => Kind::Pass(pass(&fields)?),
        "Succeed" => {
            fields.only(&[ANY, DATA], "a Succeed state")?;
            Kind::Succeed
        }
        "Fail" => {
            fields.only(&[ANY, &["Error", "Cause"]], "a Fail state")?;
            Kind::Fail {
                error: fields.text("Error")?.map(str::to_owned),
                cause: fields.text("Cause")?.map(str::to_owned),
            }
        }
        other => {
            return Err(fields.mistake("Type", format!("State type '{other}' is not supported")));
        }
    };
    Ok(State {
        input_path: fields.selection("InputPath")?,
        output_path: fields.selection("OutputPath")?,
        kind,
    })
}

fn task(fields: &Fields<'_>) -> Result<Task, Mistake> {
    let own = [
        "Catch",
        "Parameters",
        "Resource",
        "ResultPath",
        "ResultSelector",
        "Retry",
        "TimeoutSeconds",
    ];
    fields.only(&[ANY, DATA, FLOW, &own], "a Task state")?;
    let resource = resource(fields)?;
    let parameters = fields.template("Parameters")?;
    if resource == Resource::Invoke {
        let names: Vec<&str> = parameters.iter().flat_map(|all| all.names()).collect();
        if let Some(name) = names.iter().find(|name| !INVOKE.contains(name)) {
            let what = format!("The field '{name}' is not supported by lambda:invoke");
            return Err(fields.mistake("Parameters", what));
        }
        if !names.contains(&"FunctionName") {
            let what = "The field 'FunctionName' is required but was missing";
            return Err(fields.mistake("Parameters", what));
        }
    }
    Ok(Task {
        resource,
        parameters,
        result_selector: fields.template("ResultSelector")?,
        result_path: fields.destination("ResultPath")?,
        timeout: fields.whole("TimeoutSeconds", 1..=LONGEST)?,
        retry: Retrier::parse_all(fields)?,
        catch: Catcher::parse_all(fields)?,
        next: next(fields)?,
    })
}

/// Lambda, through `lambda:invoke` or by the function's ARN.
fn resource(fields: &Fields<'_>) -> Result<Resource, Mistake> {
    let text = fields.required_text("Resource")?;
    let parts: Vec<&str> = text.split(':').collect();
    match parts[..] {
        ["arn", _, "states", "", "", "lambda", "invoke"] => Ok(Resource::Invoke),
        ["arn", _, "lambda", _, _, "function", _]
        | ["arn", _, "lambda", _, _, "function", _, _] => Ok(Resource::Function(text.to_owned())),
        _ => Err(fields.mistake(
            "Resource",
            format!("The resource '{text}' is not supported"),
        )),
    }
}

fn choice(fields: &Fields<'_>) -> Result<Kind, Mistake> {
    fields.only(&[ANY, DATA, &["Choices", "Default"]], "a Choice state")?;
    let choices = fields
        .list("Choices")?
        .iter()
        .enumerate()
        .map(|(index, rule)| {
            let rule = Fields::of(rule, format!("{}[{index}]", fields.at("Choices")))?;
            let next = rule.required_text("Next")?.to_owned();
            Ok((Rule::parse(&rule, true)?, next))
        })
        .collect::<Result<_, Mistake>>()?;
    Ok(Kind::Choice {
        choices,
        default: fields.text("Default")?.map(str::to_owned),
    })
}

fn wait(fields: &Fields<'_>) -> Result<Kind, Mistake> {
    let own = ["Seconds", "SecondsPath", "Timestamp", "TimestampPath"];
    fields.only(&[ANY, DATA, FLOW, &own], "a Wait state")?;
    let given: Vec<&str> = own
        .into_iter()
        .filter(|name| fields.get(name).is_some())
        .collect();
    let [name] = given[..] else {
        return Err(fields.wrong(format!(
            "A Wait state needs exactly one of {}",
            own.join(", ")
        )));
    };
    let path = || Ok(fields.path(name)?.unwrap_or_else(Path::whole));
    let delay = match name {
        "Seconds" => Delay::Seconds(fields.whole(name, 0..=LONGEST)?.unwrap_or(0)),
        "SecondsPath" => Delay::SecondsPath(path()?),
        "TimestampPath" => Delay::UntilPath(path()?),
        _ => {
            let must = |_| fields.mistake(name, "Field 'Timestamp' must be an RFC 3339 timestamp");
            let text = fields.required_text(name)?;
            Delay::Until(text.parse().map_err(must)?)
        }
    };
    Ok(Kind::Wait(delay, next(fields)?))
}

fn pass(fields: &Fields<'_>) -> Result<Pass, Mistake> {
    let own = ["Parameters", "Result", "ResultPath"];
    fields.only(&[ANY, DATA, FLOW, &own], "a Pass state")?;
    Ok(Pass {
        result: fields.get("Result").cloned(),
        parameters: fields.template("Parameters")?,
        result_path: fields.destination("ResultPath")?,
        next: next(fields)?,
    })
}

fn next(fields: &Fields<'_>) -> Result<Next, Mistake> {
    match (fields.text("Next")?, fields.get("End")) {
        (Some(name), None) => Ok(Next::To(name.to_owned())),
        (None, Some(Value::Bool(true))) => Ok(Next::End),
        _ => Err(fields.wrong("A state needs either 'Next' or '\"End\": true'")),
    }
}

fn check_language(fields: &Fields<'_>) -> Result<(), Mistake> {
    match fields.text("QueryLanguage")? {
        None | Some("JSONPath") => Ok(()),
        Some(other) => {
            let what = format!("The query language '{other}' is not supported, only JSONPath is");
            Err(fields.mistake("QueryLanguage", what))
        }
    }
}

#[cfg(test)]
#[path = "reading_tests.rs"]
mod tests;
