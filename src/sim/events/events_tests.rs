//! Rules, patterns and targets by example.

use serde_json::{Value, json};

use super::*;
use crate::sim::fixture::{app_errors, code, hello, pass, set};
use crate::sim::topics::CreateTopicRequest;
use crate::sim::{Service, World};

fn rule(world: &mut World, pattern: &Value) -> Result<PutRuleResponse, AwsError> {
    world.put_rule(PutRuleRequest {
        name: "rule".to_owned(),
        event_pattern: Some(pattern.to_string()),
        ..PutRuleRequest::default()
    })
}

fn target(id: &str, arn: &str) -> Target {
    Target {
        id: id.to_owned(),
        arn: arn.to_owned(),
        ..Target::default()
    }
}

fn add(world: &mut World, target: Target) -> PutTargetsResponse {
    let request = PutTargetsRequest {
        rule: "rule".to_owned(),
        targets: vec![target],
        event_bus_name: None,
    };
    world.put_targets(request).expect("the rule exists")
}

fn fits(pattern: &Value, event: &Value) -> bool {
    let request = TestEventPatternRequest {
        event_pattern: pattern.to_string(),
        event: event.to_string(),
    };
    let tested = hello(1).test_event_pattern(request);
    tested.expect("a good pattern").result
}

#[test]
fn an_event_reaches_the_targets_of_the_rules_that_want_it() {
    let mut world = hello(1);
    world.host(["bootstrap"]);
    let topic = CreateTopicRequest {
        name: "news".to_owned(),
        ..CreateTopicRequest::default()
    };
    let topic = world.create_topic(topic).expect("a topic").topic_arn;
    rule(
        &mut world,
        &json!({"source": ["aws.states"], "detail": {"status": ["FAILED"]}}),
    )
    .expect("a rule");
    let function = world.function_arn("hello", None);
    assert_eq!(
        add(&mut world, target("f", &function)).failed_entry_count,
        0
    );
    let constant = Target {
        input: Some(r#"{"constant":1}"#.to_owned()),
        ..target("t", &topic)
    };
    assert_eq!(add(&mut world, constant).failed_entry_count, 0);

    for status in ["FAILED", "SUCCEEDED"] {
        let detail = json!({"status": status});
        emit(
            &mut world,
            "aws.states",
            "Status Change",
            vec!["arn:x".to_owned()],
            detail,
        );
    }
    assert_eq!(world.events().count(), 2, "both are remembered");
    let invocations = world.take_invocations();
    assert_eq!(invocations.len(), 1, "one was wanted");
    let mut event: Value = serde_json::from_str(&invocations[0].payload).expect("JSON");
    assert!(event["id"].take().is_string());
    assert_eq!(
        event,
        json!({
            "version": "0",
            "id": null,
            "detail-type": "Status Change",
            "source": "aws.states",
            "account": "000000000000",
            "time": "2026-11-21T05:51:00Z",
            "region": "us-east-1",
            "resources": ["arn:x"],
            "detail": {"status": "FAILED"},
        })
    );
    let messages: Vec<&str> = world.messages().map(|one| one.message.as_str()).collect();
    assert_eq!(messages, [r#"{"constant":1}"#]);
}

#[test]
fn patterns_are_matched_as_eventbridge_does() {
    let event = json!({
        "source": "aws.states",
        "resources": ["arn:a", "arn:b"],
        "detail": {"name": "d-ABC-pre", "n": 3, "flag": true, "none": null},
    });
    for (pattern, expected) in [
        (json!({"source": ["aws.x", "aws.states"]}), true),
        (json!({"source": ["aws.x"]}), false),
        (json!({"resources": ["arn:b"]}), true),
        (json!({"resources": [{"prefix": "arn:"}]}), true),
        (json!({"detail": {"name": [{"prefix": "d-"}]}}), true),
        (json!({"detail": {"name": [{"suffix": "-post"}]}}), false),
        (json!({"detail": {"name": [{"wildcard": "d-*-pre"}]}}), true),
        (json!({"detail": {"name": [{"wildcard": "*A*B*C*"}]}}), true),
        (json!({"detail": {"name": [{"wildcard": "d-*-pr"}]}}), false),
        (
            json!({"detail": {"name": [{"wildcard": "d-ABC-pre*-pre"}]}}),
            false,
        ),
        (
            json!({"detail": {"name": [{"equals-ignore-case": "D-abc-PRE"}]}}),
            true,
        ),
        (
            json!({"detail": {"name": [{"anything-but": "d-ABC-pre"}]}}),
            false,
        ),
        (
            json!({"detail": {"name": [{"anything-but": ["x", "y"]}]}}),
            true,
        ),
        (
            json!({"detail": {"name": [{"anything-but": {"prefix": "d-"}}]}}),
            false,
        ),
        (json!({"detail": {"gone": [{"anything-but": "x"}]}}), false),
        (json!({"detail": {"gone": [{"exists": false}]}}), true),
        (json!({"detail": {"name": [{"exists": false}]}}), false),
        (json!({"detail": {"none": [null]}}), true),
        (json!({"detail": {"flag": [true]}}), true),
        (json!({"detail": {"n": [3.0]}}), true),
        (json!({"detail": {"n": ["3"]}}), false),
        (
            json!({"detail": {"n": [{"numeric": [">", 2, "<=", 3]}]}}),
            true,
        ),
        (json!({"detail": {"n": [{"numeric": ["<", 3]}]}}), false),
        (
            json!({"source": ["aws.states"], "detail": {"n": [4]}}),
            false,
        ),
        (json!({"detail": {"name": {"first": ["x"]}}}), false),
    ] {
        assert_eq!(fits(&pattern, &event), expected, "{pattern}");
    }
}

#[test]
fn what_a_pattern_cannot_have_here_is_named() {
    for (pattern, named) in [
        (json!({"detail": {"ip": [{"cidr": "10.0.0.0/8"}]}}), "cidr"),
        (json!({"$or": [{"source": ["x"]}]}), "$or"),
        (json!({"source": "aws.states"}), "source"),
        (json!({"source": []}), "source"),
        (json!({"detail": {}}), "Empty"),
        (json!({"detail": {"n": [{"numeric": ["~", 1]}]}}), "~"),
        (
            json!({"source": [{"prefix": "a", "suffix": "b"}]}),
            "one key",
        ),
        (json!([]), "object"),
    ] {
        let refused = rule(&mut hello(1), &pattern).expect_err("refused");
        assert_eq!(refused.code, "InvalidEventPatternException", "{pattern}");
        assert!(refused.message.contains(named), "{}", refused.message);
    }
}

#[test]
fn targets_that_are_not_here_fail_alone() {
    let mut world = hello(1);
    let machine = "arn:aws:states:us-east-1:000000000000:stateMachine:m";
    let nowhere = PutTargetsRequest {
        rule: "rule".to_owned(),
        targets: vec![target("t", machine)],
        event_bus_name: None,
    };
    let answer = world.put_targets(nowhere);
    assert_eq!(code(answer), "ResourceNotFoundException");
    rule(&mut world, &json!({"source": ["x"]})).expect("a rule");
    let function = world.function_arn("hello", None);
    let transformed = Target {
        input_transformer: Some(json!({})),
        ..target("t", &function)
    };
    for (wrong, named) in [
        (target("t", machine), machine),
        (transformed, "InputTransformer"),
    ] {
        let answer = add(&mut world, wrong);
        assert_eq!(answer.failed_entry_count, 1);
        let message = &answer.failed_entries[0].error_message;
        assert!(message.contains(named), "{message}");
    }
}

#[test]
fn rules_are_listed_disabled_and_deleted() {
    let mut world = hello(1);
    world.host(["bootstrap"]);
    let pattern = json!({"source": ["x"]});
    rule(&mut world, &pattern).expect("a rule");
    let function = world.function_arn("hello", None);
    add(&mut world, target("f", &function));
    let call = |world: &mut World, operation: &str, input: Value| {
        world.call(Service::Events, operation, input)
    };
    let described = call(&mut world, "DescribeRule", json!({"Name": "rule"}));
    assert_eq!(
        described.expect("there")["EventPattern"],
        pattern.to_string()
    );
    let listed = call(&mut world, "ListRules", json!({"NamePrefix": "ru"}));
    assert_eq!(listed.expect("a list")["Rules"][0]["State"], "ENABLED");
    let disabled =
        json!({"Name": "rule", "EventPattern": pattern.to_string(), "State": "DISABLED"});
    call(&mut world, "PutRule", disabled).expect("changed");
    emit(&mut world, "x", "y", Vec::new(), json!({}));
    assert_eq!(world.open_invocations(), 0, "a disabled rule wants nothing");
    let deleted = call(&mut world, "DeleteRule", json!({"Name": "rule"}));
    assert_eq!(code(deleted), "ValidationException", "it has targets");
    let removed = json!({"Rule": "rule", "Ids": ["f", "g"]});
    let removed = call(&mut world, "RemoveTargets", removed).expect("the rule exists");
    assert_eq!(removed["FailedEntryCount"], 1, "there was no g");
    call(&mut world, "DeleteRule", json!({"Name": "rule"})).expect("deleted");
    let gone = call(&mut world, "DescribeRule", json!({"Name": "rule"}));
    assert_eq!(code(gone), "ResourceNotFoundException");
}

#[test]
fn clients_put_events_one_by_one() {
    let mut world = hello(1);
    let entry = |source: &str, detail: &str| PutEventsEntry {
        source: Some(source.to_owned()),
        detail_type: Some("type".to_owned()),
        detail: Some(detail.to_owned()),
        ..PutEventsEntry::default()
    };
    let entries = vec![
        entry("mine", r#"{"a":1}"#),
        entry("aws.states", "{}"),
        entry("mine", "not json"),
        PutEventsEntry::default(),
    ];
    let answer = world
        .put_events(PutEventsRequest { entries })
        .expect("taken");
    let codes: Vec<_> = answer
        .entries
        .iter()
        .map(|entry| entry.error_code.as_deref())
        .collect();
    assert_eq!(
        codes,
        [
            None,
            Some("NotAuthorizedForSourceException"),
            Some("MalformedDetail"),
            Some("InvalidArgument")
        ]
    );
    assert_eq!(answer.failed_entry_count, 3);
    assert_eq!(
        world.events().next().expect("one")["detail"],
        json!({"a": 1})
    );
    let none = world.put_events(PutEventsRequest::default());
    assert_eq!(code(none), "ValidationException");
}

#[test]
fn a_change_of_an_alarm_is_an_event() {
    let mut world = hello(1);
    world.put_metric_alarm(app_errors("errors")).expect("put");
    set(&mut world, "errors", "ALARM");
    set(&mut world, "errors", "ALARM");
    let events: Vec<&Value> = world.events().collect();
    assert_eq!(events.len(), 1, "only a change is one");
    let event = events[0];
    assert_eq!(event["source"], "aws.cloudwatch");
    assert_eq!(event["detail-type"], "CloudWatch Alarm State Change");
    let arn = "arn:aws:cloudwatch:us-east-1:000000000000:alarm:errors";
    assert_eq!(event["resources"], json!([arn]));
    let detail = &event["detail"];
    assert_eq!(detail["alarmName"], "errors");
    assert_eq!(detail["state"]["value"], "ALARM");
    assert_eq!(detail["state"]["reason"], "by hand");
    assert_eq!(
        detail["state"]["timestamp"], "2026-11-21T05:51:00.000+0000",
        "without a colon"
    );
    assert_eq!(detail["previousState"]["value"], "INSUFFICIENT_DATA");
    let metric = &detail["configuration"]["metrics"][0]["metricStat"];
    assert_eq!(metric["metric"]["name"], "Errors");
}

#[test]
fn the_newest_thousand_events_are_remembered() {
    let mut world = hello(1);
    for number in 0..1_001 {
        emit(&mut world, "x", "y", Vec::new(), json!({"number": number}));
    }
    pass(&mut world, 1);
    assert_eq!(world.events().count(), 1_000);
    assert_eq!(world.events().next().expect("one")["detail"]["number"], 1);
}
