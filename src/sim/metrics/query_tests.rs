//! Questions about metrics, and what is put to be asked for.

use jiff::SignedDuration;

use crate::sim::fixture::{code, dimensions, hello, query, start};
use crate::sim::metrics::{
    DimensionFilter, GetMetricDataRequest, GetMetricDataResponse, GetMetricStatisticsRequest,
    ListMetricsRequest, MetricDataQuery, MetricDatum, PutMetricDataRequest, StatisticSet,
};
use crate::sim::world::World;

fn put(world: &mut World, data: Vec<MetricDatum>) -> Result<(), crate::sim::errors::AwsError> {
    let request = PutMetricDataRequest {
        namespace: "app".to_owned(),
        metric_data: Some(data),
    };
    world.put_metric_data(request).map(|_| ())
}

/// `app Calls` with the value n in minute n.
fn five_minutes() -> World {
    let mut world = hello(1);
    let datum = |minute: i64| MetricDatum {
        metric_name: "Calls".to_owned(),
        dimensions: Some(dimensions(&[("b", "2"), ("a", "1")])),
        timestamp: Some(start() + SignedDuration::from_mins(minute)),
        value: Some(minute as f64),
        unit: Some("Count".to_owned()),
        ..Default::default()
    };
    put(&mut world, (0..5).map(datum).collect()).expect("valid");
    world
}

fn calls(id: &str, stat: &str) -> MetricDataQuery {
    query(id, "app", "Calls", &[("a", "1"), ("b", "2")], stat)
}

fn ask(queries: Vec<MetricDataQuery>) -> GetMetricDataRequest {
    GetMetricDataRequest {
        metric_data_queries: queries,
        start_time: start(),
        end_time: start() + SignedDuration::from_mins(4),
        ..Default::default()
    }
}

fn values(response: &GetMetricDataResponse) -> Vec<&[f64]> {
    response
        .metric_data_results
        .iter()
        .map(|result| result.values.as_slice())
        .collect()
}

#[test]
fn newest_first_and_the_end_is_exclusive() {
    let mut world = five_minutes();
    let response = world
        .get_metric_data(ask(vec![calls("a", "Sum")]))
        .expect("valid");
    assert_eq!(values(&response), [[3.0, 2.0, 1.0, 0.0]]);
    let result = &response.metric_data_results[0];
    assert_eq!(
        (
            result.id.as_str(),
            result.label.as_str(),
            result.status_code.as_str()
        ),
        ("a", "Calls", "Complete")
    );
    assert_eq!(result.timestamps[3], start());
    let request = GetMetricDataRequest {
        scan_by: Some("TimestampAscending".to_owned()),
        ..ask(vec![calls("a", "Sum")])
    };
    assert_eq!(
        values(&world.get_metric_data(request).expect("valid")),
        [[0.0, 1.0, 2.0, 3.0]]
    );
}

#[test]
fn longer_periods_gather_minutes() {
    let mut world = five_minutes();
    let mut gathered = calls("a", "Sum");
    gathered.metric_stat.as_mut().expect("a statistic").period = 120;
    // 05:51 lies in the period of two minutes that starts at 05:50.
    let response = world.get_metric_data(ask(vec![gathered])).expect("valid");
    assert_eq!(values(&response), [[3.0, 3.0, 0.0]]);
}

#[test]
fn pages_join_to_the_whole() {
    let mut world = five_minutes();
    let queries = || {
        vec![
            calls("a", "Sum"),
            query("none", "app", "Nothing", &[], "Sum"),
            calls("b", "Maximum"),
        ]
    };
    let mut joined = std::collections::BTreeMap::<String, Vec<f64>>::new();
    let (mut token, mut pages) = (None, 0);
    loop {
        let request = GetMetricDataRequest {
            max_datapoints: Some(3),
            next_token: token,
            ..ask(queries())
        };
        let response = world.get_metric_data(request).expect("valid");
        for result in response.metric_data_results {
            joined.entry(result.id).or_default().extend(result.values);
        }
        pages += 1;
        token = response.next_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(pages, 3);
    assert_eq!(joined["a"], [3.0, 2.0, 1.0, 0.0]);
    assert_eq!(joined["b"], [3.0, 2.0, 1.0, 0.0]);
    assert!(joined["none"].is_empty());
}

#[test]
fn impossible_questions_are_refused() {
    let mut world = five_minutes();
    let expression = MetricDataQuery {
        id: "e".to_owned(),
        expression: Some("a/b".to_owned()),
        ..Default::default()
    };
    let mut odd = calls("a", "Sum");
    odd.metric_stat.as_mut().expect("a statistic").period = 45;
    let backwards = GetMetricDataRequest {
        end_time: start(),
        ..ask(vec![calls("a", "Sum")])
    };
    let cases = [
        (ask(vec![]), "ValidationError"),
        (
            ask((0..501).map(|n| calls(&format!("q{n}"), "Sum")).collect()),
            "ValidationError",
        ),
        (
            ask(vec![calls("a", "Sum"), calls("a", "Sum")]),
            "ValidationError",
        ),
        (ask(vec![calls("A", "Sum")]), "ValidationError"),
        (ask(vec![calls("a", "Total")]), "ValidationError"),
        (ask(vec![expression]), "ValidationError"),
        (ask(vec![odd]), "ValidationError"),
        (backwards, "ValidationError"),
        (
            GetMetricDataRequest {
                next_token: Some("x".to_owned()),
                ..ask(vec![calls("a", "Sum")])
            },
            "InvalidNextToken",
        ),
    ];
    for (request, expected) in cases {
        assert_eq!(code(world.get_metric_data(request)), expected);
    }
}

#[test]
fn a_forced_status_is_no_evidence() {
    let mut world = five_minutes();
    world.force_metric_status(Some("PartialData"));
    let response = world
        .get_metric_data(ask(vec![calls("a", "Sum")]))
        .expect("valid");
    assert_eq!(response.metric_data_results[0].status_code, "PartialData");
}

#[test]
fn a_unit_that_is_not_the_series_hides_it() {
    let mut world = five_minutes();
    let mut by_unit = |unit: &str| {
        let mut query = calls("a", "Sum");
        query.metric_stat.as_mut().expect("a statistic").unit = Some(unit.to_owned());
        world
            .get_metric_data(ask(vec![query]))
            .expect("valid")
            .metric_data_results[0]
            .values
            .len()
    };
    assert_eq!((by_unit("Count"), by_unit("Seconds")), (4, 0));
}

#[test]
fn values_counts_and_statistic_sets() {
    let mut world = hello(1);
    let datum = MetricDatum {
        metric_name: "Latency".to_owned(),
        ..Default::default()
    };
    let counted = MetricDatum {
        values: Some(vec![10.0, 400.0]),
        counts: Some(vec![99.0, 1.0]),
        ..datum.clone()
    };
    put(&mut world, vec![counted]).expect("valid");
    let mut stat = |name: &str| {
        let response = world
            .get_metric_data(ask(vec![query("q", "app", "Latency", &[], name)]))
            .expect("valid");
        response.metric_data_results[0].values.first().copied()
    };
    assert_eq!(
        (
            stat("p99"),
            stat("p99.5"),
            stat("TC(:300)"),
            stat("PR(:300)")
        ),
        (Some(10.0), Some(400.0), Some(99.0), Some(99.0))
    );
    let set = StatisticSet {
        sample_count: 100.0,
        sum: 500.0,
        minimum: 1.0,
        maximum: 900.0,
    };
    put(
        &mut world,
        vec![MetricDatum {
            statistic_values: Some(set),
            ..datum.clone()
        }],
    )
    .expect("valid");
    let mut stat = |name: &str| {
        let response = world
            .get_metric_data(ask(vec![query("q", "app", "Latency", &[], name)]))
            .expect("valid");
        response.metric_data_results[0].values.first().copied()
    };
    assert_eq!(
        (stat("SampleCount"), stat("Maximum"), stat("p99")),
        (Some(200.0), Some(900.0), None)
    );

    let both = MetricDatum {
        value: Some(1.0),
        values: Some(vec![1.0]),
        ..datum.clone()
    };
    assert_eq!(
        code(put(&mut world, vec![both])),
        "InvalidParameterCombination"
    );
    assert_eq!(
        code(put(&mut world, vec![datum.clone()])),
        "MissingParameter"
    );
    let nan = MetricDatum {
        value: Some(f64::NAN),
        ..datum.clone()
    };
    assert_eq!(code(put(&mut world, vec![nan])), "InvalidParameterValue");
    let future = MetricDatum {
        value: Some(1.0),
        timestamp: Some(start() + SignedDuration::from_hours(3)),
        ..datum
    };
    assert_eq!(code(put(&mut world, vec![future])), "InvalidParameterValue");
    let reserved = PutMetricDataRequest {
        namespace: "AWS/Lambda".to_owned(),
        metric_data: None,
    };
    assert_eq!(
        code(world.put_metric_data(reserved)),
        "InvalidParameterValue"
    );
}

#[test]
fn metrics_are_listed_by_what_they_have() {
    let mut world = five_minutes();
    let filter = |name: &str, value: Option<&str>| ListMetricsRequest {
        dimensions: Some(vec![DimensionFilter {
            name: name.to_owned(),
            value: value.map(str::to_owned),
        }]),
        ..Default::default()
    };
    let mut count = |request| world.list_metrics(request).expect("valid").metrics.len();
    assert_eq!(count(ListMetricsRequest::default()), 1);
    assert_eq!(
        (
            count(filter("a", None)),
            count(filter("a", Some("1"))),
            count(filter("a", Some("2")))
        ),
        (1, 1, 0)
    );
    let other = ListMetricsRequest {
        namespace: Some("AWS/Lambda".to_owned()),
        ..Default::default()
    };
    assert_eq!(count(other), 0);
}

#[test]
fn what_was_silent_for_two_weeks_is_not_listed_and_still_there() {
    let mut world = five_minutes();
    let listed = |world: &mut World| {
        let list = world.list_metrics(ListMetricsRequest::default());
        list.expect("valid").metrics.len()
    };
    let last = start() + SignedDuration::from_mins(4);
    world.advance_to(last + SignedDuration::from_hours(14 * 24));
    assert_eq!(listed(&mut world), 1);
    world.advance_to(last + SignedDuration::from_hours(14 * 24) + SignedDuration::from_secs(1));
    assert_eq!(listed(&mut world), 0);
    let metric = world.metrics.keys(0).count();
    assert_eq!(metric, 1);
}

#[test]
fn statistics_of_one_metric() {
    let mut world = five_minutes();
    let request = GetMetricStatisticsRequest {
        namespace: "app".to_owned(),
        metric_name: "Calls".to_owned(),
        dimensions: Some(dimensions(&[("a", "1"), ("b", "2")])),
        start_time: start(),
        end_time: start() + SignedDuration::from_mins(5),
        period: 60,
        statistics: Some(vec!["Sum".to_owned(), "Average".to_owned()]),
        extended_statistics: Some(vec!["p50".to_owned()]),
        unit: None,
    };
    let points = world
        .get_metric_statistics(request)
        .expect("valid")
        .datapoints;
    assert_eq!(points.len(), 5);
    let last = &points[4];
    assert_eq!(
        (last.sum, last.average, last.maximum),
        (Some(4.0), Some(4.0), None)
    );
    assert_eq!(
        last.extended_statistics.as_ref().expect("asked for")["p50"],
        4.0
    );
    assert_eq!(last.unit.as_deref(), Some("Count"));
}

#[test]
fn periods_of_statistics_begin_with_their_span() {
    let request = GetMetricStatisticsRequest {
        namespace: "app".to_owned(),
        metric_name: "Calls".to_owned(),
        dimensions: Some(dimensions(&[("a", "1"), ("b", "2")])),
        start_time: start() + SignedDuration::from_secs(90),
        end_time: start() + SignedDuration::from_mins(5),
        period: 120,
        statistics: Some(vec!["Sum".to_owned()]),
        ..Default::default()
    };
    let answer = five_minutes()
        .get_metric_statistics(request)
        .expect("valid");
    let points: Vec<_> = answer
        .datapoints
        .iter()
        .map(|point| (point.timestamp.duration_since(start()).as_secs(), point.sum))
        .collect();
    assert_eq!(points, [(60, Some(3.0)), (180, Some(7.0))]);
}
