//! The `canary` command: one file a verb.
//!
//! A verb returns how it ended as an [`Exit`]; only [`main`] turns that into a process
//! exit code. Nothing here panics because a terminal or a pipe went away: a rollout must come to
//! its end also when nobody is listening.

mod args;
mod console;
mod demo;
mod engine;
mod error;
pub mod exit;
mod local;
mod outcome;
mod policy;
mod progress;
mod rollback;
mod run;
mod signals;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use args::{Arguments, Verb};
use console::Console;
use error::CliError;
use exit::Exit;

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    listen_to_tracing();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            Console::new().error(&CliError::plain(format!("cannot start: {error}")));
            return Exit::Error.into();
        }
    };
    runtime.block_on(dispatch(arguments)).into()
}

/// Warnings of the libraries on stderr; more with `RUST_LOG`. Never payloads or headers: those are
/// logged at `trace` only by the HTTP libraries, which stay at `warn` here.
fn listen_to_tracing() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    // A second subscriber is refused, which only happens if an embedder has set one.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| Unfailing(std::io::stderr()))
        .try_init();
}

/// A writer whose reader may have gone: a failed log line makes the subscriber print its failure,
/// which fails too, and panics.
struct Unfailing<W>(W);

impl<W: Write> Write for Unfailing<W> {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        let _ = self.0.write_all(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        let _ = self.0.flush();
        Ok(())
    }
}

/// Clap's own exit code for a mistake is 2, which here means a rollback.
fn usage(error: &clap::Error) -> ExitCode {
    // A closed pipe must not turn help into a failure.
    let _ = error.print();
    if error.use_stderr() {
        Exit::Usage.into()
    } else {
        Exit::Success.into()
    }
}

async fn dispatch(arguments: Arguments) -> Exit {
    let console = Console::new();
    let aws = arguments.aws;
    let ended = match arguments.verb {
        Verb::Run(run) => return run::run(&console, &aws, &run).await,
        Verb::Rollback(rollback) => rollback::rollback(&console, &aws, &rollback).await,
        Verb::Policy(policy) => policy::policy(&console, &policy),
        Verb::Local(local) => local::local(&console, &local).await,
        Verb::Demo(demo) => demo::demo(&console, &demo).await,
    };
    ended.unwrap_or_else(|error| {
        console.error(&error);
        error.exit
    })
}
