//! Invocations that a process serves: opened here, run elsewhere, ended here.

use std::collections::BTreeMap;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use jiff::Timestamp;
use rand::{Rng, RngExt};

use super::answer::Ended;
use super::queue::{self, Queued};
use crate::sim::errors::AwsError;
use crate::sim::executions;
use crate::sim::lambda::{InvokeRequest, Route, no_place, throttle};
use crate::sim::streams::uuid;
use crate::sim::world::World;

/// An invocation of a hosted function, with all that the process which serves it must know.
#[derive(Debug, Clone, PartialEq)]
pub struct Invocation {
    /// What [`World::end_invocation`] wants to hear. Never used twice.
    pub id: u64,
    /// AWS's request id; attempts and duplicates of one asynchronous invocation share it.
    pub request_id: String,
    /// The ARN that was invoked, qualified as the caller qualified it.
    pub invoked_arn: String,
    /// The function's bare name.
    pub function: String,
    /// The version that runs.
    pub version: String,
    /// The function's handler.
    pub handler: String,
    /// The ARN of the role that it runs under.
    pub role: String,
    /// The event, as JSON text.
    pub payload: String,
    /// The function's environment variables.
    pub environment: BTreeMap<String, String>,
    /// The function's memory in MB.
    pub memory: u32,
    /// The function's time-out in seconds.
    pub timeout: u32,
    /// The client context, as JSON text.
    pub client_context: Option<String>,
    /// An X-Ray trace header.
    pub trace_id: String,
    /// When it started, in the world's time.
    pub started: Timestamp,
}

/// Who waits for the answer.
#[derive(Debug, Clone)]
pub(super) enum Caller {
    /// Somebody who asks for it with [`World::take_response`].
    Client,
    /// A task of an execution.
    Task { execution: String, task: u64 },
    /// The queue of asynchronous invocations.
    Queue(Box<Queued>),
    /// Nobody.
    Nobody,
}

/// An invocation that has not ended.
#[derive(Debug, Clone)]
pub(super) struct Open {
    pub caller: Caller,
    pub route: Route,
    pub request_id: String,
    started: Timestamp,
    timeout: u32,
    pub tail: bool,
}

/// What is invoked with.
#[derive(Debug, Clone, Default)]
pub(super) struct Call {
    pub request_id: String,
    pub payload: String,
    pub client_context: Option<String>,
    pub tail: bool,
}

impl Call {
    /// What a request asks for, under a new request id.
    pub fn new(world: &mut World, request: &InvokeRequest) -> Result<Self, AwsError> {
        let context = request.client_context.as_deref();
        Ok(Self {
            client_context: context.map(client_context).transpose()?,
            request_id: uuid(world.stream("requests")),
            // A function that is invoked without a payload gets an empty object.
            payload: request
                .payload
                .clone()
                .filter(|payload| !payload.trim().is_empty())
                .unwrap_or_else(|| "{}".to_owned()),
            tail: request.log_type.as_deref() == Some("Tail"),
        })
    }
}

impl World {
    /// From now on functions with one of these handlers wait for a process.
    pub fn host(&mut self, handlers: impl IntoIterator<Item = impl Into<String>>) {
        let handlers = handlers.into_iter().map(Into::into);
        self.invocations.hosted.extend(handlers);
    }

    /// Traffic of at most so many requests a second through an alias reaches hosted functions one
    /// by one; more than that is modelled. 20 unless it is set.
    pub fn set_traffic_limit(&mut self, requests_per_second: f64) {
        self.invocations.traffic_limit = requests_per_second;
    }

    /// The invocations that were opened since the last call, oldest first. Whoever takes one must
    /// end it.
    pub fn take_invocations(&mut self) -> Vec<Invocation> {
        std::mem::take(&mut self.invocations.untaken)
    }

    /// Whether somebody should take invocations.
    #[must_use]
    pub fn has_untaken_invocations(&self) -> bool {
        !self.invocations.untaken.is_empty()
    }

    /// How many invocations of hosted functions have not ended, taken or not.
    #[must_use]
    pub fn open_invocations(&self) -> usize {
        self.invocations.open.len()
    }

    /// Ends an invocation that took so many milliseconds: counts it and tells whoever waits. False
    /// if it has already ended.
    pub fn end_invocation(&mut self, id: u64, duration_ms: f64, ended: Ended) -> bool {
        let Some(open) = self.invocations.open.remove(&id) else {
            return false;
        };
        self.invocations.untaken.retain(|untaken| untaken.id != id);
        self.record_invocation(&open.route, open.started, duration_ms, ended.is_error());
        let response = ended.response(&open, duration_ms);
        match open.caller {
            Caller::Client => {
                self.invocations.responses.insert(id, Ok(response));
            }
            Caller::Task { execution, task } => {
                executions::task_ended(self, &execution, task, Ok(response));
            }
            Caller::Queue(queued) => queue::attempted(self, *queued, response),
            Caller::Nobody => {}
        }
        true
    }

    /// Whether the version at the end of a route is served by processes.
    pub(super) fn is_hosted(&self, route: &Route) -> bool {
        self.hosted_handler(route).is_some()
    }

    /// Whether traffic at that rate reaches that version one request at a time.
    pub(in crate::sim) fn takes_requests(&self, route: &Route, requests_per_second: f64) -> bool {
        requests_per_second <= self.invocations.traffic_limit && self.is_hosted(route)
    }

    fn hosted_handler(&self, route: &Route) -> Option<&str> {
        let version = self
            .functions
            .get(&route.function)?
            .version(&route.executed_version)?;
        let handler = version.configuration.handler.as_deref()?;
        self.invocations.hosted.contains(handler).then_some(handler)
    }

    /// Throttles as many requests to a hosted function as its behaviour says, and those that find no
    /// place in the account's concurrency.
    pub(super) fn admit(&mut self, route: &Route) -> Result<(), AwsError> {
        let rate = self.behaviour(route).throttle_rate;
        let name = format!("admit:{}:{}", route.function, route.executed_version);
        if rate > 0.0 && self.stream(&name).random::<f64>() < rate {
            return Err(throttle(self, route));
        }
        let chance = self.chance_of_a_place(&route.function);
        if chance < 1.0 && self.stream("places").random::<f64>() >= chance {
            return Err(no_place(self, route));
        }
        Ok(())
    }

    /// Opens an invocation.
    pub(super) fn open(
        &mut self,
        route: Route,
        call: Call,
        started: Timestamp,
        caller: Caller,
    ) -> u64 {
        let id = self.invocations.next_id;
        self.invocations.next_id += 1;
        let trace_id = self.trace_id(started);
        let configuration = self
            .functions
            .get(&route.function)
            .and_then(|function| function.version(&route.executed_version))
            .map(|version| version.configuration.clone());
        // A route ends at a version that exists; without one there would be no handler either.
        let (handler, role, environment, memory, timeout) = configuration.map_or_else(
            || (None, String::new(), None, 128, 3),
            |known| {
                (
                    known.handler,
                    known.role,
                    known.environment,
                    known.memory_size,
                    known.timeout,
                )
            },
        );
        self.invocations.untaken.push(Invocation {
            id,
            request_id: call.request_id.clone(),
            invoked_arn: self.function_arn(&route.function, route.qualifier.as_deref()),
            function: route.function.clone(),
            version: route.executed_version.clone(),
            handler: handler.unwrap_or_default(),
            role,
            payload: call.payload,
            environment: environment.unwrap_or_default(),
            memory,
            timeout,
            client_context: call.client_context,
            trace_id,
            started,
        });
        let open = Open {
            caller,
            route,
            request_id: call.request_id,
            started,
            timeout,
            tail: call.tail,
        };
        self.invocations.open.insert(id, open);
        id
    }

    /// From now on nobody waits for that invocation; its answer, if there is one, is forgotten.
    pub(super) fn abandon(&mut self, id: u64) {
        self.invocations.responses.remove(&id);
        if let Some(open) = self.invocations.open.get_mut(&id) {
            open.caller = Caller::Nobody;
        }
    }

    fn trace_id(&mut self, at: Timestamp) -> String {
        let mut bytes = [0_u8; 20];
        self.stream("traces").fill_bytes(&mut bytes);
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let (root, parent) = hex.split_at(24);
        format!(
            "Root=1-{:08x}-{root};Parent={parent};Sampled=0",
            at.as_second()
        )
    }
}

impl Open {
    /// The function's time-out in seconds.
    pub fn timeout(&self) -> u32 {
        self.timeout
    }
}

/// The JSON in a client context, which travels in Base64.
fn client_context(encoded: &str) -> Result<String, AwsError> {
    BASE64_STANDARD
        .decode(encoded)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .filter(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok())
        .ok_or_else(|| {
            AwsError::lambda(
                "InvalidRequestContentException",
                400,
                "Client context must be a valid Base64-encoded JSON object.",
            )
        })
}

#[cfg(test)]
#[path = "hosted_tests.rs"]
mod tests;
