//! From a deployment's id to the function that it shifts.

use jiff::Timestamp;

use super::document::Subject;
use super::failure::Failure;
use crate::aws::deployments::{self, Deployment};
use crate::aws::{FunctionName, Session};
use crate::rollout::Version;
use crate::rollout::appspec::Target;

/// What a deployment shifts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shifted {
    /// The function's plain name.
    pub function: FunctionName,
    /// The alias.
    pub alias: String,
    /// The version that the alias was at.
    pub current: Version,
    /// The version to come.
    pub target: Version,
    /// Since when the running lifecycle event is in progress, where CodeDeploy says so.
    pub event_since: Option<Timestamp>,
}

impl Shifted {
    /// The part of it that a report names.
    #[must_use]
    pub fn subject(&self) -> Subject {
        Subject {
            function: self.function.as_str().to_owned(),
            alias: self.alias.clone(),
            stable: self.current,
            canary: self.target,
        }
    }
}

/// Why it could not be found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undiscovered {
    /// A call failed.
    Call(Failure),
    /// The deployment is none that can be handled here; in words, with a hint.
    Unfit(String),
}

/// Finds out what a deployment shifts: from its target, else from its AppSpec.
///
/// # Errors
/// See [`Undiscovered`].
pub async fn discover(session: &Session, deployment: &Deployment) -> Result<Shifted, Undiscovered> {
    let call = |error| Undiscovered::Call(Failure::from(error));
    let target = deployments::target(&session.codedeploy, &deployment.id)
        .await
        .map_err(call)?;
    if let Some(target) = target {
        let since = target.running.and_then(|(_, since)| since);
        return Ok(Shifted {
            function: name(&target.function)?,
            alias: target.alias,
            current: version(&target.current)?,
            target: version(&target.target)?,
            event_since: since,
        });
    }
    let text = deployments::appspec(&session.codedeploy, deployment)
        .await
        .map_err(call)?;
    let spec = Target::parse(&text)
        .map_err(|error| Undiscovered::Unfit(format!("{error} (hint: {})", error.hint())))?;
    Ok(Shifted {
        function: name(&spec.function)?,
        alias: spec.alias,
        current: spec.current,
        target: spec.target,
        event_since: None,
    })
}

fn name(text: &str) -> Result<FunctionName, Undiscovered> {
    text.parse()
        .map_err(|error| Undiscovered::Unfit(format!("the deployment's function: {error}")))
}

fn version(text: &str) -> Result<Version, Undiscovered> {
    text.parse().map_err(|_| {
        Undiscovered::Unfit(format!(
            "the deployment names \"{text}\" as a version; only published versions can share an alias' traffic"
        ))
    })
}
