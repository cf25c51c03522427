//! The policy as it is written, as types from which the JSON Schema is made.
//!
//! Only their shape counts: they are never filled. The parser (the rest of this module) says more
//! than a schema can, and its tests hold the two together.

mod evidence;

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

use super::alarms::{ALARMS_MAX, NAME_MAX};
use super::checks::{self, CHECKS_MAX};
use super::metrics::METRICS_MAX;
use super::name;
use super::policy::OnRegression;
use crate::judge::alarms::InsufficientData;
use crate::rollout::plan::STEPS_MAX;
use crate::rollout::{Mode, Plan};

/// The JSON Schema of a policy, in draft 7, which editors know best.
///
/// It says less than [`Policy::parse`](super::Policy::parse): not that weights rise, nor what two
/// values mean for each other. What it refuses, the parser refuses.
pub fn schema() -> Value {
    let mut settings = SchemaSettings::draft07();
    settings.inline_subschemas = true;
    let schema = settings
        .with_transform(RecursiveTransform(unwrapped))
        .into_generator()
        .into_root_schema_for::<WrittenPolicy>();
    schema.to_value()
}

/// What a function asks of its canary releases. {} asks for the defaults.
#[derive(JsonSchema)]
#[schemars(
    title = "Policy of lambda-canary",
    deny_unknown_fields,
    transform = all_optional,
    extend("examples" = examples())
)]
#[expect(dead_code, reason = "only the shape counts")]
struct WrittenPolicy {
    /// The steps before all traffic goes to the canary.
    #[schemars(extend("default" = super::policy::PLAN_DEFAULT))]
    plan: WrittenPlan,
    /// How long the alarms are watched on after CodeDeploy has shifted all traffic, 0s to 50m.
    #[schemars(extend("default" = "0s"))]
    bake: WrittenDuration,
    /// Calls that the new version must answer as expected before it gets any traffic, each name
    /// once.
    #[schemars(length(max = CHECKS_MAX), extend("default" = []))]
    checks: Vec<WrittenCheck>,
    /// The CloudWatch alarms to watch, metric and composite, each once.
    #[schemars(length(max = ALARMS_MAX), extend("default" = [], "uniqueItems" = true))]
    alarms: Vec<WrittenAlarm>,
    /// What INSUFFICIENT_DATA means, for all alarms.
    #[schemars(extend("default" = "hold"))]
    insufficient_data: InsufficientData,
    /// What counts as an error.
    errors: evidence::WrittenErrors,
    /// How many of the canary's requests may be slow.
    latency: evidence::WrittenLatency,
    /// Up to five more things to count of both versions, each name once.
    #[schemars(length(max = METRICS_MAX))]
    metrics: Vec<evidence::WrittenMetric>,
    /// How much it takes to say that the canary is worse than the stable version, or that it is
    /// not. If left out: its defaults, where a step gives the canary traffic for three minutes or
    /// more.
    evidence: evidence::WrittenEvidence,
    /// Poll interval and budgets.
    #[schemars(extend("default" = {}))]
    limits: WrittenLimits,
    /// What a regression leads to.
    #[schemars(extend("default" = "rollback"))]
    on_regression: OnRegression,
    /// Whether verdicts have consequences.
    #[schemars(extend("default" = "enforce"))]
    mode: Mode,
    /// Ignored: for editors, to find this schema.
    #[schemars(rename = "$schema")]
    schema: String,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "only the shape counts")]
enum WrittenPlan {
    /// The name of a CodeDeploy configuration for Lambda, or steps as weight:bake.
    Text(
        #[schemars(
            regex(pattern = plan_pattern()),
            extend("examples" = ["Canary10Percent5Minutes", "10%:5m, 50%:10m"])
        )]
        String,
    ),
    /// Steps with rising weights.
    Steps(#[schemars(length(min = 1, max = STEPS_MAX))] Vec<WrittenStep>),
}

/// A weight and the least time at it.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only the shape counts")]
struct WrittenStep {
    /// The canary's share of the traffic, in steps of 0.01% and below 100%. 0% is a dark stage
    /// that only direct invokes reach.
    #[schemars(regex(pattern = whole(WEIGHT)), extend("examples" = ["10%", "0.25%"]))]
    weight: String,
    /// The least time at this weight, 0s to 8760h.
    bake: WrittenDuration,
}

/// A call of the new version, and what is expected of it besides no function error.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("required" = ["name"]))]
#[expect(dead_code, reason = "only the shape counts")]
struct WrittenCheck {
    /// What the check is called in reports.
    #[schemars(length(min = 1, max = name::NAME_MAX), regex(pattern = r"^[^\x00-\x1f\x7f]*$"))]
    name: String,
    /// What the function gets.
    #[schemars(extend("default" = {}))]
    payload: Value,
    /// What is expected.
    #[schemars(extend("default" = {}))]
    expect: WrittenExpectations,
    /// How often it is called again after it failed.
    #[schemars(range(min = *checks::RETRIES.start(), max = *checks::RETRIES.end()), extend("default" = 0))]
    retries: u16,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, transform = all_optional)]
#[expect(dead_code, reason = "only the shape counts")]
struct WrittenExpectations {
    /// The answer's statusCode.
    #[schemars(range(min = *checks::STATUS.start(), max = *checks::STATUS.end()))]
    status: u16,
    /// Values in the answer.
    answer: Vec<WrittenExpectation>,
    /// The longest time that the call may take, 1ms to 1m.
    at_most: WrittenDuration,
}

/// A place in the answer, and one of equals, contains and matches.
#[derive(JsonSchema)]
#[schemars(
    deny_unknown_fields,
    extend(
        "required" = ["at"],
        "oneOf" = [
            { "required": ["equals"] },
            { "required": ["contains"] },
            { "required": ["matches"] }
        ]
    )
)]
#[expect(dead_code, reason = "only the shape counts")]
struct WrittenExpectation {
    /// The place as a JSON Pointer. It goes on inside a string that is JSON itself.
    #[schemars(regex(pattern = "^(/([^~]|~[01])*)?$"), extend("examples" = ["/statusCode", "/body/ok"]))]
    at: String,
    /// The value that is expected there.
    equals: Value,
    /// A part of the string that is expected there.
    #[schemars(length(min = 1))]
    contains: String,
    /// A regular expression for the string that is expected there.
    matches: String,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "only the shape counts")]
enum WrittenAlarm {
    /// The alarm's name.
    Name(WrittenName),
    /// The alarm's name, and how to take it.
    Rule(WrittenRule),
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only the shape counts")]
struct WrittenRule {
    /// The alarm's name.
    name: WrittenName,
    /// Do not hold it against the canary if the alarm was in ALARM before the start, until it has
    /// recovered: for shipping the fix during the incident.
    #[schemars(default)]
    ignore_if_already_in_alarm: bool,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, transform = all_optional)]
#[expect(dead_code, reason = "only the shape counts")]
struct WrittenLimits {
    /// The longest time between two looks, 1s to 5m.
    #[schemars(extend("default" = "15s"))]
    poll: WrittenDuration,
    /// The longest rollout, at most 8760h; longer means rolling back. Not shorter than all bakes
    /// together. If left out: twice these and 30 minutes.
    longest: WrittenDuration,
    /// For how long calls to AWS may fail without a break before rolling back, 0s to 1h.
    #[schemars(extend("default" = "2m"))]
    error_budget: WrittenDuration,
}

/// A duration in hours, minutes, seconds and milliseconds.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only the shape counts")]
struct WrittenDuration(
    #[schemars(regex(pattern = whole(DURATION)), extend("examples" = ["30s", "5m", "1h30m"]))]
    String,
);

/// An alarm's name, not its ARN.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only the shape counts")]
struct WrittenName(
    #[schemars(
        length(min = 1, max = NAME_MAX),
        regex(pattern = r"^[^\x00-\x1f\x7f]*$"),
        extend("not" = { "pattern": "^arn:" })
    )]
    String,
);

/// Short rather than exact, since editors show it: the order of the units is left to the parser.
const DURATION: &str = "([0-9]+ *(h|m|s|ms) *)+";

/// Below 100 %, with at most two digits that count behind the point.
const WEIGHT: &str = r"0*[0-9]{1,2}(\.[0-9]{1,2}0*)?\s*%";

fn plan_pattern() -> String {
    let names: Vec<&str> = Plan::names().collect();
    let name = format!(r"(CodeDeployDefault\.)?(Lambda)?({})", names.join("|"));
    let step = format!(r"{WEIGHT}\s*:\s*{DURATION}");
    whole(&format!(r"({name}|{step}(\s*,\s*{step})*)"))
}

fn whole(pattern: &str) -> String {
    format!(r"^\s*{pattern}\s*$")
}

/// A description's lines as one.
fn unwrapped(schema: &mut Schema) {
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = text.replace('\n', " ");
    }
}

fn all_optional(schema: &mut Schema) {
    schema.remove("required");
}

fn examples() -> Value {
    json!([
        { "alarms": ["checkout-errors"] },
        {
            "plan": [{ "weight": "5%", "bake": "10m" }, { "weight": "50%", "bake": "20m" }],
            "alarms": [
                "checkout-errors",
                { "name": "checkout-slow", "ignore_if_already_in_alarm": true }
            ],
            "insufficient_data": "ok",
            "errors": {
                "namespace": "Shop",
                "metric": "Failed",
                "dimensions": { "Service": "checkout", "Version": "{version}" }
            },
            "latency": { "slower_than": "300ms", "share": "1%" },
            "evidence": { "accept": { "excess": "0.1%" }, "inconclusive": "complete" },
            "limits": { "poll": "30s", "longest": "2h" }
        },
        {
            "checks": [{
                "name": "health",
                "payload": { "rawPath": "/health" },
                "expect": { "status": 200, "answer": [{ "at": "/body/ok", "equals": true }] }
            }],
            "alarms": ["checkout-errors"],
            "evidence": false,
            "bake": "10m"
        }
    ])
}
