//! The rollout itself: a state, an observation, and one [`tick`](tick()) that decides at most one command.
//!
//! Pure: it consumes a state and returns a state. Time is an argument; there is no SDK, no clock,
//! no randomness, no environment and no async here. A tick never sleeps: it returns when it wants
//! to be called again, and why.
//!
//! Start with it, then with [`Phase`] and [`Standing`].
//!
//! The alias itself is the one truth about the weight. The state only says what the rollout was
//! about, so a tick that comes twice, late or with an old state finds out from the alias what has
//! happened since, and does nothing twice.

pub mod alias;
pub mod appspec;
pub mod bake;
pub mod crowd;
pub mod decision;
pub mod deployment;
pub mod fate;
pub mod forecast;
pub mod guard;
pub mod hook;
pub mod mark;
pub mod observation;
pub mod plan;
pub mod preflight;
pub mod put_back;
pub mod reach;
pub mod rules;
pub mod shift;
pub mod state;
pub mod tick;
pub mod version;
pub mod weight;

pub use alias::{AliasView, AliasWrite, Contenders, Standing, put_back_write};
pub use appspec::{AppSpecError, Target};
pub use crowd::Crowd;
pub use decision::{Command, Decision, Reason};
pub use deployment::{DeploymentId, DeploymentStatus, ExecutionName, Hook, RecoveryName};
pub use fate::{ROLLBACK_PATIENCE, Unapplied, applied, unapplied};
pub use hook::{HookFacts, Way, way};
pub use mark::{Mark, RolloutId};
pub use observation::{AliasReading, Observation, Wish};
pub use plan::{Plan, PlanError, Step};
pub use put_back::{Known, PutBack, Whose, put_back};
pub use rules::{Finish, Limits, Mode, Rules};
pub use shift::Shift;
pub use state::{Cause, End, Failing, Failure, Phase, State};
pub use tick::tick;
pub use version::Version;
pub use weight::Weight;

#[cfg(test)]
mod garbage_tests;

#[cfg(test)]
#[path = "script_tests.rs"]
mod script;

#[cfg(test)]
#[path = "world_tests.rs"]
mod world;
