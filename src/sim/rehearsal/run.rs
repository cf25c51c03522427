//! One rehearsal after the other: a rollout by the real engine, and a deployment by CodeDeploy on
//! the same traffic.

use jiff::{SignedDuration, Timestamp};
use rand::RngExt;

use super::alarm::AliasAlarm;
use super::chances::{About, Chances, MINUTE};
use super::cloud::Cloud;
use super::deployment::deploy;
use super::scenario::{BadScenario, LONGEST_MINUTES, Scenario};
use super::stage::Stage;
use super::traffic::{Laws, Requests};
use crate::driver::{Assignment, Pass, Snapshot};
use crate::judge::alarms::AlarmRules;
use crate::judge::measure::{EvidenceRules, Source};
use crate::rollout::{Cause, Contenders, End, Rules, State, Version};
use crate::sim::ports::{self, VirtualTime};

/// The minute in which all rehearsals start.
const START: i64 = 1_800_000_000;
const STABLE: Version = Version::new(1);
const CANARY: Version = Version::new(2);

/// Rollouts by these rules over this traffic.
#[derive(Debug, Clone)]
pub struct Rehearsal {
    scenario: Scenario,
    assignment: Assignment,
    alarm: AliasAlarm,
    seed: u64,
    contenders: Contenders,
    laws: Laws,
}

/// What became of one run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Run {
    /// By the engine.
    pub rollout: Outcome,
    /// By CodeDeploy with its alarm.
    pub codedeploy: Outcome,
}

/// How a rollout or a deployment ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// How.
    pub ended: Ended,
    /// Seconds from the first shift until the canary had all traffic, or none any more.
    pub seconds: f64,
    /// The canary's requests in that time.
    pub canary: Requests,
}

impl Outcome {
    /// Whether something spoke against a start, so that the canary never had any traffic.
    #[must_use]
    pub fn never_started(&self) -> bool {
        self.ended == Ended::RolledBack && self.seconds <= 0.0
    }
}

/// How a rollout or a deployment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The canary has all traffic.
    Promoted,
    /// Put back because something spoke against the canary.
    RolledBack,
    /// Put back because there was too little evidence for either.
    Inconclusive,
}

/// An end that no rehearsal should come to: nothing here edits the alias, fails, or aborts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("run {run} ended as none should: {end}")]
pub struct Unforeseen {
    /// Which run, from 0.
    pub run: u64,
    /// How it ended.
    pub end: String,
}

impl Rehearsal {
    /// Rollouts by `rules` and `evidence`, without alarms, over the traffic of `scenario`; beside
    /// them deployments that watch `alarm`. All randomness follows from `seed`.
    ///
    /// # Errors
    /// If the scenario or the alarm has a number out of range, the plan has no steps, or the rollout may take
    /// longer than a week.
    pub fn new(
        scenario: Scenario,
        rules: Rules,
        evidence: EvidenceRules,
        alarm: AliasAlarm,
        seed: u64,
    ) -> Result<Self, BadScenario> {
        scenario.check()?;
        alarm.check()?;
        if rules.plan.steps().is_empty() {
            return Err(BadScenario::NoSteps);
        }
        let longest = rules.limits.longest.as_mins();
        if longest > i64::from(LONGEST_MINUTES) {
            return Err(BadScenario::TooLong(longest));
        }
        let slower_than = evidence.metrics.iter().find_map(|rule| match rule.source {
            Source::SlowerThan { milliseconds } => Some(milliseconds),
            Source::Errors | Source::Own { .. } => None,
        });
        let contenders = Contenders {
            rollout: "rehearsal".parse().expect("small letters are a name"),
            stable: STABLE,
            canary: CANARY,
        };
        let laws = Laws::new(&scenario, slower_than);
        let timeout = scenario.timeout();
        Ok(Self {
            scenario,
            assignment: Assignment::new(rules, AlarmRules::default(), Some(evidence), timeout),
            alarm,
            seed,
            contenders,
            laws,
        })
    }

    /// Plays a run, counted from 0.
    ///
    /// # Errors
    /// If it ended as none should.
    pub fn run(&self, run: u64) -> Result<Run, Unforeseen> {
        self.watch(run, |_, _| ()).map(|(run, _)| run)
    }

    /// Plays a run; `each` sees every pass and the time since the rollout's start. Answers how the
    /// rollout ended, too.
    ///
    /// # Errors
    /// If it ended as none should.
    pub fn watch(
        &self,
        run: u64,
        each: impl FnMut(SignedDuration, &Pass),
    ) -> Result<(Run, End), Unforeseen> {
        let chances = Chances::new(self.seed, run);
        let second = chances.about(About::Second).random_range(0..MINUTE);
        let began = START + second;
        let mut cloud = Cloud::new(&self.scenario, &chances, &self.laws, began);
        cloud.pass_to(began);
        let plan = &self.assignment.rules.plan;
        let codedeploy = deploy(cloud.clone(), &self.alarm, plan, began);
        let (rollout, end) = self.roll_out(cloud, began, each);
        match (rollout, end) {
            (Some(rollout), Some(end)) => {
                let run = Run {
                    rollout,
                    codedeploy,
                };
                Ok((run, end))
            }
            (_, end) => Err(Unforeseen {
                run,
                end: end.map_or("not at all".to_owned(), |end| end.to_string()),
            }),
        }
    }

    /// By the engine. Answers what it came to, if that is one of the ends there should be.
    fn roll_out(
        &self,
        cloud: Cloud<'_>,
        began: i64,
        mut each: impl FnMut(SignedDuration, &Pass),
    ) -> (Option<Outcome>, Option<End>) {
        let now = Timestamp::from_second(began).unwrap_or(Timestamp::UNIX_EPOCH);
        let stage = Stage::new(cloud, now, STABLE.to_string());
        let state = State::new(self.contenders.clone(), stage.view().revision, now);
        let longest = self.assignment.rules.limits.longest;
        // A rollback takes one more look.
        let until = now + longest + SignedDuration::from_hours(1);
        let each = |stage: &Stage<'_>, pass: &Pass| each(stage.now().duration_since(now), pass);
        let snapshot = ports::play(
            &stage,
            &self.assignment,
            Snapshot::new(state),
            until,
            |_| None,
            each,
        );
        let end = snapshot.state.end().cloned();
        let rollout = end.as_ref().and_then(ended).zip(stage.written());
        let rollout = rollout.map(|(ended, (first, last))| Outcome {
            ended,
            seconds: last.duration_since(first).as_secs_f64(),
            canary: stage.canary(),
        });
        (rollout, end)
    }
}

/// Which of the three it is, if one of them.
fn ended(end: &End) -> Option<Ended> {
    match end {
        End::Promoted { .. } => Some(Ended::Promoted),
        End::RolledBack { cause } => match cause {
            Cause::Regression { .. } => Some(Ended::RolledBack),
            Cause::Inconclusive { .. }
            | Cause::TooLong {
                waiting_for: Some(_),
                ..
            } => Some(Ended::Inconclusive),
            Cause::TooLong { .. }
            | Cause::Aborted { .. }
            | Cause::Blind { .. }
            | Cause::Refused { .. }
            | Cause::Passed => None,
        },
        End::HandedOver | End::Aborted { .. } | End::Failed { .. } => None,
    }
}
