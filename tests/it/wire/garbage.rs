//! Arbitrary bytes on every route: always an answer, never a panic, never a hang.

#![allow(
    clippy::disallowed_methods,
    reason = "how long an answer really takes is what is tested"
)]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::raw::{bytes_of, send, signed};
use super::serve;

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
    ("POST", "/", "AWSStepFunctions.CreateStateMachine"),
    ("POST", "/", "AWSStepFunctions.StartExecution"),
    ("POST", "/", "CodeDeploy_20141006.CreateDeployment"),
    ("POST", "/", "AWSEvents.PutEvents"),
    ("POST", "/", "."),
    ("POST", "/", ""),
    ("GET", "/?Action=DescribeAlarms&", ""),
    ("PUT", "/_local/traffic", ""),
    ("PUT", "/_local/behaviour", ""),
    ("PUT", "/_local/version-state", ""),
    ("POST", "/_local/faults", ""),
    ("GET", "/_local/logs?function=", ""),
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

/// Mostly nothing, so that the route's own operation gets the body.
fn tail() -> impl Strategy<Value = String> {
    prop_oneof![3 => Just(String::new()), 1 => "[A-Za-z0-9%._~/-]{1,12}"]
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
    with_endpoint_at(1.0, test);
}

fn with_endpoint_at(speed: f64, test: impl FnOnce(SocketAddr)) {
    let runtime = Runtime::new().expect("a runtime");
    let aws = runtime.block_on(serve(speed));
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
        cases: 1_500,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    with_endpoint(|address| {
        proptest!(config, |(route in proptest::sample::select(ROUTES), tail in tail(), body in body(), form in any::<bool>(), gzip in proptest::bool::weighted(0.1))| {
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

/// Numbers at and beyond the edges.
fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!(0)),
        Just(json!(1)),
        Just(json!(-1)),
        Just(json!(10)),
        Just(json!(60)),
        Just(json!(86_400)),
        Just(json!(2_147_483_640)),
        Just(json!(4_294_967_280_u32)),
        Just(json!(u64::MAX)),
        Just(json!(1e308)),
        Just(json!(0.5)),
        Just(json!("text")),
    ]
}

/// Epoch seconds of any age, mostly of the present.
fn time() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => (-90_000_i64..90_000).prop_map(|offset| json!(super::START.as_second() + offset)),
        1 => prop_oneof![Just(json!(0)), Just(json!(-62_135_596_800_i64)), Just(json!(253_402_207_200_i64)), Just(json!(1e18))],
    ]
}

/// Requests of the right shape with numbers that make no sense: each would be a loop, an overflow
/// or an allocation without end if it were believed.
fn call() -> impl Strategy<Value = (&'static str, Value)> {
    let metric = || json!({"Namespace": "AWS/Lambda", "MetricName": "Errors", "Dimensions": [{"Name": "FunctionName", "Value": "hello"}]});
    let statistic = proptest::sample::select(
        &[
            "Sum", "p99", "p100.0", "TC(:300)", "PR(300:)", "p-1", "Average",
        ][..],
    );
    prop_oneof![
        (number(), number(), number(), number(), statistic.clone()).prop_map(move |(period, evaluations, datapoints, threshold, statistic)| {
            let mut alarm = metric();
            let more = json!({"AlarmName": "nasty", "Period": period, "EvaluationPeriods": evaluations,
                "DatapointsToAlarm": datapoints, "Threshold": threshold, "Statistic": statistic,
                "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "breaching"});
            merge(&mut alarm, more);
            ("PutMetricAlarm", alarm)
        }),
        (time(), time(), number(), number(), statistic).prop_map(move |(start, end, period, most, statistic)| {
            let query = json!({"Id": "a", "MetricStat": {"Metric": metric(), "Period": period, "Stat": statistic}});
            ("GetMetricData", json!({"StartTime": start, "EndTime": end, "MaxDatapoints": most, "MetricDataQueries": [query]}))
        }),
        (time(), time(), number()).prop_map(move |(start, end, period)| {
            let mut query = metric();
            merge(&mut query, json!({"StartTime": start, "EndTime": end, "Period": period, "Statistics": ["Sum"]}));
            ("GetMetricStatistics", query)
        }),
        (time(), number(), number()).prop_map(|(time, value, count)| {
            let datum = json!({"MetricName": "m", "Timestamp": time, "Values": [value], "Counts": [count]});
            ("PutMetricData", json!({"Namespace": "N", "MetricData": [datum]}))
        }),
        (time(), time(), number()).prop_map(|(start, end, most)| {
            ("DescribeAlarmHistory", json!({"StartDate": start, "EndDate": end, "MaxRecords": most}))
        }),
        number().prop_map(|most| ("DescribeAlarms", json!({"MaxRecords": most}))),
    ]
}

fn merge(into: &mut Value, more: Value) {
    if let (Some(into), Value::Object(more)) = (into.as_object_mut(), more) {
        into.extend(more);
    }
}

#[test]
fn numbers_that_make_no_sense_are_answered_and_survived() {
    let config = ProptestConfig {
        cases: 800,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    // So fast that each alarm is evaluated before the next one replaces it.
    with_endpoint_at(10_000.0, |address| {
        proptest!(config, |((operation, input) in call())| {
            let target = ("x-amz-target", format!("GraniteServiceVersion20100801.{operation}"));
            let bytes = bytes_of("POST", "/", &[signed("monitoring"), target], input.to_string().as_bytes());
            let before = Instant::now();
            check(address, &bytes);
            prop_assert!(before.elapsed() < Duration::from_secs(3), "{operation} {input} took {:?}", before.elapsed());
        });
    });
}

/// Bodies of a megabyte, or such as say that they are much larger.
fn huge() -> Vec<Vec<u8>> {
    const MEGABYTE: usize = 1 << 20;
    let said = |kind: u8| [vec![kind], vec![0x7f; 8], b"abc".to_vec()].concat();
    vec![
        b"[".repeat(MEGABYTE),
        b"{\"a\":".repeat(MEGABYTE / 5),
        [b"\"".to_vec(), b"x".repeat(MEGABYTE), b"\"".to_vec()].concat(),
        [
            b"{\"MaxRecords\":".to_vec(),
            b"9".repeat(MEGABYTE),
            b"}".to_vec(),
        ]
        .concat(),
        [b"Action=".to_vec(), b"a.".repeat(MEGABYTE / 2)].concat(),
        b"a.member.1=1&".repeat(MEGABYTE / 13),
        // CBOR: lists, maps and tags in each other; then a list, a map, bytes and a text that say
        // that they are longer than any memory.
        vec![0x81; MEGABYTE],
        [0xa1, 0x61, 0x61].repeat(MEGABYTE / 3),
        vec![0xc1; MEGABYTE],
        said(0x9b),
        said(0xbb),
        said(0x5b),
        said(0x7b),
        [vec![0xa1, 0x61, 0x61], said(0x9b)].concat(),
    ]
}

#[test]
fn huge_bodies_are_answered_in_every_protocol() {
    const GET: &str = "/service/GraniteServiceVersion20100801/operation/GetMetricData";
    const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
    const TARGET: (&str, &str) = ("x-amz-target", "AmazonSSM.PutParameter");
    let routes = [
        ("POST", "/2015-03-31/functions", FORM),
        ("POST", GET, FORM),
        ("POST", "/", FORM),
        ("POST", "/", TARGET),
        ("PUT", "/_local/traffic", FORM),
    ];
    with_endpoint(|address| {
        for (method, path, (name, value)) in routes {
            for body in huge() {
                let headers = [signed("monitoring"), (name, value.to_owned())];
                check(address, &bytes_of(method, path, &headers, &body));
            }
        }
    });
}
