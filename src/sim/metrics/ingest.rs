//! `PutMetricData`: custom metrics, visible at once.

use jiff::Timestamp;

use super::aggregate::Aggregate;
use super::store::SeriesKey;
use super::wire::{MetricDatum, PutMetricDataRequest, PutMetricDataResponse, StatisticSet};
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
            "The parameter {at}.Timestamp must specify a time no later than 2 hours from now \
             and no earlier than 14 days ago."
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

/// What a datum measured, in whichever of the three ways it says so.
fn measured(datum: &MetricDatum, at: &str) -> Result<Aggregate, AwsError> {
    match (datum.value, &datum.values, &datum.statistic_values) {
        (None, None, None) => Err(AwsError::missing_parameter(&format!("{at}.Value"))),
        (Some(value), None, None) => of_values(&[value], &[1.0], at),
        (None, Some(values), None) => match &datum.counts {
            Some(counts) => of_values(values, counts, at),
            None => of_values(values, &vec![1.0; values.len()], at),
        },
        (None, None, Some(set)) => of_statistics(set, at),
        _ => {
            let message = format!(
                "The parameters {at}.Value, {at}.Values and {at}.StatisticValues are mutually exclusive \
                 and you have specified more than one."
            );
            Err(AwsError::new("InvalidParameterCombination", 400, message))
        }
    }
}

fn of_values(values: &[f64], counts: &[f64], at: &str) -> Result<Aggregate, AwsError> {
    if values.len() != counts.len() || values.len() > 150 {
        return Err(AwsError::invalid_value(format!(
            "The parameters {at}.Values and {at}.Counts must be of the same size, at most 150."
        )));
    }
    if let Some(wrong) = values.iter().find(|value| !is_possible(**value)) {
        return Err(AwsError::invalid_value(format!(
            "The value {wrong} for parameter {at}.Value is invalid."
        )));
    }
    if counts
        .iter()
        .any(|count| !is_possible(*count) || *count < 0.0)
    {
        return Err(AwsError::invalid_value(format!(
            "The parameter {at}.Counts is invalid."
        )));
    }
    let pairs = values.iter().copied().zip(counts.iter().copied()).collect();
    Aggregate::of_values(pairs)
        .ok_or_else(|| AwsError::invalid_value(format!("The parameter {at}.Values is empty.")))
}

fn of_statistics(set: &StatisticSet, at: &str) -> Result<Aggregate, AwsError> {
    let numbers = [set.sample_count, set.sum, set.minimum, set.maximum];
    if numbers.iter().any(|number| !is_possible(*number)) || set.sample_count <= 0.0 {
        return Err(AwsError::invalid_value(format!(
            "The parameter {at}.StatisticValues is invalid."
        )));
    }
    Ok(Aggregate::of_statistics(
        set.sample_count,
        set.sum,
        set.minimum,
        set.maximum,
    ))
}

/// CloudWatch takes numbers up to 2^360 either way, and neither NaN nor infinities.
fn is_possible(number: f64) -> bool {
    number.abs() <= 2_f64.powi(360)
}
