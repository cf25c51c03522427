//! Rehearsals: whole rollouts over imagined traffic, by the thousand.
//!
//! The engine is the real one, pass by pass as in [`ports::play`](super::ports::play); only what it
//! looks at is light. Where the [`World`](super::World) draws every second and every duration, and
//! answers in JSON, this draws as many requests as a minute brings, by the same laws, and publishes
//! them as late and as piecemeal as the world does. Beside it, on the same requests, it plays what
//! CodeDeploy would have done with an alarm on the alias.
//!
//! Deterministic: every count is drawn from the seed, the run, the second and the version, so that
//! two rollouts see the same requests for as long as their weights agree, and runs can be played in
//! any order.
//!
//! What it refuses to know: policies' texts, threads, and how a rehearsal is shown. Start reading
//! at [`Rehearsal`].

mod alarm;
mod chances;
mod cloud;
mod deployment;
mod run;
mod scenario;
mod stage;
mod summary;
mod traffic;

pub use alarm::{Above, AliasAlarm, PERIODS_MAX};
pub use run::{Ended, Outcome, Rehearsal, Run, Unforeseen};
pub use scenario::{
    BadScenario, Bursts, LONGEST_MINUTES, Latency, Outage, RATE_MAX, Scenario, TIMEOUT,
};
pub use summary::{Failed, Quantiles, Summary};
pub use traffic::Requests;

#[cfg(test)]
#[path = "story_tests.rs"]
mod stories;

#[cfg(test)]
#[path = "agreement_tests.rs"]
mod agreement;
