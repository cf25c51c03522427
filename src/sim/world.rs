//! The world itself: everything the simulated services hold, and the order in which time passes.

use jiff::Timestamp;

use super::faults::FaultRule;
use super::streams::{self, Stream};
use super::trace::Trace;

/// A simulated AWS account in one region, at one moment.
#[derive(Debug, Clone)]
pub struct World {
    pub(super) seed: u64,
    pub(super) now: Timestamp,
    pub(super) account: String,
    pub(super) region: String,
    pub(super) revisions: Stream,
    pub(super) faults: Vec<FaultRule>,
    pub(super) trace: Trace,
}

impl World {
    /// An empty account `000000000000` in `us-east-1`.
    #[must_use]
    pub fn new(seed: u64, start: Timestamp) -> Self {
        Self {
            seed,
            now: start,
            account: "000000000000".to_owned(),
            region: "us-east-1".to_owned(),
            revisions: streams::stream(seed, "revisions"),
            faults: Vec::new(),
            trace: Trace::default(),
        }
    }

    /// The same world in another account and region. For an empty world: what exists keeps its ARNs.
    #[must_use]
    pub fn located(mut self, account: &str, region: &str) -> Self {
        account.clone_into(&mut self.account);
        region.clone_into(&mut self.region);
        self
    }

    /// The world's time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The account's id.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The region's name.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Lets time pass: traffic, publication of metrics and evaluation of alarms, in the order of
    /// their times. Going back is a no-op.
    pub fn advance_to(&mut self, to: Timestamp) {
        self.now = self.now.max(to);
    }

    /// An ARN in this account and region.
    pub(super) fn arn(&self, service: &str, resource: &str) -> String {
        format!(
            "arn:aws:{service}:{}:{}:{resource}",
            self.region, self.account
        )
    }
}
