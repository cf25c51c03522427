//! Topics and who subscribes to them.

use super::wire::{
    CreateTopicRequest, CreateTopicResponse, DeleteTopicRequest, DeleteTopicResponse,
    ListTopicsRequest, ListTopicsResponse, SubscribeRequest, SubscribeResponse, TopicEntry,
};
use super::{invalid, not_found};
use crate::sim::errors::AwsError;
use crate::sim::paging;
use crate::sim::streams::uuid;
use crate::sim::world::World;

const PAGE: usize = 100;
const PROTOCOLS: &[&str] = &[
    "http",
    "https",
    "email",
    "email-json",
    "sms",
    "sqs",
    "application",
    "lambda",
    "firehose",
];

/// A topic.
#[derive(Debug, Clone, Default)]
pub(super) struct Topic {
    pub subscriptions: Vec<Subscription>,
}

/// Somebody who is to get a topic's messages.
#[derive(Debug, Clone)]
pub(super) struct Subscription {
    pub arn: String,
    pub protocol: String,
    pub endpoint: String,
}

pub(in crate::sim) fn create_topic(
    world: &mut World,
    request: CreateTopicRequest,
) -> Result<CreateTopicResponse, AwsError> {
    let name = request.name;
    let letters = name.strip_suffix(".fifo").unwrap_or(&name);
    let word = letters
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if letters.is_empty() || name.len() > 256 || !word {
        return Err(invalid("Topic Name"));
    }
    let topic_arn = world.arn("sns", &name);
    world.topics.by_arn.entry(topic_arn.clone()).or_default();
    Ok(CreateTopicResponse { topic_arn })
}

pub(in crate::sim) fn delete_topic(
    world: &mut World,
    request: DeleteTopicRequest,
) -> Result<DeleteTopicResponse, AwsError> {
    world.topics.by_arn.remove(&request.topic_arn);
    Ok(DeleteTopicResponse {})
}

pub(in crate::sim) fn list_topics(
    world: &mut World,
    request: ListTopicsRequest,
) -> Result<ListTopicsResponse, AwsError> {
    let arns = world.topics.by_arn.keys();
    let (page, next_token) = paging::page(arns, request.next_token.as_deref(), PAGE)
        .map_err(|_| invalid("NextToken"))?;
    let topics = page.into_iter().map(|arn| TopicEntry {
        topic_arn: arn.clone(),
    });
    Ok(ListTopicsResponse {
        topics: topics.collect(),
        next_token,
    })
}

pub(in crate::sim) fn subscribe(
    world: &mut World,
    request: SubscribeRequest,
) -> Result<SubscribeResponse, AwsError> {
    if !PROTOCOLS.contains(&request.protocol.as_str()) {
        return Err(invalid(&format!(
            "Amazon SNS does not support this protocol string: {}",
            request.protocol
        )));
    }
    let endpoint = request.endpoint.ok_or_else(|| invalid("Endpoint"))?;
    if request.protocol == "lambda" {
        let known = world.named(&endpoint, None).is_ok() && endpoint.starts_with("arn:");
        known
            .then_some(())
            .ok_or_else(|| invalid("Lambda endpoint ARN"))?;
    }
    let id = uuid(world.stream("subscriptions"));
    let topic = world.topics.by_arn.get_mut(&request.topic_arn);
    let topic = topic.ok_or_else(not_found)?;
    let same = topic
        .subscriptions
        .iter()
        .find(|known| known.protocol == request.protocol && known.endpoint == endpoint);
    let subscription_arn = match same {
        Some(known) => known.arn.clone(),
        None => {
            let arn = format!("{}:{id}", request.topic_arn);
            topic.subscriptions.push(Subscription {
                arn: arn.clone(),
                protocol: request.protocol.clone(),
                endpoint,
            });
            arn
        }
    };
    // What a person must confirm has no ARN yet, unless the caller insists on one.
    let pending = matches!(
        request.protocol.as_str(),
        "email" | "email-json" | "http" | "https"
    ) && request.return_subscription_arn != Some(true);
    Ok(SubscribeResponse {
        subscription_arn: if pending {
            "pending confirmation".to_owned()
        } else {
            subscription_arn
        },
    })
}
