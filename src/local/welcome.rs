//! What `canary local` prints: how to talk to it. Every line works as printed.

use super::stack::appspec;

/// How to talk to the endpoint at `endpoint`, for the world of [`sample_world`](super::sample_world).
#[must_use]
pub fn welcome(endpoint: &str) -> String {
    format!(
        "\
A simulated AWS account is at {endpoint} (signatures are not verified; any key will do).
It has a function `hello` with versions 1 and 2, an alias `live` at 1 that gets 20 requests a
second, and an alarm `hello-live-errors`; and the functions of this project as the stack `canary`, with
a CodeDeploy application `hello`. In another terminal:

  export AWS_ENDPOINT_URL={endpoint}
  export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
  export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1

  # look, invoke, and shift traffic to version 2
  aws lambda get-alias --function-name hello --name live
  aws lambda invoke --function-name hello:live /dev/stdout
  canary run --function hello --alias live --to 2 --plan '10%:2m' --alarm hello-live-errors --yes

  # or release it by CodeDeploy, whose hooks are real processes here
  aws deploy create-deployment --application-name hello --deployment-group-name hello-stepper --revision '{revision}'
  aws deploy list-deployments

  # meanwhile: raise the alarm, or make the new version fail
  aws cloudwatch set-alarm-state --alarm-name hello-live-errors --state-value ALARM --state-reason drill
  curl -X PUT {endpoint}/_local/behaviour -d '{{\"function\":\"hello\",\"version\":\"2\",\"error_rate\":0.2}}'
  curl -X PUT {endpoint}/_local/traffic -d '{{\"function\":\"hello\",\"alias\":\"live\",\"requests_per_second\":50}}'

  # what is here, what was called
  curl {endpoint}/_local/
  curl {endpoint}/_local/calls
  curl {endpoint}/_local/deployments
  curl '{endpoint}/_local/logs?function=canary-stepper'
",
        revision = revision(),
    )
}

/// The revision that releases version 2, as a shell takes it between single quotes.
fn revision() -> String {
    let content = appspec("1", "2");
    serde_json::json!({"revisionType": "AppSpecContent", "appSpecContent": {"content": content}})
        .to_string()
}
