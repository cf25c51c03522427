"""Releases on the local AWS that wait for their pre-traffic hook, which somebody else answers."""

import json
import time

import boto3
from botocore.config import Config

APPLICATION = "conformance"
# It does nothing of its own, so that its hook stays open until the machine under test answers.
HOOK = "CodeDeployHook_conformance"
ROLE = "arn:aws:iam::000000000000:role/conformance"
# Short steps: the interpreter waits in real time.
POLICY = {"plan": "10%:2s, 50%:1s", "limits": {"poll": "1s"}}


class Releases:
    """The account: one application, a function with its alias and alarm for each release."""

    def __init__(self, endpoint, admin):
        config = Config(retries={"max_attempts": 1})
        names = ("lambda", "codedeploy", "ssm", "cloudwatch")
        self.functions, self.deployments, self.parameters, self.alarms = (
            boto3.client(name, endpoint_url=endpoint, config=config) for name in names
        )
        self.admin = admin
        self.deployments.create_application(applicationName=APPLICATION, computePlatform="Lambda")
        self.create_function(HOOK)

    def create_function(self, name):
        return self.functions.create_function(
            FunctionName=name, Role=ROLE, Runtime="provided.al2023", Handler="bootstrap", Code={"ZipFile": b"one"}
        )

    def begin(self, name):
        """A function at version 1, and a deployment of version 2."""
        self.create_function(name)
        self.functions.publish_version(FunctionName=name)
        self.functions.update_function_code(FunctionName=name, ZipFile=b"two")
        self.functions.publish_version(FunctionName=name)
        self.functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
        self.alarms.put_metric_alarm(
            AlarmName=f"{name}-errors", Namespace="AWS/Lambda", MetricName="Errors",
            Dimensions=[{"Name": "FunctionName", "Value": name}], Statistic="Sum", Period=60,
            EvaluationPeriods=1, Threshold=3.0, ComparisonOperator="GreaterThanOrEqualToThreshold",
            TreatMissingData="notBreaching",
        )
        self.set_alarm(name, "OK")
        self.parameters.put_parameter(
            Name=f"/lambda-canary/{name}/live/policy", Type="String",
            Value=json.dumps({**POLICY, "alarms": [f"{name}-errors"]}),
        )
        self.deployments.create_deployment_group(
            applicationName=APPLICATION, deploymentGroupName=name, serviceRoleArn=ROLE,
            deploymentConfigName="CodeDeployDefault.LambdaAllAtOnce",
            deploymentStyle={"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
        )
        created = self.deployments.create_deployment(
            applicationName=APPLICATION, deploymentGroupName=name,
            revision={"revisionType": "AppSpecContent", "appSpecContent": {"content": appspec(name)}},
        )
        return Release(self, name, created["deploymentId"])

    def set_alarm(self, name, state):
        self.alarms.set_alarm_state(AlarmName=f"{name}-errors", StateValue=state, StateReason="conformance")


class Release:
    """One deployment, and the alias that it is about."""

    def __init__(self, account, function, deployment):
        self.account, self.function, self.deployment = account, function, deployment

    def alias(self):
        """The version, the weights, the description."""
        alias = self.account.functions.get_alias(FunctionName=self.function, Name="live")
        weights = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
        return alias["FunctionVersion"], weights, alias["Description"]

    def hook(self):
        """CodeDeploy's event, once the hook is open."""
        return until("the hook is open", self.open_hook, 60)

    def open_hook(self):
        for hook in self.account.admin("GET", "/deployments")["open_hooks"]:
            if hook["deployment"] == self.deployment:
                return {"DeploymentId": self.deployment, "LifecycleEventHookExecutionId": hook["hook_execution_id"]}
        return None

    def ring(self):
        self.account.set_alarm(self.function, "ALARM")

    def ended(self):
        """The deployment's status at its end, and the status of the hook's lifecycle event."""
        status = until("the deployment has ended", self.status, 30)
        target = self.account.deployments.get_deployment_target(
            deploymentId=self.deployment, targetId=f"{self.function}:live"
        )["deploymentTarget"]["lambdaTarget"]
        events = {event["lifecycleEventName"]: event["status"] for event in target["lifecycleEvents"]}
        return status, events["BeforeAllowTraffic"]

    def status(self):
        status = self.account.deployments.get_deployment(deploymentId=self.deployment)["deploymentInfo"]["status"]
        return status if status in ("Succeeded", "Failed", "Stopped") else None


def appspec(function):
    properties = {"Name": function, "Alias": "live", "CurrentVersion": "1", "TargetVersion": "2"}
    resource = {"Type": "AWS::Lambda::Function", "Properties": properties}
    return json.dumps({"version": "0.0", "Resources": [{function: resource}], "Hooks": [{"BeforeAllowTraffic": HOOK}]})


def until(what, found, seconds):
    """What `found` gives, once it gives anything."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if result := found():
            return result
        time.sleep(0.1)
    raise AssertionError(f"waited {seconds} s in vain: {what}")
