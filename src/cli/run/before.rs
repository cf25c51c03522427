//! What comes before the first write: the policy, the preflight, a person's answer, and the checks
//! of the new version.

use std::fmt::Write as _;

use super::{confirmed, undo};
use crate::aws::preflight::{Gathered, gather};
use crate::aws::{AwsPorts, Session, checks, counts};
use crate::cli::args::{Run, quoted};
use crate::cli::console::Console;
use crate::cli::error::CliError;
use crate::cli::policy::{policy_error, policy_of, too_short_note};
use crate::cli::rollback::put_back;
use crate::cli::signals::Aborts;
use crate::clock::Clock;
use crate::config::{Overrides, Policy};
use crate::judge::acceptance::Check;
use crate::judge::measure::{EvidenceRules, Versions};
use crate::rollout::preflight::{Audience, Preflight, Refusal, Request, preflight};
use crate::rollout::reach::Reach;
use crate::rollout::{AliasView, Contenders, Mode, RolloutId};

/// The options that go on top of the policy.
///
/// # Errors
/// All mistakes in them together; the command line is wrong then.
pub fn overrides(run: &Run) -> Result<Overrides, CliError> {
    Overrides::parse(run.plan.as_deref(), run.poll.as_deref(), &run.alarms).map_err(|errors| {
        let mut what = "the command line is wrong".to_owned();
        for error in &errors.0 {
            // Writing to a String cannot fail.
            let _ = write!(what, "\n  {}", error.to_string().replace('\n', "\n  "));
        }
        CliError::usage(what).hint("`canary run --help` has examples")
    })
}

/// The policy, with the options of the command line on top.
///
/// # Errors
/// If it cannot be read or has mistakes, or the options do not fit it.
pub async fn policy_for(
    console: &Console,
    session: &Session,
    run: &Run,
    overrides: Overrides,
) -> Result<Policy, CliError> {
    let hint =
        "without knowing its policy a rollout does not start; --policy FILE does without SSM";
    let base = policy_of(console, session, &run.target, run.policy.as_deref(), hint).await?;
    base.with(overrides)
        .map_err(|errors| policy_error("the policy with the options of the command line", &errors))
}

/// What the preflight came to.
pub enum Checked {
    /// The versions, and the alias as it is.
    Ready {
        /// The versions, and the rollout's name.
        contenders: Contenders,
        /// The alias as it is.
        alias: AliasView,
        /// The longest that an invocation of either version may take, in seconds.
        timeout: u32,
    },
    /// The alias is at the version already.
    NothingToDo(AliasView),
}

/// Whether anything stands against the start; with `--recover` a killed rollout is put back first.
///
/// # Errors
/// Every reason against it, or that the facts could not be had.
pub async fn check(
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
        watches: policy.watches(),
        reach: Reach::of(&policy.rules, policy.evidence.as_ref(), policy.rules.finish),
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
                let timeout = facts.timeout();
                return Ok(Checked::Ready {
                    contenders,
                    alias: facts.alias,
                    timeout,
                });
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

/// Whether the versions can be counted, if the policy asks for that.
///
/// # Errors
/// If a right is missing, which no waiting gives.
pub async fn countable(
    session: &Session,
    run: &Run,
    policy: &Policy,
    contenders: &Contenders,
) -> Result<(), CliError> {
    // Where nothing is enforced, it is only said on the way.
    let enforced = policy.rules.mode == Mode::Enforce;
    let Some(rules) = policy.evidence.as_ref().filter(|_| enforced) else {
        return Ok(());
    };
    let versions = Versions {
        stable: contenders.stable.to_string(),
        canary: contenders.canary.to_string(),
    };
    let (client, now) = (&session.cloudwatch, session.skew.clock().now());
    let (function, alias) = (run.target.function.as_str(), &run.target.alias);
    let tried = counts::try_out(client, function, alias, rules, &versions, now).await;
    tried.map_err(|(why, hint)| {
        let error = CliError::plain(format!("not started; nothing was changed\n  {why}"));
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    })
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
        let hint = refusal.hint(Audience::CommandLine);
        let _ = write!(what, "\n  {refusal}\n    hint: {hint}");
    }
    CliError::plain(what)
}

/// What is counted of both versions.
pub fn counted(evidence: &EvidenceRules) -> String {
    let names = evidence.metrics.iter().map(|metric| metric.name.as_str());
    format!("{} of both versions", names.collect::<Vec<_>>().join(", "))
}

fn new_rollout_id() -> Result<RolloutId, CliError> {
    let id = uuid::Uuid::new_v4().simple().to_string();
    id[..12]
        .parse()
        .map_err(|error| CliError::plain(format!("{error}")))
}

/// Says what is about to happen, and how it can be undone if this process cannot.
pub fn announce(
    console: &Console,
    session: &Session,
    run: &Run,
    policy: &Policy,
    contenders: &Contenders,
    alias: &AliasView,
) {
    let (function, name) = (&run.target.function, &run.target.alias);
    let place = match &run.aws.endpoint_url {
        Some(url) => format!("{} at {url}", session.region()),
        None => session.region().to_owned(),
    };
    let names = policy.alarms.alarms.iter().map(|rule| rule.name.as_str());
    let names: Vec<&str> = names.collect();
    let mut watching = vec![if names.is_empty() {
        "no alarm".to_owned()
    } else {
        names.join(", ")
    }];
    watching.extend(policy.evidence.as_ref().map(counted));
    let watching = watching.join("; counting ");
    let advise = match policy.rules.mode {
        Mode::Advise => {
            "\nADVISE ONLY: neither alarm nor evidence will stop this; what it would have stopped is said"
        }
        Mode::Enforce => "",
    };
    if !policy.bake.is_zero() {
        console.say(
            "warning: the policy's bake is for releases by CodeDeploy, and not carried out here: \
             the end of the plan is the end of the watch",
        );
    }
    if let Some(note) = too_short_note(policy) {
        console.say(&format!("note: {note}"));
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
        undo(run),
        quoted(name),
        alias.version,
        quoted(&alias.description),
        run.aws.as_text(),
    ));
}

/// What the checks came to.
pub enum Accepted {
    /// The new version answered as it should, or nothing was asked.
    Yes,
    /// Somebody wished to abort meanwhile; the signal's name.
    Aborted(&'static str),
}

/// Calls the new version as the policy's checks ask.
///
/// # Errors
/// If a check failed, with all that did.
pub async fn accept(
    console: &Console,
    session: &Session,
    run: &Run,
    asked: &[Check],
    aborts: &mut Aborts,
) -> Result<Accepted, CliError> {
    if asked.is_empty() {
        console.say("no checks: the policy has none");
        return Ok(Accepted::Yes);
    }
    let function = run.target.function.as_str();
    let clock = Clock::real();
    let told = |name: &str, failed: Option<&str>| match failed {
        None => console.say(&format!("check {name}: passed")),
        Some(why) => console.say(&format!("check {name}: failed: {why}")),
    };
    let lambda = &session.lambda;
    let failures = tokio::select! {
        failures = checks::run(lambda, function, run.to, asked, || clock.now(), told) => failures,
        () = aborts.wait() => return Ok(Accepted::Aborted(aborts.first().unwrap_or("a signal"))),
    };
    if failures.is_empty() {
        return Ok(Accepted::Yes);
    }
    let what = format!(
        "not started, nothing was shifted; acceptance checks failed: {}",
        failures.join("; ")
    );
    Err(CliError::plain(what).hint(format!(
        "what it answers is not shown: call it yourself with \
         aws lambda invoke --function-name {function}:{} --payload … /dev/stdout",
        run.to
    )))
}
