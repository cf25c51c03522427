"""A pre-traffic hook in Python, to measure ours against.

It is made as AWS's samples of validation hooks are: the clients are created when the module is
loaded, outside the handler, and the handler is told the deployment and answers for it. Of a
managed runtime it has the least that serves events — a loop over the Runtime API with the standard
library — so what it takes is Python's and boto3's and hardly its own.
"""

import json
import os
import urllib.request

import boto3

deployments = boto3.client("codedeploy")
functions = boto3.client("lambda")
alarms = boto3.client("cloudwatch")


def handler(event):
    """A deployment that is over needs no answer; neither does one that CodeDeploy does not know."""
    try:
        found = deployments.get_deployment(deploymentId=event["DeploymentId"])
    except deployments.exceptions.DeploymentDoesNotExistException:
        return {"outcome": "ignored"}
    if found["deploymentInfo"]["status"] in ("Succeeded", "Failed", "Stopped"):
        return {"outcome": "ignored"}
    answer = {"deploymentId": event["DeploymentId"], "status": "Succeeded"}
    answer["lifecycleEventHookExecutionId"] = event["LifecycleEventHookExecutionId"]
    deployments.put_lifecycle_event_hook_execution_status(**answer)
    return {"outcome": "answered"}


def serve():
    base = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
    while True:
        with urllib.request.urlopen(f"{base}/next") as given:
            request, event = given.headers["Lambda-Runtime-Aws-Request-Id"], json.load(given)
        try:
            path, answer = "response", handler(event)
        except Exception as error:
            path, answer = "error", {"errorType": type(error).__name__, "errorMessage": str(error)}
        urllib.request.urlopen(f"{base}/{request}/{path}", json.dumps(answer).encode()).close()


if __name__ == "__main__":
    serve()
