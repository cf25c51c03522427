//! What goes wrong: every trouble is one entry of a list, so that a failure can be shrunk to the
//! fewest of them.

use std::fmt;

use lambda_canary::sim::{Effect, FaultKind, Service};
use rand::RngExt as _;
use rand::seq::IndexedRandom as _;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Deserializer, Serialize};

/// When somebody does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum When {
    /// So many seconds after the release.
    At(u32),
    /// Just before the functions' call of that operation with that number takes effect, from 0.
    Before(Word, u32),
    /// Just after it.
    After(Word, u32),
}

/// What somebody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Act {
    /// The weights are taken away.
    WeightsGone,
    /// All traffic goes to the canary.
    ToCanary,
    /// The alias goes to a third version.
    OtherVersion,
    /// Other weights, the description as it is.
    OtherWeights,
    /// Only the description changes, and the mark goes.
    Described,
    /// Only the revision changes, as with provisioned concurrency.
    Touched,
    /// The alias is deleted.
    AliasDeleted,
    /// The deployment is stopped.
    StopDeployment {
        /// With automatic rollback.
        rollback: bool,
    },
    /// The newest running execution is stopped.
    StopExecution,
    /// The newest execution that failed is redriven.
    Redrive,
    /// The hook's event comes once more.
    HookAgain,
    /// An earlier invocation of the stepper runs once more, and nobody hears its answer.
    OldTick,
    /// The alarm rings.
    Ring,
    /// The alarm rings and stops within seconds.
    Flap,
    /// The alarm stops ringing.
    Calm,
    /// Nothing is known of the alarm.
    Unknown,
    /// The alarm is deleted.
    AlarmDeleted,
    /// The alarm is deleted and made again.
    AlarmReplaced,
    /// Another deployment of the same alias, through the other group.
    SecondRelease,
    /// The policy is deleted.
    PolicyDeleted,
    /// CloudWatch's answers about metrics are partial from now on.
    PartialMetrics,
    /// They are whole again.
    WholeMetrics,
    /// Somebody runs `canary run` for the same alias.
    RunAlone {
        /// With `--recover`.
        recover: bool,
    },
    /// Whoever runs `canary run` presses Ctrl-C.
    Interrupt,
    /// Somebody runs `canary rollback`.
    RollBackAlone,
    /// Executions that are started from now on may take as long as they like again. Never drawn: it
    /// ends what [`Trouble::Expiry`] begins.
    NoExpiry,
    /// From now on that version fails so many of a thousand requests, and so many of a thousand are
    /// throttled before they reach it.
    Behaves {
        /// Which.
        version: u8,
        /// Failed ones, 0 to 1,000.
        failed: u16,
        /// Throttled ones, 0 to 1,000.
        throttled: u16,
    },
}

/// What happens to one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mishap {
    /// It fails.
    Fails(FaultKind, Effect),
    /// It takes so many milliseconds longer.
    Slow(u32),
    /// It shows the alias as it was before its last change.
    Stale,
    /// The process that makes it is killed.
    Dies(Effect),
}

/// What happens to one invocation of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fate {
    /// The process does not start.
    NotStarted,
    /// It starts so many seconds late.
    Late(u32),
    /// It does everything, and its answer is lost.
    Lost,
    /// It runs a second time, so many seconds later.
    Twice(u32),
}

/// One thing that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Trouble {
    /// Somebody does something.
    Act(When, Act),
    /// Calls of an operation with that number and after it, from 0.
    Call {
        /// The operation.
        operation: Word,
        /// The first of them.
        from: u32,
        /// How many.
        times: u32,
        /// What happens.
        mishap: Mishap,
    },
    /// A service does not work.
    Outage {
        /// Which.
        service: Service,
        /// How.
        kind: FaultKind,
        /// From so many seconds after the release.
        from: u32,
        /// For so many seconds; `None`: for good.
        seconds: Option<u32>,
    },
    /// An invocation of a function, by its number from 0.
    Invocation {
        /// The handler.
        handler: Word,
        /// Which.
        number: u32,
        /// What happens.
        fate: Fate,
    },
    /// Step Functions cannot invoke the stepper, or does not hear its answer.
    Unheard {
        /// From so many seconds after the release.
        from: u32,
        /// So many invocations.
        times: u32,
        /// How.
        kind: FaultKind,
        /// Whether the function runs.
        effect: Effect,
    },
    /// Asynchronous invocations come twice.
    Duplicates,
    /// Executions that start within the first half a minute time out after so many seconds. Those of a
    /// recovery do not: the real machine has no such limit at all.
    Expiry(u32),
    /// Lambda neither shows nor changes aliases, for longer than a rollback is tried without a break.
    AliasAway {
        /// From so many seconds after the release.
        from: u32,
        /// For so many seconds.
        seconds: u32,
    },
    /// The AppSpec names no post-traffic hook.
    NoPostHook,
}

/// The operations that the functions call.
const OPERATIONS: [&str; 18] = [
    "GetAlias",
    "UpdateAlias",
    "DescribeAlarms",
    "DescribeAlarmHistory",
    "GetMetricData",
    "GetDeployment",
    "GetDeploymentTarget",
    "ListDeploymentTargets",
    "GetDeploymentConfig",
    "GetDeploymentGroup",
    "GetFunctionConfiguration",
    "GetParameter",
    "PutLifecycleEventHookExecutionStatus",
    "StopDeployment",
    "StartExecution",
    "DescribeExecution",
    "PutEvents",
    "Publish",
];

const SERVICES: [Service; 7] = [
    Service::Lambda,
    Service::CloudWatch,
    Service::CodeDeploy,
    Service::StepFunctions,
    Service::Ssm,
    Service::Sns,
    Service::Events,
];

const KINDS: [FaultKind; 4] = [
    FaultKind::Throttle,
    FaultKind::InternalError,
    FaultKind::Timeout,
    FaultKind::ConnectionReset,
];

const ACTS: [Act; 27] = [
    Act::WeightsGone,
    Act::ToCanary,
    Act::OtherVersion,
    Act::OtherWeights,
    Act::Described,
    Act::Touched,
    Act::AliasDeleted,
    Act::StopDeployment { rollback: true },
    Act::StopDeployment { rollback: false },
    Act::StopExecution,
    Act::Redrive,
    Act::HookAgain,
    Act::OldTick,
    Act::Ring,
    Act::Flap,
    Act::Calm,
    Act::Unknown,
    Act::AlarmDeleted,
    Act::AlarmReplaced,
    Act::SecondRelease,
    Act::PolicyDeleted,
    Act::PartialMetrics,
    Act::WholeMetrics,
    Act::RunAlone { recover: false },
    Act::RunAlone { recover: true },
    Act::Interrupt,
    Act::RollBackAlone,
];

const HANDLERS: [&str; 3] = ["pre_traffic", "post_traffic", "stepper"];

/// The name of an operation or a handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Word(pub &'static str);

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let mut all = OPERATIONS.iter().chain(&HANDLERS);
        let found = all.find(|one| **one == text);
        found
            .map(|word| Self(word))
            .ok_or_else(|| serde::de::Error::custom(format!("nobody calls {text}")))
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// The troubles of one release: none to six.
pub fn draw(rng: &mut ChaCha8Rng) -> Vec<Trouble> {
    let count = *[0, 1, 1, 2, 2, 3, 3, 4, 6].choose(rng).expect("not empty");
    (0..count).map(|_| one(rng)).collect()
}

fn one(rng: &mut ChaCha8Rng) -> Trouble {
    match rng.random_range(0..100) {
        0..40 => Trouble::Act(when(rng), *ACTS.choose(rng).expect("not empty")),
        40..70 => call(rng),
        70..78 => outage(rng),
        78..90 => Trouble::Invocation {
            handler: Word(HANDLERS[[0, 1, 2, 2, 2, 2][rng.random_range(0..6)]]),
            number: skewed(rng, 24),
            fate: match rng.random_range(0..4) {
                0 => Fate::NotStarted,
                1 => Fate::Late(skewed(rng, 900)),
                2 => Fate::Lost,
                _ => Fate::Twice(skewed(rng, 600)),
            },
        },
        90..98 => Trouble::Unheard {
            from: rng.random_range(0..400),
            times: rng.random_range(1..8),
            kind: *KINDS.choose(rng).expect("not empty"),
            effect: effect(rng),
        },
        98 => Trouble::Duplicates,
        _ if rng.random_bool(0.3) => Trouble::AliasAway {
            from: rng.random_range(5..300),
            seconds: rng.random_range(1_800..12_000),
        },
        _ => Trouble::Expiry(rng.random_range(1..400)),
    }
}

fn call(rng: &mut ChaCha8Rng) -> Trouble {
    // Every second trouble with a call is one with the alias: that is where weights are left.
    let operation = match rng.random_range(0..4) {
        0 => "GetAlias",
        1 => "UpdateAlias",
        _ => OPERATIONS.choose(rng).expect("not empty"),
    };
    let mishap = match rng.random_range(0..10) {
        0 => Mishap::Slow(rng.random_range(500..20_000)),
        1 if operation == "GetAlias" => Mishap::Stale,
        1..4 => Mishap::Dies(effect(rng)),
        4 if operation == "UpdateAlias" => Mishap::Fails(FaultKind::Conflict, effect(rng)),
        5 if operation == "UpdateAlias" => {
            Mishap::Fails(FaultKind::PreconditionFailed, effect(rng))
        }
        6 => Mishap::Fails(FaultKind::AccessDenied, Effect::BeforeEffect),
        _ => Mishap::Fails(*KINDS.choose(rng).expect("not empty"), effect(rng)),
    };
    let from = match operation {
        "GetAlias" => skewed(rng, 60),
        _ => skewed(rng, 8),
    };
    let times = match mishap {
        // A process that dies at every attempt answers nobody: three are what Lambda grants.
        Mishap::Dies(_) => *[1, 1, 2].choose(rng).expect("not empty"),
        _ => *[1, 1, 1, 2, 3, 10].choose(rng).expect("not empty"),
    };
    Trouble::Call {
        operation: Word(operation),
        from,
        times,
        mishap,
    }
}

fn outage(rng: &mut ChaCha8Rng) -> Trouble {
    let service = *SERVICES.choose(rng).expect("not empty");
    // Without Lambda's control plane nothing can be put back, so it comes back within the half-hour
    // that is promised; and CodeDeploy within the hook's hour.
    let longest = match service {
        Service::Lambda | Service::CodeDeploy | Service::StepFunctions => 1_200,
        _ => 4_000,
    };
    let for_good = longest > 1_200 && rng.random_bool(0.3);
    Trouble::Outage {
        service,
        kind: *KINDS.choose(rng).expect("not empty"),
        from: rng.random_range(0..500),
        seconds: (!for_good).then(|| 1 + skewed(rng, longest)),
    }
}

fn when(rng: &mut ChaCha8Rng) -> When {
    let operation = *[
        "GetAlias",
        "UpdateAlias",
        "UpdateAlias",
        "DescribeAlarms",
        "PutLifecycleEventHookExecutionStatus",
        "StartExecution",
    ]
    .choose(rng)
    .expect("not empty");
    match rng.random_range(0..10) {
        0..4 => When::At(rng.random_range(0..600)),
        4 => When::At(skewed(rng, 12_000)),
        5..8 => When::Before(Word(operation), skewed(rng, 12)),
        _ => When::After(Word(operation), skewed(rng, 12)),
    }
}

fn effect(rng: &mut ChaCha8Rng) -> Effect {
    match rng.random_bool(0.5) {
        true => Effect::AfterEffect,
        false => Effect::BeforeEffect,
    }
}

/// Mostly small, below `end`.
fn skewed(rng: &mut ChaCha8Rng, end: u32) -> u32 {
    let part: f64 = rng.random();
    // A cube of a number below one: half of them are below an eighth of the range.
    (f64::from(end) * part * part * part) as u32
}

impl Trouble {
    /// The kinds of all troubles that can be drawn.
    pub fn kinds() -> std::collections::BTreeSet<String> {
        use rand::SeedableRng as _;
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let drawn = (0..20_000).map(|_| one(&mut rng));
        drawn.map(|trouble| trouble.kind()).collect()
    }

    /// Its kind, for the count of what was injected.
    pub fn kind(&self) -> String {
        match self {
            Self::Act(_, act) => format!("act {act:?}"),
            Self::Call { mishap, .. } => match mishap {
                Mishap::Fails(kind, effect) => format!("call {kind:?} {effect:?}"),
                Mishap::Slow(_) => "call Slow".to_owned(),
                Mishap::Stale => "call Stale".to_owned(),
                Mishap::Dies(effect) => format!("call Dies {effect:?}"),
            },
            Self::Outage { service, .. } => format!("outage {service:?}"),
            Self::Invocation { fate, .. } => {
                let fate = match fate {
                    Fate::NotStarted => "NotStarted",
                    Fate::Late(_) => "Late",
                    Fate::Lost => "Lost",
                    Fate::Twice(_) => "Twice",
                };
                format!("invocation {fate}")
            }
            Self::Unheard { effect, .. } => format!("task unheard {effect:?}"),
            Self::Duplicates => "events twice".to_owned(),
            Self::Expiry(_) => "execution timed out".to_owned(),
            Self::AliasAway { .. } => "aliases away".to_owned(),
            Self::NoPostHook => "no post-traffic hook".to_owned(),
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Act(When::At(seconds), act) => write!(f, "after {seconds} s: {act:?}"),
            Self::Act(When::Before(operation, number), act) => {
                write!(f, "before {operation} #{number}: {act:?}")
            }
            Self::Act(When::After(operation, number), act) => {
                write!(f, "after {operation} #{number}: {act:?}")
            }
            Self::Call {
                operation,
                from,
                times,
                mishap,
            } => write!(f, "{operation} #{from} × {times}: {mishap:?}"),
            Self::Outage {
                service,
                kind,
                from,
                seconds,
            } => match seconds {
                Some(seconds) => write!(f, "{service:?} {kind:?} from {from} s for {seconds} s"),
                None => write!(f, "{service:?} {kind:?} from {from} s for good"),
            },
            Self::Invocation {
                handler,
                number,
                fate,
            } => write!(f, "{handler} #{number}: {fate:?}"),
            Self::Unheard {
                from,
                times,
                kind,
                effect,
            } => write!(f, "tasks from {from} s × {times}: {kind:?} {effect:?}"),
            Self::Duplicates => f.write_str("events twice"),
            Self::AliasAway { from, seconds } => {
                write!(f, "no aliases from {from} s for {seconds} s")
            }
            Self::Expiry(seconds) => write!(f, "executions time out after {seconds} s"),
            Self::NoPostHook => f.write_str("no post-traffic hook"),
        }
    }
}
