//! `canary run`: the engine in this process. What comes before its first write is in `before`.

pub mod before;

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use jiff::Timestamp;

use super::args::{Run, quoted};
use super::console::Console;
use super::engine;
use super::error::CliError;
use super::exit::Exit;
use super::outcome::{Outcome, Word};
use super::progress::Progress;
use super::rollback::put_back;
use super::signals::Aborts;
use crate::aws::{AwsPorts, Session, alias};
use crate::clock::Clock;
use crate::config::Overrides;
use crate::driver::{Assignment, Counting, Snapshot};
use crate::judge::duration::readable;
use crate::rollout::preflight::begin;
use before::{Accepted, Checked};

/// Runs a rollout to its end, and says how it ended.
pub async fn run(console: &Console, run: &Run) -> Exit {
    let overrides = match before::overrides(run) {
        Ok(overrides) => overrides,
        Err(error) => {
            console.error(&error);
            return error.exit;
        }
    };
    match attempt(console, run, overrides).await {
        Ok((outcome, exit)) => report(console, run, &outcome, exit),
        Err(error) => {
            console.error(&error);
            if !run.json {
                return error.exit;
            }
            let outcome = Outcome::before_start(Word::Error, None, error.what);
            report(console, run, &outcome, error.exit)
        }
    }
}

/// Says how it ended. If that cannot be written, a success is none to whoever waits for it; any
/// other code says more than that one.
fn report(console: &Console, run: &Run, outcome: &Outcome, exit: Exit) -> Exit {
    let name = format!("{}:{}", run.target.function, run.target.alias);
    let sentence = outcome.sentence(&name);
    let json = run.json.then(|| serde_json::to_string(outcome).ok());
    let text = json.flatten();
    match console.result(text.as_ref().unwrap_or(&sentence)) {
        Ok(()) => exit,
        Err(lost) => {
            console.error(&lost);
            console.say(&sentence);
            if exit == Exit::Success {
                lost.exit
            } else {
                exit
            }
        }
    }
}

async fn attempt(
    console: &Console,
    run: &Run,
    overrides: Overrides,
) -> Result<(Outcome, Exit), CliError> {
    // From here on a signal is a wish, never a sudden death: not even between two lines.
    if !console.can_ask() && !run.yes {
        return Err(nobody_to_ask());
    }
    let mut aborts = Aborts::listen(
        console,
        "putting the alias back as soon as the present call has ended",
    )
    .map_err(|error| CliError::plain(format!("cannot listen to signals: {error}")))?;
    let session = Session::connect(&run.aws.session_options()).await?;
    let policy = before::policy_for(console, &session, run, overrides).await?;
    let checked = before::check(console, &session, run, &policy, &mut aborts).await?;
    let (contenders, alias, timeout) = match checked {
        Checked::Ready {
            contenders,
            alias,
            timeout,
        } => (contenders, alias, timeout),
        Checked::NothingToDo(alias) => {
            let reason = format!("the alias is at version {} already, nothing to do", run.to);
            let outcome = Outcome::before_start(Word::Promoted, Some(alias), reason);
            return Ok((outcome, Exit::Success));
        }
    };
    before::countable(&session, run, &policy, &contenders).await?;
    before::announce(console, &session, run, &policy, &contenders, &alias);
    let not_begun = |alias, reason: String| {
        let outcome = Outcome::before_start(Word::Aborted, Some(alias), reason);
        Ok((outcome, Exit::Aborted))
    };
    if !confirmed(console, run, "Go ahead?", &mut aborts).await {
        return not_begun(alias, "not confirmed; nothing was changed".to_owned());
    }
    match before::accept(console, &session, run, &policy.checks, &mut aborts).await? {
        Accepted::Yes => {}
        Accepted::Aborted(by) => {
            return not_begun(alias, format!("aborted by {by}; nothing was shifted"));
        }
    }
    let clock = clock_of(console, &session, "rollout");
    let began = begin(contenders, &alias, clock.now());
    let release = Release {
        ports: AwsPorts::new(
            session.clone(),
            run.target.function.as_str(),
            &run.target.alias,
        ),
        assignment: Assignment::new(policy.rules, policy.alarms, policy.evidence, timeout),
        clock,
        console: console.clone(),
    };
    let ended = release
        .carry_through(Snapshot::new(began), &mut aborts)
        .await?;
    let (mut outcome, exit) = conclude(&session, run, &ended, release.clock.now()).await?;
    let counting = release.assignment.evidence.as_ref();
    outcome.evidence = Counting::account(counting, &ended.evidence);
    Ok((outcome, exit))
}

/// Without a terminal a question cannot be asked, and silence is no consent.
pub fn nobody_to_ask() -> CliError {
    CliError {
        exit: Exit::Usage,
        ..CliError::plain("nobody can be asked here: stdin and stderr are not both a terminal")
            .hint("pass --yes to go ahead without being asked")
    }
}

/// Whether the person agrees. A signal is a no.
async fn confirmed(console: &Console, run: &Run, question: &str, aborts: &mut Aborts) -> bool {
    if aborts.first().is_some() {
        return false;
    }
    if run.yes {
        return true;
    }
    tokio::select! {
        yes = console.ask(question) => yes,
        () = aborts.wait() => false,
    }
}

/// AWS's time, if this machine's clock is far from it: which minutes of the metrics belong to which
/// weight goes by that.
pub fn clock_of(console: &Console, session: &Session, whose: &str) -> Clock {
    let Some(ahead) = session.skew.ahead() else {
        return session.skew.clock();
    };
    let (apart, where_to) = match ahead.is_negative() {
        true => (ahead.abs(), "ahead of"),
        false => (ahead, "behind"),
    };
    console.say(&format!(
        "note: this machine's clock is {} {where_to} AWS's; this {whose} goes by AWS's",
        readable(apart)
    ));
    session.skew.clock()
}

async fn conclude(
    session: &Session,
    run: &Run,
    ended: &Snapshot,
    now: Timestamp,
) -> Result<(Outcome, Exit), CliError> {
    let state = &ended.state;
    let Some(end) = state.end() else {
        return Err(CliError::plain("the rollout stopped without an end"));
    };
    let (function, name) = (run.target.function.as_str(), &run.target.alias);
    let alias = alias::get(&session.lambda, function, name).await.ok();
    let lasted = now.duration_since(state.started_at);
    let left = match &alias {
        None => "to put the alias back, if it carries a weight",
        Some(view) if !view.weights.is_empty() => "to take the weights away",
        Some(view) if view.mark().is_some() => "to remove the mark from its description",
        Some(_) => "",
    };
    let mut outcome = Outcome::of(state, end, alias, lasted);
    if !left.is_empty() {
        outcome.reason += &format!("; {left}: {}", undo(run));
    }
    Ok((outcome, Exit::from(end)))
}

/// The command that takes the weights away.
fn undo(run: &Run) -> String {
    let alias = quoted(&run.target.alias);
    format!(
        "canary rollback --function {} --alias {alias}{}",
        run.target.function,
        run.aws.as_text()
    )
}

/// A rollout with all that it needs to be carried through.
pub struct Release<P> {
    /// The alias' ports.
    pub ports: P,
    /// Plan, limits and alarms.
    pub assignment: Assignment,
    /// The clock that the rollout goes by.
    pub clock: Clock,
    /// Where progress is shown.
    pub console: Console,
}

impl<P: crate::driver::Observe + crate::driver::Act + Sync> Release<P> {
    /// Drives the rollout to its end. A bug that panics does not leave a weight behind.
    ///
    /// # Errors
    /// If the engine panicked.
    pub async fn carry_through(
        &self,
        snapshot: Snapshot,
        aborts: &mut Aborts,
    ) -> Result<Snapshot, CliError> {
        let mut progress = Progress::new(self.console.clone(), &self.assignment);
        let drive = engine::drive(
            &self.ports,
            &self.assignment,
            snapshot,
            &self.clock,
            aborts,
            &mut progress,
        );
        let ended = AssertUnwindSafe(drive).catch_unwind().await;
        progress.finish();
        match ended {
            Ok(snapshot) => Ok(snapshot),
            Err(_) => {
                let put_back = put_back(&self.console, &self.ports, &self.clock).await;
                let after = match put_back {
                    Ok(_) => "the alias was put back".to_owned(),
                    Err(error) => error.what,
                };
                Err(CliError::plain(format!(
                    "the engine panicked, which is a bug; {after}"
                )))
            }
        }
    }
}
