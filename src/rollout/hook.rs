//! The rules of CodeDeploy's hooks: which way a deployment is watched, and by when it must have
//! its answer.
//!
//! Refuses to know how the facts were found and how the answer is given.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{deployment::DeploymentStatus, state::elapsed};
use crate::judge::duration::readable;

/// How long CodeDeploy waits for a hook's answer; then the hook has failed (CodeDeploy user guide,
/// "AppSpec 'hooks' section": one hour).
pub const ANSWER_WITHIN: SignedDuration = SignedDuration::from_hours(1);

/// After this much of it a rollout gives up, so that the alias is put back and the answer given in
/// time, also if Lambda or CodeDeploy has to be asked more than once.
pub const GIVE_UP_AFTER: SignedDuration = SignedDuration::from_mins(55);

/// What a hook finds out about its deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookFacts {
    /// How far the deployment is.
    pub status: DeploymentStatus,
    /// Who made it: `user`, `CloudFormation`, `codeDeployRollback` …
    pub creator: String,
    /// Whether its configuration shifts all traffic at once, as `CodeDeployDefault.LambdaAllAtOnce`
    /// does; configurations of one's own may do so under any name.
    pub shifts_all_at_once: bool,
    /// Whether the policy has steps before all traffic.
    pub has_plan: bool,
    /// When the lifecycle event began, else the deployment: CodeDeploy's hour counts from there.
    pub started_at: Timestamp,
}

/// What a hook does about its deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "way")]
#[must_use]
pub enum Way {
    /// Nothing.
    Ignore {
        /// Why.
        why: Ignored,
    },
    /// The deployment is itself a rollback and never blocked: take weights under our mark away,
    /// then answer `Succeeded`, whatever else is found.
    Rollback,
    /// Our stepper shifts the traffic, and CodeDeploy then gives all of it at once.
    Stepper,
    /// CodeDeploy shifts the traffic, and the guard watches and stops.
    Guard,
}

/// Why a hook has nothing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum Ignored {
    /// The deployment has ended: the event was hours old, or came twice.
    DeploymentEnded {
        /// How.
        status: DeploymentStatus,
    },
}

/// A plan that does not fit into the hook's hour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoesNotFit {
    /// What it takes: all bakes, one poll, and the time until the last minute is settled.
    pub takes: SignedDuration,
    /// What is left until the hook has to give up.
    pub left: SignedDuration,
}

/// Which way a deployment is watched.
///
/// A stepper beside a CodeDeploy that shifts by itself would be a second writer of the alias, so
/// it needs a configuration that shifts all at once.
pub fn way(facts: &HookFacts) -> Way {
    let status = facts.status;
    if status.ended() {
        let why = Ignored::DeploymentEnded { status };
        return Way::Ignore { why };
    }
    if is_rollback(&facts.creator) {
        return Way::Rollback;
    }
    if facts.shifts_all_at_once && facts.has_plan {
        return Way::Stepper;
    }
    Way::Guard
}

/// Whether the deployment with this creator takes another one back.
#[must_use]
pub fn is_rollback(creator: &str) -> bool {
    // CodeDeploy writes one with a small and one with a capital letter.
    ["codeDeployRollback", "CloudFormationRollback"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(creator))
}

/// When a rollout has to give up, for a hook that began then.
pub fn deadline(started_at: Timestamp) -> Timestamp {
    started_at
        .checked_add(GIVE_UP_AFTER)
        .unwrap_or(Timestamp::MAX)
}

/// Whether a plan with these bakes fits into what is left of the hook's hour. `settle` is the time
/// until the last judged minute does not change any more.
///
/// # Errors
/// If it does not.
pub fn fits(
    bakes: SignedDuration,
    poll: SignedDuration,
    settle: SignedDuration,
    started_at: Timestamp,
    now: Timestamp,
) -> Result<(), DoesNotFit> {
    let takes = bakes.saturating_add(poll).saturating_add(settle);
    let left = GIVE_UP_AFTER
        .saturating_sub(elapsed(started_at, now))
        .max(SignedDuration::ZERO);
    if takes > left {
        return Err(DoesNotFit { takes, left });
    }
    Ok(())
}

impl DoesNotFit {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        "shorten the plan; or let CodeDeploy shift the traffic, which may take two days, with the \
         guard watching (a Canary or Linear configuration, Mode: guard); or run the rollout \
         outside CodeDeploy with `canary run`"
    }
}

impl std::error::Error for DoesNotFit {}

impl fmt::Display for DoesNotFit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the plan takes {}, and CodeDeploy waits an hour for a hook, of which {} are left to \
             shift in",
            readable(self.takes),
            readable(self.left),
        )
    }
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DeploymentEnded { status } => write!(
                f,
                "the deployment has ended ({status}): nobody waits for this hook any more"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
    }

    fn facts() -> HookFacts {
        HookFacts {
            status: DeploymentStatus::InProgress,
            creator: "CloudFormation".to_owned(),
            shifts_all_at_once: true,
            has_plan: true,
            started_at: at(0),
        }
    }

    #[test]
    fn the_stepper_only_where_codedeploy_does_not_shift_itself() {
        for (shifts_all_at_once, has_plan, expected) in [
            (true, true, Way::Stepper),
            (true, false, Way::Guard),
            (false, true, Way::Guard),
            (false, false, Way::Guard),
        ] {
            let facts = HookFacts {
                shifts_all_at_once,
                has_plan,
                ..facts()
            };
            assert_eq!(way(&facts), expected);
        }
    }

    #[test]
    fn a_rollback_is_never_blocked() {
        for creator in [
            "codeDeployRollback",
            "CodeDeployRollback",
            "CloudFormationRollback",
        ] {
            for shifts_all_at_once in [true, false] {
                let facts = HookFacts {
                    creator: creator.to_owned(),
                    shifts_all_at_once,
                    ..facts()
                };
                assert_eq!(way(&facts), Way::Rollback);
            }
        }
        for creator in ["user", "autoscaling", "CodeDeployAutoUpdate", ""] {
            let creator = creator.to_owned();
            assert_eq!(way(&HookFacts { creator, ..facts() }), Way::Stepper);
        }
    }

    #[test]
    fn an_ended_deployment_is_left_alone_also_if_it_was_a_rollback() {
        use DeploymentStatus::*;
        for status in [Succeeded, Failed, Stopped] {
            for creator in ["user", "codeDeployRollback"] {
                let creator = creator.to_owned();
                let found = way(&HookFacts {
                    status,
                    creator,
                    ..facts()
                });
                let why = Ignored::DeploymentEnded { status };
                assert!(why.to_string().contains(&status.to_string()));
                assert_eq!(found, Way::Ignore { why });
            }
        }
        for status in [Created, Queued, InProgress, Baking, Ready] {
            assert_eq!(way(&HookFacts { status, ..facts() }), Way::Stepper);
        }
    }

    #[test]
    fn a_plan_fits_up_to_the_last_second_of_the_deadline() {
        let fits = |bakes, now| {
            let secs = SignedDuration::from_secs;
            fits(secs(bakes), secs(15), secs(120), at(0), now)
        };
        let most = 55 * 60 - 135;
        assert_eq!(fits(most, at(0)), Ok(()));
        assert!(fits(most + 1, at(0)).is_err());
        assert!(fits(most - 59, at(1)).is_err());
        assert_eq!(fits(most - 60, at(1)), Ok(()));
        // A clock that went back gives no more time; one far ahead leaves none.
        assert!(fits(most + 1, at(-9)).is_err());
        let late = fits(0, at(90)).unwrap_err();
        assert_eq!(late.left, SignedDuration::ZERO);
        assert_eq!(
            fits(3600, at(0)).unwrap_err().to_string(),
            "the plan takes 1h 2m 15s, and CodeDeploy waits an hour for a hook, of which 55m are \
             left to shift in"
        );
        assert!(late.hint().contains("guard") && late.hint().contains("canary run"));
    }

    #[test]
    fn the_deadline_leaves_time_for_the_answer() {
        assert_eq!(deadline(at(0)), at(55));
        assert_eq!(deadline(Timestamp::MAX), Timestamp::MAX);
        assert!(GIVE_UP_AFTER < ANSWER_WITHIN);
    }
}
