//! The functions as they are deployed: CodeDeploy's hooks, the stepper, and the sample.
//!
//! One program serves all of them; the name of the handler (`_HANDLER`) says which one it is.
//!
//! * `hooks`: `pre_traffic` and `post_traffic` hand CodeDeploy's event to an execution.
//! * `stepper`: everything that the execution does, and the recovery when it cannot.
//! * [`sample`]: a small service to release and to break.
//!
//! A handler parses what it is given once, takes its time from the state machine, and hands on
//! everything that it knows: nothing is kept in the process from one invocation to the next. What a
//! look at AWS means is decided in `rollout` and `judge`, never here.
//!
//! A panic is caught at the boundary and becomes an error with a name, which the state machine
//! catches in its turn.

mod after;
mod answer;
mod bake;
mod checks;
mod crowd;
mod discovery;
mod document;
mod event;
mod failure;
mod follow;
mod guard;
mod hooks;
mod in_charge;
pub mod log;
mod preflight;
mod put_back;
mod recover;
mod recovery;
mod report;
mod rollback;
mod runtime;
pub mod sample;
mod stepper;
mod tick;

pub use document::{Document, HookEvent};
pub use runtime::{in_lambda, invoke, main};

use jiff::Timestamp;

use crate::aws::Session;
use crate::clock::{Clock, Passing};
use failure::Failure;

/// The names of the handlers.
pub const HANDLERS: [&str; 4] = ["pre_traffic", "post_traffic", "stepper", "sample"];

/// What the handlers work with.
#[derive(Debug, Clone)]
pub struct Functions {
    session: Session,
    machine: Option<String>,
    topic: Option<String>,
    passing: Option<Passing>,
    ticks_max: u32,
}

/// An execution has room for 25,000 events, and a tick takes nine.
const TICKS_MAX: u32 = 2_000;

impl Functions {
    /// The clients, and what the function's environment names.
    pub fn new(session: Session, variable: impl Fn(&str) -> Option<String>) -> Self {
        let named = |name| variable(name).filter(|value| !value.trim().is_empty());
        Self {
            session,
            machine: named("STATE_MACHINE_ARN"),
            topic: named("TOPIC_ARN"),
            passing: None,
            ticks_max: TICKS_MAX,
        }
    }

    /// The same in a simulated time: what a handler's calls take passes there.
    #[must_use]
    pub fn in_time(self, passing: Passing) -> Self {
        let passing = Some(passing);
        Self { passing, ..self }
    }

    /// The same with another number of ticks before a rollout is handed to a new execution; 2,000
    /// unless it is set.
    #[must_use]
    pub fn continuing_after(self, ticks_max: u32) -> Self {
        Self { ticks_max, ..self }
    }

    /// A clock that shows `at` now.
    fn clock(&self, at: Timestamp) -> Clock {
        match &self.passing {
            Some(passing) => Clock::following(at, passing),
            None => Clock::scaled(at, 1.0),
        }
    }

    fn machine(&self) -> Result<&str, Failure> {
        self.machine.as_deref().ok_or_else(|| {
            Failure::Misconfigured(
                "STATE_MACHINE_ARN is not in the function's environment: deploy the template as it is"
                    .to_owned(),
            )
        })
    }
}

#[cfg(test)]
mod garbage_tests;
