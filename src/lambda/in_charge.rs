//! Whether an execution still runs that will put things right itself: recovery leaves it alone.

use super::Functions;
use super::document::Document;
use super::failure::Failure;
use super::hooks;
use super::log::{self, Level};
use super::recovery::{Heard, Recovery};
use crate::aws::executions::{self, Execution};
use crate::rollout::deployment::{Hook, RecoveryName};

/// The name of the execution that is in charge of what the document is about; never `own`, the one
/// that asks.
///
/// # Errors
/// If Step Functions cannot be asked: an execution may be in charge then. Only where Step Functions
/// itself has said that the execution ended, its word is enough.
pub async fn in_charge(
    functions: &Functions,
    document: &Document,
    recovery: &Recovery,
    own: Option<&str>,
) -> Result<Option<String>, Failure> {
    let found = match executions_of(functions, document).await {
        Ok(found) => found,
        Err(error) if matches!(recovery.heard, Heard::ExecutionEnded { .. }) => {
            let message = format!(
                "Step Functions could not be asked, but {}: {error}",
                recovery.why
            );
            log::line(
                Level::Warn,
                &message,
                serde_json::json!({ "deployment": document.event.deployment_id }),
            );
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let mut running = found
        .into_iter()
        .filter(|one| Some(one.name.as_str()) != own && goes_on(one, &recovery.heard))
        .filter(|one| concerns(one, document));
    Ok(running.next().map(|one| one.name))
}

/// The last rollout of each hook of the deployment, and its recovery.
async fn executions_of(
    functions: &Functions,
    document: &Document,
) -> Result<Vec<Execution>, Failure> {
    let (sfn, machine) = (&functions.session.sfn, functions.machine()?);
    let mut found = Vec::new();
    for hook in [Hook::PreTraffic, Hook::PostTraffic] {
        let first = hooks::name(hook, &document.event);
        let recovery = RecoveryName {
            deployment: document.event.deployment_id.clone(),
            hook,
        };
        found.extend(executions::last(sfn, machine, first).await?);
        found.extend(executions::find(sfn, machine, &recovery.to_string()).await?);
    }
    Ok(found)
}

/// Whether it serves the same hook: a guard that still runs does not answer the post-traffic hook.
/// Of a deployment that ended every execution is in charge.
fn concerns(execution: &Execution, document: &Document) -> bool {
    if !document.event.has_hook() {
        return true;
    }
    let id = execution.input.as_ref().and_then(|input| {
        input
            .pointer("/event/LifecycleEventHookExecutionId")?
            .as_str()
    });
    id == Some(document.event.lifecycle_event_hook_execution_id.as_str())
}

/// Whether an execution runs. `DescribeExecution` is eventually consistent (Step Functions API
/// reference): right after the end it may still show the execution as running. Its event knows
/// better, unless the execution was redriven since.
fn goes_on(shown: &Execution, heard: &Heard) -> bool {
    let runs = matches!(shown.status.as_str(), "RUNNING" | "PENDING_REDRIVE");
    match heard {
        Heard::ExecutionEnded { name, redrives, .. } if *name == shown.name => {
            runs && shown.redrives > *redrives
        }
        _ => runs,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::lambda::HookEvent;

    fn shown(name: &str, status: &str, redrives: i64) -> Execution {
        Execution {
            name: name.to_owned(),
            status: status.to_owned(),
            began: None,
            redrives,
            input: Some(json!({"event": {"LifecycleEventHookExecutionId": "e"}})),
            output: None,
        }
    }

    fn ended(redrives: i64) -> Heard {
        let (name, began) = ("d-1-pre".to_owned(), None);
        Heard::ExecutionEnded {
            name,
            redrives,
            began,
        }
    }

    #[test]
    fn the_event_of_an_end_goes_before_an_answer_that_may_be_stale() {
        for (goes, name, status, redrives, heard) in [
            (false, "d-1-pre", "RUNNING", 0, ended(0)),
            (false, "d-1-pre", "ABORTED", 0, ended(0)),
            // Redriven since, once and for the second time.
            (true, "d-1-pre", "RUNNING", 1, ended(0)),
            (true, "d-1-pre", "PENDING_REDRIVE", 2, ended(1)),
            (false, "d-1-pre", "RUNNING", 1, ended(1)),
            (false, "d-1-pre", "FAILED", 1, ended(0)),
            // The event says nothing of another one.
            (true, "d-1-pre-2", "RUNNING", 0, ended(0)),
            (true, "d-1-pre", "RUNNING", 0, Heard::DeploymentEnded),
            (true, "d-1-pre", "RUNNING", 0, Heard::HookFailed),
            (false, "d-1-pre", "SUCCEEDED", 0, Heard::HookFailed),
        ] {
            let shown = shown(name, status, redrives);
            assert_eq!(goes_on(&shown, &heard), goes, "{shown:?} {heard:?}");
        }
    }

    #[test]
    fn only_the_hooks_own_execution_is_in_charge_of_it() {
        let of = |id: &str| {
            let event = HookEvent {
                deployment_id: "d-1".parse().expect("an id"),
                lifecycle_event_hook_execution_id: id.to_owned(),
            };
            concerns(
                &shown("d-1-pre", "RUNNING", 0),
                &Document::of(Hook::PreTraffic, event),
            )
        };
        assert!(of("e") && of(""));
        assert!(!of("another"));
    }
}
