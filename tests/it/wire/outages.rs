//! Simulated outages as the Rust SDK meets them.

use std::time::{Duration, Instant};

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_lambda::error::{ProvideErrorMetadata as _, SdkError};
use lambda_canary::local::LocalAws;
use lambda_canary::sim::{FaultKind, FaultRule, Service};

use super::{admin, cloudwatch_client, lambda_client, sample, sdk_with, ssm_client};

fn fault(aws: &LocalAws, change: impl FnOnce(FaultRule) -> FaultRule, kind: FaultKind) {
    aws.with_world(|world| {
        let rule = change(FaultRule::new(kind, world.now()));
        world.add_fault(rule);
    });
}

async fn version(aws: &LocalAws) -> Option<String> {
    let found = lambda_client(aws)
        .get_alias()
        .function_name("hello")
        .name("live")
        .send()
        .await;
    found.expect("the alias").function_version
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_has_each_services_own_code() {
    let aws = sample().await;
    fault(&aws, |rule| rule, FaultKind::Throttle);
    let lambda = lambda_client(&aws)
        .get_alias()
        .function_name("hello")
        .name("live")
        .send()
        .await;
    let lambda = lambda.expect_err("throttled").into_service_error();
    assert!(lambda.is_too_many_requests_exception(), "{lambda:?}");
    let cloudwatch = cloudwatch_client(&aws)
        .describe_alarms()
        .send()
        .await
        .expect_err("throttled");
    assert_eq!(
        cloudwatch.code(),
        Some("Throttling"),
        "the query protocol's code, by its header"
    );
    let ssm = ssm_client(&aws)
        .get_parameter()
        .name("/x")
        .send()
        .await
        .expect_err("throttled");
    assert_eq!(ssm.code(), Some("ThrottlingException"));
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sdk_retries_what_is_throttled() {
    let aws = sample().await;
    fault(&aws, |rule| rule.times(1), FaultKind::Throttle);
    let retry = RetryConfig::standard().with_initial_backoff(Duration::from_millis(10));
    let config = sdk_with(&aws, retry.clone(), TimeoutConfig::disabled());
    let client = aws_sdk_lambda::Client::new(&config);
    client
        .get_alias()
        .function_name("hello")
        .name("live")
        .send()
        .await
        .expect("at the second attempt");
    fault(&aws, |rule| rule.times(1), FaultKind::Throttle);
    let config = sdk_with(&aws, retry, TimeoutConfig::disabled());
    let client = aws_sdk_cloudwatch::Client::new(&config);
    client
        .describe_alarms()
        .send()
        .await
        .expect("at the second attempt");
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_500_may_come_after_the_effect() {
    let aws = sample().await;
    fault(
        &aws,
        |rule| rule.operation("UpdateAlias").after_effect().times(1),
        FaultKind::InternalError,
    );
    let update = lambda_client(&aws)
        .update_alias()
        .function_name("hello")
        .name("live")
        .function_version("2");
    let error = update.send().await.expect_err("a 500").into_service_error();
    assert!(error.is_service_exception(), "{error:?}");
    assert_eq!(version(&aws).await.as_deref(), Some("2"), "it took effect");
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_out_is_silence() {
    let aws = sample().await;
    fault(
        &aws,
        |rule| rule.operation("UpdateAlias").after_effect().times(1),
        FaultKind::Timeout,
    );
    let patience = TimeoutConfig::builder()
        .operation_attempt_timeout(Duration::from_millis(500))
        .build();
    let client = aws_sdk_lambda::Client::new(&sdk_with(&aws, RetryConfig::disabled(), patience));
    let update = client
        .update_alias()
        .function_name("hello")
        .name("live")
        .function_version("2");
    let error = update.send().await.expect_err("no answer");
    assert!(matches!(error, SdkError::TimeoutError(_)), "{error:?}");
    assert_eq!(version(&aws).await.as_deref(), Some("2"), "it took effect");
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_breaks_the_connection() {
    let aws = sample().await;
    fault(
        &aws,
        |rule| rule.on(Service::Lambda).times(1),
        FaultKind::ConnectionReset,
    );
    let call = || {
        lambda_client(&aws)
            .get_alias()
            .function_name("hello")
            .name("live")
            .send()
    };
    let error = call().await.expect_err("no answer");
    assert!(matches!(error, SdkError::DispatchFailure(_)), "{error:?}");
    call().await.expect("once only");
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_does_not_wait_for_a_call_that_hangs() {
    let aws = sample().await;
    fault(&aws, |rule| rule, FaultKind::Timeout);
    let client = lambda_client(&aws);
    let hanging = tokio::spawn(
        client
            .get_alias()
            .function_name("hello")
            .name("live")
            .send(),
    );
    while aws.with_world(|world| world.trace().all(|call| call.fault.is_none())) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    #[allow(
        clippy::disallowed_methods,
        reason = "how long it really takes is what is tested"
    )]
    let before = Instant::now();
    aws.shutdown().await;
    assert!(
        before.elapsed() < Duration::from_secs(2),
        "{:?}",
        before.elapsed()
    );
    hanging
        .await
        .expect("no panic")
        .expect_err("the connection is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_can_be_asked_for_listed_and_removed() {
    let aws = sample().await;
    let rule = r#"{"kind": "throttle", "service": "ssm", "operation": "GetParameter", "effect": "after", "seconds": 60, "times": 2}"#;
    let (status, added) = admin(&aws, "POST", "/_local/faults", rule).await;
    assert_eq!(
        (status, &added["kind"], &added["effect"]),
        (200, &"throttle".into(), &"after".into())
    );
    let error = ssm_client(&aws)
        .get_parameter()
        .name("/x")
        .send()
        .await
        .expect_err("throttled");
    assert_eq!(error.code(), Some("ThrottlingException"));
    let (_, listed) = admin(&aws, "GET", "/_local/faults", "").await;
    assert_eq!(listed["faults"][0]["times"], 1);
    let (_, calls) = admin(&aws, "GET", "/_local/calls?limit=1", "").await;
    assert_eq!(calls["calls"][0]["operation"], "GetParameter");
    assert_eq!(calls["calls"][0]["fault"]["kind"], "throttle");
    let (_, removed) = admin(&aws, "DELETE", "/_local/faults", "").await;
    assert_eq!(removed["removed"], 1);
    let error = ssm_client(&aws)
        .get_parameter()
        .name("/x")
        .send()
        .await
        .expect_err("not there");
    assert_eq!(error.code(), Some("ParameterNotFound"));
    aws.shutdown().await;
}
