//! The AWS calls of a release, counted from the trace of the simulated AWS: in all, and per tick.
//!
//! `make calls-per-tick`. A good release with the default plan, once with the stepper and once with
//! the guard, hooks and stepper being real processes.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use lambda_canary::local::stack::{APPLICATION, GUARD_GROUP, STEPPER_GROUP, appspec, deploy_stack};
use lambda_canary::local::{Config, LocalAws, sample_world};
use lambda_canary::sim::{Service, World};
use serde_json::{Value, json};

const START: Timestamp = Timestamp::constant(1_800_000_000, 0);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    for group in [STEPPER_GROUP, GUARD_GROUP] {
        count(group).await?;
    }
    Ok(())
}

async fn count(group: &str) -> Result<(), Box<dyn Error>> {
    let mut world = sample_world(1, START);
    deploy_stack(&mut world)?;
    world.set_traffic_limit(0.0);
    world.clear_trace();
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/debug/functions");
    let config = Config {
        address: ([127, 0, 0, 1], 0).into(),
        speed: 200.0,
        functions: Some(program),
        ..Config::default()
    };
    let aws = LocalAws::start(config, world).await?;
    let deployment = aws.with_world(|world| deploy(world, group))?;
    while !aws.with_world(|world| is_over(world, &deployment)) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    aws.with_world(|world| print(world, group));
    aws.shutdown().await;
    Ok(())
}

fn deploy(world: &mut World, group: &str) -> Result<String, Box<dyn Error>> {
    let input = json!({
        "applicationName": APPLICATION,
        "deploymentGroupName": group,
        "revision": {"revisionType": "AppSpecContent", "appSpecContent": {"content": appspec("1", "2")}},
    });
    let made = world.call(Service::CodeDeploy, "CreateDeployment", input)?;
    let id = made["deploymentId"].as_str().ok_or("no id")?;
    Ok(id.to_owned())
}

fn is_over(world: &mut World, deployment: &str) -> bool {
    let running = world.open_invocations() > 0 || !world.open_hooks().is_empty();
    let mut all = world.deployments_overview().into_iter();
    let ended = all.any(|one| one.id == deployment && one.completed.is_some());
    ended && !running
}

/// The functions' own calls: those of this program are before the first and after the last.
fn print(world: &mut World, group: &str) {
    let mut calls: BTreeMap<String, u32> = BTreeMap::new();
    for entry in world.trace() {
        *calls.entry(entry.operation.clone()).or_default() += 1;
    }
    calls.remove("CreateDeployment");
    let ticks = ticks(world);
    println!("\n{group}: {ticks} ticks");
    println!("{:>40}  {:>5}  {:>8}", "call", "all", "per tick");
    for (call, count) in calls {
        println!(
            "{call:>40}  {count:>5}  {:>8.2}",
            f64::from(count) / f64::from(ticks)
        );
    }
}

/// How often the state Tick was entered in the execution of the pre-traffic hook.
fn ticks(world: &mut World) -> u32 {
    let mut world = world.clone();
    let mut call = |operation, input| {
        world
            .call(Service::StepFunctions, operation, input)
            .unwrap_or(Value::Null)
    };
    let machines = call("ListStateMachines", json!({}));
    let machine = &machines["stateMachines"][0]["stateMachineArn"];
    let executions = call("ListExecutions", json!({ "stateMachineArn": machine }));
    let executions = executions["executions"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let pre = executions.iter().find(|one| {
        one["name"]
            .as_str()
            .is_some_and(|name| name.ends_with("-pre"))
    });
    let arn = pre.map_or(Value::Null, |one| one["executionArn"].clone());
    let history = call(
        "GetExecutionHistory",
        json!({ "executionArn": arn, "maxResults": 1000 }),
    );
    let events = history["events"].as_array().cloned().unwrap_or_default();
    let entered = events
        .iter()
        .filter(|event| event["stateEnteredEventDetails"]["name"] == "Tick")
        .count();
    u32::try_from(entered).unwrap_or(0)
}
