//! One process that serves a function: started, given invocations, killed.

use std::io;
use std::net::Ipv4Addr;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::runtime_api::{self, Report};
use super::{Launch, environment, logs};
use crate::clock::Clock;
use crate::local::Shared;
use crate::sim::invocations::{Ended, Invocation};

/// How long a process may take to ask for an invocation, as on AWS.
const INIT: Duration = Duration::from_secs(10);

/// A process and its own Runtime API. Dropping it kills it.
pub(super) struct Process {
    child: Child,
    group: Option<Pid>,
    invocations: mpsc::Sender<Invocation>,
    reports: mpsc::Receiver<Report>,
    api: JoinHandle<()>,
    /// Whether it can serve another invocation.
    usable: bool,
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
        let group = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw);
        logs::keep(&shared.logs, &invocation.function, child.stdout.take());
        logs::keep(&shared.logs, &invocation.function, child.stderr.take());
        let api = tokio::spawn(runtime_api::serve(listener, receiver, sender));
        Ok(Self {
            child,
            group,
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
        let clock = Clock::real();
        let begun = clock.now();
        let limit = Duration::from_secs(u64::from(invocation.timeout));
        let ended = match tokio::time::timeout(limit, self.next_report()).await {
            Ok(Ok(Report::Ended(ended))) => ended,
            // Anything else is a process that no longer knows what it does.
            Ok(Ok(_)) => self.died("the process asked for another invocation"),
            Ok(Err(status)) => self.died(&status),
            Err(_) => {
                self.usable = false;
                Ended::TimedOut
            }
        };
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
            status = self.child.wait() => match self.reports.try_recv() {
                // Its last word may still be on its way through the channel.
                Ok(report) => Ok(report),
                Err(_) => Err(status.map_or_else(|problem| problem.to_string(), shown)),
            },
        }
    }

    fn died(&mut self, status: &str) -> Ended {
        self.usable = false;
        Ended::Died {
            status: status.to_owned(),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.api.abort();
        if let Some(group) = self.group.take() {
            // It may be gone already.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
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
