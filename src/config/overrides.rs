//! What a person at a command line puts on top of a policy: `--plan`, `--poll`, `--alarm`.
//!
//! Like a policy it is read as a whole, and all that is wrong with it is said together.

use jiff::SignedDuration;

use super::limits::POLL;
use super::mistakes::{MistakeKind, PolicyError, PolicyErrors, cut};
use super::policy::Policy;
use super::{alarms, plan};
use crate::rollout::Plan;
use crate::rollout::plan::parse_duration;

/// What goes on top of a policy; the default changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Overrides {
    plan: Option<Plan>,
    poll: Option<SignedDuration>,
    alarms: Vec<String>,
}

impl Overrides {
    /// Reads the options as they were written.
    ///
    /// # Errors
    /// All that is wrong with them together, each under its option's name.
    pub fn parse(
        plan: Option<&str>,
        poll: Option<&str>,
        alarms: &[String],
    ) -> Result<Self, PolicyErrors> {
        let mut faults = Vec::new();
        let plan = plan.and_then(|text| match text.parse::<Plan>() {
            Ok(plan) => Some(plan),
            Err(error) => {
                faults.push(PolicyError::new("--plan", plan::kind(&error), error));
                None
            }
        });
        let poll = poll.and_then(|text| match parse_duration(&cut(text)) {
            Ok(poll) => {
                faults.extend(POLL.fault("--poll", poll));
                Some(poll)
            }
            Err(error) => {
                faults.push(PolicyError::new("--poll", MistakeKind::BadValue, error));
                None
            }
        });
        for name in alarms {
            faults.extend(alarms::fault(name).map(|fault| fault.at_path("--alarm")));
        }
        match faults.is_empty() {
            true => Ok(Self {
                plan,
                poll,
                alarms: alarms.to_vec(),
            }),
            false => Err(PolicyErrors(faults)),
        }
    }
}

impl Policy {
    /// This policy with what was put on top of it.
    ///
    /// # Errors
    /// All that the two contradict each other in.
    pub fn with(self, overrides: Overrides) -> Result<Self, PolicyErrors> {
        let mut faults = Vec::new();
        let mut policy = self;
        let mut take = |changed: Result<Self, PolicyErrors>, before: Self| match changed {
            Ok(changed) => changed,
            Err(errors) => {
                faults.extend(errors.0);
                before
            }
        };
        if let Some(plan) = overrides.plan {
            policy = take(policy.clone().with_plan(plan), policy);
        }
        if let Some(poll) = overrides.poll {
            policy = take(policy.clone().with_poll(poll), policy);
        }
        policy = take(policy.clone().with_alarms(overrides.alarms), policy);
        match faults.is_empty() {
            true => Ok(policy),
            false => Err(PolicyErrors(faults)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(errors: &PolicyErrors) -> Vec<&str> {
        errors.0.iter().map(|error| error.path.as_str()).collect()
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let alarms = [String::new(), "good".to_owned(), "arn:x".to_owned()];
        let errors = Overrides::parse(Some("x"), Some("y"), &alarms).unwrap_err();
        assert_eq!(paths(&errors), ["--plan", "--poll", "--alarm", "--alarm"]);
        let errors = Overrides::parse(Some("90%:1m,10%:1m"), Some("0s"), &[]).unwrap_err();
        assert_eq!(paths(&errors), ["--plan", "--poll"]);
    }

    #[test]
    fn what_is_put_on_top_goes_first_and_nothing_changes_nothing() {
        let nothing = Overrides::parse(None, None, &[]).unwrap();
        assert_eq!(Policy::default().with(nothing), Ok(Policy::default()));
        let alarms = ["a".to_owned()];
        let all = Overrides::parse(Some("20%:1m"), Some("1s"), &alarms).unwrap();
        let policy = Policy::default().with(all).unwrap();
        assert_eq!(policy.rules.plan.to_string(), "20% for 1m, 100%");
        assert_eq!(policy.rules.limits.poll, SignedDuration::from_secs(1));
        assert_eq!(policy.alarms.alarms[0].name, "a");
    }

    #[test]
    fn a_long_plan_is_read_to_its_end() {
        let steps: Vec<String> = (1..=20).map(|n| format!("{n}%:1m")).collect();
        let long = Overrides::parse(Some(&steps.join(",")), None, &[]).unwrap();
        let policy = Policy::default().with(long).unwrap();
        assert_eq!(policy.rules.plan.steps().len(), 20);
    }

    #[test]
    fn contradictions_with_the_policy_are_said_together_too() {
        let policy = r#"{"plan": "10%:1m", "limits": {"longest": "2m"}}"#;
        let many: Vec<String> = (0..101).map(|n| format!("alarm-{n}")).collect();
        let overrides = Overrides::parse(Some("10%:1h"), None, &many).unwrap();
        let errors = Policy::parse(policy).unwrap().with(overrides).unwrap_err();
        assert_eq!(paths(&errors), ["limits.longest", "alarms"]);
    }
}
