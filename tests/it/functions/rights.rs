//! What the functions call, against the roles of the template: the local AWS refuses what a role does
//! not allow, and every story holds that nothing was refused. Which rights the stories use is for
//! `tests/conformance/rights`, which looks for those that none uses.

use std::fs::OpenOptions;
use std::io::Write as _;

use lambda_canary::local::stack::{APPLICATION, allow};
use lambda_canary::sim::{RightUse, Service, World};
use serde_json::json;

use super::{Stage, call};

/// Where the rights that the stories used are added, a line each, if it is set.
const RECORD: &str = "CANARY_RECORD_RIGHTS";

/// At the end of a story: nothing was refused, and what was used is kept for whoever asked for it.
pub(super) fn settle(world: &World) {
    let refused: Vec<_> = world
        .right_uses()
        .filter(|one| one.statement.is_none())
        .collect();
    assert!(
        refused.is_empty(),
        "the template gives no right to {refused:?}"
    );
    let Some(path) = std::env::var_os(RECORD) else {
        return;
    };
    let lines: String = world.right_uses().map(line).collect();
    let file = OpenOptions::new().create(true).append(true).open(&path);
    // One write each: the stories play beside each other.
    file.and_then(|mut file| file.write_all(lines.as_bytes()))
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

fn line(one: &RightUse) -> String {
    let RightUse {
        role,
        action,
        resource,
        statement,
    } = one;
    let line =
        json!({"role": role, "action": action, "resource": resource, "allowed_by": statement});
    format!("{line}\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stepper_may_touch_no_function_but_those_of_the_pattern() {
    let stage = Stage::with(|world| {
        allow(world, APPLICATION, "somebody-elses-*").expect("the roles are understood");
    })
    .await;
    let deployment = stage.deploy();
    stage.rest().await;
    assert_eq!(stage.status(&deployment), "Failed", "{}", stage.told());
    stage.assert_put_back();
    assert_eq!(
        stage.calls("UpdateAlias"),
        0,
        "a right that is lacking is seen before the shift"
    );
    let outcome = &stage.outcome(&deployment)["outcome"];
    assert!(outcome.to_string().contains("not authorized"), "{outcome}");
    stage.aws.shutdown().await;
}

/// A key that is not a function's has no role: what a person does is not held against any.
#[tokio::test(flavor = "multi_thread")]
async fn the_functions_processes_are_told_apart_by_their_roles() {
    let stage = Stage::set().await;
    stage.deploy();
    stage.rest().await;
    let named = json!({"FunctionName": "hello", "Name": "live"});
    stage.world(|world| call(world, Service::Lambda, "GetAlias", named));
    let callers = |operation: &str| {
        stage.world(|world| {
            let calls = world.trace().filter(|call| call.operation == operation);
            calls.map(|call| call.caller.clone()).collect::<Vec<_>>()
        })
    };
    let stepper = Some("canary-StepperRole".to_owned());
    let ticks = callers("UpdateAlias");
    assert!(
        ticks.len() >= 2 && ticks.iter().all(|caller| *caller == stepper),
        "{ticks:?}"
    );
    let started = callers("StartExecution");
    let hooks = ["canary-PreTrafficRole", "canary-PostTrafficRole"];
    assert_eq!(started, hooks.map(|role| Some(role.to_owned())));
    assert_eq!(callers("GetAlias").last(), Some(&None));
    stage.strike().await;
}
