//! What requests, function processes and the heartbeat share: the world, and how its time passes.
//!
//! The world follows its clock, event by event. Both stand still while a function's process has an
//! invocation open: the clock is held, and the world waits at the moment of that invocation.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::Config;
use super::processes::{Logs, Starts};
use crate::clock::{Clock, Hold};
use crate::sim::invocations::Ended;
use crate::sim::lambda::InvokeResponse;
use crate::sim::{AwsError, World};

/// How often the world moves on by itself.
const HEARTBEAT: Duration = Duration::from_millis(200);

/// With function processes it moves on once a virtual second, and no more often than this.
const FASTEST_HEARTBEAT: Duration = Duration::from_millis(1);

/// What requests share.
#[derive(Debug)]
pub(super) struct Shared {
    running: Mutex<Running>,
    pub clock: Clock,
    pub config: Config,
    /// There are invocations to take.
    pub work: Notify,
    /// Invocations have ended.
    ended: Notify,
    pub logs: Logs,
    pub starts: Starts,
    closing: watch::Receiver<bool>,
}

#[derive(Debug)]
struct Running {
    world: World,
    /// As long as invocations are open.
    hold: Option<Hold>,
}

impl Shared {
    /// A world that runs by a clock of its own from now on.
    pub(super) fn new(world: World, config: Config, closing: watch::Receiver<bool>) -> Self {
        let clock = Clock::scaled(world.now(), config.speed);
        Self {
            logs: Logs::new(clock.clone()),
            clock,
            running: Mutex::new(Running { world, hold: None }),
            config,
            work: Notify::new(),
            ended: Notify::new(),
            starts: Starts::default(),
            closing,
        }
    }

    /// Looks at or changes the world, at its present time.
    pub(super) fn with_world<R>(&self, f: impl FnOnce(&mut World) -> R) -> R {
        // A panic inside the world concerns the call that met it; later ones see what it left.
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let Running { world, hold } = &mut *running;
        world.advance_while_idle(self.clock.now());
        let result = f(world);
        // Whoever moved the world on has moved its clock on too.
        self.clock.skip_to(world.now());
        if hold.is_some() {
            // What it waited for may have ended just now.
            world.advance_while_idle(self.clock.now());
        }
        match world.open_invocations() {
            0 => *hold = None,
            _ if hold.is_none() => *hold = Some(self.clock.hold()),
            _ => {}
        }
        if world.has_untaken_invocations() {
            self.work.notify_one();
        }
        result
    }

    /// Tells the world how a process' invocation ended.
    pub(super) fn end_invocation(&self, id: u64, milliseconds: f64, ended: Ended) {
        self.with_world(|world| world.end_invocation(id, milliseconds, ended));
        self.ended.notify_waiters();
    }

    /// Waits for what a client's invocation comes to; `None` if the endpoint stops before. If
    /// nobody waits any longer, the answer is forgotten.
    pub(super) async fn response(&self, id: u64) -> Option<Result<InvokeResponse, AwsError>> {
        let _waiting = Waiting { shared: self, id };
        loop {
            let mut ended = std::pin::pin!(self.ended.notified());
            // Before looking, so that no end between the look and the wait is missed.
            ended.as_mut().enable();
            if let Some(response) = self.with_world(|world| world.take_response(id)) {
                return Some(response);
            }
            tokio::select! {
                () = ended => {}
                () = self.closed() => return None,
            }
        }
    }

    /// Returns when the endpoint stops.
    pub(super) async fn closed(&self) {
        // An error means that the sender is gone, which is the same.
        let _ = self.closing.clone().wait_for(|closing| *closing).await;
    }
}

/// A client that waits for an answer, and perhaps goes away.
struct Waiting<'a> {
    shared: &'a Shared,
    id: u64,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.shared
            .with_world(|world| world.forget_invocation(self.id));
    }
}

/// Moves the world on, so that alarms are evaluated although nobody calls.
pub(super) async fn beat(shared: Arc<Shared>) {
    let pause = match shared.config.functions {
        // Small steps: the clock is to run no further ahead than it must of invocations that the
        // world is about to open.
        Some(_) => shared
            .clock
            .real_duration(Duration::from_secs(1))
            .clamp(FASTEST_HEARTBEAT, HEARTBEAT),
        None => HEARTBEAT,
    };
    loop {
        tokio::time::sleep(pause).await;
        shared.with_world(|_| ());
    }
}
