//! CloudWatch's requests and responses about metrics, member for member as in its API model.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::sim::wire::wire;

wire! {
    /// A dimension of a metric.
    #[derive(Eq, PartialOrd, Ord)]
    Dimension { name: String, value: String }
    /// A metric's identity.
    #[derive(Eq, PartialOrd, Ord)]
    Metric {
        namespace: Option<String>,
        metric_name: Option<String>,
        dimensions: Option<Vec<Dimension>>,
    }
    /// An aggregated set of values.
    StatisticSet { sample_count: f64, sum: f64, minimum: f64, maximum: f64 }
    /// One measurement, or many of them.
    MetricDatum {
        metric_name: String,
        dimensions: Option<Vec<Dimension>>,
        timestamp: Option<Timestamp>,
        value: Option<f64>,
        statistic_values: Option<StatisticSet>,
        values: Option<Vec<f64>>,
        counts: Option<Vec<f64>>,
        unit: Option<String>,
        storage_resolution: Option<u32>,
    }
    /// Publishes measurements.
    PutMetricDataRequest { namespace: String, metric_data: Option<Vec<MetricDatum>> }
    /// Nothing.
    PutMetricDataResponse {}
    /// A statistic of a metric.
    MetricStat { metric: Metric, period: u32, stat: String, unit: Option<String> }
    /// One query of `GetMetricData`, or one metric of an alarm.
    MetricDataQuery {
        id: String,
        metric_stat: Option<MetricStat>,
        expression: Option<String>,
        label: Option<String>,
        return_data: Option<bool>,
        period: Option<u32>,
        account_id: Option<String>,
    }
    /// Asks for many statistics at once.
    GetMetricDataRequest {
        metric_data_queries: Vec<MetricDataQuery>,
        start_time: Timestamp,
        end_time: Timestamp,
        next_token: Option<String>,
        scan_by: Option<String>,
        max_datapoints: Option<u32>,
    }
    /// A message about a result.
    MessageData { code: Option<String>, value: Option<String> }
    /// The datapoints of one query.
    MetricDataResult {
        id: String,
        label: String,
        timestamps: Vec<Timestamp>,
        values: Vec<f64>,
        status_code: String,
        messages: Option<Vec<MessageData>>,
    }
    /// One page of results.
    GetMetricDataResponse {
        metric_data_results: Vec<MetricDataResult>,
        next_token: Option<String>,
        messages: Vec<MessageData>,
    }
    /// A dimension that a metric must have, with this value if one is given.
    DimensionFilter { name: String, value: Option<String> }
    /// Lists metrics that have data.
    ListMetricsRequest {
        namespace: Option<String>,
        metric_name: Option<String>,
        dimensions: Option<Vec<DimensionFilter>>,
        next_token: Option<String>,
        recently_active: Option<String>,
    }
    /// One page of metrics.
    ListMetricsResponse { metrics: Vec<Metric>, next_token: Option<String> }
    /// Asks for statistics of one metric.
    GetMetricStatisticsRequest {
        namespace: String,
        metric_name: String,
        dimensions: Option<Vec<Dimension>>,
        start_time: Timestamp,
        end_time: Timestamp,
        period: u32,
        statistics: Option<Vec<String>>,
        extended_statistics: Option<Vec<String>>,
        unit: Option<String>,
    }
    /// The statistics of one period.
    Datapoint {
        timestamp: Timestamp,
        sample_count: Option<f64>,
        average: Option<f64>,
        sum: Option<f64>,
        minimum: Option<f64>,
        maximum: Option<f64>,
        unit: Option<String>,
        extended_statistics: Option<BTreeMap<String, f64>>,
    }
    /// Statistics of one metric.
    GetMetricStatisticsResponse { label: String, datapoints: Vec<Datapoint> }
}
