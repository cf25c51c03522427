//! Starting, stopping, time, and the administrator's routes.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use aws_sdk_cloudwatch::types::StateValue;
use lambda_canary::local::{Config, LocalAws, StartError, sample_world, welcome};

use super::{START, admin, cloudwatch_client, pass, raw, sample, serve};

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_a_public_address_and_a_silly_speed_are_refused() {
    let aws = sample().await;
    let start = |config: Config| LocalAws::start(config, sample_world(1, START));
    let taken = start(Config {
        address: aws.address(),
        ..Config::default()
    })
    .await
    .expect_err("in use");
    assert!(
        matches!(taken, StartError::PortInUse(_)) && taken.to_string().contains("--port"),
        "{taken}"
    );
    let anywhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let public = start(Config {
        address: anywhere,
        ..Config::default()
    })
    .await
    .expect_err("not loopback");
    assert!(matches!(public, StartError::NotLoopback(_)), "{public}");
    for speed in [0.0, -1.0, f64::NAN, 10_001.0] {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let silly = start(Config {
            address,
            speed,
            ..Config::default()
        })
        .await
        .expect_err("no speed");
        assert!(matches!(silly, StartError::Speed(_)), "{silly}");
    }
    let allowed = start(Config {
        address: anywhere,
        allow_remote: true,
        ..Config::default()
    })
    .await;
    allowed.expect("allowed explicitly").shutdown().await;
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_frees_the_port() {
    let aws = sample().await;
    let address = aws.address();
    aws.shutdown().await;
    let again = LocalAws::start(
        Config {
            address,
            ..Config::default()
        },
        sample_world(1, START),
    )
    .await;
    again.expect("the port is free").shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn time_runs_at_its_speed_and_alarms_are_evaluated_without_a_call() {
    let aws = serve(600.0).await;
    let before = aws.now();
    let (status, _) = admin(
        &aws,
        "PUT",
        "/_local/behaviour",
        r#"{"function": "hello", "version": "1", "error_rate": 0.5}"#,
    )
    .await;
    assert_eq!(status, 200);
    // Half a virtual hour is three real seconds.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let run = aws.now().duration_since(before);
    assert!((1_800..3_600).contains(&run.as_secs()), "{run:?}");
    let found = cloudwatch_client(&aws)
        .describe_alarms()
        .alarm_names("hello-live-errors")
        .send()
        .await
        .expect("alarms");
    let alarm = &found.metric_alarms()[0];
    assert_eq!(alarm.state_value(), Some(&StateValue::Alarm));
    let changed = alarm.state_transitioned_timestamp().expect("a time").secs();
    assert!(
        changed < aws.now().as_second() - 600,
        "it changed long before it was asked for"
    );
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn time_that_passes_at_once_goes_on_from_there() {
    let aws = sample().await;
    pass(&aws, Duration::from_secs(3_600));
    let now = aws.now();
    assert!(now >= START + Duration::from_secs(3_600));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(aws.now() > now);
    assert_eq!(
        aws.with_world(|world| world.now()).as_second() - aws.now().as_second(),
        0
    );
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_overview_says_what_is_here() {
    let aws = sample().await;
    for path in ["/_local", "/_local/"] {
        let (status, overview) = admin(&aws, "GET", path, "").await;
        assert_eq!(status, 200);
        assert_eq!(
            (&overview["region"], &overview["speed"]),
            (&"us-east-1".into(), &1.0.into())
        );
        assert!(
            overview["operations"]["lambda"]
                .as_array()
                .is_some_and(|names| names.contains(&"UpdateAlias".into()))
        );
    }
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_lever_is_refused_with_a_hint() {
    let aws = sample().await;
    for (method, path, body, status) in [
        ("PUT", "/_local/traffic", "{", 400),
        (
            "PUT",
            "/_local/traffic",
            r#"{"function": "hello", "alias": "live"}"#,
            400,
        ),
        (
            "PUT",
            "/_local/traffic",
            r#"{"function": "hello", "alias": "live", "requests_per_second": -1}"#,
            400,
        ),
        (
            "PUT",
            "/_local/behaviour",
            r#"{"function": "hello", "version": "9", "error_rate": 0.1}"#,
            404,
        ),
        (
            "PUT",
            "/_local/behaviour",
            r#"{"function": "hello", "version": "1", "error_rate": 2}"#,
            400,
        ),
        (
            "PUT",
            "/_local/behaviour",
            r#"{"function": "hello", "version": "1", "errorrate": 0.1}"#,
            400,
        ),
        (
            "PUT",
            "/_local/version-state",
            r#"{"function": "hello", "version": "1", "state": "Tired"}"#,
            400,
        ),
        ("POST", "/_local/faults", r#"{"kind": "flood"}"#, 400),
        (
            "POST",
            "/_local/faults",
            r#"{"kind": "throttle", "operation": "Dance"}"#,
            400,
        ),
        (
            "POST",
            "/_local/faults",
            r#"{"kind": "throttle", "seconds": -1}"#,
            400,
        ),
        ("GET", "/_local/calls?limit=all", "", 400),
        ("GET", "/_local/nothing", "", 404),
        ("DELETE", "/_local/traffic", "", 404),
    ] {
        let (got, answer) = admin(&aws, method, path, body).await;
        assert_eq!(got, status, "{method} {path} {body}: {answer}");
        assert!(
            answer["error"].is_string() && answer["hint"].is_string(),
            "{answer}"
        );
    }
    let origin = [("origin", "https://example.com".to_owned())];
    let page = raw::request(&aws, "PUT", "/_local/traffic", &origin, b"{}").await;
    assert_eq!(page.status, 403);
    aws.shutdown().await;
}

#[test]
fn the_welcome_names_the_endpoint_and_what_to_type() {
    let text = welcome("http://127.0.0.1:4599");
    for part in [
        "export AWS_ENDPOINT_URL=http://127.0.0.1:4599\n",
        "aws lambda get-alias",
        "canary run",
        "curl -X PUT",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}
