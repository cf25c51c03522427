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
mod judge;
mod local;
mod outcome;
mod plan;
mod policy;
mod progress;
mod replay;
mod rollback;
mod run;
mod signals;
mod simulate;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Verb};
use console::Console;
use error::CliError;
use exit::Exit;

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    // Started by Lambda, local or real, this program is one of the functions.
    if crate::lambda::in_lambda() {
        return crate::lambda::main();
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    let console = Console::new();
    listen_to_tracing(&console);
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            console.error(&CliError::plain(format!("cannot start: {error}")));
            console.flush();
            return Exit::Error.into();
        }
    };
    let exit = runtime.block_on(dispatch(&console, arguments));
    console.flush();
    exit.into()
}

/// Errors of the libraries go to stderr. Not more, whatever the environment says: on the finer
/// levels the HTTP libraries log payloads and headers.
fn listen_to_tracing(console: &Console) {
    let console = console.clone();
    // A second subscriber is refused, which only happens if an embedder has set one.
    let _ = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::ERROR)
        .with_writer(move || console.clone())
        .try_init();
}

/// Clap's own exit code for a mistake is 2, which here means a rollback.
fn usage(error: &clap::Error) -> ExitCode {
    if error.use_stderr() {
        // The code says it too, where nobody reads stderr.
        let _ = error.print();
        return Exit::Usage.into();
    }
    match console::written(error.print()) {
        Ok(()) => Exit::Success.into(),
        Err(lost) => {
            let _ = writeln!(std::io::stderr(), "error: {}", lost.what);
            lost.exit.into()
        }
    }
}

async fn dispatch(console: &Console, arguments: Arguments) -> Exit {
    let ended = match arguments.verb {
        Verb::Run(run) => return run::run(console, &run).await,
        Verb::Rollback(rollback) => rollback::rollback(console, &rollback).await,
        Verb::Policy(policy) => policy::policy(console, &policy),
        Verb::Judge(judge) => judge::judge(console, &judge),
        Verb::Plan(plan) => plan::plan(console, &plan),
        Verb::Replay(replay) => replay::replay(console, &replay).await,
        Verb::Simulate(simulate) => simulate::simulate(console, &simulate).await,
        Verb::Local(local) => local::local(console, &local).await,
        Verb::Demo(demo) => demo::demo(console, &demo).await,
    };
    ended.unwrap_or_else(|error| {
        console.error(&error);
        error.exit
    })
}

#[cfg(test)]
mod garbage_tests;
