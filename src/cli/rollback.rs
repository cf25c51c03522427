//! `canary rollback`: takes the weights away, with nothing but Lambda.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::sleep;

use super::args::Rollback;
use super::console::Console;
use super::error::CliError;
use super::exit::Exit;
use super::run::nobody_to_ask;
use crate::aws::{AwsPorts, Kind, Session, alias};
use crate::clock::Clock;
use crate::driver::{Act, Observe};
use crate::rollout::{AliasReading, AliasView, Mark, ROLLBACK_PATIENCE, Unapplied, put_back_write};

/// Takes the weights away.
pub async fn rollback(console: &Console, args: &Rollback) -> Result<Exit, CliError> {
    if !console.can_ask() && !args.yes {
        return Err(nobody_to_ask());
    }
    let session = Session::connect(&args.aws.session_options()).await?;
    let function = &args.target.function;
    function.check_region(session.region())?;
    let name = format!("{function}:{}", args.target.alias);
    // A first look tells apart what time mends, which is tried again below, and what it does not:
    // wrong names, missing rights or credentials.
    match alias::get(&session.lambda, function.as_str(), &args.target.alias).await {
        Ok(view) => {
            let asks = !args.yes && put_back_write(&view).is_some();
            if asks && !console.ask(&question(&name, &view)).await {
                console.say("not confirmed; nothing was changed");
                return Ok(Exit::Aborted);
            }
        }
        Err(error) if error.kind == Kind::Passing => console.say(&format!("trying again: {error}")),
        Err(error) => return Err(error.into()),
    }
    let ports = AwsPorts::new(session, function.as_str(), &args.target.alias);
    let text = match put_back(console, &ports, &Clock::real()).await? {
        PutBack::NothingToDo(view) => format!("{name} is {view}: nothing to do"),
        PutBack::Done(before) => {
            let mark = match before.mark() {
                Some(Mark { rollout, .. }) => format!(", under the mark of rollout {rollout}"),
                None => String::new(),
            };
            format!(
                "{name} was {before}{mark}; it is at version {} without weights or mark now",
                before.version
            )
        }
    };
    console.result(&text)?;
    Ok(Exit::Success)
}

fn question(name: &str, view: &AliasView) -> String {
    let whose = match view.mark() {
        Some(Mark { rollout, .. }) => format!(" (rollout {rollout})"),
        None => String::new(),
    };
    format!(
        "{name} is {view}{whose}. Give all traffic to version {}?",
        view.version
    )
}

/// What putting an alias back came to.
#[derive(Debug, Clone, PartialEq)]
pub enum PutBack {
    /// There was neither weight nor mark.
    NothingToDo(AliasView),
    /// It was as shown, and has neither weight nor mark now.
    Done(AliasView),
}

/// Takes weights and mark away, and tries until that is confirmed or patience ends.
///
/// # Errors
/// If the alias does not exist, Lambda refuses, or does not answer for as long as a rollback waits.
pub async fn put_back<P>(console: &Console, ports: &P, clock: &Clock) -> Result<PutBack, CliError>
where
    P: Observe + Act + Sync,
{
    let began = clock.now();
    let mut pause = SignedDuration::from_millis(500);
    let mut before = None;
    loop {
        let error = match ports.alias().await {
            AliasReading::Gone => {
                return Err(CliError::plain(
                    "the function or the alias does not exist any more",
                ));
            }
            AliasReading::Unreadable(error) => error,
            AliasReading::Seen(view) => match put_back_write(&view) {
                None => return Ok(before.map_or(PutBack::NothingToDo(view), PutBack::Done)),
                Some(write) => match ports.write(&write).await {
                    Ok(()) => return Ok(PutBack::Done(view)),
                    Err(Unapplied::Refused(error)) => return Err(CliError::plain(error)),
                    Err(Unapplied::Conflict) => {
                        before = before.or(Some(view));
                        "the alias was changed meanwhile".to_owned()
                    }
                    Err(Unapplied::Lost(error)) => {
                        before = before.or(Some(view));
                        error
                    }
                },
            },
        };
        if clock.now().duration_since(began) > ROLLBACK_PATIENCE {
            return Err(
                CliError::plain(format!("gave up after {ROLLBACK_PATIENCE:#}: {error}"))
                    .hint("a weight may still stand; run this again once Lambda answers"),
            );
        }
        console.say(&format!("trying again: {error}"));
        sleep(clock.real_duration(Duration::try_from(pause).unwrap_or_default())).await;
        pause = (pause * 2).min(SignedDuration::from_secs(15));
    }
}
