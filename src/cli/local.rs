//! `canary local`: serves the simulated AWS with its sample.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::args::{CodeDeploy, Local};
use super::console::Console;
use super::error::CliError;
use super::exit::Exit;
use super::signals::Aborts;
use crate::clock::Clock;
use crate::local::stack::{allow, deploy_stack};
use crate::local::{Config, LocalAws, StartError, sample_world, welcome};
use crate::sim::deployments::Strictness;

/// Serves until a signal comes.
pub async fn local(console: &Console, arguments: &Local) -> Result<Exit, CliError> {
    let mut aborts = Aborts::listen(console, "ending")
        .map_err(|error| CliError::plain(format!("cannot listen to signals: {error}")))?;
    let config = Config {
        address: SocketAddr::new(arguments.bind, arguments.port),
        speed: arguments.speed,
        seed: arguments.seed,
        allow_remote: arguments.allow_remote,
        functions: Some(functions_program(arguments.functions.as_ref())?),
        simulated_date: false,
    };
    if arguments.allow_remote && !arguments.bind.is_loopback() {
        console.say("warning: other machines can reach this endpoint, and it checks no signatures");
    }
    let mut world = sample_world(arguments.seed, Clock::real().now());
    // People release other functions here than the sample.
    deploy_stack(&mut world)
        .and_then(|()| allow(&mut world, "*", "*"))
        .map_err(|error| CliError::plain(error.to_string()))?;
    world.set_codedeploy(arguments.codedeploy.into());
    // Requests one by one would take a process' time each; `lambda invoke` and the hooks do.
    world.set_traffic_limit(0.0);
    world.clear_trace();
    let served = LocalAws::start(config, world).await?;
    console.result(&welcome(&served.endpoint_url()))?;
    if let Some(folder) = own_folder() {
        console.result(&format!(
            "  # so that `canary` is found\n  export PATH=\"$PATH:{folder}\"\n"
        ))?;
    }
    aborts.wait().await;
    served.shutdown().await;
    console.say("stopped; nothing was kept");
    Ok(Exit::Success)
}

/// The program that serves the functions: this one, unless another is named.
///
/// # Errors
/// If this program's own place is not known.
pub fn functions_program(named: Option<&PathBuf>) -> Result<PathBuf, CliError> {
    match named {
        Some(path) => Ok(path.clone()),
        None => std::env::current_exe().map_err(|error| {
            CliError::plain(format!("this program's own place is not known: {error}"))
                .hint("name a program for the functions with --functions PATH")
        }),
    }
}

impl From<CodeDeploy> for Strictness {
    fn from(named: CodeDeploy) -> Self {
        match named {
            CodeDeploy::Lenient => Self::Lenient,
            CodeDeploy::Strict => Self::Strict,
        }
    }
}

/// Where this program is, if its name alone would not find it.
fn own_folder() -> Option<String> {
    let own = std::env::current_exe().ok()?;
    let folder = own.parent()?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|known| known == folder);
    (!found).then(|| folder.display().to_string())
}

impl From<StartError> for CliError {
    fn from(error: StartError) -> Self {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
        Self::plain(format!("{error}{}", cause.unwrap_or_default()))
    }
}
