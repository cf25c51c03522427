//! Executions as clients see them: start, describe, list, stop, redrive, history.

use std::cmp::Reverse;

use jiff::SignedDuration;
use serde_json::Value;

use super::data::LARGEST;
use super::interpreter::{Facts, Run};
use super::progress::{abort, announce, run};
use super::wire::{
    CloudWatchEventsExecutionDataDetails, DescribeExecutionRequest, DescribeExecutionResponse,
    ExecutionListItem, GetExecutionHistoryRequest, GetExecutionHistoryResponse, HistoryEvent,
    ListExecutionsRequest, ListExecutionsResponse, RedriveExecutionRequest,
    RedriveExecutionResponse, StartExecutionRequest, StartExecutionResponse, StopExecutionRequest,
    StopExecutionResponse,
};
use super::{Execution, check_name, invalid_token, page_size};
use crate::sim::errors::AwsError;
use crate::sim::paging;
use crate::sim::streams::{stream, uuid};
use crate::sim::world::World;

const STATUSES: [&str; 6] = [
    "RUNNING",
    "SUCCEEDED",
    "FAILED",
    "TIMED_OUT",
    "ABORTED",
    "PENDING_REDRIVE",
];

pub(in crate::sim) fn start_execution(
    world: &mut World,
    request: StartExecutionRequest,
) -> Result<StartExecutionResponse, AwsError> {
    let machine_arn = request.state_machine_arn;
    let machine = world.executions.machine(&machine_arn)?.clone();
    let name = match request.name {
        Some(name) => name,
        None => uuid(world.stream("execution names")),
    };
    check_name(&name)?;
    let text = request.input.unwrap_or_else(|| "{}".to_owned());
    let input = read(&text)?;
    let arn = world.arn("states", &format!("execution:{}:{name}", machine.name));
    if let Some(existing) = world.executions.executions.get(&arn) {
        // The same name and input while it runs is the same execution.
        if existing.ended.is_none() && existing.input == text {
            return Ok(StartExecutionResponse {
                execution_arn: arn,
                start_date: existing.started,
            });
        }
        let message = format!("Execution Already Exists: '{arn}'");
        return Err(AwsError::new("ExecutionAlreadyExists", 400, message));
    }
    let facts = Facts {
        id: arn.clone(),
        name: name.clone(),
        input,
        role: machine.role,
        started: world.now,
        machine: machine_arn.clone(),
        machine_name: machine.name,
        region: world.region.clone(),
    };
    let execution = Execution {
        order: world.executions.started,
        machine: machine_arn,
        name,
        run: Run::start(facts, &machine.definition, &text),
        input: text,
        started: world.now,
        ended: None,
        redriven: None,
        definition: machine.definition,
        jitter: stream(world.seed, &format!("jitter:{arn}")),
        due: None,
        is_busy: false,
        steps: (0, 0),
    };
    world.executions.started += 1;
    let start_date = execution.started;
    world.executions.executions.insert(arn.clone(), execution);
    announce(world, &arn);
    run(world, &arn);
    Ok(StartExecutionResponse {
        execution_arn: arn,
        start_date,
    })
}

impl World {
    /// For so long after its end `DescribeExecution` shows an execution as running still, since it
    /// is eventually consistent (Step Functions API reference). Not at all unless it is set.
    pub fn set_execution_lag(&mut self, lag: SignedDuration) {
        self.executions.lag = lag;
    }
}

pub(in crate::sim) fn describe_execution(
    world: &mut World,
    request: DescribeExecutionRequest,
) -> Result<DescribeExecutionResponse, AwsError> {
    let shown = world.executions.execution(&request.execution_arn)?;
    let execution = match &shown.ended {
        Some((at, _)) if world.now.duration_since(*at) < world.executions.lag => &Execution {
            ended: None,
            ..shown.clone()
        },
        _ => shown,
    };
    let included = || Some(CloudWatchEventsExecutionDataDetails { included: true });
    let (error, cause) = execution.error();
    let refusal = execution.redrive_refusal();
    let redrive_status = match refusal {
        None => "REDRIVABLE",
        Some(_) => "NOT_REDRIVABLE",
    };
    Ok(DescribeExecutionResponse {
        execution_arn: request.execution_arn,
        state_machine_arn: execution.machine.clone(),
        name: Some(execution.name.clone()),
        status: execution.status().to_owned(),
        start_date: execution.started,
        stop_date: execution.stopped(),
        input: Some(execution.input.clone()),
        input_details: included(),
        output: execution.output().cloned(),
        output_details: execution.output().and_then(|_| included()),
        error,
        cause,
        redrive_count: Some(execution.run.redrives()),
        redrive_date: execution.redriven,
        redrive_status: Some(redrive_status.to_owned()),
        redrive_status_reason: refusal.map(str::to_owned),
    })
}

pub(in crate::sim) fn list_executions(
    world: &mut World,
    request: ListExecutionsRequest,
) -> Result<ListExecutionsResponse, AwsError> {
    let Some(machine) = request.state_machine_arn else {
        let message = "The member stateMachineArn is required: map runs are not simulated";
        return Err(AwsError::new("ValidationException", 400, message));
    };
    world.executions.machine(&machine)?;
    let status = request.status_filter.as_deref();
    if let Some(unknown) = status.filter(|status| !STATUSES.contains(status)) {
        let set = format!(
            "Member must satisfy enum value set: [{}]",
            STATUSES.join(", ")
        );
        return Err(AwsError::constraint(unknown, "statusFilter", &set));
    }
    let size = page_size(request.max_results)?;
    let token = request.next_token.as_deref();
    let mut found: Vec<(&String, &Execution)> = world
        .executions
        .executions
        .iter()
        .filter(|(_, execution)| execution.machine == machine)
        .filter(|(_, execution)| status.is_none_or(|status| execution.status() == status))
        .collect();
    found.sort_by_key(|(_, execution)| Reverse(execution.order));
    let items = found
        .into_iter()
        .map(|(arn, execution)| item(arn, execution));
    let (executions, next_token) =
        paging::page(items, token, size).map_err(|_| invalid_token(token))?;
    Ok(ListExecutionsResponse {
        executions,
        next_token,
    })
}

/// Stopping what has ended already answers when it ended.
pub(in crate::sim) fn stop_execution(
    world: &mut World,
    request: StopExecutionRequest,
) -> Result<StopExecutionResponse, AwsError> {
    world.executions.execution(&request.execution_arn)?;
    let stop_date =
        abort(world, &request.execution_arn, request.error, request.cause).unwrap_or(world.now);
    Ok(StopExecutionResponse { stop_date })
}

pub(in crate::sim) fn redrive_execution(
    world: &mut World,
    request: RedriveExecutionRequest,
) -> Result<RedriveExecutionResponse, AwsError> {
    let arn = request.execution_arn;
    let refusal = world.executions.execution(&arn)?.redrive_refusal();
    if let Some(refusal) = refusal {
        return Err(AwsError::new("ExecutionNotRedrivable", 400, refusal));
    }
    let now = world.now;
    if let Some(execution) = world.executions.executions.get_mut(&arn) {
        execution.ended = None;
        execution.redriven = Some(now);
        execution.run.redrive(&execution.definition, now);
    }
    announce(world, &arn);
    run(world, &arn);
    Ok(RedriveExecutionResponse { redrive_date: now })
}

pub(in crate::sim) fn get_execution_history(
    world: &mut World,
    request: GetExecutionHistoryRequest,
) -> Result<GetExecutionHistoryResponse, AwsError> {
    let execution = world.executions.execution(&request.execution_arn)?;
    let size = page_size(request.max_results)?;
    let token = request.next_token.as_deref();
    let events = execution.run.history().events();
    let page = if request.reverse_order == Some(true) {
        paging::page(events.iter().rev(), token, size)
    } else {
        paging::page(events.iter(), token, size)
    };
    let (events, next_token): (Vec<&HistoryEvent>, _) = page.map_err(|_| invalid_token(token))?;
    Ok(GetExecutionHistoryResponse {
        events: events.into_iter().cloned().collect(),
        next_token,
    })
}

fn item(arn: &str, execution: &Execution) -> ExecutionListItem {
    ExecutionListItem {
        execution_arn: arn.to_owned(),
        state_machine_arn: execution.machine.clone(),
        name: execution.name.clone(),
        status: execution.status().to_owned(),
        start_date: execution.started,
        stop_date: execution.stopped(),
        redrive_count: Some(execution.run.redrives()),
        redrive_date: execution.redriven,
    }
}

fn read(input: &str) -> Result<Value, AwsError> {
    if input.len() > LARGEST {
        let message = format!(
            "1 validation error detected: Value at 'input' failed to satisfy constraint: Member must have length less than or equal to {LARGEST}"
        );
        return Err(AwsError::new("ValidationException", 400, message));
    }
    serde_json::from_str(input).map_err(|problem| {
        let message = format!("Invalid State Machine Execution Input: '{problem}'");
        AwsError::new("InvalidExecutionInput", 400, message)
    })
}
