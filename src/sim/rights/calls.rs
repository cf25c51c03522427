//! Which action on which resources a call is, as AWS's service authorization reference has it.
//!
//! Where the reference names no resource for an action that is about a deployment
//! (`PutLifecycleEventHookExecutionStatus`, `StopDeployment`, `GetDeploymentTarget`,
//! `ListDeploymentTargets`), the deployment's group is taken, as AWS's own examples do.

use serde_json::Value;

use crate::sim::errors::Service;
use crate::sim::lambda::InvokeRequest;
use crate::sim::world::World;

/// What a caller needs a right to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// The action, as policies name it.
    pub action: String,
    /// The resources, each of which has to be allowed; `*` for a call that has none. None at all: what
    /// the call names is not there, so any right to the action will do to be told so.
    pub resources: Vec<String>,
}

/// What a call with this input needs.
pub(super) fn of(world: &World, service: Service, operation: &str, input: &Value) -> Wanted {
    let text = |name: &str| input.get(name).and_then(Value::as_str);
    let found = match service {
        Service::Lambda => {
            let function = text("FunctionName").or_else(|| text("Resource"));
            // An alias' name is no qualifier: aliases are read and written at their function.
            let qualified = ["GetFunctionConfiguration", "GetFunction", "Invoke"];
            let qualifier = text("Qualifier").filter(|_| qualified.contains(&operation));
            function.map(|name| vec![function_arn(world, name, qualifier)])
        }
        Service::CloudWatch => alarms(world, operation, input),
        Service::Ssm => text("Name").map(|name| {
            let name = name.strip_prefix('/').unwrap_or(name);
            vec![world.arn("ssm", &format!("parameter/{name}"))]
        }),
        Service::CodeDeploy => deployment_things(world, &text),
        Service::StepFunctions => ["executionArn", "stateMachineArn"]
            .iter()
            .find_map(|name| text(name))
            .map(|arn| vec![arn.to_owned()]),
        Service::Sns => ["TopicArn", "TargetArn"]
            .iter()
            .find_map(|name| text(name))
            .map(|arn| vec![arn.to_owned()]),
        Service::Events => (operation == "PutEvents").then(|| buses(world, input)),
    };
    Wanted {
        action: action(service, operation),
        resources: found.unwrap_or_else(|| vec!["*".to_owned()]),
    }
}

/// What an invocation needs.
pub(super) fn of_invoke(world: &World, request: &InvokeRequest) -> Wanted {
    let qualifier = request.qualifier.as_deref();
    Wanted {
        action: action(Service::Lambda, "Invoke"),
        resources: vec![function_arn(world, &request.function_name, qualifier)],
    }
}

fn action(service: Service, operation: &str) -> String {
    let prefix = match service {
        Service::Lambda => "lambda",
        Service::CloudWatch => "cloudwatch",
        Service::Ssm => "ssm",
        Service::CodeDeploy => "codedeploy",
        Service::StepFunctions => "states",
        Service::Sns => "sns",
        Service::Events => "events",
    };
    match (service, operation) {
        (Service::Lambda, "Invoke") => "lambda:InvokeFunction".to_owned(),
        _ => format!("{prefix}:{operation}"),
    }
}

/// A function's ARN, qualified as the call qualifies it. A name that is none is taken as it is: the
/// operation itself refuses it.
fn function_arn(world: &World, name: &str, qualifier: Option<&str>) -> String {
    match world.named(name, qualifier) {
        Ok((name, qualifier)) => world.function_arn(&name, qualifier.as_deref()),
        Err(_) => name.to_owned(),
    }
}

/// Alarms by their names; only who may see all of them is shown other ones than metric alarms.
fn alarms(world: &World, operation: &str, input: &Value) -> Option<Vec<String>> {
    if !["DescribeAlarms", "DescribeAlarmHistory"].contains(&operation) {
        return None;
    }
    let types = input.get("AlarmTypes").and_then(Value::as_array);
    if types.is_some_and(|types| types.iter().any(|one| one != "MetricAlarm")) {
        return None;
    }
    let names = match input.get("AlarmNames").and_then(Value::as_array) {
        Some(names) => names.iter().filter_map(Value::as_str).collect(),
        None => vec![input.get("AlarmName").and_then(Value::as_str)?],
    };
    let arn = |name: &str| world.arn("cloudwatch", &format!("alarm:{name}"));
    (!names.is_empty()).then(|| names.into_iter().map(arn).collect())
}

fn deployment_things<'a>(
    world: &World,
    text: &impl Fn(&str) -> Option<&'a str>,
) -> Option<Vec<String>> {
    let resource = if let Some(id) = text("deploymentId") {
        let Some((application, group)) = world.deployments.group_of(id) else {
            return Some(Vec::new());
        };
        format!("deploymentgroup:{application}/{group}")
    } else if let Some(config) =
        text("deploymentConfigName").filter(|_| text("applicationName").is_none())
    {
        format!("deploymentconfig:{config}")
    } else {
        let application = text("applicationName")?;
        match text("deploymentGroupName") {
            Some(group) => format!("deploymentgroup:{application}/{group}"),
            None => format!("application:{application}"),
        }
    };
    Some(vec![world.arn("codedeploy", &resource)])
}

/// The buses of the entries.
fn buses(world: &World, input: &Value) -> Vec<String> {
    let entries = input.get("Entries").and_then(Value::as_array);
    let mut buses: Vec<String> = entries
        .into_iter()
        .flatten()
        .map(
            |entry| match entry.get("EventBusName").and_then(Value::as_str) {
                Some(arn) if arn.starts_with("arn:") => arn.to_owned(),
                Some(name) => world.arn("events", &format!("event-bus/{name}")),
                None => world.arn("events", "event-bus/default"),
            },
        )
        .collect();
    buses.sort_unstable();
    buses.dedup();
    buses
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sim::fixture::hello;

    #[test]
    fn a_call_is_an_action_on_what_its_input_names() {
        let world = hello(1);
        let arn =
            |service: &str, rest: &str| format!("arn:aws:{service}:us-east-1:000000000000:{rest}");
        let function = arn("lambda", "function:hello");
        for (service, operation, input, action, resource) in [
            (
                Service::Lambda,
                "GetAlias",
                json!({"FunctionName": "hello", "Name": "live"}),
                "lambda:GetAlias",
                function.clone(),
            ),
            (
                Service::Lambda,
                "ListTags",
                json!({"Resource": function}),
                "lambda:ListTags",
                function.clone(),
            ),
            (
                Service::Lambda,
                "GetFunctionConfiguration",
                json!({"FunctionName": "hello", "Qualifier": "2"}),
                "lambda:GetFunctionConfiguration",
                arn("lambda", "function:hello:2"),
            ),
            (
                Service::CloudWatch,
                "GetMetricData",
                json!({}),
                "cloudwatch:GetMetricData",
                "*".to_owned(),
            ),
            (
                Service::CloudWatch,
                "DescribeAlarms",
                json!({"AlarmNames": ["a"]}),
                "cloudwatch:DescribeAlarms",
                arn("cloudwatch", "alarm:a"),
            ),
            (
                Service::CloudWatch,
                "DescribeAlarms",
                json!({"AlarmNames": ["a"], "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}),
                "cloudwatch:DescribeAlarms",
                "*".to_owned(),
            ),
            (
                Service::Ssm,
                "GetParameter",
                json!({"Name": "/lambda-canary/a"}),
                "ssm:GetParameter",
                arn("ssm", "parameter/lambda-canary/a"),
            ),
            (
                Service::CodeDeploy,
                "GetDeploymentConfig",
                json!({"deploymentConfigName": "c"}),
                "codedeploy:GetDeploymentConfig",
                arn("codedeploy", "deploymentconfig:c"),
            ),
            (
                Service::CodeDeploy,
                "GetDeploymentGroup",
                json!({"applicationName": "a", "deploymentGroupName": "g"}),
                "codedeploy:GetDeploymentGroup",
                arn("codedeploy", "deploymentgroup:a/g"),
            ),
            (
                Service::CodeDeploy,
                "GetApplicationRevision",
                json!({"applicationName": "a"}),
                "codedeploy:GetApplicationRevision",
                arn("codedeploy", "application:a"),
            ),
            (
                Service::StepFunctions,
                "StartExecution",
                json!({"stateMachineArn": "m"}),
                "states:StartExecution",
                "m".to_owned(),
            ),
            (
                Service::Sns,
                "Publish",
                json!({"TopicArn": "t"}),
                "sns:Publish",
                "t".to_owned(),
            ),
            (
                Service::Events,
                "PutEvents",
                json!({"Entries": [{}, {}]}),
                "events:PutEvents",
                arn("events", "event-bus/default"),
            ),
        ] {
            let wanted = of(&world, service, operation, &input);
            let expected = Wanted {
                action: action.to_owned(),
                resources: vec![resource],
            };
            assert_eq!(wanted, expected, "{operation} {input}");
        }
    }

    #[test]
    fn every_alarm_and_every_bus_is_a_resource() {
        let world = hello(1);
        let resources =
            |service, operation: &str, input| of(&world, service, operation, &input).resources;
        let alarms = json!({"AlarmNames": ["a", "b"], "AlarmTypes": ["MetricAlarm"]});
        assert_eq!(
            resources(Service::CloudWatch, "DescribeAlarms", alarms).len(),
            2
        );
        let entries = json!({"Entries": [{"EventBusName": "x"}, {"EventBusName": "arn:y"}, {"EventBusName": "x"}]});
        assert_eq!(resources(Service::Events, "PutEvents", entries).len(), 2);
    }

    #[test]
    fn nobody_knows_the_group_of_a_deployment_that_is_not_there() {
        let input = json!({"deploymentId": "d-NOBODYSX1"});
        let wanted = of(&hello(1), Service::CodeDeploy, "GetDeployment", &input);
        assert!(wanted.resources.is_empty(), "{wanted:?}");
    }

    #[test]
    fn an_invocation_is_of_the_function_as_it_is_called() {
        let world = hello(1);
        let request = InvokeRequest {
            function_name: "hello".to_owned(),
            qualifier: Some("2".to_owned()),
            ..InvokeRequest::default()
        };
        let wanted = of_invoke(&world, &request);
        assert_eq!(wanted.action, "lambda:InvokeFunction");
        assert!(
            wanted.resources[0].ends_with(":function:hello:2"),
            "{wanted:?}"
        );
    }
}
