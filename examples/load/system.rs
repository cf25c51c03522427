//! All rollouts at once, in the virtual time of one paused runtime: the functions' own handlers behind
//! the real SDK, the state machine and CodeDeploy of the simulated AWS.

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
use lambda_canary::local::{self, Answer, Request};
use lambda_canary::sim::invocations::{Ended, Invocation};
use lambda_canary::sim::{Outage, World};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::Args;
use crate::account::{self, START};
use crate::report::Figures;
use crate::wire::Wire;

/// It has to be over by then: a hook's hour, and time to start and to put back.
const LONGEST: i64 = 3 * 3_600;
/// Hosts of handlers that are kept for the next invocation, as Lambda keeps them.
const ENVIRONMENTS: usize = 1_000;

/// Whose calls they are: the deployment, and what the stepper was asked for.
#[derive(Debug, Clone, Default)]
pub struct Identity {
    /// The deployment's id.
    pub deployment: String,
    /// The stepper's action, else the handler.
    pub action: String,
}

tokio::task_local! {
    static IDENTITY: Identity;
}

/// Who calls.
pub fn identity() -> Identity {
    IDENTITY.with(Clone::clone)
}

/// All of it.
pub struct Sim {
    state: Mutex<State>,
    work: Notify,
    began: Instant,
}

/// What is known.
pub struct State {
    /// The simulated AWS.
    pub world: World,
    /// What is counted.
    pub figures: Figures,
    rng: ChaCha8Rng,
    idle: Vec<Session>,
    wake: Timestamp,
    to_start: u32,
    rung: bool,
    looked: i64,
}

/// Plays it to its end.
pub fn play(args: &Args) -> (World, Figures) {
    // The SDK draws the delays of its retries from here.
    fastrand::seed(args.seed);
    lambda::log::divert(|_| {});
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without I/O needs nothing from the system");
    runtime.block_on(async {
        let sim = Arc::new(Sim {
            state: Mutex::new(State {
                world: account::account(args),
                figures: Figures::default(),
                rng: ChaCha8Rng::seed_from_u64(args.seed),
                idle: Vec::new(),
                wake: Timestamp::MIN,
                to_start: 0,
                rung: false,
                looked: 0,
            }),
            work: Notify::new(),
            began: paused_now(),
        });
        Arc::clone(&sim).run(args).await;
        sim.with(|state| (state.world.clone(), std::mem::take(&mut state.figures)))
    })
}

#[allow(clippy::disallowed_methods, reason = "this time is virtual")]
fn paused_now() -> Instant {
    Instant::now()
}

impl Sim {
    /// The virtual time.
    pub fn now(&self) -> Timestamp {
        START + self.began.elapsed()
    }

    /// How long half of a call's way takes, in milliseconds.
    pub fn latency(&self) -> u64 {
        self.with(|state| state.rng.random_range(1..40))
    }

    fn with<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.now();
        state.world.advance_to(now);
        let result = f(&mut state);
        let sooner = state.world.next_act().is_some_and(|next| next < state.wake);
        if sooner || state.world.has_untaken_invocations() {
            self.work.notify_one();
        }
        result
    }

    async fn run(self: Arc<Self>, args: &Args) {
        loop {
            let now = self.now();
            let invocations = self.with(|state| {
                state.begin(args, now);
                state.world.take_invocations()
            });
            for invocation in invocations {
                tokio::spawn(Arc::clone(&self).serve(invocation));
            }
            let over = self.with(|state| state.is_over(args));
            if over || now.duration_since(START).as_secs() >= LONGEST {
                return;
            }
            let next = self.with(|state| state.world.next_act());
            let wake = next
                .unwrap_or(Timestamp::MAX)
                .min(now + Duration::from_secs(1));
            self.with(|state| state.wake = wake);
            let until = Duration::try_from(wake.duration_since(START)).unwrap_or_default();
            // Never the present moment again: the world has nothing left to do there.
            let until = (self.began + until).max(paused_now() + Duration::from_millis(1));
            tokio::select! {
                biased;
                () = self.work.notified() => {}
                () = tokio::time::sleep_until(until) => {}
            }
        }
    }

    /// Runs an invocation as Lambda does, and tells the world how it ended.
    async fn serve(self: Arc<Self>, invocation: Invocation) {
        let (identity, session, late) = self.with(|state| {
            let late = state.rng.random_range(0..1_000);
            (state.receive(&invocation), state.idle.pop(), late)
        });
        let session = session.unwrap_or_else(|| self.session());
        // The simulated Step Functions wakes at whole seconds only; AWS's does not.
        tokio::time::sleep(Duration::from_millis(late)).await;
        let (from, began) = (self.now(), self.began);
        let functions = Functions::new(session.clone(), |name| {
            invocation.environment.get(name).cloned()
        })
        .in_time(Passing::of(move || began.elapsed()));
        let running = lambda::invoke(&functions, &invocation.handler, &invocation.payload);
        let limit = Duration::from_secs(invocation.timeout.into());
        let ended = tokio::select! {
            biased;
            result = IDENTITY.scope(identity.clone(), running) => match result {
                Ok(answer) => Ended::Answered(answer.to_string()),
                Err(error) => Ended::Failed {
                    payload: serde_json::json!({
                        "errorType": error.error_type, "errorMessage": error.error_message,
                    }).to_string(),
                },
            },
            () = tokio::time::sleep(limit) => Ended::TimedOut,
        };
        let lasted = self.now().duration_since(from).as_secs_f64() * 1_000.0;
        self.with(|state| {
            let now = state.world.now();
            state.figures.answered(&identity, now, &ended);
            if state.idle.len() < ENVIRONMENTS {
                state.idle.push(session);
            }
            state.world.end_invocation(invocation.id, lasted, ended);
        });
    }

    /// The clients of one process.
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

    /// Carries a request out.
    pub fn carry(&self, request: Request, who: &Identity) -> Result<Answer, Outage> {
        self.with(|state| {
            let (_, operation) = local::operation_of(&request)
                .expect("the functions call nothing that the simulated AWS does not have");
            let answer = local::answer(&mut state.world, request)?;
            let now = state.world.now();
            state.figures.called(who, now, &operation, &answer);
            Ok(answer)
        })
    }
}

impl State {
    /// Deployments that are to begin by now, and alarms that are to ring.
    fn begin(&mut self, args: &Args, now: Timestamp) {
        let passed = now.duration_since(START).as_secs_f64();
        let due = (passed / f64::from(args.within.max(1)) * f64::from(args.rollouts)) as u32 + 1;
        while self.to_start < due.min(args.rollouts) {
            let name = account::function(self.to_start);
            let id = account::deploy(&mut self.world, &name);
            self.figures.began(id, name, now);
            self.to_start += 1;
        }
        if !self.rung && passed >= f64::from(args.ring_at) {
            self.rung = true;
            for number in args.bad_ones() {
                let name = account::function(number);
                account::set_alarm(&mut self.world, &name, "ALARM");
                self.figures.rang(name, now);
            }
        }
    }

    fn is_over(&mut self, args: &Args) -> bool {
        // Once in a second: it goes through everything.
        let second = self.world.now().as_second();
        if std::mem::replace(&mut self.looked, second) == second {
            return false;
        }
        let ended = ["Succeeded", "Failed", "Stopped"];
        self.to_start == args.rollouts
            && !self.world.is_invoking()
            && self
                .world
                .deployments_overview()
                .iter()
                .all(|one| ended.contains(&one.status))
            && account::running(&mut self.world) == 0
    }

    fn receive(&mut self, invocation: &Invocation) -> Identity {
        let read: Value = serde_json::from_str(&invocation.payload).unwrap_or_default();
        let id = read
            .pointer("/document/event/DeploymentId")
            .or(read.get("DeploymentId"));
        let action = match invocation.handler.as_str() {
            "stepper" => read["action"].as_str().unwrap_or("recover"),
            hook => hook,
        };
        let hook = read.pointer("/document/hook").and_then(Value::as_str);
        let identity = Identity {
            deployment: id.and_then(Value::as_str).unwrap_or_default().to_owned(),
            action: match hook {
                Some("post_traffic") => format!("after the shift: {action}"),
                _ => action.to_owned(),
            },
        };
        *self
            .figures
            .invoked
            .entry(identity.action.clone())
            .or_default() += 1;
        identity
    }
}
