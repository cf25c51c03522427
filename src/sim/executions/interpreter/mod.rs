//! The interpreter: one execution over one definition, step by step.
//!
//! [`Run::step`] is pure: it gets the time, the definition and a source of jitter, and answers
//! what the world has to do. What it refuses to know: the world, other executions, who calls.

mod tasks;
mod visit;

pub use visit::Facts;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use self::visit::Visit;
use super::asl::{Definition, Delay, Failure, Kind, Next, Pass, Rule, Scope, State};
use super::data::{self, LARGEST};
use super::history::{History, LIMIT, Outcome};
use crate::sim::errors::AwsError;
use crate::sim::lambda::{InvokeRequest, InvokeResponse};
use crate::sim::streams::Stream;

/// What the world has to do after a step.
#[derive(Debug)]
pub enum Move {
    /// Take the next step.
    On,
    /// Invoke a function; its answer belongs to the task of that number.
    Invoke(u64, InvokeRequest),
    /// Come back then, or when a task has ended.
    Rest(Option<Timestamp>),
    /// Nothing more: the execution has ended so.
    End(Outcome),
}

/// An execution between two steps.
#[derive(Debug, Clone)]
pub struct Run {
    facts: Facts,
    stage: Stage,
    visit: Visit,
    /// When the machine's own time is up.
    deadline: Option<Timestamp>,
    tasks: u64,
    answer: Option<Result<InvokeResponse, AwsError>>,
    redrives: i64,
    history: History,
}

/// Where in its state the execution is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Before it.
    Entering,
    /// A task is to be scheduled, first or again, but not before that.
    Scheduling(Timestamp),
    /// A task runs, for so long at most.
    Running(u64, Option<Timestamp>),
    /// Time passes until then.
    Waiting(Timestamp),
    /// There is no more to do.
    Ended,
}

impl Run {
    /// An execution before its first state. `text` is the input as it was given.
    pub fn start(facts: Facts, definition: &Definition, text: &str) -> Self {
        let mut history = History::default();
        history.started(facts.started, text, &facts.role);
        Self {
            stage: Stage::Entering,
            visit: Visit::of(
                &definition.start_at,
                facts.input.clone(),
                text,
                facts.started,
            ),
            deadline: definition
                .timeout
                .map(|timeout| later(facts.started, timeout)),
            tasks: 0,
            answer: None,
            redrives: 0,
            history,
            facts,
        }
    }

    /// The events so far.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// How often it was redriven.
    pub fn redrives(&self) -> i64 {
        self.redrives
    }

    /// Takes the answer of a task. One that nobody waits for, or a second one, is dropped.
    pub fn hear(&mut self, task: u64, answer: Result<InvokeResponse, AwsError>) {
        if matches!(self.stage, Stage::Running(waiting, _) if waiting == task)
            && self.answer.is_none()
        {
            self.answer = Some(answer);
        }
    }

    /// Ends the execution from outside.
    pub fn stop(&mut self, outcome: &Outcome, now: Timestamp) {
        self.stage = Stage::Ended;
        self.answer = None;
        self.history.ended(now, outcome);
    }

    /// Goes on at the state where it ended: a task is scheduled again, any other state begins anew.
    pub fn redrive(&mut self, definition: &Definition, now: Timestamp) {
        self.redrives += 1;
        self.history.redriven(now, self.redrives);
        self.visit.retries.clear();
        self.deadline = definition.timeout.map(|timeout| later(now, timeout));
        let in_task = definition
            .states
            .get(&self.visit.state)
            .is_some_and(|state| matches!(state.kind, Kind::Task(_)));
        self.stage = if in_task && self.visit.event != 0 {
            Stage::Scheduling(now)
        } else {
            Stage::Entering
        };
    }

    /// One step: at most one state is entered, left, or its task begun or ended.
    pub fn step(&mut self, definition: &Definition, now: Timestamp, jitter: &mut Stream) -> Move {
        if self.stage == Stage::Ended {
            return Move::Rest(None);
        }
        let mut next = if self.deadline.is_some_and(|deadline| deadline <= now) {
            Move::End(Outcome::TimedOut)
        } else {
            self.proceed(definition, now, jitter)
        };
        if self.history.is_over() {
            let cause =
                format!("The execution reached the maximum number of history events ({LIMIT}).");
            next = Move::End(Failure::runtime(cause).into());
        }
        match &mut next {
            Move::End(outcome) => self.stop(outcome, now),
            Move::Rest(wake) => *wake = [*wake, self.deadline].into_iter().flatten().min(),
            Move::On | Move::Invoke(..) => {}
        }
        next
    }

    fn proceed(&mut self, definition: &Definition, now: Timestamp, jitter: &mut Stream) -> Move {
        let Some(state) = definition.states.get(&self.visit.state) else {
            let cause = format!("There is no state '{}'", self.visit.state);
            return Move::End(Failure::runtime(cause).into());
        };
        match (self.stage, &state.kind) {
            (Stage::Entering, _) => self.enter(state, now),
            (Stage::Scheduling(earliest), _) if now < earliest => Move::Rest(Some(earliest)),
            (Stage::Scheduling(_), Kind::Task(task)) => self
                .schedule(state, task, now)
                .unwrap_or_else(|failure| self.recover(task, failure, now, jitter)),
            (Stage::Running(_, deadline), Kind::Task(task)) => match self.answer.take() {
                Some(answer) => self
                    .finish(state, task, answer, now)
                    .unwrap_or_else(|failure| self.recover(task, failure, now, jitter)),
                None if deadline.is_some_and(|deadline| deadline <= now) => {
                    let failure = Failure::timeout();
                    self.history.task_timed_out(now, &task.resource, &failure);
                    self.recover(task, failure, now, jitter)
                }
                None => Move::Rest(deadline),
            },
            (Stage::Waiting(until), _) if now < until => Move::Rest(Some(until)),
            (Stage::Waiting(_), Kind::Wait(_, next)) => self
                .pass_on(state, next, now)
                .unwrap_or_else(|failure| self.fail(failure)),
            // A stage belongs to its kind of state, and a run keeps its definition.
            _ => Move::Rest(None),
        }
    }

    /// Begins a state; those without time in them end at once.
    fn enter(&mut self, state: &State, now: Timestamp) -> Move {
        self.visit.entered = now;
        let (kind, visit) = (state.kind.name(), &self.visit);
        let event = self.history.entered(now, kind, &visit.state, &visit.text);
        self.visit.event = event;
        let moved = match &state.kind {
            Kind::Task(_) => {
                self.stage = Stage::Scheduling(now);
                Ok(Move::On)
            }
            Kind::Choice { choices, default } => {
                self.choose(state, choices, default.as_deref(), now)
            }
            Kind::Wait(delay, _) => self.wait(state, delay, now),
            Kind::Pass(pass) => self.make(state, pass, now),
            Kind::Succeed => self.pass_on(state, &Next::End, now),
            Kind::Fail { error, cause } => Ok(Move::End(Outcome::Failed {
                error: error.clone(),
                cause: cause.clone(),
            })),
        };
        moved.unwrap_or_else(|failure| self.fail(failure))
    }

    fn choose(
        &mut self,
        state: &State,
        choices: &[(Rule, String)],
        default: Option<&str>,
        now: Timestamp,
    ) -> Result<Move, Failure> {
        let context = self.context();
        let input = data::effective(state, None, &self.visit.input, &context)?;
        let scope = Scope {
            data: &input,
            context: &context,
        };
        let mut target = default;
        for (rule, name) in choices {
            if rule.holds(scope)? {
                target = Some(name);
                break;
            }
        }
        let target = target.ok_or_else(|| {
            Failure::no_choice(format!(
                "No choice rule of the state '{}' holds, and it has no default",
                self.visit.state
            ))
        })?;
        let output = data::output(state, &input, &context)?;
        self.leave("Choice", output, &Next::To(target.to_owned()), now)
    }

    fn wait(&mut self, state: &State, delay: &Delay, now: Timestamp) -> Result<Move, Failure> {
        let context = self.context();
        let input = data::effective(state, None, &self.visit.input, &context)?;
        let scope = Scope {
            data: &input,
            context: &context,
        };
        let until = match delay {
            Delay::Seconds(seconds) => later(now, *seconds),
            Delay::Until(until) => *until,
            Delay::SecondsPath(path) => {
                let value = data::select("SecondsPath", Some(path), scope)?;
                let seconds = value.as_i64().filter(|seconds| *seconds >= 0);
                later(
                    now,
                    seconds.ok_or_else(|| no_time("SecondsPath", "an integer", &value))?,
                )
            }
            Delay::UntilPath(path) => {
                let value = data::select("TimestampPath", Some(path), scope)?;
                let until = value.as_str().and_then(|text| text.parse().ok());
                until.ok_or_else(|| no_time("TimestampPath", "a timestamp", &value))?
            }
        };
        self.stage = Stage::Waiting(until);
        Ok(Move::On)
    }

    fn make(&mut self, state: &State, pass: &Pass, now: Timestamp) -> Result<Move, Failure> {
        let context = self.context();
        let input = &self.visit.input;
        let made = data::effective(state, pass.parameters.as_ref(), input, &context)?;
        let result = pass.result.clone().unwrap_or(made);
        let merged = data::merge(pass.result_path.as_ref(), input, result)?;
        let output = data::output(state, &merged, &context)?;
        self.leave("Pass", output, &pass.next, now)
    }

    /// Ends a state that only selects from its input.
    fn pass_on(&mut self, state: &State, next: &Next, now: Timestamp) -> Result<Move, Failure> {
        let context = self.context();
        let input = data::effective(state, None, &self.visit.input, &context)?;
        let output = data::output(state, &input, &context)?;
        self.leave(state.kind.name(), output, next, now)
    }

    fn leave(
        &mut self,
        kind: &str,
        output: Value,
        next: &Next,
        now: Timestamp,
    ) -> Result<Move, Failure> {
        let text = output.to_string();
        if text.len() > LARGEST {
            return Err(Failure::data_limit(format!(
                "The state/task '{}' returned a result with a size exceeding the maximum number of bytes service limit.",
                self.visit.state
            )));
        }
        self.history.exited(now, kind, &self.visit.state, &text);
        match next {
            Next::End => Ok(Move::End(Outcome::Succeeded(text))),
            Next::To(name) => {
                self.visit = Visit::of(name, output, &text, now);
                self.stage = Stage::Entering;
                Ok(Move::On)
            }
        }
    }

    /// The end by an error that nothing caught. One of the definition's says where it happened.
    fn fail(&self, failure: Failure) -> Move {
        let failure = if failure.is_runtime() {
            Failure::runtime(format!(
                "An error occurred while executing the state '{}' (entered at the event id #{}). {}",
                self.visit.state,
                self.visit.event,
                failure.cause.unwrap_or_default()
            ))
        } else {
            failure
        };
        Move::End(failure.into())
    }
}

fn no_time(field: &str, wanted: &str, value: &Value) -> Failure {
    Failure::runtime(format!(
        "The {field} parameter does not reference {wanted} value: {value}"
    ))
}

fn later(at: Timestamp, seconds: i64) -> Timestamp {
    after(at, SignedDuration::from_secs(seconds))
}

/// Beyond the end of time is its end.
fn after(at: Timestamp, duration: SignedDuration) -> Timestamp {
    at.checked_add(duration).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod bench;
#[cfg(test)]
mod flow_tests;
#[cfg(test)]
mod tasks_tests;
