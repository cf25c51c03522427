//! The guard: CodeDeploy shifts the traffic, and we only watch and stop.
//!
//! [`watch`] is one look: from a state and an observation to a decision. Like
//! [`tick`](super::tick()) it is pure, never sleeps, and may be called early, twice, or with an old
//! state. It never writes the alias; its only act is `StopDeployment` with `autoRollbackEnabled`,
//! after which CodeDeploy itself brings the traffic back.
//!
//! Order of precedence, first match wins:
//!
//! 1. It has ended: nothing changes any more.
//! 2. The deployment has ended. CodeDeploy's status is the last word on what became of a stop,
//!    whether or not its answer was ever seen.
//! 3. A stop under way is asked for again until the status confirms it.
//! 4. The operator's wish, then the verdict, then budgets: stop.
//! 5. Traffic: all of it at the canary, and a pass on the same look, is the end; else wait.
//!
//! A regression that was seen is never forgotten, so no later look can pass. A doubt never passes
//! either: with all traffic at the canary the guard goes on looking until the doubt is gone, the
//! deployment is stopped for lasting longer than `limits.longest`, or the deployment ends; after a
//! success it looks on for one error budget, and then ends as [`Unproven`](GuardFailure::Unproven).
//!
//! Evidence that the canary is worse is a regression like an alarm's. Whether there is enough of it
//! has no say as long as CodeDeploy shifts. With all traffic at the canary the guard waits until the
//! last minutes before are counted: while a hook waits for its verdict, the deployment can still be
//! failed. If they come to too little, [`GuardRules::inconclusive`] says what that leads to: a pass
//! that is said to be none of health, or a stop. To hold is to stop here, since no minute in which the
//! versions can be compared comes any more.
//!
//! What the alias says is taken for CodeDeploy's doing: shifts are not drift here. In the mode
//! `advise` verdict and budgets are only reported; a person's abort still stops.

mod decision;
mod ending;
mod state;
mod watch;

pub use decision::{DeploymentReading, GuardAct, GuardDecision, GuardObservation, GuardReason};
pub use state::{Guard, GuardEnd, GuardFailure, GuardPhase};
pub use watch::{GuardRules, not_stopped, watch};

#[cfg(test)]
#[path = "example_tests.rs"]
mod examples;

#[cfg(test)]
#[path = "ending_tests.rs"]
mod endings;

#[cfg(test)]
#[path = "property_tests.rs"]
mod properties;

#[cfg(test)]
#[path = "counted_tests.rs"]
mod counted;
