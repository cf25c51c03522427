//! The local endpoint: AWS's protocols over the simulated world, on loopback.
//!
//! Unmodified clients — the Rust SDK, the AWS CLI, boto3 — talk to it as to AWS when
//! `AWS_ENDPOINT_URL` points here. What it serves is a [`World`]; time in it is virtual and runs
//! `speed` times as fast as real time, also while nobody calls.
//!
//! * Signatures are not verified: any key will do, and its holder may do anything. An unsigned request
//!   is refused, as by AWS. The functions' processes have keys of their own, and the rights of their roles.
//! * Whatever is not here is answered at once in the shape that AWS gives errors in that protocol.
//! * Simulated outages are real: a time-out is silence, a reset is a TCP reset.
//! * With [`Config::functions`], functions whose handler the program has are real processes, over
//!   Lambda's Runtime API. Time stands still while one of them has an invocation to answer.
//! * `/_local/` is for the person at the keyboard, without signatures and in plain JSON: what is
//!   here, traffic, behaviour, faults, the trace. See [`admin`](self#administration).
//!
//! # Administration
//!
//! | request | body | what |
//! |---|---|---|
//! | `GET /_local/` | | what is here, and the virtual time |
//! | `PUT /_local/traffic` | `{"function","alias","requests_per_second"}` | how many requests an alias gets |
//! | `PUT /_local/behaviour` | `{"function","version","error_rate","latency_ms"}` | how a version behaves; absent numbers take the default (no errors, 50 ms) |
//! | `PUT /_local/version-state` | `{"function","version","state"}` | `Pending`, `Active` or `Failed` |
//! | `GET /_local/faults` | | the rules that are in force |
//! | `POST /_local/faults` | `{"kind","service","operation","effect","seconds","times"}` | adds a rule; only `kind` is needed |
//! | `DELETE /_local/faults` | | removes all rules |
//! | `GET /_local/calls` | | the newest calls; `?limit=n` |
//! | `GET /_local/rights` | | what functions asked for under their roles, and which statement allowed it |
//! | `GET /_local/events` | | the newest events on the bus; `?limit=n` |
//! | `GET /_local/messages` | | the newest messages to topics; `?limit=n` |
//! | `GET /_local/logs` | | what a function's processes printed, and how they ended; `?function=name` |
//!
//! Only loopback reaches them, and no page in a browser (requests with an `Origin` are refused).
//!
//! What this module refuses to know: rollouts, policies, and how the world works. Start reading at
//! [`LocalAws::start`].

mod admin;
mod body;
mod connection;
mod direct;
mod processes;
mod protocol;
mod sample;
mod server;
mod shared;
pub mod stack;
mod welcome;

pub use direct::{Answer, Request, answer, operation_of};
pub use processes::{CannotServe, LogLine};
pub use sample::{Sample, first_version_world, sample_world, unreleased_world};
pub use welcome::welcome;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::sim::World;
use processes::Launch;
use shared::Shared;

/// The port unless another one is asked for.
pub const DEFAULT_PORT: u16 = 4599;

/// The greatest speed: an unoptimised build simulates about 70,000 seconds in one, and calls have
/// to come in between.
const MAX_SPEED: f64 = 10_000.0;

/// How long a shutdown waits for answers that are under way.
const FAREWELL: Duration = Duration::from_secs(2);

/// How to serve.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen; port 0 takes a free one.
    pub address: SocketAddr,
    /// Virtual seconds per real second.
    pub speed: f64,
    /// The seed that the world was made with, shown at `/_local/`.
    pub seed: u64,
    /// Serve on an address that others can reach. Anyone there can then use the endpoint.
    pub allow_remote: bool,
    /// The program that serves functions with the handlers `pre_traffic`, `post_traffic`,
    /// `stepper` and `sample`, each in processes of its own. Without it they are modelled too.
    pub functions: Option<PathBuf>,
    /// Whether answers carry the simulated time as their `Date`, and not the machine's. Clients of the
    /// SDK then find their own clock wrong: they sign by the other one, and take a refusal for the
    /// clock's fault and try again.
    pub simulated_date: bool,
}

impl Default for Config {
    fn default() -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, DEFAULT_PORT));
        Self {
            address,
            speed: 1.0,
            seed: 1,
            allow_remote: false,
            functions: None,
            simulated_date: false,
        }
    }
}

/// Why the endpoint did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Somebody else listens there.
    #[error(
        "{0} is already in use: is another `canary local` running? Choose another port with --port (0 takes a free one)"
    )]
    PortInUse(SocketAddr),
    /// The address is not a loopback address and nobody allowed that.
    #[error(
        "{0} can be reached from other machines; the local AWS checks no signatures, so it serves on loopback (127.0.0.1 or ::1) unless that is allowed (--allow-remote)"
    )]
    NotLoopback(SocketAddr),
    /// The speed is not a number above zero.
    #[error("the speed must be a number above 0 and at most {MAX_SPEED}, not {0}")]
    Speed(f64),
    /// The program for the functions cannot be started.
    #[error("there is no program for the functions at {}", path.display())]
    Functions {
        /// The program that was asked for.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

/// A running endpoint. Dropping it stops it too, without waiting.
#[derive(Debug)]
pub struct LocalAws {
    shared: Arc<Shared>,
    address: SocketAddr,
    closing: watch::Sender<bool>,
    server: JoinHandle<()>,
    heartbeat: JoinHandle<()>,
    functions: JoinHandle<()>,
}

impl LocalAws {
    /// Starts serving `world`; its time goes on from where it is.
    ///
    /// # Errors
    ///
    /// See [`StartError`].
    pub async fn start(config: Config, world: World) -> Result<Self, StartError> {
        if !(config.speed > 0.0 && config.speed <= MAX_SPEED) {
            return Err(StartError::Speed(config.speed));
        }
        if !config.address.ip().is_loopback() {
            if !config.allow_remote {
                return Err(StartError::NotLoopback(config.address));
            }
            tracing::warn!(address = %config.address, "the local AWS can be reached from other machines and checks no signatures");
        }
        let listener = listen(config.address).await?;
        let address = listener.local_addr().map_err(|source| StartError::Listen {
            address: config.address,
            source,
        })?;
        let mut world = world;
        let launch = launch(&config, &world, address)?;
        if launch.is_some() {
            world.host(processes::HANDLERS);
        }
        let (closing, closed) = watch::channel(false);
        let shared = Arc::new(Shared::new(world, config, closed));
        let server = tokio::spawn(server::run(listener, Arc::clone(&shared)));
        let heartbeat = tokio::spawn(shared::beat(Arc::clone(&shared)));
        let functions = tokio::spawn(processes::run(Arc::clone(&shared), launch));
        Ok(Self {
            shared,
            address,
            closing,
            server,
            heartbeat,
            functions,
        })
    }

    /// The address that it really listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What to put into `AWS_ENDPOINT_URL`.
    #[must_use]
    pub fn endpoint_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Looks at or changes the world, at its present time. No call is served meanwhile. If `f`
    /// advances the world, its clock skips ahead with it. Not to be nested: `f` has the world to itself.
    pub fn with_world<R>(&self, f: impl FnOnce(&mut World) -> R) -> R {
        self.shared.with_world(f)
    }

    /// The virtual time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// The clock that the world runs by.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.shared.clock.clone()
    }

    /// The newest 1,000 lines that the processes of a function have printed, oldest first.
    #[must_use]
    pub fn logs(&self, function: &str) -> Vec<String> {
        self.shared.logs.of(function)
    }

    /// The lines of all functions from that number on, in the order in which they were written; of
    /// each function the newest 1,000 are kept.
    #[must_use]
    pub fn log_lines(&self, from: u64) -> Vec<LogLine> {
        self.shared.logs.from(from)
    }

    /// A function that was invoked and of which no process has ever asked for an invocation: the
    /// program given with [`Config::functions`] does not serve it.
    #[must_use]
    pub fn cannot_serve(&self) -> Option<CannotServe> {
        self.shared.starts.failed()
    }

    /// Stops: kills the functions' processes, finishes the answers that are under way, breaks the
    /// connections that a simulated time-out keeps waiting, and frees the port.
    pub async fn shutdown(mut self) {
        self.closing.send_replace(true);
        // Once this returns, no process of a function is left.
        let _ = tokio::time::timeout(FAREWELL, &mut self.functions).await;
        if tokio::time::timeout(FAREWELL, &mut self.server)
            .await
            .is_err()
        {
            self.server.abort();
        }
    }
}

impl Drop for LocalAws {
    fn drop(&mut self) {
        self.closing.send_replace(true);
        self.server.abort();
        self.heartbeat.abort();
        self.functions.abort();
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => StartError::PortInUse(address),
            _ => StartError::Listen { address, source },
        })
}

/// How to start the functions' processes, if there is a program for them.
fn launch(
    config: &Config,
    world: &World,
    address: SocketAddr,
) -> Result<Option<Launch>, StartError> {
    let Some(path) = &config.functions else {
        return Ok(None);
    };
    let program = path
        .canonicalize()
        .and_then(|program| match program.is_file() {
            true => Ok(program),
            false => Err(io::Error::other("it is not a file")),
        })
        .map_err(|source| StartError::Functions {
            path: path.clone(),
            source,
        })?;
    // Who listens everywhere is reached on loopback.
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    Ok(Some(Launch {
        program,
        endpoint: format!("http://{}", SocketAddr::new(ip, address.port())),
        region: world.region().to_owned(),
    }))
}
