//! The processes of one function version, and the invocations that wait for one of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Mutex, mpsc};

use super::Launch;
use super::process::{Outcome, Process};
use super::starts::{self, CannotServe};
use crate::local::Shared;
use crate::sim::invocations::{Ended, Invocation};

/// So many processes may serve a version at once; more invocations wait.
const PROCESSES: usize = 4;

/// Workers of one version, and the way to them.
pub(super) struct Pool {
    handler: String,
    environment: BTreeMap<String, String>,
    memory: u32,
    sender: mpsc::UnboundedSender<Invocation>,
    queue: Arc<Queue>,
    workers: usize,
}

/// What the workers share.
struct Queue {
    waiting: Mutex<mpsc::UnboundedReceiver<Invocation>>,
    /// Invocations that wait or run.
    load: AtomicUsize,
}

/// Runs one invocation after the other, in a process of its own.
pub(super) struct Worker {
    queue: Arc<Queue>,
}

impl Pool {
    /// A pool without workers, for the configuration that the invocation has.
    pub(super) fn new(invocation: &Invocation) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        Self {
            handler: invocation.handler.clone(),
            environment: invocation.environment.clone(),
            memory: invocation.memory,
            sender,
            queue: Arc::new(Queue {
                waiting: Mutex::new(receiver),
                load: AtomicUsize::new(0),
            }),
            workers: 0,
        }
    }

    /// Whether its processes were started with the configuration that the invocation has.
    pub(super) fn is_of(&self, invocation: &Invocation) -> bool {
        self.handler == invocation.handler
            && self.environment == invocation.environment
            && self.memory == invocation.memory
    }

    /// Hands over an invocation. Answers a further worker if all are busy and one more may be.
    pub(super) fn add(&mut self, invocation: Invocation) -> Option<Worker> {
        let load = self.queue.load.fetch_add(1, Ordering::AcqRel) + 1;
        // The receiver lives in the queue, which lives here.
        let _ = self.sender.send(invocation);
        (load > self.workers && self.workers < PROCESSES).then(|| {
            self.workers += 1;
            Worker {
                queue: Arc::clone(&self.queue),
            }
        })
    }
}

impl Worker {
    /// Serves until the pool is gone.
    pub(super) async fn run(self, shared: Arc<Shared>, launch: Arc<Launch>) {
        let mut warm = None;
        while let Some(invocation) = self.next().await {
            let id = invocation.id;
            let (milliseconds, ended) = serve(&shared, &launch, &mut warm, invocation).await;
            self.queue.load.fetch_sub(1, Ordering::AcqRel);
            shared.end_invocation(id, milliseconds, ended);
        }
    }

    async fn next(&self) -> Option<Invocation> {
        self.queue.waiting.lock().await.recv().await
    }
}

/// Runs an invocation in the warm process, or in a new one. Leaves the process warm if it can
/// serve once more.
async fn serve(
    shared: &Shared,
    launch: &Launch,
    warm: &mut Option<Process>,
    invocation: Invocation,
) -> (f64, Ended) {
    if let Some(mut process) = warm.take() {
        match process.run(&invocation).await {
            Outcome::Ended(milliseconds, ended) => {
                *warm = process.into_warm();
                return (milliseconds, ended);
            }
            // It had ended while it was idle: nobody has seen the invocation yet.
            Outcome::NotTaken(_) => {}
        }
    }
    let mut process = match Process::start(shared, launch, &invocation).await {
        Ok(process) => process,
        Err(problem) => {
            let reason = format!("{}: {problem}", launch.program.display());
            return not_taken(shared, launch, &invocation, Ended::NotStarted { reason });
        }
    };
    match process.run(&invocation).await {
        Outcome::Ended(milliseconds, ended) => {
            shared.starts.serves(&invocation.function);
            *warm = process.into_warm();
            (milliseconds, ended)
        }
        Outcome::NotTaken(ended) => not_taken(shared, launch, &invocation, ended),
    }
}

/// No process took the invocation. If one died over it, its log has the line already.
fn not_taken(
    shared: &Shared,
    launch: &Launch,
    invocation: &Invocation,
    ended: Ended,
) -> (f64, Ended) {
    let function = &invocation.function;
    if let Ended::NotStarted { reason } = &ended {
        let line = format!("RequestId: {} Error: {reason}", invocation.request_id);
        shared.logs.push(function, &line);
    }
    shared.starts.failed_to(CannotServe {
        function: function.clone(),
        program: launch.program.clone(),
        how: starts::how(&ended),
    });
    (0.0, ended)
}
