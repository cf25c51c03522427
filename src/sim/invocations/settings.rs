//! How a function is to be invoked asynchronously.

use jiff::Timestamp;

use super::wire::{
    Destination, DestinationConfig, FunctionEventInvokeConfig, GetFunctionEventInvokeConfigRequest,
    PutFunctionEventInvokeConfigRequest,
};
use crate::sim::errors::AwsError;
use crate::sim::world::World;

/// AWS's defaults.
const RETRIES: u32 = 2;
const AGE: u32 = 21_600;
const LEAST_AGE: u32 = 60;

/// What was put for a function and qualifier.
#[derive(Debug, Clone, Default)]
pub(super) struct Settings {
    modified: Timestamp,
    retries: Option<u32>,
    age: Option<u32>,
    destinations: Option<DestinationConfig>,
}

impl Settings {
    /// How many more attempts there are after a function error.
    pub fn retries(&self) -> u32 {
        self.retries.unwrap_or(RETRIES)
    }

    /// How old an event may become, in seconds.
    pub fn age(&self) -> i64 {
        i64::from(self.age.unwrap_or(AGE))
    }

    /// Where the record of a success goes.
    pub fn on_success(&self) -> Option<&str> {
        arn(self.destinations.as_ref()?.on_success.as_ref())
    }

    /// Where the record of a failure goes.
    pub fn on_failure(&self) -> Option<&str> {
        arn(self.destinations.as_ref()?.on_failure.as_ref())
    }

    fn describe(&self, function_arn: String) -> FunctionEventInvokeConfig {
        let destinations = self.destinations.clone().unwrap_or_default();
        FunctionEventInvokeConfig {
            last_modified: self.modified,
            function_arn,
            maximum_retry_attempts: self.retries,
            maximum_event_age_in_seconds: self.age,
            // A destination that is not there is answered as one without members.
            destination_config: Some(DestinationConfig {
                on_success: Some(destinations.on_success.unwrap_or_default()),
                on_failure: Some(destinations.on_failure.unwrap_or_default()),
            }),
        }
    }
}

impl World {
    /// What holds for events to that function and qualifier.
    pub(super) fn event_settings(&self, function: &str, qualifier: Option<&str>) -> Settings {
        let key = key(function, qualifier);
        let found = self.invocations.settings.get(&key);
        found.cloned().unwrap_or_default()
    }
}

pub(in crate::sim) fn put_function_event_invoke_config(
    world: &mut World,
    request: PutFunctionEventInvokeConfigRequest,
) -> Result<FunctionEventInvokeConfig, AwsError> {
    let (function, qualifier) = target(world, &request.function_name, &request.qualifier)?;
    check_range(
        request.maximum_retry_attempts,
        "maximumRetryAttempts",
        0..=RETRIES,
    )?;
    check_range(
        request.maximum_event_age_in_seconds,
        "maximumEventAgeInSeconds",
        LEAST_AGE..=AGE,
    )?;
    let config = request.destination_config.unwrap_or_default();
    for destination in [&config.on_success, &config.on_failure] {
        check_destination(world, arn(destination.as_ref()))?;
    }
    let settings = Settings {
        modified: world.now(),
        retries: request.maximum_retry_attempts,
        age: request.maximum_event_age_in_seconds,
        destinations: Some(config),
    };
    let key = key(&function, qualifier.as_deref());
    let answer = settings.describe(world.function_arn(&key.0, Some(&key.1)));
    world.invocations.settings.insert(key, settings);
    Ok(answer)
}

pub(in crate::sim) fn get_function_event_invoke_config(
    world: &mut World,
    request: GetFunctionEventInvokeConfigRequest,
) -> Result<FunctionEventInvokeConfig, AwsError> {
    let (function, qualifier) = target(world, &request.function_name, &request.qualifier)?;
    let key = key(&function, qualifier.as_deref());
    let function_arn = world.function_arn(&key.0, Some(&key.1));
    match world.invocations.settings.get(&key) {
        Some(settings) => Ok(settings.describe(function_arn)),
        None => Err(AwsError::lambda(
            "ResourceNotFoundException",
            404,
            format!("The function {function_arn} doesn't have an EventInvokeConfig"),
        )),
    }
}

fn target(
    world: &World,
    function: &str,
    qualifier: &Option<String>,
) -> Result<(String, Option<String>), AwsError> {
    let (name, qualifier) = world.named(function, qualifier.as_deref())?;
    let found = world.function(&name)?;
    if let Some(known) = &qualifier
        && found.version(known).is_none()
        && !found.aliases.contains_key(known)
    {
        return Err(world.function_not_found(&name, Some(known)));
    }
    Ok((name, qualifier))
}

fn key(function: &str, qualifier: Option<&str>) -> (String, String) {
    let qualifier = qualifier.unwrap_or("$LATEST");
    (function.to_owned(), qualifier.to_owned())
}

/// An empty ARN is how AWS is told that there is no destination.
fn arn(destination: Option<&Destination>) -> Option<&str> {
    destination?
        .destination
        .as_deref()
        .filter(|arn| !arn.is_empty())
}

fn check_range(
    value: Option<u32>,
    at: &str,
    range: std::ops::RangeInclusive<u32>,
) -> Result<(), AwsError> {
    let Some(value) = value.filter(|value| !range.contains(value)) else {
        return Ok(());
    };
    let constraint = if value < *range.start() {
        format!(
            "Member must have value greater than or equal to {}",
            range.start()
        )
    } else {
        format!(
            "Member must have value less than or equal to {}",
            range.end()
        )
    };
    Err(AwsError::constraint(&value.to_string(), at, &constraint))
}

/// Functions and topics are here; queues, buses and buckets are not.
fn check_destination(world: &World, arn: Option<&str>) -> Result<(), AwsError> {
    match arn {
        None => Ok(()),
        Some(arn) if arn.contains(":lambda:") => world.named(arn, None).map(drop),
        Some(arn) if arn.contains(":sns:") => Ok(()),
        Some(arn) => Err(AwsError::invalid_parameter(format!(
            "The provided destination config DestinationConfig is invalid: {arn} is neither a \
             function nor a topic, and nothing else can be a destination here"
        ))),
    }
}
