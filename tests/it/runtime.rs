//! Functions as real processes: the example `echo_function` behind the Runtime API.

mod ends;
mod services;
mod time;

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::operation::invoke::InvokeOutput;
use aws_sdk_lambda::primitives::Blob;
use jiff::Timestamp;
use lambda_canary::local::{Config, LocalAws, StartError};
use lambda_canary::sim::World;
use lambda_canary::sim::lambda::{
    CreateAliasRequest, CreateFunctionRequest, Environment, UpdateFunctionConfigurationRequest,
};
use serde_json::{Value, json};

use crate::wire::admin;

/// When every test starts: a whole minute.
const START: Timestamp = Timestamp::constant(1_800_000_000, 0);

/// The example, which `cargo test` builds beside the tests.
fn echo_function() -> PathBuf {
    let tests = std::env::current_exe().expect("a test is a program");
    let target = tests
        .ancestors()
        .nth(2)
        .expect("it is in target/<profile>/deps");
    target.join("examples/echo_function")
}

fn config(speed: f64) -> Config {
    Config {
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        speed,
        functions: Some(echo_function()),
        ..Config::default()
    }
}

/// A world with the functions `echo` and `hurried`, whose time-out is a second, and the alias
/// `echo:live` at version 1.
fn world() -> World {
    let mut world = World::new(1, START);
    for (name, timeout) in [("echo", 30), ("hurried", 1)] {
        let request = CreateFunctionRequest {
            function_name: name.to_owned(),
            role: "arn:aws:iam::000000000000:role/echo".to_owned(),
            handler: Some("sample".to_owned()),
            timeout: Some(timeout),
            publish: Some(true),
            ..CreateFunctionRequest::default()
        };
        world.create_function(request).expect("a new function");
    }
    let alias = CreateAliasRequest {
        function_name: "echo".to_owned(),
        name: "live".to_owned(),
        function_version: "1".to_owned(),
        ..CreateAliasRequest::default()
    };
    world.create_alias(alias).expect("a new alias");
    world
}

async fn serve(speed: f64) -> LocalAws {
    LocalAws::start(config(speed), world())
        .await
        .expect("port 0 is always free")
}

fn set_environment(aws: &LocalAws, variables: &[(&str, &str)]) {
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let request = UpdateFunctionConfigurationRequest {
        function_name: "echo".to_owned(),
        environment: Some(Environment {
            variables: Some(variables.collect()),
        }),
        ..UpdateFunctionConfigurationRequest::default()
    };
    aws.with_world(|world| world.update_function_configuration(request))
        .expect("it exists");
}

fn client(aws: &LocalAws) -> Client {
    let credentials = Credentials::from_keys("test", "test", None);
    let patience = TimeoutConfig::builder()
        .operation_attempt_timeout(Duration::from_secs(20))
        .build();
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(lambda_canary::aws::session::https())
        .endpoint_url(aws.endpoint_url())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(RetryConfig::disabled())
        .timeout_config(patience)
        .build();
    Client::new(&config)
}

async fn invoke(client: &Client, function: &str, event: Value) -> InvokeOutput {
    client
        .invoke()
        .function_name(function)
        .payload(Blob::new(event.to_string()))
        .send()
        .await
        .expect("an answer")
}

fn payload(output: &InvokeOutput) -> Value {
    let payload = output.payload().expect("a payload");
    serde_json::from_slice(payload.as_ref()).expect("JSON")
}

/// Whether a process runs; a dead one that nobody has waited for does not.
fn runs(process: &Value) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}

/// Waits until it is so, for at most ten seconds.
async fn until(mut so: impl FnMut() -> bool) {
    for _ in 0..1_000 {
        if so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not come about");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warm_process_serves_one_invocation_after_the_other() {
    let aws = serve(1.0).await;
    let client = client(&aws);
    let first = invoke(&client, "echo:live", json!({"a": 1})).await;
    assert_eq!(
        (first.status_code(), first.executed_version()),
        (200, Some("1"))
    );
    assert_eq!(first.function_error(), None);
    let first = payload(&first);
    assert_eq!(first["echo"], json!({"a": 1}));
    let second = payload(&invoke(&client, "echo:live", json!({})).await);
    assert_eq!(first["process"], second["process"]);
    let other = payload(&invoke(&client, "echo", json!({})).await);
    assert_ne!(first["process"], other["process"], "another version");
    until(|| aws.logs("echo").len() == 5).await;
    let logs = aws.logs("echo");
    let started = logs.iter().filter(|line| *line == "started as sample");
    assert_eq!(started.count(), 2, "{logs:?}");
    assert!(aws.logs("hurried").is_empty());
    let (_, shown) = admin(&aws, "GET", "/_local/logs?function=echo", "").await;
    assert_eq!(shown["lines"], json!(logs));
    let (status, refused) = admin(&aws, "GET", "/_local/logs", "").await;
    assert_eq!(status, 400);
    assert!(refused["hint"].to_string().contains("echo"), "{refused}");
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_has_lambdas_environment_and_no_other() {
    let aws = serve(1.0).await;
    set_environment(&aws, &[("COLOUR", "blue"), ("AWS_REGION", "elsewhere")]);
    let client = client(&aws);
    let event = json!({"do": "environment"});
    let found = payload(&invoke(&client, "echo", event.clone()).await);
    for (name, value) in [
        ("COLOUR", "blue"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL", &aws.endpoint_url()),
        ("AWS_LAMBDA_FUNCTION_NAME", "echo"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/echo"),
        ("_HANDLER", "sample"),
    ] {
        assert_eq!(found[name], value, "{name}");
    }
    for absent in ["HOME", "USER", "CARGO_MANIFEST_DIR"] {
        assert_eq!(found.get(absent), None, "{absent}");
    }
    set_environment(&aws, &[("COLOUR", "red")]);
    let found = payload(&invoke(&client, "echo", event).await);
    assert_eq!(found["COLOUR"], "red", "$LATEST was changed");
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invocation_brings_its_context() {
    let aws = serve(1.0).await;
    // {"custom":{"check":"yes"}}
    let context = "eyJjdXN0b20iOnsiY2hlY2siOiJ5ZXMifX0=";
    let answer = client(&aws)
        .invoke()
        .function_name("echo:live")
        .client_context(context)
        .payload(Blob::new(json!({"do": "context"}).to_string()))
        .send()
        .await
        .expect("an answer");
    let found = payload(&answer);
    assert_eq!(
        found["arn"],
        "arn:aws:lambda:us-east-1:000000000000:function:echo:live"
    );
    assert_eq!(found["client"], json!({"check": "yes"}));
    assert_eq!(found["request_id"].as_str().map(str::len), Some(36));
    assert!(
        found["trace"]
            .as_str()
            .is_some_and(|trace| trace.starts_with("Root=1-"))
    );
    let real = lambda_canary::clock::Clock::real().now().as_millisecond();
    let left = found["deadline"].as_i64().expect("a number") - real;
    assert!((20_000..=30_000).contains(&left), "in real time: {left}");
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_most_four_processes_serve_a_version() {
    let aws = serve(1.0).await;
    let client = client(&aws);
    let invocations = (0..10).map(|_| invoke(&client, "echo", json!({"do": "sleep", "ms": 100})));
    for answer in futures_util::future::join_all(invocations).await {
        assert_eq!(payload(&answer), "slept");
    }
    let logs = aws.logs("echo");
    let started = logs.iter().filter(|line| *line == "started as sample");
    assert_eq!(started.count(), 4);
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_process_outlives_the_endpoint() {
    for politely in [true, false] {
        let aws = serve(1.0).await;
        let client = client(&aws);
        let idle = payload(&invoke(&client, "echo", json!({})).await)["process"].take();
        let busy = payload(&invoke(&client, "hurried", json!({})).await)["process"].take();
        let hanging = tokio::spawn(async move {
            let event = json!({"do": "sleep", "ms": 60_000}).to_string();
            let call = client.invoke().function_name("echo:live");
            call.payload(Blob::new(event)).send().await
        });
        until(|| aws.with_world(|world| world.open_invocations()) == 1).await;
        assert!(runs(&idle) && runs(&busy));
        if politely {
            aws.shutdown().await;
        } else {
            drop(aws);
        }
        until(|| !runs(&idle) && !runs(&busy)).await;
        let cut = hanging.await.expect("no panic");
        assert!(cut.is_err(), "{cut:?}");
    }
}

/// Not a test: an endpoint with a process, for another test to kill.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "it serves until it is killed; the next test runs it"]
async fn an_endpoint_to_be_killed() {
    let aws = serve(1.0).await;
    let answer = payload(&invoke(&client(&aws), "echo", json!({})).await);
    println!("\nprocess {}", answer["process"]);
    tokio::time::sleep(Duration::from_secs(60)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_ends_by_itself_when_the_endpoint_is_killed() {
    let mut endpoint = Command::new(std::env::current_exe().expect("a test is a program"))
        .args(["--exact", "runtime::an_endpoint_to_be_killed"])
        .args(["--ignored", "--nocapture"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("it started once already");
    let said = BufReader::new(endpoint.stdout.take().expect("a pipe")).lines();
    let process = said
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("process ").map(str::to_owned))
        .expect("it says its process");
    let process: Value = process.parse().expect("a number");
    assert!(runs(&process));
    endpoint.kill().expect("it runs");
    endpoint.wait().expect("it was killed");
    until(|| !runs(&process)).await;
}

#[tokio::test]
async fn a_program_that_is_not_there_is_said_at_the_start() {
    for path in ["/nowhere/functions", "/tmp"] {
        let config = Config {
            functions: Some(path.into()),
            ..config(1.0)
        };
        let refused = LocalAws::start(config, world()).await.expect_err(path);
        assert!(
            matches!(refused, StartError::Functions { .. }),
            "{refused:?}"
        );
        assert!(refused.to_string().contains(path), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_cannot_run_fails_the_invocation() {
    let folder = tempfile::tempdir().expect("a folder");
    let path: &Path = &folder.path().join("functions");
    std::fs::write(path, "no program").expect("written");
    let config = Config {
        functions: Some(path.to_owned()),
        ..config(1.0)
    };
    let aws = LocalAws::start(config, world()).await.expect("it serves");
    let answer = invoke(&client(&aws), "echo", json!({})).await;
    assert_eq!(answer.function_error(), Some("Unhandled"));
    assert_eq!(payload(&answer)["errorType"], "Runtime.InvalidEntrypoint");
    aws.shutdown().await;
}
