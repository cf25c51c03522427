//! What is kept of what goes by: the functions' lines, and where the deployments are.

use crate::account;
use crate::record::Noted;
use crate::system::State;

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
                at += &format!(", {} {}", event.name, event.status);
            }
            if let (Some(error), true) = (&one.error, one.completed.is_some()) {
                at += &format!(" ({error})");
            }
            let known = self.deployments.insert(one.id.clone(), at.clone());
            if known.as_ref() != Some(&at) {
                let rollback = one.creator == "codeDeployRollback";
                let id = one.id;
                self.record
                    .note(now, || Noted::Deployment { id, rollback, at });
            }
        }
    }
}
