//! Following the deployment that a rollout belongs to.

use super::Functions;
use super::document::Document;
use crate::aws::{Kind, deployments};
use crate::rollout::Wish;

/// What the deployment has to say: nothing as long as it is under way; once it has ended, in
/// whatever way, the rollout is to end too.
///
/// # Errors
/// In words, if CodeDeploy could not be asked.
pub async fn follow(functions: &Functions, document: &Document) -> Result<Option<Wish>, String> {
    let id = &document.event.deployment_id;
    match deployments::get(&functions.session.codedeploy, id).await {
        Ok(deployment) if !deployment.status.ended() => Ok(None),
        Ok(deployment) => Ok(Some(Wish::Abort {
            by: format!("CodeDeploy: deployment {id} is {}", deployment.status),
        })),
        Err(error) if error.kind == Kind::NotFound => Ok(Some(Wish::Abort {
            by: format!("CodeDeploy: it knows no deployment {id} any more"),
        })),
        Err(error) => Err(error.to_string()),
    }
}
