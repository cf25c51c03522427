//! What both versions counted, by the minute.
//!
//! One `GetMetricData` for all series: a question has fewer than fifty, a call takes 500. Shares
//! are computed by the judge and not by metric math, which would hide a series that is not there.
//! Only a series that CloudWatch calls `Complete` is to be gone by (CloudWatch API reference,
//! `MetricDataResult`).

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::{
    Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat, ScanBy,
};
use aws_smithy_types::DateTime;
use jiff::Timestamp;

use super::error::{CallError, Kind};
use crate::judge::measure::{
    CountsAnswer, CountsQuestion, EvidenceRules, Memory, Pages, Series, SeriesName, Span, Versions,
};

/// The longest look at the counts, with all its pages: a tick has to come to its end.
pub const LONGEST: std::time::Duration = std::time::Duration::from_secs(15);

/// More pages than this would be a loop: all points of a day fit on one.
const PAGES_MAX: usize = 20;
/// In seconds.
const MINUTE: i32 = 60;

/// The counts that the question asks for.
///
/// # Errors
/// If the call failed. A series that was not answered in full is no error: it is absent from the
/// answer, which says why.
pub async fn read(
    client: &Client,
    function: &str,
    alias: &str,
    question: &CountsQuestion,
) -> Result<CountsAnswer, CallError> {
    let Some(span) = question.span() else {
        return Ok(CountsAnswer::default());
    };
    let found = fetch(client, question.series(function, alias), span).await?;
    Ok(CountsAnswer::of(question, function, alias, &found))
}

/// These series by the minute, in the same order; or why one is not to be gone by. At most 500.
///
/// # Errors
/// If the call failed.
pub(super) async fn fetch(
    client: &Client,
    names: Vec<SeriesName>,
    span: Span,
) -> Result<Vec<Result<Series, String>>, CallError> {
    let queries: Vec<MetricDataQuery> = names.iter().enumerate().map(query).collect();
    let mut pages = Pages::of(names);
    let mut token = None;
    for _ in 0..PAGES_MAX {
        let page = client
            .get_metric_data()
            .set_metric_data_queries(Some(queries.clone()))
            .start_time(DateTime::from_secs(span.from.as_second()))
            .end_time(DateTime::from_secs(span.to.as_second()))
            .scan_by(ScanBy::TimestampAscending)
            .set_next_token(token)
            .send()
            .await
            .map_err(|error| CallError::of("GetMetricData", &error))?;
        for result in page.metric_data_results() {
            add(&mut pages, result);
        }
        token = page.next_token;
        if token.is_none() {
            return Ok(pages.series());
        }
    }
    Err(CallError {
        call: "GetMetricData",
        kind: Kind::Passing,
        code: None,
        message: "the pages do not end".to_owned(),
    })
}

/// What to do about counts that cannot be read for want of a right.
const HINT: &str = "give the role the right to cloudwatch:GetMetricData, or let the policy say \
     \"evidence\": false";

/// Whether both versions can be counted at all, before anything depends on it: asks for the minutes
/// before the rollout. What may pass by itself is no reason against a start.
///
/// # Errors
/// Why not, in words, and what to do about it, if it will stay so.
pub async fn try_out(
    client: &Client,
    function: &str,
    alias: &str,
    rules: &EvidenceRules,
    versions: &Versions,
    now: Timestamp,
) -> Result<(), (String, Option<&'static str>)> {
    let Some(question) = rules.question(&Memory::default(), versions, now) else {
        return Ok(());
    };
    let reading = read(client, function, alias, &question);
    let Ok(Err(error)) = tokio::time::timeout(LONGEST, reading).await else {
        return Ok(());
    };
    match error.kind {
        Kind::Refused | Kind::NoCredentials | Kind::NotFound => {
            let why = explained(&error);
            let hint = is_denied(&error).then_some(HINT).or(error.hint());
            let why = format!("the versions' requests cannot be counted: {why}");
            Err((why, hint))
        }
        Kind::Passing | Kind::Conflict => Ok(()),
    }
}

fn is_denied(error: &CallError) -> bool {
    let code = error.code.as_deref();
    code.is_some_and(|code| code.contains("AccessDenied"))
}

/// A failed call in words: first what is missing, where AWS says so, since its own text is long.
#[must_use]
pub fn explained(error: &CallError) -> String {
    match is_denied(error) {
        true => format!("the right to cloudwatch:GetMetricData is missing: {error}"),
        false => error.to_string(),
    }
}

fn query((index, name): (usize, &SeriesName)) -> MetricDataQuery {
    let dimension =
        |(name, value): &(String, String)| Dimension::builder().name(name).value(value).build();
    let metric = Metric::builder()
        .namespace(&name.namespace)
        .metric_name(&name.metric)
        .set_dimensions(Some(name.dimensions.iter().map(dimension).collect()))
        .build();
    let stat = MetricStat::builder()
        .metric(metric)
        .period(MINUTE)
        .stat(&name.statistic)
        .build();
    MetricDataQuery::builder()
        .id(format!("s{index}"))
        .metric_stat(stat)
        .build()
}

fn add(pages: &mut Pages, result: &MetricDataResult) {
    let index = result
        .id()
        .and_then(|id| id.strip_prefix('s')?.parse().ok());
    let Some(index) = index else {
        return;
    };
    let status = result.status_code().map(|status| status.as_str());
    let times = result.timestamps().iter().map(timestamp);
    let points = times.zip(result.values().iter().copied());
    let points = points.filter_map(|(at, value)| Some((at?, value)));
    pages.add(index, status, points);
}

fn timestamp(time: &DateTime) -> Option<Timestamp> {
    Timestamp::from_second(time.secs()).ok()
}
