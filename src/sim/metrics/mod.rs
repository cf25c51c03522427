//! Simulated metrics.

mod wire;

pub use wire::*;

use crate::sim::errors::AwsError;
use crate::sim::world::World;

pub(super) fn put_metric_data(
    _world: &mut World,
    _request: PutMetricDataRequest,
) -> Result<PutMetricDataResponse, AwsError> {
    Err(AwsError::unknown_operation(
        crate::sim::errors::Service::CloudWatch,
        "PutMetricData",
    ))
}

pub(super) fn get_metric_data(
    _world: &mut World,
    _request: GetMetricDataRequest,
) -> Result<GetMetricDataResponse, AwsError> {
    Err(AwsError::unknown_operation(
        crate::sim::errors::Service::CloudWatch,
        "GetMetricData",
    ))
}

pub(super) fn list_metrics(
    _world: &mut World,
    _request: ListMetricsRequest,
) -> Result<ListMetricsResponse, AwsError> {
    Err(AwsError::unknown_operation(
        crate::sim::errors::Service::CloudWatch,
        "ListMetrics",
    ))
}

pub(super) fn get_metric_statistics(
    _world: &mut World,
    _request: GetMetricStatisticsRequest,
) -> Result<GetMetricStatisticsResponse, AwsError> {
    Err(AwsError::unknown_operation(
        crate::sim::errors::Service::CloudWatch,
        "GetMetricStatistics",
    ))
}
