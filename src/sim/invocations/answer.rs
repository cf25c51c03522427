//! How an invocation ended, and the answer that AWS makes of it.

use serde_json::json;

use super::hosted::Open;
use crate::sim::lambda::{InvokeResponse, log};

/// How a process' invocation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The function returned this.
    Answered(String),
    /// The function reported this error, in AWS's form: `{"errorType", "errorMessage", …}`.
    Failed {
        /// The report.
        payload: String,
    },
    /// The function was still running at its time-out and was killed.
    TimedOut,
    /// The process ended in the middle of it.
    Died {
        /// How, such as `exit status 1` or `signal: killed`.
        status: String,
    },
    /// There was no process to run it.
    NotStarted {
        /// Why.
        reason: String,
    },
}

impl Ended {
    /// Whether AWS counts it as an error.
    #[must_use]
    pub fn is_error(&self) -> bool {
        !matches!(self, Self::Answered(_))
    }

    pub(super) fn response(self, open: &Open, duration_ms: f64) -> InvokeResponse {
        let version = &open.route.executed_version;
        InvokeResponse {
            status_code: 200,
            function_error: self.is_error().then(|| "Unhandled".to_owned()),
            log_result: open
                .tail
                .then(|| log(&open.request_id, version, duration_ms)),
            payload: Some(self.payload(open)),
            executed_version: Some(version.clone()),
        }
    }

    fn payload(self, open: &Open) -> String {
        let id = &open.request_id;
        let error = |kind: &str, problem: String| {
            json!({"errorType": kind, "errorMessage": format!("RequestId: {id} Error: {problem}")})
                .to_string()
        };
        match self {
            Self::Answered(payload) | Self::Failed { payload } => payload,
            Self::TimedOut => error(
                "Sandbox.Timedout",
                format!("Task timed out after {}.00 seconds", open.timeout()),
            ),
            Self::Died { status } => error("Runtime.ExitError", exited(&status)),
            Self::NotStarted { reason } => error("Runtime.InvalidEntrypoint", reason),
        }
    }
}

/// How a process ended, in Lambda's words.
#[must_use]
pub fn exited(status: &str) -> String {
    match status {
        "exit status 0" => "Runtime exited without providing a reason".to_owned(),
        status => format!("Runtime exited with error: {status}"),
    }
}
