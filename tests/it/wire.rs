//! The local endpoint through AWS's own SDK, and below it.

mod alarms;
mod cloudwatch;
mod counts;
mod deployments;
mod events;
mod garbage;
mod lambda;
mod lifecycle;
mod outages;
mod raw;
mod refusals;
mod ssm;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use jiff::Timestamp;
use lambda_canary::local::{Config, LocalAws, sample_world};

/// When every test starts: a whole minute, so that minutes are easy to count.
const START: Timestamp = Timestamp::constant(1_800_000_000, 0);

/// A fresh sample world on a free port.
async fn sample() -> LocalAws {
    serve(1.0).await
}

/// A fresh sample world whose time runs so many times as fast.
async fn serve(speed: f64) -> LocalAws {
    let config = Config {
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        speed,
        ..Config::default()
    };
    LocalAws::start(config, sample_world(1, START))
        .await
        .expect("port 0 is always free")
}

/// What an SDK client needs, without retries and with a short patience.
fn sdk(aws: &LocalAws) -> SdkConfig {
    let patience = TimeoutConfig::builder()
        .operation_attempt_timeout(Duration::from_secs(5))
        .build();
    sdk_with(aws, RetryConfig::disabled(), patience)
}

fn sdk_with(aws: &LocalAws, retry: RetryConfig, timeout: TimeoutConfig) -> SdkConfig {
    let credentials = Credentials::from_keys("test", "test", None);
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(lambda_canary::aws::session::https())
        .endpoint_url(aws.endpoint_url())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(retry)
        .timeout_config(timeout)
        .build()
}

fn lambda_client(aws: &LocalAws) -> aws_sdk_lambda::Client {
    aws_sdk_lambda::Client::new(&sdk(aws))
}

fn cloudwatch_client(aws: &LocalAws) -> aws_sdk_cloudwatch::Client {
    aws_sdk_cloudwatch::Client::new(&sdk(aws))
}

fn ssm_client(aws: &LocalAws) -> aws_sdk_ssm::Client {
    aws_sdk_ssm::Client::new(&sdk(aws))
}

/// Lets virtual time pass at once.
fn pass(aws: &LocalAws, time: Duration) {
    aws.with_world(|world| {
        let later = world.now() + time;
        world.advance_to(later);
    });
}

/// The JSON answer of an admin route.
pub(super) async fn admin(
    aws: &LocalAws,
    method: &str,
    path: &str,
    body: &str,
) -> (u16, serde_json::Value) {
    let answer = raw::request(aws, method, path, &[], body.as_bytes()).await;
    let value = serde_json::from_slice(&answer.body).expect("admin routes answer in JSON");
    (answer.status, value)
}
