//! One process that serves a function: started, given invocations, killed.

use std::io;
use std::net::Ipv4Addr;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::runtime_api::{self, Report};
use super::{Launch, Logs, environment, logs};
use crate::clock::Clock;
use crate::local::Shared;
use crate::sim::invocations::{Ended, Invocation, exited};

/// How long a process may take to ask for an invocation, as on AWS.
const INIT: Duration = Duration::from_secs(10);

/// How long the last words of a process that has ended are waited for; then somebody else holds
/// its pipes.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// A process and its own Runtime API. Dropping it kills it.
pub(super) struct Process {
    life: Arc<Life>,
    /// How it ended, once it has and everything about it is in the log.
    ended: watch::Receiver<Option<String>>,
    invocations: mpsc::Sender<Invocation>,
    reports: mpsc::Receiver<Report>,
    api: JoinHandle<()>,
    /// Whether it can serve another invocation.
    usable: bool,
}

/// What the process and the task that awaits its end know of each other.
struct Life {
    group: Option<Pid>,
    function: String,
    logs: Logs,
    /// The invocation that it has, or had last.
    request: Mutex<String>,
    /// Nobody needs it any more: its end is ours, and no news.
    dismissed: AtomicBool,
    /// It has ended, and its number may be given to others.
    gone: AtomicBool,
}

/// What came of handing an invocation to a process.
pub(super) enum Outcome {
    /// It ended, after so many milliseconds.
    Ended(f64, Ended),
    /// The process never asked for it; this is how that ends if no other process does.
    NotTaken(Ended),
}

impl Process {
    /// Starts the program for the version that the invocation is for.
    pub(super) async fn start(
        shared: &Shared,
        launch: &Launch,
        invocation: &Invocation,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (invocations, receiver) = mpsc::channel(1);
        let (sender, reports) = mpsc::channel(4);
        let mut child = Command::new(&launch.program)
            .env_clear()
            .envs(environment::of(launch, invocation, address))
            .current_dir(environment::folder(&launch.program))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A group of its own: no signal of our terminal reaches it, and one kill takes its
            // children too.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let (logs, function) = (&shared.logs, &invocation.function);
        let said = [
            logs::keep(logs, function, child.stdout.take()),
            logs::keep(logs, function, child.stderr.take()),
        ];
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        let life = Arc::new(Life {
            group: id.and_then(Pid::from_raw),
            function: function.clone(),
            logs: logs.clone(),
            request: Mutex::new(invocation.request_id.clone()),
            dismissed: AtomicBool::new(false),
            gone: AtomicBool::new(false),
        });
        let (ends, ended) = watch::channel(None);
        tokio::spawn(reap(child, said, Arc::clone(&life), ends));
        let api = tokio::spawn(runtime_api::serve(listener, receiver, sender));
        Ok(Self {
            life,
            ended,
            invocations,
            reports,
            api,
            usable: true,
        })
    }

    /// Lets the process run one invocation to its end.
    pub(super) async fn run(&mut self, invocation: &Invocation) -> Outcome {
        if let Some(ended) = self.hand_over(invocation).await {
            self.usable = false;
            return Outcome::NotTaken(ended);
        }
        self.life.serves(&invocation.request_id);
        let clock = Clock::real();
        let begun = clock.now();
        let limit = Duration::from_secs(u64::from(invocation.timeout));
        let ended = match tokio::time::timeout(limit, self.next_report()).await {
            Ok(Ok(Report::Ended(ended))) => ended,
            // Anything else is a process that no longer knows what it does.
            Ok(Ok(_)) => {
                let status = "the process asked for another invocation".to_owned();
                self.life.say_ended(&status);
                self.life.dismiss();
                Ended::Died { status }
            }
            Ok(Err(status)) => Ended::Died { status },
            Err(_) => {
                let (function, id) = (&invocation.function, &invocation.request_id);
                self.life.dismiss();
                self.life
                    .logs
                    .push_timed_out(function, id, invocation.timeout);
                Ended::TimedOut
            }
        };
        self.usable = !matches!(ended, Ended::Died { .. } | Ended::TimedOut);
        let lasted = clock.now().duration_since(begun).as_secs_f64() * 1_000.0;
        // To a hundredth, as AWS counts them.
        Outcome::Ended((lasted * 100.0).round() / 100.0, ended)
    }

    /// The process, if it can serve another invocation.
    pub(super) fn into_warm(self) -> Option<Self> {
        self.usable.then_some(self)
    }

    /// Waits until the process has taken the invocation; else says how it failed to.
    async fn hand_over(&mut self, invocation: &Invocation) -> Option<Ended> {
        // It holds one, and the last one was taken.
        let _ = self.invocations.send(invocation.clone()).await;
        match tokio::time::timeout(INIT, self.next_report()).await {
            Ok(Ok(Report::Taken)) => None,
            Ok(Ok(Report::Ended(ended))) => Some(ended),
            Ok(Err(status)) => Some(Ended::Died { status }),
            Err(_) => Some(Ended::NotStarted {
                reason: format!(
                    "the process did not ask for an invocation within {} seconds",
                    INIT.as_secs()
                ),
            }),
        }
    }

    /// What the process reports next, or how it ended without a report.
    async fn next_report(&mut self) -> Result<Report, String> {
        tokio::select! {
            biased;
            Some(report) = self.reports.recv() => Ok(report),
            status = ended(&mut self.ended) => match self.reports.try_recv() {
                // Its last word may still be on its way through the channel.
                Ok(report) => Ok(report),
                Err(_) => Err(status),
            },
        }
    }
}

async fn ended(status: &mut watch::Receiver<Option<String>>) -> String {
    match status.wait_for(Option::is_some).await {
        Ok(status) => status.clone().unwrap_or_default(),
        // The task that awaits it was cut short, which only the end of everything does.
        Err(_) => "nobody watches it any more".to_owned(),
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.api.abort();
        self.life.dismiss();
        if !self.life.gone.load(Ordering::Acquire) {
            self.life.kill();
        }
    }
}

impl Life {
    fn serves(&self, request: &str) {
        request.clone_into(&mut self.request());
    }

    fn dismiss(&self) {
        self.dismissed.store(true, Ordering::Release);
    }

    /// Lambda's line about a process that ended by itself.
    fn say_ended(&self, status: &str) {
        let line = format!("RequestId: {} Error: {}", self.request(), exited(status));
        self.logs.push(&self.function, &line);
    }

    /// Kills the process, and the children that it may have.
    fn kill(&self) {
        if let Some(group) = self.group {
            // They may be gone already.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    fn request(&self) -> MutexGuard<'_, String> {
        // Nothing that holds the lock panics.
        self.request.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Awaits the end of a process, so that it is seen at once and none stays a zombie, and puts it
/// into the log unless it was our doing.
async fn reap(
    mut child: Child,
    said: [Option<JoinHandle<()>>; 2],
    life: Arc<Life>,
    ends: watch::Sender<Option<String>>,
) {
    let status = child.wait().await;
    let status = status.map_or_else(|problem| problem.to_string(), shown);
    // At once: as soon as the children are gone too, the group's number may be another's.
    life.kill();
    life.gone.store(true, Ordering::Release);
    let last_words = async {
        for reading in said.into_iter().flatten() {
            // It has read all there was, or panicked; either way nothing more comes.
            let _ = reading.await;
        }
    };
    let _ = tokio::time::timeout(LAST_WORDS, last_words).await;
    if !life.dismissed.load(Ordering::Acquire) {
        life.say_ended(&status);
    }
    ends.send_replace(Some(status));
}

/// An exit as AWS words it.
fn shown(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(9)) => "signal: killed".to_owned(),
        (None, Some(11)) => "signal: segmentation fault".to_owned(),
        (None, Some(6)) => "signal: aborted".to_owned(),
        _ => status.to_string(),
    }
}
