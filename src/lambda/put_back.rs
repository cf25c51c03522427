//! Putting an alias back by its mark: after an error, a stop, a kill. What to write, and whether,
//! [`crate::rollout::put_back()`] decides.

use std::time::Duration;

use crate::aws::{CallError, Kind, Session, alias};
use crate::rollout::{PutBack, Whose};

/// Looks and writes in one invocation; the state machine and Lambda's retries bring more.
const ATTEMPTS: u32 = 6;
/// Between a write that was refused or lost and the next look.
const PAUSE: Duration = Duration::from_millis(700);

/// What stands at the alias afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// No weights and no mark.
    Clean {
        /// The version.
        version: String,
        /// Whether a mark was taken away.
        changed: bool,
    },
    /// Weights or a mark of somebody else, which were left alone.
    Others {
        /// What.
        found: String,
    },
    /// Weights under this rollout's mark that it never wrote: somebody's edit, which was left alone.
    Edited {
        /// What.
        found: String,
    },
    /// The alias is gone.
    Gone,
}

/// Takes weights and mark away, and confirms by another look.
///
/// # Errors
/// If Lambda did not confirm in [`ATTEMPTS`] attempts.
pub async fn put_back(
    session: &Session,
    function: &str,
    name: &str,
    whose: &Whose,
) -> Result<Left, CallError> {
    // A write whose answer was lost counts too, once its effect shows.
    let mut changed = false;
    let mut touched = false;
    let mut last = None;
    for attempt in 0..ATTEMPTS {
        if attempt > 0 && last.is_some() {
            tokio::time::sleep(PAUSE * attempt).await;
        }
        let view = match alias::get(&session.lambda, function, name).await {
            Ok(view) => view,
            Err(error) if error.kind == Kind::NotFound => return Ok(Left::Gone),
            Err(error) => {
                last = Some(error);
                continue;
            }
        };
        let write = match crate::rollout::put_back(&view, whose, touched) {
            PutBack::Write(write) => write,
            PutBack::Leave => {
                let found = view.to_string();
                return Ok(Left::Others { found });
            }
            PutBack::LeaveEdit => {
                let found = view.to_string();
                return Ok(Left::Edited { found });
            }
            PutBack::Nothing => {
                return Ok(Left::Clean {
                    version: view.version,
                    changed,
                });
            }
        };
        changed |= view.mark().is_some();
        match alias::update(&session.lambda, function, name, &write).await {
            Ok(()) => {
                touched = true;
                last = None;
            }
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| CallError::unreadable("UpdateAlias", "the alias keeps changing")))
}

impl std::fmt::Display for Left {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Clean {
                version,
                changed: true,
            } => {
                write!(f, "put back to version {version} without weights")
            }
            Self::Clean {
                version,
                changed: false,
            } => {
                write!(f, "at version {version} without weights")
            }
            Self::Others { found } => {
                write!(f, "{found}, which is not this rollout's and was left alone")
            }
            Self::Edited { found } => {
                write!(
                    f,
                    "{found}, which this rollout never wrote although its mark still stands there: \
                     somebody edited the weights, and that was left alone"
                )
            }
            Self::Gone => f.write_str("the alias does not exist any more"),
        }
    }
}
