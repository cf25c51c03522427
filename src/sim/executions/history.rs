//! The events of one execution, in the shapes that `GetExecutionHistory` has.

use jiff::Timestamp;

use super::asl::{Failure, Resource};
use super::wire::{
    EndedEventDetails, ExecutionRedrivenEventDetails, ExecutionStartedEventDetails,
    ExecutionSucceededEventDetails, HistoryEvent, HistoryEventExecutionDataDetails,
    LambdaFunctionScheduledEventDetails, LambdaFunctionSucceededEventDetails,
    StateEnteredEventDetails, StateExitedEventDetails, TaskFailedEventDetails,
    TaskScheduledEventDetails, TaskStartedEventDetails, TaskSucceededEventDetails,
};

/// So many events an execution may have, its end included.
pub const LIMIT: usize = 25_000;

/// The events so far.
#[derive(Debug, Clone, Default)]
pub struct History {
    events: Vec<HistoryEvent>,
    is_over: bool,
}

/// How an execution ends.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// With that output.
    Succeeded(String),
    /// With that error.
    Failed {
        /// The error's name.
        error: Option<String>,
        /// What happened.
        cause: Option<String>,
    },
    /// It took longer than the definition allows.
    TimedOut,
    /// Somebody stopped it.
    Aborted {
        /// The error that was given as the reason.
        error: Option<String>,
        /// The explanation that was given.
        cause: Option<String>,
    },
}

impl History {
    /// The events, oldest first.
    pub fn events(&self) -> &[HistoryEvent] {
        &self.events
    }

    /// Whether there was an event too many: the execution has to fail.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// The execution begins.
    pub fn started(&mut self, at: Timestamp, input: &str, role: &str) {
        let details = ExecutionStartedEventDetails {
            input: Some(input.to_owned()),
            input_details: whole(),
            role_arn: Some(role.to_owned()),
        };
        let event = self.add(at, "ExecutionStarted");
        event.execution_started_event_details = Some(details);
    }

    /// The execution goes on after its end.
    pub fn redriven(&mut self, at: Timestamp, count: i64) {
        let details = ExecutionRedrivenEventDetails {
            redrive_count: Some(count),
        };
        let event = self.add(at, "ExecutionRedriven");
        event.execution_redriven_event_details = Some(details);
    }

    /// A state begins; the answer is the event's id.
    pub fn entered(&mut self, at: Timestamp, kind: &str, name: &str, input: &str) -> i64 {
        let details = StateEnteredEventDetails {
            name: name.to_owned(),
            input: Some(input.to_owned()),
            input_details: whole(),
        };
        let event = self.add(at, &format!("{kind}StateEntered"));
        event.state_entered_event_details = Some(details);
        event.id
    }

    /// A state is over.
    pub fn exited(&mut self, at: Timestamp, kind: &str, name: &str, output: &str) {
        let details = StateExitedEventDetails {
            name: name.to_owned(),
            output: Some(output.to_owned()),
            output_details: whole(),
        };
        let event = self.add(at, &format!("{kind}StateExited"));
        event.state_exited_event_details = Some(details);
    }

    /// A function is about to be invoked, and is invoked.
    pub fn scheduled(
        &mut self,
        at: Timestamp,
        resource: &Resource,
        region: &str,
        parameters: String,
        timeout: Option<i64>,
    ) {
        match resource {
            Resource::Invoke => {
                let (resource_type, resource) = lambda_invoke();
                let details = TaskScheduledEventDetails {
                    resource_type,
                    resource,
                    region: region.to_owned(),
                    parameters,
                    timeout_in_seconds: timeout,
                };
                self.add(at, "TaskScheduled").task_scheduled_event_details = Some(details);
                let (resource_type, resource) = lambda_invoke();
                let details = TaskStartedEventDetails {
                    resource_type,
                    resource,
                };
                self.add(at, "TaskStarted").task_started_event_details = Some(details);
            }
            Resource::Function(arn) => {
                let details = LambdaFunctionScheduledEventDetails {
                    resource: arn.clone(),
                    input: Some(parameters),
                    input_details: whole(),
                    timeout_in_seconds: timeout,
                };
                let event = self.add(at, "LambdaFunctionScheduled");
                event.lambda_function_scheduled_event_details = Some(details);
                self.add(at, "LambdaFunctionStarted");
            }
        }
    }

    /// A function has answered.
    pub fn task_succeeded(&mut self, at: Timestamp, resource: &Resource, output: String) {
        match resource {
            Resource::Invoke => {
                let (resource_type, resource) = lambda_invoke();
                let details = TaskSucceededEventDetails {
                    resource_type,
                    resource,
                    output: Some(output),
                    output_details: whole(),
                };
                self.add(at, "TaskSucceeded").task_succeeded_event_details = Some(details);
            }
            Resource::Function(_) => {
                let details = LambdaFunctionSucceededEventDetails {
                    output: Some(output),
                    output_details: whole(),
                };
                let event = self.add(at, "LambdaFunctionSucceeded");
                event.lambda_function_succeeded_event_details = Some(details);
            }
        }
    }

    /// A function has failed.
    pub fn task_failed(&mut self, at: Timestamp, resource: &Resource, failure: &Failure) {
        match resource {
            Resource::Invoke => {
                let event = self.add(at, "TaskFailed");
                event.task_failed_event_details = Some(task_failure(failure));
            }
            Resource::Function(_) => {
                let event = self.add(at, "LambdaFunctionFailed");
                event.lambda_function_failed_event_details = Some(failure.into());
            }
        }
    }

    /// A function has taken too long.
    pub fn task_timed_out(&mut self, at: Timestamp, resource: &Resource, failure: &Failure) {
        match resource {
            Resource::Invoke => {
                let event = self.add(at, "TaskTimedOut");
                event.task_timed_out_event_details = Some(task_failure(failure));
            }
            Resource::Function(_) => {
                let event = self.add(at, "LambdaFunctionTimedOut");
                event.lambda_function_timed_out_event_details = Some(failure.into());
            }
        }
    }

    /// The execution ends. There is always room for this.
    pub fn ended(&mut self, at: Timestamp, outcome: &Outcome) {
        let event = self.push(at, outcome.event());
        match outcome {
            Outcome::Succeeded(output) => {
                event.execution_succeeded_event_details = Some(ExecutionSucceededEventDetails {
                    output: Some(output.clone()),
                    output_details: whole(),
                });
            }
            Outcome::Failed { .. } => event.execution_failed_event_details = Some(outcome.into()),
            Outcome::TimedOut => event.execution_timed_out_event_details = Some(outcome.into()),
            Outcome::Aborted { .. } => event.execution_aborted_event_details = Some(outcome.into()),
        }
    }

    /// An event, unless only the last place is left: then the event is lost and the execution
    /// has to fail.
    fn add(&mut self, at: Timestamp, kind: &str) -> &mut HistoryEvent {
        if self.events.len() + 1 >= LIMIT {
            self.is_over = true;
            self.events.pop();
        }
        self.push(at, kind)
    }

    fn push(&mut self, at: Timestamp, kind: &str) -> &mut HistoryEvent {
        let previous = self.events.len() as i64;
        let event = HistoryEvent {
            timestamp: at,
            r#type: kind.to_owned(),
            id: previous + 1,
            // The first state is a root of its own, as in AWS.
            previous_event_id: if previous == 1 { 0 } else { previous },
            ..HistoryEvent::default()
        };
        self.events.push(event);
        let last = self.events.len() - 1;
        &mut self.events[last]
    }
}

impl Outcome {
    /// The status of an execution that ended so.
    pub fn status(&self) -> &'static str {
        match self {
            Self::Succeeded(_) => "SUCCEEDED",
            Self::Failed { .. } => "FAILED",
            Self::TimedOut => "TIMED_OUT",
            Self::Aborted { .. } => "ABORTED",
        }
    }

    /// The error and its explanation.
    pub fn error(&self) -> (Option<String>, Option<String>) {
        match self {
            Self::Succeeded(_) => (None, None),
            Self::TimedOut => (Some(Failure::timeout().error), None),
            Self::Failed { error, cause } | Self::Aborted { error, cause } => {
                (error.clone(), cause.clone())
            }
        }
    }

    fn event(&self) -> &'static str {
        match self {
            Self::Succeeded(_) => "ExecutionSucceeded",
            Self::Failed { .. } => "ExecutionFailed",
            Self::TimedOut => "ExecutionTimedOut",
            Self::Aborted { .. } => "ExecutionAborted",
        }
    }
}

impl From<Failure> for Outcome {
    fn from(failure: Failure) -> Self {
        Self::Failed {
            error: Some(failure.error),
            cause: failure.cause,
        }
    }
}

impl From<&Failure> for EndedEventDetails {
    fn from(failure: &Failure) -> Self {
        Self {
            error: Some(failure.error.clone()),
            cause: failure.cause.clone(),
        }
    }
}

impl From<&Outcome> for EndedEventDetails {
    fn from(outcome: &Outcome) -> Self {
        let (error, cause) = outcome.error();
        Self { error, cause }
    }
}

fn task_failure(failure: &Failure) -> TaskFailedEventDetails {
    let (resource_type, resource) = lambda_invoke();
    TaskFailedEventDetails {
        resource_type,
        resource,
        error: Some(failure.error.clone()),
        cause: failure.cause.clone(),
    }
}

fn lambda_invoke() -> (String, String) {
    ("lambda".to_owned(), "invoke".to_owned())
}

fn whole() -> Option<HistoryEventExecutionDataDetails> {
    Some(HistoryEventExecutionDataDetails { truncated: false })
}
