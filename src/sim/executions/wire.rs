//! Step Functions' requests and responses, member for member as in its API model.

use jiff::Timestamp;

use crate::sim::wire::wire;

wire! { camelCase;
    /// A tag.
    Tag { key: Option<String>, value: Option<String> }
    /// Creates a state machine.
    CreateStateMachineRequest {
        name: String,
        definition: String,
        role_arn: String,
        r#type: Option<String>,
        publish: Option<bool>,
        tags: Option<Vec<Tag>>,
    }
    /// The new state machine.
    CreateStateMachineResponse { state_machine_arn: String, creation_date: Timestamp }
    /// Changes a state machine; executions that run keep the old definition.
    UpdateStateMachineRequest {
        state_machine_arn: String,
        definition: Option<String>,
        role_arn: Option<String>,
        publish: Option<bool>,
    }
    /// When it was changed.
    UpdateStateMachineResponse { update_date: Timestamp, revision_id: Option<String> }
    /// Asks for a state machine.
    DescribeStateMachineRequest { state_machine_arn: String }
    /// A state machine.
    DescribeStateMachineResponse {
        state_machine_arn: String,
        name: String,
        status: Option<String>,
        definition: String,
        role_arn: String,
        r#type: String,
        creation_date: Timestamp,
        logging_configuration: Option<LoggingConfiguration>,
        revision_id: Option<String>,
    }
    /// What is logged: nothing is simulated.
    LoggingConfiguration { level: String, include_execution_data: bool }
    /// Lists the state machines.
    ListStateMachinesRequest { max_results: Option<i64>, next_token: Option<String> }
    /// One page of state machines.
    ListStateMachinesResponse {
        state_machines: Vec<StateMachineListItem>,
        next_token: Option<String>,
    }
    /// A state machine in a list.
    StateMachineListItem {
        state_machine_arn: String,
        name: String,
        r#type: String,
        creation_date: Timestamp,
    }
    /// Deletes a state machine and stops its executions.
    DeleteStateMachineRequest { state_machine_arn: String }
    /// Nothing.
    DeleteStateMachineResponse {}
    /// Starts an execution.
    StartExecutionRequest {
        state_machine_arn: String,
        name: Option<String>,
        input: Option<String>,
        trace_header: Option<String>,
    }
    /// The execution, new or the one that runs already.
    StartExecutionResponse { execution_arn: String, start_date: Timestamp }
    /// Asks for an execution.
    DescribeExecutionRequest { execution_arn: String }
    /// Whether the data is in the response: always.
    CloudWatchEventsExecutionDataDetails { included: bool }
    /// An execution.
    DescribeExecutionResponse {
        execution_arn: String,
        state_machine_arn: String,
        name: Option<String>,
        status: String,
        start_date: Timestamp,
        stop_date: Option<Timestamp>,
        input: Option<String>,
        input_details: Option<CloudWatchEventsExecutionDataDetails>,
        output: Option<String>,
        output_details: Option<CloudWatchEventsExecutionDataDetails>,
        error: Option<String>,
        cause: Option<String>,
        redrive_count: Option<i64>,
        redrive_date: Option<Timestamp>,
        redrive_status: Option<String>,
        redrive_status_reason: Option<String>,
    }
    /// Lists the executions of a state machine, the newest first.
    ListExecutionsRequest {
        state_machine_arn: Option<String>,
        status_filter: Option<String>,
        max_results: Option<i64>,
        next_token: Option<String>,
    }
    /// An execution in a list.
    ExecutionListItem {
        execution_arn: String,
        state_machine_arn: String,
        name: String,
        status: String,
        start_date: Timestamp,
        stop_date: Option<Timestamp>,
        redrive_count: Option<i64>,
        redrive_date: Option<Timestamp>,
    }
    /// One page of executions.
    ListExecutionsResponse {
        executions: Vec<ExecutionListItem>,
        next_token: Option<String>,
    }
    /// Stops an execution.
    StopExecutionRequest {
        execution_arn: String,
        error: Option<String>,
        cause: Option<String>,
    }
    /// When it stopped.
    StopExecutionResponse { stop_date: Timestamp }
    /// Lets an execution that did not succeed go on at the state where it ended.
    RedriveExecutionRequest { execution_arn: String, client_token: Option<String> }
    /// When it went on.
    RedriveExecutionResponse { redrive_date: Timestamp }
    /// Asks for the events of an execution.
    GetExecutionHistoryRequest {
        execution_arn: String,
        max_results: Option<i64>,
        reverse_order: Option<bool>,
        next_token: Option<String>,
    }
    /// One page of events.
    GetExecutionHistoryResponse { events: Vec<HistoryEvent>, next_token: Option<String> }
    /// An event; at most one of the details is there.
    HistoryEvent {
        timestamp: Timestamp,
        r#type: String,
        id: i64,
        previous_event_id: i64,
        execution_started_event_details: Option<ExecutionStartedEventDetails>,
        execution_succeeded_event_details: Option<ExecutionSucceededEventDetails>,
        execution_failed_event_details: Option<EndedEventDetails>,
        execution_aborted_event_details: Option<EndedEventDetails>,
        execution_timed_out_event_details: Option<EndedEventDetails>,
        execution_redriven_event_details: Option<ExecutionRedrivenEventDetails>,
        state_entered_event_details: Option<StateEnteredEventDetails>,
        state_exited_event_details: Option<StateExitedEventDetails>,
        task_scheduled_event_details: Option<TaskScheduledEventDetails>,
        task_started_event_details: Option<TaskStartedEventDetails>,
        task_succeeded_event_details: Option<TaskSucceededEventDetails>,
        task_failed_event_details: Option<TaskFailedEventDetails>,
        task_timed_out_event_details: Option<TaskFailedEventDetails>,
        lambda_function_scheduled_event_details: Option<LambdaFunctionScheduledEventDetails>,
        lambda_function_succeeded_event_details: Option<LambdaFunctionSucceededEventDetails>,
        lambda_function_failed_event_details: Option<EndedEventDetails>,
        lambda_function_timed_out_event_details: Option<EndedEventDetails>,
    }
    /// Whether the data was cut: never.
    HistoryEventExecutionDataDetails { truncated: bool }
    /// The start of an execution.
    ExecutionStartedEventDetails {
        input: Option<String>,
        input_details: Option<HistoryEventExecutionDataDetails>,
        role_arn: Option<String>,
    }
    /// The good end of an execution.
    ExecutionSucceededEventDetails {
        output: Option<String>,
        output_details: Option<HistoryEventExecutionDataDetails>,
    }
    /// Another end, of an execution or of a function: AWS has one such shape for each.
    EndedEventDetails { error: Option<String>, cause: Option<String> }
    /// An execution goes on after its end.
    ExecutionRedrivenEventDetails { redrive_count: Option<i64> }
    /// A state begins.
    StateEnteredEventDetails {
        name: String,
        input: Option<String>,
        input_details: Option<HistoryEventExecutionDataDetails>,
    }
    /// A state is over.
    StateExitedEventDetails {
        name: String,
        output: Option<String>,
        output_details: Option<HistoryEventExecutionDataDetails>,
    }
    /// A task is about to begin.
    TaskScheduledEventDetails {
        resource_type: String,
        resource: String,
        region: String,
        parameters: String,
        timeout_in_seconds: Option<i64>,
    }
    /// A task begins.
    TaskStartedEventDetails { resource_type: String, resource: String }
    /// A task has a result.
    TaskSucceededEventDetails {
        resource_type: String,
        resource: String,
        output: Option<String>,
        output_details: Option<HistoryEventExecutionDataDetails>,
    }
    /// A task has none.
    TaskFailedEventDetails {
        resource_type: String,
        resource: String,
        error: Option<String>,
        cause: Option<String>,
    }
    /// A function is about to be invoked.
    LambdaFunctionScheduledEventDetails {
        resource: String,
        input: Option<String>,
        input_details: Option<HistoryEventExecutionDataDetails>,
        timeout_in_seconds: Option<i64>,
    }
    /// A function has a result.
    LambdaFunctionSucceededEventDetails {
        output: Option<String>,
        output_details: Option<HistoryEventExecutionDataDetails>,
    }
}
