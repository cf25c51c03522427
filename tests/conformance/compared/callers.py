"""Clients that make a step's call: boto3, and AWS CLI v2 in the process that runs this."""

import base64
import json
import tempfile
import urllib.request

from steps import Refused


def levers(endpoint, route):
    """What only the local AWS has, for a person at the keyboard."""
    with urllib.request.urlopen(f"{endpoint}/_local/{route}", timeout=10) as answer:
        return json.load(answer)


class Boto:
    """boto3 of the environment that runs this."""

    def __init__(self, endpoint):
        self.endpoint, self.clients = endpoint, {}

    def __call__(self, service, operation, given):
        import boto3
        import botocore
        from botocore.config import Config
        from botocore.exceptions import ClientError

        if service == "_local":
            return levers(self.endpoint, operation)
        if service not in self.clients:
            config = Config(parameter_validation=False, read_timeout=30, retries={"total_max_attempts": 1})
            self.clients[service] = boto3.client(service, endpoint_url=self.endpoint, config=config)
        try:
            answer = getattr(self.clients[service], botocore.xform_name(operation))(**given)
        except ClientError as error:
            raise Refused(error.response["Error"]["Code"]) from error
        answer.pop("ResponseMetadata", None)
        return {key: read(value) for key, value in answer.items()}


def read(value):
    """A body that is a stream, as its text."""
    if hasattr(value, "read"):
        value = value.read()
    return value.decode() if isinstance(value, bytes) else value


class Cli:
    """AWS CLI v2: its own entry point, its own arguments, its own printing."""

    def __init__(self, endpoint):
        import awscli.clidriver

        self.endpoint = endpoint
        self.create = awscli.clidriver.create_clidriver
        self.commands = {"codedeploy": "deploy"}

    def __call__(self, service, operation, given):
        import contextlib
        import io
        import re

        from botocore import xform_name

        if service == "_local":
            return levers(self.endpoint, operation)
        service = self.commands.get(service, service)
        # A driver remembers what its last command line said.
        driver = self.create()
        words = [service, xform_name(operation, "-"), "--endpoint-url", self.endpoint, "--output", "json"]
        words.append("--no-cli-pager")
        body = None
        if operation == "Invoke":
            # A command of its own, which takes no JSON.
            body = tempfile.NamedTemporaryFile()
            for name, value in given.items():
                words += [f"--{xform_name(name, '-')}", written(value) if isinstance(value, bytes) else value]
            words.append(body.name)
        else:
            words += ["--cli-input-json", json.dumps(given, default=written)]
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = driver.main(words)
        if status:
            code = re.search(r"An error occurred \((\w+)\)", err.getvalue())
            raise Refused(code[1] if code else err.getvalue().strip()[-200:])
        answer = json.loads(out.getvalue()) if out.getvalue().strip() else {}
        return {**answer, "Payload": body.read().decode()} if body else answer


def written(value):
    """Bytes and times in a JSON input."""
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value.isoformat()
