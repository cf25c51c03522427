//! `canary plan`: what a rollout can find, before there is one.

use jiff::SignedDuration;
use serde::Serialize;

use super::args::PlanArguments;
use super::console::Console;
use super::error::CliError;
use super::exit::Exit;
use super::judge::in_range;
use crate::judge::duration::readable;
use crate::judge::evidence::figures::{grouped, percent, percent_up};
use crate::judge::evidence::planner::{MINUTES_MAX, Planner, Traffic, min_clean_requests};

/// The window if nothing else asks for one: the built-in plan's bake.
const WINDOW: u32 = 5;
/// The longest window, in days.
const DAYS_MAX: u32 = MINUTES_MAX / 60 / 24;

/// Says what the traffic is enough for.
pub fn plan(console: &Console, arguments: &PlanArguments) -> Result<Exit, CliError> {
    let answer = Answer::to(arguments)?;
    if arguments.json {
        let json = serde_json::to_string(&answer);
        console.result(&json.map_err(|error| CliError::plain(error.to_string()))?)?;
    } else {
        console.result(&answer.sentences(arguments))?;
    }
    Ok(Exit::Success)
}

/// What `canary plan --json` prints; the shape of version 1.
#[derive(Debug, Serialize)]
struct Answer {
    schema: u32,
    /// Canary invocations in the window, on the average.
    requests: Option<f64>,
    /// The window: given, or the shortest that detects; null if there is none.
    minutes: Option<u32>,
    /// The smallest excess that the window finds.
    detectable_excess: Option<f64>,
    /// Whether the window finds what `--detect` asks for; null if it asks for nothing.
    can_detect: Option<bool>,
    /// The chance that it does.
    chance: Option<f64>,
    /// Canary invocations without an error that acceptance takes.
    clean_requests: Option<u64>,
    /// How long these take; null if there is no canary traffic.
    clean_minutes: Option<f64>,
}

impl Answer {
    fn to(arguments: &PlanArguments) -> Result<Self, CliError> {
        let settings = in_range(&arguments.settings)?;
        let traffic = Traffic {
            requests_per_second: arguments.rps,
            weight: arguments.weight,
            base_rate: arguments.base_rate,
        };
        let planner =
            Planner::new(settings, traffic).map_err(|error| CliError::usage(error.to_string()))?;
        let confidence = above_zero("--confidence", arguments.confidence)?;
        if confidence >= 1.0 {
            let error = CliError::usage("--confidence has to be below 1");
            return Err(error.hint("nothing is found with certainty; 95% or 99% is usual"));
        }
        if let Some(excess) = arguments.detect {
            above_zero("--detect", excess)?;
        }
        let minutes = match (arguments.window.map(whole_minutes), arguments.detect) {
            (Some(minutes), _) => Some(minutes?),
            (None, None) => Some(WINDOW),
            (None, Some(excess)) => planner.minutes_to_detect(excess, confidence),
        };
        let chance = |excess| minutes.map_or(0.0, |minutes| planner.chance(minutes, excess));
        let chance = arguments.detect.map(chance);
        let clean_requests = min_clean_requests(&settings);
        let a_minute = planner.canary_requests(1);
        Ok(Self {
            schema: 1,
            requests: minutes.map(|minutes| planner.canary_requests(minutes)),
            minutes,
            detectable_excess: minutes.and_then(|it| planner.detectable_excess(it, confidence)),
            can_detect: chance.map(|chance| chance >= confidence),
            chance,
            clean_requests,
            clean_minutes: clean_requests
                .filter(|_| a_minute > 0.0)
                .map(|requests| requests as f64 / a_minute),
        })
    }

    fn sentences(&self, arguments: &PlanArguments) -> String {
        let mut text = format!(
            "at {} requests/s and {}, ",
            arguments.rps,
            percent(arguments.weight)
        );
        let sure = percent(arguments.confidence);
        match (self.minutes, self.requests) {
            (Some(minutes), Some(requests)) => {
                let bring = if minutes == 1 { "brings" } else { "bring" };
                let minutes = plural(minutes.into(), "minute");
                text += &format!("{minutes} {bring} {}: ", canary_requests(requests));
                text += &self.findings(arguments, &sure);
            }
            _ => {
                let excess = percent(arguments.detect.unwrap_or_default());
                text += &format!(
                    "an excess of {excess} is not found with {sure} within {DAYS_MAX} days: more \
                     weight or more traffic is needed"
                );
            }
        }
        format!("{text}\n{}", self.acceptance(arguments))
    }

    fn findings(&self, arguments: &PlanArguments, sure: &str) -> String {
        let smallest = match self.detectable_excess {
            Some(excess) => format!(
                "an excess of {} or more is found with {sure}",
                percent_up(excess)
            ),
            None if arguments.weight >= 1.0 => {
                "nothing is found, since no stable version is left to compare with".to_owned()
            }
            None => format!("not even a canary that fails every call is found with {sure}"),
        };
        let (Some(excess), Some(chance)) = (arguments.detect, self.chance) else {
            return smallest;
        };
        format!(
            "{smallest}, one of {} with {}",
            percent(excess),
            percent(chance)
        )
    }

    fn acceptance(&self, arguments: &PlanArguments) -> String {
        let eps = percent(arguments.settings.eps);
        let sure = percent(1.0 - arguments.settings.alpha_accept);
        let Some(requests) = self.clean_requests else {
            return format!("accepting it as at most {eps} worse is out of reach");
        };
        let takes = match self.clean_minutes {
            Some(minutes) if minutes <= f64::from(MINUTES_MAX) => {
                let lasts = SignedDuration::try_from_secs_f64((minutes * 60.0).ceil());
                format!("{} at this rate", readable(lasts.unwrap_or_default()))
            }
            Some(_) => format!("over {DAYS_MAX} days at this rate"),
            None => "it never gets any".to_owned(),
        };
        format!(
            "accepting it as at most {eps} worse ({sure}) takes {} without an error: {takes}",
            plural(requests, "canary request")
        )
    }
}

fn above_zero(name: &str, share: f64) -> Result<f64, CliError> {
    if share > 0.0 {
        return Ok(share);
    }
    Err(CliError::usage(format!("{name} has to be above 0")))
}

fn whole_minutes(window: SignedDuration) -> Result<u32, CliError> {
    let minutes = u32::try_from(window.as_mins()).unwrap_or(0);
    let whole = SignedDuration::from_mins(i64::from(minutes)) == window;
    if whole && (1..=MINUTES_MAX).contains(&minutes) {
        return Ok(minutes);
    }
    Err(CliError::usage(format!(
        "--window is {}, but has to be whole minutes, from 1m to {DAYS_MAX} days",
        readable(window)
    )))
}

fn plural(count: u64, word: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{} {word}{ending}", grouped(count))
}

/// A mean as people read it.
fn canary_requests(mean: f64) -> String {
    if mean >= 10.0 || mean == mean.round() {
        plural(mean.round() as u64, "canary request")
    } else {
        format!("{mean:.2} canary requests")
    }
}
