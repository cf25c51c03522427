//! State machines: create, change, describe, list, delete.

use std::sync::Arc;

use super::asl::Definition;
use super::progress::abort;
use super::wire::{
    CreateStateMachineRequest, CreateStateMachineResponse, DeleteStateMachineRequest,
    DeleteStateMachineResponse, DescribeStateMachineRequest, DescribeStateMachineResponse,
    ListStateMachinesRequest, ListStateMachinesResponse, LoggingConfiguration,
    StateMachineListItem, UpdateStateMachineRequest, UpdateStateMachineResponse,
};
use super::{Machine, check_arn, check_name, invalid_token, page_size};
use crate::sim::errors::AwsError;
use crate::sim::paging;
use crate::sim::world::World;

const STANDARD: &str = "STANDARD";

/// A definition may have so many characters.
const DEFINITION: usize = 1_048_576;

pub(in crate::sim) fn create_state_machine(
    world: &mut World,
    request: CreateStateMachineRequest,
) -> Result<CreateStateMachineResponse, AwsError> {
    check_name(&request.name)?;
    check_publish(request.publish)?;
    check_role(&request.role_arn)?;
    if request.r#type.is_some_and(|kind| kind != STANDARD) {
        let message = "Only state machines of type STANDARD are simulated";
        return Err(AwsError::new("StateMachineTypeNotSupported", 400, message));
    }
    let definition = read(&request.definition)?;
    let arn = world.arn("states", &format!("stateMachine:{}", request.name));
    if let Some(existing) = world.executions.machines.get(&arn) {
        // The same once more is the same machine: AWS looks at neither role nor tags.
        if existing.text == request.definition {
            return Ok(CreateStateMachineResponse {
                state_machine_arn: arn,
                creation_date: existing.created,
            });
        }
        let message = format!("State Machine Already Exists: '{arn}'");
        return Err(AwsError::new("StateMachineAlreadyExists", 400, message));
    }
    let machine = Machine {
        name: request.name,
        text: request.definition,
        definition: Arc::new(definition),
        role: request.role_arn,
        created: world.now,
        revision: None,
    };
    world.executions.machines.insert(arn.clone(), machine);
    Ok(CreateStateMachineResponse {
        state_machine_arn: arn,
        creation_date: world.now,
    })
}

pub(in crate::sim) fn update_state_machine(
    world: &mut World,
    request: UpdateStateMachineRequest,
) -> Result<UpdateStateMachineResponse, AwsError> {
    world.executions.machine(&request.state_machine_arn)?;
    check_publish(request.publish)?;
    if request.definition.is_none() && request.role_arn.is_none() {
        let message = "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified";
        return Err(AwsError::new("MissingRequiredParameter", 400, message));
    }
    request.role_arn.as_deref().map_or(Ok(()), check_role)?;
    let definition = request.definition.as_deref().map(read).transpose()?;
    let revision = world.next_revision();
    if let Some(machine) = world
        .executions
        .machines
        .get_mut(&request.state_machine_arn)
    {
        if let (Some(text), Some(definition)) = (request.definition, definition) {
            machine.text = text;
            machine.definition = Arc::new(definition);
        }
        if let Some(role) = request.role_arn {
            machine.role = role;
        }
        machine.revision = Some(revision.clone());
    }
    Ok(UpdateStateMachineResponse {
        update_date: world.now,
        revision_id: Some(revision),
    })
}

pub(in crate::sim) fn describe_state_machine(
    world: &mut World,
    request: DescribeStateMachineRequest,
) -> Result<DescribeStateMachineResponse, AwsError> {
    let machine = world.executions.machine(&request.state_machine_arn)?;
    Ok(DescribeStateMachineResponse {
        state_machine_arn: request.state_machine_arn,
        name: machine.name.clone(),
        status: Some("ACTIVE".to_owned()),
        definition: machine.text.clone(),
        role_arn: machine.role.clone(),
        r#type: STANDARD.to_owned(),
        creation_date: machine.created,
        logging_configuration: Some(LoggingConfiguration {
            level: "OFF".to_owned(),
            include_execution_data: false,
        }),
        revision_id: machine.revision.clone(),
    })
}

pub(in crate::sim) fn list_state_machines(
    world: &mut World,
    request: ListStateMachinesRequest,
) -> Result<ListStateMachinesResponse, AwsError> {
    let size = page_size(request.max_results)?;
    let token = request.next_token.as_deref();
    let items = world
        .executions
        .machines
        .iter()
        .map(|(arn, machine)| StateMachineListItem {
            state_machine_arn: arn.clone(),
            name: machine.name.clone(),
            r#type: STANDARD.to_owned(),
            creation_date: machine.created,
        });
    let (state_machines, next_token) =
        paging::page(items, token, size).map_err(|_| invalid_token(token))?;
    Ok(ListStateMachinesResponse {
        state_machines,
        next_token,
    })
}

/// AWS lets the executions end at their next transition; here they are aborted at once. Deleting
/// what is not there succeeds.
pub(in crate::sim) fn delete_state_machine(
    world: &mut World,
    request: DeleteStateMachineRequest,
) -> Result<DeleteStateMachineResponse, AwsError> {
    let arn = request.state_machine_arn;
    check_arn(&arn, "stateMachine", 1)?;
    world.executions.machines.remove(&arn);
    let executions = &world.executions.executions;
    let running: Vec<String> = executions
        .iter()
        .filter(|(_, execution)| execution.machine == arn && execution.ended.is_none())
        .map(|(arn, _)| arn.clone())
        .collect();
    for execution in running {
        abort(world, &execution, None, None);
    }
    Ok(DeleteStateMachineResponse {})
}

fn read(definition: &str) -> Result<Definition, AwsError> {
    let invalid = |problem: String| {
        let message = format!("Invalid State Machine Definition: '{problem}'");
        AwsError::new("InvalidDefinition", 400, message)
    };
    if definition.chars().count() > DEFINITION {
        return Err(invalid(format!("longer than {DEFINITION} characters")));
    }
    Definition::parse(definition).map_err(|mistake| invalid(mistake.to_string()))
}

fn check_role(arn: &str) -> Result<(), AwsError> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts[..] {
        ["arn", _, "iam", "", _, role] if role.starts_with("role/") => Ok(()),
        _ => Err(AwsError::new(
            "InvalidArn",
            400,
            format!("Invalid Role Arn: '{arn}'"),
        )),
    }
}

fn check_publish(publish: Option<bool>) -> Result<(), AwsError> {
    if publish == Some(true) {
        let message = "Versions of state machines are not simulated: leave 'publish' out";
        return Err(AwsError::new("ValidationException", 400, message));
    }
    Ok(())
}
