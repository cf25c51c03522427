//! Telling others: events on the default bus, messages to a topic. Never worth failing for.

use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use serde_json::Value;

use super::error::CallError;

/// The source of every event of this tool.
pub const SOURCE: &str = "lambda-canary";

/// Sends an event to the default bus.
///
/// # Errors
/// If EventBridge did not take it.
pub async fn event(
    client: &aws_sdk_eventbridge::Client,
    detail_type: &str,
    resource: &str,
    detail: &Value,
) -> Result<(), CallError> {
    let entry = PutEventsRequestEntry::builder()
        .source(SOURCE)
        .detail_type(detail_type)
        .resources(resource)
        .detail(detail.to_string())
        .build();
    let answer = client
        .put_events()
        .entries(entry)
        .send()
        .await
        .map_err(|error| CallError::of("PutEvents", &error))?;
    let refused = answer
        .entries
        .unwrap_or_default()
        .into_iter()
        .find_map(|entry| {
            Some(format!(
                "{}: {}",
                entry.error_code?,
                entry.error_message.unwrap_or_default()
            ))
        });
    match refused {
        Some(why) => Err(CallError::unreadable("PutEvents", &why)),
        None => Ok(()),
    }
}

/// Publishes a message that a person can read.
///
/// # Errors
/// If SNS did not take it.
pub async fn message(
    client: &aws_sdk_sns::Client,
    topic: &str,
    subject: &str,
    text: &str,
) -> Result<(), CallError> {
    client
        .publish()
        .topic_arn(topic)
        // SNS takes at most 100 characters, of ASCII without line breaks.
        .subject(
            subject
                .chars()
                .filter(char::is_ascii)
                .take(100)
                .collect::<String>(),
        )
        .message(text)
        .send()
        .await
        .map(drop)
        .map_err(|error| CallError::of("Publish", &error))
}
