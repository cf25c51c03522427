//! What must hold before a rollout may write anything.
//!
//! All refusals are reported together, each with what to do about it. Nothing is written when
//! there is one.

use super::{
    alias::{AliasView, Contenders},
    mark::{DESCRIPTION_MAX, Mark, RolloutId},
    plan::STEPS_MAX,
    reach::Reach,
    state::State,
    version::{NotAVersion, Version},
};

mod refusal;

pub use refusal::{Audience, Refusal};

/// What is known of a function, an alias and two versions before a rollout.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// The alias.
    pub alias: AliasView,
    /// The version that the alias is at; `None` if it is `$LATEST`.
    pub stable: Option<VersionFacts>,
    /// The version to try; `None` if there is no such version.
    pub canary: Option<VersionFacts>,
    /// The CloudFormation stack that manages the function, by its tag.
    pub stack: Option<String>,
    /// The deployment of CodeDeploy that is shifting this alias. Inside its own hook nobody looks.
    pub deployment: Option<String>,
}

/// What must agree between the versions of a weighted alias, and whether a version can serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionFacts {
    /// `Active`, `Pending`, `Inactive` or `Failed`; `None` where Lambda does not say.
    pub state: Option<String>,
    /// Why it is in that state, in Lambda's words.
    pub state_reason: Option<String>,
    /// The execution role's ARN.
    pub role: String,
    /// The dead-letter target's ARN.
    pub dead_letter: Option<String>,
    /// The longest that an invocation may take, in seconds: 1 to 900.
    pub timeout: u32,
}

impl Facts {
    /// The longest that an invocation of either version may take, in seconds; where Lambda does not
    /// say, the longest that it allows.
    #[must_use]
    pub fn timeout(&self) -> u32 {
        let versions = [&self.stable, &self.canary];
        let longest = versions
            .into_iter()
            .map(|version| version.as_ref().map_or(TIMEOUT_MAX, |facts| facts.timeout))
            .max();
        longest.unwrap_or(TIMEOUT_MAX)
    }
}

/// The longest time-out of a function, in seconds.
pub const TIMEOUT_MAX: u32 = 900;

/// What the caller asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The name that the rollout would have.
    pub rollout: RolloutId,
    /// The version to try.
    pub canary: Version,
    /// Whether the plan has steps, so that two versions will share the traffic for a while.
    pub shifts: bool,
    /// Whether the rollout has any way to notice a bad canary.
    pub watches: bool,
    /// What the plan's minutes have to show, where the rollout cannot pass without it.
    pub reach: Option<Reach>,
    /// Go ahead although a stack manages the function.
    pub detach: bool,
}

/// The preflight's answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Preflight {
    /// Ready to start.
    Ready(Contenders),
    /// The alias is at that version without weights already.
    NothingToDo,
    /// At least one reason not to start.
    Refused(Vec<Refusal>),
}

/// Checks everything that can be known before the first write.
#[must_use]
pub fn preflight(facts: &Facts, request: &Request) -> Preflight {
    let alias = &facts.alias;
    let at_canary = alias.version == request.canary.to_string();
    if at_canary && alias.weights.is_empty() && alias.mark().is_none() {
        return Preflight::NothingToDo;
    }
    let mut refusals = Vec::new();
    refusals.extend(occupied(alias));
    let stable = match alias.version.parse() {
        Ok(version) => Some(version),
        Err(NotAVersion::Latest | NotAVersion::NotANumber(_)) => {
            refusals.push(Refusal::AliasAtLatest);
            None
        }
    };
    refusals.extend(version(facts, request.canary));
    if request.shifts {
        refusals.extend(pair(facts));
        refusals.extend(room_for_mark(alias, &request.rollout));
    }
    if !request.watches {
        refusals.push(Refusal::NothingWatched);
    }
    let reach = request.reach.as_ref();
    refusals.extend(reach.and_then(|reach| reach.refusal(facts.timeout())));
    let managed = facts.stack.clone().filter(|_| !request.detach);
    refusals.extend(managed.map(|stack| Refusal::ManagedByStack { stack }));
    let in_flight = facts.deployment.clone();
    refusals.extend(in_flight.map(|deployment| Refusal::DeploymentInFlight { deployment }));
    match stable {
        Some(stable) if refusals.is_empty() => Preflight::Ready(Contenders {
            rollout: request.rollout.clone(),
            stable,
            canary: request.canary,
        }),
        _ => Preflight::Refused(refusals),
    }
}

/// The state to begin with, once the preflight found everything ready.
pub fn begin(contenders: Contenders, alias: &AliasView, now: jiff::Timestamp) -> State {
    State::new(contenders, alias.revision.clone(), now)
}

fn occupied(alias: &AliasView) -> Option<Refusal> {
    let found = alias.to_string();
    match alias.mark() {
        Some(Mark { rollout, .. }) => Some(Refusal::Marked { rollout, found }),
        None => (!alias.weights.is_empty()).then_some(Refusal::Weighted { found }),
    }
}

fn version(facts: &Facts, version: Version) -> Option<Refusal> {
    let Some(canary) = &facts.canary else {
        return Some(Refusal::NoSuchVersion { version });
    };
    let state = canary.state.as_ref().filter(|state| *state != "Active")?;
    let state = match &canary.state_reason {
        Some(reason) => format!("{state} ({reason})"),
        None => state.clone(),
    };
    Some(Refusal::NotActive { version, state })
}

/// What Lambda demands of two versions that share an alias' traffic (developer guide, "Create an
/// alias for a Lambda function": same execution role, same dead-letter queue or none).
fn pair(facts: &Facts) -> Vec<Refusal> {
    let (Some(stable), Some(canary)) = (&facts.stable, &facts.canary) else {
        return Vec::new();
    };
    let mut refusals = Vec::new();
    if stable.role != canary.role {
        let (stable, canary) = (stable.role.clone(), canary.role.clone());
        refusals.push(Refusal::Roles { stable, canary });
    }
    if stable.dead_letter != canary.dead_letter {
        let (stable, canary) = (stable.dead_letter.clone(), canary.dead_letter.clone());
        refusals.push(Refusal::DeadLetters { stable, canary });
    }
    refusals
}

fn room_for_mark(alias: &AliasView, rollout: &RolloutId) -> Option<Refusal> {
    let longest_mark = Mark {
        rollout: rollout.clone(),
        generation: STEPS_MAX as u32,
    };
    let length = alias.others_description().chars().count();
    let longest = DESCRIPTION_MAX.saturating_sub(longest_mark.to_string().len() + 1);
    (length > longest).then_some(Refusal::DescriptionTooLong { length, longest })
}

#[cfg(test)]
#[path = "preflight_tests.rs"]
mod tests;
