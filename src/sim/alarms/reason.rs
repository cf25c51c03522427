//! Why an alarm changed its state, in CloudWatch's words and as its JSON.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::definition::{MetricRule, MissingData};
use super::evaluation::Period;
use super::state::StateValue;

/// A reason lists so many datapoints at most.
const LISTED: usize = 5;

/// The text of `StateReason`.
pub(super) fn text(
    rule: &MetricRule,
    range: &[Period],
    old: StateValue,
    new: StateValue,
) -> String {
    let evaluated = evaluated(rule, range);
    if new == StateValue::InsufficientData {
        let unknown = rule.evaluation_periods - evaluated.len();
        let unknown = counted(unknown, "datapoint", "was", "were");
        return format!("Insufficient Data: {unknown} unknown.");
    }
    let breaching = new == StateValue::Alarm;
    let found: Vec<&Period> = evaluated
        .into_iter()
        .filter(|period| {
            let breaches = |value| rule.comparison.breaches(value, rule.threshold);
            period
                .datapoint
                .is_some_and(|(value, _)| breaches(value) == breaching)
        })
        .collect();
    if found.is_empty() {
        return nothing_received(rule);
    }
    let n = rule.evaluation_periods;
    let m = rule.datapoints_to_alarm.unwrap_or(n);
    let needed = if breaching { m } else { n - m + 1 };
    let listed: Vec<String> = found
        .iter()
        .take(LISTED)
        .filter_map(|period| listed(period))
        .collect();
    format!(
        "Threshold Crossed: {} out of the last {n} datapoints [{}] {} {}{} the threshold ({:?}) \
         (minimum {needed} {} for {} -> {} transition).",
        found.len(),
        listed.join(", "),
        if found.len() == 1 { "was" } else { "were" },
        if breaching { "" } else { "not " },
        rule.comparison.words(),
        rule.threshold,
        if needed == 1 {
            "datapoint"
        } else {
            "datapoints"
        },
        old.as_str(),
        new.as_str(),
    )
}

/// The reason of a state that only missing datapoints made.
fn nothing_received(rule: &MetricRule) -> String {
    let n = rule.evaluation_periods;
    let periods = if n == 1 { "period" } else { "periods" };
    let missing = counted(n, "missing datapoint", "was", "were");
    let treated = match rule.missing {
        MissingData::Breaching => "Breaching",
        MissingData::NotBreaching => "NonBreaching",
        MissingData::Missing | MissingData::Ignore => "Missing",
    };
    format!(
        "Threshold Crossed: no datapoints were received for {n} {periods} and {missing} treated as [{treated}]."
    )
}

/// The JSON of `StateReasonData`.
pub(super) fn data(rule: &MetricRule, range: &[Period], second: i64) -> String {
    let evaluated = evaluated(rule, range);
    let mut oldest_first = evaluated.clone();
    oldest_first.reverse();
    let values: Vec<f64> = oldest_first
        .iter()
        .filter_map(|period| period.datapoint.map(|(value, _)| value))
        .collect();
    let points: Vec<Value> = evaluated
        .iter()
        .take(2 * LISTED)
        .filter_map(|period| {
            let (value, samples) = period.datapoint?;
            Some(json!({"timestamp": stamp(period.start), "sampleCount": samples, "value": value}))
        })
        .collect();
    let mut data = json!({
        "version": "1.0",
        "queryDate": stamp(second),
        "statistic": rule.statistic_name,
        "period": rule.period,
        "recentDatapoints": values.into_iter().rev().take(2 * LISTED).rev().collect::<Vec<_>>(),
        "threshold": rule.threshold,
        "evaluatedDatapoints": points,
    });
    if let Some(oldest) = oldest_first.first() {
        data["startDate"] = json!(stamp(oldest.start));
    }
    data.to_string()
}

/// The newest N existing datapoints.
fn evaluated<'a>(rule: &MetricRule, range: &'a [Period]) -> Vec<&'a Period> {
    range
        .iter()
        .filter(|period| period.datapoint.is_some())
        .take(rule.evaluation_periods)
        .collect()
}

fn listed(period: &Period) -> Option<String> {
    let (value, _) = period.datapoint?;
    let start = Timestamp::from_second(period.start).ok()?;
    Some(format!(
        "{value:?} ({})",
        start.strftime("%d/%m/%y %H:%M:%S")
    ))
}

/// `1 datapoint was`, `2 datapoints were`.
fn counted(number: usize, noun: &str, one: &str, many: &str) -> String {
    if number == 1 {
        format!("1 {noun} {one}")
    } else {
        format!("{number} {noun}s {many}")
    }
}

fn stamp(second: i64) -> String {
    Timestamp::from_second(second).map_or_else(
        |_| String::new(),
        |at| at.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string(),
    )
}
