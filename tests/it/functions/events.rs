//! Events that are none, and environments that are wrong.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};

use lambda_canary::local::stack::{POST_TRAFFIC, PRE_TRAFFIC, STEPPER};
use serde_json::{Value, json};

use super::{Stage, reconfigure};

/// What a secret in an event would look like; nothing may repeat it.
const SECRET: &str = "hunter2";

fn error(payload: Option<String>) -> (String, String) {
    let error: Value = serde_json::from_str(&payload.expect("an error")).expect("JSON");
    let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    (text("errorType"), text("errorMessage"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_event_is_refused_by_name_and_touches_nothing() {
    let stage = Stage::set().await;
    let long = "x".repeat(1_000_000);
    let whole = |id: &str| json!({"DeploymentId": id, "LifecycleEventHookExecutionId": "e"});
    let events = [
        json!({}),
        json!([]),
        json!(null),
        json!(SECRET),
        json!({"DeploymentId": "d-1"}),
        json!({"DeploymentId": SECRET, "LifecycleEventHookExecutionId": "e"}),
        json!({"DeploymentId": 7, "LifecycleEventHookExecutionId": {"secret": SECRET}}),
        json!({"DeploymentId": "d-1", "LifecycleEventHookExecutionId": ""}),
        json!({"DeploymentId": "d-1", "LifecycleEventHookExecutionId": long}),
        whole(&format!("d-{long}")),
        whole("../d-1"),
        json!({"Records": [{"body": SECRET}]}),
    ];
    for function in [PRE_TRAFFIC, POST_TRAFFIC, STEPPER] {
        for event in &events {
            let event = event.to_string();
            let answer = stage.invoke(function, &event).await.expect("invoked");
            let start = &event[..event.len().min(90)];
            assert_eq!(
                answer.function_error.as_deref(),
                Some("Unhandled"),
                "{start}"
            );
            let (name, message) = error(answer.payload);
            assert_eq!(name, "BadEvent", "{function}: {start}: {message}");
            assert!(message.len() < 300, "{function}: {start}: {message}");
            assert!(!message.contains(SECRET), "{function}: {message}");
        }
        let logs = stage.aws.logs(function);
        assert_eq!(logs.len(), events.len(), "one line each, from one process");
        assert!(
            logs.iter()
                .all(|line| line.len() < 500 && !line.contains(SECRET))
        );
    }
    assert_eq!(
        stage.world(|world| world
            .trace()
            .filter(|call| call.operation != "Invoke")
            .count()),
        0
    );
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_event_and_one_that_is_no_json_fail_and_the_process_stays() {
    let stage = Stage::set().await;
    let broken = stage.invoke(PRE_TRAFFIC, "{\"DeploymentId\":").await;
    assert_eq!(
        broken.expect_err("Lambda refuses it").code,
        "InvalidRequestContentException"
    );
    let empty = stage.invoke(PRE_TRAFFIC, "").await.expect("invoked");
    assert_eq!(empty.function_error.as_deref(), Some("Unhandled"));
    // A released deployment shows that the hook still works.
    let deployment = stage.deploy();
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Succeeded");
    stage.assert_released();
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_deployment_is_left_alone() {
    let stage = Stage::set().await;
    let event = json!({"DeploymentId": "d-NOBODYS01", "LifecycleEventHookExecutionId": "e"});
    for function in [PRE_TRAFFIC, POST_TRAFFIC] {
        let answer = stage.answer(function, &event.to_string()).await;
        assert_eq!(answer["outcome"], "ignored", "{answer}");
        assert!(
            answer["why"].to_string().contains("no such deployment"),
            "{answer}"
        );
    }
    let record = json!({"requestContext": {}, "requestPayload": event});
    let answer = stage.answer(STEPPER, &record.to_string()).await;
    assert_eq!(answer["outcome"], "recovered", "{answer}");
    assert!(answer["done"].to_string().contains("knows no"), "{answer}");
    assert_eq!(
        stage.calls("StartExecution") + stage.calls("UpdateAlias"),
        0
    );
    assert_eq!(stage.answers(), 0);
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_made_up_hook_id_of_a_real_deployment_starts_nothing_of_its_own() {
    let stage = Stage::set().await;
    let deployment = stage.deploy();
    stage.shifted().await;
    let event = json!({"DeploymentId": deployment, "LifecycleEventHookExecutionId": "made-up"});
    let answer = stage.answer(PRE_TRAFFIC, &event.to_string()).await;
    assert_eq!(
        answer["outcome"], "running",
        "the execution is named by the deployment"
    );
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Succeeded");
    stage.assert_released();
    stage.strike().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_without_its_state_machine_fails_and_the_recovery_answers() {
    let stage = Stage::with(|world| {
        reconfigure(world, PRE_TRAFFIC, &[("STATE_MACHINE_ARN", " ")], json!({}));
    })
    .await;
    let deployment = stage.deploy();
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Failed");
    assert_eq!(
        stage.answers(),
        3,
        "the recovery's, and those of the rollback's hooks"
    );
    stage.assert_put_back();
    assert_eq!(stage.calls("UpdateAlias"), 1, "to void a write under way");
    let told = stage.told();
    assert!(told.contains("STATE_MACHINE_ARN is not in"), "{told}");
    let failed = stage.aws.logs(PRE_TRAFFIC);
    let failed = failed.iter().filter(|line| line.contains("Misconfigured"));
    assert_eq!(failed.count(), 3, "Lambda's three attempts");
    assert!(told.contains("the hook failed all its attempts"), "{told}");
    stage.strike().await;
}

/// A Runtime API of one invocation with this payload; what the function reports of it, and all that
/// it printed.
fn report_on(handler: &str, payload: &[u8]) -> (Value, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    let mut function = Command::new(env!("CARGO_BIN_EXE_functions"))
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", address)
        .env("_HANDLER", handler)
        .env("AWS_LAMBDA_FUNCTION_NAME", "hook")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_REGION", "us-east-1")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let head = format!(
        "HTTP/1.1 200 OK\r\nlambda-runtime-aws-request-id: one\r\n\
         lambda-runtime-deadline-ms: 9999999999999\r\nlambda-runtime-trace-id: Root=1\r\n\
         lambda-runtime-invoked-function-arn: arn:aws:lambda:us-east-1:1:function:hook\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n",
        payload.len()
    );
    let report = loop {
        let (mut stream, _) = listener.accept().expect("the function asks");
        let (line, body) = request(&mut stream);
        if line.starts_with("GET ") {
            let answer = [head.as_bytes(), payload].concat();
            stream.write_all(&answer).expect("it listens");
        } else {
            assert!(line.contains("/invocation/one/error"), "{line}");
            break serde_json::from_slice(&body).expect("JSON");
        }
    };
    function.kill().expect("it waits for its answer");
    let output = function.wait_with_output().expect("it was killed");
    let said = [output.stdout, output.stderr].concat();
    (report, String::from_utf8_lossy(&said).into_owned())
}

/// The first line of an HTTP request, and its body.
fn request(stream: &mut TcpStream) -> (String, Vec<u8>) {
    let mut reader = BufReader::new(stream);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).expect("a request");
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a header");
        let line = line.trim().to_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().expect("a number");
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    (first, body)
}

#[test]
fn a_payload_that_cannot_be_decoded_is_a_bad_event_in_our_words() {
    let payloads: [(&[u8], &str); 4] = [
        (b"", "it is empty"),
        (b"hunter2", "it is not JSON"),
        (b"{\"DeploymentId\": \"hunter2", "it is not JSON"),
        (b"\"hunter2\xff\xfe\"", "it is not UTF-8"),
    ];
    for handler in ["pre_traffic", "stepper", "sample"] {
        for (payload, why) in payloads {
            let (report, said) = report_on(handler, payload);
            assert_eq!(report["errorType"], "BadEvent", "{handler}: {report}");
            let message = report["errorMessage"].as_str().expect("a message");
            assert!(message.contains(why), "{handler}: {message}");
            assert!(
                !message.contains(SECRET) && !said.contains(SECRET),
                "{said}"
            );
        }
    }
}

#[test]
fn a_wrong_handler_is_said_at_the_start() {
    for name in ["bootstrap", "", "pre-traffic"] {
        let output = Command::new(env!("CARGO_BIN_EXE_functions"))
            .env("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9")
            .env("_HANDLER", name)
            .output()
            .expect("it starts");
        assert_eq!(output.status.code(), Some(1));
        let line = String::from_utf8(output.stdout).expect("text");
        let line: Value = serde_json::from_str(&line).expect("one line of JSON");
        assert_eq!(line["level"], "ERROR");
        let message = line["message"].as_str().expect("text");
        for part in [
            &format!("_HANDLER is \"{name}\""),
            "pre_traffic, post_traffic, stepper, sample",
        ] {
            assert!(message.contains(part), "{message}");
        }
    }
}

#[test]
fn a_missing_region_is_told_in_words_for_a_function() {
    let output = Command::new(env!("CARGO_BIN_EXE_functions"))
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9")
        .env("_HANDLER", "stepper")
        .output()
        .expect("it starts");
    assert_eq!(output.status.code(), Some(1));
    let line = String::from_utf8(output.stdout).expect("text");
    assert!(
        line.contains("AWS_REGION is not in the function's environment"),
        "{line}"
    );
    assert!(
        !line.contains("--region"),
        "a function has no options: {line}"
    );
}

#[test]
fn outside_of_lambda_the_program_says_where_it_belongs() {
    let output = Command::new(env!("CARGO_BIN_EXE_functions"))
        .env_remove("AWS_LAMBDA_RUNTIME_API")
        .output()
        .expect("it starts");
    assert_eq!(output.status.code(), Some(64));
    let text = String::from_utf8(output.stderr).expect("text");
    assert!(
        text.contains("hint:") && text.contains("canary demo"),
        "{text}"
    );
}
