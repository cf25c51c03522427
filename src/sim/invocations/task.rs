//! Invocations by a task of an execution.

use super::client::{Begun, begin};
use super::hosted::Caller;
use crate::sim::errors::{AwsError, Service};
use crate::sim::executions;
use crate::sim::faults::{self, Effect, Outage};
use crate::sim::lambda::{InvokeRequest, InvokeResponse};
use crate::sim::rights;
use crate::sim::world::World;

/// Invokes a function for a task of an execution, which hears of the result through
/// [`executions::task_ended`], perhaps before this returns. Faults of `Invoke` meet it too.
pub(in crate::sim) fn invoke_for_task(
    world: &mut World,
    execution: &str,
    task: u64,
    request: InvokeRequest,
) {
    if let Some(result) = attempt(world, execution, task, request) {
        executions::task_ended(world, execution, task, result);
    }
}

/// What the task hears now; `None` if a process is to answer.
fn attempt(
    world: &mut World,
    execution: &str,
    task: u64,
    request: InvokeRequest,
) -> Option<Result<InvokeResponse, AwsError>> {
    if let Some((kind, effect)) = world.next_fault(Service::Lambda, "Invoke") {
        if effect == Effect::AfterEffect {
            // It runs, and the task does not learn what came of it.
            let _ = begin(world, request, Caller::Nobody);
        }
        let error = faults::answer(kind, Service::Lambda).unwrap_or_else(unheard);
        return Some(Err(error));
    }
    if let Err(refused) = authorise(world, execution, &request) {
        return Some(Err(refused));
    }
    let caller = Caller::Task {
        execution: execution.to_owned(),
        task,
    };
    match begin(world, request, caller) {
        Ok(Begun::Pending(_)) => None,
        Ok(Begun::Done(response)) => Some(Ok(response)),
        Err(error) => Some(Err(error)),
    }
}

/// Step Functions invokes under the role of the state machine.
fn authorise(world: &mut World, execution: &str, request: &InvokeRequest) -> Result<(), AwsError> {
    let role = world.executions.role_of(execution).map(rights::name_of);
    let role = role.map(str::to_owned);
    world.acting_as(role.as_deref(), |world| world.authorise_invoke(request))
}

/// How Step Functions names a call without an answer, after its `Lambda.`.
fn unheard(outage: Outage) -> AwsError {
    let code = match outage {
        Outage::Timeout => "ClientExecutionTimeoutException",
        Outage::ConnectionReset => "SdkClientException",
    };
    AwsError::new(code, 500, outage.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::fixture::hello;
    use crate::sim::{FaultKind, FaultRule};

    fn request() -> InvokeRequest {
        InvokeRequest {
            function_name: "hello".to_owned(),
            ..InvokeRequest::default()
        }
    }

    #[test]
    fn faults_of_invoke_meet_tasks_by_step_functions_names() {
        let mut world = hello(1);
        for (kind, code) in [
            (FaultKind::Throttle, "TooManyRequestsException"),
            (FaultKind::InternalError, "ServiceException"),
            (FaultKind::Timeout, "ClientExecutionTimeoutException"),
            (FaultKind::ConnectionReset, "SdkClientException"),
        ] {
            let rule = FaultRule::new(kind, world.now()).operation("Invoke");
            world.add_fault(rule.times(1));
            let heard = attempt(&mut world, "e", 1, request()).expect("at once");
            assert_eq!(heard.expect_err("a fault").code, code);
        }
        let heard = attempt(&mut world, "e", 2, request()).expect("a model answers at once");
        assert_eq!(heard.expect("answered").status_code, 200);
    }

    #[test]
    fn a_hosted_function_answers_a_task_later_and_a_lost_answer_is_no_second_one() {
        let mut world = hello(1);
        world.host(["bootstrap"]);
        assert_eq!(attempt(&mut world, "e", 1, request()), None);
        let rule = FaultRule::new(FaultKind::Timeout, world.now()).operation("Invoke");
        world.add_fault(rule.after_effect().times(1));
        assert!(attempt(&mut world, "e", 2, request()).is_some());
        let callers: Vec<_> = world
            .invocations
            .open
            .values()
            .map(|open| matches!(open.caller, Caller::Task { task: 1, .. }))
            .collect();
        assert_eq!(callers, [true, false]);
    }
}
