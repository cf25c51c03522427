//! What one tick sees.

use super::alias::AliasView;
use crate::judge::Verdict;
use crate::judge::measure::Measured;

/// Everything that one tick saw.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// The alias.
    pub alias: AliasReading,
    /// The judge's verdict.
    pub verdict: Verdict,
    /// Whether there is enough evidence to go on.
    pub measured: Measured,
    /// What an operator wants.
    pub wish: Option<Wish>,
    /// Set if any call of this observation failed: the first failure.
    pub failure: Option<String>,
}

/// What reading the alias gave.
#[derive(Debug, Clone, PartialEq)]
pub enum AliasReading {
    /// It is there.
    Seen(AliasView),
    /// Lambda says that it does not exist.
    Gone,
    /// Lambda could not be asked.
    Unreadable(String),
}

/// An operator's wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Put the alias back.
    Abort {
        /// Who wishes it.
        by: String,
    },
}
