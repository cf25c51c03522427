"""A release as the README tells it: `canary run` on one side, AWS's clients on the other.

Once with the AWS CLI and once with boto3: a release that an alarm stops, and one that nothing stops.
"""

import json
import subprocess
import time

import boto3

from harness import Suite, arguments, equal

options = arguments("canary")
suite = Suite(options)
POLL = 2
RUN = ["run", "--function", "hello", "--alias", "live", "--to", "2", "--alarm", "hello-live-errors",
       "--poll", f"{POLL}s", "--yes", "--json", "--plan"]


class Cli:
    """The AWS CLI."""

    def alias(self):
        return self.aws("lambda", "get-alias", "--function-name", "hello", "--name", "live")

    def point_at(self, version):
        self.aws("lambda", "update-alias", "--function-name", "hello", "--name", "live",
                 "--function-version", version, "--routing-config", "AdditionalVersionWeights={}")

    def set_alarm(self, state):
        self.aws("cloudwatch", "set-alarm-state", "--alarm-name", "hello-live-errors",
                 "--state-value", state, "--state-reason", "rehearsal")

    def aws(self, *words):
        done = subprocess.run(["aws", *words, "--output", "json"], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout else {}


class Boto:
    """boto3."""

    def __init__(self):
        self.functions = boto3.client("lambda")
        self.alarms = boto3.client("cloudwatch")

    def alias(self):
        return self.functions.get_alias(FunctionName="hello", Name="live")

    def point_at(self, version):
        self.functions.update_alias(FunctionName="hello", Name="live", FunctionVersion=version,
                                    RoutingConfig={"AdditionalVersionWeights": {}})

    def set_alarm(self, state):
        self.alarms.set_alarm_state(AlarmName="hello-live-errors", StateValue=state, StateReason="rehearsal")


def stands(client):
    alias = client.alias()
    return alias["FunctionVersion"], alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})


def start(plan):
    return subprocess.Popen([options.canary, *RUN, plan], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def until(what, holds, seconds):
    for _ in range(int(seconds / 0.2)):
        if holds():
            return
        time.sleep(0.2)
    raise AssertionError(f"waited in vain: {what}")


def ended(process, code, outcome):
    try:
        output, said = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.terminate()
        output, said = process.communicate(timeout=60)
        raise AssertionError(f"it did not end in a minute: {said[-400:]}") from None
    assert process.returncode == code, f"exit code {process.returncode}: {output} {said}"
    equal(json.loads(output)["outcome"], outcome)


def tell(client, name):
    def alarm_stops_it():
        client.point_at("1")
        client.set_alarm("OK")
        process = start("10%:10m")
        until("the first step", lambda: stands(client) == ("1", {"2": 0.1}), 20)
        client.set_alarm("ALARM")
        # One poll, two seconds, and a client that takes a moment to start.
        until("the alias back at 1", lambda: stands(client) == ("1", {}), POLL + 6)
        ended(process, 2, "rolled_back")

    def nothing_stops_it():
        client.point_at("1")
        client.set_alarm("OK")
        process = start("10%:3s,50%:2s")
        until("the first step", lambda: stands(client) == ("1", {"2": 0.1}), 20)
        ended(process, 0, "promoted")
        equal(stands(client), ("2", {}))
        client.point_at("1")

    for check in (alarm_stops_it, nothing_stops_it):
        check.__name__ = f"{check.__name__} ({name})"
        yield check


suite.run(*tell(Cli(), "AWS CLI"), *tell(Boto(), "boto3"))
