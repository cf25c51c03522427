//! Topics by example.

use serde_json::json;

use super::*;
use crate::sim::World;
use crate::sim::fixture::{code, hello, pass};

fn topic(world: &mut World) -> String {
    let request = CreateTopicRequest {
        name: "news".to_owned(),
        ..CreateTopicRequest::default()
    };
    world.create_topic(request).expect("a topic").topic_arn
}

fn message(topic_arn: &str, text: &str) -> PublishRequest {
    PublishRequest {
        topic_arn: Some(topic_arn.to_owned()),
        message: text.to_owned(),
        subject: Some("subject".to_owned()),
        ..PublishRequest::default()
    }
}

fn subscription(topic_arn: &str, protocol: &str, endpoint: &str) -> SubscribeRequest {
    SubscribeRequest {
        topic_arn: topic_arn.to_owned(),
        protocol: protocol.to_owned(),
        endpoint: Some(endpoint.to_owned()),
        return_subscription_arn: None,
    }
}

#[test]
fn a_message_is_kept_and_a_function_gets_it() {
    let mut world = hello(1);
    world.host(["bootstrap"]);
    let arn = topic(&mut world);
    assert_eq!(arn, topic(&mut world), "the same name is the same topic");
    let function = world.function_arn("hello", Some("live"));
    for (protocol, endpoint) in [("lambda", function.as_str()), ("email", "a@example.com")] {
        let request = subscription(&arn, protocol, endpoint);
        let first = world.subscribe(request.clone()).expect("subscribed");
        assert_eq!(world.subscribe(request).expect("the same"), first);
    }
    world.publish(message(&arn, "hello")).expect("published");
    assert_eq!(world.messages().count(), 1);
    pass(&mut world, 2);
    let invocations = world.take_invocations();
    assert_eq!(invocations.len(), 1, "one function, once");
    let event: serde_json::Value = serde_json::from_str(&invocations[0].payload).expect("an event");
    assert_eq!(event["Records"][0]["Sns"]["Message"], "hello");
    assert_eq!(event["Records"][0]["Sns"]["Subject"], "subject");
    assert_eq!(invocations[0].version, "1");
}

#[test]
fn what_cannot_be_is_refused() {
    let mut world = hello(1);
    let arn = topic(&mut world);
    let gone = "arn:aws:sns:us-east-1:000000000000:gone";
    assert_eq!(code(world.publish(message(gone, "x"))), "NotFound");
    assert_eq!(code(world.publish(message(&arn, ""))), "InvalidParameter");
    let long = PublishRequest {
        subject: Some("x".repeat(101)),
        ..message(&arn, "x")
    };
    assert_eq!(code(world.publish(long)), "InvalidParameter");
    let structured = PublishRequest {
        message_structure: Some("json".to_owned()),
        ..message(&arn, "not json")
    };
    assert_eq!(code(world.publish(structured)), "InvalidParameter");
    for (protocol, endpoint) in [("pigeon", "x"), ("lambda", "hello")] {
        let refused = world.subscribe(subscription(&arn, protocol, endpoint));
        assert_eq!(code(refused), "InvalidParameter", "{protocol}");
    }
    let nameless = world.call(
        crate::sim::Service::Sns,
        "CreateTopic",
        json!({"Name": "a b"}),
    );
    assert_eq!(code(nameless), "InvalidParameter");
}

#[test]
fn topics_are_listed_and_deleted() {
    let mut world = hello(1);
    let arn = topic(&mut world);
    let list = |world: &mut World| {
        let listed = world.list_topics(ListTopicsRequest::default());
        listed.expect("a list").topics.len()
    };
    assert_eq!(list(&mut world), 1);
    world
        .delete_topic(DeleteTopicRequest { topic_arn: arn })
        .expect("deleted");
    assert_eq!(list(&mut world), 0);
}
