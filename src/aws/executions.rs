//! Step Functions: starting an execution once, and what became of it.

use aws_sdk_sfn::Client;
use aws_sdk_sfn::config::{Builder, retry::RetryConfig};
use aws_sdk_sfn::types::ExecutionStatus;
use jiff::Timestamp;
use serde_json::Value;

use super::error::{CallError, Kind};
use crate::rollout::deployment::ExecutionName;

/// What became of a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Started {
    /// It runs: started now, or by an earlier call with the same name and input.
    Running {
        /// The execution's ARN.
        arn: String,
    },
    /// An execution of that name has been there before, closed or with another input.
    Taken {
        /// Its ARN.
        arn: String,
    },
}

/// An execution as `DescribeExecution` shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Execution {
    /// Its name.
    pub name: String,
    /// `RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT`, `ABORTED`, `PENDING_REDRIVE`.
    pub status: String,
    /// When it was started.
    pub began: Option<Timestamp>,
    /// How often it was redriven.
    pub redrives: i64,
    /// Its input, if it is JSON.
    pub input: Option<Value>,
    /// Its output, once it has succeeded and if it is JSON.
    pub output: Option<Value>,
}

impl Execution {
    /// Whether it has ended by itself, and not by handing over to another one.
    fn has_come_to_its_end(&self) -> bool {
        let output = self.output.as_ref();
        let continued = output.and_then(|output| output.pointer("/carry/continued"));
        self.status == "SUCCEEDED" && continued.is_none()
    }
}

/// An execution that runs, as `ListExecutions` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// Its name.
    pub name: String,
    /// When it was started.
    pub began: Timestamp,
}

/// So many pages of a thousand are read: with more than that, one more makes no difference.
const PAGES_MAX: usize = 3;

/// The executions that run, the newest first, 3,000 at most.
///
/// # Errors
/// If Step Functions cannot be asked.
pub async fn running(client: &Client, machine: &str) -> Result<Vec<Running>, CallError> {
    let mut found = Vec::new();
    let mut token = None;
    for _ in 0..PAGES_MAX {
        let page = client
            .list_executions()
            .state_machine_arn(machine)
            .status_filter(ExecutionStatus::Running)
            .max_results(1_000)
            .set_next_token(token)
            .customize()
            // Who is throttled here among a thousand others asks again much later, or not at all.
            .config_override(Builder::new().retry_config(RetryConfig::disabled()))
            .send()
            .await
            .map_err(|error| CallError::of("ListExecutions", &error))?;
        for one in page.executions {
            let began = Timestamp::from_second(one.start_date.secs()).unwrap_or_default();
            let name = one.name;
            found.push(Running { name, began });
        }
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    Ok(found)
}

/// Starts an execution. The same name and input again is the same execution.
///
/// # Errors
/// If Step Functions did not confirm; it may have started all the same.
pub async fn start(
    client: &Client,
    machine: &str,
    name: &str,
    input: &str,
) -> Result<Started, CallError> {
    let sent = client
        .start_execution()
        .state_machine_arn(machine)
        .name(name)
        .input(input)
        .send()
        .await;
    match sent.map_err(|error| CallError::of("StartExecution", &error)) {
        Ok(started) => Ok(Started::Running {
            arn: started.execution_arn,
        }),
        Err(error) if error.code.as_deref() == Some("ExecutionAlreadyExists") => {
            Ok(Started::Taken {
                arn: execution_arn(machine, name),
            })
        }
        Err(error) => Err(error),
    }
}

/// Reads an execution.
///
/// # Errors
/// [`Kind::NotFound`] if there is none.
pub async fn describe(client: &Client, arn: &str) -> Result<Execution, CallError> {
    let answer = client
        .describe_execution()
        .execution_arn(arn)
        .send()
        .await
        .map_err(|error| CallError::of("DescribeExecution", &error))?;
    let json = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok());
    Ok(Execution {
        name: answer.name.unwrap_or_default(),
        status: answer.status.as_str().to_owned(),
        began: Timestamp::from_second(answer.start_date.secs()).ok(),
        redrives: answer.redrive_count.unwrap_or_default().into(),
        input: json(answer.input),
        output: json(answer.output),
    })
}

/// Reads the execution of that name; `None` if there is none.
///
/// # Errors
/// If Step Functions cannot be asked.
pub async fn find(
    client: &Client,
    machine: &str,
    name: &str,
) -> Result<Option<Execution>, CallError> {
    match describe(client, &execution_arn(machine, name)).await {
        Ok(execution) => Ok(Some(execution)),
        Err(error) if error.kind == Kind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The last of the executions that continue each other, beginning with `name`; `None` if there is
/// none of that name. One that runs yet may have started the next one already: whoever asks at that moment
/// means the next.
///
/// # Errors
/// If Step Functions cannot be asked.
pub async fn last(
    client: &Client,
    machine: &str,
    mut name: ExecutionName,
) -> Result<Option<Execution>, CallError> {
    let mut last = None;
    loop {
        let Some(execution) = find(client, machine, &name.to_string()).await? else {
            return Ok(last);
        };
        if execution.has_come_to_its_end() {
            return Ok(Some(execution));
        }
        last = Some(execution);
        name = name.next();
    }
}

/// The ARN of an execution: Step Functions makes it of the machine's and the name.
#[must_use]
pub fn execution_arn(machine: &str, name: &str) -> String {
    let execution = machine.replacen(":stateMachine:", ":execution:", 1);
    format!("{execution}:{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_executions_arn_follows_from_its_machines() {
        assert_eq!(
            execution_arn(
                "arn:aws:states:us-east-1:123456789012:stateMachine:s-rollout",
                "d-1-pre"
            ),
            "arn:aws:states:us-east-1:123456789012:execution:s-rollout:d-1-pre"
        );
    }
}
