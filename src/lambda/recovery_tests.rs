//! Events and records of every kind, and what recovery makes of them.

use serde_json::json;

use super::*;

fn read(event: &Value) -> Document {
    match Call::read(event) {
        Ok(Call::Known(document)) => *document,
        other => panic!("{other:?}"),
    }
}

fn heard(document: &Document) -> &Heard {
    &document.recover.as_ref().expect("a recovery").heard
}

fn ended(input: Value) -> Value {
    json!({
        "detail-type": "Step Functions Execution Status Change",
        "detail": {
            "executionArn": "arn:aws:states:us-east-1:123456789012:execution:m:d-1-pre",
            "status": "ABORTED", "startDate": 1_763_716_440_123_i64, "redriveCount": 2,
            "input": input,
        },
    })
}

const EVENT: &str = r#"{"DeploymentId":"d-1","LifecycleEventHookExecutionId":"e"}"#;

#[test]
fn an_execution_that_ended_brings_its_input() {
    let input = format!(r#"{{"hook":"post_traffic","event":{EVENT},"carry":{{"schema":1}}}}"#);
    let document = read(&ended(json!(input)));
    assert_eq!(document.hook, Hook::PostTraffic);
    assert_eq!(document.event.lifecycle_event_hook_execution_id, "e");
    assert_eq!(document.carry, Some(json!({"schema": 1})));
    let recovery = document.recover.expect("a recovery");
    assert_eq!(recovery.why, "the execution d-1-pre is ABORTED");
    assert!(!recovery.last);
    let began = Timestamp::from_millisecond(1_763_716_440_123).expect("a time");
    let (name, redrives) = ("d-1-pre".to_owned(), 2);
    assert_eq!(
        recovery.heard,
        Heard::ExecutionEnded {
            name,
            redrives,
            began: Some(began)
        }
    );
}

#[test]
fn the_end_of_a_recovery_is_not_followed_by_another_execution() {
    let first = format!(r#"{{"hook":"pre_traffic","event":{EVENT}}}"#);
    let recovery = read(&ended(json!(first)));
    let second = read(&ended(json!(json!(recovery).to_string())));
    assert!(second.recover.expect("a recovery").last);
}

#[test]
fn an_input_that_is_left_out_has_to_be_read() {
    let called = Call::read(&ended(Value::Null));
    assert!(matches!(called, Ok(Call::Unread { .. })), "{called:?}");
    let strange = Call::read(&ended(json!(r#"{"secret":"hunter2"}"#)));
    let Err(Failure::BadEvent(message)) = strange else {
        panic!("{strange:?}");
    };
    assert!(message.contains("d-1-pre") && !message.contains("hunter2"));
}

#[test]
fn a_deployment_that_ended_has_nobody_to_answer() {
    let document = read(&json!({
        "detail-type": "CodeDeploy Deployment State-change Notification",
        "detail": {"deploymentId": "d-1"},
    }));
    assert_eq!(heard(&document), &Heard::DeploymentEnded);
    assert_eq!(document.event.deployment_id.as_str(), "d-1");
    assert!(!document.event.has_hook());
}

#[test]
fn a_record_tells_which_hook_failed() {
    for (function, hook) in [
        ("CodeDeployHook_canary-post-traffic", Hook::PostTraffic),
        (
            "CodeDeployHook_canary-post-traffic:$LATEST",
            Hook::PostTraffic,
        ),
        (
            "CodeDeployHook_my-post-traffic-pre-traffic:$LATEST",
            Hook::PreTraffic,
        ),
        ("", Hook::PreTraffic),
    ] {
        let arn = format!("arn:aws:lambda:us-east-1:123456789012:function:{function}");
        let payload: Value = serde_json::from_str(EVENT).expect("JSON");
        let record = json!({"requestContext": {"functionArn": arn}, "requestPayload": payload});
        let document = read(&record);
        assert_eq!((document.hook, document.event.has_hook()), (hook, true));
        assert_eq!(heard(&document), &Heard::HookFailed);
    }
}

#[test]
fn anything_else_is_none() {
    for other in [
        json!({}),
        json!([]),
        json!({"detail-type": "x"}),
        json!({"detail-type": "Step Functions Execution Status Change", "detail": {}}),
        json!({"detail-type": "CodeDeploy Deployment State-change Notification", "detail": {"deploymentId": 7}}),
        json!({"requestPayload": 7}),
    ] {
        let called = Call::read(&other);
        assert!(matches!(called, Err(Failure::BadEvent(_))), "{other}");
    }
}
