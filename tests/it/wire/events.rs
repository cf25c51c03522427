//! EventBridge, SNS and asynchronous invocation through the Rust SDK, and the errors of services.

use aws_sdk_eventbridge::types::{PutEventsRequestEntry, Target};
use aws_sdk_lambda::types::{DestinationConfig, OnFailure};
use aws_sdk_sns::types::MessageAttributeValue;
use lambda_canary::local::LocalAws;
use lambda_canary::sim::{FaultKind, FaultRule, Service};

use super::{admin, lambda_client, sample, sdk};

fn events(aws: &LocalAws) -> aws_sdk_eventbridge::Client {
    aws_sdk_eventbridge::Client::new(&sdk(aws))
}

fn sns(aws: &LocalAws) -> aws_sdk_sns::Client {
    aws_sdk_sns::Client::new(&sdk(aws))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_sends_a_clients_event_to_its_targets() {
    let aws = sample().await;
    let client = events(&aws);
    let topic = sns(&aws).create_topic().name("news").send().await;
    let topic = topic.expect("a topic").topic_arn.expect("an ARN");
    let rule = |pattern: &str| {
        let rule = client.put_rule().name("mine");
        rule.event_pattern(pattern).send()
    };
    let arn = rule(r#"{"source":[{"prefix":"mine"}]}"#)
        .await
        .expect("put");
    assert_eq!(
        arn.rule_arn(),
        Some("arn:aws:events:us-east-1:000000000000:rule/mine")
    );
    let refused = rule(r#"{"source":[{"cidr":"::"}]}"#).await;
    let refused = refused.expect_err("refused").into_service_error();
    assert!(refused.is_invalid_event_pattern_exception(), "{refused:?}");
    let target = Target::builder().id("topic").arn(&topic).build();
    let put = client
        .put_targets()
        .rule("mine")
        .targets(target.expect("complete"))
        .send()
        .await
        .expect("put");
    assert_eq!(put.failed_entry_count(), 0);
    let entry = PutEventsRequestEntry::builder()
        .source("mine.too")
        .detail_type("type")
        .detail(r#"{"a":1}"#)
        .time(aws_sdk_eventbridge::primitives::DateTime::from_secs(
            1_700_000_000,
        ))
        .build();
    let sent = client.put_events().entries(entry).send().await;
    let sent = sent.expect("taken");
    assert_eq!(sent.failed_entry_count(), 0);
    assert!(sent.entries()[0].event_id().is_some());
    let gone = client.describe_rule().name("gone").send().await;
    let gone = gone.expect_err("not there").into_service_error();
    assert!(gone.is_resource_not_found_exception(), "{gone:?}");
    let listed = client.list_rules().send().await.expect("a list");
    assert_eq!(listed.rules().len(), 1);

    let (_, seen) = admin(&aws, "GET", "/_local/events", "").await;
    let event = &seen["events"].as_array().expect("a list").last();
    let event = event.expect("at least this one");
    assert_eq!(event["time"], "2023-11-14T22:13:20Z");
    let (_, seen) = admin(&aws, "GET", "/_local/messages?limit=1", "").await;
    let message = seen["messages"][0]["message"].as_str().expect("text");
    assert!(message.contains(r#""detail":{"a":1}"#), "{message}");
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_speak_the_query_protocol() {
    let aws = sample().await;
    let client = sns(&aws);
    let topic = client.create_topic().name("news").send().await;
    let topic = topic.expect("a topic").topic_arn.expect("an ARN");
    let attribute = MessageAttributeValue::builder()
        .data_type("String")
        .string_value("7")
        .build()
        .expect("complete");
    let published = client
        .publish()
        .topic_arn(&topic)
        .subject("a & b")
        .message("<text>")
        .message_attributes("n", attribute)
        .send()
        .await
        .expect("published");
    assert!(published.message_id().is_some());
    let function = "arn:aws:lambda:us-east-1:000000000000:function:hello:live";
    let subscribed = client
        .subscribe()
        .topic_arn(&topic)
        .protocol("lambda")
        .endpoint(function)
        .return_subscription_arn(true)
        .send()
        .await
        .expect("subscribed");
    assert!(
        subscribed
            .subscription_arn()
            .is_some_and(|arn| arn.starts_with(&topic))
    );
    let listed = client.list_topics().send().await.expect("a list");
    assert_eq!(listed.topics()[0].topic_arn(), Some(topic.as_str()));
    client
        .delete_topic()
        .topic_arn(&topic)
        .send()
        .await
        .expect("deleted");
    let gone = client.publish().topic_arn(&topic).message("x").send().await;
    let gone = gone.expect_err("deleted").into_service_error();
    assert!(gone.is_not_found_exception(), "{gone:?}");
    let wrong = client.create_topic().name("a b").send().await;
    let wrong = wrong.expect_err("no name").into_service_error();
    assert!(wrong.is_invalid_parameter_exception(), "{wrong:?}");
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn how_events_are_invoked_is_put_and_read() {
    let aws = sample().await;
    let client = lambda_client(&aws);
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:hello";
    let destinations = DestinationConfig::builder()
        .on_failure(OnFailure::builder().destination(arn).build())
        .build();
    let put = client
        .put_function_event_invoke_config()
        .function_name("hello")
        .qualifier("live")
        .maximum_event_age_in_seconds(3_000)
        .destination_config(destinations)
        .send()
        .await
        .expect("put");
    assert_eq!(put.maximum_event_age_in_seconds(), Some(3_000));
    let found = client
        .get_function_event_invoke_config()
        .function_name("hello:live")
        .send()
        .await
        .expect("put");
    let modified = found.last_modified().expect("a time").secs();
    assert!((modified - aws.now().as_second()).abs() < 60, "{modified}");
    let destination = found.destination_config().and_then(|to| to.on_failure());
    assert_eq!(destination.and_then(|to| to.destination()), Some(arn));
    let none = client
        .get_function_event_invoke_config()
        .function_name("hello")
        .send()
        .await;
    let none = none.expect_err("never put").into_service_error();
    assert!(none.is_resource_not_found_exception(), "{none:?}");
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_the_new_services_are_typed_and_carry_their_message() {
    use aws_sdk_codedeploy::error::ProvideErrorMetadata as _;
    let aws = sample().await;
    for service in [
        Service::CodeDeploy,
        Service::StepFunctions,
        Service::Sns,
        Service::Events,
    ] {
        aws.with_world(|world| {
            let rule = FaultRule::new(FaultKind::Throttle, world.now());
            world.add_fault(rule.on(service));
        });
    }
    let config = sdk(&aws);
    let deploy = aws_sdk_codedeploy::Client::new(&config);
    let refused = deploy.list_deployments().send().await;
    let refused = refused.expect_err("throttled or absent");
    assert!(
        refused.code().is_some() && refused.message().is_some(),
        "{refused:?}"
    );
    let states = aws_sdk_sfn::Client::new(&config);
    let refused = states.list_state_machines().send().await;
    let refused = refused.expect_err("throttled or absent");
    assert!(
        refused.code().is_some() && refused.message().is_some(),
        "{refused:?}"
    );
    let refused = events(&aws).list_rules().send().await;
    let refused = refused.expect_err("throttled");
    assert_eq!(refused.code(), Some("ThrottlingException"));
    assert_eq!(refused.message(), Some("Rate exceeded"));
    let refused = sns(&aws).list_topics().send().await;
    assert_eq!(refused.expect_err("throttled").code(), Some("Throttling"));
    aws.shutdown().await;
}
