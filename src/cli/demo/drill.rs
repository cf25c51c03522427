//! Raising the alarm: by a person, or for them.

use std::time::Duration;

use jiff::Timestamp;
use tokio::process::Command;
use tokio::time::sleep;

use super::reading::{alarm_since, alarm_state};
use super::stage::ALARM;
use crate::aws::{CallError, Session};
use crate::cli::console::Console;
use crate::cli::error::CliError;
use crate::local::LocalAws;

/// For a person who wants to raise the alarm by hand: so long in real time, but no longer than so
/// much of the bake.
const GRACE: Duration = Duration::from_secs(30);
const GRACE_OF_BAKE: Duration = Duration::from_secs(20 * 60);

/// Raises the alarm: a person is told how and has a moment for it; then it is done for them, with
/// the AWS CLI if it is there.
///
/// # Errors
/// If the alarm cannot be raised.
pub async fn drill(console: &Console, aws: &LocalAws, session: &Session) -> Result<(), CliError> {
    let command = |state: &str, reason: &str| {
        format!(
            "aws cloudwatch set-alarm-state --alarm-name {ALARM} --state-value {state} --state-reason {reason}"
        )
    };
    let url = aws.endpoint_url();
    console.say(&format!(
        "raise the alarm, with these in another terminal:\n  \
         export AWS_ENDPOINT_URL={url} AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 \
         AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test\n  \
         {}\nand afterwards\n  {}",
        command("ALARM", "drill"),
        command("OK", "drill-over")
    ));
    if console.can_ask() {
        let grace = GRACE.min(aws.clock().real_duration(GRACE_OF_BAKE));
        console.say(&format!("in {} s it is raised for you", grace.as_secs()));
        let began = aws.now();
        let until = Duration::from_millis(200);
        let mut left = grace;
        while aws.with_world(alarm_state) != "ALARM" && !raised_since(aws, began) && !left.is_zero()
        {
            sleep(until.min(left)).await;
            left = left.saturating_sub(until);
        }
        if raised_since(aws, began) {
            console.say("somebody raised it");
            return Ok(());
        }
    }
    if aws.with_world(alarm_state) == "ALARM" {
        console.say("somebody raised it");
        return Ok(());
    }
    if by_cli(&url).await {
        console.say("nobody did: raised with the AWS CLI");
        return Ok(());
    }
    session
        .cloudwatch
        .set_alarm_state()
        .alarm_name(ALARM)
        .state_value(aws_sdk_cloudwatch::types::StateValue::Alarm)
        .state_reason("drill")
        .send()
        .await
        .map_err(|error| CallError::of("SetAlarmState", &error))?;
    console.say("nobody did: raised with the SDK, since there is no AWS CLI here");
    Ok(())
}

/// Whether the alarm went to ALARM since then, be it only for a moment.
fn raised_since(aws: &LocalAws, since: Timestamp) -> bool {
    aws.with_world(|world| alarm_since(world, since).is_some())
}

/// Whether the AWS CLI is there and did it.
async fn by_cli(endpoint: &str) -> bool {
    let run = Command::new("aws")
        // Older releases of it do not read AWS_ENDPOINT_URL.
        .args(["--endpoint-url", endpoint])
        .args(["cloudwatch", "set-alarm-state", "--alarm-name", ALARM])
        .args(["--state-value", "ALARM", "--state-reason", "drill"])
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_REGION", "us-east-1")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env_remove("AWS_PROFILE")
        .output()
        .await;
    run.is_ok_and(|done| done.status.success())
}
