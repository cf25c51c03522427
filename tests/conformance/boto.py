"""Every operation through boto3, with botocore's own parsing of the answers.

`--protocol` makes a botocore that speaks several protocols speak this one to CloudWatch.
"""

import base64
import datetime
import json

from harness import ALARM, Suite, arguments, equal

options = arguments("protocol")
if options.protocol:
    import botocore.model

    preferred = botocore.model.PRIORITY_ORDERED_SUPPORTED_PROTOCOLS
    botocore.model.PRIORITY_ORDERED_SUPPORTED_PROTOCOLS = (options.protocol, *preferred)

import boto3
import botocore
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

import services

suite = Suite(options)
function = f"conformance-{suite.tag}"
ROLE = "arn:aws:iam::000000000000:role/sample"


def client(service, **config):
    settings = {"retries": {"mode": "standard", "max_attempts": 3}, **config}
    return boto3.client(service, endpoint_url=options.endpoint, config=Config(**settings))


aws_lambda, cloudwatch, ssm = client("lambda"), client("cloudwatch"), client("ssm")


def refused(code, call, status=None, **arguments):
    """The typed error that the call ends with."""
    try:
        answer = call(**arguments)
    except ClientError as error:
        equal(error.response["Error"]["Code"], code)
        assert error.response["Error"]["Message"], "the error has no message"
        if status:
            equal(error.response["ResponseMetadata"]["HTTPStatusCode"], status)
        return error
    raise AssertionError(f"{code} was expected, not {answer}")


def protocol():
    resolved = getattr(cloudwatch.meta.service_model, "resolved_protocol", None)
    resolved = resolved or cloudwatch.meta.service_model.metadata["protocol"]
    wanted = options.protocol or ("json" if botocore.__version__ >= "1.43" else "query")
    equal(resolved, wanted)


# Lambda


def create_function():
    answer = aws_lambda.create_function(
        FunctionName=function, Role=ROLE, Runtime="provided.al2023", Handler="bootstrap",
        Code={"ZipFile": b"PK\x03\x04"}, Timeout=10, Tags={"team": "canary"},
        Environment={"Variables": {"LATENCY_MS": "20"}},
    )
    equal(answer["ResponseMetadata"]["HTTPStatusCode"], 201)
    equal(answer["Version"], "$LATEST")
    equal(answer["Environment"], {"Variables": {"LATENCY_MS": "20"}})
    refused("ResourceConflictException", aws_lambda.create_function, 409, FunctionName=function,
            Role=ROLE, Runtime="provided.al2023", Handler="bootstrap", Code={"ZipFile": b"PK"})


def publish_version():
    first = aws_lambda.publish_version(FunctionName=function)
    equal((first["Version"], first["ResponseMetadata"]["HTTPStatusCode"]), ("1", 201))
    aws_lambda.update_function_configuration(
        FunctionName=function, Environment={"Variables": {"ERROR_RATE": "1"}})
    aws_lambda.get_waiter("function_updated_v2").wait(FunctionName=function)
    equal(aws_lambda.publish_version(FunctionName=function)["Version"], "2")


def update_function_code():
    before = aws_lambda.get_function_configuration(FunctionName=function)["CodeSha256"]
    after = aws_lambda.update_function_code(FunctionName=function, ZipFile=b"PK other")["CodeSha256"]
    assert before != after, "other code has another digest"


def get_function_configuration():
    answer = aws_lambda.get_function_configuration(FunctionName=function, Qualifier="2")
    equal((answer["Version"], answer["State"]), ("2", "Active"))
    datetime.datetime.fromisoformat(answer["LastModified"].replace("+0000", "+00:00"))


def get_function():
    answer = aws_lambda.get_function(FunctionName=function)
    equal(answer["Configuration"]["FunctionName"], function)
    equal(answer["Tags"], {"team": "canary"})


def list_versions_by_function():
    pages = aws_lambda.get_paginator("list_versions_by_function").paginate(
        FunctionName=function, PaginationConfig={"PageSize": 1})
    versions = [[version["Version"] for version in page["Versions"]] for page in pages]
    equal(versions, [["$LATEST"], ["1"], ["2"]])


def create_alias():
    answer = aws_lambda.create_alias(FunctionName=function, Name="live", FunctionVersion="1")
    equal(answer["ResponseMetadata"]["HTTPStatusCode"], 201)
    equal((answer["Name"], answer["FunctionVersion"]), ("live", "1"))
    refused("ResourceConflictException", aws_lambda.create_alias, 409,
            FunctionName=function, Name="live", FunctionVersion="1")


def get_alias():
    by_name = aws_lambda.get_alias(FunctionName=function, Name="live")
    arn = by_name["AliasArn"].rsplit(":", 1)[0]
    by_arn = aws_lambda.get_alias(FunctionName=arn, Name="live")
    equal(by_arn["RevisionId"], by_name["RevisionId"])
    error = refused("ResourceNotFoundException", aws_lambda.get_alias, 404,
                    FunctionName=function, Name="nobody")
    assert isinstance(error, aws_lambda.exceptions.ResourceNotFoundException)
    equal(error.response["Type"], "User")


def list_aliases():
    aliases = aws_lambda.list_aliases(FunctionName=function, FunctionVersion="1")["Aliases"]
    equal([alias["Name"] for alias in aliases], ["live"])
    equal(aws_lambda.list_aliases(FunctionName=function, FunctionVersion="2")["Aliases"], [])


def update_alias():
    revision = aws_lambda.get_alias(FunctionName=function, Name="live")["RevisionId"]
    weighted = {"FunctionName": function, "Name": "live", "FunctionVersion": "1",
                "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.1}}}
    answer = aws_lambda.update_alias(RevisionId=revision, **weighted)
    equal(answer["RoutingConfig"], {"AdditionalVersionWeights": {"2": 0.1}})
    error = refused("PreconditionFailedException", aws_lambda.update_alias, 412,
                    RevisionId=revision, **weighted)
    assert isinstance(error, aws_lambda.exceptions.PreconditionFailedException)
    weighted["RoutingConfig"] = {"AdditionalVersionWeights": {"2": 1.5}}
    # Which of its two names for it AWS uses here depends on the check that refuses first.
    try:
        refused("InvalidParameterValueException", aws_lambda.update_alias, 400, **weighted)
    except AssertionError:
        refused("ValidationException", aws_lambda.update_alias, 400, **weighted)
    weighted["RoutingConfig"] = {"AdditionalVersionWeights": {}}
    answer = aws_lambda.update_alias(**weighted)
    equal(answer.get("RoutingConfig", {}).get("AdditionalVersionWeights", {}), {})


def invoke():
    answer = aws_lambda.invoke(FunctionName=function, Qualifier="1", Payload=b'{"a": 1}', LogType="Tail")
    equal((answer["StatusCode"], answer["ExecutedVersion"]), (200, "1"))
    assert "FunctionError" not in answer, answer["FunctionError"]
    json.loads(answer["Payload"].read())
    assert b"REPORT" in base64.b64decode(answer["LogResult"])
    failing = aws_lambda.invoke(FunctionName=f"{function}:2")
    equal((failing["StatusCode"], failing["FunctionError"]), (200, "Unhandled"))
    assert "errorMessage" in json.loads(failing["Payload"].read())
    for kind, status in (("Event", 202), ("DryRun", 204)):
        answer = aws_lambda.invoke(FunctionName=function, Qualifier="live", InvocationType=kind)
        equal((answer["StatusCode"], answer["Payload"].read()), (status, b""))
    refused("InvalidRequestContentException", aws_lambda.invoke, 400,
            FunctionName=function, Payload=b"not json")
    refused("ResourceNotFoundException", aws_lambda.invoke, 404, FunctionName="nobody")


def tags():
    arn = aws_lambda.get_function_configuration(FunctionName=function)["FunctionArn"]
    equal(aws_lambda.list_tags(Resource=arn)["Tags"], {"team": "canary"})
    aws_lambda.tag_resource(Resource=arn, Tags={"a/b": "c d"})
    equal(aws_lambda.list_tags(Resource=arn)["Tags"], {"team": "canary", "a/b": "c d"})


def delete_alias():
    aws_lambda.create_alias(FunctionName=function, Name="brief", FunctionVersion="1")
    answer = aws_lambda.delete_alias(FunctionName=function, Name="brief")
    equal(answer["ResponseMetadata"]["HTTPStatusCode"], 204)
    refused("ResourceNotFoundException", aws_lambda.get_alias, FunctionName=function, Name="brief")


# CloudWatch

alarm, composite = f"alarm <&> {suite.tag}", f"composite-{suite.tag}"


def put_metric_alarm():
    cloudwatch.put_metric_alarm(AlarmName=alarm, AlarmDescription="a & b", **ALARM)
    refused("ValidationError", cloudwatch.put_metric_alarm, 400,
            **{"AlarmName": alarm, **ALARM, "Period": 7})


def put_composite_alarm():
    cloudwatch.put_composite_alarm(AlarmName=composite, AlarmRule=f'ALARM("{alarm}")')


def describe_alarms():
    [found] = cloudwatch.describe_alarms(AlarmNames=[alarm, "nobody"])["MetricAlarms"]
    equal((found["AlarmDescription"], found["Threshold"], found["Period"]), ("a & b", 3.5, 60))
    equal(sorted(pair["Name"] for pair in found["Dimensions"]), ["FunctionName", "Resource"])
    equal((found["ActionsEnabled"], found["AlarmActions"]), (True, []))
    now = datetime.datetime.now(datetime.timezone.utc)
    for member in ("StateUpdatedTimestamp", "StateTransitionedTimestamp", "AlarmConfigurationUpdatedTimestamp"):
        assert abs((now - found[member]).total_seconds()) < 600, (member, found[member])
    equal(cloudwatch.describe_alarms(AlarmNames=[composite])["MetricAlarms"], [])
    both = cloudwatch.describe_alarms(AlarmNames=[alarm, composite], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    equal([found["AlarmName"] for found in both["CompositeAlarms"]], [composite])
    pages = cloudwatch.get_paginator("describe_alarms").paginate(PaginationConfig={"PageSize": 1})
    names = [found["AlarmName"] for page in pages for found in page["MetricAlarms"]]
    assert alarm in names and "hello-live-errors" in names, names


def set_alarm_state():
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="drill")
    error = refused("ResourceNotFound", cloudwatch.set_alarm_state, 404,
                    AlarmName="nobody", StateValue="ALARM", StateReason="drill")
    assert isinstance(error, cloudwatch.exceptions.ResourceNotFound), type(error)


def describe_alarm_history():
    before = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=10)
    history = cloudwatch.describe_alarm_history(
        AlarmName=alarm, HistoryItemType="StateUpdate", StartDate=before,
        AlarmTypes=["MetricAlarm", "CompositeAlarm"])["AlarmHistoryItems"]
    states = [json.loads(item["HistoryData"])["newState"]["stateValue"] for item in history]
    assert "ALARM" in states, states
    assert all(item["Timestamp"] >= before for item in history)


def delete_alarms():
    cloudwatch.delete_alarms(AlarmNames=[composite])
    cloudwatch.delete_alarms(AlarmNames=[alarm])
    equal(cloudwatch.describe_alarms(AlarmNames=[alarm])["MetricAlarms"], [])


def put_metric_data():
    now = datetime.datetime.now(datetime.timezone.utc)
    data = [{"MetricName": "orders", "Timestamp": now - datetime.timedelta(minutes=5), "Value": 1.0,
             "Unit": "Count", "Dimensions": [{"Name": "client", "Value": suite.tag}]}] * 500
    # Large enough to be sent compressed.
    cloudwatch.put_metric_data(Namespace="Conformance", MetricData=data)
    cloudwatch.put_metric_data(Namespace="Conformance", MetricData=[
        {"MetricName": "sizes", "Values": [1.5, 2.5], "Counts": [1.0, 3.0]}])


def get_metric_data():
    now = datetime.datetime.now(datetime.timezone.utc)
    query = {"Id": "orders", "MetricStat": {"Stat": "Sum", "Period": 60, "Metric": {
        "Namespace": "Conformance", "MetricName": "orders",
        "Dimensions": [{"Name": "client", "Value": suite.tag}]}}}
    errors = {"Id": "calls", "MetricStat": {"Stat": "Sum", "Period": 60, "Metric": {
        "Namespace": "AWS/Lambda", "MetricName": "Invocations",
        "Dimensions": [{"Name": "FunctionName", "Value": "hello"}]}}}
    answer = cloudwatch.get_metric_data(
        MetricDataQueries=[query, errors], EndTime=now,
        StartTime=now - datetime.timedelta(minutes=10), ScanBy="TimestampAscending")
    results = {result["Id"]: result for result in answer["MetricDataResults"]}
    equal((results["orders"]["StatusCode"], results["orders"]["Values"]), ("Complete", [500.0]))
    assert sum(results["calls"]["Values"]) > 0, "the sample's traffic has metrics"
    times = results["calls"]["Timestamps"]
    assert times == sorted(times) and times[0].second == 0, times


def get_metric_statistics():
    now = datetime.datetime.now(datetime.timezone.utc)
    answer = cloudwatch.get_metric_statistics(
        Namespace="AWS/Lambda", MetricName="Duration", Period=60, Statistics=["Maximum"],
        ExtendedStatistics=["p90"], Dimensions=[{"Name": "FunctionName", "Value": "hello"}],
        StartTime=now - datetime.timedelta(minutes=10), EndTime=now)
    point = answer["Datapoints"][0]
    assert 0 < point["ExtendedStatistics"]["p90"] <= point["Maximum"], point


def list_metrics():
    metrics = cloudwatch.list_metrics(Namespace="AWS/Lambda", MetricName="Invocations")["Metrics"]
    assert [{"Name": "FunctionName", "Value": "hello"}] in [metric["Dimensions"] for metric in metrics]


# SSM

parameter = f"/lambda-canary/{suite.tag}/live/policy"


def put_parameter():
    equal(ssm.put_parameter(Name=parameter, Value='{"é": 1}', Type="String")["Version"], 1)
    refused("ParameterAlreadyExists", ssm.put_parameter, 400, Name=parameter, Value="x", Type="String")
    equal(ssm.put_parameter(Name=parameter, Value="two", Type="String", Overwrite=True)["Version"], 2)


def get_parameter():
    found = ssm.get_parameter(Name=parameter)["Parameter"]
    equal((found["Value"], found["Version"], found["Type"]), ("two", 2, "String"))
    age = datetime.datetime.now(datetime.timezone.utc) - found["LastModifiedDate"]
    assert abs(age.total_seconds()) < 600, found["LastModifiedDate"]
    error = refused("ParameterNotFound", ssm.get_parameter, 400, Name="/nobody")
    assert isinstance(error, ssm.exceptions.ParameterNotFound)


def delete_parameter():
    ssm.delete_parameter(Name=parameter)
    refused("ParameterNotFound", ssm.delete_parameter, Name=parameter)


# What is not there, and what goes wrong


def absent_operations():
    refused("NotImplementedException", aws_lambda.list_layers, 501)
    code = "InvalidAction"
    query = cloudwatch.meta.service_model.metadata["protocol"] == "query" or options.protocol == "query"
    refused(code if query else "UnknownOperationException", cloudwatch.list_dashboards, 400)
    refused("UnknownOperationException", ssm.describe_parameters, 400)
    error = refused("InvalidAction", client("sts").get_caller_identity, 400)
    assert "GetCallerIdentity" in str(error), error
    try:
        client("s3").list_buckets()
    except ClientError:
        return
    raise AssertionError("S3 is not here")


def unsigned():
    config = {"signature_version": botocore.UNSIGNED}
    refused("MissingAuthenticationTokenException", client("lambda", **config).get_alias, 403,
            FunctionName="hello", Name="live")
    refused("MissingAuthenticationTokenException", client("ssm", **config).get_parameter, Name="/x")
    try:
        client("cloudwatch", **config).describe_alarms()
    except ClientError as error:
        assert error.response["Error"]["Code"].startswith("MissingAuthenticationToken"), error


def throttling():
    for service, call in (("lambda", lambda: aws_lambda.get_alias(FunctionName=function, Name="live")),
                          ("cloudwatch", cloudwatch.describe_alarms),
                          ("ssm", lambda: ssm.put_parameter(Name=parameter, Value="x", Type="String", Overwrite=True))):
        suite.admin("POST", "/faults", {"kind": "throttle", "service": service, "times": 1})
        equal(call()["ResponseMetadata"]["RetryAttempts"], 1)
    suite.admin("DELETE", "/faults")


def outages():
    once = {"retries": {"mode": "standard", "max_attempts": 1, "total_max_attempts": 1}, "read_timeout": 1}
    impatient = client("lambda", **once)
    for kind, expected in (("timeout", ReadTimeoutError), ("connection_reset", ConnectionClosedError),
                           ("internal_error", ClientError)):
        suite.admin("POST", "/faults", {"kind": kind, "service": "lambda", "operation": "GetAlias", "times": 1})
        try:
            impatient.get_alias(FunctionName="hello", Name="live")
        except expected:
            continue
        finally:
            suite.admin("DELETE", "/faults")
        raise AssertionError(f"{kind} had no effect")


def denied():
    for service, call in (("lambda", lambda: aws_lambda.get_alias(FunctionName=function, Name="live")),
                          ("cloudwatch", cloudwatch.describe_alarms),
                          ("ssm", lambda: ssm.get_parameter(Name=parameter))):
        suite.admin("POST", "/faults", {"kind": "access_denied", "service": service, "times": 1})
        try:
            call()
        except ClientError as error:
            assert error.response["Error"]["Code"].startswith("AccessDenied"), error
            continue
        raise AssertionError(f"{service} was not denied")


def calls():
    seen = {(call["service"], call["operation"]) for call in suite.admin("GET", "/calls?limit=10000")["calls"]}
    operations = suite.admin("GET", "/")["operations"]
    missing = {(service, name) for service, names in operations.items() for name in names} - seen
    equal(missing, set())


suite.run(
    protocol, create_function, publish_version, update_function_code, get_function_configuration,
    get_function, list_versions_by_function, create_alias, get_alias, list_aliases, update_alias,
    invoke, tags, delete_alias, put_metric_alarm, put_composite_alarm, describe_alarms,
    set_alarm_state, describe_alarm_history, delete_alarms, put_metric_data, get_metric_data,
    get_metric_statistics, list_metrics, put_parameter, get_parameter, delete_parameter,
    *services.checks(client, refused, suite.tag),
    absent_operations, unsigned, throttling, outages, denied, calls,
)
