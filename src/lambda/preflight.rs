//! What is to be released, by which policy and in which way, and whether anything stands against it.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Functions;
use super::crowd;
use super::discovery::{Shifted, Undiscovered, discover};
use super::document::{Carry, Conclusion, Document, Next, Outcome, Release, SCHEMA, Way, Word};
use super::failure::Failure;
use super::log::{self, Level};
use super::rollback;
use crate::aws::deployments::{self, Deployment};
use crate::aws::{Kind, counts, policy};
use crate::config::Policy;
use crate::judge::measure::{EvidenceRules, Versions};
use crate::rollout::Shift;
use crate::rollout::deployment::Hook;
use crate::rollout::hook::{self, HookFacts};

mod guard;
mod stepper;

/// After the shift there is nothing to compare with.
pub const NOTHING_TO_BAKE_BY: &str = "the policy asks for a bake, but neither it nor the deployment group names an \
     alarm to watch: after the shift there is no stable version to compare with (hint: name an alarm in the \
     policy's \"alarms\", or say how many failed requests are too many: \"evidence\": {\"max_errors\": 10})";

/// The reason that lets a rollback pass.
const A_ROLLBACK: &str = "this deployment is itself a rollback, which is never blocked";

/// Why nothing is started.
pub enum Stop {
    /// The hook is answered with this.
    With(Box<Conclusion>),
    /// Nothing is to be answered.
    Ended(String),
    /// It is not known yet: try again.
    Later(Failure),
    /// Others come first: try again in so many seconds.
    Queue(u64),
}

impl Stop {
    /// The hook is answered with this.
    pub fn with(outcome: Outcome) -> Self {
        Self::With(Box::new(outcome.into()))
    }

    /// The same, once it is known what is to be released.
    #[must_use]
    pub fn about(self, shifted: &Shifted) -> Self {
        match self {
            Self::With(mut conclusion) => {
                conclusion.subject = Some(shifted.subject());
                Self::With(conclusion)
            }
            other => other,
        }
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Later(failure)
    }
}

/// The document after a preparation that came to this.
///
/// # Errors
/// If something could not be read that may be read later.
pub fn conclude(document: Document, prepared: Result<Carry, Stop>) -> Result<Document, Failure> {
    match prepared {
        Ok(carry) => {
            let next = match (&carry.outcome, document.hook) {
                (Some(_), _) => Next::Report,
                (None, Hook::PreTraffic) => Next::Checks,
                (None, Hook::PostTraffic) => Next::Tick,
            };
            Ok(document.carrying(&carry).then(next))
        }
        Err(Stop::With(conclusion)) => Ok(document.concluded(&conclusion)),
        Err(Stop::Ended(why)) => {
            log::line(
                Level::Warn,
                &why,
                json!({ "deployment": document.event.deployment_id }),
            );
            Ok(document.then(Next::Done))
        }
        Err(Stop::Later(failure)) => Err(failure),
        Err(Stop::Queue(seconds)) => Ok(document.later(seconds)),
    }
}

/// Prepares the rollout before the shift.
///
/// # Errors
/// See [`Stop`].
pub async fn before(
    functions: &Functions,
    document: &mut Document,
    now: Timestamp,
    execution: &str,
) -> Result<Carry, Stop> {
    let deployment = open_deployment(functions, document).await?;
    // After what a rollback needs, and before what takes Lambda's calls.
    crowd::queue(functions, document, &deployment, now, execution).await?;
    let shifted = what(functions, &deployment).await?;
    let prepared = prepare(functions, &deployment, &shifted, now).await;
    crowd::patient(prepared, document, &deployment, now).map_err(|stop| stop.about(&shifted))
}

async fn prepare(
    functions: &Functions,
    deployment: &Deployment,
    shifted: &Shifted,
    now: Timestamp,
) -> Result<Carry, Stop> {
    let policy = policy_of(functions, shifted).await?;
    let shift = deployments::shift(&functions.session.codedeploy, &deployment.config)
        .await
        .map_err(Failure::from)?;
    let facts = HookFacts {
        status: deployment.status,
        creator: deployment.creator.clone(),
        shifts_all_at_once: shift == Shift::AllAtOnce,
        has_plan: !policy.rules.plan.steps().is_empty(),
        started_at: shifted.event_since.or(deployment.created_at).unwrap_or(now),
    };
    let release = release(shifted, hook::deadline(facts.started_at));
    let way = match hook::way(&facts) {
        hook::Way::Stepper => {
            stepper::prepare(functions, deployment, shifted, policy, &facts, now).await?
        }
        hook::Way::Guard => {
            guard::prepare(functions, deployment, shifted, &policy, shift, now).await?
        }
        hook::Way::Rollback => return Err(Stop::with(Outcome::passed(A_ROLLBACK))),
        hook::Way::Ignore { why } => return Err(Stop::Ended(why.to_string())),
    };
    say(deployment, &release, &way, shift);
    Ok(Carry {
        schema: SCHEMA,
        release,
        way,
        answered: false,
        ticks: 0,
        outcome: None,
    })
}

/// The hook's deployment, if it is one that waits for an answer.
///
/// # Errors
/// If it has ended, is a rollback, or cannot be read.
pub async fn open_deployment(
    functions: &Functions,
    document: &Document,
) -> Result<Deployment, Stop> {
    let id = &document.event.deployment_id;
    let deployment = match deployments::get(&functions.session.codedeploy, id).await {
        Ok(deployment) => deployment,
        Err(error) if error.kind == Kind::NotFound => return Err(Stop::Ended(error.to_string())),
        Err(error) => return Err(Stop::Later(error.into())),
    };
    if deployment.status.ended() {
        let status = &deployment.status;
        return Err(Stop::Ended(format!(
            "the deployment is {status}: nothing is to be answered"
        )));
    }
    if hook::is_rollback(&deployment.creator) {
        if document.hook == Hook::PreTraffic {
            let cleared = rollback::clear(functions, &deployment).await;
            log::line(
                Level::Info,
                &cleared,
                json!({ "deployment": deployment.id }),
            );
        }
        return Err(Stop::with(Outcome::passed(A_ROLLBACK)));
    }
    Ok(deployment)
}

/// What the deployment shifts.
///
/// # Errors
/// If it cannot be handled, or not be found out.
pub async fn what(functions: &Functions, deployment: &Deployment) -> Result<Shifted, Stop> {
    discover(&functions.session, deployment)
        .await
        .map_err(|error| match error {
            Undiscovered::Call(failure) => Stop::Later(failure),
            Undiscovered::Unfit(why) => refused(why),
        })
}

/// The function's policy.
///
/// # Errors
/// If it is wrong, or cannot be read: without knowing its policy a rollout does not start.
pub async fn policy_of(functions: &Functions, shifted: &Shifted) -> Result<Policy, Stop> {
    let function = shifted.function.as_str();
    match policy::find(&functions.session, function, &shifted.alias).await {
        Ok(None) => Ok(Policy::default()),
        Ok(Some(found)) => Policy::parse(&found.text)
            .map_err(|errors| refused(format!("the policy in {}: {errors}", found.parameter))),
        Err(error) if error.kind == Kind::Passing => Err(Stop::Later(error.into())),
        Err(error) => Err(refused(format!(
            "the policy could not be read ({error}); without knowing it no rollout starts"
        ))),
    }
}

/// The rollout's fixed facts.
pub fn release(shifted: &Shifted, deadline: Timestamp) -> Release {
    Release {
        function: shifted.function.as_str().to_owned(),
        alias: shifted.alias.clone(),
        stable: shifted.current,
        canary: shifted.target,
        deadline,
    }
}

/// A refusal, which fails the deployment.
pub fn refused(why: impl Into<String>) -> Stop {
    Stop::with(Outcome::failed(Word::Refused, why))
}

/// A bake that has nothing to go by is refused before the shift, and not after it.
fn bakes(policy: &Policy, group: &[String]) -> Result<(), Stop> {
    let silent = policy.alarms.alarms.is_empty() && group.is_empty();
    let evidence = policy.evidence_where(true);
    let limited = evidence.is_some_and(|rules| rules.max_errors.is_some());
    match !policy.bake.is_zero() && silent && !limited {
        true => Err(refused(NOTHING_TO_BAKE_BY)),
        false => Ok(()),
    }
}

/// Whether the versions can be counted, if that is asked for: a right that is missing is not waited
/// for with the traffic on the new version.
async fn countable(
    functions: &Functions,
    shifted: &Shifted,
    evidence: Option<&EvidenceRules>,
    now: Timestamp,
) -> Result<(), Stop> {
    let Some(rules) = evidence else {
        return Ok(());
    };
    let versions = Versions {
        stable: shifted.current.to_string(),
        canary: shifted.target.to_string(),
    };
    let client = &functions.session.cloudwatch;
    let function = shifted.function.as_str();
    counts::try_out(client, function, &shifted.alias, rules, &versions, now)
        .await
        .map_err(|(why, hint)| {
            refused(match hint {
                Some(hint) => format!("{why} (hint: {hint})"),
                None => why,
            })
        })
}

fn say(deployment: &Deployment, release: &Release, way: &Way, shift: Shift) {
    let watching: Vec<&str> = way
        .alarms()
        .alarms
        .iter()
        .map(|rule| rule.name.as_str())
        .collect();
    let message = match way {
        Way::Stepper { assignment, .. } => format!(
            "stepper: {} for {}:{} from version {} to {}",
            assignment.rules.plan, release.function, release.alias, release.stable, release.canary
        ),
        _ => format!(
            "guard: CodeDeploy shifts {}:{} from version {} to {} ({}: {shift})",
            release.function, release.alias, release.stable, release.canary, deployment.config
        ),
    };
    let fields: Value = json!({
        "deployment": deployment.id,
        "application": deployment.application,
        "group": deployment.group,
        "watching": watching,
        "deadline": release.deadline,
        "shift_seconds": shift.lasts().as_secs(),
    });
    log::line(Level::Info, &message, fields);
}
