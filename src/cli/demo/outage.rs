//! An outage of what both versions call.

use jiff::SignedDuration;

use super::stage::FUNCTION;
use super::story::Story;
use super::watch::Watch;
use crate::cli::console::Console;
use crate::cli::error::CliError;
use crate::local::LocalAws;
use crate::sim::{AwsError, Behaviour};

/// The share of its calls that each version fails meanwhile.
const FAILING: f64 = 0.4;
/// After the first look that sees traffic at version 2: some of its minutes are healthy.
const AFTER: SignedDuration = SignedDuration::from_secs(45);
/// How long it lasts.
const LASTS: SignedDuration = SignedDuration::from_mins(3);

/// Both versions fail for some minutes, and then behave again as the story says.
///
/// # Errors
/// If the simulated AWS does not have both versions, or the release comes to nothing.
pub async fn outage(
    console: &Console,
    aws: &LocalAws,
    story: &Story,
    watch: &mut Watch<'_>,
    deployment: &str,
) -> Result<(), CliError> {
    watch.until(aws.now() + AFTER, deployment).await?;
    let percent = FAILING * 100.0;
    console.say(&format!(
        "what both versions call is down: each fails {percent} % of its calls. By hand, for each version:\n  \
         curl -X PUT {}/_local/behaviour -d '{{\"function\":\"{FUNCTION}\",\"version\":\"1\",\"error_rate\":{FAILING}}}'",
        aws.endpoint_url()
    ));
    behave(aws, [FAILING, FAILING])?;
    watch.until(aws.now() + LASTS, deployment).await?;
    behave(aws, [story.sample.error_rate, story.error_rate])?;
    console.say("it is up again");
    Ok(())
}

/// From now on versions 1 and 2 fail these shares of their calls.
fn behave(aws: &LocalAws, error_rates: [f64; 2]) -> Result<(), CliError> {
    let failed = |error: AwsError| CliError::plain(error.to_string());
    let set = |(version, error_rate)| {
        let behaviour = Behaviour {
            error_rate,
            ..Behaviour::default()
        };
        aws.with_world(|world| world.set_behaviour(FUNCTION, version, behaviour))
    };
    let mut versions = ["1", "2"].into_iter().zip(error_rates);
    versions.try_for_each(set).map_err(failed)
}
