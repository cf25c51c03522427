//! Why a handler did not do what it was asked, under names that a state machine can match.

use lambda_runtime::Diagnostic;

use crate::aws::{CallError, Kind};

/// Why a handler failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The event is none that this function takes.
    #[error("{0}")]
    BadEvent(String),
    /// The function's environment lacks something.
    #[error("{0}")]
    Misconfigured(String),
    /// A call failed in a way that passes.
    #[error("{0}")]
    Passing(CallError),
    /// Whether a version is healthy could not be found out.
    #[error("the alarms could not be read: {0}")]
    Blind(String),
    /// A call was refused.
    #[error("{0}")]
    Refused(CallError),
    /// A weight may still stand.
    #[error("the alias could not be put back: {0}")]
    NotPutBack(String),
    /// The deployment that a guard watches could not be stopped.
    #[error("the deployment could not be stopped: {0}")]
    NotStopped(String),
    /// The hook's answer was not taken.
    #[error("the hook could not be answered: {0}")]
    NotAnswered(CallError),
    /// A rollout in a shape that this release does not know.
    #[error("{0}")]
    UnknownState(String),
    /// The sample, when it is asked to fail.
    #[error("failed on purpose: {0}")]
    OnPurpose(&'static str),
    /// A bug.
    #[error("the handler panicked, which is a bug: {0}")]
    Panic(String),
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        match error.kind {
            Kind::Passing => Self::Passing(error),
            _ => Self::Refused(error),
        }
    }
}

impl Failure {
    /// The name that `ErrorEquals` matches.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::BadEvent(_) => "BadEvent",
            Self::Misconfigured(_) => "Misconfigured",
            Self::Passing(_) => "Passing",
            Self::Blind(_) => "Blind",
            Self::Refused(_) => "Refused",
            Self::NotPutBack(_) => "NotPutBack",
            Self::NotStopped(_) => "NotStopped",
            Self::NotAnswered(_) => "NotAnswered",
            Self::UnknownState(_) => "UnknownState",
            Self::OnPurpose(_) => "OnPurpose",
            Self::Panic(_) => "Panic",
        }
    }
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        Self {
            error_type: failure.name().to_owned(),
            error_message: failure.to_string(),
        }
    }
}
