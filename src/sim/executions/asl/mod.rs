//! The Amazon States Language as far as it is simulated: a definition and its parts.
//!
//! JSONPath workflows of Task (Lambda), Choice, Wait, Pass, Succeed and Fail. Whatever is not
//! understood is refused by name when a definition is read, never passed over when it runs.
//!
//! What it refuses to know: the world, time, executions. Start reading at [`Definition`].

mod choice;
mod failure;
mod fields;
mod paths;
mod reading;
mod retry;
mod template;

pub use choice::Rule;
pub use failure::Failure;
pub use paths::{Path, Scope};
pub use retry::{Catcher, Retrier};
pub use template::Template;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

/// A state machine's definition, whole and consistent: every state that is named exists.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// The first state.
    pub start_at: String,
    /// So many seconds an execution may take.
    pub timeout: Option<i64>,
    /// The states by name.
    pub states: BTreeMap<String, State>,
}

/// One state.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// What of the input the state sees; `None` is the empty object.
    pub input_path: Option<Path>,
    /// What of the result the next state gets; `None` is the empty object.
    pub output_path: Option<Path>,
    /// What the state does.
    pub kind: Kind,
}

/// What a state does.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Invokes a function.
    Task(Box<Task>),
    /// Goes on at the first rule that holds.
    Choice {
        /// Rules, each with the state to go on at.
        choices: Vec<(Rule, String)>,
        /// Where to go on if none holds.
        default: Option<String>,
    },
    /// Lets time pass.
    Wait(Delay, Next),
    /// Makes its output from its input.
    Pass(Pass),
    /// Ends the execution well.
    Succeed,
    /// Ends the execution badly.
    Fail {
        /// The error's name.
        error: Option<String>,
        /// What happened, for people.
        cause: Option<String>,
    },
}

impl Kind {
    /// The name that `Type` has in a definition.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Task(_) => "Task",
            Self::Choice { .. } => "Choice",
            Self::Wait(..) => "Wait",
            Self::Pass(_) => "Pass",
            Self::Succeed => "Succeed",
            Self::Fail { .. } => "Fail",
        }
    }
}

/// What comes after a state.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// Another state.
    To(String),
    /// The end of the execution.
    End,
}

/// How long to wait.
#[derive(Debug, Clone, PartialEq)]
pub enum Delay {
    /// So many seconds.
    Seconds(i64),
    /// As many seconds as the input says.
    SecondsPath(Path),
    /// Until then.
    Until(Timestamp),
    /// Until the moment that the input says.
    UntilPath(Path),
}

/// An invocation of a function.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// What is invoked, and how.
    pub resource: Resource,
    /// What it is handed; its input if absent.
    pub parameters: Option<Template>,
    /// What is made of its result.
    pub result_selector: Option<Template>,
    /// Where in the input the result goes; `None` drops it.
    pub result_path: Option<Path>,
    /// So many seconds it may take.
    pub timeout: Option<i64>,
    /// What is tried again.
    pub retry: Vec<Retrier>,
    /// Where errors go.
    pub catch: Vec<Catcher>,
    /// What comes after success.
    pub next: Next,
}

/// How a function is invoked.
#[derive(Debug, Clone, PartialEq)]
pub enum Resource {
    /// `arn:aws:states:::lambda:invoke`: the parameters are those of Lambda's `Invoke`.
    Invoke,
    /// The function's own ARN: the parameters are its payload.
    Function(String),
}

/// A state that only makes its output.
#[derive(Debug, Clone, PartialEq)]
pub struct Pass {
    /// A fixed result.
    pub result: Option<Value>,
    /// What the result is made of.
    pub parameters: Option<Template>,
    /// Where in the input the result goes; `None` drops it.
    pub result_path: Option<Path>,
    /// What comes next.
    pub next: Next,
}
