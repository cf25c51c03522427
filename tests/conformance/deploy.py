"""A release through CodeDeploy as the README tells it, by the AWS CLI and by boto3.

Once a release that an alarm stops, once one that nothing stops; with the stepper and with the guard.
"""

import json
import subprocess
import time

import boto3

from harness import Suite, arguments, equal

options = arguments()
suite = Suite(options)
POLICY = {"plan": "10%:10s", "alarms": ["hello-live-errors"], "limits": {"poll": "2s"}}
APPLICATION = "hello"


def appspec(current, target):
    properties = {"Name": "hello", "Alias": "live", "CurrentVersion": current, "TargetVersion": target}
    return {
        "version": "0.0",
        "Resources": [{"hello": {"Type": "AWS::Lambda::Function", "Properties": properties}}],
        "Hooks": [{"BeforeAllowTraffic": "CodeDeployHook_canary-pre-traffic"},
                  {"AfterAllowTraffic": "CodeDeployHook_canary-post-traffic"}],
    }


def revision(current, target):
    content = json.dumps(appspec(current, target))
    return {"revisionType": "AppSpecContent", "appSpecContent": {"content": content}}


class Cli:
    """The AWS CLI."""

    def publish(self, greeting):
        self.aws("lambda", "update-function-configuration", "--function-name", "hello",
                 "--environment", f"Variables={{GREETING={greeting}}}")
        return self.aws("lambda", "publish-version", "--function-name", "hello")["Version"]

    def deploy(self, group, current, target):
        made = self.aws("deploy", "create-deployment", "--application-name", APPLICATION,
                        "--deployment-group-name", group, "--revision", json.dumps(revision(current, target)))
        return made["deploymentId"]

    def deployment(self, name):
        return self.aws("deploy", "get-deployment", "--deployment-id", name)["deploymentInfo"]

    def alias(self):
        return self.aws("lambda", "get-alias", "--function-name", "hello", "--name", "live")

    def set_alarm(self, state):
        self.aws("cloudwatch", "set-alarm-state", "--alarm-name", "hello-live-errors",
                 "--state-value", state, "--state-reason", "rehearsal")

    def policy(self):
        self.aws("ssm", "put-parameter", "--name", "/lambda-canary/hello/live/policy", "--type", "String",
                 "--overwrite", "--value", json.dumps(POLICY))

    def aws(self, *words):
        done = subprocess.run(["aws", *words, "--output", "json"], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout else {}


class Boto:
    """boto3."""

    def __init__(self):
        self.functions = boto3.client("lambda")
        self.alarms = boto3.client("cloudwatch")
        self.codedeploy = boto3.client("codedeploy")
        self.ssm = boto3.client("ssm")

    def publish(self, greeting):
        self.functions.update_function_configuration(
            FunctionName="hello", Environment={"Variables": {"GREETING": greeting}})
        return self.functions.publish_version(FunctionName="hello")["Version"]

    def deploy(self, group, current, target):
        made = self.codedeploy.create_deployment(
            applicationName=APPLICATION, deploymentGroupName=group, revision=revision(current, target))
        return made["deploymentId"]

    def deployment(self, name):
        return self.codedeploy.get_deployment(deploymentId=name)["deploymentInfo"]

    def alias(self):
        return self.functions.get_alias(FunctionName="hello", Name="live")

    def set_alarm(self, state):
        self.alarms.set_alarm_state(AlarmName="hello-live-errors", StateValue=state, StateReason="rehearsal")

    def policy(self):
        self.ssm.put_parameter(Name="/lambda-canary/hello/live/policy", Type="String", Overwrite=True,
                               Value=json.dumps(POLICY))


def stands(client):
    alias = client.alias()
    return alias["FunctionVersion"], alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})


def until(what, holds, seconds=60):
    for _ in range(int(seconds / 0.2)):
        if holds():
            return
        time.sleep(0.2)
    raise AssertionError(f"waited in vain: {what}")


def ended(client, name):
    until(f"the end of {name}", lambda: client.deployment(name)["status"] in ("Succeeded", "Failed", "Stopped"), 120)
    info = client.deployment(name)
    back = info.get("rollbackInfo", {}).get("rollbackDeploymentId")
    if back:
        until(f"the end of {back}", lambda: client.deployment(back)["status"] == "Succeeded", 120)
    return info["status"]


def reasons(name):
    """What the log and the event of a rollout's end say."""
    lines = suite.admin("GET", "/logs?function=canary-stepper&limit=1000")["lines"]
    logged = [json.loads(line) for line in lines if name in line and "rollout ended" in line]
    events = suite.admin("GET", "/events?limit=1000")["events"]
    sent = [event["detail"]["outcome"]["reason"] for event in events
            if event["source"] == "lambda-canary" and event["detail"]["deployment"] == name]
    return [line["outcome"]["reason"] for line in logged], sent


def tell(client, label):
    def alarm_stops(group, status):
        client.policy()
        client.set_alarm("OK")
        current, _ = stands(client)
        target = client.publish(f"{label}-{group}-bad")
        name = client.deploy(group, current, target)
        until("10 % at the new version", lambda: stands(client) == (current, {target: 0.1}))
        client.set_alarm("ALARM")
        until("the alias back", lambda: stands(client) == (current, {}))
        equal(ended(client, name), status)
        equal(stands(client), (current, {}))
        for where in reasons(name):
            assert where and "hello-live-errors" in where[0], where
        client.set_alarm("OK")

    def stepper_alarm_stops():
        alarm_stops("hello-stepper", "Failed")

    def guard_alarm_stops():
        alarm_stops("hello-guard", "Stopped")

    def nothing_stops():
        client.policy()
        client.set_alarm("OK")
        current, _ = stands(client)
        target = client.publish(f"{label}-good")
        name = client.deploy("hello-stepper", current, target)
        until("10 % at the new version", lambda: stands(client) == (current, {target: 0.1}))
        equal(ended(client, name), "Succeeded")
        equal(stands(client), (target, {}))

    for check in (stepper_alarm_stops, guard_alarm_stops, nothing_stops):
        check.__name__ = f"{check.__name__} ({label})"
        yield check


suite.run(*tell(Cli(), "AWS CLI"), *tell(Boto(), "boto3"))
