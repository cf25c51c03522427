//! Virtual time and real processes.

use std::time::Duration;

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use lambda_canary::local::LocalAws;
use lambda_canary::sim::metrics::{Dimension, GetMetricStatisticsRequest};
use serde_json::json;

use super::{START, client, invoke, serve, until};

#[tokio::test(flavor = "multi_thread")]
async fn time_stands_still_while_a_process_has_an_invocation_open() {
    let aws = serve(1_000.0).await;
    let client = client(&aws);
    let sleeping = {
        let client = client.clone();
        tokio::spawn(
            async move { invoke(&client, "echo", json!({"do": "sleep", "ms": 600})).await },
        )
    };
    until(|| aws.with_world(|world| world.open_invocations()) == 1).await;
    let (clock, world) = (aws.now(), aws.with_world(|world| world.now()));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(aws.now(), clock);
    assert_eq!(aws.with_world(|world| world.now()), world);
    sleeping.await.expect("answered");
    until(|| aws.now() > clock).await;
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_tried_three_times_in_virtual_minutes() {
    let aws = serve(1_000.0).await;
    let accepted = client(&aws)
        .invoke()
        .function_name("echo")
        .invocation_type(InvocationType::Event)
        .payload(Blob::new(json!({"do": "fail"}).to_string()))
        .send()
        .await
        .expect("accepted");
    assert_eq!(accepted.status_code(), 202);
    let asked = || {
        let logs = aws.logs("echo");
        logs.iter().filter(|line| line.contains("asked")).count()
    };
    until(|| asked() == 3).await;
    let waited = aws.now().duration_since(START);
    assert!(waited.as_secs() >= 180, "{waited:?}");
    until(|| aws.now().duration_since(START).as_secs() > 1_000).await;
    assert_eq!(asked(), 3);
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn traffic_goes_through_the_processes_in_order() {
    let aws = serve(200.0).await;
    aws.with_world(|world| world.set_traffic("echo", "live", 5.0))
        .expect("a rate");
    until(|| aws.now().duration_since(START).as_secs() >= 60).await;
    aws.with_world(|world| world.set_traffic("echo", "live", 0.0))
        .expect("a rate");
    until(|| aws.with_world(|world| world.open_invocations()) == 0).await;
    let asked = aws.logs("echo").len();
    assert!(asked > 200, "{asked}");
    aws.with_world(|world| {
        let later = world.now() + Duration::from_secs(300);
        world.advance_to(later);
    });
    let counted = invocations(&aws);
    assert!((counted - 300.0).abs() < 100.0, "{counted}");
    aws.shutdown().await;
}

fn invocations(aws: &LocalAws) -> f64 {
    let request = GetMetricStatisticsRequest {
        namespace: "AWS/Lambda".to_owned(),
        metric_name: "Invocations".to_owned(),
        dimensions: Some(vec![Dimension {
            name: "FunctionName".to_owned(),
            value: "echo".to_owned(),
        }]),
        start_time: START,
        end_time: START + Duration::from_secs(3_600),
        period: 60,
        statistics: Some(vec!["Sum".to_owned()]),
        ..GetMetricStatisticsRequest::default()
    };
    let answer = aws.with_world(|world| world.get_metric_statistics(request));
    let points = answer.expect("valid").datapoints;
    points.iter().filter_map(|point| point.sum).sum()
}
