//! Lambda's operations through the Rust SDK.

use std::collections::HashMap;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::error::ProvideErrorMetadata as _;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{
    AliasRoutingConfiguration, Environment, FunctionCode, InvocationType, LogType, Runtime, State,
};

use super::{lambda_client, sample};

const ROLE: &str = "arn:aws:iam::000000000000:role/sample";

/// A function `made` whose version 1 is healthy and whose version 2 always fails.
async fn make_function(client: &Client) {
    let code = FunctionCode::builder()
        .zip_file(Blob::new(*b"PK\x03\x04"))
        .build();
    let created = client
        .create_function()
        .function_name("made")
        .role(ROLE)
        .runtime(Runtime::Providedal2023)
        .handler("bootstrap")
        .code(code)
        .tags("team", "canary")
        .send()
        .await
        .expect("a new function");
    assert_eq!(created.version(), Some("$LATEST"));
    let first = client
        .publish_version()
        .function_name("made")
        .send()
        .await
        .expect("version 1");
    assert_eq!(first.version(), Some("1"));
    let failing = Environment::builder().variables("ERROR_RATE", "1").build();
    client
        .update_function_configuration()
        .function_name("made")
        .environment(failing)
        .send()
        .await
        .expect("changed");
    let second = client
        .publish_version()
        .function_name("made")
        .send()
        .await
        .expect("version 2");
    assert_eq!(second.version(), Some("2"));
}

fn weights(version: &str, weight: f64) -> AliasRoutingConfiguration {
    AliasRoutingConfiguration::builder()
        .additional_version_weights(version, weight)
        .build()
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_and_versions() {
    let aws = sample().await;
    let client = lambda_client(&aws);
    make_function(&client).await;

    let second = client
        .get_function_configuration()
        .function_name("made")
        .qualifier("2")
        .send()
        .await
        .expect("there");
    assert_eq!(
        (second.version(), second.state()),
        (Some("2"), Some(&State::Active))
    );
    assert_eq!(second.role(), Some(ROLE));
    let arn = second
        .function_arn()
        .expect("an ARN")
        .trim_end_matches(":2")
        .to_owned();
    let found = client
        .get_function()
        .function_name(&arn)
        .send()
        .await
        .expect("there, by its ARN");
    assert_eq!(found.tags().expect("tags")["team"], "canary");
    client
        .tag_resource()
        .resource(&arn)
        .tags("a b", "c/d")
        .send()
        .await
        .expect("tagged");
    let tags = client
        .list_tags()
        .resource(&arn)
        .send()
        .await
        .expect("tags")
        .tags
        .expect("tags");
    assert_eq!(
        tags,
        HashMap::from([
            ("a b".into(), "c/d".into()),
            ("team".into(), "canary".into())
        ])
    );

    let before = found
        .configuration()
        .and_then(|found| found.code_sha256())
        .expect("a digest")
        .to_owned();
    let update = client
        .update_function_code()
        .function_name("made")
        .zip_file(Blob::new(*b"PK other"));
    let after = update
        .send()
        .await
        .expect("updated")
        .code_sha256
        .expect("a digest");
    assert_ne!(before, after);
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_come_in_pages() {
    let aws = sample().await;
    let client = lambda_client(&aws);
    let mut pages = client
        .list_versions_by_function()
        .function_name("hello")
        .into_paginator()
        .page_size(1)
        .send();
    let mut versions = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.expect("a page");
        assert_eq!(page.versions().len(), 1);
        versions.extend(
            page.versions()
                .iter()
                .filter_map(|version| version.version().map(str::to_owned)),
        );
    }
    assert_eq!(versions, ["$LATEST", "1", "2"]);
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_alias_is_shifted_and_put_back() {
    let aws = sample().await;
    let client = lambda_client(&aws);
    let found = client
        .get_alias()
        .function_name("hello")
        .name("live")
        .send()
        .await
        .expect("the sample's alias");
    assert_eq!(found.function_version(), Some("1"));
    assert!(found.routing_config().is_none_or(|routing| {
        routing
            .additional_version_weights()
            .is_none_or(HashMap::is_empty)
    }));

    let update = || {
        client
            .update_alias()
            .function_name("hello")
            .name("live")
            .function_version("1")
    };
    let shifted = update()
        .routing_config(weights("2", 0.1))
        .revision_id(found.revision_id().expect("a revision"))
        .description("shifted [lambda-canary:r:1]")
        .send()
        .await
        .expect("shifted");
    let routing = shifted
        .routing_config()
        .and_then(|routing| routing.additional_version_weights());
    assert_eq!(routing, Some(&HashMap::from([("2".to_owned(), 0.1)])));
    assert_ne!(shifted.revision_id(), found.revision_id());

    let stale = update()
        .revision_id(found.revision_id().expect("a revision"))
        .send()
        .await;
    let stale = stale.expect_err("a stale revision").into_service_error();
    assert!(stale.is_precondition_failed_exception(), "{stale:?}");
    assert!(
        stale
            .message()
            .is_some_and(|message| message.contains("Revision")),
        "{stale:?}"
    );

    let none = AliasRoutingConfiguration::builder()
        .set_additional_version_weights(Some(HashMap::new()))
        .build();
    update()
        .routing_config(none)
        .send()
        .await
        .expect("put back");
    let found = client
        .get_alias()
        .function_name("hello")
        .name("live")
        .send()
        .await
        .expect("there");
    assert!(found.routing_config().is_none_or(|routing| {
        routing
            .additional_version_weights()
            .is_none_or(HashMap::is_empty)
    }));
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn aliases_are_made_listed_and_deleted() {
    let aws = sample().await;
    let client = lambda_client(&aws);
    let create = || {
        client
            .create_alias()
            .function_name("hello")
            .name("other")
            .function_version("2")
    };
    create().send().await.expect("a new alias");
    let again = create()
        .send()
        .await
        .expect_err("there already")
        .into_service_error();
    assert!(again.is_resource_conflict_exception(), "{again:?}");
    let listed = client
        .list_aliases()
        .function_name("hello")
        .send()
        .await
        .expect("a list");
    let names: Vec<_> = listed
        .aliases()
        .iter()
        .filter_map(|alias| alias.name())
        .collect();
    assert_eq!(names, ["live", "other"]);
    let of_one = client
        .list_aliases()
        .function_name("hello")
        .function_version("1")
        .send()
        .await
        .expect("a list");
    assert_eq!(of_one.aliases().len(), 1);
    client
        .delete_alias()
        .function_name("hello")
        .name("other")
        .send()
        .await
        .expect("deleted");
    let gone = client
        .get_alias()
        .function_name("hello")
        .name("other")
        .send()
        .await;
    let gone = gone.expect_err("deleted").into_service_error();
    assert!(gone.is_resource_not_found_exception(), "{gone:?}");
    assert!(
        gone.message()
            .is_some_and(|message| message.contains("other")),
        "{gone:?}"
    );
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invocation_tells_the_version_the_error_and_the_log() {
    let aws = sample().await;
    let client = lambda_client(&aws);
    make_function(&client).await;
    let good = client
        .invoke()
        .function_name("made")
        .qualifier("1")
        .payload(Blob::new(*br#"{"a": 1}"#))
        .log_type(LogType::Tail)
        .send()
        .await
        .expect("invoked");
    assert_eq!(
        (
            good.status_code(),
            good.executed_version(),
            good.function_error()
        ),
        (200, Some("1"), None)
    );
    assert!(good.log_result().is_some());
    serde_json::from_slice::<serde_json::Value>(good.payload().expect("a payload").as_ref())
        .expect("JSON");

    let bad = client
        .invoke()
        .function_name("made:2")
        .send()
        .await
        .expect("a function error is an answer");
    assert_eq!(
        (bad.status_code(), bad.function_error()),
        (200, Some("Unhandled"))
    );

    for (kind, status) in [(InvocationType::Event, 202), (InvocationType::DryRun, 204)] {
        let answer = client
            .invoke()
            .function_name("hello")
            .qualifier("live")
            .invocation_type(kind)
            .send()
            .await;
        let answer = answer.expect("accepted");
        assert_eq!(answer.status_code(), status);
        assert!(
            answer
                .payload()
                .is_none_or(|payload| payload.as_ref().is_empty())
        );
    }

    let nonsense = client
        .invoke()
        .function_name("made")
        .payload(Blob::new(*b"\xff"))
        .send()
        .await;
    let nonsense = nonsense.expect_err("not JSON").into_service_error();
    assert!(
        nonsense.is_invalid_request_content_exception(),
        "{nonsense:?}"
    );
    let large = client
        .invoke()
        .function_name("made")
        .payload(Blob::new(vec![b' '; 6_291_457]))
        .send()
        .await;
    let large = large.expect_err("too large").into_service_error();
    assert!(large.is_request_too_large_exception(), "{large:?}");
    aws.shutdown().await;
}
