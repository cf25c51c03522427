//! The ports through the real AWS SDK.
//!
//! Each adapter turns one AWS answer into one of ours, or into an error that says which call
//! failed and how. Adapters never decide: what an answer means for a rollout is the core's matter.

pub mod alarms;
pub mod alias;
pub mod checks;
pub mod counts;
pub mod deployments;
pub mod error;
pub mod executions;
pub mod function_name;
pub mod in_flight;
pub mod notices;
pub mod policy;
pub mod ports;
pub mod preflight;
pub mod profiles;
pub mod session;
pub mod skew;
pub mod traffic;

pub use error::{CallError, Kind};
pub use function_name::FunctionName;
pub use ports::AwsPorts;
pub use session::{Session, SessionOptions};
