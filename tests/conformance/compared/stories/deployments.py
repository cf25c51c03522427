"""CodeDeploy: everything up to a deployment that its hook answers and one that is stopped.

No other server has CodeDeploy for Lambda, so this is for the clients and for the models.
"""

import json

from steps import Step

from . import functions

ROLE = "arn:aws:iam::000000000000:role/compared"
GROUP = {"applicationName": "compared", "deploymentGroupName": "live"}
STYLE = {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"}


def deploy(operation, given=None, label="", **more):
    return Step("codedeploy", operation, given or {}, label=label, **more)


def revision():
    properties = {"Name": "compared", "Alias": "live", "CurrentVersion": "1", "TargetVersion": "2"}
    content = {"version": "0.0", "Resources": [{"f": {"Type": "AWS::Lambda::Function", "Properties": properties}}],
               "Hooks": [{"BeforeAllowTraffic": "compared"}]}
    return {"revisionType": "AppSpecContent", "appSpecContent": {"content": json.dumps(content)}}


def status(*wanted):
    return lambda answer: answer["deploymentInfo"]["status"] in wanted


def hook(label, save):
    """The open hook's id, which a real hook gets in its event."""
    return Step("_local", "deployments", label=label, save={save: "open_hooks.0.hook_execution_id"},
                until=lambda answer: answer["open_hooks"], only=lambda answer: {})


def answered(execution, label):
    return deploy("PutLifecycleEventHookExecutionStatus", {
        "deploymentId": "${one}", "lifecycleEventHookExecutionId": execution, "status": "Succeeded"}, label)


DEPLOYMENTS = [
    functions.alias("CreateAlias", {"FunctionVersion": "1"}, "for deployments"),
    deploy("CreateApplication", {"applicationName": "compared", "computePlatform": "Lambda"}),
    deploy("CreateApplication", {"applicationName": "compared", "computePlatform": "Lambda"}, "again"),
    deploy("GetApplication", {"applicationName": "compared"}),
    deploy("GetApplication", {"applicationName": "nobody"}, "nobody"),
    deploy("ListApplications"),
    deploy("CreateDeploymentGroup", {
        **GROUP, "serviceRoleArn": ROLE, "deploymentStyle": STYLE,
        "deploymentConfigName": "CodeDeployDefault.LambdaAllAtOnce",
        "autoRollbackConfiguration": {"enabled": True, "events": ["DEPLOYMENT_FAILURE"]}}),
    deploy("UpdateDeploymentGroup", {
        "applicationName": "compared", "currentDeploymentGroupName": "live",
        "alarmConfiguration": {"enabled": True, "alarms": [{"name": "hello-live-errors"}]}}),
    deploy("GetDeploymentGroup", GROUP, "without deployments"),
    deploy("ListDeploymentGroups", {"applicationName": "compared"}),
    deploy("GetDeploymentConfig", {"deploymentConfigName": "CodeDeployDefault.LambdaCanary10Percent5Minutes"}),
    deploy("GetDeploymentConfig", {"deploymentConfigName": "nothing"}, "nobody"),
    deploy("ListDeploymentConfigs"),
    deploy("CreateDeployment", {**GROUP, "revision": revision(), "description": "d"}, save={"one": "deploymentId"}),
    deploy("CreateDeployment", {**GROUP, "revision": revision()}, "a second one meanwhile"),
    hook("the hook's id", "hook"),
    answered("${hook}", "succeeded"),
    answered("${hook}", "again"),
    answered("made up", "made up"),
    deploy("GetDeployment", {"deploymentId": "${one}"}, "over", until=status("Succeeded", "Failed")),
    deploy("ListDeploymentTargets", {"deploymentId": "${one}"}, save={"target": "targetIds.0"}),
    deploy("GetDeploymentTarget", {"deploymentId": "${one}", "targetId": "${target}"}),
    deploy("BatchGetDeployments", {"deploymentIds": ["${one}"]}),
    deploy("ListDeployments", GROUP),
    deploy("GetDeployment", {"deploymentId": "d-ABCDEFGHI"}, "nobody"),
    deploy("StopDeployment", {"deploymentId": "${one}"}, "one that is over"),
    deploy("GetApplicationRevision", {"applicationName": "compared", "revision": revision()}),
    functions.alias("UpdateAlias", {"FunctionVersion": "1"}, "back"),
    deploy("CreateDeployment", {**GROUP, "revision": revision()}, "to be stopped", save={"two": "deploymentId"}),
    hook("open", "other"),
    deploy("GetDeployment", {"deploymentId": "${two}"}, "under way"),
    deploy("StopDeployment", {"deploymentId": "${two}"}),
    deploy("GetDeployment", {"deploymentId": "${two}"}, "stopped", until=status("Stopped", "Failed")),
    deploy("GetDeploymentGroup", GROUP, "with deployments"),
    deploy("DeleteDeploymentGroup", GROUP),
    deploy("DeleteApplication", {"applicationName": "compared"}),
]
