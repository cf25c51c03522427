//! From readings to a verdict: is there a reason to stop, a reason to wait, or neither?
//!
//! Pure: readings, memory and time come in, a verdict and the new memory go out. The judge knows
//! nothing of weights, steps or AWS calls; it never decides what to do about its verdict.
//!
//! It reads alarms ([`alarms`]), the answers to a policy's own calls ([`acceptance`]), and counts of
//! invocations and errors of both versions ([`evidence`]). Silence is never health: an alarm that
//! is missing, that has no data, or whose state CloudWatch itself calls unreliable, is a doubt, and
//! a doubt is not a pass.

pub mod acceptance;
pub mod alarms;
mod bound;
pub mod duration;
pub mod evidence;
pub mod measure;
mod verdict;

pub use bound::Bound;
pub use verdict::{Doubt, Regression, Verdict};

#[cfg(test)]
mod garbage_tests;
