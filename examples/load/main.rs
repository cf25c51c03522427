//! A thousand rollouts at once in an account with limits: the deployed functions' handlers, the real SDK,
//! the state machine and the simulated AWS, in virtual time.
//!
//! `make load` runs it; docs/load.md says what came of it.

mod account;
mod report;
mod system;
mod wire;

use std::process::ExitCode;

use clap::Parser;
use lambda_canary::clock::Clock;

/// Rollouts at once, under an account's limits.
#[derive(Debug, Parser)]
pub struct Args {
    /// How many deployments.
    #[arg(long, default_value_t = 1_000)]
    pub rollouts: u32,
    /// Within how many seconds they are created.
    #[arg(long, default_value_t = 90)]
    pub within: u32,
    /// The plan of each.
    #[arg(long, default_value = "10%:15m")]
    pub plan: String,
    /// How many of them are bad.
    #[arg(long, default_value_t = 50)]
    pub bad: u32,
    /// When all their alarms ring, in seconds.
    #[arg(long, default_value_t = 900)]
    pub ring_at: u32,
    /// Lambda's calls a second, but for invocations.
    #[arg(long, default_value_t = 15.0)]
    pub lambda_rate: f64,
    /// `DescribeAlarms` a second.
    #[arg(long, default_value_t = 9.0)]
    pub alarms_rate: f64,
    /// No limits of calls.
    #[arg(long)]
    pub unlimited: bool,
    /// The account's concurrent invocations. The first function's new version then hangs, and takes them.
    #[arg(long)]
    pub concurrency: Option<u32>,
    /// Of them reserved for the stepper.
    #[arg(long, default_value_t = 0)]
    pub reserve: u32,
    /// What latencies, jitter and retries are drawn from.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

impl Args {
    /// The numbers of the bad ones, spread over all.
    pub fn bad_ones(&self) -> impl Iterator<Item = u32> {
        let (bad, all) = (
            u64::from(self.bad.min(self.rollouts)),
            u64::from(self.rollouts),
        );
        (0..bad).map(move |number| (number * all / bad) as u32)
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    let clock = Clock::real();
    let began = clock.now();
    let (mut world, figures) = system::play(&args);
    let fine = figures.print(&mut world);
    let took = clock.now().duration_since(began).as_secs_f64();
    println!("it took {took:.1} s");
    match fine {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
