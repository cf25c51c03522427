//! Arbitrary bytes on every route: always an answer, never a panic, never a hang.

use std::net::SocketAddr;

use proptest::prelude::*;
use tokio::runtime::Runtime;

use super::raw::{bytes_of, send, signed};
use super::sample;

/// A route of each protocol, and some of none.
const ROUTES: &[(&str, &str, &str)] = &[
    ("POST", "/2015-03-31/functions", ""),
    ("POST", "/2015-03-31/functions/hello/invocations", ""),
    ("PUT", "/2015-03-31/functions/hello/aliases/live", ""),
    ("GET", "/2015-03-31/functions/hello/versions?MaxItems=", ""),
    ("GET", "/2015-03-31/functions/", ""),
    ("GET", "/2017-03-31/tags/", ""),
    (
        "POST",
        "/service/GraniteServiceVersion20100801/operation/GetMetricData",
        "",
    ),
    (
        "POST",
        "/service/GraniteServiceVersion20100801/operation/PutMetricAlarm",
        "",
    ),
    ("POST", "/service/", ""),
    ("POST", "/", "GraniteServiceVersion20100801.PutMetricData"),
    ("POST", "/", "AmazonSSM.PutParameter"),
    ("POST", "/", "."),
    ("POST", "/", ""),
    ("GET", "/?Action=DescribeAlarms&", ""),
    ("PUT", "/_local/traffic", ""),
    ("PUT", "/_local/behaviour", ""),
    ("PUT", "/_local/version-state", ""),
    ("GET", "/_local/calls?limit=", ""),
    ("PATCH", "/", ""),
];

/// Bytes of all kinds: anything, JSON-like, form-like, and CBOR that is nearly right.
fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..400),
        r#"[\[\]{}:,"a-zA-Z0-9.eE+\-]{0,200}"#.prop_map(String::into_bytes),
        "Action=(DescribeAlarms|PutMetricData|GetMetricData)&[A-Za-z.=&%0-9]{0,200}"
            .prop_map(String::into_bytes),
        proptest::collection::vec(
            prop_oneof![
                Just(0xa1),
                Just(0x61),
                Just(0x9f),
                Just(0xff),
                Just(0xc1),
                any::<u8>()
            ],
            0..200
        ),
    ]
}

fn check(address: SocketAddr, bytes: &[u8]) {
    let answer = send(address, bytes).expect("an answer");
    assert!(
        (200..=599).contains(&answer.status) && answer.status != 500,
        "{answer:?}"
    );
}

/// Runs `test` against one endpoint, which must still be well afterwards.
fn with_endpoint(test: impl FnOnce(SocketAddr)) {
    let runtime = Runtime::new().expect("a runtime");
    let aws = runtime.block_on(sample());
    test(aws.address());
    let alive = bytes_of(
        "GET",
        "/2015-03-31/functions/hello/aliases/live",
        &[signed("lambda")],
        b"",
    );
    assert_eq!(send(aws.address(), &alive).expect("an answer").status, 200);
    runtime.block_on(aws.shutdown());
}

#[test]
fn arbitrary_bodies_are_answered_on_every_route() {
    let config = ProptestConfig {
        cases: 600,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    with_endpoint(|address| {
        proptest!(config, |(route in proptest::sample::select(ROUTES), tail in "[A-Za-z0-9%._~/-]{0,12}", body in body(), form in any::<bool>(), gzip in any::<bool>())| {
            let (method, path, target) = route;
            let mut headers = vec![signed("monitoring")];
            if !target.is_empty() {
                headers.push(("x-amz-target", target.to_owned()));
            }
            if form {
                headers.push(("content-type", "application/x-www-form-urlencoded".to_owned()));
            }
            if gzip {
                headers.push(("content-encoding", "gzip".to_owned()));
            }
            check(address, &bytes_of(method, &format!("{path}{tail}"), &headers, &body));
        });
    });
}

#[test]
fn arbitrary_headers_are_answered() {
    let config = ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    with_endpoint(|address| {
        proptest!(config, |(values in proptest::collection::vec("[ -~]{0,60}", 5), path in "/[ -\"$-~&&[^ ]]{0,60}")| {
            let names = ["authorization", "x-amz-target", "content-type", "content-encoding", "x-amz-invocation-type"];
            let headers: Vec<_> = names.into_iter().zip(values).collect();
            check(address, &bytes_of("POST", &path, &headers, b"{}"));
        });
    });
}

#[test]
fn bytes_that_are_no_http_do_no_harm() {
    let config = ProptestConfig {
        cases: 100,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    with_endpoint(|address| {
        proptest!(config, |(bytes in proptest::collection::vec(any::<u8>(), 1..300))| {
            // It may close without an answer, but it must close.
            let bytes = [bytes, b"\r\n\r\n".to_vec()].concat();
            let _ = send(address, &bytes);
        });
    });
}
