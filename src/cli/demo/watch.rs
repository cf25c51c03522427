//! Watching a release: what changes is said as it changes, and counted for the account.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::time::sleep;

use super::account::{Account, Outcome};
use super::reading::{alarm_since, alarm_state, alias, executions_run, tallies};
use super::story::Story;
use crate::aws::Session;
use crate::aws::executions::{describe, execution_arn};
use crate::cli::args::{Demo, DemoMode};
use crate::cli::console::Console;
use crate::cli::error::CliError;
use crate::local::stack::{MACHINE, POST_TRAFFIC, PRE_TRAFFIC, STEPPER};
use crate::local::{CannotServe, LocalAws};
use crate::rollout::Weight;
use crate::sim::World;
use crate::sim::metrics::Tally;

/// Between two looks, in real time.
const LOOK: Duration = Duration::from_millis(40);
/// A release that has not come to rest by then is stuck: longer than a hook's hour, twice.
const PATIENCE: SignedDuration = SignedDuration::from_hours(2);

/// A release that is watched.
pub struct Watch<'a> {
    console: Console,
    aws: &'a LocalAws,
    since: Timestamp,
    before: [Tally; 2],
    shown: Option<String>,
    /// The number of the first line of the functions' logs that nobody has looked at.
    told: u64,
    /// The latest decision of a rollout without its numbers, and the latest line of anything else: the
    /// same again is not said. Two executions may write in turns.
    gists: [String; 2],
}

/// What one look shows.
struct Look {
    now: Timestamp,
    weight: f64,
    deployments: Vec<(String, &'static str)>,
    executions: bool,
    line: String,
}

impl<'a> Watch<'a> {
    /// Counts from now on.
    pub fn begin(console: &Console, aws: &'a LocalAws) -> Self {
        let (since, before) = aws.with_world(|world| (world.now(), tallies(world)));
        Self {
            console: console.clone(),
            aws,
            since,
            before,
            shown: None,
            told: 0,
            gists: Default::default(),
        }
    }

    /// Waits until version 2 has a part of the traffic.
    ///
    /// # Errors
    /// If the deployment ends before.
    pub async fn until_shifted(&mut self, deployment: &str) -> Result<(), CliError> {
        loop {
            let look = self.look();
            if look.weight > 0.0 {
                return Ok(());
            }
            if is_over(&look, deployment) {
                return Err(CliError::plain(
                    "the deployment ended before any traffic was shifted",
                ));
            }
            self.pause(&look).await?;
        }
    }

    /// Waits for this moment, or until the deployment is over.
    ///
    /// # Errors
    /// If the simulated AWS serves no functions, or time stands still.
    pub async fn until(&mut self, moment: Timestamp, deployment: &str) -> Result<(), CliError> {
        loop {
            let look = self.look();
            if look.now >= moment || is_over(&look, deployment) {
                return Ok(());
            }
            self.pause(&look).await?;
        }
    }

    /// Waits until the deployment, its rollback and all executions are over.
    ///
    /// # Errors
    /// If that takes longer than any release does.
    pub async fn until_rest(&mut self, deployment: &str) -> Result<(), CliError> {
        loop {
            let look = self.look();
            let ended = look
                .deployments
                .iter()
                .all(|(_, status)| ENDED.contains(status));
            if ended && is_over(&look, deployment) && !look.executions {
                // The last lines may still be on their way out of the processes.
                sleep(LOOK).await;
                self.tell_decisions(Timestamp::MAX);
                return Ok(());
            }
            self.pause(&look).await?;
        }
    }

    async fn pause(&self, look: &Look) -> Result<(), CliError> {
        if let Some(failure) = self.aws.cannot_serve() {
            return Err(unserved(self.aws, &failure));
        }
        if look.now.duration_since(self.since) > PATIENCE {
            return Err(CliError::plain(
                "the release has not come to an end in two hours of its time",
            ));
        }
        sleep(LOOK).await;
        Ok(())
    }

    fn look(&mut self) -> Look {
        let since = self.since;
        let look = self.aws.with_world(|world| look(world, since));
        self.tell_decisions(look.now);
        if self.shown.as_ref() != Some(&look.line) {
            self.console.say(&format!(
                "{:.0}  {}",
                look.now,
                counted(&look, self.aws, self.before)
            ));
            self.shown = Some(look.line.clone());
        }
        look
    }

    /// What the functions have written up to `now`, in the order of time: each decision with its
    /// reason. What is later comes after what is seen now.
    fn tell_decisions(&mut self, now: Timestamp) {
        for line in self.aws.log_lines(self.told) {
            if line.at > now {
                return;
            }
            self.told = line.number + 1;
            if !WRITERS.contains(&line.function.as_str()) {
                continue;
            }
            let parsed: Option<Value> = serde_json::from_str(&line.text).ok();
            let member = |name| parsed.as_ref().and_then(|line| line.get(name));
            let message = member("message").and_then(Value::as_str);
            let message = message.unwrap_or(&line.text);
            let gist = message.replace(|c: char| c.is_ascii_digit(), "");
            let gist = gist.split(',').next().unwrap_or_default();
            let decides = member("reason").is_some();
            let before = &mut self.gists[usize::from(decides)];
            if before == gist {
                continue;
            }
            gist.clone_into(before);
            let function = line.function.as_str();
            let name = function.rsplit("canary-").next().unwrap_or(function);
            self.console
                .say(&format!("{:.0}    {name}: {message}", line.at));
        }
    }

    /// How it ended.
    ///
    /// # Errors
    /// If the simulated AWS cannot be asked.
    pub async fn account(
        &self,
        session: &Session,
        deployment: &str,
        arguments: &Demo,
        story: &Story,
    ) -> Result<Account, CliError> {
        let output = self.output(session, deployment).await?;
        let (alias, now) = self.aws.with_world(|world| (alias(world), tallies(world)));
        let status = self.status(deployment);
        let at_stable = alias.version == "1" && alias.weights.is_empty();
        let at_canary = alias.version == "2" && alias.weights.is_empty();
        let outcome = match (status.as_str(), at_stable, at_canary) {
            ("Succeeded", _, true) => Outcome::Promoted,
            ("Failed" | "Stopped", true, _) => Outcome::RolledBack,
            _ => Outcome::Error,
        };
        let text = |pointer: &str| {
            output
                .pointer(pointer)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let mut reason =
            text("/carry/outcome/reason").unwrap_or_else(|| "no reason was left".to_owned());
        if let (Some(why), true) = (self.why(deployment), outcome == Outcome::RolledBack) {
            reason += &format!("; CodeDeploy: {why}");
        }
        let [stable, canary] =
            [0, 1].map(|version| now[version].invocations - self.before[version].invocations);
        Ok(Account {
            schema: 1,
            scenario: story.name,
            mode: match arguments.mode {
                DemoMode::Stepper => "stepper",
                DemoMode::Guard => "guard",
            },
            outcome,
            deployment: status,
            alias,
            reason,
            ticks: output
                .pointer("/carry/rollout/ticks")
                .and_then(Value::as_u64)
                .unwrap_or(0),
            max_weight: self.max_weight(),
            seconds_to_rollback: (outcome == Outcome::RolledBack && story.watches_alarm())
                .then(|| self.seconds_to_rollback())
                .flatten(),
            requests: (stable + canary) as u64,
            canary_requests: canary as u64,
            canary_errors: (now[1].errors - self.before[1].errors) as u64,
            stable_errors: (now[0].errors - self.before[0].errors) as u64,
            evidence: output
                .pointer("/carry/rollout/evidence")
                .and_then(|said| serde_json::from_value(said.clone()).ok())
                .unwrap_or_default(),
            alarm_raised: self
                .aws
                .with_world(|world| alarm_since(world, self.since).is_some()),
        })
    }

    /// The account that the pre-traffic execution left.
    async fn output(&self, session: &Session, deployment: &str) -> Result<Value, CliError> {
        let machine = self.aws.with_world(|world| {
            format!(
                "arn:aws:states:{}:{}:stateMachine:{MACHINE}",
                world.region(),
                world.account()
            )
        });
        let arn = execution_arn(&machine, &format!("{deployment}-pre"));
        let execution = describe(&session.sfn, &arn).await?;
        Ok(execution.output.unwrap_or_default())
    }

    fn status(&self, deployment: &str) -> String {
        let found = self.aws.with_world(|world| {
            let all = world.deployments_overview().into_iter();
            all.filter(|one| one.id == deployment)
                .map(|one| one.status)
                .next()
        });
        found.unwrap_or_default().to_owned()
    }

    fn why(&self, deployment: &str) -> Option<String> {
        self.aws.with_world(|world| {
            let mut all = world.deployments_overview().into_iter();
            all.find(|one| one.id == deployment)?.error
        })
    }

    fn max_weight(&self) -> f64 {
        self.aws.with_world(|world| {
            let changes = world
                .alias_changes()
                .iter()
                .filter(|change| change.at >= self.since);
            changes
                .flat_map(|change| change.weights.values().copied())
                .fold(0.0, f64::max)
        })
    }

    /// From the alarm's first change to ALARM to the first write without weights after it.
    fn seconds_to_rollback(&self) -> Option<f64> {
        self.aws.with_world(|world| {
            let alarm = alarm_since(world, self.since)?;
            let mut changes = world.alias_changes().iter();
            let back = changes.find(|change| {
                change.at >= alarm && change.version == "1" && change.weights.is_empty()
            })?;
            Some(back.at.duration_since(alarm).as_secs_f64())
        })
    }
}

/// The functions whose lines are told.
const WRITERS: [&str; 3] = [PRE_TRAFFIC, STEPPER, POST_TRAFFIC];

/// The program for the functions serves none of them: no release could ever come to an end.
fn unserved(aws: &LocalAws, failure: &CannotServe) -> CliError {
    let lines = aws.logs(&failure.function);
    let own = lines.iter().rfind(|line| !line.starts_with("RequestId: "));
    let said = own.map_or_else(
        || "it printed nothing".to_owned(),
        |line| format!("it printed: {line}"),
    );
    CliError::plain(format!("{failure}; {said}")).hint(
        "--functions takes a program that serves Lambda functions, such as target/debug/functions; \
         without that option canary serves them itself",
    )
}

/// The statuses in which nothing happens to a deployment any more.
const ENDED: [&str; 3] = ["Succeeded", "Failed", "Stopped"];

fn is_over(look: &Look, deployment: &str) -> bool {
    look.deployments
        .iter()
        .any(|(id, status)| id == deployment && ENDED.contains(status))
}

fn look(world: &mut World, since: Timestamp) -> Look {
    let alias = alias(world);
    let weight = alias
        .weights
        .get("2")
        .copied()
        .unwrap_or(if alias.version == "2" { 1.0 } else { 0.0 });
    let deployments: Vec<(String, &'static str)> = world
        .deployments_overview()
        .into_iter()
        .filter(|one| one.created >= since)
        .map(|one| (one.id, one.status))
        .collect();
    let statuses: Vec<&str> = deployments.iter().map(|(_, status)| *status).collect();
    let line = format!(
        "{} {} {}",
        alarm_state(world),
        statuses.join(" then "),
        weight
    );
    Look {
        now: world.now(),
        weight,
        executions: executions_run(world),
        deployments,
        line,
    }
}

fn counted(look: &Look, aws: &LocalAws, before: [Tally; 2]) -> String {
    let (now, alarm) = aws.with_world(|world| (tallies(world), alarm_state(world)));
    let part = |version: usize| {
        let (now, before) = (now[version], before[version]);
        format!(
            "v{}: {} requests, {} errors",
            version + 1,
            now.invocations - before.invocations,
            now.errors - before.errors
        )
    };
    let percent =
        Weight::from_fraction(look.weight).map_or_else(String::new, |weight| weight.to_string());
    let statuses: Vec<&str> = look.deployments.iter().map(|(_, status)| *status).collect();
    format!(
        "[{}] {percent:>4} to version 2 | {} | {} | alarm {alarm} | deployment {}",
        bar(look.weight),
        part(0),
        part(1),
        statuses.join(", rollback "),
    )
}

fn bar(weight: f64) -> String {
    let full = (weight * 20.0).ceil() as usize;
    format!(
        "{}{}",
        "#".repeat(full.min(20)),
        "-".repeat(20 - full.min(20))
    )
}
