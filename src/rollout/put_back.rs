//! Putting an alias back by its mark: what to write next, if anything, after one look.
//!
//! The mark says whose weights they are. Where the rollout's plan is known too, weights under the mark
//! that no step of it wrote are somebody's edit, and stay. Unlike a rollout's own rollback this needs
//! no state: it serves those who come after a kill or a stop.

use super::{
    alias::{AliasView, AliasWrite, Contenders, put_back_write},
    mark::RolloutId,
    plan::Plan,
};

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

/// What one look at the alias leads to.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub enum PutBack {
    /// Write this, then look again.
    Write(AliasWrite),
    /// Weights or a mark of somebody else.
    Leave,
    /// Weights under this rollout's mark that it never wrote: somebody's edit.
    LeaveEdit,
    /// Neither weights nor a mark.
    Nothing,
}

/// What to do about what one look showed. `touched`: a write that was made since the first look
/// succeeded, so the alias need not be written once more to void one that is under way.
pub fn put_back(view: &AliasView, whose: &Whose, touched: bool) -> PutBack {
    match (view.mark(), whose) {
        (Some(mark), Whose::This { rollout, .. }) if mark.rollout != *rollout => PutBack::Leave,
        (Some(_), Whose::This { known, .. }) if is_edited(view, known.as_ref()) => {
            PutBack::LeaveEdit
        }
        (Some(_), _) => put_back_write(view).map_or(PutBack::Leave, PutBack::Write),
        (None, _) if !view.weights.is_empty() => PutBack::Leave,
        (None, Whose::This { .. }) if !touched => {
            touch(view).map_or(PutBack::Nothing, PutBack::Write)
        }
        (None, _) => PutBack::Nothing,
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
#[path = "put_back_tests.rs"]
mod tests;
