//! What the runs came to, for people and as JSON.

use std::fmt::Write as _;

use serde::Serialize;

use crate::cli::args::Simulate;
use crate::cli::error::CliError;
use crate::cli::run::before::counted;
use crate::config::Policy;
use crate::judge::evidence::figures::{grouped, percent};
use crate::judge::measure::EvidenceRules;
use crate::rollout::End;
use crate::sim::rehearsal::{AliasAlarm, Ended, Outcome, Run, Summary};

/// What the runs came to.
#[derive(Debug)]
pub struct Report {
    /// What was simulated, in a line or two.
    title: String,
    alarm: AliasAlarm,
    seed: u64,
    runs: u64,
    notes: Vec<String>,
    found: Option<Found>,
}

#[derive(Debug)]
struct Found {
    rollouts: Summary,
    codedeploy: Summary,
    /// Of a single run.
    single: Option<Single>,
}

#[derive(Debug)]
struct Single {
    run: Run,
    reason: String,
    timeline: String,
}

/// What `canary simulate --json` prints; the shape of version 1.
#[derive(Debug, Serialize)]
struct Json<'a> {
    schema: u32,
    runs: u64,
    #[serde(flatten)]
    rollouts: &'a Summary,
    codedeploy_alarm: Alarm<'a>,
    seed: u64,
    /// Why a single run ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    notes: &'a [String],
}

#[derive(Debug, Serialize)]
struct Alarm<'a> {
    #[serde(flatten)]
    deployments: &'a Summary,
    /// The alarm in words.
    alarm: String,
}

impl Report {
    /// Nothing was played yet.
    pub fn new(
        arguments: &Simulate,
        policy: &Policy,
        evidence: &EvidenceRules,
        notes: Vec<String>,
    ) -> Self {
        let title = format!(
            "{} requests/s; the stable version fails {}, the canary {}\nplan: {}; counted: {}",
            arguments.rps,
            percent(arguments.base_rate),
            percent(arguments.canary_rate),
            policy.rules.plan,
            counted(evidence),
        );
        Self {
            title,
            alarm: arguments.traffic.alarm,
            seed: arguments.seed,
            runs: arguments.runs,
            notes,
            found: None,
        }
    }

    /// A single run, how it ended, and how it went.
    pub fn one(&mut self, run: Run, end: &End, timeline: String) {
        self.found = Some(Found {
            rollouts: Summary::of([&run.rollout].into_iter()),
            codedeploy: Summary::of([&run.codedeploy].into_iter()),
            single: Some(Single {
                run,
                reason: end.to_string(),
                timeline,
            }),
        });
    }

    /// Many runs.
    pub fn many(&mut self, rollouts: Summary, codedeploy: Summary) {
        self.found = Some(Found {
            rollouts,
            codedeploy,
            single: None,
        });
    }

    /// For programs.
    ///
    /// # Errors
    /// If it is no JSON.
    pub fn json(&self) -> Result<String, CliError> {
        let Some(found) = &self.found else {
            return Err(CliError::plain("nothing was played"));
        };
        let json = Json {
            schema: 1,
            runs: self.runs,
            rollouts: &found.rollouts,
            codedeploy_alarm: Alarm {
                deployments: &found.codedeploy,
                alarm: self.alarm.to_string(),
            },
            seed: self.seed,
            reason: found.single.as_ref().map(|single| single.reason.as_str()),
            notes: &self.notes,
        };
        serde_json::to_string(&json).map_err(|error| CliError::plain(error.to_string()))
    }

    /// For people.
    pub fn text(&self) -> String {
        let (title, alarm) = (&self.title, self.alarm);
        match &self.found {
            None => title.clone(),
            Some(Found {
                single: Some(single),
                ..
            }) => {
                let Single {
                    run,
                    reason,
                    timeline,
                } = single;
                format!(
                    "{title}\n\n{timeline}\n\n{}: {reason}\nCodeDeploy with an alarm on {alarm}: {}",
                    went(&run.rollout),
                    deployed(&run.codedeploy)
                )
            }
            Some(found) => format!("{title}\n\n{}", self.table(found)),
        }
    }

    fn table(&self, found: &Found) -> String {
        let runs = format!("{} runs", grouped(self.runs));
        let mut text = row(&runs, ["canary", "CodeDeploy's alarm"]);
        let both = [&found.rollouts, &found.codedeploy];
        let share = |count: u64| percent(count as f64 / self.runs as f64);
        text += &row("promoted", both.map(|all| share(all.promoted)));
        text += &row("rolled back", both.map(|all| share(all.rolled_back)));
        text += &row("inconclusive", both.map(|all| share(all.inconclusive)));
        let number = |number: Option<f64>| number.map_or("-".to_owned(), |n| format!("{n:.1}"));
        let minutes = both.map(|all| all.minutes_to_rollback);
        text += &row(
            "minutes to rollback, median",
            minutes.map(|all| number(all.p50)),
        );
        text += &row("  95 of 100 within", minutes.map(|all| number(all.p95)));
        let failed = both.map(|all| all.failed_canary_requests);
        text += &row(
            "failed canary requests, mean",
            failed.map(|all| number(Some(all.mean))),
        );
        text += &row("  95 of 100 at most", failed.map(|all| number(all.p95)));
        let _ = write!(text, "CodeDeploy's alarm: {}", self.alarm);
        let never = found.codedeploy.not_started;
        if never > 0 {
            let never = share(never);
            let _ = write!(
                text,
                "\nit was ringing before the start in {never} of the runs, which keeps a deployment \
                 from starting (counted as rolled back after 0 minutes)"
            );
        }
        text
    }
}

fn row<S: AsRef<str>>(name: &str, [ours, theirs]: [S; 2]) -> String {
    let (ours, theirs) = (ours.as_ref(), theirs.as_ref());
    format!("{name:<30}{ours:>10}{theirs:>20}\n")
}

fn went(outcome: &Outcome) -> String {
    let how = match outcome.ended {
        Ended::Promoted => "promoted",
        Ended::RolledBack => "rolled back",
        Ended::Inconclusive => "inconclusive and rolled back",
    };
    let minutes = outcome.seconds / 60.0;
    let (all, failed) = (grouped(outcome.canary.all), grouped(outcome.canary.failed));
    format!("{how} after {minutes:.1} minutes, {failed} of the canary's {all} requests failed")
}

fn deployed(outcome: &Outcome) -> String {
    if outcome.never_started() {
        return "not started, since the alarm was ringing already".to_owned();
    }
    went(outcome)
}
