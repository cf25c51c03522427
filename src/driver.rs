//! The ports, and one observe → judge → decide → act pass through them.
//!
//! The same pass serves the command line, the functions and the simulator: only the ports and the
//! clock differ. It never sleeps and never loops; what it returns says when to come again.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::judge::alarms::{AlarmReading, AlarmRules, Memory, Question};
use crate::judge::{Doubt, Verdict};
use crate::rollout::{
    self, AliasReading, AliasWrite, Command, Observation, Phase, Reason, Rules, State, Unapplied,
    Wish,
};

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// Plan, limits and mode.
    pub rules: Rules,
    /// The alarms to watch.
    pub alarms: AlarmRules,
}

/// What is carried from pass to pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The rollout.
    pub state: State,
    /// What the judge remembers of the alarms.
    #[serde(default)]
    pub alarms: Memory,
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
    /// The judge's verdict.
    pub verdict: Verdict,
}

impl Snapshot {
    /// A rollout that is about to begin.
    pub fn new(state: State) -> Self {
        Self {
            state,
            alarms: Memory::default(),
        }
    }
}

/// One pass. `clock` is asked once before the decision and once after the act, since a bake begins
/// when its weight stands.
pub async fn pass<P, C>(
    ports: &P,
    assignment: &Assignment,
    snapshot: &Snapshot,
    wish: Option<Wish>,
    clock: C,
) -> Pass
where
    P: Observe + Act + Sync,
    C: Fn() -> Timestamp,
{
    let alias = ports.alias().await;
    let mut seen = Seen::default();
    // Putting the alias back needs Lambda alone: nothing else may delay it.
    let putting_back = wish.is_some() || matches!(snapshot.state.phase, Phase::RollingBack { .. });
    if !putting_back {
        seen = look_at_alarms(ports, assignment, &snapshot.alarms, &clock).await;
    }
    let failure = match &alias {
        AliasReading::Unreadable(error) => Some(error.clone()),
        AliasReading::Seen(_) | AliasReading::Gone => seen.failure,
    };
    let observation = Observation {
        alias,
        verdict: seen.verdict.clone(),
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
    Pass {
        snapshot: Snapshot {
            state,
            alarms: seen.memory.unwrap_or_else(|| snapshot.alarms.clone()),
        },
        wait,
        reason: decision.reason,
        would: decision.would,
        act,
        alarms: seen.readings,
        verdict: seen.verdict,
    }
}

struct Seen {
    memory: Option<Memory>,
    verdict: Verdict,
    readings: Vec<AlarmReading>,
    failure: Option<String>,
}

impl Default for Seen {
    /// Not looked: nothing is known, which is never a pass.
    fn default() -> Self {
        Self {
            memory: None,
            verdict: Verdict::Inconclusive(Vec::new()),
            readings: Vec::new(),
            failure: None,
        }
    }
}

async fn look_at_alarms<P: Observe>(
    ports: &P,
    assignment: &Assignment,
    memory: &Memory,
    clock: &impl Fn() -> Timestamp,
) -> Seen {
    let rules = &assignment.alarms;
    if rules.alarms.is_empty() {
        let (memory, verdict) = rules.judge(memory, clock(), &[]);
        return Seen {
            memory: Some(memory),
            verdict,
            ..Seen::default()
        };
    }
    match ports.alarms(&rules.question(memory)).await {
        Ok(answer) => {
            let (memory, verdict) = rules.judge(memory, clock(), &answer.readings);
            Seen {
                memory: Some(memory),
                verdict,
                readings: answer.readings,
                failure: answer.failure,
            }
        }
        Err(error) => Seen {
            verdict: Verdict::Inconclusive(vec![Doubt::Unreadable {
                error: error.clone(),
            }]),
            failure: Some(error),
            ..Seen::default()
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
