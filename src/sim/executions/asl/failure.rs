//! Errors at run time, by the names that the Amazon States Language gives them.

/// The definition and the data do not fit. Nothing catches it.
pub const RUNTIME: &str = "States.Runtime";
/// Data is larger than the service allows. Only its own name catches it.
pub const DATA_LIMIT: &str = "States.DataLimitExceeded";
/// A task took too long.
pub const TIMEOUT: &str = "States.Timeout";
/// Any error but a time-out, where errors are named.
pub const TASK_FAILED: &str = "States.TaskFailed";
/// Any error that can be caught, where errors are named.
pub const ALL: &str = "States.ALL";

/// A state's error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its name, as `ErrorEquals` spells it.
    pub error: String,
    /// What happened, for people; a function's whole error for programs.
    pub cause: Option<String>,
}

impl Failure {
    /// An error of that name.
    pub fn new(error: &str, cause: impl Into<String>) -> Self {
        Self {
            error: error.to_owned(),
            cause: Some(cause.into()),
        }
    }

    /// The definition and the data do not fit.
    pub fn runtime(cause: impl Into<String>) -> Self {
        Self::new(RUNTIME, cause)
    }

    /// Data is too large.
    pub fn data_limit(cause: impl Into<String>) -> Self {
        Self::new(DATA_LIMIT, cause)
    }

    /// A task's own time-out.
    pub fn timeout() -> Self {
        Self {
            error: TIMEOUT.to_owned(),
            cause: None,
        }
    }

    /// No rule of a choice holds and there is no default.
    pub fn no_choice(cause: impl Into<String>) -> Self {
        Self::new("States.NoChoiceMatched", cause)
    }

    /// A result has no place in the input.
    pub fn result_path(cause: impl Into<String>) -> Self {
        Self::new("States.ResultPathMatchFailure", cause)
    }

    /// Whether the definition is at fault, which nothing retries or catches.
    pub fn is_runtime(&self) -> bool {
        self.error == RUNTIME
    }

    /// Whether a retrier or catcher with these names takes it.
    pub fn is_among(&self, names: &[String]) -> bool {
        let named = |name: &str| names.iter().any(|own| own == name);
        match self.error.as_str() {
            RUNTIME => false,
            DATA_LIMIT => named(DATA_LIMIT),
            TIMEOUT => named(TIMEOUT) || named(ALL),
            error => named(error) || named(ALL) || named(TASK_FAILED),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_take_what_aws_says_they_take() {
        let taken = |error: &str, name: &str| Failure::new(error, "").is_among(&[name.to_owned()]);
        assert!(taken("MyError", "MyError"));
        assert!(!taken("MyError", "myerror"));
        assert!(taken("MyError", ALL));
        assert!(taken("MyError", TASK_FAILED));
        assert!(taken(TIMEOUT, ALL));
        assert!(taken(TIMEOUT, TIMEOUT));
        assert!(!taken(TIMEOUT, TASK_FAILED));
        assert!(!taken(RUNTIME, ALL));
        assert!(!taken(RUNTIME, RUNTIME));
        assert!(!taken(DATA_LIMIT, ALL));
        assert!(!taken(DATA_LIMIT, TASK_FAILED));
        assert!(taken(DATA_LIMIT, DATA_LIMIT));
    }
}
