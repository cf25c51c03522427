//! What a tick decided, and why.

use std::fmt;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{
    alias::AliasWrite,
    state::{Cause, End, State},
    weight::Weight,
};
use crate::judge::duration::readable;
use crate::judge::{Bound, Doubt};

/// The outcome of one tick.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Decision {
    /// The state to carry on if the command is not carried out. See [`applied`](super::applied).
    pub state: State,
    /// The one thing to do now, if any.
    pub command: Option<Command>,
    /// When to tick again: zero means at once. Meaningless once the rollout has ended.
    pub wait: SignedDuration,
    /// Why.
    pub reason: Reason,
    /// In the mode `advise`: what would have been done otherwise.
    pub would: Option<Cause>,
}

/// A write on the alias, on condition of the revision that the same tick saw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum Command {
    /// Bring the canary to a step's weight.
    Shift {
        /// The step's index, from 0.
        step: usize,
        /// Its weight.
        weight: Weight,
        /// What to write.
        write: AliasWrite,
    },
    /// Give the canary all traffic.
    Promote {
        /// What to write.
        write: AliasWrite,
    },
    /// Put the alias back to stable.
    Restore {
        /// What to write.
        write: AliasWrite,
    },
}

impl Command {
    /// What to write.
    pub fn write(&self) -> &AliasWrite {
        match self {
            Self::Shift { write, .. } | Self::Promote { write } | Self::Restore { write } => write,
        }
    }
}

/// Why a tick decided as it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum Reason {
    /// Everything is in order. The next tick makes the first write, so that no write is ever made
    /// on a state that says that there can be none.
    Ready,
    /// Everything is in order: the first step.
    Begin {
        /// The weight of the first step.
        weight: Weight,
    },
    /// The bake is over and nothing speaks against the canary: the next step.
    Advance {
        /// The next weight.
        weight: Weight,
    },
    /// The last bake is over and nothing speaks against the canary: all traffic.
    Promote,
    /// The last bake is over and nothing speaks against the canary: the alias is put back for
    /// somebody else to shift.
    HandOver,
    /// The canary is shown to be good enough, so the rest of the window is skipped. What is left
    /// is what follows [`Reason::Promote`] or [`Reason::HandOver`].
    Accepted {
        /// The canary's requests that this rests on.
        judged: u64,
        /// How much worse it is at most.
        bound: Bound,
    },
    /// The last bake is over with too little evidence, and the policy says to go on all the same.
    Unproven {
        /// What is missing.
        doubt: Doubt,
    },
    /// The bake goes on.
    Bake {
        /// The weight that stands.
        weight: Weight,
        /// What is left of the bake.
        left: SignedDuration,
    },
    /// The bake is over, or the start is due, but something is not known.
    Hold {
        /// What.
        doubts: Vec<Doubt>,
    },
    /// The alias is put back.
    Rollback {
        /// Why.
        cause: Cause,
    },
    /// Something unexpected stands at the alias; a second look will tell.
    LookAgain {
        /// What stands there.
        found: String,
    },
    /// The alias cannot be read at the moment.
    Blind {
        /// What the call answered.
        error: String,
    },
    /// It is over.
    Ended {
        /// How.
        end: End,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready => f.write_str("ready: about to begin"),
            Self::Begin { weight } => write!(f, "begin: {weight} to the canary"),
            Self::Advance { weight } => write!(f, "bake over: {weight} to the canary"),
            Self::Promote => f.write_str("all bakes over: promote the canary"),
            Self::HandOver => {
                f.write_str("all bakes over: put the alias back and hand over to CodeDeploy")
            }
            Self::Accepted { judged, bound } => write!(
                f,
                "shown to be good enough, the rest of the window is skipped: {judged} of the \
                 canary's requests were judged, {bound}"
            ),
            Self::Unproven { doubt } => write!(
                f,
                "all bakes over with too little evidence, and the policy says to go on: {doubt}"
            ),
            Self::Bake { weight, left } => {
                write!(f, "at {weight}, {} of the bake left", readable(*left))
            }
            Self::Hold { doubts } => {
                f.write_str("hold: ")?;
                list(f, doubts)
            }
            Self::Rollback { cause } => write!(f, "roll back: {cause}"),
            Self::LookAgain { found } => {
                write!(f, "unexpected: the alias is {found}; looking again")
            }
            Self::Blind { error } => {
                write!(f, "the alias could not be read, trying again ({error})")
            }
            Self::Ended { end } => end.fmt(f),
        }
    }
}

pub(super) fn list(f: &mut fmt::Formatter<'_>, doubts: &[Doubt]) -> fmt::Result {
    doubts.iter().enumerate().try_for_each(|(index, doubt)| {
        let between = if index == 0 { "" } else { "; " };
        write!(f, "{between}{doubt}")
    })
}
