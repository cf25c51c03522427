//! Whether CodeDeploy has a deployment under way for an alias: a second writer beside a rollout.
//!
//! CodeDeploy cannot be asked by function. So the deployments under way are listed, of all
//! applications, and each is asked what it shifts.

use aws_sdk_codedeploy::types::DeploymentStatus as Status;

use super::deployments::{self, Deployment};
use super::error::{CallError, Kind};
use super::{FunctionName, Session};
use crate::rollout::Target;
use crate::rollout::deployment::DeploymentId;

/// So many deployments are looked at: each takes up to three calls, and a start should not take
/// minutes.
const MOST: usize = 20;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InFlight {
    /// This deployment shifts the alias.
    Found(DeploymentId),
    /// None does.
    Nothing,
    /// It could not be told; in words.
    Unknown(String),
}

/// Looks for a deployment of this alias that has not ended.
pub async fn in_flight(session: &Session, function: &FunctionName, alias: &str) -> InFlight {
    let ids = match under_way(session).await {
        Ok(ids) => ids,
        Err(error) => return InFlight::Unknown(error.to_string()),
    };
    let mut doubt = (ids.len() > MOST)
        .then(|| format!("{} are under way; {MOST} of them were looked at", ids.len()));
    for id in ids.iter().take(MOST) {
        match shifts(session, id, function, alias).await {
            Ok(Some(id)) => return InFlight::Found(id),
            Ok(None) => {}
            // Others would be as slow to fail.
            Err(error) if error.kind == Kind::Passing => {
                return InFlight::Unknown(format!("deployment {id}: {error}"));
            }
            // A right may be missing for one application and not for the next.
            Err(error) => doubt = Some(format!("deployment {id}: {error}")),
        }
    }
    doubt.map_or(InFlight::Nothing, InFlight::Unknown)
}

/// The first page of all deployments under way: more than [`MOST`] if there are more.
async fn under_way(session: &Session) -> Result<Vec<String>, CallError> {
    let answer = session
        .codedeploy
        .list_deployments()
        .set_include_only_statuses(Some(vec![
            Status::Created,
            Status::Queued,
            Status::InProgress,
            Status::Ready,
            Status::Baking,
        ]))
        .send()
        .await
        .map_err(|error| CallError::of("ListDeployments", &error))?;
    Ok(answer.deployments.unwrap_or_default())
}

/// The deployment's id, if it shifts this alias and has not ended meanwhile.
async fn shifts(
    session: &Session,
    id: &str,
    function: &FunctionName,
    alias: &str,
) -> Result<Option<DeploymentId>, CallError> {
    let id: DeploymentId = id
        .parse()
        .map_err(|error| CallError::unreadable("ListDeployments", &format!("{error}")))?;
    let deployment = match deployments::get(&session.codedeploy, &id).await {
        Ok(deployment) => deployment,
        Err(error) if error.kind == Kind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if deployment.status.ended() || !deployment.is_lambda {
        return Ok(None);
    }
    let (name, its_alias) = what(session, &deployment).await?;
    Ok((is_same(&name, function) && its_alias == alias).then_some(id))
}

/// Function and alias: from the target, which also knows revisions that carry no text; before the
/// deployment has started only the revision tells.
async fn what(session: &Session, deployment: &Deployment) -> Result<(String, String), CallError> {
    let client = &session.codedeploy;
    if let Some(target) = deployments::target(client, &deployment.id).await? {
        return Ok((target.function, target.alias));
    }
    let text = deployments::appspec(client, deployment).await?;
    let spec = Target::parse(&text)
        .map_err(|error| CallError::unreadable("GetApplicationRevision", &error.to_string()))?;
    Ok((spec.function, spec.alias))
}

/// An AppSpec may name its function by ARN.
fn is_same(named: &str, function: &FunctionName) -> bool {
    named
        .parse::<FunctionName>()
        .is_ok_and(|named| named.as_str() == function.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_known_by_any_form_of_its_name() {
        let hello: FunctionName = "hello".parse().expect("a name");
        for (named, same) in [
            ("hello", true),
            ("arn:aws:lambda:us-east-1:000000000000:function:hello", true),
            ("000000000000:function:hello", true),
            ("hello2", false),
            ("hello:live", false),
            ("", false),
        ] {
            assert_eq!(is_same(named, &hello), same, "{named}");
        }
    }
}
