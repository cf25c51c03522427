//! `ListMetrics`.

use super::store::SeriesKey;
use super::wire::{ListMetricsRequest, ListMetricsResponse, Metric};
use crate::sim::errors::AwsError;
use crate::sim::paging;
use crate::sim::world::World;

/// Metrics a page.
const PAGE: usize = 500;
/// What has had no data for two weeks is not listed (CloudWatch API reference, `ListMetrics`).
const LISTED: i64 = 14 * 86_400;

pub(in crate::sim) fn list_metrics(
    world: &mut World,
    request: ListMetricsRequest,
) -> Result<ListMetricsResponse, AwsError> {
    let since = world.now().as_second() - LISTED;
    let matching = world.metrics.keys(since);
    let matching = matching.filter(|key| matches(key, &request));
    let (keys, next_token) = paging::page(matching, request.next_token.as_deref(), PAGE)
        .map_err(|_| AwsError::invalid_value("The value for parameter NextToken is invalid."))?;
    let metrics = keys
        .into_iter()
        .map(|key| Metric {
            namespace: Some(key.namespace.clone()),
            metric_name: Some(key.name.clone()),
            dimensions: Some(key.dimensions.clone()),
        })
        .collect();
    Ok(ListMetricsResponse {
        metrics,
        next_token,
    })
}

fn matches(key: &SeriesKey, request: &ListMetricsRequest) -> bool {
    request
        .namespace
        .as_ref()
        .is_none_or(|namespace| *namespace == key.namespace)
        && request
            .metric_name
            .as_ref()
            .is_none_or(|name| *name == key.name)
        && request.dimensions.iter().flatten().all(|filter| {
            key.dimensions.iter().any(|dimension| {
                dimension.name == filter.name
                    && filter
                        .value
                        .as_ref()
                        .is_none_or(|value| *value == dimension.value)
            })
        })
}
