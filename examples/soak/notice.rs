//! What is kept of what goes by: the functions' lines, and where the deployments are.

use lambda_canary::sim::invocations::Ended;
use serde_json::Value;

use crate::account;
use crate::record::{Caller, Noted};
use crate::system::State;

/// How an invocation ended, where that is worth a word.
pub fn over(caller: &Caller, ended: &Ended) -> Option<Noted> {
    let how = match ended {
        Ended::Answered(text) if caller.action == "recover" => {
            let answer: Value = serde_json::from_str(text).unwrap_or_default();
            format!("outcome: {}", answer["outcome"].as_str()?)
        }
        Ended::Answered(_) => return None,
        Ended::Died { status } => format!("no answer: {status}"),
        Ended::TimedOut => "no answer in its time".to_owned(),
        Ended::NotStarted { reason } => format!("no answer: {reason}"),
        Ended::Failed { payload } => format!("an error: {payload}"),
    };
    Some(Noted::Over(caller.clone(), how))
}

impl State {
    /// Keeps what the functions have logged.
    pub fn hear(&mut self) {
        let at = self.world.now();
        for (caller, line) in account::take_logs() {
            if let Some(caller) = caller {
                let read = || serde_json::from_str(&line).unwrap_or_default();
                self.record.note(at, || Noted::Logged(caller, read()));
            }
            self.record.logs.push(line);
        }
    }

    /// Notes where the deployments are, if anybody listens.
    pub fn notice_deployments(&mut self) {
        let now = self.world.now();
        for one in self.world.deployments_overview() {
            let mut events = one.lifecycle_events.iter();
            let event = match one.status {
                "InProgress" => events.find(|event| event.status == "InProgress"),
                _ => events.find(|event| event.status == "Failed"),
            };
            let mut at = one.status.to_owned();
            if let Some(event) = event {
                at += &match event.status {
                    "InProgress" => format!(", in {}", event.name),
                    status => format!(", {} {status}", event.name),
                };
            }
            if let (Some(error), true) = (&one.error, one.completed.is_some()) {
                at += &format!(" ({error})");
            }
            let known = self.deployments.insert(one.id.clone(), at.clone());
            // That it waits, or is between two lifecycle events, is of no interest.
            let between = at == "Queued" || at == "InProgress";
            if known.as_ref() != Some(&at) && !between {
                let rollback = one.creator == "codeDeployRollback";
                let id = one.id;
                self.record
                    .note(now, || Noted::Deployment { id, rollback, at });
            }
        }
    }
}
