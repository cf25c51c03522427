//! Invocations that a process serves.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::*;
use crate::sim::fixture::{code, hello, lambda_data, pass, shift, start, total};
use crate::sim::invocations::Begun;
use crate::sim::lambda::InvokeRequest;
use crate::sim::{Behaviour, FaultKind, FaultRule};

fn world() -> World {
    let mut world = hello(1);
    world.host(["bootstrap"]);
    world
}

fn request(function: &str) -> InvokeRequest {
    InvokeRequest {
        function_name: function.to_owned(),
        payload: Some(r#"{"a":1}"#.to_owned()),
        ..Default::default()
    }
}

fn begin(world: &mut World, function: &str) -> (u64, Invocation) {
    let begun = world.begin_invoke(request(function)).expect("a function");
    let Begun::Pending(id) = begun else {
        panic!("{begun:?}");
    };
    (id, world.take_invocations().remove(0))
}

/// The error's payload when it ended so.
fn error(ended: Ended) -> Value {
    let mut world = world();
    let (id, _) = begin(&mut world, "hello");
    world.end_invocation(id, 1.0, ended);
    let response = world.take_response(id).expect("ended").expect("answered");
    assert_eq!(response.function_error.as_deref(), Some("Unhandled"));
    assert_eq!(response.status_code, 200);
    serde_json::from_str(&response.payload.expect("a payload")).expect("JSON")
}

#[test]
fn an_invocation_says_all_that_a_process_must_know() {
    let mut world = world();
    let (id, invocation) = begin(&mut world, "hello:2");
    assert_eq!(world.take_response(id), None);
    assert_eq!(invocation.id, id);
    assert_eq!(
        invocation.invoked_arn,
        "arn:aws:lambda:us-east-1:000000000000:function:hello:2"
    );
    assert_eq!(invocation.environment["RELEASE"], "2");
    assert_eq!((invocation.timeout, invocation.memory), (3, 128));
    assert_eq!(invocation.payload, r#"{"a":1}"#);
    assert!(
        invocation.trace_id.starts_with("Root=1-"),
        "{}",
        invocation.trace_id
    );
    assert!(world.take_invocations().is_empty(), "it is taken once");

    world.end_invocation(id, 20.0, Ended::Answered("7".to_owned()));
    let response = world.take_response(id).expect("ended").expect("answered");
    assert_eq!(response.payload.as_deref(), Some("7"));
    assert_eq!(response.executed_version.as_deref(), Some("2"));
    assert_eq!(response.function_error, None);
    assert_eq!(world.take_response(id), None, "it is handed out once");
    pass(&mut world, 300);
    let of = [("FunctionName", "hello")];
    assert_eq!(lambda_data(&mut world, "Duration", &of, "Sum"), [(0, 20.0)]);
    assert_eq!(total(&lambda_data(&mut world, "Errors", &of, "Sum")), 0.0);
}

#[test]
fn every_end_has_awss_answer() {
    let failed = json!({"errorType": "E", "errorMessage": "m"});
    let payload = failed.to_string();
    assert_eq!(error(Ended::Failed { payload }), failed);
    let of = |ended: Ended| {
        let error = error(ended);
        let message = error["errorMessage"].as_str().expect("a message");
        let (id, problem) = message.split_once(" Error: ").expect("an id first");
        assert!(id.starts_with("RequestId: "), "{message}");
        (error["errorType"].clone(), problem.to_owned())
    };
    assert_eq!(
        of(Ended::TimedOut),
        (
            json!("Sandbox.Timedout"),
            "Task timed out after 3.00 seconds".to_owned()
        )
    );
    let status = "exit status: 1".to_owned();
    assert_eq!(
        of(Ended::Died { status }),
        (
            json!("Runtime.ExitError"),
            "Runtime exited with error: exit status: 1".to_owned()
        )
    );
    let reason = "no such file".to_owned();
    assert_eq!(
        of(Ended::NotStarted { reason }),
        (
            json!("Runtime.InvalidEntrypoint"),
            "no such file".to_owned()
        )
    );
}

#[test]
fn only_hosted_handlers_wait() {
    let mut world = hello(1);
    world.host(["another"]);
    let begun = world.begin_invoke(request("hello")).expect("a function");
    assert!(matches!(begun, Begun::Done(_)), "{begun:?}");
    assert_eq!(world.open_invocations(), 0);
    world.host(["bootstrap"]);
    assert_eq!(code(world.invoke(request("hello"))), "ServiceException");
}

#[test]
fn a_client_context_is_base64_of_json() {
    let mut world = world();
    let with = |context: &str| InvokeRequest {
        client_context: Some(context.to_owned()),
        ..request("hello")
    };
    world.begin_invoke(with("eyJhIjoxfQ==")).expect("valid");
    let invocation = world.take_invocations().remove(0);
    assert_eq!(invocation.client_context.as_deref(), Some(r#"{"a":1}"#));
    for wrong in ["%", "YQ=="] {
        let refused = world.begin_invoke(with(wrong));
        assert_eq!(code(refused), "InvalidRequestContentException", "{wrong}");
    }
}

#[test]
fn nobody_waits_for_an_answer_that_was_lost() {
    let mut world = world();
    let rule = FaultRule::new(FaultKind::Timeout, world.now()).operation("Invoke");
    world.add_fault(rule.clone().times(1));
    world.add_fault(rule.after_effect().times(1));
    assert!(world.begin_invoke_with_faults(request("hello")).is_err());
    assert_eq!(world.open_invocations(), 0, "it never arrived");
    assert!(world.begin_invoke_with_faults(request("hello")).is_err());
    let lost = world.take_invocations().remove(0);
    world.end_invocation(lost.id, 1.0, Ended::Answered("{}".to_owned()));
    assert_eq!(world.take_response(lost.id), None);
    let heard = world.begin_invoke_with_faults(request("hello"));
    assert!(matches!(heard, Ok(Ok(Begun::Pending(_)))), "{heard:?}");
}

#[test]
fn traffic_reaches_processes_request_by_request() {
    let mut world = world();
    shift(&mut world, 0.5);
    world.set_traffic("hello", "live", 10.0).expect("a rate");
    world.advance_while_idle(start() + SignedDuration::from_secs(60));
    assert_eq!(
        world.now(),
        start() + SignedDuration::from_secs(1),
        "time waits for the processes"
    );
    let (mut served, mut by_two) = (0, 0);
    while world.now() < start() + SignedDuration::from_secs(60) {
        for invocation in world.take_invocations() {
            let event: Value = serde_json::from_str(&invocation.payload).expect("JSON");
            assert_eq!(event["requestContext"]["http"]["method"], "GET");
            assert!(invocation.started < world.now());
            served += 1;
            let second = invocation.version == "2";
            by_two += u32::from(second);
            let ended = match second {
                true => Ended::Failed {
                    payload: "{}".to_owned(),
                },
                false => Ended::Answered("{}".to_owned()),
            };
            world.end_invocation(invocation.id, 10.0, ended);
        }
        world.advance_while_idle(start() + SignedDuration::from_secs(60));
    }
    assert!((500..700).contains(&served), "{served}");
    assert!((200..400).contains(&by_two), "{by_two}");
    for invocation in world.take_invocations() {
        world.end_invocation(invocation.id, 10.0, Ended::Answered("{}".to_owned()));
    }
    world.set_traffic("hello", "live", 0.0).expect("a rate");
    pass(&mut world, 200);
    let version = [
        ("FunctionName", "hello"),
        ("Resource", "hello:live"),
        ("ExecutedVersion", "2"),
    ];
    let errors = total(&lambda_data(&mut world, "Errors", &version, "Sum"));
    assert_eq!(
        errors,
        f64::from(by_two),
        "what the processes did is counted"
    );
}

#[test]
fn much_traffic_is_modelled() {
    let mut world = world();
    world.set_traffic("hello", "live", 21.0).expect("a rate");
    pass(&mut world, 60);
    assert_eq!(world.open_invocations(), 0);
    world.set_traffic_limit(30.0);
    pass(&mut world, 5);
    assert!(world.open_invocations() > 50);
}

#[test]
fn hosted_functions_are_throttled_too() {
    let mut world = world();
    let throttled = Behaviour {
        throttle_rate: 1.0,
        ..Behaviour::default()
    };
    world
        .set_behaviour("hello", "1", throttled)
        .expect("it exists");
    let refused = world.begin_invoke(request("hello:live"));
    assert_eq!(code(refused), "TooManyRequestsException");
    world.set_traffic("hello", "live", 10.0).expect("a rate");
    pass(&mut world, 10);
    assert_eq!(world.open_invocations(), 0);
}
