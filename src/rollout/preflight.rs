//! What must hold before a rollout may write anything.
//!
//! All refusals are reported together, each with what to do about it. Nothing is written when
//! there is one.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    alias::{AliasView, Contenders},
    mark::{DESCRIPTION_MAX, Mark, RolloutId},
    plan::STEPS_MAX,
    state::State,
    version::{NotAVersion, Version},
};

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The name that the rollout would have.
    pub rollout: RolloutId,
    /// The version to try.
    pub canary: Version,
    /// Whether the plan has steps, so that two versions will share the traffic for a while.
    pub shifts: bool,
    /// Whether the rollout has any way to notice a bad canary.
    pub watches: bool,
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

/// A reason not to start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Refusal {
    /// The alias carries the mark of a rollout.
    Marked {
        /// Whose.
        rollout: RolloutId,
        /// What stands there.
        found: String,
    },
    /// The alias carries somebody's weights.
    Weighted {
        /// What stands there.
        found: String,
    },
    /// The alias is at `$LATEST`.
    AliasAtLatest,
    /// The version to try does not exist.
    NoSuchVersion {
        /// Which.
        version: Version,
    },
    /// The version to try cannot serve.
    NotActive {
        /// Which.
        version: Version,
        /// Its state, and why.
        state: String,
    },
    /// The versions have different execution roles.
    Roles {
        /// Stable's.
        stable: String,
        /// The canary's.
        canary: String,
    },
    /// The versions have different dead-letter targets.
    DeadLetters {
        /// Stable's.
        stable: Option<String>,
        /// The canary's.
        canary: Option<String>,
    },
    /// The description leaves no room for the mark.
    DescriptionTooLong {
        /// Its length in characters.
        length: usize,
        /// The longest that leaves room.
        longest: usize,
    },
    /// Nothing would notice a bad canary.
    NothingWatched,
    /// A stack manages the function.
    ManagedByStack {
        /// Its name.
        stack: String,
    },
    /// CodeDeploy is shifting the alias.
    DeploymentInFlight {
        /// The deployment's id.
        deployment: String,
    },
}

/// Who reads a refusal, and so what its hint may speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// A person or a pipeline that can run the command again with other options.
    CommandLine,
    /// Whoever released through CodeDeploy: there are a policy and a stack, and no options.
    Hook,
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

impl Refusal {
    /// What those who read it can do about it.
    #[must_use]
    pub fn hint(&self, audience: Audience) -> String {
        match self {
            Self::Marked { rollout, .. } => {
                let or = match audience {
                    Audience::CommandLine => ", or let `canary run --recover` do that first",
                    Audience::Hook => ", and release again",
                };
                format!(
                    "rollout {rollout} is under way, or was killed; if it is not running any more, \
                     put the alias back with `canary rollback`{or}"
                )
            }
            Self::Weighted { .. } => {
                "another tool or a person shifts this alias: let them finish, \
                 or take the weights away with `canary rollback`"
                    .to_owned()
            }
            Self::AliasAtLatest => "publish a version and point the alias at it: \
                 `aws lambda publish-version`, then `aws lambda update-alias --function-version`"
                .to_owned(),
            Self::NoSuchVersion { .. } => {
                "`aws lambda list-versions-by-function` shows the versions there are".to_owned()
            }
            Self::NotActive { .. } => {
                "wait until the version is Active; an Inactive one wakes up when it is invoked, a \
                 Failed one has to be published again"
                    .to_owned()
            }
            Self::Roles { .. } => "Lambda cannot split traffic between versions with different \
                 execution roles: publish the new version with the old role, or use AllAtOnce"
                .to_owned(),
            Self::DeadLetters { .. } => "Lambda cannot split traffic between versions with \
                 different dead-letter targets: publish the new version with the old target, or \
                 use AllAtOnce"
                .to_owned(),
            Self::DescriptionTooLong { .. } => {
                "shorten the alias' description: during a rollout it also carries the mark that \
                 tells the rollout's own writes from others'"
                    .to_owned()
            }
            Self::NothingWatched => {
                let name = match audience {
                    Audience::CommandLine => "name an alarm with --alarm, or in the policy's",
                    Audience::Hook => "name an alarm in the policy's",
                };
                format!(
                    "{name} \"alarms\", or let a step last three minutes or more, so that both versions' counts can be \
                     compared, and the policy not say \"evidence\": false; without, nothing would notice a bad canary"
                )
            }
            Self::ManagedByStack { .. } => {
                let or = match audience {
                    Audience::CommandLine => {
                        ", or pass --detach and bring the template up to date afterwards"
                    }
                    Audience::Hook => "",
                };
                format!(
                    "an alias that is moved outside its stack makes the stack's next deployment \
                     fail; release through the stack{or}"
                )
            }
            Self::DeploymentInFlight { deployment } => format!(
                "two writers of one alias undo each other's work: wait until the deployment has \
                 ended, or stop it with `aws deploy stop-deployment --deployment-id {deployment} \
                 --auto-rollback-enabled`"
            ),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let none = "none".to_owned();
        match self {
            Self::Marked { rollout, found } => {
                write!(
                    f,
                    "the alias is {found}, under the mark of rollout {rollout}"
                )
            }
            Self::Weighted { found } => {
                write!(f, "the alias already carries weights: it is {found}")
            }
            Self::AliasAtLatest => {
                f.write_str("the alias is at $LATEST, which cannot share traffic with a version")
            }
            Self::NoSuchVersion { version } => write!(f, "the function has no version {version}"),
            Self::NotActive { version, state } => {
                write!(f, "version {version} is {state}, not Active")
            }
            Self::Roles { stable, canary } => {
                write!(
                    f,
                    "the versions have different execution roles: {stable} and {canary}"
                )
            }
            Self::DeadLetters { stable, canary } => write!(
                f,
                "the versions have different dead-letter targets: {} and {}",
                stable.as_ref().unwrap_or(&none),
                canary.as_ref().unwrap_or(&none)
            ),
            Self::DescriptionTooLong { length, longest } => write!(
                f,
                "the alias' description has {length} characters; more than {longest} leave no room for the mark"
            ),
            Self::NothingWatched => {
                f.write_str("the rollout watches no alarm, and compares no counts")
            }
            Self::ManagedByStack { stack } => {
                write!(f, "the CloudFormation stack {stack} manages this function")
            }
            Self::DeploymentInFlight { deployment } => {
                write!(
                    f,
                    "CodeDeploy is shifting this alias: deployment {deployment} is under way"
                )
            }
        }
    }
}

#[cfg(test)]
#[path = "preflight_tests.rs"]
mod tests;
