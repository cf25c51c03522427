//! Functions, versions and invocations.

use super::*;
use crate::sim::fixture::{code, hello, publish, shift};
use crate::sim::lambda::{
    GetFunctionConfigurationRequest, GetFunctionRequest, InvokeRequest, ListTagsRequest,
    TagResourceRequest, UpdateFunctionCodeRequest,
};

fn invoke(
    world: &mut World,
    qualifier: &str,
) -> Result<crate::sim::lambda::InvokeResponse, AwsError> {
    let request = InvokeRequest {
        function_name: "hello".to_owned(),
        qualifier: Some(qualifier.to_owned()),
        ..Default::default()
    };
    world.invoke(request)
}

fn configuration(world: &mut World, name: &str) -> Result<FunctionConfiguration, AwsError> {
    let request = GetFunctionConfigurationRequest {
        function_name: name.to_owned(),
        ..Default::default()
    };
    world.get_function_configuration(request)
}

#[test]
fn publishing_what_did_not_change_is_the_newest_version() {
    let mut world = hello(1);
    assert_eq!(publish(&mut world, &[("RELEASE", "2")]), "2");
    assert_eq!(publish(&mut world, &[("RELEASE", "3")]), "3");
    let code = UpdateFunctionCodeRequest {
        function_name: "hello".to_owned(),
        zip_file: Some("new".to_owned()),
        publish: Some(true),
        ..Default::default()
    };
    assert_eq!(
        world
            .update_function_code(code.clone())
            .expect("valid")
            .version,
        "4"
    );
    assert_eq!(
        world.update_function_code(code).expect("valid").version,
        "4"
    );
}

#[test]
fn versions_keep_what_latest_was() {
    let mut world = hello(1);
    publish(&mut world, &[("ERROR_RATE", "0.5"), ("LATENCY_MS", "120")]);
    let third = configuration(&mut world, "hello:3").expect("exists");
    assert_eq!(
        third.function_arn,
        "arn:aws:lambda:us-east-1:000000000000:function:hello:3"
    );
    assert_eq!(
        (third.version.as_str(), third.state.as_deref()),
        ("3", Some("Active"))
    );
    assert_eq!(third.last_modified, "2026-11-21T05:51:00.000+0000");
    let first = configuration(&mut world, "hello:1").expect("exists");
    assert_ne!(first.revision_id, third.revision_id);
    assert_eq!(first.environment, None);
    let live = configuration(&mut world, "hello:live").expect("exists");
    assert_eq!(
        (
            live.version.as_str(),
            live.function_arn.ends_with(":hello:live")
        ),
        ("1", true)
    );
    assert_eq!(
        code(configuration(&mut world, "hello:9")),
        "ResourceNotFoundException"
    );
    let behaviour = world.function("hello").expect("exists").versions[&3].behaviour;
    assert_eq!((behaviour.error_rate, behaviour.latency_ms), (0.5, 120.0));
}

#[test]
fn versions_come_in_pages() {
    let mut world = hello(1);
    let request = |marker: Option<String>| ListVersionsByFunctionRequest {
        function_name: "hello".to_owned(),
        max_items: Some(2),
        marker,
    };
    let first = world
        .list_versions_by_function(request(None))
        .expect("valid");
    let second = world
        .list_versions_by_function(request(first.next_marker))
        .expect("valid");
    let ids: Vec<_> = first
        .versions
        .iter()
        .chain(&second.versions)
        .map(|version| version.version.as_str())
        .collect();
    assert_eq!((ids, second.next_marker), (vec!["$LATEST", "1", "2"], None));
}

#[test]
fn tags_belong_to_the_function() {
    let mut world = hello(1);
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:hello".to_owned();
    let tags = BTreeMap::from([("team".to_owned(), "web".to_owned())]);
    world
        .tag_resource(TagResourceRequest {
            resource: arn.clone(),
            tags: tags.clone(),
        })
        .expect("exists");
    assert_eq!(
        world
            .list_tags(ListTagsRequest {
                resource: arn.clone()
            })
            .expect("exists")
            .tags,
        tags
    );
    let request = GetFunctionRequest {
        function_name: "hello".to_owned(),
        ..Default::default()
    };
    assert_eq!(
        world.get_function(request).expect("exists").tags,
        Some(tags)
    );
    assert_eq!(
        code(world.list_tags(ListTagsRequest {
            resource: format!("{arn}:1")
        })),
        "InvalidParameterValueException"
    );
    assert_eq!(
        code(world.list_tags(ListTagsRequest {
            resource: "hello".to_owned()
        })),
        "ValidationException"
    );
}

#[test]
fn weights_split_the_invocations() {
    let mut world = hello(7);
    shift(&mut world, 0.3);
    let canary = (0..2000)
        .filter(|_| {
            invoke(&mut world, "live")
                .expect("active")
                .executed_version
                .as_deref()
                == Some("2")
        })
        .count();
    // Four standard deviations of a binomial with n = 2000, p = 0.3.
    assert!((518..=682).contains(&canary), "{canary}");
}

#[test]
fn a_function_error_is_a_success_of_the_call() {
    let mut world = hello(1);
    let version = publish(&mut world, &[("ERROR_RATE", "1")]);
    let failed = invoke(&mut world, &version).expect("answered");
    assert_eq!(
        (failed.status_code, failed.function_error.as_deref()),
        (200, Some("Unhandled"))
    );
    assert!(
        failed
            .payload
            .expect("a payload")
            .contains("\"errorType\":\"SimulatedError\"")
    );
    let good = invoke(&mut world, "1").expect("answered");
    assert_eq!(
        (good.function_error, good.executed_version.as_deref()),
        (None, Some("1"))
    );
}

#[test]
fn the_kind_of_invocation_decides_the_status() {
    let mut world = hello(1);
    let mut status = |kind: &str| {
        let request = InvokeRequest {
            function_name: "hello".to_owned(),
            invocation_type: Some(kind.to_owned()),
            ..Default::default()
        };
        world.invoke(request).map(|response| response.status_code)
    };
    assert_eq!(
        (status("Event"), status("DryRun"), status("RequestResponse")),
        (Ok(202), Ok(204), Ok(200))
    );
    assert_eq!(code(status("Sometimes")), "ValidationException");
}

#[test]
fn a_version_that_is_not_active_cannot_run() {
    let mut world = hello(1);
    for state in [VersionState::Pending, VersionState::Failed] {
        world
            .set_version_state("hello", "2", state)
            .expect("exists");
        assert_eq!(
            configuration(&mut world, "hello:2")
                .expect("exists")
                .state
                .as_deref(),
            Some(state.as_str())
        );
        let refused = invoke(&mut world, "2").expect_err("not active");
        assert_eq!(
            (refused.code.as_str(), refused.status),
            ("ResourceConflictException", 409)
        );
    }
    world
        .set_version_state("hello", "2", VersionState::Active)
        .expect("exists");
    invoke(&mut world, "2").expect("active");
    assert_eq!(
        code(world.set_version_state("hello", "9", VersionState::Active)),
        "ResourceNotFoundException"
    );
}
