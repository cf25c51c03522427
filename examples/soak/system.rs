//! The whole system under one seed: the simulated AWS, and the functions' own handlers behind the
//! real SDK, in the virtual time of one paused runtime.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use jiff::Timestamp;
use lambda_canary::aws::Session;
use lambda_canary::aws::session::timeouts;
use lambda_canary::clock::Passing;
use lambda_canary::lambda::{self, Functions};
use lambda_canary::sim::World;
use lambda_canary::sim::invocations::{Ended, Invocation};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::account;
use crate::alone;
use crate::model::{Scenario, Way};
use crate::notice;
use crate::record::{Alias, By, Caller, Change, Hook, Noted, Record};
use crate::trouble::{Act, Fate, Trouble, When};
use crate::wire::Wire;

/// When every release begins.
pub const START: Timestamp = Timestamp::constant(1_800_000_000, 0);
/// No release may take longer.
const LONGEST: i64 = 8 * 3_600;
/// So long nothing may happen before it is over.
const QUIET: i64 = 150;

/// An invocation, as its calls know it.
#[derive(Clone)]
pub struct Identity {
    /// Whose calls they are.
    pub caller: Caller,
    /// Ends the process.
    pub killed: Arc<Notify>,
}

tokio::task_local! {
    static IDENTITY: Identity;
}

/// Who calls.
pub fn identity() -> Identity {
    IDENTITY.with(Clone::clone)
}

/// Who runs, if it is one of our functions or commands.
pub fn caller() -> Option<Caller> {
    IDENTITY.try_with(|identity| identity.caller.clone()).ok()
}

/// One release, from its beginning to its end.
pub struct Sim {
    state: Mutex<State>,
    work: Notify,
    interrupts: Notify,
    began: Instant,
}

/// What a simulation knows.
pub struct State {
    /// The simulated AWS.
    pub world: World,
    /// What was decided before.
    pub scenario: Scenario,
    /// What happened.
    pub record: Record,
    /// Draws latencies.
    pub rng: ChaCha8Rng,
    /// How often the functions called an operation.
    pub calls: BTreeMap<String, u32>,
    /// How often a handler was invoked.
    pub invoked: BTreeMap<String, u32>,
    /// What somebody will do, and when; the earliest last.
    pub timed: Vec<(Timestamp, Act)>,
    /// The alias as it was last seen.
    pub alias: Alias,
    /// What `GetAlias` answered last.
    pub shown: Option<lambda_canary::local::Answer>,
    /// The deployment that everything is about.
    pub deployment: String,
    /// What the stepper was invoked with.
    pub payloads: Vec<String>,
    /// Invocations that nobody waits for.
    pub ghosts: u32,
    /// When the system looks again by itself.
    wake: Timestamp,
    /// Where the deployments are, if anybody listens.
    pub deployments: BTreeMap<String, String>,
    /// How often a person has taken away what a command left.
    rolled_back: u32,
    changes: usize,
    next_invocation: u64,
}

/// A release that is over.
pub struct Played {
    /// What was decided.
    pub scenario: Scenario,
    /// What happened.
    pub record: Record,
    /// The account afterwards.
    pub world: World,
    /// The deployment.
    pub deployment: String,
    /// The alias afterwards.
    pub alias: Alias,
    /// Whether it came to rest.
    pub rested: bool,
}

/// The time of the runtime, which is paused: it moves only while everybody waits.
#[allow(clippy::disallowed_methods, reason = "this time is virtual")]
fn paused_now() -> Instant {
    Instant::now()
}

/// Plays a scenario; `telling` keeps what happens in words.
pub fn play(scenario: &Scenario, telling: bool) -> Played {
    // The SDK draws the delays of its retries from here.
    fastrand::seed(scenario.seed);
    lambda::log::divert(account::keep_log);
    account::take_logs();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without I/O needs nothing from the system");
    runtime.block_on(async {
        let sim = Sim::begin(scenario, telling);
        let rested = Arc::clone(&sim).run().await;
        sim.end(rested)
    })
}

impl Sim {
    fn begin(scenario: &Scenario, telling: bool) -> Arc<Self> {
        let (mut world, deployment) = account::release(scenario);
        let record = Record {
            told: telling.then(Vec::new),
            ..Record::default()
        };
        let mut state = State {
            alias: account::alias(&mut world),
            changes: world.alias_changes().len(),
            world,
            scenario: scenario.clone(),
            record,
            rng: ChaCha8Rng::seed_from_u64(scenario.seed ^ 0x5eed),
            calls: BTreeMap::new(),
            invoked: BTreeMap::new(),
            timed: Vec::new(),
            shown: None,
            deployment,
            payloads: Vec::new(),
            ghosts: 0,
            wake: Timestamp::MIN,
            deployments: BTreeMap::new(),
            rolled_back: 0,
            next_invocation: 0,
        };
        for trouble in &scenario.troubles {
            state.prepare(*trouble);
        }
        state.timed.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        Arc::new(Self {
            state: Mutex::new(state),
            work: Notify::new(),
            interrupts: Notify::new(),
            began: paused_now(),
        })
    }

    /// The virtual time.
    pub fn now(&self) -> Timestamp {
        START + self.began.elapsed()
    }

    /// What the clock of whoever runs a command shows.
    pub fn clock_of_a_person(&self) -> Timestamp {
        let skew = self.with(|state| state.scenario.skew);
        self.now() + jiff::SignedDuration::from_secs(skew.into())
    }

    /// Looks at or changes what there is, at the present time.
    pub fn with<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.now();
        state.world.advance_to(now);
        state.notice(&By::CodeDeploy);
        state.hear();
        let result = f(&mut state);
        let sooner = state.next().is_some_and(|next| next < state.wake);
        if sooner || state.world.has_untaken_invocations() {
            self.work.notify_one();
        }
        result
    }

    /// Until nothing happens any more; false if that does not come about.
    async fn run(self: Arc<Self>) -> bool {
        let session = self.session();
        let mut busy_at = self.now();
        if self.with(|state| state.scenario.way == Way::Alone) {
            self.start_alone(&session, alone::Verb::Run { recover: false });
        }
        loop {
            let acts = self.with(State::due);
            for act in acts {
                self.act(act, &session);
            }
            for invocation in self.with(|state| state.world.take_invocations()) {
                tokio::spawn(Arc::clone(&self).serve(invocation, session.clone()));
            }
            let now = self.now();
            let (busy, next) = self.with(|state| (state.is_busy(), state.next()));
            if busy {
                busy_at = now;
            }
            if now.duration_since(busy_at).as_secs() >= QUIET {
                // What a killed command has left, a person takes away: the mark tells it.
                if !self.with(State::must_be_rolled_back) {
                    return true;
                }
                self.start_alone(&session, alone::Verb::Rollback);
                continue;
            }
            if now.duration_since(START).as_secs() >= LONGEST {
                return false;
            }
            let quiet = busy_at + Duration::from_secs(QUIET.unsigned_abs());
            let next = if busy {
                next
            } else {
                next.map(|next| next.min(quiet)).or(Some(quiet))
            };
            let wake = next.unwrap_or(now + Duration::from_secs(60));
            self.with(|state| state.wake = wake);
            tokio::select! {
                biased;
                () = self.work.notified() => {}
                () = tokio::time::sleep_until(self.instant(wake)) => {}
            }
        }
    }

    fn instant(&self, at: Timestamp) -> Instant {
        let from_start = Duration::try_from(at.duration_since(START)).unwrap_or_default();
        // Never the present moment again: the world has nothing left to do there.
        (self.began + from_start).max(paused_now() + Duration::from_millis(1))
    }

    /// The clients, as every function's process has them.
    fn session(self: &Arc<Self>) -> Session {
        let credentials = Credentials::from_keys("AKIDEXAMPLE", "of the simulation", None);
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(Wire(Arc::clone(self)))
            .timeout_config(timeouts())
            .retry_config(aws_config::retry::RetryConfig::standard().with_max_attempts(3))
            .build();
        Session::apart(&config).expect("the configuration names a region")
    }

    /// One act of somebody.
    fn act(self: &Arc<Self>, act: Act, session: &Session) {
        self.with(|state| account::act(state, act));
        match act {
            Act::OldTick => {
                if let Some(payload) = self.with(State::old_payload) {
                    let ghost = self.with(|state| state.ghost("stepper", payload));
                    self.haunt(ghost, session.clone(), Duration::ZERO);
                }
            }
            Act::RunAlone { recover } => self.start_alone(session, alone::Verb::Run { recover }),
            Act::RollBackAlone => self.start_alone(session, alone::Verb::Rollback),
            // Whoever is not running does not hear it.
            Act::Interrupt => self.interrupts.notify_waiters(),
            _ => {}
        }
    }

    /// A command in a process of its own.
    fn start_alone(self: &Arc<Self>, session: &Session, verb: alone::Verb) {
        let (sim, session) = (Arc::clone(self), session.clone());
        let caller = self.with(|state| state.command(verb));
        let identity = Identity {
            caller,
            killed: Arc::new(Notify::new()),
        };
        let killed = Arc::clone(&identity.killed);
        let ended = identity.caller.clone();
        tokio::spawn(async move {
            let name = identity.caller.deployment.clone();
            let running = alone::run(&sim, session, verb, &name);
            let said = tokio::select! {
                biased;
                said = IDENTITY.scope(identity, running) => said,
                () = killed.notified() => "killed".to_owned(),
            };
            sim.with(|state| {
                state.ghosts -= 1;
                let at = state.world.now();
                state
                    .record
                    .tell(at, || format!("{verb:?} {name} ended: {said}"));
                state.record.note(at, || Noted::Ended(ended, said));
            });
        });
    }

    /// When interrupts come.
    pub fn interrupts(&self) -> &Notify {
        &self.interrupts
    }

    fn haunt(self: &Arc<Self>, ghost: Ghost, session: Session, after: Duration) {
        let sim = Arc::clone(self);
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            // Nobody hears what it answers.
            let _ = sim.handle(&ghost, session).await;
            sim.with(|state| state.ghosts -= 1);
        });
    }

    /// Runs an invocation as Lambda does, and tells the world how it ended.
    async fn serve(self: Arc<Self>, invocation: Invocation, session: Session) {
        let (fate, ghost) = self.with(|state| state.receive(&invocation));
        let from = self.now();
        let ended = match fate {
            Some(Fate::NotStarted) => Ended::NotStarted {
                reason: "the process did not start".to_owned(),
            },
            fate => {
                if let Some(Fate::Late(seconds)) = fate {
                    tokio::time::sleep(Duration::from_secs(seconds.into())).await;
                }
                if let Some(Fate::Twice(seconds)) = fate {
                    let again = self
                        .with(|state| state.ghost(&invocation.handler, invocation.payload.clone()));
                    let again = Ghost {
                        environment: invocation.environment.clone(),
                        ..again
                    };
                    self.haunt(again, session.clone(), Duration::from_secs(seconds.into()));
                }
                let ended = self.handle(&ghost, session).await;
                match fate {
                    Some(Fate::Lost) => Ended::Died {
                        status: "signal: killed".to_owned(),
                    },
                    _ => ended,
                }
            }
        };
        let lasted = self.now().duration_since(from).as_secs_f64() * 1_000.0;
        self.with(|state| {
            state.record.tell(state.world.now(), || {
                format!(
                    "{} #{} ended: {}",
                    ghost.caller.action,
                    ghost.caller.invocation,
                    short(&ended)
                )
            });
            if let Some(over) = notice::over(&ghost.caller, &ended) {
                let at = state.world.now();
                state.record.note(at, || over);
            }
            state.world.end_invocation(invocation.id, lasted, ended);
        });
    }

    /// The handler, as its process would run it: within its time, and until it is killed.
    async fn handle(&self, ghost: &Ghost, session: Session) -> Ended {
        let identity = Identity {
            caller: ghost.caller.clone(),
            killed: Arc::new(Notify::new()),
        };
        let killed = Arc::clone(&identity.killed);
        let began = self.began;
        let functions = Functions::new(session, |name| ghost.environment.get(name).cloned())
            .in_time(Passing::of(move || began.elapsed()))
            .continuing_after(ghost.continuing_after);
        let running = lambda::invoke(&functions, &ghost.caller.handler, &ghost.payload);
        let limit = Duration::from_secs(ghost.timeout.into());
        tokio::select! {
            biased;
            result = IDENTITY.scope(identity, running) => match result {
                Ok(answer) => Ended::Answered(answer.to_string()),
                Err(error) => Ended::Failed {
                    payload: serde_json::json!({
                        "errorType": error.error_type, "errorMessage": error.error_message,
                    }).to_string(),
                },
            },
            () = killed.notified() => Ended::Died { status: "signal: killed".to_owned() },
            () = tokio::time::sleep(limit) => Ended::TimedOut,
        }
    }

    fn end(&self, rested: bool) -> Played {
        self.with(|state| Played {
            scenario: state.scenario.clone(),
            record: std::mem::take(&mut state.record),
            world: state.world.clone(),
            deployment: state.deployment.clone(),
            alias: state.alias.clone(),
            rested,
        })
    }
}

/// What is needed to run a handler.
pub struct Ghost {
    /// Who it is.
    pub caller: Caller,
    /// What it is invoked with.
    pub payload: String,
    environment: BTreeMap<String, String>,
    timeout: u32,
    continuing_after: u32,
}

fn short(ended: &Ended) -> String {
    let text = match ended {
        Ended::Answered(text) => {
            let answer: Value = serde_json::from_str(text).unwrap_or_default();
            let next = answer.get("next").or(answer.get("outcome"));
            let reason = answer
                .pointer("/carry/outcome/reason")
                .and_then(Value::as_str);
            format!(
                "{} {}",
                next.unwrap_or(&Value::Null),
                reason.unwrap_or_default()
            )
        }
        other => format!("{other:?}"),
    };
    text.chars().take(220).collect()
}

impl State {
    /// Looks whether the alias has changed, and whether hooks have opened or closed.
    pub fn notice(&mut self, by: &By) {
        let count = self.world.alias_changes().len();
        if count != self.changes || *by == By::Person {
            self.changes = count;
            let after = account::alias(&mut self.world);
            if after != self.alias {
                let before = std::mem::replace(&mut self.alias, after.clone());
                let at = self.world.now();
                self.record
                    .tell(at, || format!("alias {before} -> {after} by {by:?}"));
                let change = Change {
                    at,
                    by: by.clone(),
                    before,
                    after,
                };
                self.record.note(at, || Noted::Changed(change.clone()));
                self.record.changes.push(change);
            }
        }
        self.notice_hooks();
        if self.record.told.is_some() {
            self.notice_deployments();
        }
    }

    fn notice_hooks(&mut self) {
        let open = self.world.open_hooks();
        let now = self.world.now();
        for (id, hook) in &mut self.record.hooks {
            if hook.closed.is_none() && !open.iter().any(|one| one.hook_execution_id == *id) {
                hook.closed = Some(now);
            }
        }
        for one in open {
            self.record
                .hooks
                .entry(one.hook_execution_id)
                .or_insert(Hook {
                    deployment: one.deployment,
                    event: one.lifecycle_event,
                    since: one.since,
                    closed: None,
                    answers: Vec::new(),
                });
        }
    }

    fn prepare(&mut self, trouble: Trouble) {
        match trouble {
            Trouble::Act(When::At(seconds), act) => {
                let at = START + Duration::from_secs(seconds.into());
                self.timed.push((at, act));
            }
            Trouble::Outage { .. }
            | Trouble::Unheard { .. }
            | Trouble::Duplicates
            | Trouble::Expiry(_)
            | Trouble::AliasAway { .. } => account::set_up(self, trouble),
            Trouble::Act(..)
            | Trouble::Call { .. }
            | Trouble::Invocation { .. }
            | Trouble::NoPostHook => {}
        }
    }

    fn due(&mut self) -> Vec<Act> {
        let now = self.world.now();
        let mut due = Vec::new();
        while self.timed.last().is_some_and(|(at, _)| *at <= now) {
            due.extend(self.timed.pop().map(|(_, act)| act));
        }
        due
    }

    fn next(&self) -> Option<Timestamp> {
        let timed = self.timed.last().map(|(at, _)| *at);
        [timed, self.world.next_act()].into_iter().flatten().min()
    }

    fn is_busy(&mut self) -> bool {
        self.ghosts > 0 || !self.timed.is_empty() || account::is_busy(&mut self.world)
    }

    /// Whether something of a command is left, which nobody but a person takes away.
    fn must_be_rolled_back(&mut self) -> bool {
        let alone = |rollout: &str| rollout.starts_with(alone::PREFIX);
        let left = self
            .alias
            .mark()
            .is_some_and(|mark| alone(&mark.rollout.to_string()));
        self.rolled_back += u32::from(left);
        // One that is killed in its turn is run again.
        left && self.rolled_back < 5
    }

    /// A command that somebody runs.
    fn command(&mut self, verb: alone::Verb) -> Caller {
        self.ghosts += 1;
        self.next_invocation += 1;
        let action = match verb {
            alone::Verb::Run { .. } => "run",
            alone::Verb::Rollback => "canary rollback",
        };
        Caller {
            invocation: self.next_invocation,
            handler: "canary".to_owned(),
            action: action.to_owned(),
            deployment: format!("{}{}", alone::PREFIX, self.next_invocation),
        }
    }

    fn old_payload(&mut self) -> Option<String> {
        use rand::seq::IndexedRandom as _;
        self.payloads.choose(&mut self.rng).cloned()
    }

    fn ghost(&mut self, handler: &str, payload: String) -> Ghost {
        self.ghosts += 1;
        let (environment, timeout) = account::environment(&mut self.world, handler);
        self.attempt(handler, payload, environment, timeout)
    }

    fn attempt(
        &mut self,
        handler: &str,
        payload: String,
        environment: BTreeMap<String, String>,
        timeout: u32,
    ) -> Ghost {
        self.next_invocation += 1;
        let read: Value = serde_json::from_str(&payload).unwrap_or_default();
        let action = match (handler, read["action"].as_str()) {
            ("stepper", Some(action)) => action.to_owned(),
            ("stepper", None) => "recover".to_owned(),
            (hook, _) => hook.to_owned(),
        };
        let id = read
            .pointer("/document/event/DeploymentId")
            .or(read.get("DeploymentId"));
        let caller = Caller {
            invocation: self.next_invocation,
            handler: handler.to_owned(),
            action,
            deployment: id.and_then(Value::as_str).unwrap_or_default().to_owned(),
        };
        let continuing_after = self.scenario.continuing_after;
        Ghost {
            caller,
            payload,
            environment,
            timeout,
            continuing_after,
        }
    }

    /// An invocation has come: what is to become of it, and what it needs.
    fn receive(&mut self, invocation: &Invocation) -> (Option<Fate>, Ghost) {
        let number = self.invoked.entry(invocation.handler.clone()).or_default();
        let this = *number;
        *number += 1;
        let fate = self
            .scenario
            .troubles
            .iter()
            .find_map(|trouble| match trouble {
                Trouble::Invocation {
                    handler,
                    number,
                    fate,
                } if handler.0 == invocation.handler && *number == this => Some((*trouble, *fate)),
                _ => None,
            });
        if let Some((trouble, _)) = &fate {
            self.record.inject(trouble.kind());
        }
        if invocation.handler == "stepper" {
            self.payloads.push(invocation.payload.clone());
        }
        let ghost = self.attempt(
            &invocation.handler,
            invocation.payload.clone(),
            invocation.environment.clone(),
            invocation.timeout,
        );
        let at = self.world.now();
        let (action, fate) = (&ghost.caller.action, fate.map(|(_, fate)| fate));
        self.record
            .note(at, || Noted::Invoked(ghost.caller.clone(), fate));
        self.record.tell(at, || {
            format!(
                "{action} #{} begins {}",
                ghost.caller.invocation,
                fate.map_or(String::new(), |fate| format!("({fate:?})"))
            )
        });
        (fate, ghost)
    }
}
