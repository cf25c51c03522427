//! Simulated SNS: topics, what was published to them, and functions that subscribe.
//!
//! Subscriptions of other protocols than `lambda` are kept, and nothing is sent to them.

mod publish;
mod subscriptions;
mod wire;

pub use publish::Message;
pub use wire::*;

pub(super) use publish::{publish, send};
pub(super) use subscriptions::{create_topic, delete_topic, list_topics, subscribe};

use std::collections::{BTreeMap, VecDeque};

use super::errors::AwsError;
use subscriptions::Topic;

/// Every topic, by its ARN, and the newest messages.
#[derive(Debug, Clone, Default)]
pub(super) struct Topics {
    by_arn: BTreeMap<String, Topic>,
    messages: VecDeque<Message>,
}

fn not_found() -> AwsError {
    AwsError::new("NotFound", 404, "Topic does not exist")
}

fn invalid(problem: &str) -> AwsError {
    AwsError::new(
        "InvalidParameter",
        400,
        format!("Invalid parameter: {problem}"),
    )
}

#[cfg(test)]
#[path = "topics_tests.rs"]
mod tests;
