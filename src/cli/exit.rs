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
    /// Rolled back, or what would have been.
    RolledBack = 2,
    /// Aborted by a person or a signal.
    Aborted = 3,
    /// Stopped and waiting for a person. Reserved: no end of a rollout leads here yet.
    Waiting = 4,
    /// A check has findings, or found too little to say anything.
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
            End::Promoted { .. } | End::HandedOver => Self::Success,
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
   2  rolled back; replay: a regression
   3  aborted by a person or a signal
   4  stopped and waiting for a person (reserved: nothing ends so yet)
   5  a check has findings; replay: inconclusive
  64  wrong usage";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollout::{Cause, Failure};

    #[test]
    fn the_table_is_what_the_codes_are() {
        for (exit, code, words) in [
            (Exit::Success, 0, "promoted, or nothing wrong"),
            (Exit::Error, 1, "error"),
            (Exit::RolledBack, 2, "rolled back"),
            (Exit::Aborted, 3, "aborted"),
            (Exit::Waiting, 4, "stopped and waiting"),
            (Exit::Findings, 5, "findings"),
            (Exit::Usage, 64, "wrong usage"),
        ] {
            assert_eq!(exit as u8, code);
            let line = TABLE
                .lines()
                .find(|line| line.trim_start().starts_with(&format!("{code}  ")));
            assert!(line.is_some_and(|line| line.contains(words)), "{code}");
        }
    }

    #[test]
    fn every_end_has_its_code() {
        let cause = Cause::Refused {
            error: String::new(),
        };
        let failure = Failure::AliasDeleted;
        for (end, exit) in [
            (End::Promoted { confirmed: true }, Exit::Success),
            (End::Promoted { confirmed: false }, Exit::Success),
            (End::RolledBack { cause }, Exit::RolledBack),
            (End::Aborted { by: String::new() }, Exit::Aborted),
            (End::Failed { failure }, Exit::Error),
        ] {
            assert_eq!(Exit::from(&end), exit);
            // The table says so; who makes it reachable has to change both.
            assert_ne!(exit, Exit::Waiting);
        }
        let waiting = TABLE.lines().find(|line| line.contains("   4  "));
        assert!(waiting.is_some_and(|line| line.contains("reserved")));
    }
}
