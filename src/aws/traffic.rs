//! Which versions a weighted alias sent requests to, and how many, by the minute.
//!
//! Lambda has series by version only while an alias carries a weight, under the dimensions
//! `FunctionName`, `Resource` and `ExecutedVersion`. `ListMetrics` names those that had data within
//! the last two weeks, new ones after up to a quarter of an hour (CloudWatch API reference,
//! `ListMetrics`); `GetMetricData` needs no list.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::{DimensionFilter, Metric};

use super::counts;
use super::error::{CallError, Kind};
use crate::judge::measure::{Series, Span, requests_series};

/// The dimension that tells versions apart.
const VERSION: &str = "ExecutedVersion";
/// More pages than this would be a loop: a page has 500 series.
const PAGES_MAX: usize = 20;
/// Series a call; CloudWatch takes 500.
const SERIES_MAX: usize = 500;

/// The versions that CloudWatch has series of, by this alias.
///
/// # Errors
/// If the call failed.
pub async fn versions(
    client: &Client,
    function: &str,
    alias: &str,
) -> Result<BTreeSet<String>, CallError> {
    let filter = |name: &str, value: Option<String>| {
        DimensionFilter::builder()
            .name(name)
            .set_value(value)
            .build()
    };
    let filters = vec![
        filter("FunctionName", Some(function.to_owned())),
        filter("Resource", Some(format!("{function}:{alias}"))),
        filter(VERSION, None),
    ];
    let (mut found, mut token) = (BTreeSet::new(), None);
    for _ in 0..PAGES_MAX {
        let page = client
            .list_metrics()
            .namespace("AWS/Lambda")
            .metric_name("Invocations")
            .set_dimensions(Some(filters.clone()))
            .set_next_token(token)
            .send()
            .await
            .map_err(|error| CallError::of("ListMetrics", &error))?;
        found.extend(page.metrics().iter().filter_map(version));
        token = page.next_token;
        if token.is_none() {
            return Ok(found);
        }
    }
    Err(CallError {
        call: "ListMetrics",
        kind: Kind::Passing,
        code: None,
        message: "the pages do not end".to_owned(),
    })
}

fn version(metric: &Metric) -> Option<String> {
    let mut dimensions = metric.dimensions().iter();
    let version = dimensions.find(|dimension| dimension.name() == Some(VERSION))?;
    version.value().map(str::to_owned)
}

/// The requests to each of these versions by this alias. A version without any has an empty
/// series.
///
/// # Errors
/// If the call failed, or a series was not answered in full.
pub async fn requests(
    client: &Client,
    function: &str,
    alias: &str,
    versions: &BTreeSet<String>,
    span: Span,
) -> Result<BTreeMap<String, Series>, CallError> {
    let all: Vec<&String> = versions.iter().collect();
    let mut found = BTreeMap::new();
    for some in all.chunks(SERIES_MAX) {
        let name = |version: &&String| requests_series(function, alias, version);
        let series = counts::fetch(client, some.iter().map(name).collect(), span).await?;
        for (version, series) in some.iter().zip(series) {
            let series = series.map_err(|what| CallError {
                call: "GetMetricData",
                kind: Kind::Passing,
                code: None,
                message: what,
            })?;
            found.insert((*version).clone(), series);
        }
    }
    Ok(found)
}
