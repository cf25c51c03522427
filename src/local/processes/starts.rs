//! Which functions the program has served, and which it failed to: a program that serves nothing
//! should be said to, and not be tried again for hours.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::sim::invocations::Ended;

/// A function of which no process has ever asked for an invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CannotServe {
    /// The function's name.
    pub function: String,
    /// The program that was started for it.
    pub program: PathBuf,
    /// What became of the latest process.
    pub how: String,
}

/// How the first invocations of each function went.
#[derive(Debug, Default)]
pub(in crate::local) struct Starts(Mutex<BTreeMap<String, Option<CannotServe>>>);

impl Starts {
    /// The first function, by name, that could not be served yet although it was tried.
    pub(in crate::local) fn failed(&self) -> Option<CannotServe> {
        self.lock().values().flatten().next().cloned()
    }

    /// A process of the function asked for an invocation: whatever happens from now on, the
    /// program serves it.
    pub(super) fn serves(&self, function: &str) {
        self.lock().insert(function.to_owned(), None);
    }

    /// No process took the invocation.
    pub(super) fn failed_to(&self, failure: CannotServe) {
        let mut starts = self.lock();
        let known = starts.entry(failure.function.clone());
        known.or_insert(Some(failure));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Option<CannotServe>>> {
        // Nothing that holds the lock panics.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What became of a process that took no invocation, in words.
pub(super) fn how(ended: &Ended) -> String {
    match ended {
        Ended::Died { status } => {
            format!("it ended ({status}) without asking Lambda's Runtime API for an invocation")
        }
        Ended::NotStarted { reason } => reason.clone(),
        _ => "it reported an error at its start".to_owned(),
    }
}

impl fmt::Display for CannotServe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            function,
            program,
            how,
        } = self;
        write!(f, "{} cannot serve {function}: {how}", program.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(function: &str) -> CannotServe {
        let status = "exit status 0".to_owned();
        CannotServe {
            function: function.to_owned(),
            program: PathBuf::from("/bin/true"),
            how: how(&Ended::Died { status }),
        }
    }

    #[test]
    fn only_a_function_that_was_never_served_has_failed() {
        let starts = Starts::default();
        assert_eq!(starts.failed(), None);
        starts.serves("a");
        starts.failed_to(failure("a"));
        assert_eq!(starts.failed(), None, "a killed process is no such program");
        starts.failed_to(failure("b"));
        let said = starts.failed().expect("b").to_string();
        assert!(said.starts_with("/bin/true cannot serve b: it ended (exit status 0)"));
        starts.serves("b");
        assert_eq!(starts.failed(), None);
    }
}
