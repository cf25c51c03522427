//! Stops and rollbacks.

use super::fixture::*;
use super::*;
use crate::sim::fixture::{code, pass, publish, shift, update};
use crate::sim::lambda::UpdateAliasRequest;

fn stop(world: &mut World, id: &str, roll_back: Option<bool>) -> Result<String, AwsError> {
    let request = StopDeploymentRequest {
        deployment_id: id.to_owned(),
        auto_rollback_enabled: roll_back,
    };
    world.stop_deployment(request).map(|stopped| stopped.status)
}

/// A canary at 10 percent, without hooks.
fn at_ten_percent() -> (World, String) {
    let mut world = shop();
    let id = begin(&mut world, release("Canary10Percent5Minutes", &[]));
    pass(&mut world, TO_HOOK + 2);
    assert_eq!(traffic(&mut world), shared(0.1));
    (world, id)
}

#[test]
fn a_rollback_is_a_deployment_of_its_own_with_the_same_hooks() {
    let mut world = shop();
    let id = begin(&mut world, release("Canary10Percent5Minutes", BOTH));
    pass(&mut world, TO_HOOK);
    // Weights that the hook left behind do not keep it from going back.
    shift(&mut world, 0.5);
    answer_open(&mut world, "Failed");
    let back = rollback_of(&mut world, &id).expect("the group rolls back");
    assert_ne!(back, id);
    let shown = info(&mut world, &back);
    assert_eq!(shown.creator, "codeDeployRollback");
    assert_eq!(
        shown.deployment_config_name,
        "CodeDeployDefault.LambdaAllAtOnce"
    );
    let of = shown.rollback_info.expect("a rollback");
    assert_eq!(
        of.rollback_triggering_deployment_id.as_deref(),
        Some(id.as_str())
    );

    pass(&mut world, TO_HOOK);
    let versions = target(&mut world, &back).lambda_function_info;
    assert_eq!(
        (
            versions.current_version.as_str(),
            versions.target_version.as_str()
        ),
        ("2", "1")
    );
    let hook = hook(&world);
    assert_eq!(
        (hook.deployment.as_str(), hook.function.as_str()),
        (back.as_str(), PRE)
    );
    assert_eq!(traffic(&mut world), shared(0.5));
    answer_open(&mut world, "Succeeded");
    pass(&mut world, 2);
    assert_eq!(traffic(&mut world), at("1"));
    pass(&mut world, 2);
    answer_open(&mut world, "Succeeded");
    pass(&mut world, 2);
    assert_eq!(outcome(&mut world, &back).0, "Succeeded");
    let message = info(&mut world, &id)
        .rollback_info
        .and_then(|info| info.rollback_message);
    assert_eq!(
        message,
        Some(format!("Rollback deployment {back}: Succeeded."))
    );
}

#[test]
fn a_rollbacks_revision_can_be_read() {
    let (mut world, id) = at_ten_percent();
    stop(&mut world, &id, Some(true)).expect("it runs");
    let back = rollback_of(&mut world, &id).expect("asked for");
    let request = GetApplicationRevisionRequest {
        application_name: "shop".to_owned(),
        revision: info(&mut world, &back).revision,
    };
    let found = world.get_application_revision(request).expect("registered");
    let text = found
        .revision
        .app_spec_content
        .and_then(|held| held.content)
        .expect("a text");
    assert!(
        text.contains(r#""CurrentVersion":"2","Name":"hello","TargetVersion":"1""#),
        "{text}"
    );
}

#[test]
fn a_rollback_whose_hook_fails_goes_no_further() {
    let mut world = shop();
    let id = begin(&mut world, release("AllAtOnce", &BOTH[1..]));
    pass(&mut world, TO_HOOK + 4);
    answer_open(&mut world, "Failed");
    pass(&mut world, TO_HOOK + 4);
    assert_eq!(traffic(&mut world), at("1"));
    answer_open(&mut world, "Failed");
    let back = rollback_of(&mut world, &id).expect("the group rolls back");
    assert_eq!(outcome(&mut world, &back), failed("HOOK_EXECUTION_FAILURE"));
    assert_eq!(rollback_of(&mut world, &back), None);
    assert_eq!(world.deployments_overview().len(), 2);
    let message = info(&mut world, &id)
        .rollback_info
        .and_then(|info| info.rollback_message);
    assert_eq!(
        message,
        Some(format!("Rollback deployment {back}: Failed."))
    );
}

#[test]
fn a_stop_rolls_back_as_it_is_told() {
    for (group, wanted, back) in [
        (true, None, true),
        (true, Some(false), false),
        (false, None, false),
        (false, Some(true), true),
    ] {
        let mut world = shop();
        let mut request = release("Canary10Percent5Minutes", &[]);
        if !group {
            request.auto_rollback_configuration = Some(rolling_back(&["DEPLOYMENT_FAILURE"]));
        }
        let id = begin(&mut world, request);
        pass(&mut world, TO_HOOK + 2);
        assert_eq!(stop(&mut world, &id, wanted), Ok("Succeeded".to_owned()));
        let expected = ("Stopped".to_owned(), Some("MANUAL_STOP".to_owned()));
        assert_eq!(outcome(&mut world, &id), expected);
        pass(&mut world, 1000);
        let expected = if back { at("1") } else { shared(0.1) };
        assert_eq!(traffic(&mut world), expected, "{group} {wanted:?}");
        assert_eq!(rollback_of(&mut world, &id).is_some(), back);
    }
}

#[test]
fn a_rollback_that_is_stopped_is_not_rolled_back() {
    let (mut world, id) = at_ten_percent();
    stop(&mut world, &id, Some(true)).expect("it runs");
    let back = rollback_of(&mut world, &id).expect("asked for");
    pass(&mut world, TO_START);
    stop(&mut world, &back, Some(true)).expect("it runs");
    pass(&mut world, 60);
    assert_eq!(info(&mut world, &back).status, "Stopped");
    assert_eq!(world.deployments_overview().len(), 2);
    assert_eq!(traffic(&mut world), shared(0.1), "the weights stand");
}

#[test]
fn a_stop_before_start_leaves_nothing_to_roll_back() {
    let mut world = shop();
    let id = begin(&mut world, release("AllAtOnce", BOTH));
    stop(&mut world, &id, Some(true)).expect("it waits");
    assert_eq!(info(&mut world, &id).status, "Stopped");
    assert_eq!(rollback_of(&mut world, &id), None);
    pass(&mut world, 1000);
    assert_eq!(traffic(&mut world), at("1"));
    assert_eq!(world.open_hooks(), []);
}

#[test]
fn what_is_over_cannot_be_stopped() {
    let (mut world, id) = at_ten_percent();
    pass(&mut world, 400);
    assert_eq!(info(&mut world, &id).status, "Succeeded");
    let again = stop(&mut world, &id, Some(true));
    assert_eq!(code(again), "DeploymentAlreadyCompletedException");
    assert_eq!(traffic(&mut world), at("2"));
}

#[test]
fn a_group_is_busy_while_it_rolls_back() {
    let (mut world, id) = at_ten_percent();
    stop(&mut world, &id, None).expect("it runs");
    let next = world.create_deployment(release("AllAtOnce", &[]));
    assert_eq!(code(next), "DeploymentLimitExceededException");
    pass(&mut world, 60);
    begin(&mut world, release("AllAtOnce", &[]));
}

#[test]
fn a_rollback_does_not_overwrite_a_version_that_it_does_not_know() {
    let (mut world, id) = at_ten_percent();
    let third = publish(&mut world, &[("RELEASE", "3")]);
    let request = UpdateAliasRequest {
        function_version: Some(third.clone()),
        ..update()
    };
    world.update_alias(request).expect("a valid update");
    stop(&mut world, &id, Some(true)).expect("it runs");
    pass(&mut world, 60);
    let back = rollback_of(&mut world, &id).expect("asked for");
    assert_eq!(
        outcome(&mut world, &back),
        failed("INVALID_LAMBDA_CONFIGURATION")
    );
    assert_eq!(traffic(&mut world).0, third);
}

#[test]
fn a_deleted_application_has_no_rollback() {
    let (mut world, id) = at_ten_percent();
    let request = DeleteApplicationRequest {
        application_name: "shop".to_owned(),
    };
    world.delete_application(request).expect("gone");
    stop(&mut world, &id, Some(true)).expect("it runs");
    let info = info(&mut world, &id).rollback_info.expect("it was wanted");
    assert_eq!(info.rollback_deployment_id, None);
    let message = info.rollback_message.expect("it says why");
    assert!(
        message.contains("ApplicationDoesNotExistException"),
        "{message}"
    );
}

#[test]
fn others_may_be_the_creator() {
    let mut world = shop();
    let request = release("AllAtOnce", &[]);
    let id = world
        .create_deployment_as("CloudFormationRollback", request)
        .expect("a valid deployment")
        .deployment_id;
    assert_eq!(info(&mut world, &id).creator, "CloudFormationRollback");
}
