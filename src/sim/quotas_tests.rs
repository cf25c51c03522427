//! Calls a second and places at once: who is refused, and who is not.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::*;
use crate::sim::fixture::{hello, pass};
use crate::sim::invocations::{Begun, Ended};
use crate::sim::lambda::InvokeRequest;
use crate::sim::{AwsError, Behaviour};

fn call(world: &mut World, operation: &str) -> Result<Value, AwsError> {
    let service = match operation {
        "DescribeAlarms" => Service::CloudWatch,
        _ => Service::Lambda,
    };
    let input = json!({"FunctionName": "hello", "Name": "live"});
    world
        .call_with_faults(service, operation, input)
        .expect("an answer")
}

/// How many of so many calls at once are not throttled.
fn passed(world: &mut World, operation: &str, calls: u32) -> usize {
    let throttled = |error: &AwsError| {
        ["TooManyRequestsException", "Throttling"].contains(&error.code.as_str())
    };
    let answers = (0..calls).map(|_| call(world, operation));
    answers
        .filter(|answer| !answer.as_ref().is_err_and(throttled))
        .count()
}

#[test]
fn operations_of_a_limit_share_it_and_others_do_not_meet_it() {
    let mut world = hello(1);
    world.limit(CallLimit::new(Service::Lambda, 15.0).except("Invoke"));
    world.limit(CallLimit::new(Service::CloudWatch, 9.0).only(&["DescribeAlarms"]));
    assert_eq!(passed(&mut world, "GetAlias", 10), 10);
    assert_eq!(passed(&mut world, "UpdateAlias", 10), 5);
    assert_eq!(passed(&mut world, "DescribeAlarms", 10), 9);
    assert_eq!(passed(&mut world, "Invoke", 50), 50);
    let refused = call(&mut world, "GetAlias").expect_err("no token");
    assert_eq!(
        (refused.code.as_str(), refused.status),
        ("TooManyRequestsException", 429)
    );
    assert_eq!(refused.fields["Reason"], "CallerRateLimitExceeded");
}

#[test]
fn tokens_come_back_with_time_up_to_the_burst() {
    let mut world = hello(1);
    world.limit(CallLimit::new(Service::Lambda, 2.0).burst(5.0));
    assert_eq!(passed(&mut world, "GetAlias", 10), 5);
    let half = world.now() + SignedDuration::from_millis(500);
    world.advance_to(half);
    assert_eq!(passed(&mut world, "GetAlias", 10), 1);
    pass(&mut world, 60);
    assert_eq!(passed(&mut world, "GetAlias", 10), 5);
}

/// Of 200 invocations one after the other, how many found a place.
fn placed(world: &mut World) -> usize {
    let begin = |world: &mut World| {
        let request = InvokeRequest {
            function_name: "stepper".to_owned(),
            ..InvokeRequest::default()
        };
        match world.begin_invoke(request) {
            Ok(Begun::Pending(id)) => {
                world.end_invocation(id, 1.0, Ended::Answered("1".to_owned()))
            }
            Ok(Begun::Done(_)) => panic!("it is hosted"),
            Err(error) => {
                assert_eq!(error.fields["Reason"], "ConcurrentInvocationLimitExceeded");
                false
            }
        }
    };
    (0..200).filter(|_| begin(world)).count()
}

fn with_a_stepper() -> World {
    let mut world = hello(1);
    let input = json!({
        "FunctionName": "stepper", "Role": "arn:aws:iam::000000000000:role/r", "Runtime": "provided.al2023",
        "Handler": "stepper", "Code": {"ZipFile": "x"},
    });
    world
        .call(Service::Lambda, "CreateFunction", input)
        .expect("a function");
    world.host(["stepper"]);
    world.set_concurrency(100);
    world
}

#[test]
fn a_version_that_hangs_takes_the_places_of_others_but_not_reserved_ones() {
    let mut world = with_a_stepper();
    world.set_traffic("hello", "live", 50.0).expect("a rate");
    pass(&mut world, 120);
    // Fifty requests a second of 50 ms hold two or three places.
    assert_eq!(placed(&mut world), 200);
    let hangs = Behaviour {
        latency_ms: 30_000.0,
        ..Behaviour::default()
    };
    world.set_behaviour("hello", "1", hangs).expect("a version");
    pass(&mut world, 120);
    // They ask for 1,500 places now.
    let few = placed(&mut world);
    assert!((0..40).contains(&few), "{few}");
    world.reserve_concurrency("stepper", 10);
    pass(&mut world, 60);
    assert_eq!(placed(&mut world), 200);
    world.reserve_concurrency("stepper", 0);
    world
        .set_behaviour("hello", "1", Behaviour::default())
        .expect("a version");
    pass(&mut world, 600);
    assert_eq!(placed(&mut world), 200);
}

/// The alias goes back to the other version: what runs ends all the same.
#[test]
fn places_of_a_version_without_traffic_fall_free() {
    let mut world = with_a_stepper();
    let hangs = Behaviour {
        latency_ms: 30_000.0,
        ..Behaviour::default()
    };
    world.set_behaviour("hello", "1", hangs).expect("a version");
    world.set_traffic("hello", "live", 50.0).expect("a rate");
    pass(&mut world, 120);
    assert!(placed(&mut world) < 40);
    let input = json!({"FunctionName": "hello", "Name": "live", "FunctionVersion": "2"});
    world
        .call(Service::Lambda, "UpdateAlias", input)
        .expect("two versions");
    pass(&mut world, 180);
    assert_eq!(placed(&mut world), 200);
}

#[test]
fn what_one_function_reserves_the_others_lack() {
    let mut world = with_a_stepper();
    world.reserve_concurrency("stepper", 10);
    let pool = |function| world.concurrency.pool(function);
    assert_eq!((pool("stepper"), pool("hello")), (Some(10.0), Some(90.0)));
}

/// What its requests hold already is not taken from what its next ones may get.
#[test]
fn a_version_alone_fills_the_whole_pool_and_keeps_it() {
    let mut world = with_a_stepper();
    for _ in 0..60 {
        world.take_places("hello", "1", 50, 30.0);
        world.settle_places();
    }
    let held = world.concurrency.busy_beside("hello");
    assert!((held - 100.0).abs() < 0.5, "{held}");
}

#[test]
fn without_limits_nothing_is_refused() {
    let mut world = hello(1);
    assert_eq!(passed(&mut world, "GetAlias", 1_000), 1_000);
    assert!((world.chance_of_a_place("hello") - 1.0).abs() < f64::EPSILON);
}
