//! The ports, and one observe → judge → decide → act pass through them.
//!
//! The same pass serves the command line, the functions and the simulator: only the ports and the
//! clock differ. It never sleeps and never loops; what it returns says when to come again.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::judge::alarms::{AlarmReading, AlarmRules, Memory, Question};
use crate::judge::measure::{self, CountsAnswer, CountsQuestion};
use crate::judge::{Doubt, Verdict};
use crate::rollout::forecast::Forecast;
use crate::rollout::{
    self, AliasReading, AliasWrite, Cause, Command, Mode, Observation, Phase, Reason, Rules, State,
    Unapplied, Weight, Wish,
};

mod counting;

pub use counting::{Counting, Counts, alone, counts};

/// Looking at AWS.
pub trait Observe {
    /// The alias now.
    fn alias(&self) -> impl Future<Output = AliasReading> + Send;

    /// The alarms now, each with its history where the question asks for it. An alarm that does
    /// not exist is absent from the answer.
    fn alarms(
        &self,
        question: &Question,
    ) -> impl Future<Output = Result<AlarmsAnswer, String>> + Send;

    /// What both versions counted, by the minute. What CloudWatch did not answer in full is absent
    /// from the answer.
    fn counts(
        &self,
        question: &CountsQuestion,
    ) -> impl Future<Output = Result<CountsAnswer, String>> + Send;
}

/// Acting on AWS.
pub trait Act {
    /// Writes the alias, on condition of the write's revision.
    fn write(&self, write: &AliasWrite) -> impl Future<Output = Result<(), Unapplied>> + Send;
}

/// The alarms that exist.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AlarmsAnswer {
    /// One reading per alarm that exists.
    pub readings: Vec<AlarmReading>,
    /// A history that could not be read: its alarm stays in doubt, the others still count.
    pub failure: Option<String>,
}

/// What is fixed before a rollout starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assignment {
    /// Plan, limits and mode.
    pub rules: Rules,
    /// The alarms to watch.
    pub alarms: AlarmRules,
    /// What to count of both versions; `None`: only alarms speak.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Counting>,
}

impl Assignment {
    /// The rules with what too little evidence at the end of the plan leads to filled in.
    /// `timeout` is the longest that an invocation of either version may take, in seconds.
    #[must_use]
    pub fn new(
        rules: Rules,
        alarms: AlarmRules,
        evidence: Option<measure::EvidenceRules>,
        timeout: u32,
    ) -> Self {
        let asked = evidence.as_ref().and_then(|evidence| evidence.inconclusive);
        Self {
            rules: Rules {
                inconclusive: rules.finish.inconclusive(asked),
                ..rules
            },
            alarms,
            evidence: evidence.map(|rules| Counting { rules, timeout }),
        }
    }
}

/// What is carried from pass to pass.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The rollout.
    pub state: State,
    /// What the judge remembers of the alarms.
    #[serde(default)]
    pub alarms: Memory,
    /// What the judge remembers of both versions' counts.
    #[serde(default, skip_serializing_if = "measure::Memory::is_empty")]
    pub evidence: measure::Memory,
}

/// What one pass saw, decided and did.
#[derive(Debug, Clone, PartialEq)]
pub struct Pass {
    /// Carry this on.
    pub snapshot: Snapshot,
    /// When to come again, if the rollout has not ended.
    pub wait: SignedDuration,
    /// Why it did what it did.
    pub reason: Reason,
    /// In the mode `advise`: what would have been done otherwise.
    pub would: Option<rollout::Cause>,
    /// What was done, and whether it took effect.
    pub act: Option<(Command, Result<(), Unapplied>)>,
    /// The alarms as they were seen; empty if they were not asked for.
    pub alarms: Vec<AlarmReading>,
    /// The judge's verdict on alarms and evidence together.
    pub verdict: Verdict,
    /// That the plan will probably bring too few requests, once: when the traffic is first known.
    pub forecast: Option<Forecast>,
}

impl Snapshot {
    /// A rollout that is about to begin.
    pub fn new(state: State) -> Self {
        Self {
            state,
            alarms: Memory::default(),
            evidence: measure::Memory::default(),
        }
    }
}

/// One pass. `clock` is asked once before the decision and once after the act, since a bake begins
/// when its weight stands.
///
/// `heard` is what was heard of those who may stop the rollout: a wish, nothing, or that they
/// could not be asked, which counts against the budget of failing calls.
pub async fn pass<P, C>(
    ports: &P,
    assignment: &Assignment,
    snapshot: &Snapshot,
    heard: Result<Option<Wish>, String>,
    clock: C,
) -> Pass
where
    P: Observe + Act + Sync,
    C: Fn() -> Timestamp,
{
    let alias = snapshot.state.believes(ports.alias().await);
    let (wish, unheard) = match heard {
        Ok(wish) => (wish, None),
        Err(error) => (None, Some(error)),
    };
    // Putting the alias back needs Lambda alone: nothing else may delay it. Only a canary that
    // passed can still fail while the alias is put back.
    let putting_back = wish.is_some()
        || matches!(&snapshot.state.phase, Phase::RollingBack { cause, .. } if *cause != Cause::Passed);
    let seen = if putting_back {
        Alarms::unseen(snapshot.alarms.clone())
    } else {
        alarms(ports, &assignment.alarms, &snapshot.alarms, &clock).await
    };
    // Nor may counts delay what the alarms have said.
    let enough = matches!(seen.verdict, Verdict::Fail(_)) && assignment.rules.mode == Mode::Enforce;
    let counted = match &assignment.evidence {
        Some(counting) if !putting_back && !enough => {
            let (contenders, memory) = (&snapshot.state.contenders, &snapshot.evidence);
            counts(ports, counting, memory, contenders, &alias, &clock).await
        }
        _ => Counts::unasked(snapshot.evidence.clone()),
    };
    let failure = match &alias {
        AliasReading::Unreadable(error) => Some(error.clone()),
        AliasReading::Seen(_) | AliasReading::Gone => seen.failure.or(counted.failure).or(unheard),
    };
    let verdict = seen.verdict.and(counted.verdict);
    let observation = Observation {
        alias,
        verdict: verdict.clone(),
        measured: counted.measured,
        wish,
        failure,
    };
    let decision = rollout::tick(&assignment.rules, &snapshot.state, clock(), &observation);
    let (state, wait, act) = carry_out(
        ports,
        assignment,
        decision.state,
        decision.wait,
        decision.command,
        &clock,
    )
    .await;
    let next = clock().saturating_add(wait).unwrap_or(Timestamp::MAX);
    let state = state.awaiting(&snapshot.state.phase, next);
    let mut evidence = counted.memory;
    if let (Some(_), Some((command, Ok(())))) = (&assignment.evidence, &act) {
        // Known at once, and not only at the next look.
        evidence.saw(share_after(command).basis_points(), clock());
    }
    if assignment.evidence.is_some() {
        evidence.expects(next);
    }
    Pass {
        forecast: forecast(assignment, &snapshot.evidence, &evidence),
        snapshot: Snapshot {
            state,
            alarms: seen.memory,
            evidence,
        },
        wait,
        reason: decision.reason,
        would: decision.would,
        act,
        alarms: seen.readings,
        verdict,
    }
}

/// What the traffic makes of the plan, once it is known.
fn forecast(
    assignment: &Assignment,
    before: &measure::Memory,
    after: &measure::Memory,
) -> Option<Forecast> {
    let evidence = assignment.evidence.as_ref()?;
    let news = before.hourly().is_none() && after.hourly().is_some();
    let forecast = || Forecast::of(&assignment.rules, &evidence.rules, after);
    news.then(forecast).flatten()
}

/// The canary's share of the traffic once this command has taken effect.
fn share_after(command: &Command) -> Weight {
    match command {
        Command::Shift { weight, .. } => *weight,
        Command::Promote { .. } => Weight::FULL,
        Command::Restore { .. } => Weight::ZERO,
    }
}

/// What a look at the alarms gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Alarms {
    /// What the judge remembers from now on; as before, if they could not be read.
    pub memory: Memory,
    /// The judge's verdict.
    pub verdict: Verdict,
    /// The alarms as they were seen.
    pub readings: Vec<AlarmReading>,
    /// The first call that failed.
    pub failure: Option<String>,
}

impl Alarms {
    /// Not looked: nothing is known, which is never a pass.
    fn unseen(memory: Memory) -> Self {
        Self {
            memory,
            verdict: Verdict::Inconclusive(Vec::new()),
            readings: Vec::new(),
            failure: None,
        }
    }
}

/// One look at the alarms. `clock` is asked after the answer has come.
pub async fn alarms<P: Observe>(
    ports: &P,
    rules: &AlarmRules,
    memory: &Memory,
    clock: impl Fn() -> Timestamp,
) -> Alarms {
    if rules.alarms.is_empty() {
        let (memory, verdict) = rules.judge(memory, clock(), &[]);
        return Alarms {
            verdict,
            ..Alarms::unseen(memory)
        };
    }
    match ports.alarms(&rules.question(memory)).await {
        Ok(answer) => {
            let (memory, verdict) = rules.judge(memory, clock(), &answer.readings);
            Alarms {
                memory,
                verdict,
                readings: answer.readings,
                failure: answer.failure,
            }
        }
        Err(error) => Alarms {
            verdict: Verdict::Inconclusive(vec![Doubt::Unreadable {
                error: error.clone(),
            }]),
            failure: Some(error),
            ..Alarms::unseen(memory.clone())
        },
    }
}

async fn carry_out<P: Act>(
    ports: &P,
    assignment: &Assignment,
    state: State,
    wait: SignedDuration,
    command: Option<Command>,
    clock: &impl Fn() -> Timestamp,
) -> (
    State,
    SignedDuration,
    Option<(Command, Result<(), Unapplied>)>,
) {
    let Some(command) = command else {
        return (state, wait, None);
    };
    let result = ports.write(command.write()).await;
    let now = clock();
    let (state, wait) = match &result {
        Ok(()) => (rollout::applied(state, &command, now), wait),
        Err(why) => rollout::unapplied(state, &assignment.rules.limits, now, why.clone()),
    };
    (state, wait, Some((command, result)))
}

#[cfg(test)]
#[path = "driver/pass_tests.rs"]
mod tests;

#[cfg(test)]
mod garbage_tests;

#[cfg(test)]
#[path = "driver/explore/explore_tests.rs"]
mod explore;
