//! `PutMetricData`: custom metrics, visible at once.

use jiff::Timestamp;

use super::aggregate::Aggregate;
use super::store::SeriesKey;
use super::wire::{MetricDatum, PutMetricDataRequest, PutMetricDataResponse};
use crate::sim::errors::AwsError;
use crate::sim::world::World;

pub(in crate::sim) fn put_metric_data(
    world: &mut World,
    request: PutMetricDataRequest,
) -> Result<PutMetricDataResponse, AwsError> {
    if request.namespace.is_empty() || request.namespace.starts_with(':') {
        return Err(AwsError::invalid_value(
            "The parameter Namespace is invalid.",
        ));
    }
    if request.namespace.starts_with("AWS/") {
        return Err(AwsError::invalid_value(
            "The value AWS/ for parameter Namespace is invalid.",
        ));
    }
    let data = request.metric_data.unwrap_or_default();
    // All or nothing: read every datum before the first one is stored.
    let read = data
        .into_iter()
        .enumerate()
        .map(|(index, datum)| {
            read(
                datum,
                &format!("MetricData.member.{}", index + 1),
                world.now(),
            )
        })
        .collect::<Result<Vec<_>, _>>()?;
    for (datum, second, aggregate) in read {
        let key = SeriesKey::new(
            &request.namespace,
            &datum.metric_name,
            datum.dimensions.unwrap_or_default(),
        );
        let id = world.metrics.intern(key, datum.unit.as_deref());
        world.metrics.add(id, second, aggregate);
    }
    Ok(PutMetricDataResponse {})
}

/// A datum, the start of its bucket and what it measured.
fn read(
    datum: MetricDatum,
    at: &str,
    now: Timestamp,
) -> Result<(MetricDatum, i64, Aggregate), AwsError> {
    if datum.metric_name.is_empty() {
        return Err(AwsError::missing_parameter(&format!("{at}.MetricName")));
    }
    if datum
        .dimensions
        .as_ref()
        .is_some_and(|dimensions| dimensions.len() > 30)
    {
        return Err(AwsError::invalid_value(format!(
            "The collection {at}.Dimensions must not have a size greater than 30."
        )));
    }
    let second = datum.timestamp.unwrap_or(now).as_second();
    let age = now.as_second() - second;
    if !(-2 * 3600..=14 * 86_400).contains(&age) {
        return Err(AwsError::invalid_value(format!(
            "The parameter {at}.Timestamp must specify a time no later than 2 hours from now and no earlier than 14 days ago."
        )));
    }
    let bucket = match datum.storage_resolution {
        Some(1) => second,
        None | Some(60) => second.div_euclid(60) * 60,
        Some(_) => {
            return Err(AwsError::invalid_value(format!(
                "The parameter {at}.StorageResolution must be 1 or 60."
            )));
        }
    };
    let aggregate = measured(&datum, at)?;
    Ok((datum, bucket, aggregate))
}

fn measured(datum: &MetricDatum, at: &str) -> Result<Aggregate, AwsError> {
    let given = [
        datum.value.is_some(),
        datum.values.is_some(),
        datum.statistic_values.is_some(),
    ];
    match given.iter().filter(|given| **given).count() {
        0 => return Err(AwsError::missing_parameter(&format!("{at}.Value"))),
        1 => {}
        _ => {
            let message = format!(
                "The parameters {at}.Value, {at}.Values and {at}.StatisticValues are mutually exclusive and you have specified more than one."
            );
            return Err(AwsError::new("InvalidParameterCombination", 400, message));
        }
    }
    if let Some(set) = &datum.statistic_values {
        let numbers = [set.sample_count, set.sum, set.minimum, set.maximum];
        if numbers.iter().any(|number| !number.is_finite()) || set.sample_count <= 0.0 {
            return Err(AwsError::invalid_value(format!(
                "The parameter {at}.StatisticValues is invalid."
            )));
        }
        return Ok(Aggregate::of_statistics(
            set.sample_count,
            set.sum,
            set.minimum,
            set.maximum,
        ));
    }
    let values = datum
        .values
        .clone()
        .unwrap_or_else(|| datum.value.into_iter().collect());
    let counts = datum
        .counts
        .clone()
        .unwrap_or_else(|| vec![1.0; values.len()]);
    if values.len() != counts.len() || values.len() > 150 {
        return Err(AwsError::invalid_value(format!(
            "The parameters {at}.Values and {at}.Counts must be of the same size, at most 150."
        )));
    }
    let impossible = |number: &&f64| !number.is_finite();
    if let Some(wrong) = values.iter().find(impossible) {
        return Err(AwsError::invalid_value(format!(
            "The value {wrong} for parameter {at}.Value is invalid."
        )));
    }
    if counts
        .iter()
        .any(|count| !count.is_finite() || *count < 0.0)
    {
        return Err(AwsError::invalid_value(format!(
            "The parameter {at}.Counts is invalid."
        )));
    }
    Aggregate::of_values(values.into_iter().zip(counts).collect())
        .ok_or_else(|| AwsError::invalid_value(format!("The parameter {at}.Values is empty.")))
}
