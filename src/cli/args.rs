//! The command line.

mod judging;
mod replaying;
mod simulating;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::SignedDuration;

pub use judging::{Judge, PlanArguments, SettingsArguments};
pub use replaying::{Replay, When};
pub use simulating::Simulate;

use super::exit::TABLE;
use crate::aws::{FunctionName, SessionOptions};
use crate::rollout::Version;
use crate::rollout::plan::parse_duration;

/// Evidence-based canary releases for AWS Lambda.
#[derive(Debug, Parser)]
#[command(name = "canary", version, about, after_help = TABLE, max_term_width = 100)]
pub struct Arguments {
    #[command(subcommand)]
    pub verb: Verb,
}

// Which AWS: only for the verbs that talk to one which is there already. (A doc comment would
// become the help of those verbs.)
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "AWS options")]
pub struct AwsArguments {
    /// Profile of the shared AWS configuration
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// AWS region
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// Another endpoint than AWS's, such as the local AWS
    #[arg(long, value_name = "URL")]
    pub endpoint_url: Option<String>,
}

impl AwsArguments {
    pub fn session_options(&self) -> SessionOptions {
        SessionOptions {
            profile: self.profile.clone(),
            region: self.region.clone(),
            endpoint_url: self.endpoint_url.clone(),
        }
    }

    /// The same options as text, for a command that is printed.
    pub fn as_text(&self) -> String {
        let options = [
            ("--profile", &self.profile),
            ("--region", &self.region),
            ("--endpoint-url", &self.endpoint_url),
        ];
        let given = options.into_iter().filter_map(|(name, value)| {
            value
                .as_ref()
                .map(|value| format!(" {name} {}", quoted(value)))
        });
        given.collect()
    }
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Release a version: shift the alias step by step, watch, complete or put it back
    Run(Run),
    /// Take the weights away from an alias: all traffic back to its version
    Rollback(Rollback),
    /// Check a policy, or print its JSON Schema
    Policy(Policy),
    /// Say what counts of both versions are evidence for, poll by poll
    Judge(Judge),
    /// Say how small a fault a rollout can find, and how long that takes
    Plan(PlanArguments),
    /// Say what the judge would have said of a release that is over, from its metrics
    Replay(Replay),
    /// Try a plan or a policy on imagined traffic, beside an alarm of CodeDeploy's
    Simulate(Simulate),
    /// Serve a simulated AWS on this machine, with a sample function to release
    Local(Local),
    /// Watch a good and a bad release on a simulated AWS of its own
    Demo(Demo),
}

#[derive(Debug, Clone, Args)]
pub struct Target {
    /// The function: name, partial ARN or ARN
    #[arg(long, value_name = "FUNCTION")]
    pub function: FunctionName,
    /// The alias
    #[arg(long, value_name = "ALIAS")]
    pub alias: String,
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.function, self.alias)
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  canary run --function hello --alias live --to 2 --alarm hello-live-errors --plan 10%:5m

The policy comes from --policy, else from the SSM parameter
/lambda-canary/FUNCTION/ALIAS/policy, else /lambda-canary/default/policy, else the
built-in default (Canary10Percent5Minutes, poll 15s). --plan, --alarm and --poll go on top of it;
both versions' errors are compared where a step lasts three minutes or more, and else at least
one alarm is needed. Durations are written 30s, 5m, 1h30m. The policy's checks call the new
version before the first step; its bake is for releases by CodeDeploy, and not carried out.

Exit codes: 0 promoted, 1 error or drift, 2 rolled back, 3 aborted, 64 wrong usage.")]
pub struct Run {
    #[command(flatten)]
    pub target: Target,
    /// The version to release
    #[arg(long, value_name = "VERSION")]
    pub to: Version,
    /// Read the policy from this file instead of SSM
    #[arg(long, value_name = "FILE", conflicts_with = "plan")]
    pub policy: Option<PathBuf>,
    /// The steps: a CodeDeploy name, or a list such as 10%:5m,50%:10m
    #[arg(long, value_name = "PLAN")]
    pub plan: Option<String>,
    /// Watch this alarm too; may be given several times
    #[arg(long = "alarm", value_name = "NAME")]
    pub alarms: Vec<String>,
    /// Longest time between two looks
    #[arg(long, value_name = "DURATION")]
    pub poll: Option<String>,
    /// If a killed rollout left its weights, put the alias back first
    #[arg(long)]
    pub recover: bool,
    /// Go ahead although a CloudFormation stack manages the function
    #[arg(long)]
    pub detach: bool,
    /// Print one JSON object at the end, and nothing else on stdout
    #[arg(long)]
    pub json: bool,
    /// Do not ask; needed where there is no terminal
    #[arg(long, short)]
    pub yes: bool,
    #[command(flatten)]
    pub aws: AwsArguments,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  canary rollback --function hello --alias live

Needs nothing but Lambda: lambda:GetAlias and lambda:UpdateAlias. The alias' version is
never moved. A rollout that is under way notices and ends as aborted.")]
pub struct Rollback {
    #[command(flatten)]
    pub target: Target,
    /// Do not ask; needed where there is no terminal
    #[arg(long, short)]
    pub yes: bool,
    #[command(flatten)]
    pub aws: AwsArguments,
}

#[derive(Debug, Args)]
pub struct Policy {
    #[command(subcommand)]
    pub verb: PolicyVerb,
}

#[derive(Debug, Subcommand)]
pub enum PolicyVerb {
    /// Check a policy file; every mistake is reported at once
    #[command(after_help = "Example:\n  canary policy check policy.json")]
    Check {
        /// The file, or - for stdin
        file: PathBuf,
    },
    /// Print the JSON Schema of the policy
    #[command(after_help = "Example:\n  canary policy schema > policy.schema.json")]
    Schema,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  canary local --port 4599 --speed 10

Serves until it is interrupted, and keeps nothing. Signatures are not checked.")]
pub struct Local {
    /// Port to serve at; 0 picks a free one
    #[arg(long, default_value_t = 4599)]
    pub port: u16,
    /// Address to serve at
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
    pub bind: std::net::IpAddr,
    /// Serve at an address that other machines can reach
    #[arg(long)]
    pub allow_remote: bool,
    /// How many times as fast as real time the simulated AWS runs: 0.01 to 1000
    #[arg(long, default_value_t = 1.0, value_parser = speed)]
    pub speed: f64,
    /// Seed of the simulated randomness; the processes' own time makes each run a little different
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How CodeDeploy takes an edit of the alias during BeforeAllowTraffic
    #[arg(long, value_enum, default_value_t = CodeDeploy::Lenient)]
    pub codedeploy: CodeDeploy,
    /// The program that serves the functions; this one unless another is named
    #[arg(long, value_name = "PATH")]
    pub functions: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Each scenario deploys version 1 of a sample on a simulated AWS of its own, releases version 2 by a
CodeDeploy deployment, and compares how it ended with how it should have. Hooks and stepper are real
processes over Lambda's Runtime API.

Examples:
  canary demo --scenario bad --speed 60
  canary demo --scenario subtle
  canary demo --mode guard --scenario alarm --hold
  canary demo --json

Exit codes: 0 if every scenario ended as it should, 1 if not, 3 interrupted.")]
pub struct Demo {
    /// Which release to watch
    #[arg(long, value_enum, default_value_t = Scenario::All)]
    pub scenario: Scenario,
    /// Who shifts the traffic
    #[arg(long, value_enum, default_value_t = DemoMode::Stepper)]
    pub mode: DemoMode,
    /// How CodeDeploy takes an edit of the alias during BeforeAllowTraffic
    #[arg(long, value_enum, default_value_t = CodeDeploy::Lenient)]
    pub codedeploy: CodeDeploy,
    /// How many times as fast as real time it runs: 0.01 to 1000
    #[arg(long, default_value_t = 60.0, value_parser = speed)]
    pub speed: f64,
    /// Seed of all its randomness
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Share of its calls that version 2 fails in the scenario bad, 0 to 1
    #[arg(long, default_value_t = 0.05, value_parser = share)]
    pub fault_rate: f64,
    /// Who answers the traffic: a seeded model, or the sample's processes
    #[arg(long, value_enum, default_value_t = Traffic::Model)]
    pub traffic: Traffic,
    /// The program that serves the functions; this one unless another is named
    #[arg(long, value_name = "PATH")]
    pub functions: Option<PathBuf>,
    /// Print one JSON object a scenario to stdout, and nothing else there
    #[arg(long)]
    pub json: bool,
    /// Keep the simulated AWS of the last scenario up, until interrupted
    #[arg(long, conflicts_with = "json")]
    pub hold: bool,
}

/// Who shifts the traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DemoMode {
    /// The stepper, inside the pre-traffic hook
    Stepper,
    /// CodeDeploy, with the guard watching
    Guard,
}

/// How the simulated CodeDeploy takes an edit of the alias that is not its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CodeDeploy {
    /// As documented: the alias must be as the AppSpec says when the shift begins
    Lenient,
    /// Any edit since the deployment's start fails it
    Strict,
}

/// Who answers the traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Traffic {
    /// A seeded model
    Model,
    /// The sample's processes, request by request
    Processes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// Version 2 is healthy and is promoted
    Good,
    /// Version 2 fails some of its calls and is rolled back
    Bad,
    /// Version 2 is healthy, and somebody raises the alarm
    Alarm,
    /// Version 2 fails more often than version 1, too little for the alarm: the counts tell
    Subtle,
    /// What both versions call is down for a while: the healthy version 2 is not blamed for it
    Outage,
    /// Hardly a request comes, so nothing is known, and nothing is promoted
    Quiet,
    /// One after the other
    All,
}

/// A word as a shell takes it.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

fn duration(text: &str) -> Result<SignedDuration, String> {
    parse_duration(text).map_err(|error| error.to_string())
}

fn share(text: &str) -> Result<f64, String> {
    match fraction(text) {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("a share is a number from 0 to 1, such as 0.05, or a percentage".to_owned()),
    }
}

/// A share whose range is somebody else's matter.
fn fraction(text: &str) -> Result<f64, String> {
    let number = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse().map(|percent: f64| percent / 100.0),
        None => text.parse(),
    };
    number.map_err(|_| "it is written as a number such as 0.01, or as a percentage".to_owned())
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(speed) if (0.01..=1000.0).contains(&speed) => Ok(speed),
        _ => Err("a speed is a number from 0.01 to 1000".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn words_are_quoted_where_a_shell_would_split_them() {
        for (word, expected) in [
            ("live", "live"),
            ("", "''"),
            ("my profile", "'my profile'"),
            ("it's", r"'it'\''s'"),
        ] {
            assert_eq!(super::quoted(word), expected);
        }
    }

    #[test]
    fn shares_are_fractions_or_percentages() {
        for (text, expected) in [("0.05", 0.05), ("5%", 0.05), ("10 %", 0.1), ("1", 1.0)] {
            assert_eq!(super::share(text), Ok(expected), "{text}");
        }
        for wrong in ["5", "-1%", "101%", "%", "", "NaN", "ten"] {
            assert!(super::share(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        super::Arguments::command().debug_assert();
    }
}
