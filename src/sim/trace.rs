//! What was asked of the world and how it answered, bounded, for tests to read.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::errors::{AwsError, Service};
use super::faults::{Effect, FaultKind};
use super::world::World;

/// How many calls are remembered.
const CAPACITY: usize = 10_000;

/// One call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceEntry {
    /// When, in the world's time.
    pub at: Timestamp,
    /// The service that was called.
    pub service: Service,
    /// The operation's name, as in AWS's API.
    pub operation: String,
    /// The role of the caller, if it came under one.
    pub caller: Option<String>,
    /// The code of the service's error, if it answered one (before any fault).
    pub error: Option<String>,
    /// The fault that the call met.
    pub fault: Option<(FaultKind, Effect)>,
}

/// The newest calls, oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Trace {
    entries: VecDeque<TraceEntry>,
}

impl Trace {
    fn push(&mut self, entry: TraceEntry) {
        if self.entries.len() == CAPACITY {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }
}

impl World {
    /// The calls so far, oldest first; the newest 10,000 of them.
    pub fn trace(&self) -> impl Iterator<Item = &TraceEntry> {
        self.trace.entries.iter()
    }

    /// Forgets the calls so far.
    pub fn clear_trace(&mut self) {
        self.trace.entries.clear();
    }

    /// Remembers a call that reached the service.
    pub(super) fn record(&mut self, service: Service, operation: &str, error: Option<&AwsError>) {
        self.trace.push(TraceEntry {
            at: self.now,
            service,
            operation: operation.to_owned(),
            caller: self.caller().map(str::to_owned),
            error: error.map(|error| error.code.clone()),
            fault: None,
        });
    }

    /// Remembers a call that a fault kept from the service.
    pub(super) fn record_refused(&mut self, service: Service, operation: &str, kind: FaultKind) {
        self.record(service, operation, None);
        self.mark_last_fault(kind, Effect::BeforeEffect);
    }

    /// Notes the fault that the newest call met.
    pub(super) fn mark_last_fault(&mut self, kind: FaultKind, effect: Effect) {
        if let Some(last) = self.trace.entries.back_mut() {
            last.fault = Some((kind, effect));
        }
    }
}
