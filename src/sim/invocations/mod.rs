//! Invocations: who waits for their answers, and functions that real processes serve.
//!
//! A function whose handler is *hosted* ([`World::host`]) is not modelled. Invoking it opens an
//! [`Invocation`], which the caller of this world takes ([`World::take_invocations`]), runs, and
//! ends ([`World::end_invocation`]). What came of it goes to whoever waits: a client, a task of an
//! execution, the queue of asynchronous invocations, or nobody. Any other function is answered at
//! once by its model.
//!
//! What this module refuses to know: processes, the Runtime API, real time. Start reading at
//! [`World::begin_invoke`].
//!
//! [`World::host`]: super::World::host
//! [`World::take_invocations`]: super::World::take_invocations
//! [`World::end_invocation`]: super::World::end_invocation
//! [`World::begin_invoke`]: super::World::begin_invoke

mod answer;
mod client;
mod destination;
mod hosted;
mod queue;
mod requests;
mod settings;
mod task;
mod wire;

pub use answer::{Ended, exited};
pub use client::Begun;
pub use hosted::Invocation;
pub use wire::*;

pub(in crate::sim) use client::invoke;
pub(in crate::sim) use queue::{invoke_event, invoke_later, run_due};
pub(in crate::sim) use requests::send as send_requests;
pub(in crate::sim) use settings::{
    get_function_event_invoke_config, put_function_event_invoke_config,
};
pub(in crate::sim) use task::invoke_for_task;

use std::collections::{BTreeMap, BTreeSet};

use super::errors::AwsError;
use super::lambda::InvokeResponse;
use hosted::Open;
use queue::Queue;
use settings::Settings;

/// Traffic above so many requests a second is modelled, also for hosted functions.
const TRAFFIC_LIMIT: f64 = 20.0;

/// Every open invocation, the queue, and how functions are to be invoked.
#[derive(Debug, Clone)]
pub(super) struct Invocations {
    /// The handlers that processes serve.
    hosted: BTreeSet<String>,
    /// Invocations that have not ended, by id.
    open: BTreeMap<u64, Open>,
    /// Those of them that nobody has taken yet, oldest first.
    untaken: Vec<Invocation>,
    /// What came of clients' invocations, until they take it.
    responses: BTreeMap<u64, Result<InvokeResponse, AwsError>>,
    queue: Queue,
    /// By function and qualifier.
    settings: BTreeMap<(String, String), Settings>,
    next_id: u64,
    traffic_limit: f64,
}

impl Default for Invocations {
    fn default() -> Self {
        Self {
            hosted: BTreeSet::new(),
            open: BTreeMap::new(),
            untaken: Vec::new(),
            responses: BTreeMap::new(),
            queue: Queue::default(),
            settings: BTreeMap::new(),
            next_id: 1,
            traffic_limit: TRAFFIC_LIMIT,
        }
    }
}

impl Invocations {
    /// The second in which the next asynchronous invocation is tried.
    pub fn next_due(&self) -> Option<i64> {
        self.queue.next_due()
    }

    /// The function of every open invocation of a hosted function.
    pub fn open_functions(&self) -> impl Iterator<Item = &str> {
        self.open.values().map(|open| open.route.function.as_str())
    }
}
