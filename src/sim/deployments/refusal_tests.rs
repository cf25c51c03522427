//! Requests that are refused, and what may be changed in a group.

use serde_json::json;

use super::fixture::*;
use super::*;
use crate::sim::errors::Service;
use crate::sim::fixture::code;

#[test]
fn each_bad_request_has_its_own_error() {
    let mut world = shop();
    let refusal = |world: &mut World, operation: &str, input| {
        let error = world
            .call(Service::CodeDeploy, operation, input)
            .expect_err(operation);
        assert_eq!(error.status, 400);
        error.code
    };
    let deployment = json!({"deploymentId": "d-AAAAAAAAA"});
    for (operation, input, expected) in [
        ("GetDeployment", json!({}), "DeploymentIdRequiredException"),
        (
            "CreateDeploymentGroup",
            json!({"applicationName": "shop", "deploymentGroupName": "new",
                "serviceRoleArn": "arn:aws:iam::000000000000:role/codedeploy",
                "deploymentConfigName": ""}),
            "InvalidDeploymentConfigNameException",
        ),
        (
            "GetDeployment",
            json!({"deploymentId": "d-aaaaaaaaa"}),
            "InvalidDeploymentIdException",
        ),
        (
            "GetDeployment",
            deployment.clone(),
            "DeploymentDoesNotExistException",
        ),
        (
            "StopDeployment",
            deployment.clone(),
            "DeploymentDoesNotExistException",
        ),
        (
            "ListDeploymentTargets",
            deployment,
            "DeploymentDoesNotExistException",
        ),
        (
            "ListDeployments",
            json!({"applicationName": "shop"}),
            "DeploymentGroupNameRequiredException",
        ),
        (
            "ListDeployments",
            json!({"deploymentGroupName": "hello"}),
            "ApplicationNameRequiredException",
        ),
        (
            "ListDeployments",
            json!({"includeOnlyStatuses": ["Running"]}),
            "InvalidDeploymentStatusException",
        ),
        (
            "ListDeployments",
            json!({"nextToken": "7"}),
            "InvalidNextTokenException",
        ),
        (
            "GetApplication",
            json!({"applicationName": "other"}),
            "ApplicationDoesNotExistException",
        ),
        (
            "CreateApplication",
            json!({"applicationName": "x"}),
            "InvalidComputePlatformException",
        ),
        (
            "CreateApplication",
            json!({"applicationName": "shop", "computePlatform": "Lambda"}),
            "ApplicationAlreadyExistsException",
        ),
        (
            "GetDeploymentGroup",
            json!({"applicationName": "shop", "deploymentGroupName": "x"}),
            "DeploymentGroupDoesNotExistException",
        ),
        (
            "CreateDeployment",
            json!({"applicationName": "shop", "deploymentGroupName": "hello"}),
            "RevisionRequiredException",
        ),
        (
            "CreateDeployment",
            json!({"applicationName": "x"}),
            "ApplicationDoesNotExistException",
        ),
        (
            "CreateDeployment",
            json!({"applicationName": "shop", "deploymentGroupName": "hello", "revision": {"revisionType": "S3"}}),
            "InvalidRevisionException",
        ),
        (
            "CreateDeployment",
            json!({"applicationName": "shop", "deploymentGroupName": "hello", "revision": {"revisionType": "String", "string": {"content": "x"}}}),
            "InvalidRevisionException",
        ),
        (
            "GetApplicationRevision",
            json!({"applicationName": "shop"}),
            "RevisionRequiredException",
        ),
        (
            "BatchGetDeployments",
            json!({"deploymentIds": []}),
            "DeploymentIdRequiredException",
        ),
    ] {
        assert_eq!(
            refusal(&mut world, operation, input.clone()),
            expected,
            "{operation} {input}"
        );
    }
    let mut unknown = release("AllAtOnce", &[]);
    unknown.deployment_config_name = Some("Mine".to_owned());
    assert_eq!(
        code(world.create_deployment(unknown)),
        "DeploymentConfigDoesNotExistException"
    );
    assert_eq!(world.deployments_overview(), []);
}

#[test]
fn groups_are_checked_changed_and_deleted() {
    let mut world = shop();
    assert_eq!(
        code(world.create_deployment_group(group("hello", &[]))),
        "DeploymentGroupAlreadyExistsException"
    );
    let many: Vec<String> = (0..11).map(|number| format!("a{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(
        code(world.create_deployment_group(group("b", &many))),
        "AlarmsLimitExceededException"
    );
    let mut bad = group("b", &[]);
    bad.alarm_configuration = Some(watching(&[]));
    assert_eq!(
        code(world.create_deployment_group(bad)),
        "InvalidAlarmConfigException"
    );
    let mut bad = group("b", &[]);
    bad.auto_rollback_configuration = Some(rolling_back(&["ALWAYS"]));
    assert_eq!(
        code(world.create_deployment_group(bad)),
        "InvalidAutoRollbackConfigException"
    );
    let mut bad = group("b", &[]);
    bad.service_role_arn = "me".to_owned();
    assert_eq!(
        code(world.create_deployment_group(bad)),
        "InvalidRoleException"
    );

    let change = UpdateDeploymentGroupRequest {
        application_name: "shop".to_owned(),
        current_deployment_group_name: "hello".to_owned(),
        new_deployment_group_name: Some("renamed".to_owned()),
        alarm_configuration: Some(watching(&["a"])),
        ..Default::default()
    };
    world
        .update_deployment_group(change)
        .expect("a valid change");
    let request = ListDeploymentGroupsRequest {
        application_name: "shop".to_owned(),
        next_token: None,
    };
    let listed = world
        .list_deployment_groups(request)
        .expect("exists")
        .deployment_groups;
    assert_eq!(listed, ["renamed"]);
    let request = GetDeploymentGroupRequest {
        application_name: "shop".to_owned(),
        deployment_group_name: "renamed".to_owned(),
    };
    let found = world
        .get_deployment_group(request.clone())
        .expect("exists")
        .deployment_group_info;
    assert_eq!(found.alarm_configuration, Some(watching(&["a"])));
    assert!(
        found.auto_rollback_configuration.is_some(),
        "what was absent stayed"
    );
    let delete = DeleteDeploymentGroupRequest {
        application_name: "shop".to_owned(),
        deployment_group_name: "renamed".to_owned(),
    };
    world.delete_deployment_group(delete).expect("gone");
    assert_eq!(
        code(world.get_deployment_group(request)),
        "DeploymentGroupDoesNotExistException"
    );
}
