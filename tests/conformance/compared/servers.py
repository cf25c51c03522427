"""Our local AWS beside another server: the same stories, told to both at once.

    servers.py --ours URL --theirs URL --with NAME --results FILE MODULE.STORY…
"""

import argparse
import concurrent.futures
import importlib
import json
import pathlib
import subprocess
import urllib.request

import callers
import differ
import steps
from known import Known
from record import Record


def main():
    parser = argparse.ArgumentParser()
    for name in ("ours", "theirs", "with", "results"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--cli", help="ours is told by the AWS CLI that this Python has, not by boto3")
    parser.add_argument("stories", nargs="+")
    options = parser.parse_args()
    counterpart = getattr(options, "with")
    record, known = Record(options.results, counterpart), Known(counterpart)
    tell_one = by_cli(options.cli, options.ours) if options.cli else by_boto(options.ours)
    tell_other = by_boto(options.theirs)
    if counterpart.startswith("moto"):
        prepare_moto(options.theirs)
    for name in options.stories:
        for step, found in told(name, tell_one, tell_other):
            record(step.name, known.new(step.name, found))
    if options.cli:
        record("every operation", known.new("every operation", unheard(options.ours)))
    record("the list of differences", [f"this no longer occurs: {at}" for at in known.gone()])


def named(name):
    module, story = name.split(".")
    return getattr(importlib.import_module(f"stories.{module}"), story)


def by_boto(endpoint):
    caller = callers.Boto(endpoint)
    return lambda name: [outcome for _, outcome in steps.run(named(name), caller)]


def by_cli(python, endpoint):
    program = str(pathlib.Path(__file__).with_name("tell.py"))

    def tell(name):
        done = subprocess.run([*python.split(), program, endpoint, name], stdout=subprocess.PIPE, check=True)
        return json.loads(done.stdout)

    return tell


def unheard(endpoint):
    """Operations of ours that were never called."""
    seen = {(call["service"], call["operation"]) for call in callers.levers(endpoint, "calls?limit=10000")["calls"]}
    operations = callers.levers(endpoint, "")["operations"]
    return [(f"/{service}/{name}", "was not called") for service, names in operations.items() for name in names
            if (service, name) not in seen]


def told(name, tell_one, tell_other):
    """Yields each step with where the two differ."""
    with concurrent.futures.ThreadPoolExecutor() as both:
        outcomes = [future.result() for future in [both.submit(tell, name) for tell in (tell_one, tell_other)]]
    ours, theirs = differ.Normal(), differ.Normal()
    for step, left, right in zip(named(name), *outcomes, strict=True):
        yield step, list(differ.differences(ours.value(left), theirs.value(right)))


def prepare_moto(endpoint):
    """Executions run, functions need no container, and the stories' role exists."""
    import boto3

    settings = {"lambda": {"use_docker": False}, "stepfunctions": {"execute_state_machine": True}}
    request = urllib.request.Request(f"{endpoint}/moto-api/config", json.dumps(settings).encode(), method="POST")
    urllib.request.urlopen(request, timeout=10).read()
    trust = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    iam = boto3.client("iam", endpoint_url=endpoint)
    iam.create_role(RoleName="compared", AssumeRolePolicyDocument=json.dumps(trust))


main()
