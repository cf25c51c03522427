//! Evidence-based canary releases for AWS Lambda.
//!
//! A weighted alias sends a small share of the traffic to a new version, the *canary*, while the
//! rest stays on the old one, the *stable* version. This crate shifts that weight step by step,
//! watches CloudWatch between the steps, and then promotes the canary or puts the alias back
//! exactly as it was found.
//!
//! # Where to start
//!
//! | module | what it is |
//! |---|---|
//! | [`rollout`] | pure: weights, plan, state, one `tick` that decides at most one command |
//! | [`judge`] | pure: readings of alarms to a verdict, counts of both versions to evidence |
//! | [`config`] | pure: the policy a function asks for, checked and resolved |
//! | [`driver`] | the ports (observe, act) and one observe → judge → decide → act pass |
//! | [`sim`] | a simulated AWS: virtual clock, aliases, traffic, metrics, alarms, faults |
//! | `aws` | the ports through the real SDK |
//! | `local` | an endpoint on loopback that speaks AWS's protocols over the simulated AWS |
//! | `lambda` | the functions: CodeDeploy's hooks, the stepper, the recovery, the sample |
//! | `cli` | the `canary` command |
//!
//! # Words, each with one meaning
//!
//! * **rollout**: one attempt to bring a canary version to all traffic.
//! * **plan**: the steps of a rollout; **step**: a weight and how long to bake there.
//! * **weight**: the canary's share of the traffic. **bake**: the least time at a step.
//! * **stable**, **canary**: the two versions.
//! * **observation** (raw) → **verdict** (pass, fail, inconclusive) → **decision** → **command**.
//! * **hold**: wait longer than the bake. **promote**: all traffic to the canary.
//! * **abort**: somebody's wish to stop. **rollback**: the act of putting the alias back.
//! * **mark**: the note in the alias' description by which a rollout knows its own writes.

#![warn(missing_docs)]

#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "aws")]
pub mod cli;
pub mod clock;
pub mod config;
pub mod driver;
#[cfg(test)]
mod garbage;
pub mod judge;
#[cfg(feature = "aws")]
pub mod lambda;
#[cfg(feature = "aws")]
pub mod local;
pub mod rollout;
pub mod sim;
