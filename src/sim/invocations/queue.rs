//! Asynchronous invocations: accepted at once, tried until they succeed or are given up.
//!
//! As on AWS: after a function error at most two more attempts, one and two minutes later;
//! throttles and failures of the service are tried again with growing delays; and nothing outlives
//! the event's greatest age. An event may also be delivered twice without any error.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use rand::RngExt;

use super::destination::{self, Condition};
use super::hosted::{Call, Caller};
use crate::sim::errors::{AwsError, Service};
use crate::sim::faults::Effect;
use crate::sim::lambda::{InvokeRequest, InvokeResponse, Route, run_modelled};
use crate::sim::world::World;

/// The delay after the first function error; the second is twice as long.
const RETRY_SECONDS: i64 = 60;
/// The longest delay after a throttle or a failure of the service.
const BACKOFF_MAX: i64 = 300;

/// Events that wait for their next attempt.
#[derive(Debug, Clone, Default)]
pub(super) struct Queue {
    /// By the second in which they are due and a running number.
    waiting: BTreeMap<(i64, u64), Queued>,
    sequence: u64,
    duplicates: f64,
}

/// An event on its way to a function.
#[derive(Debug, Clone)]
pub(super) struct Queued {
    pub function: String,
    pub qualifier: Option<String>,
    pub call: Call,
    accepted: Timestamp,
    /// How often the function ran.
    pub attempts: u32,
    /// How often it could not be run, since it last ran.
    refusals: u32,
    /// What the last attempt came to.
    pub response: Option<InvokeResponse>,
}

impl Queue {
    pub fn next_due(&self) -> Option<i64> {
        self.waiting
            .first_key_value()
            .map(|((second, _), _)| *second)
    }

    fn push(&mut self, second: i64, queued: Queued) {
        self.sequence += 1;
        self.waiting.insert((second, self.sequence), queued);
    }
}

impl World {
    /// So often is an asynchronous invocation delivered twice, 0 to 1. Never unless it is set.
    pub fn set_duplicates(&mut self, rate: f64) {
        self.invocations.queue.duplicates = rate;
    }
}

/// Invokes a function asynchronously, as AWS's services do: nobody hears the result.
pub(in crate::sim) fn invoke_event(
    world: &mut World,
    function: &str,
    payload: String,
) -> Result<(), AwsError> {
    let (route, call) = prepare(world, function, payload)?;
    accept(world, route, call);
    Ok(())
}

/// The same a second later, for what may itself follow from an invocation: so no chain of
/// functions that invoke each other runs for ever inside one second.
pub(in crate::sim) fn invoke_later(
    world: &mut World,
    function: &str,
    payload: String,
) -> Result<(), AwsError> {
    let (route, call) = prepare(world, function, payload)?;
    let queued = Queued::new(world, &route, call);
    postpone_by(world, queued, 1);
    Ok(())
}

fn prepare(world: &mut World, function: &str, payload: String) -> Result<(Route, Call), AwsError> {
    let request = InvokeRequest {
        function_name: function.to_owned(),
        payload: Some(payload),
        ..InvokeRequest::default()
    };
    let route = world.route(function, None)?;
    let call = Call::new(world, &request)?;
    Ok((route, call))
}

/// Takes an event into the queue and tries it at once.
pub(super) fn accept(world: &mut World, route: Route, call: Call) {
    let queued = Queued::new(world, &route, call);
    let rate = world.invocations.queue.duplicates;
    if rate > 0.0 && world.stream("duplicates").random::<f64>() < rate {
        postpone_by(world, queued.clone(), 1);
    }
    attempt(world, queued, Some(route));
}

/// Tries every event that is due at this second.
pub(in crate::sim) fn run_due(world: &mut World, second: i64) {
    while world
        .invocations
        .next_due()
        .is_some_and(|due| due <= second)
    {
        let Some((_, queued)) = world.invocations.queue.waiting.pop_first() else {
            return;
        };
        if world.now() >= expiry(world, &queued) {
            destination::deliver(world, &queued, Condition::EventAgeExceeded);
        } else {
            attempt(world, queued, None);
        }
    }
}

/// One attempt, by the route that was chosen for it, else by the weights of the moment.
fn attempt(world: &mut World, queued: Queued, route: Option<Route>) {
    let fault = world.next_fault(Service::Lambda, "Invoke");
    if matches!(fault, Some((_, Effect::BeforeEffect))) {
        return postpone(world, queued);
    }
    let route = match route {
        Some(route) => Ok(route),
        None => world.route(&queued.function, queued.qualifier.as_deref()),
    };
    match (route, fault) {
        (Err(_), _) => postpone(world, queued),
        // The function runs, but the queue does not learn it: this is how duplicates come about.
        (Ok(route), Some(_)) => {
            run_unheard(world, route, queued.call.clone());
            postpone(world, queued);
        }
        (Ok(route), None) => run(world, route, queued),
    }
}

fn run(world: &mut World, route: Route, queued: Queued) {
    if !world.is_hosted(&route) {
        return match run_modelled(world, &route, false) {
            Ok(response) => attempted(world, queued, response),
            Err(_) => postpone(world, queued),
        };
    }
    match world.admit(&route) {
        Ok(()) => {
            let (now, call) = (world.now(), queued.call.clone());
            world.open(route, call, now, Caller::Queue(Box::new(queued)));
        }
        Err(_) => postpone(world, queued),
    }
}

fn run_unheard(world: &mut World, route: Route, call: Call) {
    if world.is_hosted(&route) {
        let now = world.now();
        world.open(route, call, now, Caller::Nobody);
    } else {
        // Nobody is there to hear what it says.
        let _ = run_modelled(world, &route, false);
    }
}

/// The function ran: the event is done, tried again later, or given up.
pub(super) fn attempted(world: &mut World, mut queued: Queued, response: InvokeResponse) {
    let failed = response.function_error.is_some();
    queued.attempts += 1;
    queued.refusals = 0;
    queued.response = Some(response);
    let retries = world
        .event_settings(&queued.function, queued.qualifier.as_deref())
        .retries();
    if !failed {
        destination::deliver(world, &queued, Condition::Success);
    } else if queued.attempts > retries {
        destination::deliver(world, &queued, Condition::RetriesExhausted);
    } else {
        let delay = RETRY_SECONDS * i64::from(queued.attempts);
        postpone_by(world, queued, delay);
    }
}

/// The function could not be run: later, and later each time.
fn postpone(world: &mut World, mut queued: Queued) {
    let delay = 1_i64 << queued.refusals.min(16);
    queued.refusals += 1;
    postpone_by(world, queued, delay.min(BACKOFF_MAX));
}

/// The next attempt is so many seconds from now, or the end comes with the event's greatest age.
fn postpone_by(world: &mut World, queued: Queued, seconds: i64) {
    let next = world.now() + SignedDuration::from_secs(seconds);
    let next = next.min(expiry(world, &queued));
    // Whole seconds are what the world goes by: rather late than early.
    let due = next.as_second() + i64::from(next.subsec_nanosecond() > 0);
    world.invocations.queue.push(due, queued);
}

fn expiry(world: &World, queued: &Queued) -> Timestamp {
    let settings = world.event_settings(&queued.function, queued.qualifier.as_deref());
    queued.accepted + SignedDuration::from_secs(settings.age())
}

impl Queued {
    fn new(world: &World, route: &Route, call: Call) -> Self {
        Self {
            function: route.function.clone(),
            qualifier: route.qualifier.clone(),
            call,
            accepted: world.now(),
            attempts: 0,
            refusals: 0,
            response: None,
        }
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
