//! EventBridge's requests and responses, as in its API model.

use jiff::Timestamp;
use serde_json::Value;

use crate::sim::wire::wire;

wire! {
    /// Makes or changes a rule.
    PutRuleRequest {
        name: String,
        event_pattern: Option<String>,
        schedule_expression: Option<String>,
        state: Option<String>,
        description: Option<String>,
        role_arn: Option<String>,
        event_bus_name: Option<String>,
    }
    /// The rule.
    PutRuleResponse { rule_arn: String }
    /// Asks for a rule.
    DescribeRuleRequest { name: String, event_bus_name: Option<String> }
    /// A rule.
    RuleDescription {
        name: String,
        arn: String,
        event_pattern: Option<String>,
        state: String,
        description: Option<String>,
        event_bus_name: String,
        /// Only in `DescribeRule`.
        created_by: Option<String>,
    }
    /// Lists the rules.
    ListRulesRequest {
        name_prefix: Option<String>,
        event_bus_name: Option<String>,
        next_token: Option<String>,
        limit: Option<u32>,
    }
    /// One page of rules.
    ListRulesResponse { rules: Vec<RuleDescription>, next_token: Option<String> }
    /// Deletes a rule that has no targets; one that does not exist is no error.
    DeleteRuleRequest { name: String, event_bus_name: Option<String> }
    /// Nothing.
    DeleteRuleResponse {}
    /// Where the events that a rule matches go.
    Target {
        id: String,
        arn: String,
        input: Option<String>,
        #[serde(default)]
        input_path: Option<Value>,
        #[serde(default)]
        input_transformer: Option<Value>,
        retry_policy: Option<Value>,
        dead_letter_config: Option<Value>,
    }
    /// Adds targets to a rule, or replaces those of the same id.
    PutTargetsRequest { rule: String, targets: Vec<Target>, event_bus_name: Option<String> }
    /// A target that was not taken.
    FailedTarget { target_id: String, error_code: String, error_message: String }
    /// The targets that were not taken.
    PutTargetsResponse { failed_entry_count: u32, failed_entries: Vec<FailedTarget> }
    /// Lists a rule's targets.
    ListTargetsByRuleRequest { rule: String, event_bus_name: Option<String> }
    /// A rule's targets.
    ListTargetsByRuleResponse { targets: Vec<Target> }
    /// Takes targets from a rule.
    RemoveTargetsRequest { rule: String, ids: Vec<String>, event_bus_name: Option<String> }
    /// An event of a client's own.
    PutEventsEntry {
        time: Option<Timestamp>,
        source: Option<String>,
        resources: Option<Vec<String>>,
        detail_type: Option<String>,
        detail: Option<String>,
        event_bus_name: Option<String>,
    }
    /// Puts events on the bus.
    PutEventsRequest { entries: Vec<PutEventsEntry> }
    /// What became of one of them.
    PutEventsResult {
        event_id: Option<String>,
        error_code: Option<String>,
        error_message: Option<String>,
    }
    /// What became of them, in their order.
    PutEventsResponse { failed_entry_count: u32, entries: Vec<PutEventsResult> }
    /// Asks whether a pattern matches an event.
    TestEventPatternRequest { event_pattern: String, event: String }
    /// Whether it does.
    TestEventPatternResponse { result: bool }
}

/// See [`RuleDescription`].
pub type DescribeRuleResponse = RuleDescription;
/// See [`PutTargetsResponse`].
pub type RemoveTargetsResponse = PutTargetsResponse;
