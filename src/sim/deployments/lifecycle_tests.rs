//! Deployments from their creation to a good end, and how AWS shows them.

use serde_json::json;

use super::fixture::*;
use super::*;
use crate::sim::errors::Service;
use crate::sim::fixture::{code, pass, start};

fn list(world: &mut World, statuses: &[&str]) -> Vec<String> {
    let request = ListDeploymentsRequest {
        application_name: Some("shop".to_owned()),
        deployment_group_name: Some("hello".to_owned()),
        include_only_statuses: Some(statuses.iter().map(|one| (*one).to_owned()).collect()),
        ..Default::default()
    };
    world
        .list_deployments(request)
        .expect("a valid request")
        .deployments
}

#[test]
fn a_canary_runs_through_its_whole_life() {
    let mut world = shop();
    let id = begin(&mut world, release("Canary10Percent5Minutes", BOTH));
    assert_eq!(info(&mut world, &id).status, "Created");
    pass(&mut world, 1);
    assert_eq!(info(&mut world, &id).status, "Queued");
    pass(&mut world, TO_START - 1);
    assert_eq!(info(&mut world, &id).status, "InProgress");
    assert_eq!(events(&mut world, &id), ["Pending", "Pending", "Pending"]);

    pass(&mut world, TO_HOOK - TO_START);
    assert_eq!(
        events(&mut world, &id),
        ["InProgress", "Pending", "Pending"]
    );
    let first = hook(&world);
    assert_eq!(
        (first.lifecycle_event.as_str(), first.function.as_str()),
        ("BeforeAllowTraffic", PRE)
    );
    pass(&mut world, 1000);
    assert_eq!(
        traffic(&mut world),
        at("1"),
        "nothing shifts before the answer"
    );
    answer(&mut world, &first, "Succeeded").expect("it waits");
    assert_eq!(events(&mut world, &id), ["Succeeded", "Pending", "Pending"]);

    pass(&mut world, 2);
    assert_eq!(traffic(&mut world), shared(0.1));
    assert_eq!(
        target(&mut world, &id)
            .lambda_function_info
            .target_version_weight,
        10.0
    );
    pass(&mut world, 299);
    assert_eq!(traffic(&mut world), shared(0.1));
    pass(&mut world, 1);
    assert_eq!(traffic(&mut world), at("2"));

    pass(&mut world, 2);
    let second = hook(&world);
    assert_eq!(
        (second.lifecycle_event.as_str(), second.function.as_str()),
        ("AfterAllowTraffic", POST)
    );
    assert_ne!(second.hook_execution_id, first.hook_execution_id);
    assert_eq!(info(&mut world, &id).status, "InProgress");
    answer(&mut world, &second, "Succeeded").expect("it waits");
    pass(&mut world, 2);
    assert_eq!(outcome(&mut world, &id), ("Succeeded".to_owned(), None));
    assert_eq!(
        events(&mut world, &id),
        ["Succeeded", "Succeeded", "Succeeded"]
    );
    assert!(info(&mut world, &id).complete_time.is_some());
    assert_eq!(world.deployments.next_due(), None, "nothing is left to do");
}

#[test]
fn a_linear_shift_has_its_weights_at_its_seconds() {
    let mut world = shop();
    begin(&mut world, release("Linear10PercentEvery1Minute", &[]));
    // Without hooks the events follow each other.
    pass(&mut world, TO_HOOK + 2);
    for step in 1..10_u32 {
        assert_eq!(traffic(&mut world), shared(f64::from(step * 10) / 100.0));
        pass(&mut world, 59);
        assert_eq!(traffic(&mut world), shared(f64::from(step * 10) / 100.0));
        pass(&mut world, 1);
    }
    assert_eq!(traffic(&mut world), at("2"));
}

#[test]
fn time_in_one_leap_comes_to_the_same() {
    let whole = |steps: i64| {
        let mut world = shop();
        let id = begin(&mut world, release("Linear10PercentEvery3Minutes", &[]));
        for _ in 0..3000 / steps {
            pass(&mut world, steps);
        }
        (info(&mut world, &id), target(&mut world, &id))
    };
    assert_eq!(whole(1), whole(3000));
    assert_eq!(whole(3000).0.status, "Succeeded");
}

#[test]
fn every_shift_gives_the_alias_a_new_revision() {
    let mut world = shop();
    let before = crate::sim::fixture::live(&mut world).revision_id;
    begin(&mut world, release("AllAtOnce", &[]));
    pass(&mut world, 60);
    assert_eq!(traffic(&mut world), at("2"));
    assert_ne!(crate::sim::fixture::live(&mut world).revision_id, before);
    let codedeploys = world
        .trace()
        .filter(|entry| entry.operation == "UpdateAlias");
    assert_eq!(codedeploys.count(), 0, "no client asked for it");
}

#[test]
fn a_deployment_is_described_in_awss_shape() {
    let mut world = shop();
    let id = begin(&mut world, release("AllAtOnce", BOTH));
    assert!(
        id.strip_prefix("d-").is_some_and(|rest| rest.len() == 9),
        "{id}"
    );
    pass(&mut world, TO_HOOK);
    let input = json!({"deploymentId": id});
    let shown = world
        .call(Service::CodeDeploy, "GetDeployment", input)
        .expect("exists");
    let shown = &shown["deploymentInfo"];
    assert_eq!(shown["creator"], "user");
    assert_eq!(shown["computePlatform"], "Lambda");
    assert_eq!(shown["deploymentOverview"]["InProgress"], 1);
    assert_eq!(
        shown["startTime"],
        json!((start() + jiff::SignedDuration::from_secs(TO_START)).to_string())
    );
    assert_eq!(shown["revision"]["revisionType"], "AppSpecContent");
    assert_eq!(shown["revision"]["appSpecContent"]["content"], json!(null));
    assert_eq!(shown["autoRollbackConfiguration"]["enabled"], true);

    let input = json!({"deploymentId": id, "targetId": "hello:live"});
    let shown = world
        .call(Service::CodeDeploy, "GetDeploymentTarget", input)
        .expect("exists");
    let shown = &shown["deploymentTarget"];
    assert_eq!(shown["deploymentTargetType"], "LambdaTarget");
    let shown = &shown["lambdaTarget"];
    assert_eq!(
        shown["targetArn"],
        "arn:aws:lambda:us-east-1:000000000000:function:hello:live"
    );
    assert_eq!(
        shown["lifecycleEvents"][0]["lifecycleEventName"],
        "BeforeAllowTraffic"
    );
    assert_eq!(
        shown["lambdaFunctionInfo"],
        json!({
            "functionName": "hello", "functionAlias": "live", "currentVersion": "1",
            "targetVersion": "2", "targetVersionWeight": 0.0,
        })
    );
}

#[test]
fn the_text_is_in_the_revision_alone() {
    let mut world = shop();
    let yaml = "version: 0.0\nResources:\n  - f:\n      Type: AWS::Lambda::Function\n      Properties:\n        Name: hello\n        Alias: live\n        CurrentVersion: 1\n        TargetVersion: 2\n";
    let mut request = release("AllAtOnce", &[]);
    request.revision = Some(RevisionLocation {
        revision_type: Some("String".to_owned()),
        string: revision(yaml).app_spec_content,
        ..Default::default()
    });
    let id = begin(&mut world, request);
    let shown = info(&mut world, &id).revision;
    assert!(
        shown
            .string
            .as_ref()
            .is_some_and(|held| held.content.is_none())
    );
    let request = GetApplicationRevisionRequest {
        application_name: "shop".to_owned(),
        revision: shown.clone(),
    };
    let found = world.get_application_revision(request).expect("registered");
    assert_eq!(
        found
            .revision
            .string
            .and_then(|held| held.content)
            .as_deref(),
        Some(yaml)
    );
    assert_eq!(found.revision_info.deployment_groups, ["hello"]);
    pass(&mut world, 60);
    assert_eq!(traffic(&mut world), at("2"), "YAML is as good as JSON");

    // The same by its digest alone, as a repeated deployment.
    let mut request = release("AllAtOnce", &[]);
    request.revision = Some(shown);
    let again = begin(&mut world, request);
    pass(&mut world, TO_START);
    assert_eq!(
        outcome(&mut world, &again),
        failed("INVALID_LAMBDA_CONFIGURATION")
    );
    let request = GetApplicationRevisionRequest {
        application_name: "shop".to_owned(),
        revision: revision("version: 0.0"),
    };
    assert_eq!(
        code(world.get_application_revision(request)),
        "RevisionDoesNotExistException"
    );
}

#[test]
fn targets_wait_for_start_and_may_come_late() {
    let mut world = shop();
    let id = begin(&mut world, release("AllAtOnce", BOTH));
    let request = ListDeploymentTargetsRequest {
        deployment_id: id.clone(),
        ..Default::default()
    };
    let early = world.list_deployment_targets(request.clone());
    assert_eq!(code(early), "DeploymentNotStartedException");
    pass(&mut world, TO_HOOK);
    let listed = world
        .list_deployment_targets(request.clone())
        .expect("it runs");
    assert_eq!(listed.target_ids, ["hello:live"]);

    world.set_targets_late(true);
    let listed = world
        .list_deployment_targets(request.clone())
        .expect("it runs");
    assert!(listed.target_ids.is_empty());
    let ask = GetDeploymentTargetRequest {
        deployment_id: id,
        target_id: "hello:live".to_owned(),
    };
    assert_eq!(
        code(world.get_deployment_target(ask)),
        "DeploymentTargetDoesNotExistException"
    );
    answer_open(&mut world, "Succeeded");
    pass(&mut world, 2);
    let listed = world.list_deployment_targets(request).expect("it runs");
    assert_eq!(listed.target_ids, ["hello:live"]);
}

#[test]
fn a_group_has_one_deployment_at_a_time() {
    let mut world = shop();
    let first = begin(&mut world, release("AllAtOnce", BOTH));
    let second = world.create_deployment(release("AllAtOnce", &[]));
    assert_eq!(code(second.clone()), "DeploymentLimitExceededException");
    let message = second.expect_err("refused").message;
    assert!(message.contains(&first), "{message}");
    pass(&mut world, TO_HOOK);
    assert_eq!(
        list(&mut world, &["Created", "Queued", "InProgress"]),
        std::slice::from_ref(&first)
    );
    assert_eq!(list(&mut world, &["Succeeded"]), Vec::<String>::new());
    answer_open(&mut world, "Succeeded");
    pass(&mut world, 4);
    answer_open(&mut world, "Succeeded");
    pass(&mut world, 2);
    assert_eq!(
        list(&mut world, &["Succeeded"]),
        std::slice::from_ref(&first)
    );
    let mut back = release("AllAtOnce", &[]);
    back.revision = Some(revision(&spec("2", "1", &[])));
    let second = begin(&mut world, back);
    assert_eq!(
        list(&mut world, &[]),
        [second.clone(), first.clone()],
        "the newest first"
    );
    assert!(info(&mut world, &second).previous_revision.is_some());

    let request = GetDeploymentGroupRequest {
        application_name: "shop".to_owned(),
        deployment_group_name: "hello".to_owned(),
    };
    let group = world
        .get_deployment_group(request)
        .expect("exists")
        .deployment_group_info;
    let id = |last: Option<LastDeploymentInfo>| last.map(|last| last.deployment_id);
    assert_eq!(id(group.last_successful_deployment), Some(first));
    assert_eq!(id(group.last_attempted_deployment), Some(second));
}
