//! Asynchronous invocations in virtual time.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::sim::fixture::{ROLE, code, hello, pass, start};
use crate::sim::invocations::{
    Destination, DestinationConfig, Ended, GetFunctionEventInvokeConfigRequest, Invocation,
    PutFunctionEventInvokeConfigRequest,
};
use crate::sim::lambda::{CreateFunctionRequest, InvokeRequest};
use crate::sim::topics::CreateTopicRequest;
use crate::sim::{Behaviour, FaultKind, FaultRule, Service, World};

/// `hello` and `hook` are served by processes.
fn world() -> World {
    let mut world = hello(1);
    world.host(["bootstrap"]);
    let hook = CreateFunctionRequest {
        function_name: "hook".to_owned(),
        role: ROLE.to_owned(),
        ..Default::default()
    };
    world.create_function(hook).expect("a new function");
    world
}

fn send(world: &mut World, function: &str) {
    let request = InvokeRequest {
        function_name: function.to_owned(),
        invocation_type: Some("Event".to_owned()),
        payload: Some(r#"{"a":1}"#.to_owned()),
        ..Default::default()
    };
    assert_eq!(world.invoke(request).expect("accepted").status_code, 202);
}

fn put(world: &mut World, change: impl FnOnce(&mut PutFunctionEventInvokeConfigRequest)) {
    let mut request = PutFunctionEventInvokeConfigRequest {
        function_name: "hello".to_owned(),
        ..Default::default()
    };
    change(&mut request);
    world
        .put_function_event_invoke_config(request)
        .expect("valid");
}

fn on_failure(arn: &str) -> Option<DestinationConfig> {
    Some(DestinationConfig {
        on_failure: Some(Destination {
            destination: Some(arn.to_owned()),
        }),
        on_success: None,
    })
}

fn fail(world: &mut World, invocation: &Invocation) {
    let payload = r#"{"errorType":"E","errorMessage":"m"}"#.to_owned();
    assert!(world.end_invocation(invocation.id, 5.0, Ended::Failed { payload }));
}

fn payload(invocation: &Invocation) -> Value {
    serde_json::from_str(&invocation.payload).expect("JSON")
}

/// Lets time pass by the second; answers the seconds in which `hello` was attempted, all failed.
fn failing_attempts(world: &mut World, seconds: i64) -> Vec<i64> {
    let mut attempts = Vec::new();
    for _ in 0..seconds {
        for invocation in world.take_invocations() {
            attempts.push(invocation.started.duration_since(start()).as_secs());
            fail(world, &invocation);
        }
        pass(world, 1);
    }
    attempts
}

#[test]
fn a_function_error_is_tried_twice_more_after_one_and_two_minutes() {
    let mut world = world();
    send(&mut world, "hello");
    assert_eq!(failing_attempts(&mut world, 1_000), [0, 60, 180]);
    assert_eq!(world.open_invocations(), 0);
}

#[test]
fn attempts_share_the_request_id_and_a_success_ends_them() {
    let mut world = world();
    send(&mut world, "hello");
    let first = world.take_invocations().remove(0);
    fail(&mut world, &first);
    assert!(
        !world.end_invocation(first.id, 1.0, Ended::TimedOut),
        "it ends once"
    );
    pass(&mut world, 60);
    let second = world.take_invocations().remove(0);
    assert_eq!(second.request_id, first.request_id);
    assert_ne!(second.id, first.id);
    world.end_invocation(second.id, 1.0, Ended::Answered("{}".to_owned()));
    assert_eq!(failing_attempts(&mut world, 1_000), [0; 0]);
}

#[test]
fn a_given_up_event_goes_to_the_function_on_failure() {
    let mut world = world();
    let arn = world.function_arn("hook", None);
    put(&mut world, |request| {
        request.maximum_retry_attempts = Some(1);
        request.destination_config = on_failure(&arn);
    });
    send(&mut world, "hello");
    let first = world.take_invocations().remove(0);
    fail(&mut world, &first);
    pass(&mut world, 60);
    let second = world.take_invocations().remove(0);
    world.end_invocation(second.id, 3_000.0, Ended::TimedOut);
    pass(&mut world, 1);
    let told = world.take_invocations().remove(0);
    assert_eq!(told.function, "hook");
    let record = payload(&told);
    assert_eq!(
        record["requestContext"],
        json!({
            "requestId": first.request_id,
            "functionArn": "arn:aws:lambda:us-east-1:000000000000:function:hello:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 2,
        })
    );
    assert_eq!(record["version"], "1.0");
    assert_eq!(record["timestamp"], "2026-11-21T05:52:00.000Z");
    assert_eq!(record["requestPayload"], json!({"a": 1}));
    assert_eq!(
        record["responseContext"],
        json!({"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"})
    );
    let error = &record["responsePayload"];
    assert_eq!(error["errorType"], "Sandbox.Timedout");
    let message = error["errorMessage"].as_str().expect("a message");
    assert!(
        message.ends_with("Task timed out after 3.00 seconds"),
        "{message}"
    );
}

#[test]
fn a_given_up_event_goes_to_the_topic_on_failure() {
    let mut world = world();
    let topic = CreateTopicRequest {
        name: "lost".to_owned(),
        ..Default::default()
    };
    let arn = world.create_topic(topic).expect("a topic").topic_arn;
    put(&mut world, |request| {
        request.maximum_retry_attempts = Some(0);
        request.destination_config = on_failure(&arn);
    });
    send(&mut world, "hello");
    assert_eq!(failing_attempts(&mut world, 10), [0]);
    let message = world.messages().next().expect("a message").message.clone();
    assert!(message.contains("RetriesExhausted"), "{message}");
}

#[test]
fn a_function_that_is_its_own_destination_does_not_stop_time() {
    let mut world = hello(1);
    let arn = world.function_arn("hello", None);
    put(&mut world, |request| {
        request.maximum_retry_attempts = Some(0);
        request.destination_config = on_failure(&arn);
    });
    let failing = Behaviour {
        error_rate: 1.0,
        ..Behaviour::default()
    };
    world
        .set_behaviour("hello", "$LATEST", failing)
        .expect("it exists");
    send(&mut world, "hello");
    pass(&mut world, 100);
    assert_eq!(world.now(), start() + SignedDuration::from_secs(100));
}

#[test]
fn what_is_too_old_is_given_up() {
    let mut world = world();
    let arn = world.function_arn("hook", None);
    put(&mut world, |request| {
        request.maximum_event_age_in_seconds = Some(90);
        request.destination_config = on_failure(&arn);
    });
    send(&mut world, "hello");
    let first = world.take_invocations().remove(0);
    fail(&mut world, &first);
    pass(&mut world, 60);
    let second = world.take_invocations().remove(0);
    fail(&mut world, &second);
    pass(&mut world, 31);
    let told = world.take_invocations().remove(0);
    assert_eq!(told.function, "hook", "the third attempt would be too late");
    let context = &payload(&told)["requestContext"];
    assert_eq!(context["condition"], "EventAgeExceeded");
    assert_eq!(context["approximateInvokeCount"], 2);
}

#[test]
fn throttles_and_failures_of_the_service_are_not_counted_as_attempts() {
    let mut world = world();
    for kind in [FaultKind::Throttle, FaultKind::InternalError] {
        let rule = FaultRule::new(kind, world.now()).on(Service::Lambda);
        world.add_fault(rule.operation("Invoke").times(3));
    }
    send(&mut world, "hello");
    // Six refusals: 1 + 2 + 4 + 8 + 16 + 32 seconds.
    assert_eq!(failing_attempts(&mut world, 1_000), [63, 123, 243]);
}

#[test]
fn a_result_that_the_queue_does_not_hear_makes_a_duplicate() {
    let mut world = world();
    let rule = FaultRule::new(FaultKind::Timeout, world.now()).operation("Invoke");
    world.add_fault(rule.after_effect().times(1));
    send(&mut world, "hello");
    pass(&mut world, 1);
    let both = world.take_invocations();
    assert_eq!(both.len(), 2);
    assert_eq!(both[0].request_id, both[1].request_id);
}

#[test]
fn duplicates_come_as_often_as_the_world_says() {
    let mut world = world();
    let mut count = |rate| {
        world.set_duplicates(rate);
        for _ in 0..100 {
            send(&mut world, "hello");
        }
        pass(&mut world, 1);
        let taken = world.take_invocations();
        for invocation in &taken {
            world.end_invocation(invocation.id, 1.0, Ended::Answered(String::new()));
        }
        taken.len()
    };
    assert_eq!((count(0.0), count(1.0)), (100, 200));
    let some = count(0.3);
    assert!((110..=150).contains(&some), "{some}");
}

#[test]
fn a_modelled_function_takes_the_same_way() {
    let mut world = hello(1);
    let failing = Behaviour {
        error_rate: 1.0,
        ..Behaviour::default()
    };
    world
        .set_behaviour("hello", "$LATEST", failing)
        .expect("it exists");
    send(&mut world, "hello");
    pass(&mut world, 600);
    let errors =
        crate::sim::fixture::lambda_data(&mut world, "Errors", &[("FunctionName", "hello")], "Sum");
    assert_eq!(errors, [(0, 1.0), (60, 1.0), (180, 1.0)]);
}

#[test]
fn settings_are_kept_by_qualifier_and_checked() {
    let mut world = world();
    put(&mut world, |request| {
        request.qualifier = Some("live".to_owned());
        request.maximum_event_age_in_seconds = Some(3_000);
    });
    let get = |qualifier: Option<&str>| GetFunctionEventInvokeConfigRequest {
        function_name: "hello".to_owned(),
        qualifier: qualifier.map(str::to_owned),
    };
    let found = world
        .get_function_event_invoke_config(get(Some("live")))
        .expect("put");
    assert_eq!(found.maximum_event_age_in_seconds, Some(3_000));
    assert!(found.function_arn.ends_with(":hello:live"));
    let none = world.get_function_event_invoke_config(get(None));
    assert_eq!(code(none), "ResourceNotFoundException");

    type Change = fn(&mut PutFunctionEventInvokeConfigRequest);
    let refused: [(Change, &str); 4] = [
        (
            |request| request.maximum_retry_attempts = Some(3),
            "ValidationException",
        ),
        (
            |request| request.maximum_event_age_in_seconds = Some(59),
            "ValidationException",
        ),
        (
            |request| request.qualifier = Some("9".to_owned()),
            "ResourceNotFoundException",
        ),
        (
            |request| request.destination_config = on_failure("arn:aws:sqs:us-east-1:0:q"),
            "InvalidParameterValueException",
        ),
    ];
    for (change, expected) in refused {
        let mut request = PutFunctionEventInvokeConfigRequest {
            function_name: "hello".to_owned(),
            ..Default::default()
        };
        change(&mut request);
        let answer = world.put_function_event_invoke_config(request);
        assert_eq!(code(answer), expected);
    }
}
