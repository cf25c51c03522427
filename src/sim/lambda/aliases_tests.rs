//! Aliases: what is changed, what is kept, what is refused.

use super::*;
use crate::sim::fixture::{ROLE, code, hello, live, publish, update, weights};
use crate::sim::lambda::{
    DeadLetterConfig, PublishVersionRequest, UpdateFunctionConfigurationRequest,
};

#[test]
fn absent_members_stay_and_an_empty_map_clears() {
    let mut world = hello(1);
    let shifted = UpdateAliasRequest {
        description: Some("mark".to_owned()),
        routing_config: weights(&[("2", 0.1)]),
        ..update()
    };
    let shifted = world.update_alias(shifted).expect("valid");
    assert_eq!(
        (
            shifted.function_version.as_str(),
            shifted.description.as_str()
        ),
        ("1", "mark")
    );
    assert_eq!(shifted.routing_config, weights(&[("2", 0.1)]));
    assert_eq!(
        shifted.alias_arn,
        "arn:aws:lambda:us-east-1:000000000000:function:hello:live"
    );

    for unchanged in [None, Some(AliasRoutingConfiguration::default())] {
        let kept = world.update_alias(UpdateAliasRequest {
            routing_config: unchanged,
            ..update()
        });
        assert_eq!(kept.expect("valid").routing_config, weights(&[("2", 0.1)]));
    }
    let cleared = world.update_alias(UpdateAliasRequest {
        routing_config: weights(&[]),
        ..update()
    });
    let cleared = cleared.expect("valid");
    assert_eq!(
        (cleared.routing_config, cleared.description.as_str()),
        (None, "mark")
    );
}

#[test]
fn every_change_has_a_new_revision_and_an_old_one_is_refused() {
    let mut world = hello(1);
    let first = live(&mut world).revision_id;
    let with = |revision: &str| UpdateAliasRequest {
        revision_id: Some(revision.to_owned()),
        ..update()
    };
    let second = world
        .update_alias(with(&first))
        .expect("the latest revision")
        .revision_id;
    assert_ne!(first, second);
    let refused = world
        .update_alias(with(&first))
        .expect_err("an old revision");
    assert_eq!(
        (refused.code.as_str(), refused.status),
        ("PreconditionFailedException", 412)
    );
    assert_eq!(
        refused.message,
        "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id"
    );
    let before = live(&mut world);
    world.touch_alias("hello", "live").expect("exists");
    let after = live(&mut world);
    assert_ne!(before.revision_id, after.revision_id);
    assert_eq!(
        AliasConfiguration {
            revision_id: before.revision_id.clone(),
            ..after
        },
        before
    );
}

#[test]
fn impossible_targets_are_refused_and_change_nothing() {
    let mut world = hello(1);
    let before = live(&mut world);
    let refused = [
        (
            weights(&[("2", 0.1), ("3", 0.1)]),
            None,
            "InvalidParameterValueException",
        ),
        (weights(&[("2", 1.5)]), None, "ValidationException"),
        (weights(&[("2", -0.1)]), None, "ValidationException"),
        (weights(&[("2", f64::NAN)]), None, "ValidationException"),
        (weights(&[("$LATEST", 0.1)]), None, "ValidationException"),
        (
            weights(&[("2", 0.1)]),
            Some("$LATEST"),
            "InvalidParameterValueException",
        ),
        (
            weights(&[("2", 0.1)]),
            Some("2"),
            "InvalidParameterValueException",
        ),
        (weights(&[("9", 0.1)]), None, "ResourceNotFoundException"),
        (None, Some("9"), "ResourceNotFoundException"),
        (None, Some("live"), "ValidationException"),
        (None, Some("01"), "ResourceNotFoundException"),
        (weights(&[("02", 0.1)]), None, "ResourceNotFoundException"),
    ];
    for (routing_config, version, expected) in refused {
        let request = UpdateAliasRequest {
            routing_config,
            function_version: version.map(str::to_owned),
            ..update()
        };
        assert_eq!(
            code(world.update_alias(request.clone())),
            expected,
            "{request:?}"
        );
    }
    let long = UpdateAliasRequest {
        description: Some("x".repeat(257)),
        ..update()
    };
    assert_eq!(code(world.update_alias(long)), "ValidationException");
    assert_eq!(live(&mut world), before);
}

#[test]
fn promoting_a_version_that_keeps_its_weight_is_refused() {
    let mut world = hello(1);
    crate::sim::fixture::shift(&mut world, 0.5);
    let promote = UpdateAliasRequest {
        function_version: Some("2".to_owned()),
        ..update()
    };
    let refused = world
        .update_alias(promote.clone())
        .expect_err("2 is in the weights");
    assert!(
        refused
            .message
            .contains("already included in routing configuration"),
        "{}",
        refused.message
    );
    let promote = UpdateAliasRequest {
        routing_config: weights(&[]),
        ..promote
    };
    assert_eq!(
        world.update_alias(promote).expect("valid").function_version,
        "2"
    );
}

#[test]
fn both_versions_need_the_same_role_and_dead_letter_queue() {
    let changes = [
        UpdateFunctionConfigurationRequest {
            role: Some(format!("{ROLE}-other")),
            ..Default::default()
        },
        UpdateFunctionConfigurationRequest {
            dead_letter_config: Some(DeadLetterConfig {
                target_arn: Some("arn:aws:sqs:us-east-1:000000000000:q".to_owned()),
            }),
            ..Default::default()
        },
    ];
    for change in changes {
        let mut world = hello(1);
        let change = UpdateFunctionConfigurationRequest {
            function_name: "hello".to_owned(),
            ..change
        };
        world.update_function_configuration(change).expect("valid");
        let request = PublishVersionRequest {
            function_name: "hello".to_owned(),
            ..Default::default()
        };
        let other = world.publish_version(request).expect("changed").version;
        let request = UpdateAliasRequest {
            routing_config: weights(&[(&other, 0.1)]),
            ..update()
        };
        assert_eq!(
            code(world.update_alias(request)),
            "InvalidParameterValueException"
        );
        // Without weights there is nothing to be the same as.
        let request = UpdateAliasRequest {
            function_version: Some(other),
            ..update()
        };
        world.update_alias(request).expect("valid");
    }
}

#[test]
fn names_of_aliases() {
    let mut world = hello(1);
    let request = |name: &str| CreateAliasRequest {
        function_name: "hello".to_owned(),
        name: name.to_owned(),
        function_version: "1".to_owned(),
        ..Default::default()
    };
    for name in ["", "12", "a b", "a:b"] {
        assert_eq!(
            code(world.create_alias(request(name))),
            "ValidationException",
            "{name}"
        );
    }
    assert_eq!(
        code(world.create_alias(request("live"))),
        "ResourceConflictException"
    );
    world.create_alias(request("v1")).expect("a new alias");
    let list = |version: Option<&str>| ListAliasesRequest {
        function_name: "hello".to_owned(),
        function_version: version.map(str::to_owned),
        ..Default::default()
    };
    assert_eq!(
        world.list_aliases(list(None)).expect("valid").aliases.len(),
        2
    );
    assert_eq!(
        world
            .list_aliases(list(Some("2")))
            .expect("valid")
            .aliases
            .len(),
        0
    );
    let delete = DeleteAliasRequest {
        function_name: "hello".to_owned(),
        name: "v1".to_owned(),
    };
    world.delete_alias(delete.clone()).expect("exists");
    world
        .delete_alias(delete)
        .expect("deleting twice is no error");
    assert_eq!(
        world.list_aliases(list(None)).expect("valid").aliases.len(),
        1
    );
}

#[test]
fn what_does_not_exist_is_named_by_its_arn() {
    let mut world = hello(1);
    let mut get = |function: &str, name: &str| {
        let request = GetAliasRequest {
            function_name: function.to_owned(),
            name: name.to_owned(),
        };
        let error = world.get_alias(request).expect_err("missing");
        assert_eq!(
            (error.code.as_str(), error.status),
            ("ResourceNotFoundException", 404)
        );
        assert_eq!(error.fields["Type"], "User");
        error.message
    };
    let arn = "arn:aws:lambda:us-east-1:000000000000:function";
    assert_eq!(
        get("hello", "dev"),
        format!("Cannot find alias arn: {arn}:hello:dev")
    );
    assert_eq!(get("bye", "live"), format!("Function not found: {arn}:bye"));
    let request = UpdateAliasRequest {
        name: "dev".to_owned(),
        ..update()
    };
    let error = world.update_alias(request).expect_err("missing");
    assert_eq!(error.message, format!("Alias not found: {arn}:hello:dev"));
}

#[test]
fn a_third_version_can_take_the_weight() {
    let mut world = hello(1);
    assert_eq!(publish(&mut world, &[("RELEASE", "3")]), "3");
    let request = UpdateAliasRequest {
        routing_config: weights(&[("3", 1.0)]),
        ..update()
    };
    assert_eq!(
        world.update_alias(request).expect("valid").routing_config,
        weights(&[("3", 1.0)])
    );
}

#[test]
fn writes_of_an_alias_are_remembered_for_long_but_not_for_ever() {
    let mut world = hello(1);
    for _ in 0..20_005 {
        world.update_alias(update()).expect("valid");
    }
    let kept = world.alias_changes().len();
    assert!((10_000..=20_000).contains(&kept), "{kept}");
}
