//! Task states: the invocation, its result, and what follows an error.

use jiff::Timestamp;
use serde_json::json;

use super::{Move, Run, Stage, after, later};
use crate::sim::errors::AwsError;
use crate::sim::executions::asl::{Failure, Next, Scope, State, Task};
use crate::sim::executions::{data, task};
use crate::sim::lambda::InvokeResponse;
use crate::sim::streams::Stream;

impl Run {
    /// Invokes the function, for the first time or again.
    pub(super) fn schedule(
        &mut self,
        state: &State,
        task: &Task,
        now: Timestamp,
    ) -> Result<Move, Failure> {
        let template = task.parameters.as_ref();
        let parameters = data::effective(state, template, &self.visit.input, &self.context())?;
        let request = task::request(&task.resource, &parameters)?;
        let (region, text) = (&self.facts.region, parameters.to_string());
        self.history
            .scheduled(now, &task.resource, region, text, task.timeout);
        self.tasks += 1;
        let deadline = task.timeout.map(|timeout| later(now, timeout));
        self.stage = Stage::Running(self.tasks, deadline);
        Ok(Move::Invoke(self.tasks, request))
    }

    /// Takes the function's answer and leaves the state.
    pub(super) fn finish(
        &mut self,
        state: &State,
        task: &Task,
        answer: Result<InvokeResponse, AwsError>,
        now: Timestamp,
    ) -> Result<Move, Failure> {
        let result = task::result(&task.resource, answer).inspect_err(|failure| {
            self.history.task_failed(now, &task.resource, failure);
        })?;
        let text = result.to_string();
        self.history.task_succeeded(now, &task.resource, text);
        let context = self.context();
        let result = match &task.result_selector {
            None => result,
            Some(template) => {
                let scope = Scope {
                    data: &result,
                    context: &context,
                };
                template.fill(scope, data::LARGEST)?
            }
        };
        let merged = data::merge(task.result_path.as_ref(), &self.visit.input, result)?;
        let output = data::output(state, &merged, &context)?;
        self.leave("Task", output, &task.next, now)
    }

    /// What follows a task's error: another attempt, a catcher, or the end.
    pub(super) fn recover(
        &mut self,
        task: &Task,
        failure: Failure,
        now: Timestamp,
        jitter: &mut Stream,
    ) -> Move {
        let retrier = task
            .retry
            .iter()
            .enumerate()
            .find(|(_, retrier)| failure.is_among(&retrier.errors));
        if let Some((index, retrier)) = retrier {
            self.visit.retries.resize(task.retry.len(), 0);
            let used = &mut self.visit.retries[index];
            if *used < retrier.attempts {
                let delay = retrier.delay(*used, jitter);
                *used += 1;
                self.stage = Stage::Scheduling(after(now, delay));
                return Move::On;
            }
        }
        let catcher = task
            .catch
            .iter()
            .find(|catcher| failure.is_among(&catcher.errors));
        let Some(catcher) = catcher else {
            return self.fail(failure);
        };
        let mut error = json!({"Error": failure.error});
        if let Some(cause) = failure.cause {
            error["Cause"] = json!(cause);
        }
        data::merge(catcher.result_path.as_ref(), &self.visit.input, error)
            .and_then(|output| self.leave("Task", output, &Next::To(catcher.next.clone()), now))
            .unwrap_or_else(|failure| self.fail(failure))
    }
}
