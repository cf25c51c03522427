"""The examples that AWS publishes with its models: our endpoint takes the request and leaves nothing out.

    published.py --endpoint URL --results FILE
"""

import argparse
import contextlib
import json

import boto3
import botocore
from botocore.exceptions import ClientError
from botocore.loaders import Loader

import callers
from known import Known
from record import Record

SERVICES = ("lambda", "cloudwatch", "ssm", "codedeploy", "stepfunctions", "sns", "events")
ROLE = "arn:aws:iam::123456789012:role/lambda-role"


def main():
    parser = argparse.ArgumentParser()
    for name in ("endpoint", "results"):
        parser.add_argument(f"--{name}", required=True)
    options = parser.parse_args()
    record, known = Record(options.results, "AWS's published examples"), Known("AWS's published examples")
    here = callers.levers(options.endpoint, "")["operations"]
    count = 0
    for service in SERVICES:
        published = Loader().load_service_model(service, "examples-1")["examples"]
        client = boto3.client(service, endpoint_url=options.endpoint)
        for operation in here[service]:
            for example in published.get(operation, []):
                count += 1
                # In our account and region.
                example["input"] = json.loads(json.dumps(example["input"]).replace("us-west-2", "us-east-1")
                                              .replace("123456789012", "000000000000"))
                prepare(client, operation, example["input"])
                what = f"{service} {operation}: {example.get('title', count)}"
                record(what, known.new(f"{service} {operation}", lacking(client, operation, example)))
    record("there are some", [] if count else ["botocore ships none for our operations any more"])
    record("the list of differences", [f"this no longer occurs: {at}" for at in known.gone()])


def prepare(client, operation, given):
    """The function with its versions and aliases, as the example takes them for granted."""
    name = given.get("FunctionName") or given["Resource"].rsplit(":", 1)[-1]
    if operation == "CreateFunction":
        # Functions cannot be deleted here: this one comes first, or not at all.
        given["FunctionName"] = f"{name}-created"
        return
    try:
        client.create_function(
            FunctionName=name, Role=ROLE, Runtime="nodejs24.x", Handler="index.handler", Description="d",
            Code={"ZipFile": b"PK"}, Environment={"Variables": {"BUCKET": "b", "PREFIX": "p"}},
            Tags={"DEPARTMENT": "Assets", "Category": "Web Tools", "Department": "Sales"})
    except client.exceptions.ResourceConflictException:
        pass
    else:
        for size in (128, 256, 512):
            client.update_function_configuration(FunctionName=name, MemorySize=size)
            client.publish_version(FunctionName=name)
    if operation != "CreateAlias":
        # An earlier example may have deleted it.
        with contextlib.suppress(client.exceptions.ResourceConflictException):
            client.create_alias(FunctionName=name, Name="BLUE", FunctionVersion="2", Description="Production.",
                                RoutingConfig={"AdditionalVersionWeights": {"1": 0.7}})
    if operation == "GetFunctionEventInvokeConfig":
        topic = boto3.client("sns", endpoint_url=client.meta.endpoint_url).create_topic(Name="failed-invocations")
        client.put_function_event_invoke_config(
            FunctionName=name, Qualifier="BLUE", MaximumEventAgeInSeconds=3600, MaximumRetryAttempts=0,
            DestinationConfig={"OnFailure": {"Destination": topic["TopicArn"]}})


def lacking(client, operation, example):
    """`(path, what)` of what the example's output has and ours has not."""
    try:
        answer = getattr(client, botocore.xform_name(operation))(**example["input"])
    except ClientError as error:
        return [("/outcome", f"refused with {error.response['Error']}")]
    except botocore.exceptions.ParamValidationError as error:
        return [("/outcome", f"botocore itself refuses: {error}")]
    return list(absent(example.get("output") or {}, answer, ""))


def absent(theirs, ours, at):
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key, value in theirs.items():
            if key not in ours:
                yield f"{at}/{key}", "theirs only"
            else:
                yield from absent(value, ours[key], f"{at}/{key}")
    elif isinstance(theirs, list) and isinstance(ours, list):
        if theirs and not ours:
            yield at, "theirs only"
        for value in theirs[:1]:
            yield from absent(value, ours[0], f"{at}/#")


main()
