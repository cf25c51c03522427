//! Functions as real processes, over Lambda's Runtime API.
//!
//! ```text
//! World ─▶ run (takes invocations) ─▶ Pool, one a version ─▶ Worker ─▶ Process ◀─ Runtime API
//!   ▲                                                          │
//!   └───────────────── end_invocation ◀────────────────────────┘
//! ```
//!
//! One program serves every function; it is told by `_HANDLER` which one it is. A process is
//! started when it is needed, kept warm, serves one invocation at a time, and is killed at the
//! function's time-out, which is real time, and when the endpoint ends. A process that ends by itself
//! is seen at once, and Lambda's line about it stands in the function's log. If the endpoint dies,
//! the connection of the Runtime API breaks, and the process ends by itself.
//!
//! What this module refuses to know: what the functions do. Start reading at [`run`].

mod environment;
mod logs;
mod pool;
mod process;
mod runtime_api;
mod starts;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::Shared;
use crate::sim::World;
use crate::sim::invocations::{Ended, Invocation};
use pool::Pool;

pub use logs::LogLine;
pub(super) use logs::Logs;
pub use starts::CannotServe;
pub(super) use starts::Starts;

/// The handlers that the program serves.
pub(super) const HANDLERS: [&str; 4] = ["pre_traffic", "post_traffic", "stepper", "sample"];

/// Where the program is and what it must know of the endpoint.
#[derive(Debug, Clone)]
pub(super) struct Launch {
    /// The program.
    pub program: PathBuf,
    /// The endpoint, as a process on this machine reaches it.
    pub endpoint: String,
    /// The account's region.
    pub region: String,
}

/// Serves the world's invocations until the endpoint stops. Without a program each of them fails.
pub(super) async fn run(shared: Arc<Shared>, launch: Option<Launch>) {
    let launch = launch.map(Arc::new);
    let mut pools: BTreeMap<(String, String), Pool> = BTreeMap::new();
    let mut workers = JoinSet::new();
    loop {
        for invocation in shared.with_world(World::take_invocations) {
            let Some(launch) = &launch else {
                refuse(&shared, &invocation);
                continue;
            };
            let key = (invocation.function.clone(), invocation.version.clone());
            let pool = pools.entry(key).or_insert_with(|| Pool::new(&invocation));
            if !pool.is_of(&invocation) {
                // `$LATEST` was changed: its processes end with what they have begun.
                *pool = Pool::new(&invocation);
            }
            if let Some(worker) = pool.add(invocation) {
                workers.spawn(worker.run(Arc::clone(&shared), Arc::clone(launch)));
            }
        }
        tokio::select! {
            () = shared.work.notified() => {}
            () = shared.closed() => break,
            Some(_) = workers.join_next(), if !workers.is_empty() => {}
        }
    }
    // Waits until every worker, and with it its process, is gone.
    workers.shutdown().await;
}

fn refuse(shared: &Shared, invocation: &Invocation) {
    let reason = "this local AWS was started without a program for its functions";
    let ended = Ended::NotStarted {
        reason: reason.to_owned(),
    };
    shared.end_invocation(invocation.id, 0.0, ended);
}
