//! The simulated AWS: Lambda, CloudWatch, SSM, CodeDeploy, Step Functions, SNS and EventBridge as
//! far as a canary release sees them.
//!
//! [`World`] holds everything. It is deterministic: no I/O, no async, no threads and no clock of
//! its own. The caller moves the time with [`World::advance_to`]; randomness comes from streams
//! seeded by the world's seed and a stable name, so that one more series does not disturb another.
//!
//! Every AWS operation `Foo` is a method `World::foo(FooRequest) -> Result<FooResponse, AwsError>`
//! whose members are named as in AWS's API model. [`World::call`] reaches the same methods by name
//! with JSON, [`World::call_with_faults`] under the world's [`faults`] and its callers' [`rights`].
//!
//! What it refuses to know: wire protocols, rollouts, policies. Start reading at [`world`].

pub mod alarms;
pub mod deployments;
mod dispatch;
mod encoding;
pub mod errors;
pub mod events;
pub mod executions;
pub mod faults;
#[cfg(test)]
mod fixture;
pub mod invocations;
pub mod lambda;
mod limits;
pub mod metrics;
mod paging;
pub mod parameters;
pub mod ports;
pub mod quotas;
pub mod rehearsal;
pub mod rights;
mod streams;
pub mod topics;
pub mod trace;
pub mod traffic;
mod wire;
pub mod world;

pub use dispatch::OPERATIONS;
pub use errors::{AwsError, Service};
pub use faults::{Effect, FaultKind, FaultRule, Outage};
pub use limits::within_limits;
pub use quotas::CallLimit;
pub use rights::RightUse;
pub use trace::TraceEntry;
pub use traffic::Behaviour;
pub use world::World;

#[cfg(test)]
mod garbage_tests;
