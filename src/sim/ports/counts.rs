//! Counts over the simulated `GetMetricData`, in one call and its pages.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Failed, SimPorts};
use crate::judge::measure::{CountsAnswer, CountsQuestion, Pages, SeriesName};
use crate::sim::Service;

/// More pages than this would be a loop.
const PAGES_MAX: usize = 20;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    #[serde(default)]
    metric_data_results: Vec<Found>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Found {
    id: String,
    #[serde(default)]
    timestamps: Vec<Timestamp>,
    #[serde(default)]
    values: Vec<f64>,
    status_code: Option<String>,
}

impl SimPorts {
    pub(super) fn fetch(&self, question: &CountsQuestion) -> Result<CountsAnswer, Failed> {
        let Some(span) = question.span() else {
            return Ok(CountsAnswer::default());
        };
        let names = question.series(&self.function, &self.alias);
        let queries: Vec<Value> = names.iter().enumerate().map(query).collect();
        let mut pages = Pages::of(names);
        let mut token = None;
        for _ in 0..PAGES_MAX {
            let input = json!({
                "MetricDataQueries": queries,
                "StartTime": span.from,
                "EndTime": span.to,
                "ScanBy": "TimestampAscending",
                "NextToken": token,
            });
            let page: Page = self.call(Service::CloudWatch, "GetMetricData", input)?;
            for found in page.metric_data_results {
                let index = found
                    .id
                    .strip_prefix('s')
                    .and_then(|index| index.parse().ok());
                let points = found.timestamps.into_iter().zip(found.values);
                if let Some(index) = index {
                    pages.add(index, found.status_code.as_deref(), points);
                }
            }
            token = page.next_token;
            if token.is_none() {
                let found = pages.series();
                return Ok(CountsAnswer::of(
                    question,
                    &self.function,
                    &self.alias,
                    &found,
                ));
            }
        }
        let what = "GetMetricData: the pages do not end".to_owned();
        Err(Failed::Shape(what))
    }
}

fn query((index, name): (usize, &SeriesName)) -> Value {
    let dimensions = name.dimensions.iter();
    let dimensions = dimensions.map(|(name, value)| json!({ "Name": name, "Value": value }));
    json!({
        "Id": format!("s{index}"),
        "MetricStat": {
            "Metric": {
                "Namespace": name.namespace,
                "MetricName": name.metric,
                "Dimensions": dimensions.collect::<Vec<_>>(),
            },
            "Period": 60,
            "Stat": name.statistic,
        },
    })
}
