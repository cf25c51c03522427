//! Putting an alias back by its mark: after an error, a stop, a kill.
//!
//! The mark says whose weights they are. Where the rollout's plan is known too, weights under the mark
//! that no step of it wrote are somebody's edit, and stay.

use std::time::Duration;

use crate::aws::{CallError, Kind, Session, alias};
use crate::rollout::{AliasView, AliasWrite, Contenders, Plan, RolloutId, put_back_write};

/// Looks and writes in one invocation; the state machine and Lambda's retries bring more.
const ATTEMPTS: u32 = 6;
/// Between a write that was refused or lost and the next look.
const PAUSE: Duration = Duration::from_millis(700);

/// Whose mark is taken away.
#[derive(Debug, Clone)]
pub enum Whose {
    /// This rollout's only. An alias without weights is written too, so that a write of this
    /// rollout that is still under way finds another revision and fails.
    This {
        /// Its name.
        rollout: RolloutId,
        /// What it wrote. Without it the mark alone decides: no weight left behind goes first.
        known: Option<Known>,
    },
    /// Any rollout's: a deployment that is itself a rollback goes before all of them.
    Any,
}

/// What is known of a rollout beyond its mark.
#[derive(Debug, Clone)]
pub struct Known {
    /// Its versions and name.
    pub contenders: Contenders,
    /// Its steps.
    pub plan: Plan,
}

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
        let write = match next_write(&view, whose, touched) {
            Step::Write(write) => write,
            Step::Leave => {
                let found = view.to_string();
                return Ok(Left::Others { found });
            }
            Step::LeaveEdit => {
                let found = view.to_string();
                return Ok(Left::Edited { found });
            }
            Step::Nothing => {
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

enum Step {
    Write(AliasWrite),
    Leave,
    LeaveEdit,
    Nothing,
}

fn next_write(view: &AliasView, whose: &Whose, touched: bool) -> Step {
    match (view.mark(), whose) {
        (Some(mark), Whose::This { rollout, .. }) if mark.rollout != *rollout => Step::Leave,
        (Some(_), Whose::This { known, .. }) if is_edited(view, known.as_ref()) => Step::LeaveEdit,
        (Some(_), _) => put_back_write(view).map_or(Step::Leave, Step::Write),
        (None, _) if !view.weights.is_empty() => Step::Leave,
        (None, Whose::This { .. }) if !touched => touch(view).map_or(Step::Nothing, Step::Write),
        (None, _) => Step::Nothing,
    }
}

/// Whether there are weights under the rollout's mark that it is known not to have written.
fn is_edited(view: &AliasView, known: Option<&Known>) -> bool {
    let foreign = |known: &Known| !known.contenders.wrote(view, &known.plan);
    !view.weights.is_empty() && known.is_some_and(foreign)
}

/// The alias as it is, written once more: the revision is another one afterwards.
fn touch(view: &AliasView) -> Option<AliasWrite> {
    Some(AliasWrite {
        version: view.version.parse().ok()?,
        canary: None,
        description: view.description.clone(),
        revision: view.revision.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollout::Version;

    fn view(weights: &[(&str, f64)], description: &str) -> AliasView {
        AliasView {
            version: "1".into(),
            weights: weights.iter().map(|(v, w)| ((*v).into(), *w)).collect(),
            description: description.into(),
            revision: "a".into(),
        }
    }

    fn this() -> Whose {
        let (rollout, known) = ("d-1".parse().expect("a rollout's id"), None);
        Whose::This { rollout, known }
    }

    /// The same with its plan.
    fn planned() -> Whose {
        let rollout: RolloutId = "d-1".parse().expect("a rollout's id");
        let known = Known {
            contenders: Contenders {
                rollout: rollout.clone(),
                stable: Version::new(1),
                canary: Version::new(2),
            },
            plan: "10%:5m,50%:5m".parse().expect("a plan"),
        };
        let known = Some(known);
        Whose::This { rollout, known }
    }

    #[test]
    fn weights_that_the_plan_never_wrote_stay_and_its_own_go() {
        let marked = |weights| view(weights, "prod [lambda-canary:d-1:1]");
        for (weights, edited) in [
            (&[("2", 0.1)][..], false),
            (&[("2", 0.3)], true),
            (&[("2", 0.5)], true),
            (&[("3", 0.1)], true),
            // Whoever took the weights away meant what the rollback means.
            (&[], false),
        ] {
            let step = next_write(&marked(weights), &planned(), false);
            assert_eq!(matches!(step, Step::LeaveEdit), edited, "{weights:?}");
            assert_eq!(matches!(step, Step::Write(_)), !edited, "{weights:?}");
            // Where the plan is not known, and before a rollback, the mark alone decides.
            for whose in [this(), Whose::Any] {
                let step = next_write(&marked(weights), &whose, false);
                assert!(matches!(step, Step::Write(_)), "{weights:?}");
            }
        }
    }

    #[test]
    fn its_own_mark_goes_and_anothers_stays() {
        let ours = view(&[("2", 0.1)], "prod [lambda-canary:d-1:1]");
        let theirs = view(&[("2", 0.1)], "prod [lambda-canary:d-2:1]");
        let Step::Write(write) = next_write(&ours, &this(), false) else {
            panic!("its own mark goes");
        };
        assert_eq!((write.canary, write.description.as_str()), (None, "prod"));
        assert!(matches!(next_write(&theirs, &this(), false), Step::Leave));
        assert!(matches!(
            next_write(&theirs, &Whose::Any, false),
            Step::Write(_)
        ));
    }

    #[test]
    fn weights_without_a_mark_are_somebody_elses() {
        let theirs = view(&[("2", 0.1)], "prod");
        for whose in [this(), Whose::Any] {
            assert!(matches!(next_write(&theirs, &whose, false), Step::Leave));
        }
    }

    #[test]
    fn a_clean_alias_is_written_once_to_void_a_write_under_way() {
        let clean = view(&[], "prod");
        let Step::Write(write) = next_write(&clean, &this(), false) else {
            panic!("its revision must change");
        };
        assert_eq!(write.description, "prod");
        assert!(matches!(next_write(&clean, &this(), true), Step::Nothing));
        assert!(matches!(
            next_write(&clean, &Whose::Any, false),
            Step::Nothing
        ));
    }
}
