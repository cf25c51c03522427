//! How a deployment goes on: one step at a time, each some seconds after the one before.

use serde_json::json;

use super::alias;
use super::create::STARTING;
use super::deployment::{Deployment, Stage, Status, Step};
use super::ending::{self, Cause};
use super::hooks;
use crate::sim::alarms::{self, DescribeAlarmsRequest};
use crate::sim::events;
use crate::sim::world::World;

/// Seconds between the end of one lifecycle event and the beginning of the next.
pub(in crate::sim) const BETWEEN: i64 = 2;

/// Seconds between two looks at the alarms.
pub(in crate::sim) const POLL: i64 = 5;

/// Lets every deployment go on that is due at this second.
pub(in crate::sim) fn run_due(world: &mut World, second: i64) {
    let is_due = |deployment: &Deployment| deployment.next_due().is_some_and(|due| due <= second);
    let all = world.deployments.all.iter().enumerate();
    let due: Vec<usize> = all
        .filter(|(_, deployment)| is_due(deployment))
        .map(|(index, _)| index)
        .collect();
    for index in due {
        // Alarms first: one that rings at the second of a shift keeps it from happening.
        if world.deployments.all[index]
            .poll
            .is_some_and(|at| at <= second)
        {
            poll_alarms(world, index, second);
        }
        match world.deployments.all[index].due {
            Some((at, step)) if at <= second => take(world, index, step, second),
            _ => {}
        }
    }
}

/// A stage is over, and well: the next one follows.
pub(super) fn complete(world: &mut World, index: usize, stage: Stage, second: i64) {
    let now = world.now;
    let next = match stage {
        Stage::Before => Step::Enter(Stage::Traffic),
        Stage::Traffic => Step::Enter(Stage::After),
        Stage::After => Step::End,
    };
    let deployment = &mut world.deployments.all[index];
    deployment.succeed(stage, now);
    deployment.due = Some((second + BETWEEN, next));
}

/// Tells EventBridge of a deployment's new state.
pub(super) fn announce(world: &mut World, index: usize, state: &str) {
    let deployment = &world.deployments.all[index];
    let (application, group) = (deployment.application.as_str(), deployment.group.as_str());
    let resources = vec![
        world.arn("codedeploy", &format!("application:{application}")),
        world.arn(
            "codedeploy",
            &format!("deploymentgroup:{application}/{group}"),
        ),
    ];
    let detail = json!({
        "region": world.region,
        "deploymentId": deployment.id,
        "instanceGroupId": deployment.group_id,
        "deploymentGroup": group,
        "state": state,
        "application": application,
    });
    let kind = "CodeDeploy Deployment State-change Notification";
    events::emit(world, "aws.codedeploy", kind, resources, detail);
}

fn take(world: &mut World, index: usize, step: Step, second: i64) {
    let now = world.now;
    let deployment = &mut world.deployments.all[index];
    match step {
        Step::Queue => {
            deployment.status = Status::Queued;
            deployment.due = Some((second + STARTING, Step::Start));
        }
        Step::Start => start(world, index, second),
        Step::Enter(Stage::Traffic) => open_traffic(world, index, second),
        Step::Enter(stage) => {
            deployment.begin(stage, now);
            hooks::invoke(world, index, stage, second);
        }
        Step::Expire(stage) => hooks::expire(world, index, stage),
        Step::Shift => shift(world, index, second),
        Step::End => end(world, index),
    }
}

/// Start: whether there is anything that can be deployed.
fn start(world: &mut World, index: usize, second: i64) {
    let now = world.now;
    let deployment = &mut world.deployments.all[index];
    deployment.status = Status::InProgress;
    deployment.started = Some(now);
    deployment.updated = now;
    announce(world, index, "START");
    let deployment = world.deployments.all[index].clone();
    match alias::inspect(world, &deployment) {
        Err(refusal) => ending::break_off(world, index, Cause::Alias(refusal)),
        Ok(revision) => {
            let deployment = &mut world.deployments.all[index];
            deployment.seen_revision = Some(revision);
            deployment.poll = (!deployment.alarms.is_empty()).then_some(second);
            deployment.due = Some((second + BETWEEN, Step::Enter(Stage::Before)));
        }
    }
}

fn open_traffic(world: &mut World, index: usize, second: i64) {
    let now = world.now;
    world.deployments.all[index].begin(Stage::Traffic, now);
    let deployment = world.deployments.all[index].clone();
    match alias::inspect(world, &deployment) {
        Err(refusal) => ending::break_off(world, index, Cause::Alias(refusal)),
        Ok(_) => shift(world, index, second),
    }
}

/// The next share of the traffic.
fn shift(world: &mut World, index: usize, second: i64) {
    let deployment = world.deployments.all[index].clone();
    let (percent, wait) = deployment.shift.after(deployment.percent);
    if let Err(refusal) = alias::write(world, &deployment, percent) {
        ending::break_off(world, index, Cause::Alias(refusal));
        return;
    }
    let now = world.now;
    let deployment = &mut world.deployments.all[index];
    deployment.percent = percent;
    deployment.updated = now;
    if percent >= 100 {
        complete(world, index, Stage::Traffic, second);
    } else {
        deployment.due = Some((second + wait, Step::Shift));
    }
}

fn end(world: &mut World, index: usize) {
    let now = world.now;
    let deployment = &mut world.deployments.all[index];
    deployment.status = Status::Succeeded;
    deployment.completed = Some(now);
    deployment.updated = now;
    deployment.due = None;
    deployment.poll = None;
    announce(world, index, "SUCCESS");
    ending::settle_rollback(world, index);
}

/// Stops the deployment if one of its alarms rings. A missing alarm is taken for OK, as AWS does.
fn poll_alarms(world: &mut World, index: usize, second: i64) {
    let deployment = &mut world.deployments.all[index];
    deployment.poll = Some(second + POLL);
    let request = DescribeAlarmsRequest {
        alarm_names: Some(deployment.alarms.clone()),
        alarm_types: Some(vec!["MetricAlarm".to_owned(), "CompositeAlarm".to_owned()]),
        state_value: Some("ALARM".to_owned()),
        ..DescribeAlarmsRequest::default()
    };
    // Only a malformed request can fail, and this one is ours.
    let Ok(found) = alarms::describe_alarms(world, request) else {
        return;
    };
    let metric = found
        .metric_alarms
        .into_iter()
        .map(|alarm| alarm.alarm_name);
    let composite = found
        .composite_alarms
        .into_iter()
        .map(|alarm| alarm.alarm_name);
    let ringing: Vec<String> = metric.chain(composite).collect();
    if !ringing.is_empty() {
        ending::break_off(world, index, Cause::Alarms(ringing));
    }
}
