//! `Invoke`, as a client calls it.

use super::hosted::{Call, Caller};
use super::queue;
use crate::sim::errors::{AwsError, Service};
use crate::sim::faults::Outage;
use crate::sim::lambda::{InvokeRequest, InvokeResponse, check_payload, run_modelled};
use crate::sim::world::World;

/// What beginning to invoke a function came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Begun {
    /// There is an answer already.
    Done(InvokeResponse),
    /// A process is to answer the invocation of that id.
    Pending(u64),
}

impl World {
    /// `Invoke`, for a caller that can wait: a hosted function answers later, through
    /// [`World::take_response`].
    ///
    /// # Errors
    ///
    /// Lambda's own.
    pub fn begin_invoke(&mut self, request: InvokeRequest) -> Result<Begun, AwsError> {
        let begun = begin(self, request, Caller::Client);
        self.record(Service::Lambda, "Invoke", begun.as_ref().err());
        begun
    }

    /// [`World::begin_invoke`] as a caller across a network meets it. After a lost answer the
    /// function runs, and nobody waits for it.
    ///
    /// # Errors
    ///
    /// `Err` if no answer comes; the service's own error is `Ok(Err(…))`.
    pub fn begin_invoke_with_faults(
        &mut self,
        request: InvokeRequest,
    ) -> Result<Result<Begun, AwsError>, Outage> {
        let mut pending = None;
        let met = self.under_faults(Service::Lambda, "Invoke", |world| {
            world.authorise_invoke(&request)?;
            let begun = world.begin_invoke(request)?;
            pending = begun.pending();
            Ok(begun)
        });
        if let (Some(id), Err(_) | Ok(Err(_))) = (pending, &met) {
            self.abandon(id);
        }
        met
    }

    /// What came of a client's invocation; `None` while it is open. It is handed out once.
    pub fn take_response(&mut self, id: u64) -> Option<Result<InvokeResponse, AwsError>> {
        self.invocations.responses.remove(&id)
    }

    /// The client that waited for this invocation has gone. The function runs on.
    pub fn forget_invocation(&mut self, id: u64) {
        self.abandon(id);
    }
}

impl Begun {
    pub(super) fn pending(&self) -> Option<u64> {
        match self {
            Self::Pending(id) => Some(*id),
            Self::Done(_) => None,
        }
    }
}

/// `Invoke`, for a caller that cannot wait.
pub(in crate::sim) fn invoke(
    world: &mut World,
    request: InvokeRequest,
) -> Result<InvokeResponse, AwsError> {
    match begin(world, request, Caller::Client)? {
        Begun::Done(response) => Ok(response),
        Begun::Pending(id) => {
            world.abandon(id);
            let message = "a process serves this function, and this caller cannot wait for it: \
                use begin_invoke";
            Err(AwsError::new("ServiceException", 500, message))
        }
    }
}

/// Begins what the request asks for.
pub(super) fn begin(
    world: &mut World,
    request: InvokeRequest,
    caller: Caller,
) -> Result<Begun, AwsError> {
    check_payload(&request)?;
    let call = Call::new(world, &request)?;
    let route = world.route(&request.function_name, request.qualifier.as_deref())?;
    match request.invocation_type.as_deref() {
        None | Some("RequestResponse") if world.is_hosted(&route) => {
            world.admit(&route)?;
            let now = world.now();
            Ok(Begun::Pending(world.open(route, call, now, caller)))
        }
        None | Some("RequestResponse") => run_modelled(world, &route, call.tail).map(Begun::Done),
        Some("Event") => {
            queue::accept(world, route, call);
            Ok(Begun::Done(accepted(202)))
        }
        Some("DryRun") => Ok(Begun::Done(accepted(204))),
        Some(other) => Err(AwsError::constraint(
            other,
            "invocationType",
            "Member must satisfy enum value set: [Event, RequestResponse, DryRun]",
        )),
    }
}

fn accepted(status_code: u16) -> InvokeResponse {
    InvokeResponse {
        status_code,
        ..InvokeResponse::default()
    }
}
