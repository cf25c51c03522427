//! Exit codes: one table for all verbs.

use std::process::ExitCode;

use crate::rollout::End;

/// How a verb ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Promoted, or nothing wrong.
    Success = 0,
    /// An error, or somebody else's edit was found.
    Error = 1,
    /// Rolled back.
    RolledBack = 2,
    /// Aborted by a person or a signal.
    Aborted = 3,
    /// Stopped and waiting for a person.
    Waiting = 4,
    /// A check has findings.
    Findings = 5,
    /// The command line is wrong.
    Usage = 64,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl From<&End> for Exit {
    fn from(end: &End) -> Self {
        match end {
            End::Promoted { .. } => Self::Success,
            End::RolledBack { .. } => Self::RolledBack,
            End::Aborted { .. } => Self::Aborted,
            End::Failed { .. } => Self::Error,
        }
    }
}

/// The table as `--help` shows it.
pub const TABLE: &str = "\
Exit codes:
   0  promoted, or nothing wrong
   1  error, or somebody else edited the alias (drift)
   2  rolled back
   3  aborted by a person or a signal
   4  stopped and waiting for a person
   5  a check has findings
  64  wrong usage";
