//! `GetMetricData`.

use jiff::Timestamp;

use super::statistic::Statistic;
use super::store::SeriesKey;
use super::wire::{
    GetMetricDataRequest, GetMetricDataResponse, Metric, MetricDataQuery, MetricDataResult,
};
use crate::sim::errors::AwsError;
use crate::sim::world::World;

/// Queries a call.
const QUERIES: usize = 500;
/// Datapoints a page.
const DATAPOINTS: usize = 100_800;

pub(in crate::sim) fn get_metric_data(
    world: &mut World,
    request: GetMetricDataRequest,
) -> Result<GetMetricDataResponse, AwsError> {
    check(&request)?;
    let ascending = match request.scan_by.as_deref() {
        None | Some("TimestampDescending") => false,
        Some("TimestampAscending") => true,
        Some(other) => {
            return Err(AwsError::validation(format!(
                "The value {other} for parameter ScanBy is invalid."
            )));
        }
    };
    let span = (request.start_time.as_second(), end_second(request.end_time));
    let mut results = Vec::new();
    for query in &request.metric_data_queries {
        let mut points = run(world, query, span)?;
        if !ascending {
            points.reverse();
        }
        if query.return_data != Some(false) {
            results.push(result(world, query, points));
        }
    }
    let size = request
        .max_datapoints
        .map_or(DATAPOINTS, |size| size as usize)
        .clamp(1, DATAPOINTS);
    let (metric_data_results, next_token) = cut(results, request.next_token.as_deref(), size)?;
    Ok(GetMetricDataResponse {
        metric_data_results,
        next_token,
        messages: Vec::new(),
    })
}

impl World {
    /// Lets every result of `GetMetricData` carry this status (`PartialData`, `InternalError`,
    /// `Forbidden`) in place of `Complete`; `None` ends it.
    pub fn force_metric_status(&mut self, status: Option<&str>) {
        self.metric_status = status.map(str::to_owned);
    }
}

fn check(request: &GetMetricDataRequest) -> Result<(), AwsError> {
    let queries = &request.metric_data_queries;
    if queries.is_empty() || queries.len() > QUERIES {
        let message = format!(
            "The collection MetricDataQueries must not have a size greater than {QUERIES}, nor be empty."
        );
        return Err(AwsError::validation(message));
    }
    check_span(request.start_time, request.end_time)?;
    for (index, query) in queries.iter().enumerate() {
        let mut letters = query.id.bytes();
        let word = letters
            .next()
            .is_some_and(|first| first.is_ascii_lowercase())
            && letters.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !word {
            return Err(AwsError::validation(format!(
                "The value {} for parameter MetricDataQueries.member.{}.Id is not matching \
                 the expected pattern ^[a-z][a-zA-Z0-9_]*$.",
                query.id,
                index + 1
            )));
        }
        if queries[..index]
            .iter()
            .any(|earlier| earlier.id == query.id)
        {
            return Err(AwsError::validation(format!(
                "The values for parameter id in MetricDataQueries are not unique: {}.",
                query.id
            )));
        }
    }
    Ok(())
}

fn run(
    world: &World,
    query: &MetricDataQuery,
    span: (i64, i64),
) -> Result<Vec<(i64, f64)>, AwsError> {
    if query.expression.is_some() {
        let message = format!(
            "Metric math is not simulated: the query {} has an Expression.",
            query.id
        );
        return Err(AwsError::validation(message));
    }
    let Some(stat) = &query.metric_stat else {
        let message = format!("The query {} needs a MetricStat.", query.id);
        return Err(AwsError::validation(message));
    };
    let period = check_period(stat.period)?;
    let statistic = parse(&stat.stat)?;
    let key = key(&stat.metric)?;
    if stat
        .unit
        .as_ref()
        .is_some_and(|unit| !world.metrics.has_unit(&key, unit))
    {
        return Ok(Vec::new());
    }
    Ok(world
        .metrics
        .datapoints(&key, aligned(span, period), period, statistic))
}

fn key(metric: &Metric) -> Result<SeriesKey, AwsError> {
    let absent = |member: &str| {
        AwsError::missing_parameter(&format!(
            "MetricDataQueries.member.MetricStat.Metric.{member}"
        ))
    };
    let namespace = metric
        .namespace
        .as_deref()
        .ok_or_else(|| absent("Namespace"))?;
    let name = metric
        .metric_name
        .as_deref()
        .ok_or_else(|| absent("MetricName"))?;
    Ok(SeriesKey::new(
        namespace,
        name,
        metric.dimensions.clone().unwrap_or_default(),
    ))
}

fn result(world: &World, query: &MetricDataQuery, points: Vec<(i64, f64)>) -> MetricDataResult {
    let metric_name = query
        .metric_stat
        .as_ref()
        .and_then(|stat| stat.metric.metric_name.clone());
    let (timestamps, values) = points
        .into_iter()
        .map(|(second, value)| (timestamp(second), value))
        .unzip();
    MetricDataResult {
        id: query.id.clone(),
        label: query.label.clone().or(metric_name).unwrap_or_default(),
        timestamps,
        values,
        status_code: world
            .metric_status
            .clone()
            .unwrap_or_else(|| "Complete".to_owned()),
        messages: None,
    }
}

/// One page: datapoints are counted across the results, and a result that goes on is partial.
/// The token names the result and the datapoint that come next.
fn cut(
    results: Vec<MetricDataResult>,
    token: Option<&str>,
    size: usize,
) -> Result<(Vec<MetricDataResult>, Option<String>), AwsError> {
    let (first, mut skip) = match token {
        None => (0, 0),
        Some(token) => read_token(token).ok_or_else(AwsError::invalid_next_token)?,
    };
    let (mut page, mut left) = (Vec::new(), size);
    for (index, mut result) in results.into_iter().enumerate().skip(first) {
        result.timestamps.drain(..skip.min(result.timestamps.len()));
        result.values.drain(..skip.min(result.values.len()));
        let rest = result.values.len();
        if rest > left {
            if left > 0 {
                result.timestamps.truncate(left);
                result.values.truncate(left);
                "PartialData".clone_into(&mut result.status_code);
                page.push(result);
            }
            return Ok((page, Some(format!("points-{index}-{}", skip + left))));
        }
        left -= rest;
        skip = 0;
        page.push(result);
    }
    Ok((page, None))
}

fn read_token(token: &str) -> Option<(usize, usize)> {
    let (result, datapoint) = token.strip_prefix("points-")?.split_once('-')?;
    Some((result.parse().ok()?, datapoint.parse().ok()?))
}

/// A statistic by its name.
pub(super) fn parse(name: &str) -> Result<Statistic, AwsError> {
    Statistic::parse(name).ok_or_else(|| {
        AwsError::validation(format!(
            "The value {name} for parameter Stat is not supported."
        ))
    })
}

/// The end must come after the start.
pub(super) fn check_span(start: Timestamp, end: Timestamp) -> Result<(), AwsError> {
    if start < end {
        return Ok(());
    }
    Err(AwsError::validation(
        "The parameter StartTime must be less than the parameter EndTime.",
    ))
}

/// A period that CloudWatch has, in seconds.
pub(super) fn check_period(period: u32) -> Result<i64, AwsError> {
    if [1, 5, 10, 20, 30].contains(&period) || (period > 0 && period.is_multiple_of(60)) {
        return Ok(i64::from(period));
    }
    Err(AwsError::validation(
        "The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60.",
    ))
}

/// Periods start at multiples of the period.
pub(super) fn aligned((from, to): (i64, i64), period: i64) -> (i64, i64) {
    (from.div_euclid(period) * period, to)
}

/// The first whole second that is not before `EndTime`, which is exclusive.
pub(super) fn end_second(end: Timestamp) -> i64 {
    end.as_second() + i64::from(end.subsec_nanosecond() > 0)
}

/// The moment of that second.
pub(super) fn timestamp(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
#[path = "query_tests.rs"]
mod tests;
