"""Every operation through the AWS CLI, as a person would type it."""

import datetime
import json
import pathlib
import subprocess
import tempfile
import zipfile

from harness import ALARM, Suite, arguments, equal

options = arguments()
suite = Suite(options)
function = f"conformance-{suite.tag}"
scratch = pathlib.Path(tempfile.mkdtemp())


def aws(*words, status=0):
    """The answer of `aws …`: JSON if there is some; the message if it is to fail."""
    done = subprocess.run(["aws", *words, "--output", "json"], capture_output=True, text=True, timeout=60)
    assert (done.returncode == 0) == (status == 0), f"aws {words[:2]} ended with {done.returncode}: {done.stderr}"
    if status:
        return done.stderr
    return json.loads(done.stdout) if done.stdout.strip() else None


def refused(code, *words):
    message = aws(*words, status=1)
    assert f"An error occurred ({code})" in message, message


def aws_lambda(operation, *words):
    return aws("lambda", operation, "--function-name", function, *words)


def archive(text):
    path = scratch / "code.zip"
    with zipfile.ZipFile(path, "w") as code:
        code.writestr("bootstrap", text)
    return f"fileb://{path}"


def functions():
    aws_lambda("create-function", "--role", "arn:aws:iam::000000000000:role/sample", "--runtime",
               "provided.al2023", "--handler", "bootstrap", "--zip-file", archive("one"),
               "--tags", "team=canary")
    equal(aws_lambda("publish-version")["Version"], "1")
    aws_lambda("update-function-configuration", "--environment", "Variables={ERROR_RATE=1}")
    equal(aws_lambda("publish-version")["Version"], "2")
    aws_lambda("update-function-code", "--zip-file", archive("two"))
    versions = aws_lambda("list-versions-by-function", "--page-size", "1")["Versions"]
    equal([version["Version"] for version in versions], ["$LATEST", "1", "2"])
    configuration = aws_lambda("get-function-configuration", "--qualifier", "2")
    equal(configuration["State"], "Active")
    equal(aws_lambda("get-function")["Tags"], {"team": "canary"})
    arn = aws_lambda("get-function-configuration")["FunctionArn"]
    aws("lambda", "tag-resource", "--resource", arn, "--tags", "a=b")
    equal(aws("lambda", "list-tags", "--resource", arn)["Tags"], {"a": "b", "team": "canary"})


def aliases():
    alias = ("--name", "live")
    created = aws_lambda("create-alias", *alias, "--function-version", "1")
    weighted = aws_lambda("update-alias", *alias, "--function-version", "1", "--routing-config",
                          "AdditionalVersionWeights={2=0.1}", "--revision-id", created["RevisionId"])
    equal(weighted["RoutingConfig"], {"AdditionalVersionWeights": {"2": 0.1}})
    refused("PreconditionFailedException", "lambda", "update-alias", "--function-name", function,
            *alias, "--function-version", "1", "--revision-id", created["RevisionId"])
    equal(aws_lambda("get-alias", *alias)["RevisionId"], weighted["RevisionId"])
    aws_lambda("update-alias", *alias, "--function-version", "2", "--routing-config", '{"AdditionalVersionWeights": {}}')
    equal([found["Name"] for found in aws_lambda("list-aliases")["Aliases"]], ["live"])
    aws_lambda("create-alias", "--name", "brief", "--function-version", "1")
    aws_lambda("delete-alias", "--name", "brief")
    refused("ResourceNotFoundException", "lambda", "get-alias", "--function-name", function, "--name", "brief")


def invoke():
    body = scratch / "answer"
    answer = aws_lambda("invoke", "--payload", "{}", "--qualifier", "1", str(body))
    equal((answer["StatusCode"], answer["ExecutedVersion"]), (200, "1"))
    json.loads(body.read_text())
    answer = aws_lambda("invoke", "--qualifier", "2", str(body))
    equal(answer["FunctionError"], "Unhandled")


def alarms():
    words = ["--alarm-name", function, "--dimensions", "Name=FunctionName,Value=hello", "Name=Resource,Value=hello:live"]
    for member, option in (("Namespace", "namespace"), ("MetricName", "metric-name"), ("Statistic", "statistic"),
                           ("Period", "period"), ("EvaluationPeriods", "evaluation-periods"),
                           ("Threshold", "threshold"), ("ComparisonOperator", "comparison-operator"),
                           ("TreatMissingData", "treat-missing-data")):
        words += [f"--{option}", str(ALARM[member])]
    aws("cloudwatch", "put-metric-alarm", *words)
    composite = f"{function}-composite"
    aws("cloudwatch", "put-composite-alarm", "--alarm-name", composite, "--alarm-rule", f"ALARM({function})")
    aws("cloudwatch", "set-alarm-state", "--alarm-name", function, "--state-value", "ALARM", "--state-reason", "drill")
    found = aws("cloudwatch", "describe-alarms", "--alarm-names", function, composite,
                "--alarm-types", "MetricAlarm", "CompositeAlarm")
    equal([alarm["Threshold"] for alarm in found["MetricAlarms"]], [3.5])
    equal([alarm["AlarmName"] for alarm in found["CompositeAlarms"]], [composite])
    history = aws("cloudwatch", "describe-alarm-history", "--alarm-name", function, "--history-item-type", "StateUpdate")
    assert any('"ALARM"' in item["HistoryData"] for item in history["AlarmHistoryItems"]), history
    refused("ResourceNotFound", "cloudwatch", "set-alarm-state", "--alarm-name", "nobody",
            "--state-value", "OK", "--state-reason", "drill")
    aws("cloudwatch", "delete-alarms", "--alarm-names", composite)
    aws("cloudwatch", "delete-alarms", "--alarm-names", function)


def metrics():
    now = datetime.datetime.now(datetime.timezone.utc)
    span = ("--start-time", (now - datetime.timedelta(minutes=10)).isoformat(), "--end-time", now.isoformat())
    at = (now - datetime.timedelta(minutes=5)).isoformat()
    aws("cloudwatch", "put-metric-data", "--namespace", "Conformance", "--metric-name", "orders",
        "--dimensions", f"client={suite.tag}", "--value", "4.5", "--timestamp", at)
    query = [{"Id": "orders", "MetricStat": {"Stat": "Sum", "Period": 60, "Metric": {
        "Namespace": "Conformance", "MetricName": "orders",
        "Dimensions": [{"Name": "client", "Value": suite.tag}]}}}]
    answer = aws("cloudwatch", "get-metric-data", "--metric-data-queries", json.dumps(query), *span)
    equal(answer["MetricDataResults"][0]["Values"], [4.5])
    hello = ("--namespace", "AWS/Lambda", "--metric-name", "Invocations", "--dimensions", "Name=FunctionName,Value=hello")
    points = aws("cloudwatch", "get-metric-statistics", *hello, *span, "--period", "60", "--statistics", "Sum")
    assert sum(point["Sum"] for point in points["Datapoints"]) > 0, points
    assert aws("cloudwatch", "list-metrics", *hello)["Metrics"], "the sample's traffic has metrics"


def parameters():
    name = ("--name", f"/lambda-canary/{suite.tag}/live/policy")
    equal(aws("ssm", "put-parameter", *name, "--value", '{"plan": "10%:5m"}', "--type", "String")["Version"], 1)
    equal(aws("ssm", "get-parameter", *name)["Parameter"]["Value"], '{"plan": "10%:5m"}')
    aws("ssm", "delete-parameter", *name)
    refused("ParameterNotFound", "ssm", "get-parameter", *name)


def absent_operations():
    refused("NotImplementedException", "lambda", "list-layers")
    message = aws("cloudwatch", "list-dashboards", status=1)
    assert "ListDashboards is not available on this local AWS" in message, message
    refused("UnknownOperationException", "ssm", "describe-parameters")
    refused("UnknownOperationException", "deploy", "list-on-premises-instances")
    aws("s3api", "list-buckets", status=1)


suite.run(functions, aliases, invoke, alarms, metrics, parameters, absent_operations)
