//! The ways in which an invocation ends badly.

use std::time::Duration;

use aws_sdk_lambda::primitives::Blob;
use lambda_canary::local::{Config, LocalAws};
use lambda_canary::sim::{FaultKind, FaultRule};
use serde_json::{Value, json};

use super::{PathBuf, client, config, invoke, payload, runs, serve, set_environment, until, world};

#[tokio::test(flavor = "multi_thread")]
async fn an_error_and_a_panic_are_function_errors_and_the_process_stays() {
    let aws = serve(1.0).await;
    let client = client(&aws);
    let process = payload(&invoke(&client, "echo", json!({})).await)["process"].take();
    let failed = invoke(&client, "echo", json!({"do": "fail"})).await;
    assert_eq!(
        (failed.status_code(), failed.function_error()),
        (200, Some("Unhandled"))
    );
    assert_eq!(
        payload(&failed),
        json!({"errorType": "Told", "errorMessage": "told to fail"})
    );
    let panicked = invoke(&client, "echo", json!({"do": "panic"})).await;
    assert_eq!(panicked.function_error(), Some("Unhandled"));
    let message = payload(&panicked)["errorMessage"].to_string();
    assert!(message.contains("told to panic"), "{message}");
    let after = payload(&invoke(&client, "echo", json!({})).await);
    assert_eq!(after["process"], process);
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_exits_ends_its_invocation_and_another_takes_its_place() {
    let aws = serve(1.0).await;
    let client = client(&aws);
    let exited = invoke(&client, "echo", json!({"do": "exit"})).await;
    assert_eq!(exited.function_error(), Some("Unhandled"));
    let error = payload(&exited);
    assert_eq!(error["errorType"], "Runtime.ExitError");
    let message = error["errorMessage"].as_str().expect("a message");
    assert!(
        message.ends_with("Error: Runtime exited with error: exit status 3"),
        "{message}"
    );
    let after = payload(&invoke(&client, "echo", json!({"a": 1})).await);
    assert_eq!(after["echo"], json!({"a": 1}));

    // A warm process that has gone meanwhile costs no invocation.
    kill(&after["process"]);
    until(|| !runs(&after["process"])).await;
    let again = invoke(&client, "echo", json!({"a": 2})).await;
    assert_eq!(again.function_error(), None);
    aws.shutdown().await;
}

fn kill(process: &Value) {
    let process = i32::try_from(process.as_i64().expect("an id")).expect("an id");
    let process = rustix::process::Pid::from_raw(process).expect("an id");
    rustix::process::kill_process(process, rustix::process::Signal::KILL).expect("it runs");
}

/// The lines in which Lambda itself speaks.
fn lambdas_lines(aws: &LocalAws, function: &str) -> Vec<String> {
    let mut lines = aws.logs(function);
    lines.retain(|line| line.contains("RequestId: ") || line.contains("Task timed out"));
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_while_idle_is_reaped_at_once_and_stands_in_the_log() {
    let aws = serve(1.0).await;
    let client = client(&aws);
    let served = invoke(&client, "echo", json!({"do": "context"})).await;
    let request = payload(&served)["request_id"].take();
    let process = payload(&invoke(&client, "echo", json!({})).await)["process"].take();
    let entry = format!("/proc/{process}");
    assert!(std::path::Path::new(&entry).exists());
    kill(&process);
    // Not even a zombie is left, although nobody uses the function.
    until(|| !std::path::Path::new(&entry).exists()).await;
    until(|| !lambdas_lines(&aws, "echo").is_empty()).await;
    let lines = lambdas_lines(&aws, "echo");
    assert_eq!(lines.len(), 1);
    assert!(
        lines[0].ends_with(" Error: Runtime exited with error: signal: killed"),
        "{lines:?}"
    );
    let id = lines[0]
        .strip_prefix("RequestId: ")
        .expect("the first word");
    assert!(
        id.len() > 36 && request != id[..36],
        "of the latest invocation"
    );
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_says_how_an_invocations_process_ended() {
    let aws = serve(1.0).await;
    let client = client(&aws);
    let error = payload(&invoke(&client, "echo", json!({"do": "exit"})).await);
    let lines = lambdas_lines(&aws, "echo");
    assert_eq!(lines, [error["errorMessage"].as_str().expect("a message")]);

    invoke(&client, "hurried", json!({"do": "sleep", "ms": 60_000})).await;
    let lines = lambdas_lines(&aws, "hurried");
    assert_eq!(
        lines.len(),
        1,
        "our own kill is no second piece of news: {lines:?}"
    );
    assert!(
        lines[0].ends_with(" Task timed out after 1.00 seconds"),
        "{lines:?}"
    );
    let (at, _) = lines[0].split_once(' ').expect("a time");
    assert!(at.parse::<jiff::Timestamp>().is_ok(), "{at}");
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_serves_nothing_fails_each_invocation_as_on_aws() {
    let config = Config {
        functions: Some(PathBuf::from("/bin/true")),
        ..config(1.0)
    };
    let aws = LocalAws::start(config, world()).await.expect("it serves");
    assert_eq!(
        aws.cannot_serve(),
        None,
        "nobody has asked for anything yet"
    );
    let failed = invoke(&client(&aws), "echo", json!({})).await;
    assert_eq!(failed.function_error(), Some("Unhandled"));
    let error = payload(&failed);
    assert_eq!(error["errorType"], "Runtime.ExitError");
    let message = error["errorMessage"].as_str().expect("a message");
    assert!(
        message.ends_with("Error: Runtime exited without providing a reason"),
        "{message}"
    );
    assert_eq!(aws.logs("echo"), [message]);
    let failure = aws.cannot_serve().expect("it was tried");
    assert_eq!(failure.function, "echo");
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_is_killed_at_its_timeout() {
    let aws = serve(1.0).await;
    let client = client(&aws);
    let process = payload(&invoke(&client, "hurried", json!({})).await)["process"].take();
    let late = invoke(&client, "hurried", json!({"do": "sleep", "ms": 60_000})).await;
    assert_eq!(late.function_error(), Some("Unhandled"));
    let error = payload(&late);
    assert_eq!(error["errorType"], "Sandbox.Timedout");
    let message = error["errorMessage"].as_str().expect("a message");
    assert!(
        message.ends_with("Task timed out after 1.00 seconds"),
        "{message}"
    );
    until(|| !runs(&process)).await;
    let after = invoke(&client, "hurried", json!({})).await;
    assert_eq!(after.function_error(), None);
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_does_not_start_fails_the_invocation() {
    let aws = serve(1.0).await;
    set_environment(&aws, &[("EXIT_AT_START", "1")]);
    let failed = invoke(&client(&aws), "echo", json!({})).await;
    assert_eq!(failed.function_error(), Some("Unhandled"));
    assert_eq!(payload(&failed)["errorType"], "Runtime.ExitError");
    until(|| {
        let logs = aws.logs("echo");
        logs.iter().any(|line| line.contains("told to exit"))
    })
    .await;
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_keep_their_effects() {
    let aws = serve(1.0).await;
    let client = client(&aws);
    let fault = |rule: fn(FaultRule) -> FaultRule| {
        aws.with_world(|world| {
            let reset = FaultRule::new(FaultKind::ConnectionReset, world.now());
            world.add_fault(rule(reset.operation("Invoke").times(1)));
        });
    };
    let call = || {
        let event = json!({"do": "answer"}).to_string();
        let call = client.invoke().function_name("echo");
        call.payload(Blob::new(event)).send()
    };
    fault(|rule| rule);
    call().await.expect_err("the connection broke");
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(aws.logs("echo").is_empty(), "the function never ran");
    fault(FaultRule::after_effect);
    call().await.expect_err("the connection broke");
    until(|| aws.logs("echo").iter().any(|line| line.contains("asked"))).await;
    call().await.expect("both rules are spent");
    aws.shutdown().await;
}
