//! Publishing, and handing messages to functions.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::subscriptions::Subscription;
use super::wire::{PublishRequest, PublishResponse};
use super::{invalid, not_found};
use crate::sim::errors::AwsError;
use crate::sim::invocations;
use crate::sim::streams::uuid;
use crate::sim::world::World;

/// So many messages are remembered.
const KEPT: usize = 1_000;
const MESSAGE_MAX: usize = 262_144;
const SUBJECT_MAX: usize = 100;

/// A message that was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: String,
    /// When, in the world's time.
    pub at: Timestamp,
    /// To which topic.
    pub topic_arn: String,
    /// Its subject.
    pub subject: Option<String>,
    /// Its text.
    pub message: String,
}

impl World {
    /// The newest 1,000 messages of all topics, oldest first.
    pub fn messages(&self) -> impl Iterator<Item = &Message> {
        self.topics.messages.iter()
    }
}

pub(in crate::sim) fn publish(
    world: &mut World,
    request: PublishRequest,
) -> Result<PublishResponse, AwsError> {
    let arn = request
        .topic_arn
        .or(request.target_arn)
        .ok_or_else(|| invalid("TopicArn or TargetArn Reason: no value for required parameter"))?;
    let attributes: serde_json::Map<String, Value> = request
        .message_attributes
        .unwrap_or_default()
        .into_iter()
        .map(|(name, value)| {
            let text = value.string_value.or(value.binary_value);
            (name, json!({"Type": value.data_type, "Value": text}))
        })
        .collect();
    let message = match request.message_structure.as_deref() {
        None => request.message,
        Some("json") => default_text(&request.message)?,
        Some(_) => return Err(invalid("MessageStructure")),
    };
    let message_id = deliver(world, &arn, message, request.subject, attributes.into())?;
    Ok(PublishResponse { message_id })
}

/// Publishes on behalf of a service of AWS. Answers the message's id.
pub(in crate::sim) fn send(
    world: &mut World,
    topic_arn: &str,
    message: String,
    subject: Option<String>,
) -> Result<String, AwsError> {
    deliver(world, topic_arn, message, subject, json!({}))
}

fn deliver(
    world: &mut World,
    topic_arn: &str,
    message: String,
    subject: Option<String>,
    attributes: Value,
) -> Result<String, AwsError> {
    if message.is_empty() {
        return Err(invalid("Empty message"));
    }
    if message.len() > MESSAGE_MAX {
        return Err(invalid("Message too long"));
    }
    let wrong = |subject: &String| {
        subject.is_empty()
            || subject.chars().count() > SUBJECT_MAX
            || subject.chars().any(char::is_control)
    };
    if subject.as_ref().is_some_and(wrong) {
        return Err(invalid("Subject"));
    }
    let topic = world.topics.by_arn.get(topic_arn).ok_or_else(not_found)?;
    let subscriptions = topic.subscriptions.clone();
    let published = Message {
        id: uuid(world.stream("messages")),
        at: world.now(),
        topic_arn: topic_arn.to_owned(),
        subject,
        message,
    };
    for subscription in subscriptions.iter().filter(|one| one.protocol == "lambda") {
        let event = event(&published, subscription, &attributes);
        // A subscriber that has gone since it subscribed gets nothing.
        let _ = invocations::invoke_later(world, &subscription.endpoint, event.to_string());
    }
    let id = published.id.clone();
    if world.topics.messages.len() == KEPT {
        world.topics.messages.pop_front();
    }
    world.topics.messages.push_back(published);
    Ok(id)
}

/// The text for protocols that have none of their own.
fn default_text(structure: &str) -> Result<String, AwsError> {
    serde_json::from_str::<Value>(structure)
        .ok()
        .and_then(|texts| texts.get("default")?.as_str().map(str::to_owned))
        .ok_or_else(|| invalid("Message Structure - No default entry in JSON message body"))
}

/// What a function that subscribes is invoked with.
fn event(published: &Message, subscription: &Subscription, attributes: &Value) -> Value {
    json!({"Records": [{
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription.arn,
        "Sns": {
            "Type": "Notification",
            "MessageId": published.id,
            "TopicArn": published.topic_arn,
            "Subject": published.subject,
            "Message": published.message,
            "Timestamp": published.at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
            "SignatureVersion": "1",
            "Signature": "EXAMPLE",
            "SigningCertUrl": "EXAMPLE",
            "UnsubscribeUrl": "EXAMPLE",
            "MessageAttributes": attributes,
        },
    }]})
}
