//! SSM's operations through the Rust SDK.

use aws_sdk_ssm::types::ParameterType;

use super::{sample, ssm_client};

const NAME: &str = "/lambda-canary/hello/live/policy";

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_is_put_read_and_deleted() {
    let aws = sample().await;
    let client = ssm_client(&aws);
    let put = |value: &str| {
        client
            .put_parameter()
            .name(NAME)
            .value(value)
            .r#type(ParameterType::String)
    };
    assert_eq!(put("one").send().await.expect("put").version(), 1);
    let again = put("two")
        .send()
        .await
        .expect_err("there already")
        .into_service_error();
    assert!(again.is_parameter_already_exists(), "{again:?}");
    assert_eq!(
        put("zwei ✓")
            .overwrite(true)
            .send()
            .await
            .expect("put")
            .version(),
        2
    );

    let found = client
        .get_parameter()
        .name(NAME)
        .send()
        .await
        .expect("there")
        .parameter
        .expect("a parameter");
    assert_eq!((found.value(), found.version()), (Some("zwei ✓"), 2));
    let modified = found.last_modified_date().expect("a time");
    assert!(
        (modified.secs() - aws.now().as_second()).abs() < 60,
        "{modified:?}"
    );

    client
        .delete_parameter()
        .name(NAME)
        .send()
        .await
        .expect("deleted");
    let gone = client
        .get_parameter()
        .name(NAME)
        .send()
        .await
        .expect_err("deleted")
        .into_service_error();
    assert!(gone.is_parameter_not_found(), "{gone:?}");
    let gone = client
        .delete_parameter()
        .name(NAME)
        .send()
        .await
        .expect_err("deleted")
        .into_service_error();
    assert!(gone.is_parameter_not_found(), "{gone:?}");
    aws.shutdown().await;
}
