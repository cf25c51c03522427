//! State machines as clients create, change and delete them.

use serde_json::json;

use super::rehearsal::{MACHINE, ROLE, RUN, create, describe, only, start, status, wait};
use super::wire::{
    CreateStateMachineRequest, DeleteStateMachineRequest, DescribeStateMachineRequest,
    ListStateMachinesRequest, UpdateStateMachineRequest,
};
use crate::sim::errors::Service;
use crate::sim::fixture::{code, hello, pass};
use crate::sim::world::World;

fn request(name: &str, definition: &str) -> CreateStateMachineRequest {
    CreateStateMachineRequest {
        name: name.to_owned(),
        definition: definition.to_owned(),
        role_arn: ROLE.to_owned(),
        ..CreateStateMachineRequest::default()
    }
}

fn update(definition: Option<String>, role_arn: Option<String>) -> UpdateStateMachineRequest {
    UpdateStateMachineRequest {
        state_machine_arn: MACHINE.to_owned(),
        definition,
        role_arn,
        ..UpdateStateMachineRequest::default()
    }
}

fn delete(world: &mut World) {
    let request = DeleteStateMachineRequest {
        state_machine_arn: MACHINE.to_owned(),
    };
    world.delete_state_machine(request).expect("always");
}

#[test]
fn the_same_machine_again_is_the_same_machine() {
    let mut world = hello(1);
    let definition = wait().to_string();
    let first = world.create_state_machine(request("rollout", &definition));
    pass(&mut world, 60);
    let again = world.create_state_machine(request("rollout", &definition));
    assert_eq!(first, again);
    let other = only(&json!({"Type": "Succeed"})).to_string();
    let other = world.create_state_machine(request("rollout", &other));
    assert_eq!(code(other), "StateMachineAlreadyExists");
}

#[test]
fn impossible_machines_are_refused() {
    let mut world = hello(1);
    let definition = wait().to_string();
    for name in ["", "a b", "a.b", "a:b", &"x".repeat(81)] {
        assert_eq!(
            code(world.create_state_machine(request(name, &definition))),
            "InvalidName"
        );
    }
    let map = only(&json!({"Type": "Map", "End": true})).to_string();
    let error = world
        .create_state_machine(request("rollout", &map))
        .expect_err("a Map state");
    assert_eq!(error.code, "InvalidDefinition");
    assert_eq!(
        error.message,
        "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: State type 'Map' is not supported at /States/A/Type'"
    );
    let long = format!("{definition}{}", " ".repeat(1_048_576));
    assert_eq!(
        code(world.create_state_machine(request("rollout", &long))),
        "InvalidDefinition"
    );
    let role = CreateStateMachineRequest {
        role_arn: "rollout".to_owned(),
        ..request("rollout", &definition)
    };
    assert_eq!(code(world.create_state_machine(role)), "InvalidArn");
    let express = CreateStateMachineRequest {
        r#type: Some("EXPRESS".to_owned()),
        ..request("rollout", &definition)
    };
    assert_eq!(
        code(world.create_state_machine(express)),
        "StateMachineTypeNotSupported"
    );
    let versioned = CreateStateMachineRequest {
        publish: Some(true),
        ..request("rollout", &definition)
    };
    assert_eq!(
        code(world.create_state_machine(versioned)),
        "ValidationException"
    );
}

#[test]
fn a_change_does_not_touch_what_runs() {
    let mut world = hello(1);
    create(&mut world, &wait());
    start(&mut world, "run", "{}").expect("started");
    let fail = only(&json!({"Type": "Fail", "Error": "New"})).to_string();
    let changed = world
        .update_state_machine(update(Some(fail.clone()), None))
        .expect("changed");
    pass(&mut world, 60);
    assert_eq!(status(&mut world, RUN), "SUCCEEDED");
    let next = start(&mut world, "next", "{}").expect("started");
    assert_eq!(describe(&mut world, &next).error.as_deref(), Some("New"));

    let described = DescribeStateMachineRequest {
        state_machine_arn: MACHINE.to_owned(),
    };
    let described = world.describe_state_machine(described).expect("exists");
    assert_eq!(described.definition, fail);
    assert_eq!(described.revision_id, changed.revision_id);
    assert_eq!(described.role_arn, ROLE);

    assert_eq!(
        code(world.update_state_machine(update(None, None))),
        "MissingRequiredParameter"
    );
    let broken = world.update_state_machine(update(Some("{}".to_owned()), None));
    assert_eq!(code(broken), "InvalidDefinition");
}

#[test]
fn deleting_aborts_what_runs_and_succeeds_twice() {
    let mut world = hello(1);
    create(&mut world, &wait());
    start(&mut world, "run", "{}").expect("started");
    delete(&mut world);
    delete(&mut world);
    assert_eq!(status(&mut world, RUN), "ABORTED");
    assert_eq!(
        code(start(&mut world, "next", "{}")),
        "StateMachineDoesNotExist"
    );
    pass(&mut world, 120);
    assert_eq!(status(&mut world, RUN), "ABORTED");
}

#[test]
fn machines_are_listed_in_pages() {
    let mut world = hello(1);
    for name in ["b", "a", "c"] {
        let made = world.create_state_machine(request(name, &wait().to_string()));
        made.expect("valid");
    }
    let list = |token: Option<String>| ListStateMachinesRequest {
        max_results: Some(2),
        next_token: token,
    };
    let first = world.list_state_machines(list(None)).expect("a page");
    let second = world
        .list_state_machines(list(first.next_token.clone()))
        .expect("a page");
    let machines = first.state_machines.iter().chain(&second.state_machines);
    let names: Vec<_> = machines.map(|machine| machine.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert_eq!(second.next_token, None);
    let foreign = world.list_state_machines(list(Some("x".to_owned())));
    assert_eq!(code(foreign), "InvalidToken");
}

#[test]
fn members_are_in_camel_case() {
    let mut world = hello(1);
    let input = json!({"name": "rollout", "definition": wait().to_string(), "roleArn": ROLE, "loggingConfiguration": {}});
    let answer = world.call(Service::StepFunctions, "CreateStateMachine", input);
    let answer = answer.expect("created");
    assert_eq!(
        answer,
        json!({"stateMachineArn": MACHINE, "creationDate": world.now().to_string()})
    );
    let described = world
        .call(
            Service::StepFunctions,
            "DescribeStateMachine",
            json!({"stateMachineArn": MACHINE}),
        )
        .expect("exists");
    assert_eq!(described["type"], json!("STANDARD"));
    let absent = world.call(Service::StepFunctions, "StartExecution", json!({}));
    let absent = absent.expect_err("no ARN");
    assert_eq!(absent.code, "ValidationException");
    assert!(
        absent.message.contains("'stateMachineArn'"),
        "{}",
        absent.message
    );
}
