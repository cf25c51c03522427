//! `canary run`: the engine in this process.

use std::fmt::Write as _;
use std::panic::AssertUnwindSafe;
use std::path::Path;

use futures_util::FutureExt as _;
use jiff::Timestamp;

use super::args::{AwsArguments, Run, quoted};
use super::console::Console;
use super::engine;
use super::error::CliError;
use super::exit::Exit;
use super::outcome::{Outcome, Word};
use super::policy::{policy_error, read_policy};
use super::progress::Progress;
use super::rollback::put_back;
use super::signals::Aborts;
use crate::aws::preflight::{Gathered, gather};
use crate::aws::{AwsPorts, Session, alias, policy};
use crate::clock::Clock;
use crate::config::Policy;
use crate::driver::{Assignment, Snapshot};
use crate::rollout::preflight::{Preflight, Refusal, Request, begin, preflight};
use crate::rollout::{AliasView, Contenders, Mode, RolloutId};

/// Runs a rollout to its end, and says how it ended.
pub async fn run(console: &Console, aws: &AwsArguments, run: &Run) -> Exit {
    match attempt(console, aws, run).await {
        Ok((outcome, exit)) => {
            report(console, run, &outcome);
            exit
        }
        Err(error) => {
            console.error(&error);
            if run.json {
                report(
                    console,
                    run,
                    &Outcome::before_start(Word::Error, None, error.what),
                );
            }
            error.exit
        }
    }
}

fn report(console: &Console, run: &Run, outcome: &Outcome) {
    let name = format!("{}:{}", run.target.function, run.target.alias);
    let text = if run.json {
        serde_json::to_string(outcome).ok()
    } else {
        None
    };
    console.result(&text.unwrap_or_else(|| outcome.sentence(&name)));
}

async fn attempt(
    console: &Console,
    aws: &AwsArguments,
    run: &Run,
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
    let session = Session::connect(&aws.session_options()).await?;
    let policy = policy_for(console, &session, run).await?;
    let (contenders, alias) = match check(console, &session, run, &policy, &mut aborts).await? {
        Checked::Ready(contenders, alias) => (contenders, alias),
        Checked::NothingToDo(alias) => {
            let reason = format!("the alias is at version {} already, nothing to do", run.to);
            let outcome = Outcome::before_start(Word::Promoted, Some(alias), reason);
            return Ok((outcome, Exit::Success));
        }
    };
    let place = match &aws.endpoint_url {
        Some(url) => format!("{} at {url}", session.region()),
        None => session.region().to_owned(),
    };
    announce(console, aws, &place, run, &policy, &contenders, &alias);
    if !confirmed(console, run, "Go ahead?", &mut aborts).await {
        let reason = "not confirmed; nothing was changed".to_owned();
        return Ok((
            Outcome::before_start(Word::Aborted, Some(alias), reason),
            Exit::Aborted,
        ));
    }
    let began = begin(contenders, &alias, Clock::real().now());
    let release = Release {
        ports: AwsPorts::new(
            session.clone(),
            run.target.function.as_str(),
            &run.target.alias,
        ),
        assignment: Assignment {
            rules: policy.rules,
            alarms: policy.alarms,
            evidence: None,
        },
        clock: Clock::real(),
        console: console.clone(),
    };
    let ended = release
        .carry_through(Snapshot::new(began), &mut aborts)
        .await?;
    conclude(aws, &session, run, &ended, release.clock.now()).await
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

async fn conclude(
    aws: &AwsArguments,
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
        outcome.reason += &format!("; {left}: {}", undo(aws, run));
    }
    Ok((outcome, Exit::from(end)))
}

/// The command that takes the weights away.
fn undo(aws: &AwsArguments, run: &Run) -> String {
    let alias = quoted(&run.target.alias);
    format!(
        "canary rollback --function {} --alias {alias}{}",
        run.target.function,
        aws.as_text()
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
        let mut progress = Progress::new(self.console.clone(), &self.assignment.rules.plan);
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

async fn policy_for(console: &Console, session: &Session, run: &Run) -> Result<Policy, CliError> {
    let (function, alias) = (run.target.function.as_str(), &run.target.alias);
    let base = match &run.policy {
        Some(file) => read_policy(Path::new(file))?,
        None => match policy::find(session, function, alias).await {
            Ok(Some(found)) => {
                console.say(&format!("policy: SSM parameter {}", found.parameter));
                Policy::parse(&found.text)
                    .map_err(|errors| policy_error(&found.parameter, &errors))?
            }
            Ok(None) => Policy::default(),
            Err(error) => {
                let hint = "without knowing its policy a rollout does not start; \
                            --policy FILE does without SSM";
                return Err(CliError::from(error).hint(hint));
            }
        },
    };
    overridden(base, run)
}

fn overridden(mut policy: Policy, run: &Run) -> Result<Policy, CliError> {
    let failed = |errors| policy_error("the policy with the options of the command line", &errors);
    if let Some(plan) = &run.plan {
        policy = policy.with_plan(plan.clone()).map_err(failed)?;
    }
    if let Some(poll) = run.poll {
        policy = policy.with_poll(poll).map_err(failed)?;
    }
    policy
        .with_alarms(run.alarms.iter().cloned())
        .map_err(failed)
}

enum Checked {
    Ready(Contenders, AliasView),
    NothingToDo(AliasView),
}

async fn check(
    console: &Console,
    session: &Session,
    run: &Run,
    policy: &Policy,
    aborts: &mut Aborts,
) -> Result<Checked, CliError> {
    let request = Request {
        rollout: new_rollout_id()?,
        canary: run.to,
        shifts: !policy.rules.plan.steps().is_empty(),
        // The counts of both versions stop nothing here yet: only an alarm does.
        watches: !policy.alarms.alarms.is_empty(),
        detach: run.detach,
    };
    let mut recovered = false;
    loop {
        let (function, alias) = (&run.target.function, &run.target.alias);
        let gathered = gather(session, function, alias, run.to).await?;
        let Gathered { facts, warnings } = gathered.with_deployment(session, function, alias).await;
        let refusals = match preflight(&facts, &request) {
            Preflight::Ready(contenders) => {
                warnings
                    .iter()
                    .for_each(|warning| console.say(&format!("warning: {warning}")));
                return Ok(Checked::Ready(contenders, facts.alias));
            }
            Preflight::NothingToDo => return Ok(Checked::NothingToDo(facts.alias)),
            Preflight::Refused(refusals) => refusals,
        };
        // Putting back is for a start that nothing else stands against.
        let [Refusal::Marked { .. }] = refusals.as_slice() else {
            return Err(refused(&refusals, recovered));
        };
        if !run.recover || recovered {
            return Err(refused(&refusals, recovered));
        }
        let question = format!("{} Put it back first?", refusals[0]);
        if !confirmed(console, run, &question, aborts).await {
            return Err(refused(&refusals, recovered));
        }
        recovered = true;
        let ports = AwsPorts::new(
            session.clone(),
            run.target.function.as_str(),
            &run.target.alias,
        );
        put_back(console, &ports, &Clock::real()).await?;
        console.say("the alias was put back");
    }
}

fn refused(refusals: &[Refusal], recovered: bool) -> CliError {
    let changed = if recovered {
        "the alias was put back"
    } else {
        "nothing was changed"
    };
    let mut what = format!("not started; {changed}");
    for refusal in refusals {
        // Writing to a String cannot fail.
        let _ = write!(what, "\n  {refusal}\n    hint: {}", refusal.hint());
    }
    CliError::plain(what)
}

fn new_rollout_id() -> Result<RolloutId, CliError> {
    let id = uuid::Uuid::new_v4().simple().to_string();
    id[..12]
        .parse()
        .map_err(|error| CliError::plain(format!("{error}")))
}

fn announce(
    console: &Console,
    aws: &AwsArguments,
    place: &str,
    run: &Run,
    policy: &Policy,
    contenders: &Contenders,
    alias: &AliasView,
) {
    let (function, name) = (&run.target.function, &run.target.alias);
    let names = policy.alarms.alarms.iter().map(|rule| rule.name.as_str());
    let names: Vec<&str> = names.collect();
    let watching = if names.is_empty() {
        "no alarm".to_owned()
    } else {
        names.join(", ")
    };
    let advise = match policy.rules.mode {
        Mode::Advise => {
            "\nADVISE ONLY: no alarm will stop this; what it would have stopped is said"
        }
        Mode::Enforce => "",
    };
    if !policy.checks.is_empty() || !policy.bake.is_zero() {
        console.say(
            "warning: the policy's checks and bake are carried out by the CodeDeploy hooks only, not here",
        );
    }
    console.say(&format!(
        "rollout {}: {function}:{name} in {place}, from version {} to version {}\n\
         plan: {}; poll every {:#}; watching {watching}{advise}\n\
         if this process is killed, put the alias back with\n  {}\n\
         or, with the AWS CLI alone, with\n  \
         aws lambda update-alias --function-name {function} --name {} --function-version {} \
         --routing-config AdditionalVersionWeights={{}} --description {}{}",
        contenders.rollout,
        contenders.stable,
        contenders.canary,
        policy.rules.plan,
        policy.rules.limits.poll,
        undo(aws, run),
        quoted(name),
        alias.version,
        quoted(&alias.description),
        aws.as_text(),
    ));
}
