//! The policy: what a function asks for, from JSON text to what a rollout goes by.
//!
//! Pure: text comes in, a [`Policy`] or *all* of its mistakes come out. It knows nothing of where
//! the text was found (SSM, a file), of AWS, of the clock or of the environment.
//!
//! Start with [`Policy::parse`]. The way of the text:
//!
//! 1. `document`: the text as a tree that keeps the order and the duplicates of its keys, which
//!    serde_json's own tree does not;
//! 2. `walk`: typed looks at that tree, each taking down what is wrong and going on;
//! 3. `plan`, `alarms`, `checks`, `metrics`, `evidence`, `limits`: the parts, read into the types of
//!    [`rollout`](crate::rollout) and [`judge`](crate::judge);
//! 4. [`Policy`]: defaults filled in, and the parts checked against each other.
//!
//! [`schema`] is the same in JSON Schema, for editors.

mod alarms;
mod checks;
mod document;
mod evidence;
mod keys;
mod limits;
mod metrics;
mod mistakes;
mod name;
mod numbers;
mod overrides;
mod own_metric;
mod plan;
mod policy;
mod schema;
mod share;
mod walk;

pub use mistakes::{MistakeKind, PolicyError, PolicyErrors};
pub use overrides::Overrides;
pub use policy::{OnRegression, Policy};
pub use schema::schema;

/// The longest policy text, in bytes: what a standard SSM parameter holds.
pub const TEXT_MAX: usize = 4096;

#[cfg(test)]
mod checks_tests;
#[cfg(test)]
mod document_tests;
#[cfg(test)]
mod evidence_tests;
#[cfg(test)]
mod files_tests;
#[cfg(test)]
mod garbage_tests;
#[cfg(test)]
mod metrics_tests;
#[cfg(test)]
mod policy_tests;
#[cfg(test)]
mod property_tests;
