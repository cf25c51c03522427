//! What goes wrong between a caller and the services: throttling, 500s, time-outs, lost answers.
//!
//! A rule matches calls by service, operation and time. `AfterEffect` is the nasty half: the call
//! took effect and the caller does not learn it. Only [`World::call_with_faults`] and
//! [`World::under_faults`] meet the rules; the plain methods are the services without a network.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::errors::{AwsError, Service};
use super::world::World;

/// What a caller gets in place of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FaultKind {
    /// The service's throttling error.
    Throttle,
    /// The service's 500.
    InternalError,
    /// No answer at all: the caller waits until its own time-out.
    Timeout,
    /// The connection breaks.
    ConnectionReset,
    /// The service's access-denied error.
    AccessDenied,
    /// The service's 409: something else is under way there.
    Conflict,
    /// The service's answer to a revision that is no longer the newest.
    PreconditionFailed,
}

/// Whether the call took effect although its answer is a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// The service never saw the call.
    BeforeEffect,
    /// The service did what was asked; only the answer is lost.
    AfterEffect,
}

/// Calls that fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultRule {
    /// Only this service; all if absent.
    pub service: Option<Service>,
    /// Only this operation; all if absent.
    pub operation: Option<String>,
    /// What the caller gets.
    pub kind: FaultKind,
    /// Whether the call takes effect.
    pub effect: Effect,
    /// From this moment.
    pub from: Timestamp,
    /// Until just before this moment; for good if absent.
    pub until: Option<Timestamp>,
    /// So many calls; all if absent.
    pub times: Option<u32>,
}

/// The caller got no answer from the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Outage {
    /// Nothing came.
    #[error("the request timed out")]
    Timeout,
    /// The connection broke.
    #[error("the connection was reset")]
    ConnectionReset,
}

impl FaultRule {
    /// Every call to every service, from `from` on and for good, without effect.
    #[must_use]
    pub fn new(kind: FaultKind, from: Timestamp) -> Self {
        Self {
            service: None,
            operation: None,
            kind,
            effect: Effect::BeforeEffect,
            from,
            until: None,
            times: None,
        }
    }

    /// Only this service.
    #[must_use]
    pub fn on(mut self, service: Service) -> Self {
        self.service = Some(service);
        self
    }

    /// Only this operation.
    #[must_use]
    pub fn operation(mut self, operation: &str) -> Self {
        self.operation = Some(operation.to_owned());
        self
    }

    /// The calls take effect; only their answers are lost.
    #[must_use]
    pub fn after_effect(mut self) -> Self {
        self.effect = Effect::AfterEffect;
        self
    }

    /// Until just before `until`.
    #[must_use]
    pub fn until(mut self, until: Timestamp) -> Self {
        self.until = Some(until);
        self
    }

    /// So many calls.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    fn matches(&self, service: Service, operation: &str, now: Timestamp) -> bool {
        self.service.is_none_or(|only| only == service)
            && self
                .operation
                .as_deref()
                .is_none_or(|only| only == operation)
            && self.from <= now
            && self.until.is_none_or(|until| now < until)
            && self.times != Some(0)
    }
}

impl World {
    /// Adds a rule. The first one that matches a call decides.
    pub fn add_fault(&mut self, rule: FaultRule) {
        self.faults.push(rule);
    }

    /// The rules, spent ones too.
    #[must_use]
    pub fn faults(&self) -> &[FaultRule] {
        &self.faults
    }

    /// Removes every rule.
    pub fn clear_faults(&mut self) {
        self.faults.clear();
    }

    /// [`World::call`] as a caller across a network meets it, who may lack the right to it.
    ///
    /// # Errors
    ///
    /// `Err` if no answer comes; the service's own error is `Ok(Err(…))`.
    pub fn call_with_faults(
        &mut self,
        service: Service,
        operation: &str,
        input: Value,
    ) -> Result<Result<Value, AwsError>, Outage> {
        self.under_faults(service, operation, |world| {
            world.authorise(service, operation, &input)?;
            world.call(service, operation, input)
        })
    }

    /// One typed call as a caller across a network meets it, for instance
    /// `world.under_faults(Service::Lambda, "GetAlias", |world| world.get_alias(request))`.
    ///
    /// # Errors
    ///
    /// `Err` if no answer comes; the service's own error is `Ok(Err(…))`.
    pub fn under_faults<T>(
        &mut self,
        service: Service,
        operation: &str,
        call: impl FnOnce(&mut Self) -> Result<T, AwsError>,
    ) -> Result<Result<T, AwsError>, Outage> {
        let Some((kind, effect)) = self.next_fault(service, operation) else {
            return Ok(call(self));
        };
        match effect {
            Effect::BeforeEffect => self.record_refused(service, operation, kind),
            Effect::AfterEffect => {
                // What it answered does not matter: nobody hears it.
                let _ = call(self);
                self.mark_last_fault(kind, effect);
            }
        }
        answer(kind, service).map(Err)
    }

    /// The fault that the next call of that operation meets, be it a rule's or a limit's.
    pub(super) fn next_fault(
        &mut self,
        service: Service,
        operation: &str,
    ) -> Option<(FaultKind, Effect)> {
        let now = self.now;
        let rule = self
            .faults
            .iter_mut()
            .find(|rule| rule.matches(service, operation, now));
        let Some(rule) = rule else {
            let fits = self.within_limits(service, operation);
            return (!fits).then_some((FaultKind::Throttle, Effect::BeforeEffect));
        };
        if let Some(times) = &mut rule.times {
            *times -= 1;
        }
        Some((rule.kind, rule.effect))
    }
}

/// What a fault looks like to the caller.
pub(super) fn answer(kind: FaultKind, service: Service) -> Result<AwsError, Outage> {
    match kind {
        FaultKind::Timeout => Err(Outage::Timeout),
        FaultKind::ConnectionReset => Err(Outage::ConnectionReset),
        FaultKind::Throttle => Ok(throttled(service)),
        FaultKind::InternalError => Ok(internal_error(service)),
        FaultKind::AccessDenied => Ok(access_denied(service)),
        FaultKind::Conflict => Ok(conflict(service)),
        FaultKind::PreconditionFailed => Ok(precondition_failed(service)),
    }
}

/// Only Lambda has the two that follow; elsewhere they are the service's 500.
fn conflict(service: Service) -> AwsError {
    match service {
        Service::Lambda => AwsError::lambda(
            "ResourceConflictException",
            409,
            "The operation cannot be performed at this time. An update is in progress for resource",
        ),
        _ => internal_error(service),
    }
}

fn precondition_failed(service: Service) -> AwsError {
    match service {
        Service::Lambda => AwsError::lambda(
            "PreconditionFailedException",
            412,
            "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id",
        ),
        _ => internal_error(service),
    }
}

fn throttled(service: Service) -> AwsError {
    match service {
        Service::Lambda => AwsError::lambda("TooManyRequestsException", 429, "Rate exceeded")
            .with("Reason", json!("CallerRateLimitExceeded")),
        Service::CloudWatch => AwsError::new("Throttling", 400, "Rate exceeded"),
        Service::Sns => AwsError::new("Throttling", 400, "Rate exceeded"),
        Service::Ssm | Service::CodeDeploy | Service::StepFunctions | Service::Events => {
            AwsError::new("ThrottlingException", 400, "Rate exceeded")
        }
    }
}

fn internal_error(service: Service) -> AwsError {
    let (code, message) = match service {
        Service::Lambda => (
            "ServiceException",
            "An error occurred and the request cannot be processed.",
        ),
        Service::CloudWatch => (
            "InternalServiceError",
            "Request processing has failed because of an unknown error.",
        ),
        Service::Ssm | Service::CodeDeploy | Service::StepFunctions => (
            "InternalServerError",
            "An error occurred on the server side.",
        ),
        Service::Sns => ("InternalError", "An internal error occurred."),
        Service::Events => (
            "InternalException",
            "This exception occurs due to unexpected causes.",
        ),
    };
    AwsError::new(code, 500, message)
}

pub(super) fn access_denied(service: Service) -> AwsError {
    let (code, status) = match service {
        Service::Lambda => ("AccessDeniedException", 403),
        Service::CloudWatch => ("AccessDenied", 403),
        Service::Sns => ("AuthorizationError", 403),
        Service::Ssm | Service::CodeDeploy | Service::StepFunctions | Service::Events => {
            ("AccessDeniedException", 400)
        }
    };
    AwsError::new(
        code,
        status,
        "User is not authorized to perform this action",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::fixture::{hello, live, pass, shift};
    use jiff::SignedDuration;

    fn get(world: &mut World) -> Result<Result<Value, AwsError>, Outage> {
        world.call_with_faults(
            Service::Lambda,
            "GetAlias",
            json!({"FunctionName": "hello", "Name": "live"}),
        )
    }

    fn update(world: &mut World) -> Result<Result<Value, AwsError>, Outage> {
        let input = json!({"FunctionName": "hello", "Name": "live", "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.1}}});
        world.call_with_faults(Service::Lambda, "UpdateAlias", input)
    }

    #[test]
    fn every_kind_has_the_services_own_answer() {
        let mut world = hello(1);
        for (service, operation, throttled, internal, denied) in [
            (
                Service::Lambda,
                "GetAlias",
                ("TooManyRequestsException", 429),
                ("ServiceException", 500),
                ("AccessDeniedException", 403),
            ),
            (
                Service::CloudWatch,
                "DescribeAlarms",
                ("Throttling", 400),
                ("InternalServiceError", 500),
                ("AccessDenied", 403),
            ),
            (
                Service::Ssm,
                "GetParameter",
                ("ThrottlingException", 400),
                ("InternalServerError", 500),
                ("AccessDeniedException", 400),
            ),
        ] {
            for (kind, expected) in [
                (FaultKind::Throttle, throttled),
                (FaultKind::InternalError, internal),
                (FaultKind::AccessDenied, denied),
            ] {
                world.clear_faults();
                world.add_fault(FaultRule::new(kind, world.now()).on(service));
                let answer = world
                    .call_with_faults(service, operation, json!({}))
                    .expect("an answer")
                    .expect_err("a fault");
                assert_eq!((answer.code.as_str(), answer.status), expected);
            }
            world.clear_faults();
            world.add_fault(FaultRule::new(FaultKind::Timeout, world.now()));
            assert_eq!(
                world.call_with_faults(service, operation, json!({})),
                Err(Outage::Timeout)
            );
        }
    }

    #[test]
    fn a_lost_answer_took_effect_and_a_refused_call_did_not() {
        let mut world = hello(1);
        let before = live(&mut world).revision_id;
        let rule = FaultRule::new(FaultKind::ConnectionReset, world.now()).operation("UpdateAlias");
        world.add_fault(rule.clone().times(1));
        world.add_fault(rule.after_effect().times(1));
        world.clear_trace();
        assert_eq!(update(&mut world), Err(Outage::ConnectionReset));
        assert_eq!(live(&mut world).revision_id, before);
        assert_eq!(update(&mut world), Err(Outage::ConnectionReset));
        assert_ne!(live(&mut world).revision_id, before);
        assert!(
            matches!(update(&mut world), Ok(Ok(_))),
            "both rules are spent"
        );
        let met: Vec<_> = world
            .trace()
            .filter(|entry| entry.operation == "UpdateAlias")
            .map(|entry| entry.fault)
            .collect();
        let reset = FaultKind::ConnectionReset;
        assert_eq!(
            met,
            [
                Some((reset, Effect::BeforeEffect)),
                Some((reset, Effect::AfterEffect)),
                None
            ]
        );
    }

    #[test]
    fn a_rule_has_its_time_and_its_operation() {
        let mut world = hello(1);
        let from = world.now() + SignedDuration::from_secs(10);
        let until = from + SignedDuration::from_secs(60);
        world.add_fault(
            FaultRule::new(FaultKind::Throttle, from)
                .until(until)
                .operation("GetAlias"),
        );
        let mut throttled = Vec::new();
        for _ in 0..9 {
            let answer = get(&mut world).expect("no outage");
            throttled.push(answer.is_err());
            assert!(matches!(update(&mut world), Ok(Ok(_))));
            pass(&mut world, 10);
        }
        assert_eq!(
            throttled,
            [false, true, true, true, true, true, true, false, false]
        );
    }

    #[test]
    fn typed_and_named_calls_meet_the_same_faults() {
        let mut world = hello(1);
        shift(&mut world, 0.1);
        world.add_fault(FaultRule::new(FaultKind::Timeout, world.now()).times(2));
        let typed = world.under_faults(Service::Lambda, "GetAlias", |world| Ok(live(world)));
        assert_eq!(typed, Err(Outage::Timeout));
        assert_eq!(get(&mut world), Err(Outage::Timeout));
        assert!(matches!(get(&mut world), Ok(Ok(_))));
    }
}
