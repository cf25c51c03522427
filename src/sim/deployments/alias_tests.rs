//! What the alias must look like, at Start and as the traffic opens.

use super::fixture::*;
use super::*;
use crate::sim::fixture::{pass, shift, update, weights};

/// A deployment with a hook that waits; the alias is edited meanwhile, then the hook answers.
fn edited(strictness: Strictness, edit: impl Fn(&mut World)) -> (World, String) {
    let mut world = shop();
    world.set_codedeploy(strictness);
    let id = begin(&mut world, release("AllAtOnce", &BOTH[..1]));
    pass(&mut world, TO_HOOK);
    edit(&mut world);
    answer_open(&mut world, "Succeeded");
    pass(&mut world, 2);
    (world, id)
}

fn shift_and_put_back(world: &mut World) {
    shift(world, 0.3);
    let back = crate::sim::lambda::UpdateAliasRequest {
        routing_config: weights(&[]),
        ..update()
    };
    world.update_alias(back).expect("a valid update");
}

fn refusal(world: &mut World, id: &str) -> String {
    assert_eq!(outcome(world, id), failed("INVALID_LAMBDA_CONFIGURATION"));
    let error = info(world, id).error_information.expect("failed");
    error.message
}

#[test]
fn an_alias_that_does_not_fit_fails_the_deployment_at_start() {
    for (current, target, words) in [
        ("2", "1", "is at version 1, not at the CurrentVersion 2"),
        ("1", "1", "nothing to deploy"),
        ("1", "9", "Function not found"),
        ("1", "$LATEST", "not the number of a published version"),
    ] {
        let mut world = shop();
        let mut request = release("AllAtOnce", BOTH);
        request.revision = Some(revision(&spec(current, target, BOTH)));
        let id = begin(&mut world, request);
        pass(&mut world, TO_START);
        let message = refusal(&mut world, &id);
        assert!(message.contains(words), "{message}");
        assert_eq!(events(&mut world, &id), ["Skipped", "Skipped", "Skipped"]);
        pass(&mut world, 1000);
        assert_eq!(traffic(&mut world), at("1"));
        assert_eq!(rollback_of(&mut world, &id), None, "nothing was changed");
    }
}

#[test]
fn an_unknown_function_or_alias_fails_the_deployment() {
    for (from, to) in [
        ("\"Name\":\"hello\"", "\"Name\":\"gone\""),
        ("\"live\"", "\"dead\""),
    ] {
        let mut world = shop();
        let text = spec("1", "2", &[]).replace(from, to);
        let mut request = release("AllAtOnce", &[]);
        request.revision = Some(revision(&text));
        let id = begin(&mut world, request);
        pass(&mut world, TO_START);
        let message = refusal(&mut world, &id);
        assert!(message.contains("ResourceNotFoundException"), "{message}");
    }
}

#[test]
fn an_alias_with_two_versions_fails_the_deployment() {
    let mut world = shop();
    shift(&mut world, 0.1);
    let id = begin(&mut world, release("AllAtOnce", &[]));
    pass(&mut world, 60);
    assert!(refusal(&mut world, &id).contains("two versions"));
    assert_eq!(
        traffic(&mut world),
        shared(0.1),
        "somebody else's weights stay"
    );
}

#[test]
fn lenient_only_asks_where_the_alias_is() {
    let (mut world, id) = edited(Strictness::Lenient, shift_and_put_back);
    assert_eq!(traffic(&mut world), at("2"));
    pass(&mut world, 60);
    assert_eq!(outcome(&mut world, &id).0, "Succeeded");

    let (mut world, id) = edited(Strictness::Lenient, |world| shift(world, 0.3));
    assert!(refusal(&mut world, &id).contains("two versions"));
}

#[test]
fn strict_refuses_an_edit_even_if_it_was_taken_back() {
    let (mut world, id) = edited(Strictness::Strict, shift_and_put_back);
    assert!(refusal(&mut world, &id).contains("between Start and AllowTraffic"));
    assert_eq!(events(&mut world, &id), ["Succeeded", "Failed", "Skipped"]);
    assert_eq!(traffic(&mut world), at("1"));
    pass(&mut world, TO_HOOK);
    answer_open(&mut world, "Succeeded");
    pass(&mut world, 60);
    let rollback = rollback_of(&mut world, &id).expect("the group rolls back");
    assert_eq!(
        outcome(&mut world, &rollback).0,
        "Succeeded",
        "a rollback is not held to it"
    );
}

#[test]
fn strict_leaves_an_unedited_alias_alone() {
    let (mut world, id) = edited(Strictness::Strict, |_| {});
    pass(&mut world, 60);
    assert_eq!(outcome(&mut world, &id).0, "Succeeded");
    assert_eq!(traffic(&mut world), at("2"));
}
