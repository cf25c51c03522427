//! The stack of `template.yaml` on the simulated AWS: hooks, stepper, state machine, rules, and a
//! CodeDeploy application for the sample with a deployment group for either mode.
//!
//! Its roles are the template's, statement for statement: what a function may do on AWS it may do here.
//!
//! The functions are real processes, so this is only for an endpoint that has a program for them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::sim::{AwsError, Service, World};

/// The stack's name, which is in all its names.
pub const STACK: &str = "canary";
/// CodeDeploy's application.
pub const APPLICATION: &str = "hello";
/// The deployment group whose traffic the stepper shifts, inside the pre-traffic hook.
pub const STEPPER_GROUP: &str = "hello-stepper";
/// The deployment group whose traffic CodeDeploy shifts, with the guard watching.
pub const GUARD_GROUP: &str = "hello-guard";
/// The pre-traffic hook's name.
pub const PRE_TRAFFIC: &str = "CodeDeployHook_canary-pre-traffic";
/// The post-traffic hook's name.
pub const POST_TRAFFIC: &str = "CodeDeployHook_canary-post-traffic";
/// The stepper's name.
pub const STEPPER: &str = "canary-stepper";
/// The state machine's name.
pub const MACHINE: &str = "canary-rollout";

/// The topic's name.
const TOPIC: &str = "canary-rollouts";

/// The statements of every role of `template.yaml`, as SAM translates them. What depends on the place
/// and on the template's patterns is left open: `${Functions}`, `${Applications}`, and so on.
const ROLES: &str = include_str!("stack/roles.json");

const DEFINITION: &str = include_str!("../../statemachine/rollout.asl.json");

/// Deploys the stack into a world that has the sample, with rights for the sample only.
///
/// # Errors
/// If the simulated AWS refuses something, such as a second stack of that name.
pub fn deploy_stack(world: &mut World) -> Result<(), AwsError> {
    let topic = world.call(Service::Sns, "CreateTopic", json!({ "Name": TOPIC }))?;
    let machine = world_arn(world, "states", &format!("stateMachine:{MACHINE}"));
    let hook = json!({ "STATE_MACHINE_ARN": machine });
    let stepper = json!({ "STATE_MACHINE_ARN": machine, "TOPIC_ARN": topic["TopicArn"] });
    allow(world, APPLICATION, "hello")?;
    function(world, STEPPER, "stepper", "StepperRole", 300, stepper)?;
    function(
        world,
        PRE_TRAFFIC,
        "pre_traffic",
        "PreTrafficRole",
        60,
        hook.clone(),
    )?;
    function(
        world,
        POST_TRAFFIC,
        "post_traffic",
        "PostTrafficRole",
        60,
        hook,
    )?;
    destinations(world, topic["TopicArn"].clone())?;
    let stepper_arn = world_arn(world, "lambda", &format!("function:{STEPPER}"));
    let definition = DEFINITION.replace("${Stepper}", &stepper_arn);
    let role = role_arn("MachineRole");
    let input = json!({ "name": MACHINE, "definition": definition, "roleArn": role });
    world.call(Service::StepFunctions, "CreateStateMachine", input)?;
    rules(world, &machine, &stepper_arn)?;
    application(world)?;
    policy(world, "{\"alarms\":[\"hello-live-errors\"]}")
}

/// Sets the sample's policy.
///
/// # Errors
/// As `PutParameter`.
pub fn policy(world: &mut World, text: &str) -> Result<(), AwsError> {
    let input = json!({
        "Name": "/lambda-canary/hello/live/policy", "Type": "String", "Value": text, "Overwrite": true,
    });
    world.call(Service::Ssm, "PutParameter", input).map(drop)
}

/// Gives the stack's roles their rights, as the template does with these `ApplicationPattern` and
/// `FunctionPattern`.
///
/// # Errors
/// If the simulated AWS does not understand a statement.
pub fn allow(world: &mut World, applications: &str, functions: &str) -> Result<(), AwsError> {
    let mut text = ROLES.to_owned();
    for (placeholder, value) in [
        ("${Applications}", applications),
        ("${Functions}", functions),
        ("${Topic}", &world_arn(world, "sns", TOPIC)),
        ("${Stack}", STACK),
        ("${Region}", world.region()),
        ("${Account}", world.account()),
    ] {
        text = text.replace(placeholder, value);
    }
    let roles: BTreeMap<String, Value> = serde_json::from_str(&text)
        .map_err(|problem| AwsError::new("MalformedPolicyDocument", 400, problem.to_string()))?;
    for (role, statements) in &roles {
        world.put_role(&format!("{STACK}-{role}"), statements)?;
    }
    Ok(())
}

/// The AppSpec of a release of the sample.
#[must_use]
pub fn appspec(current: &str, target: &str) -> String {
    json!({
        "version": "0.0",
        "Resources": [{ "hello": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Name": "hello", "Alias": "live", "CurrentVersion": current, "TargetVersion": target,
            },
        }}],
        "Hooks": [{ "BeforeAllowTraffic": PRE_TRAFFIC }, { "AfterAllowTraffic": POST_TRAFFIC }],
    })
    .to_string()
}

fn role_arn(role: &str) -> String {
    format!("arn:aws:iam::000000000000:role/{STACK}-{role}")
}

fn world_arn(world: &World, service: &str, resource: &str) -> String {
    format!(
        "arn:aws:{service}:{}:{}:{resource}",
        world.region(),
        world.account()
    )
}

fn function(
    world: &mut World,
    name: &str,
    handler: &str,
    role: &str,
    timeout: u32,
    variables: Value,
) -> Result<(), AwsError> {
    let input = json!({
        "FunctionName": name,
        "Role": role_arn(role),
        "Runtime": "provided.al2023",
        "Handler": handler,
        "Timeout": timeout,
        "MemorySize": 128,
        "Environment": { "Variables": variables },
        "Code": { "ZipFile": "the functions program" },
    });
    world
        .call(Service::Lambda, "CreateFunction", input)
        .map(drop)
}

/// What becomes of a hook that fails all its attempts, and of a recovery that does.
fn destinations(world: &mut World, topic: Value) -> Result<(), AwsError> {
    let stepper = world_arn(world, "lambda", &format!("function:{STEPPER}"));
    for (name, age, destination) in [
        (PRE_TRAFFIC, 3_000, json!(stepper)),
        (POST_TRAFFIC, 3_000, json!(stepper)),
        (STEPPER, 21_600, topic),
    ] {
        let input = json!({
            "FunctionName": name,
            "MaximumRetryAttempts": 2,
            "MaximumEventAgeInSeconds": age,
            "DestinationConfig": { "OnFailure": { "Destination": destination } },
        });
        world.call(Service::Lambda, "PutFunctionEventInvokeConfig", input)?;
    }
    Ok(())
}

fn rules(world: &mut World, machine: &str, stepper: &str) -> Result<(), AwsError> {
    let ended = json!({
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": { "status": ["ABORTED", "TIMED_OUT", "FAILED"], "stateMachineArn": [machine] },
    });
    let deployment = json!({
        "source": ["aws.codedeploy"],
        "detail-type": ["CodeDeploy Deployment State-change Notification"],
        "detail": { "state": ["FAILURE", "STOP"], "application": [{ "wildcard": "hello*" }] },
    });
    for (name, pattern) in [
        ("canary-execution-ended", ended),
        ("canary-deployment-ended", deployment),
    ] {
        let input = json!({ "Name": name, "EventPattern": pattern.to_string() });
        world.call(Service::Events, "PutRule", input)?;
        let input = json!({ "Rule": name, "Targets": [{ "Id": "stepper", "Arn": stepper }] });
        world.call(Service::Events, "PutTargets", input)?;
    }
    Ok(())
}

/// The alarm is in the sample's policy for both groups. In the guard's group CodeDeploy would watch
/// it too, as in the template, and be the first to stop: here it is the guard that can be watched.
fn application(world: &mut World) -> Result<(), AwsError> {
    let input = json!({ "applicationName": APPLICATION, "computePlatform": "Lambda" });
    world.call(Service::CodeDeploy, "CreateApplication", input)?;
    for (group, config) in [
        (STEPPER_GROUP, "CodeDeployDefault.LambdaAllAtOnce"),
        (
            GUARD_GROUP,
            "CodeDeployDefault.LambdaCanary10Percent5Minutes",
        ),
    ] {
        let input = json!({
            "applicationName": APPLICATION,
            "deploymentGroupName": group,
            "deploymentConfigName": config,
            "serviceRoleArn": "arn:aws:iam::000000000000:role/canary-codedeploy",
            "autoRollbackConfiguration": {
                "enabled": true,
                // As SAM sets it for a DeploymentPreference.
                "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"],
            },
            "deploymentStyle": {
                "deploymentType": "BLUE_GREEN",
                "deploymentOption": "WITH_TRAFFIC_CONTROL",
            },
        });
        world.call(Service::CodeDeploy, "CreateDeploymentGroup", input)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::Timestamp;

    use super::*;
    use crate::local::sample_world;
    use crate::sim::rights::name_of;

    #[test]
    fn the_simulated_aws_takes_the_whole_stack() {
        let mut world = sample_world(1, Timestamp::constant(1_800_000_000, 0));
        deploy_stack(&mut world).expect("the stack is a constant that the simulated AWS accepts");
        let machines = world
            .call(Service::StepFunctions, "ListStateMachines", json!({}))
            .expect("the machines");
        assert_eq!(machines["stateMachines"][0]["name"], MACHINE);
    }

    /// Every role under which something of the stack runs has its rights, and no other has.
    #[test]
    fn every_role_has_its_rights() {
        let mut world = sample_world(1, Timestamp::constant(1_800_000_000, 0));
        deploy_stack(&mut world).expect("it is accepted");
        let known: BTreeSet<_> = world.roles().map(str::to_owned).collect();
        let mut used = BTreeSet::from([String::from("canary-MachineRole")]);
        for name in [PRE_TRAFFIC, POST_TRAFFIC, STEPPER, "hello"] {
            let asked = json!({ "FunctionName": name });
            let found = world.call(Service::Lambda, "GetFunctionConfiguration", asked);
            let role = found.expect("it is there")["Role"]
                .as_str()
                .map(name_of)
                .expect("a role")
                .to_owned();
            used.insert(role);
        }
        assert_eq!(known, used);
    }

    #[test]
    fn nothing_in_the_roles_is_left_open() {
        let mut world = sample_world(1, Timestamp::constant(1_800_000_000, 0));
        deploy_stack(&mut world).expect("it is accepted");
        assert!(!format!("{world:?}").contains("${"));
        assert!(ROLES.contains("${Functions}") && ROLES.contains("${Applications}/*"));
    }

    #[test]
    fn the_names_are_the_templates() {
        let template = include_str!("../../template.yaml");
        for name in [PRE_TRAFFIC, POST_TRAFFIC, STEPPER, MACHINE] {
            let there = name.replace(STACK, "${AWS::StackName}");
            assert!(template.contains(&there), "{there}");
        }
    }
}
