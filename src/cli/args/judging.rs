//! The arguments of the verbs that judge counts, or say what there would be to judge.

use std::path::PathBuf;

use clap::Args;
use jiff::SignedDuration;

use super::{duration, fraction, share};
use crate::judge::evidence::Settings;

#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  printf '540,0,4860,1\\n560,4,5040,0\\n' | canary judge

A line is one poll: invocations and errors of the canary, then of the stable version, in the same
minutes. A header n_c,x_c,n_b,x_b, lines that begin with # and empty lines are skipped.

Exit codes: 0 the polls were judged, 1 the input has a mistake, 64 wrong usage.")]
pub struct Judge {
    #[command(flatten)]
    pub settings: SettingsArguments,
    /// Print one JSON object at the end, and nothing else on stdout
    #[arg(long)]
    pub json: bool,
    /// The polls, or - for stdin
    #[arg(default_value = "-")]
    pub file: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  canary plan --rps 5 --weight 10%
  canary plan --rps 5 --weight 10% --detect 1% --base-rate 0.1%

Without --detect: the smallest excess that the window finds. With it: the shortest window that finds
this excess, or with --window too, whether that window does.

Exit codes: 0 the question was answered, also if the answer is no, 64 wrong usage.")]
pub struct PlanArguments {
    /// Requests a second, to both versions together
    #[arg(long, allow_negative_numbers = true, value_name = "RATE")]
    pub rps: f64,
    /// The canary's share of them, such as 10% or 0.1
    #[arg(long, allow_negative_numbers = true, value_name = "SHARE", value_parser = share)]
    pub weight: f64,
    /// How long the canary is watched, in whole minutes; 5m if --detect does not ask for it
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub window: Option<SignedDuration>,
    /// An excess of the canary's error rate over the tolerated one, such as 1% or 0.01
    #[arg(long, allow_negative_numbers = true, value_name = "EXCESS", value_parser = share)]
    pub detect: Option<f64>,
    /// How surely it is to be found
    #[arg(long, allow_negative_numbers = true, value_name = "CHANCE", value_parser = share, default_value = "0.95")]
    pub confidence: f64,
    /// The stable version's error rate
    #[arg(long, allow_negative_numbers = true, value_name = "RATE", value_parser = share, default_value = "0")]
    pub base_rate: f64,
    #[command(flatten)]
    pub settings: SettingsArguments,
    /// Print one JSON object, and nothing else on stdout
    #[arg(long)]
    pub json: bool,
}

/// The judge's settings; what they are not given for stays as it is built in.
#[derive(Debug, Args)]
#[command(next_help_heading = "Judge options")]
pub struct SettingsArguments {
    /// Largest chance of blaming a canary that is no worse than tolerated
    #[arg(long, allow_negative_numbers = true, value_name = "CHANCE", value_parser = fraction, default_value_t = Settings::default().alpha)]
    pub alpha: f64,
    /// Largest chance of accepting a canary that is worse than --eps
    #[arg(long, allow_negative_numbers = true, value_name = "CHANCE", value_parser = fraction, default_value_t = Settings::default().alpha_accept)]
    pub alpha_accept: f64,
    /// Tolerated ratio of the canary's error rate to the stable version's
    #[arg(long, allow_negative_numbers = true, value_name = "RATIO", default_value_t = Settings::default().rho)]
    pub rho: f64,
    /// Tolerated increase of the error rate on top of that, a share of the invocations
    #[arg(long, allow_negative_numbers = true, value_name = "SHARE", value_parser = fraction, default_value_t = Settings::default().delta)]
    pub delta: f64,
    /// Size of the bursts in which errors come, 1 to 10
    #[arg(long, allow_negative_numbers = true, value_name = "SIZE", default_value_t = Settings::default().phi)]
    pub phi: f64,
    /// Accept a canary that is shown to be worse by less than this, a share of the invocations
    #[arg(long, allow_negative_numbers = true, value_name = "SHARE", value_parser = fraction, default_value_t = Settings::default().eps)]
    pub eps: f64,
}

impl SettingsArguments {
    /// The settings, in range or not.
    pub fn settings(&self) -> Settings {
        Settings {
            alpha: self.alpha,
            alpha_accept: self.alpha_accept,
            rho: self.rho,
            delta: self.delta,
            phi: self.phi,
            eps: self.eps,
        }
    }
}
