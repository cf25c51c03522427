//! `canary policy check` and `canary policy schema`.

use std::io::Read;
use std::path::Path;

use super::args::{Policy as PolicyArguments, PolicyVerb, Target};
use super::console::Console;
use super::error::CliError;
use super::exit::Exit;
use super::run::before::counted;
use crate::aws::{Session, policy};
use crate::config::{self, Policy, PolicyErrors};
use crate::judge::Bound;
use crate::judge::evidence::figures::{grouped, odds};
use crate::judge::measure::{EvidenceRules, Inconclusive};

/// Checks a policy or prints the schema.
pub fn policy(console: &Console, arguments: &PolicyArguments) -> Result<Exit, CliError> {
    match &arguments.verb {
        PolicyVerb::Schema => {
            let schema = serde_json::to_string_pretty(&config::schema())
                .map_err(|error| CliError::plain(error.to_string()))?;
            console.result(&schema)?;
        }
        PolicyVerb::Check { file } => {
            let (place, text) = policy_text(file)?;
            let policy = Policy::parse(&text).map_err(|errors| CliError {
                exit: Exit::Findings,
                ..policy_error(&place, &errors)
            })?;
            console.result(&summary(&policy))?;
            for note in notes(&policy) {
                console.say(&format!("note: {note}"));
            }
        }
    }
    Ok(Exit::Success)
}

/// What is in order, and yet not what somebody may expect.
fn notes(policy: &Policy) -> Vec<&'static str> {
    let too_short = policy.is_too_short_to_compare();
    let mut notes = Vec::new();
    notes.extend(too_short_note(policy));
    let limited = policy.evidence_where(true);
    let limited = limited.is_some_and(|rules| rules.max_errors.is_some());
    if !policy.bake.is_zero() && policy.alarms.alarms.is_empty() && !limited {
        notes.push(
            "it asks for a bake after the shift, where nothing is compared, and names neither an alarm nor \
             \"evidence\": {\"max_errors\": …}: refused, unless the deployment group has an alarm",
        );
    }
    if !policy.watches() {
        notes.push(match too_short {
            true => "it names no alarm either: a rollout by it is refused (--alarm NAME adds one)",
            false => {
                "it names no alarm and compares nothing, and a rollout that watches nothing is refused \
                 (--alarm NAME adds an alarm)"
            }
        });
    }
    notes
}

/// What is said of a plan whose steps hold hardly a minute that can be judged, if it is one.
pub fn too_short_note(policy: &Policy) -> Option<&'static str> {
    let note = match policy.evidence {
        None => TOO_SHORT,
        Some(_) => SHORT_EVIDENCE,
    };
    policy.is_too_short_to_compare().then_some(note)
}

const SHORT_EVIDENCE: &str = "no step gives the canary traffic for three minutes, so hardly a minute can be judged, \
     and too little evidence ends as \"inconclusive\" says";

const TOO_SHORT: &str = "no step gives the canary traffic for the three minutes that it takes to compare both \
     versions' counts: only alarms watch such a rollout";

fn summary(policy: &Policy) -> String {
    let names = policy.alarms.alarms.iter().map(|rule| rule.name.as_str());
    let names: Vec<&str> = names.collect();
    let limits = &policy.rules.limits;
    let evidence = policy.evidence.as_ref().map_or_else(String::new, |rules| {
        format!("\n  evidence: {}", evidence(rules))
    });
    let bake = match policy.bake.is_zero() {
        true => String::new(),
        false => format!("\n  bake: {:#} after CodeDeploy's shift", policy.bake),
    };
    format!(
        "the policy is in order\n  plan: {}\n  alarms: {}\n  counted: {}{evidence}{bake}\n  poll every {:#}, at most \
         {:#} in all, {:#} of failing calls",
        policy.rules.plan,
        if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        },
        policy
            .evidence
            .as_ref()
            .map_or_else(|| "nothing".to_owned(), counted),
        limits.poll,
        limits.longest,
        limits.error_budget,
    )
}

/// What stops a canary, what lets it pass early, and what too little leads to.
fn evidence(rules: &EvidenceRules) -> String {
    let mut parts = vec![format!("odds of {} stop it", odds(-rules.alpha.ln()))];
    if let Some(most) = rules.max_errors {
        parts.push(format!("so do more than {} errors", grouped(most)));
    }
    if let Some(accept) = rules.accept {
        let bound = Bound::new(accept.excess, 1.0 - accept.alpha);
        parts.push(format!("done early once it is shown to be {bound}"));
    }
    let least = grouped(rules.min_requests);
    let inconclusive = match rules.inconclusive {
        None => "hold, inside CodeDeploy roll back",
        Some(Inconclusive::Complete) => "complete",
        Some(Inconclusive::Hold) => "hold",
        Some(Inconclusive::Rollback) => "roll back",
    };
    parts.push(format!(
        "fewer than {least} requests are too few: {inconclusive}"
    ));
    parts.join("; ")
}

/// Reads a policy from a file, or from stdin if the file is `-`.
pub fn read_policy(file: &Path) -> Result<Policy, CliError> {
    let (place, text) = policy_text(file)?;
    Policy::parse(&text).map_err(|errors| policy_error(&place, &errors))
}

/// The policy of this alias: the file's, else the one in SSM, else the built-in default. `hint` is
/// what to do if SSM cannot be read.
///
/// # Errors
/// If it cannot be read, or has mistakes: then all of them.
pub async fn policy_of(
    console: &Console,
    session: &Session,
    target: &Target,
    file: Option<&Path>,
    hint: &str,
) -> Result<Policy, CliError> {
    if let Some(file) = file {
        return read_policy(file);
    }
    match policy::find(session, target.function.as_str(), &target.alias).await {
        Ok(Some(found)) => {
            console.say(&format!("policy: SSM parameter {}", found.parameter));
            Policy::parse(&found.text).map_err(|errors| policy_error(&found.parameter, &errors))
        }
        Ok(None) => Ok(Policy::default()),
        Err(error) => Err(CliError::from(error).hint(hint)),
    }
}

fn policy_text(file: &Path) -> Result<(String, String), CliError> {
    let place = match file.to_str() {
        Some("-") => "stdin".to_owned(),
        _ => file.display().to_string(),
    };
    match read(file) {
        Ok(text) => Ok((place, text)),
        Err(error) => Err(CliError::plain(format!("cannot read the policy: {error}")).at(&place)),
    }
}

fn read(file: &Path) -> std::io::Result<String> {
    /// Far above the largest policy; a wrong file must not fill the memory.
    const MOST: u64 = 1 << 20;
    let mut text = String::new();
    if file == Path::new("-") {
        std::io::stdin().take(MOST).read_to_string(&mut text)?;
    } else {
        std::fs::File::open(file)?
            .take(MOST)
            .read_to_string(&mut text)?;
    }
    Ok(text)
}

/// All mistakes of a policy as one error.
pub fn policy_error(place: &str, errors: &PolicyErrors) -> CliError {
    CliError::plain(format!("{place}: {errors}"))
}
