//! `GetMetricStatistics`: one metric, all its statistics at once.

use super::query::{aligned, check_period, check_span, end_second, parse, timestamp};
use super::statistic::Statistic;
use super::store::SeriesKey;
use super::wire::{Datapoint, GetMetricStatisticsRequest, GetMetricStatisticsResponse};
use crate::sim::errors::AwsError;
use crate::sim::world::World;

/// Datapoints a call.
const DATAPOINTS: i64 = 1_440;

pub(in crate::sim) fn get_metric_statistics(
    world: &mut World,
    request: GetMetricStatisticsRequest,
) -> Result<GetMetricStatisticsResponse, AwsError> {
    check_span(request.start_time, request.end_time)?;
    let period = check_period(request.period)?;
    let span = (request.start_time.as_second(), end_second(request.end_time));
    // Unlike GetMetricData's, these periods begin where the span does, at its minute.
    let (from, to) = aligned(span, period.min(60));
    if (to - from) / period > DATAPOINTS {
        let message = "You have requested more than 1,440 datapoints. You may reduce the datapoints \
                       requested by increasing Period, or decreasing the time range.";
        return Err(AwsError::new("InvalidParameterCombination", 400, message));
    }
    let statistics = statistics(&request)?;
    let dimensions = request.dimensions.unwrap_or_default();
    let key = SeriesKey::new(&request.namespace, &request.metric_name, dimensions);
    let store = &world.metrics;
    let shown = request.unit.is_none_or(|unit| store.has_unit(&key, &unit));
    let starts = store.datapoints(&key, (from, to), period, Statistic::SampleCount);
    let datapoint = |start: i64| {
        let window = store.window(&key, start, to.min(start + period))?;
        let mut point = Datapoint {
            timestamp: timestamp(start),
            unit: Some(store.unit(&key).to_owned()),
            ..Datapoint::default()
        };
        for (name, statistic) in &statistics {
            point.set(name, *statistic, statistic.of(&window));
        }
        Some(point)
    };
    let datapoints = starts
        .into_iter()
        .filter(|_| shown)
        .filter_map(|(start, _)| datapoint(start));
    Ok(GetMetricStatisticsResponse {
        datapoints: datapoints.collect(),
        label: request.metric_name,
    })
}

/// The statistics that are asked for, by name.
fn statistics(request: &GetMetricStatisticsRequest) -> Result<Vec<(String, Statistic)>, AwsError> {
    let names = request
        .statistics
        .iter()
        .chain(&request.extended_statistics)
        .flatten();
    let statistics: Vec<_> = names
        .map(|name| Ok((name.clone(), parse(name)?)))
        .collect::<Result<_, AwsError>>()?;
    if statistics.is_empty() {
        return Err(AwsError::missing_parameter("Statistics"));
    }
    Ok(statistics)
}

impl Datapoint {
    fn set(&mut self, name: &str, statistic: Statistic, value: Option<f64>) {
        match statistic {
            Statistic::SampleCount => self.sample_count = value,
            Statistic::Sum => self.sum = value,
            Statistic::Average => self.average = value,
            Statistic::Minimum => self.minimum = value,
            Statistic::Maximum => self.maximum = value,
            Statistic::Percentile(_) | Statistic::Count { .. } | Statistic::Rank { .. } => {
                if let Some(value) = value {
                    let extended = self.extended_statistics.get_or_insert_default();
                    extended.insert(name.to_owned(), value);
                }
            }
        }
    }
}
