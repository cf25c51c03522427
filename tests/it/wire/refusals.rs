//! What is not here, unsigned, or not what the protocol says: AWS's own errors, at once.

use aws_sdk_cloudwatch::error::ProvideErrorMetadata as _;

use super::raw::{Answer, request, signed};
use super::{cloudwatch_client, lambda_client, sample, ssm_client};

const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

fn header(name: &'static str, value: &str) -> (&'static str, String) {
    (name, value.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_that_is_not_here_is_named() {
    let aws = sample().await;
    let lambda = lambda_client(&aws)
        .list_layers()
        .send()
        .await
        .expect_err("not here");
    assert_eq!(lambda.code(), Some("NotImplementedException"));
    assert!(
        lambda
            .message()
            .is_some_and(|text| text.contains("ListLayers") && text.contains("UpdateAlias"))
    );
    let cloudwatch = cloudwatch_client(&aws)
        .list_dashboards()
        .send()
        .await
        .expect_err("not here");
    assert!(
        cloudwatch
            .message()
            .is_some_and(|text| text.contains("ListDashboards") && text.contains("DescribeAlarms"))
    );
    let ssm = ssm_client(&aws)
        .describe_parameters()
        .send()
        .await
        .expect_err("not here");
    assert_eq!(ssm.code(), Some("UnknownOperationException"));
    assert!(
        ssm.message()
            .is_some_and(|text| text.contains("DescribeParameters"))
    );
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_not_here_is_refused_in_its_own_protocol() {
    let aws = sample().await;
    let json = request(
        &aws,
        "POST",
        "/",
        &[
            signed("dynamodb"),
            header("x-amz-target", "DynamoDB_20120810.ListTables"),
        ],
        b"{}",
    )
    .await;
    assert_eq!(json.status, 400);
    assert!(
        json.text().contains("UnknownOperationException") && json.text().contains("ListTables"),
        "{json:?}"
    );
    let query = request(
        &aws,
        "POST",
        "/",
        &[signed("sts"), header("content-type", FORM)],
        b"Action=GetCallerIdentity",
    )
    .await;
    assert_eq!(
        (query.status, query.header("content-type")),
        (400, Some("text/xml"))
    );
    assert!(
        query.text().contains("<Code>InvalidAction</Code>"),
        "{query:?}"
    );
    let rest = request(&aws, "GET", "/bucket/key", &[signed("s3")], b"").await;
    assert_eq!(
        (rest.status, rest.header("x-amzn-errortype")),
        (501, Some("NotImplementedException"))
    );
    assert!(rest.text().contains("GET /bucket/key of s3"), "{rest:?}");
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unsigned_request_is_refused_in_each_protocol() {
    let aws = sample().await;
    let rest = request(
        &aws,
        "GET",
        "/2015-03-31/functions/hello/aliases/live",
        &[],
        b"",
    )
    .await;
    assert_eq!(
        (rest.status, rest.header("x-amzn-errortype")),
        (403, Some("MissingAuthenticationTokenException"))
    );
    let json = request(
        &aws,
        "POST",
        "/",
        &[header("x-amz-target", "AmazonSSM.GetParameter")],
        b"{}",
    )
    .await;
    assert_eq!(json.status, 400);
    assert!(
        json.text()
            .contains("\"__type\":\"MissingAuthenticationTokenException\""),
        "{json:?}"
    );
    let query = request(
        &aws,
        "POST",
        "/",
        &[header("content-type", FORM)],
        b"Action=DescribeAlarms",
    )
    .await;
    assert_eq!(query.status, 403);
    assert!(
        query
            .text()
            .contains("<Code>MissingAuthenticationToken</Code>"),
        "{query:?}"
    );
    let path = "/service/GraniteServiceVersion20100801/operation/DescribeAlarms";
    let cbor = request(&aws, "POST", path, &[], b"").await;
    assert_eq!(
        (cbor.status, cbor.header("smithy-protocol")),
        (403, Some("rpc-v2-cbor"))
    );
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_body_is_a_serialization_exception() {
    let aws = sample().await;
    let lambda = request(
        &aws,
        "PUT",
        "/2015-03-31/functions/hello/aliases/live",
        &[signed("lambda")],
        b"{",
    )
    .await;
    assert_eq!(
        (lambda.status, lambda.header("x-amzn-errortype")),
        (400, Some("SerializationException"))
    );
    for target in [
        "AmazonSSM.GetParameter",
        "GraniteServiceVersion20100801.DescribeAlarms",
    ] {
        let json = request(
            &aws,
            "POST",
            "/",
            &[signed("ssm"), header("x-amz-target", target)],
            b"[1",
        )
        .await;
        assert_eq!(json.status, 400);
        assert!(json.text().contains("SerializationException"), "{json:?}");
    }
    let path = "/service/GraniteServiceVersion20100801/operation/DescribeAlarms";
    let cbor = request(&aws, "POST", path, &[signed("monitoring")], b"\xff\xff").await;
    assert_eq!(
        (cbor.status, cbor.header("content-type")),
        (400, Some("application/cbor"))
    );
    assert!(cbor.text().contains("SerializationException"), "{cbor:?}");
    let form = b"Action=DescribeAlarms&MaxRecords=many";
    let query = request(
        &aws,
        "POST",
        "/",
        &[signed("monitoring"), header("content-type", FORM)],
        form,
    )
    .await;
    assert!(
        query.text().contains("<Code>MalformedInput</Code>"),
        "{query:?}"
    );
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_large_is_refused() {
    let aws = sample().await;
    let large = vec![b' '; 7 << 20];
    let target = header("x-amz-target", "AmazonSSM.GetParameter");
    let answer = request(&aws, "POST", "/", &[signed("ssm"), target], &large).await;
    assert_eq!(answer.status, 413);
    assert!(
        answer.text().contains("RequestEntityTooLargeException"),
        "{answer:?}"
    );
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_query_protocol_answers_in_xml() {
    let aws = sample().await;
    let call = async |form: &'static [u8]| -> Answer {
        request(
            &aws,
            "POST",
            "/",
            &[signed("monitoring"), header("content-type", FORM)],
            form,
        )
        .await
    };
    let alarms =
        call(b"Action=DescribeAlarms&Version=2010-08-01&AlarmNames.member.1=hello-live-errors")
            .await;
    assert_eq!(alarms.status, 200);
    for part in [
        "<DescribeAlarmsResult>",
        "<member><ActionsEnabled>true",
        "<StateValue>OK</StateValue>",
        "<RequestId>",
    ] {
        assert!(alarms.text().contains(part), "{part}: {}", alarms.text());
    }
    let form = b"Action=SetAlarmState&AlarmName=nobody&StateValue=OK&StateReason=x";
    let unknown = call(form).await;
    assert_eq!(unknown.status, 404);
    assert!(
        unknown
            .text()
            .contains("<Type>Sender</Type><Code>ResourceNotFound</Code>"),
        "{unknown:?}"
    );
    aws.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_beyond_its_limit_is_refused_before_anything_runs() {
    let aws = sample().await;
    let lambda = lambda_client(&aws);
    let invoked = lambda
        .invoke()
        .function_name("hello")
        .qualifier("a b")
        .send()
        .await;
    assert_eq!(
        invoked.expect_err("no such name").code(),
        Some("ValidationException")
    );
    let described = cloudwatch_client(&aws)
        .describe_alarms()
        .alarm_names("x".repeat(256))
        .send()
        .await;
    assert_eq!(
        described.expect_err("too long").code(),
        Some("ValidationError")
    );
    aws.shutdown().await;
}
