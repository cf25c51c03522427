//! The world itself: everything the simulated services hold, and the order in which time passes.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::alarms::Alarms;
use super::deployments::{self, Deployments};
use super::events::Events;
use super::executions::{self, Executions};
use super::faults::FaultRule;
use super::invocations::{self, Invocations};
use super::lambda::{AliasChange, Function};
use super::metrics::emission::Emission;
use super::metrics::store::Store;
use super::parameters::Stored;
use super::quotas::{CallLimit, Concurrency};
use super::rights::Rights;
use super::streams::{self, Stream};
use super::topics::Topics;
use super::trace::Trace;
use super::traffic::Traffic;

/// A simulated AWS account in one region, at one moment.
#[derive(Debug, Clone)]
pub struct World {
    pub(super) seed: u64,
    pub(super) now: Timestamp,
    pub(super) account: String,
    pub(super) region: String,
    streams: BTreeMap<String, Stream>,
    pub(super) functions: BTreeMap<String, Function>,
    pub(super) traffic: Traffic,
    pub(super) emission: Emission,
    pub(super) metrics: Store,
    pub(super) metric_status: Option<String>,
    pub(super) alarms: Alarms,
    pub(super) parameters: BTreeMap<String, Stored>,
    pub(super) deployments: Deployments,
    pub(super) executions: Executions,
    pub(super) invocations: Invocations,
    pub(super) events: Events,
    pub(super) topics: Topics,
    pub(super) alias_changes: Vec<AliasChange>,
    pub(super) faults: Vec<FaultRule>,
    pub(super) limits: Vec<CallLimit>,
    pub(super) concurrency: Concurrency,
    pub(super) trace: Trace,
    pub(super) rights: Rights,
}

/// What happens next when nobody calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A second of traffic is over.
    Traffic,
    /// A minute with invocations is over.
    Minute,
    /// Datapoints become visible.
    Publication,
    /// Alarms are evaluated.
    Evaluation,
    /// A deployment goes on.
    Deployment,
    /// An execution goes on.
    Execution,
    /// An asynchronous invocation is tried.
    Attempt,
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
            streams: BTreeMap::new(),
            functions: BTreeMap::new(),
            traffic: Traffic::new(start.as_second()),
            emission: Emission::default(),
            metrics: Store::default(),
            metric_status: None,
            alarms: Alarms::default(),
            parameters: BTreeMap::new(),
            deployments: Deployments::default(),
            executions: Executions::default(),
            invocations: Invocations::default(),
            events: Events::default(),
            topics: Topics::default(),
            alias_changes: Vec::new(),
            faults: Vec::new(),
            limits: Vec::new(),
            concurrency: Concurrency::default(),
            trace: Trace::default(),
            rights: Rights::default(),
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
        while let Some((second, event)) = self.due_by(to) {
            self.happen(second, event);
        }
        self.arrive(to);
    }

    /// The same, but time stands still at the moment at which a function that a process serves is
    /// invoked, until all such invocations have ended. For callers that serve them in real time.
    pub fn advance_while_idle(&mut self, to: Timestamp) {
        while self.open_invocations() == 0 {
            let Some((second, event)) = self.due_by(to) else {
                return self.arrive(to);
            };
            self.happen(second, event);
        }
    }

    fn due_by(&self, to: Timestamp) -> Option<(i64, Event)> {
        self.next_event()
            .filter(|(second, _)| *second <= to.as_second())
    }

    fn happen(&mut self, second: i64, event: Event) {
        let at = Timestamp::from_second(second).unwrap_or(self.now);
        self.now = self.now.max(at);
        match event {
            Event::Traffic => self.draw_traffic(),
            Event::Minute => self.emission.close_minutes(second),
            Event::Publication => self.emission.publish(second, &mut self.metrics),
            Event::Evaluation => self.evaluate_alarms(second),
            Event::Deployment => deployments::run_due(self, second),
            Event::Execution => executions::run_due(self, second),
            Event::Attempt => invocations::run_due(self, second),
        }
    }

    fn arrive(&mut self, at: Timestamp) {
        self.now = self.now.max(at);
        self.traffic.skip_to(self.now.as_second());
    }

    /// When something is next to happen that may invoke a function or change an alias: a deployment
    /// or an execution goes on, an alarm is evaluated, an event is delivered. `None`: never, if
    /// nobody calls.
    #[must_use]
    pub fn next_act(&self) -> Option<Timestamp> {
        let due = [
            self.alarms.next_evaluation(),
            self.deployments.next_due(),
            self.executions.next_due(),
            self.invocations.next_due(),
        ];
        let second = due.into_iter().flatten().min()?;
        Timestamp::from_second(second).ok()
    }

    /// Whether an invocation is open or an event waits to be delivered.
    #[must_use]
    pub fn is_invoking(&self) -> bool {
        self.open_invocations() > 0 || self.invocations.next_due().is_some()
    }

    /// The next event and its second. Events of the same second happen in the order of [`Event`].
    fn next_event(&self) -> Option<(i64, Event)> {
        let candidates = [
            (self.traffic.due(), Event::Traffic),
            (self.emission.next_minute(), Event::Minute),
            (self.emission.next_publication(), Event::Publication),
            (self.alarms.next_evaluation(), Event::Evaluation),
            (self.deployments.next_due(), Event::Deployment),
            (self.executions.next_due(), Event::Execution),
            (self.invocations.next_due(), Event::Attempt),
        ];
        candidates
            .into_iter()
            .filter_map(|(second, event)| Some((second?, event)))
            .min()
    }

    /// The stream of that name, where it was left.
    pub(super) fn stream(&mut self, name: &str) -> &mut Stream {
        let seed = self.seed;
        self.streams
            .entry(name.to_owned())
            .or_insert_with(|| streams::stream(seed, name))
    }

    /// A new revision id.
    pub(super) fn next_revision(&mut self) -> String {
        streams::uuid(self.stream("revisions"))
    }

    /// An ARN in this account and region.
    pub(super) fn arn(&self, service: &str, resource: &str) -> String {
        format!(
            "arn:aws:{service}:{}:{}:{resource}",
            self.region, self.account
        )
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::sim::fixture::{hello, live, start};

    #[test]
    fn time_does_not_go_back() {
        let mut world = hello(1);
        world.advance_to(start() + SignedDuration::from_millis(1500));
        world.advance_to(start());
        assert_eq!(world.now(), start() + SignedDuration::from_millis(1500));
    }

    #[test]
    fn another_place_has_its_own_arns() {
        let world = World::new(1, start()).located("123456789012", "eu-west-1");
        let arn = world.function_arn("hello", Some("live"));
        assert_eq!(
            arn,
            "arn:aws:lambda:eu-west-1:123456789012:function:hello:live"
        );
    }

    #[test]
    fn the_same_seed_gives_the_same_revisions() {
        assert_eq!(live(&mut hello(1)), live(&mut hello(1)));
        assert_ne!(
            live(&mut hello(1)).revision_id,
            live(&mut hello(2)).revision_id
        );
    }

    #[test]
    fn a_world_can_be_shared_behind_a_lock() {
        fn shared<T: Send + 'static>(_: &T) {}
        shared(&hello(1));
    }
}
