//! `canary replay`: what the judge would have said of a release that is over.
//!
//! Nothing is written: it reads metrics, the policy, and the versions' time-outs.

mod answer;
mod report;
pub(super) mod window;

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::args::Replay as Arguments;
use super::console::Console;
use super::error::CliError;
use super::exit::Exit;
use super::policy::policy_of;
use super::run::clock_of;
use crate::aws::preflight::{GatherError, find, timeout_of};
use crate::aws::{Session, counts, traffic};
use crate::clock::Clock;
use crate::judge::measure::replay::{Ending, NotTwo, Replay, Stretches, contenders};
use crate::judge::measure::{EvidenceRules, Series, Span, Versions};
use crate::rollout::Version;
use crate::rollout::preflight::TIMEOUT_MAX;
use report::Report;

/// Judges the window, and says what came of it.
pub async fn replay(console: &Console, arguments: &Arguments) -> Result<Exit, CliError> {
    window::window(arguments, Clock::real().now())?;
    if let (Some(stable), Some(canary)) = (arguments.stable, arguments.canary)
        && stable == canary
    {
        let error = CliError::usage(format!("--stable and --canary are both version {stable}"));
        return Err(error.hint("a version is not compared with itself"));
    }
    let session = Session::connect(&arguments.aws.session_options()).await?;
    let function = &arguments.target.function;
    function.check_region(session.region())?;
    // Its metrics outlive a function, so only the wrong account is a reason to stop here.
    if let Err(GatherError::Name(error)) = find(&session, function).await {
        return Err(error.into());
    }
    let now = clock_of(console, &session, "replay").now();
    let window = window::window(arguments, now)?;
    let shifts = window::shifts(&arguments.shifts, window, now)?;
    let mut notes = Vec::new();
    let rules = rules(console, &session, arguments, &mut notes).await?;
    let (versions, stretches) = shared(&session, arguments, window, &shifts).await?;
    let timeout = timeout(&session, arguments, &versions, &mut notes).await;
    let replay = Replay {
        rules: &rules,
        versions: &versions,
        timeout,
        stretches: &stretches,
        now,
    };
    let cloudwatch = &session.cloudwatch;
    let alias = &arguments.target.alias;
    let answer = counts::read(cloudwatch, function.as_str(), alias, &replay.question()).await?;
    let replayed = replay.judge(&answer).map_err(|why| {
        let what = format!("the numbers did not come in full: {why}");
        CliError::plain(what).hint("nothing is judged by a part of them; try again in a moment")
    })?;
    let report = Report {
        arguments,
        replay: &replay,
        replayed: &replayed,
        window,
        named: !shifts.is_empty(),
        notes: &notes,
    };
    report.print(console)?;
    Ok(match replayed.ending {
        Ending::Regression(_) => Exit::RolledBack,
        Ending::Accepted { .. } | Ending::Enough => Exit::Success,
        Ending::Inconclusive(_) => Exit::Findings,
    })
}

/// What the policy says of evidence; if it turns it off, the built-in rules.
async fn rules(
    console: &Console,
    session: &Session,
    arguments: &Arguments,
    notes: &mut Vec<String>,
) -> Result<EvidenceRules, CliError> {
    let hint = "without knowing its policy nothing is judged by it; --policy FILE does without SSM";
    let (target, file) = (&arguments.target, arguments.policy.as_deref());
    let policy = policy_of(console, session, target, file, hint).await?;
    // The versions shared the traffic for as long as they did, whatever the policy's plan says.
    Ok(policy.evidence_where(true).unwrap_or_else(|| {
        notes
            .push("the policy's \"evidence\" is false: judged by its defaults all the same".into());
        EvidenceRules::standard()
    }))
}

/// The two versions, and how they shared the traffic of the window.
async fn shared(
    session: &Session,
    arguments: &Arguments,
    window: Span,
    shifts: &[Timestamp],
) -> Result<(Versions, Stretches), CliError> {
    let (function, alias) = (arguments.target.function.as_str(), &arguments.target.alias);
    let text = |version: &Option<Version>| version.map(|version| version.to_string());
    let (stable, canary) = (text(&arguments.stable), text(&arguments.canary));
    let cloudwatch = &session.cloudwatch;
    let asked: BTreeSet<String> = match (&stable, &canary) {
        (Some(stable), Some(canary)) => [stable.clone(), canary.clone()].into(),
        _ => {
            let mut listed = traffic::versions(cloudwatch, function, alias).await?;
            listed.extend(stable.clone());
            listed.extend(canary.clone());
            listed
        }
    };
    if asked.is_empty() {
        let what = format!("CloudWatch lists no version of {function}:{alias} with metrics");
        return Err(CliError::plain(what).hint(NOTHING_LISTED));
    }
    let found = traffic::requests(cloudwatch, function, alias, &asked, window).await?;
    let versions = contenders(&found, stable.as_deref(), canary.as_deref());
    let versions =
        versions.map_err(|error| not_two(&error, &arguments.target.to_string(), window))?;
    let empty = Series::default();
    let series = |version: &str| found.get(version).unwrap_or(&empty);
    match Stretches::of(series(&versions.canary), series(&versions.stable), shifts) {
        Some(stretches) => Ok((versions, stretches)),
        None => Err(CliError::plain(format!(
            "in no minute of {} did both versions {} and {} of {function}:{alias} have requests",
            report::span(window),
            versions.stable,
            versions.canary,
        ))
        .hint(NOTHING_SHARED)),
    }
}

const NOTHING_LISTED: &str = "check --function, --alias and --region; Lambda has numbers by version only \
     while an alias carries a weight, and CloudWatch lists what had some in the last two weeks, up to \
     15 minutes late: --stable N --canary M does without the list";

const NOTHING_SHARED: &str = "check --from and --to, and the versions if you named them; Lambda has numbers by \
     version only while an alias carries a weight";

fn not_two(error: &NotTwo, target: &str, window: Span) -> CliError {
    let what = format!("{target}, {}: {error}", report::span(window));
    CliError::plain(what).hint(match error {
        NotTwo::None => NOTHING_SHARED,
        NotTwo::One(_) => {
            "there is nothing to compare it with: widen the window, or name both with --stable N \
             --canary M"
        }
        NotTwo::Many(_) => {
            "narrow the window to one release, or name the two with --stable N --canary M"
        }
        NotTwo::Alike(_) | NotTwo::Beside { .. } => "name both with --stable N --canary M",
    })
}

/// The longest that an invocation of either version could take, in seconds. What cannot be known
/// any more is taken for the longest that there is.
async fn timeout(
    session: &Session,
    arguments: &Arguments,
    versions: &Versions,
    notes: &mut Vec<String>,
) -> u32 {
    let mut longest = 0;
    for version in [&versions.stable, &versions.canary] {
        let read = match version.parse() {
            Ok(version) => timeout_of(session, &arguments.target.function, version).await,
            // Lambda names no other versions in a weighted alias' metrics.
            Err(_) => Ok(None),
        };
        let why = match read {
            Ok(Some(seconds)) => {
                longest = longest.max(seconds);
                continue;
            }
            Ok(None) => "does not exist any more".to_owned(),
            Err(error) => format!("could not be read ({error})"),
        };
        notes.push(format!(
            "version {version} {why}: its time-out is taken to be 15 minutes"
        ));
        longest = TIMEOUT_MAX;
    }
    longest
}
