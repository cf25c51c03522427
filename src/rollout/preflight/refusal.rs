//! Reasons not to start, each with what to do about it.

use std::fmt;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::judge::duration::readable;
use crate::rollout::{mark::RolloutId, version::Version};

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
    /// Evidence is asked for, and no step holds a minute in which the versions can be compared.
    NeverCompared {
        /// A step of this length holds one, whenever it begins.
        least: SignedDuration,
    },
    /// Early acceptance is asked for, and no minute of the plan is ever old enough to speak for the
    /// canary.
    NeverAccepted {
        /// So long after its end a minute speaks for the canary.
        age: SignedDuration,
        /// The longest that an invocation of either version may take.
        timeout: SignedDuration,
        /// What the plan has to bring such a minute about: its bakes together, or the longest duration.
        within: SignedDuration,
        /// A step of this length brings one about, whenever it begins.
        least: SignedDuration,
    },
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
            Self::NeverCompared { least } => format!(
                "let a step last {} or more; or let the policy say \"evidence\": false, so that only \
                 alarms watch, or \"inconclusive\": \"complete\"",
                readable(*least)
            ),
            Self::NeverAccepted { least, .. } => format!(
                "let a step last {} or more, leave \"accept\" out of the policy, or lower the \
                 versions' time-out",
                readable(*least)
            ),
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
            Self::NeverCompared { .. } => f.write_str(
                "the policy asks for evidence, and no step holds a whole minute in which both \
                 versions' counts can be compared",
            ),
            Self::NeverAccepted {
                age,
                timeout,
                within,
                ..
            } => write!(
                f,
                "the policy asks to be shown that the canary is good enough, which takes minutes that \
                 ended {} ago, since an invocation may last {}; within the {} that the plan has, none \
                 of its minutes gets so old",
                readable(*age),
                readable(*timeout),
                readable(*within),
            ),
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
