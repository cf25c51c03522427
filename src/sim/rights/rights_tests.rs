//! Holders of roles, and services that act under them.

use serde_json::json;

use super::*;
use crate::sim::World;
use crate::sim::fixture::{hello, pass};
use crate::sim::invocations::Begun;

const ROLE: &str = "arn:aws:iam::000000000000:role/path/narrow";

/// A world whose role `narrow` may read the alias and nothing else.
fn narrow() -> World {
    let mut world = hello(1);
    world.put_role("narrow", &read()).expect("a policy");
    world.clear_trace();
    world
}

fn read() -> Value {
    let function = "arn:aws:lambda:us-east-1:000000000000:function:hello";
    json!([{"Sid": "Read", "Effect": "Allow", "Action": "lambda:GetAlias", "Resource": function}])
}

fn call(
    world: &mut World,
    role: Option<&str>,
    operation: &str,
    input: Value,
) -> Result<Value, AwsError> {
    world.acting_as(role, |world| {
        let answer = world.call_with_faults(Service::Lambda, operation, input);
        answer.expect("no outage")
    })
}

fn alias() -> Value {
    json!({"FunctionName": "hello", "Name": "live"})
}

#[test]
fn a_role_may_what_its_policy_allows_and_no_more() {
    let mut world = narrow();
    assert!(call(&mut world, Some("narrow"), "GetAlias", alias()).is_ok());
    let mut change = alias();
    change["Description"] = "taken".into();
    let refused = call(&mut world, Some("narrow"), "UpdateAlias", change.clone());
    let refused = refused.expect_err("it may not");
    assert_eq!(
        (refused.code.as_str(), refused.status),
        ("AccessDeniedException", 403)
    );
    assert!(
        refused.message.contains("assumed-role/narrow/") && refused.message.contains("perform: lambda:UpdateAlias on resource: arn:aws:lambda:us-east-1:000000000000:function:hello because"),
        "{}",
        refused.message
    );
    let left = call(&mut world, None, "GetAlias", alias()).expect("the alias");
    assert_ne!(left["Description"], "taken");
    // Whoever has no role, or one that nobody described, may do as before.
    for role in [None, Some("somebody-elses")] {
        assert!(call(&mut world, role, "UpdateAlias", change.clone()).is_ok());
    }
}

#[test]
fn what_was_asked_for_is_kept_with_what_allowed_it_and_with_who_asked() {
    let mut world = narrow();
    for role in [Some("narrow"), Some("narrow"), Some("somebody-elses"), None] {
        let _ = call(&mut world, role, "GetAlias", alias());
    }
    let _ = call(&mut world, Some("narrow"), "ListAliases", alias());
    let uses: Vec<_> = world
        .right_uses()
        .map(|one| {
            (
                one.role.as_str(),
                one.action.as_str(),
                one.statement.as_deref(),
            )
        })
        .collect();
    let wanted = [
        ("narrow", "lambda:GetAlias", Some("Read")),
        ("narrow", "lambda:ListAliases", None),
    ];
    assert_eq!(uses, wanted);
    let callers: Vec<_> = world.trace().map(|entry| entry.caller.as_deref()).collect();
    let narrow = Some("narrow");
    assert_eq!(
        callers,
        [narrow, narrow, Some("somebody-elses"), None, narrow]
    );
    let last = world.trace().last().expect("a call");
    assert_eq!(
        last.error.as_deref(),
        Some("AccessDeniedException"),
        "a refusal is a call too"
    );
}

#[test]
fn invoking_needs_its_right_too() {
    let mut world = narrow();
    let request = InvokeRequest {
        function_name: "hello".to_owned(),
        ..InvokeRequest::default()
    };
    let mut invoke = |role| {
        world.acting_as(role, |world| {
            world.begin_invoke_with_faults(request.clone())
        })
    };
    let refused = invoke(Some("narrow"))
        .expect("no outage")
        .expect_err("it may not");
    assert_eq!(refused.code, "AccessDeniedException");
    assert!(matches!(invoke(None), Ok(Ok(Begun::Done(_)))));
}

#[test]
fn a_policy_that_is_none_is_refused() {
    let refused = hello(1).put_role("narrow", &json!([{"Effect": "Allow"}]));
    assert_eq!(
        refused.expect_err("it has no action").code,
        "MalformedPolicyDocument"
    );
}

/// A machine whose one task invokes `hello`; how its execution ended.
fn run_machine(world: &mut World) -> Value {
    let definition = json!({"StartAt": "A", "States": {"A": {
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true,
        "Parameters": {"FunctionName": "hello"},
    }}});
    let machine = json!({"name": "m", "definition": definition.to_string(), "roleArn": ROLE});
    let made = world
        .call(Service::StepFunctions, "CreateStateMachine", machine)
        .expect("a machine");
    let started = json!({"stateMachineArn": made["stateMachineArn"]});
    let started = world
        .call(Service::StepFunctions, "StartExecution", started)
        .expect("an execution");
    pass(world, 5);
    let asked = json!({"executionArn": started["executionArn"]});
    world
        .call(Service::StepFunctions, "DescribeExecution", asked)
        .expect("it is there")
}

#[test]
fn a_task_invokes_under_its_machines_role() {
    let ended = run_machine(&mut narrow());
    assert_eq!(
        (&ended["status"], &ended["error"]),
        (&json!("FAILED"), &json!("Lambda.AccessDeniedException"))
    );
    let mut world = narrow();
    let mut statements = read();
    statements[0]["Action"] = "lambda:InvokeFunction".into();
    world.put_role("narrow", &statements).expect("a policy");
    assert_eq!(run_machine(&mut world)["status"], "SUCCEEDED");
}

/// Lets `hello` fail an event; how many messages its destination got.
fn messages_of_a_failure(world: &mut World) -> usize {
    let topic = world
        .call(Service::Sns, "CreateTopic", json!({"Name": "t"}))
        .expect("a topic");
    let role = json!({"FunctionName": "hello", "Role": ROLE});
    world
        .call(Service::Lambda, "UpdateFunctionConfiguration", role)
        .expect("changed");
    let to = json!({"OnFailure": {"Destination": topic["TopicArn"]}});
    let settings =
        json!({"FunctionName": "hello", "MaximumRetryAttempts": 0, "DestinationConfig": to});
    world
        .call(Service::Lambda, "PutFunctionEventInvokeConfig", settings)
        .expect("set");
    world.host(["bootstrap"]);
    let event = json!({"FunctionName": "hello", "InvocationType": "Event"});
    world
        .call(Service::Lambda, "Invoke", event)
        .expect("accepted");
    let taken = world.take_invocations();
    let ended = crate::sim::invocations::Ended::Died {
        status: "exit status 1".to_owned(),
    };
    world.end_invocation(taken[0].id, 1.0, ended);
    world.messages().count()
}

#[test]
fn a_destination_gets_its_record_under_the_functions_role() {
    assert_eq!(messages_of_a_failure(&mut narrow()), 0);
    let mut world = narrow();
    let publish =
        json!([{"Effect": "Allow", "Action": "sns:Publish", "Resource": "arn:aws:sns:*:*:t"}]);
    world.put_role("narrow", &publish).expect("a policy");
    assert_eq!(messages_of_a_failure(&mut world), 1);
}
