//! `errors`, `latency`, `metrics` and `evidence` as they are written.

use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

use super::{WrittenDuration, all_optional, whole};
use crate::config::evidence::{ACCEPT_ALPHA, ALPHA, MAX_ERRORS, MIN_REQUESTS};
use crate::config::metrics::{self, LATENCY_RATIO, RATIO};
use crate::config::name;
use crate::config::own_metric::{self, DIMENSIONS_MAX};
use crate::judge::measure::{EvidenceRules, Inconclusive, MetricRule};

#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "only the shape counts")]
pub(super) enum WrittenErrors {
    /// Lambda's own Errors, of all Invocations.
    Lambda(#[schemars(extend("const" = "lambda"))] String),
    /// A metric that counts only the errors worth fixing.
    Own(WrittenOwnErrors),
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("required" = ["namespace", "metric", "dimensions"]))]
#[expect(dead_code, reason = "only the shape counts")]
pub(super) struct WrittenOwnErrors {
    /// Its namespace.
    #[schemars(transform = namespace)]
    namespace: String,
    /// Its name.
    #[schemars(transform = metric_name)]
    metric: String,
    /// Its dimensions; {version} in a value stands for the version's number.
    #[schemars(transform = dimensions)]
    dimensions: Value,
    /// Of how many requests. If left out: of Lambda's Invocations.
    total: WrittenOwnMetric,
}

/// A metric in CloudWatch, of which each version has its own.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only the shape counts")]
pub(super) struct WrittenOwnMetric {
    /// Its namespace.
    #[schemars(transform = namespace)]
    namespace: String,
    /// Its name.
    #[schemars(transform = metric_name)]
    metric: String,
    /// Its dimensions; {version} in a value stands for the version's number.
    #[schemars(transform = dimensions)]
    dimensions: Value,
}

/// A count of bad requests.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("required" = ["name", "bad"]))]
#[expect(dead_code, reason = "only the shape counts")]
pub(super) struct WrittenMetric {
    /// What it is called in reports; neither errors nor, beside the key latency, latency.
    #[schemars(
        length(min = 1, max = name::NAME_MAX),
        regex(pattern = r"^[^\x00-\x1f\x7f]*$"),
        extend("not" = { "const": metrics::ERRORS })
    )]
    name: String,
    /// What counts the bad ones.
    bad: WrittenOwnMetric,
    /// What counts all of them. If left out: Lambda's Invocations.
    total: WrittenOwnMetric,
    /// How many times as often as the stable version's the canary's may be bad. If left out: as
    /// evidence says.
    #[schemars(range(min = RATIO.least, max = RATIO.most))]
    ratio: f64,
    /// By how much more often than the stable version's, as a share of all requests, the canary's
    /// may be bad, 0% to 99.9999%. If left out: as evidence says.
    increase: WrittenShare,
}

/// Slow requests, by Lambda's Duration.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("required" = ["slower_than", "share"]))]
#[expect(dead_code, reason = "only the shape counts")]
pub(super) struct WrittenLatency {
    /// A request that takes longer is slow, 1ms to 15m.
    slower_than: WrittenDuration,
    /// By how much more often than the stable version's, as a share of all requests, the canary's
    /// may be slow, 0% to 99.9999%.
    share: WrittenShare,
    /// How many times as often as the stable version's the canary's may be slow besides: a canary
    /// has proportionally more first invocations.
    #[schemars(range(min = RATIO.least, max = RATIO.most), extend("default" = LATENCY_RATIO))]
    ratio: f64,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "only the shape counts")]
pub(super) enum WrittenEvidence {
    /// Nothing is counted: only alarms stop the canary.
    Off(#[schemars(extend("const" = false))] bool),
    /// How much it takes.
    Rules(WrittenRules),
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, transform = all_optional, transform = standard)]
#[expect(dead_code, reason = "only the shape counts")]
pub(super) struct WrittenRules {
    /// The chance, at most, of blaming a canary that is no worse, over the whole rollout.
    #[schemars(extend("exclusiveMinimum" = ALPHA.least, "maximum" = ALPHA.most))]
    alpha: f64,
    /// How many times as often as the stable version the canary may fail.
    #[schemars(range(min = RATIO.least, max = RATIO.most))]
    ratio: f64,
    /// By how much more often than the stable version, as a share of all requests, the canary may
    /// fail, 0% to 99.9999%.
    increase: WrittenShare,
    /// Complete early, once the canary is shown to be at most this much worse.
    accept: WrittenAccept,
    /// More failed requests of the canary than this are a regression, whatever the stable version
    /// does.
    #[schemars(range(min = *MAX_ERRORS.start(), max = *MAX_ERRORS.end()))]
    max_errors: u64,
    /// Fewer judged requests of the canary than this are too few to go by at the plan's end.
    #[schemars(range(min = *MIN_REQUESTS.start(), max = *MIN_REQUESTS.end()))]
    min_requests: u64,
    /// How long after a minute's end its counts are taken for whole, 60s to 15m.
    settle: WrittenDuration,
    /// What too little evidence at the plan's end leads to. If left out: hold where a person can
    /// wait, rollback inside a CodeDeploy hook.
    inconclusive: Inconclusive,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("required" = ["excess"]))]
#[expect(dead_code, reason = "only the shape counts")]
pub(super) struct WrittenAccept {
    /// By how much more often than the stable version, as a share of all requests, the canary may
    /// fail and still be taken, above 0%.
    #[schemars(extend("not" = { "pattern": r"^\s*[0.]+\s*%" }))]
    excess: WrittenShare,
    /// The chance, at most, of taking a canary that is worse than that.
    #[schemars(extend(
        "exclusiveMinimum" = ALPHA.least,
        "maximum" = ALPHA.most,
        "default" = ACCEPT_ALPHA
    ))]
    alpha: f64,
}

/// A share of all requests, in steps of 0.0001%.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only the shape counts")]
struct WrittenShare(
    #[schemars(regex(pattern = whole(SHARE)), extend("examples" = ["1%", "0.1%"]))] String,
);

/// Below 100 %, with at most four digits that count behind the point.
const SHARE: &str = r"0*[0-9]{1,2}(\.[0-9]{1,4}0*)?\s*%";

/// The defaults are the built-in rules.
fn standard(schema: &mut Schema) {
    let EvidenceRules {
        alpha,
        min_requests,
        settle,
        ..
    } = EvidenceRules::standard();
    let MetricRule {
        ratio, increase, ..
    } = MetricRule::errors();
    let defaults = [
        ("alpha", json!(alpha)),
        ("ratio", json!(ratio)),
        ("increase", json!(format!("{}%", increase * 100.0))),
        ("min_requests", json!(min_requests)),
        ("settle", json!(format!("{settle}s"))),
    ];
    for (key, default) in defaults {
        if let Some(property) = schema.pointer_mut(&format!("/properties/{key}")) {
            property["default"] = default;
        }
    }
}

fn namespace(schema: &mut Schema) {
    metric_name(schema);
    schema.insert("not".to_owned(), json!({ "pattern": "^:" }));
}

fn metric_name(schema: &mut Schema) {
    schema.insert("pattern".to_owned(), json!(r"^[^\x00-\x1f\x7f]*$"));
    schema.insert("minLength".to_owned(), json!(1));
    schema.insert("maxLength".to_owned(), json!(own_metric::NAME_MAX));
}

/// An object of texts. JSON Schema has no word for "one of the values", but for "not none of them".
fn dimensions(schema: &mut Schema) {
    let shape = json!({
        "type": "object",
        "minProperties": 1,
        "maxProperties": DIMENSIONS_MAX,
        "propertyNames": {
            "pattern": r"^[\x20-\x7e]+$",
            "maxLength": own_metric::NAME_MAX,
            "not": { "pattern": "^:" }
        },
        "additionalProperties": {
            "type": "string",
            "pattern": r"^[\x20-\x7e]+$",
            "maxLength": own_metric::VALUE_MAX
        },
        "not": { "additionalProperties": { "not": { "pattern": r"\{version\}" } } },
        "examples": [{ "Service": "checkout", "Version": own_metric::VERSION }]
    });
    let Value::Object(shape) = shape else { return };
    for (key, value) in shape {
        schema.insert(key, value);
    }
}
