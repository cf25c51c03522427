"""moto's Step Functions as another interpreter of the committed state machine."""

import json
import os
import pathlib
import socket
import subprocess
import sys
import time
import urllib.request

import boto3
from botocore.config import Config

ROLE = "arn:aws:iam::123456789012:role/machine"
ENDED = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")


class Interpreter:
    """moto's server, whose Lambda tasks go to another port."""

    def __init__(self, tasks, log):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.endpoint = f"http://127.0.0.1:{port}"
        server = pathlib.Path(sys.executable).with_name("moto_server")
        # moto sends its own calls to MOTO_PORT, wherever it listens itself.
        settings = os.environ | {"MOTO_PORT": str(tasks), "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}
        with open(log, "wb") as output:
            self.server = subprocess.Popen(
                [server, "-H", "127.0.0.1", "-p", str(port)], env=settings, stdout=output, stderr=subprocess.STDOUT
            )
        self.configure({"lambda": {"use_docker": False}, "stepfunctions": {"execute_state_machine": True}})
        self.client = boto3.client("stepfunctions", endpoint_url=self.endpoint, config=Config(retries={"max_attempts": 1}))

    def configure(self, settings):
        request = urllib.request.Request(f"{self.endpoint}/moto-api/config", json.dumps(settings).encode(), method="POST")
        for _ in range(300):
            try:
                with urllib.request.urlopen(request, timeout=5):
                    return
            except OSError:
                assert self.server.poll() is None, "moto's server ended"
                time.sleep(0.1)
        raise AssertionError("moto's server did not answer in 30 s")

    def create(self, name, definition):
        return self.client.create_state_machine(name=name, definition=definition, roleArn=ROLE)["stateMachineArn"]

    def start(self, machine, name, document):
        started = self.client.start_execution(stateMachineArn=machine, name=name, input=json.dumps(document))
        return Execution(self.client, started["executionArn"])

    def count(self, machine, prefix):
        """How many executions have names that begin so."""
        pages = self.client.get_paginator("list_executions").paginate(stateMachineArn=machine)
        return sum(each["name"].startswith(prefix) for page in pages for each in page["executions"])

    def named(self, machine, name):
        return Execution(self.client, f"{machine.replace(':stateMachine:', ':execution:')}:{name}")

    def stop(self):
        self.server.terminate()
        self.server.wait(10)


class Execution:
    """One execution and its history."""

    def __init__(self, client, arn):
        self.client, self.arn = client, arn

    def stop(self):
        self.client.stop_execution(executionArn=self.arn, error="Stopped", cause="by hand")

    def ended(self, seconds):
        """How it is described at its end."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            described = self.client.describe_execution(executionArn=self.arn)
            if described["status"] in ENDED:
                return described
            time.sleep(0.1)
        raise AssertionError(f"still running after {seconds} s: {self.states()} {self.errors()}")

    def events(self):
        pages = self.client.get_paginator("get_execution_history").paginate(executionArn=self.arn)
        return [event for page in pages for event in page["events"]]

    def states(self):
        """The names of the states that were entered, in their order."""
        entered = (event.get("stateEnteredEventDetails") for event in self.events())
        return " ".join(details["name"] for details in entered if details)

    def errors(self):
        """The errors of tasks, each with the state that it happened in."""
        state, errors = None, []
        for event in self.events():
            state = event.get("stateEnteredEventDetails", {}).get("name", state)
            for key, details in event.items():
                if key.endswith(("FailedEventDetails", "TimedOutEventDetails", "AbortedEventDetails")):
                    errors.append((state, details.get("error", "")))
        return errors

    def last(self):
        return self.events()[-1]["type"]
