//! SNS' requests and responses, as in its API model.

use std::collections::BTreeMap;

use crate::sim::wire::wire;

wire! {
    /// Creates a topic, or finds the one of that name.
    CreateTopicRequest { name: String, attributes: Option<BTreeMap<String, String>> }
    /// The topic.
    CreateTopicResponse { topic_arn: String }
    /// Deletes a topic; one that does not exist is no error.
    DeleteTopicRequest { topic_arn: String }
    /// Nothing.
    DeleteTopicResponse {}
    /// Lists the topics.
    ListTopicsRequest { next_token: Option<String> }
    /// A topic.
    TopicEntry { topic_arn: String }
    /// One page of topics.
    ListTopicsResponse { topics: Vec<TopicEntry>, next_token: Option<String> }
    /// Subscribes to a topic.
    SubscribeRequest {
        topic_arn: String,
        protocol: String,
        endpoint: Option<String>,
        return_subscription_arn: Option<bool>,
    }
    /// The subscription.
    SubscribeResponse { subscription_arn: String }
    /// A message's attribute.
    MessageAttributeValue {
        data_type: String,
        string_value: Option<String>,
        binary_value: Option<String>,
    }
    /// Publishes a message.
    PublishRequest {
        topic_arn: Option<String>,
        target_arn: Option<String>,
        message: String,
        subject: Option<String>,
        message_structure: Option<String>,
        message_attributes: Option<BTreeMap<String, MessageAttributeValue>>,
    }
    /// The message's id.
    PublishResponse { message_id: String }
}
