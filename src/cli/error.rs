//! Errors for people: what happened, where and why, and what to do.

use super::args::quoted;
use super::exit::Exit;
use crate::aws::CallError;
use crate::aws::function_name::BadFunctionName;
use crate::aws::preflight::GatherError;
use crate::aws::session::SessionError;
use crate::rollout::preflight::Audience;

/// What a verb could not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CliError {
    /// What happened, where and why; one line or several.
    pub what: String,
    /// What to do about it.
    pub hints: Vec<String>,
    /// The exit code.
    pub exit: Exit,
}

impl CliError {
    /// An error without a hint.
    pub fn plain(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            hints: Vec::new(),
            exit: Exit::Error,
        }
    }

    /// The command line asks for something that cannot be.
    pub fn usage(what: impl Into<String>) -> Self {
        Self {
            exit: Exit::Usage,
            ..Self::plain(what)
        }
    }

    /// Adds what to do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Says where it happened.
    pub fn at(mut self, place: &str) -> Self {
        self.what = format!("{place}: {}", self.what);
        self
    }
}

impl From<CallError> for CliError {
    fn from(error: CallError) -> Self {
        let plain = Self::plain(error.to_string());
        match error.hint() {
            Some(hint) => plain.hint(hint),
            None => plain,
        }
    }
}

impl From<SessionError> for CliError {
    fn from(error: SessionError) -> Self {
        let plain = Self::plain(error.to_string());
        match error {
            SessionError::NoRegion => {
                plain.hint("pass --region, set AWS_REGION, or name one in the profile")
            }
            SessionError::NoSuchProfile(missing) => plain.hint(format!(
                "check --profile, or set it up with `aws configure --profile {}`",
                quoted(&missing.name)
            )),
        }
    }
}

impl From<BadFunctionName> for CliError {
    fn from(error: BadFunctionName) -> Self {
        let plain = Self::plain(error.to_string());
        match error.hint(Audience::CommandLine) {
            Some(hint) => plain.hint(hint),
            None => plain,
        }
    }
}

impl From<GatherError> for CliError {
    fn from(error: GatherError) -> Self {
        match error {
            GatherError::Call(error) => error.into(),
            GatherError::Name(error) => error.into(),
        }
    }
}
