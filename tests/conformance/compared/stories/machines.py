"""Step Functions: machines, executions, and the history of one that goes through every kind of state."""

import json

from steps import Step

ROLE = "arn:aws:iam::000000000000:role/compared"
WAITING = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 600, "End": True}}}
WALK = {
    "StartAt": "Pass",
    "States": {
        "Pass": {"Type": "Pass", "Result": {"n": 5}, "ResultPath": "$.given", "Next": "Choose"},
        "Choose": {"Type": "Choice", "Choices": [
            {"Variable": "$.given.n", "NumericGreaterThan": 3, "Next": "Wait"}], "Default": "Bad"},
        "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Good"},
        "Bad": {"Type": "Fail", "Error": "Bad", "Cause": "chosen"},
        "Good": {"Type": "Succeed", "OutputPath": "$.given"},
    },
}
FAILING = {"StartAt": "Bad", "States": {"Bad": {"Type": "Fail", "Error": "Bad", "Cause": "always"}}}


def states(operation, given=None, label="", **more):
    return Step("stepfunctions", operation, given or {}, label=label, **more)


def machine(name, definition):
    return states("CreateStateMachine", {"name": name, "definition": json.dumps(definition), "roleArn": ROLE}, name,
                  save={name: "stateMachineArn"})


def done(answer):
    return answer["status"] != "RUNNING"


def running(answer):
    return answer["status"] == "RUNNING"


def entered(answer):
    return len(answer["events"]) > 1


def ours(answer):
    """Without what a server begins with."""
    return {"stateMachines": [one for one in answer["stateMachines"] if one["name"] in ("waiting", "walk", "failing")]}


MACHINES = [
    machine("waiting", WAITING),
    machine("walk", WALK),
    machine("failing", FAILING),
    states("CreateStateMachine", {"name": "waiting", "definition": json.dumps(WAITING), "roleArn": ROLE}, "the same"),
    states("CreateStateMachine", {"name": "waiting", "definition": json.dumps(WALK), "roleArn": ROLE}, "another"),
    states("CreateStateMachine", {"name": "x", "definition": "{}", "roleArn": ROLE}, "no definition"),
    states("CreateStateMachine", {"name": "a b", "definition": json.dumps(WALK), "roleArn": ROLE}, "impossible name"),
    states("DescribeStateMachine", {"stateMachineArn": "${waiting}"}),
    states("DescribeStateMachine", {"stateMachineArn": "${waiting}x"}, "nobody"),
    states("ListStateMachines", only=ours),
    states("StartExecution", {"stateMachineArn": "${waiting}", "name": "one", "input": '{"a": 1}'},
           save={"one": "executionArn"}),
    states("StartExecution", {"stateMachineArn": "${waiting}", "name": "one", "input": '{"a": 1}'}, "again"),
    states("StartExecution", {"stateMachineArn": "${waiting}", "name": "one", "input": "{}"}, "another input"),
    states("StartExecution", {"stateMachineArn": "${waiting}x"}, "nobody"),
    states("StartExecution", {"stateMachineArn": "${waiting}", "input": "{"}, "no JSON"),
    states("DescribeExecution", {"executionArn": "${one}"}, "running", until=running),
    states("GetExecutionHistory", {"executionArn": "${one}"}, "running", until=entered),
    states("ListExecutions", {"stateMachineArn": "${waiting}"}),
    states("ListExecutions", {"stateMachineArn": "${waiting}", "statusFilter": "SUCCEEDED"}, "of another status"),
    states("StopExecution", {"executionArn": "${one}", "error": "Rehearsal", "cause": "over"}),
    states("DescribeExecution", {"executionArn": "${one}"}, "stopped", until=done),
    states("GetExecutionHistory", {"executionArn": "${one}"}, "stopped"),
    states("ListExecutions", {"stateMachineArn": "${waiting}", "statusFilter": "ABORTED"}, "stopped"),
    states("RedriveExecution", {"executionArn": "${one}"}),
    states("StopExecution", {"executionArn": "${one}"}, "redriven"),
    states("StopExecution", {"executionArn": "${one}x"}, "nobody"),
    states("DescribeExecution", {"executionArn": "${one}x"}, "nobody"),
    states("GetExecutionHistory", {"executionArn": "${one}x"}, "nobody"),
    states("StartExecution", {"stateMachineArn": "${walk}", "name": "walk", "input": '{"a": 1}'}, "walk",
           save={"walked": "executionArn"}),
    states("DescribeExecution", {"executionArn": "${walked}"}, "walk", until=done),
    states("GetExecutionHistory", {"executionArn": "${walked}"}, "walk"),
    states("GetExecutionHistory", {"executionArn": "${walked}", "reverseOrder": True, "maxResults": 1}, "the end"),
    states("StartExecution", {"stateMachineArn": "${failing}", "name": "failing"}, "failing",
           save={"failed": "executionArn"}),
    states("DescribeExecution", {"executionArn": "${failed}"}, "failing", until=done),
    states("GetExecutionHistory", {"executionArn": "${failed}"}, "failing"),
    states("UpdateStateMachine", {"stateMachineArn": "${waiting}", "definition": json.dumps(WALK)}),
    states("UpdateStateMachine", {"stateMachineArn": "${waiting}", "definition": "{}"}, "no definition"),
    states("DescribeStateMachine", {"stateMachineArn": "${waiting}"}, "updated"),
    states("DeleteStateMachine", {"stateMachineArn": "${failing}"}),
    states("DescribeStateMachine", {"stateMachineArn": "${failing}"}, "deleted"),
]
