//! `canary local`: serves the simulated AWS with its sample.

use std::net::SocketAddr;

use super::args::Local;
use super::console::Console;
use super::error::CliError;
use super::exit::Exit;
use super::signals::Aborts;
use crate::clock::Clock;
use crate::local::{Config, LocalAws, StartError, sample_world, welcome};

/// Serves until a signal comes.
pub async fn local(console: &Console, arguments: &Local) -> Result<Exit, CliError> {
    let mut aborts = Aborts::listen(console, "ending")
        .map_err(|error| CliError::plain(format!("cannot listen to signals: {error}")))?;
    let config = Config {
        address: SocketAddr::new(arguments.bind, arguments.port),
        speed: arguments.speed,
        seed: arguments.seed,
        allow_remote: arguments.allow_remote,
    };
    if arguments.allow_remote && !arguments.bind.is_loopback() {
        console.say("warning: other machines can reach this endpoint, and it checks no signatures");
    }
    let world = sample_world(arguments.seed, Clock::real().now());
    let served = LocalAws::start(config, world).await?;
    console.result(&welcome(&served.endpoint_url()));
    if let Some(folder) = own_folder() {
        console.result(&format!(
            "  # so that `canary` is found\n  export PATH=\"$PATH:{folder}\"\n"
        ));
    }
    aborts.wait().await;
    served.shutdown().await;
    console.say("stopped; nothing was kept");
    Ok(Exit::Success)
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
