"""parliament on the policy of each role. What it says wrongly of ours is listed here, each with
the reason; anything else fails, and so does an entry that nothing needs any more.

    policies.py FILE…
"""

import json
import pathlib
import subprocess
import sys

# AWS's reference lists these without a resource type. AWS's own example scopes the lifecycle answer
# to the deployment group all the same. Scoped here; the parameter CodeDeployScope widens them.
UNTYPED = "scoped to the deployment groups on purpose: see CodeDeployScope"
# parliament wants an ARN for every type that an action can take, also where one is enough.
OTHER_TYPE = "ours are executions of a standard state machine"
EXPECTED = {
    ("RESOURCE_MISMATCH", "codedeploy:PutLifecycleEventHookExecutionStatus", "*"): UNTYPED,
    ("RESOURCE_MISMATCH", "codedeploy:GetDeploymentTarget", "*"): UNTYPED,
    ("RESOURCE_MISMATCH", "codedeploy:ListDeploymentTargets", "*"): UNTYPED,
    ("RESOURCE_MISMATCH", "codedeploy:StopDeployment", "*"): UNTYPED,
    ("RESOURCE_MISMATCH", "states:DescribeExecution", "arn:*:states:*:*:express:*:*:*"): OTHER_TYPE,
    ("RESOURCE_MISMATCH", "states:ListExecutions", "arn:*:states:*:*:mapRun:*/*:*"): OTHER_TYPE,
    ("RESOURCE_STAR", "cloudwatch:DescribeAlarms", ""): "composite alarms need it",
    ("RESOURCE_STAR", "cloudwatch:DescribeAlarmHistory", ""): "composite alarms need it",
}


def findings(path):
    command = [str(pathlib.Path(sys.executable).with_name("parliament")), "--json"]
    with open(path, encoding="utf-8") as policy:
        done = subprocess.run(command, stdin=policy, capture_output=True, text=True, check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert done.returncode == (1 if lines else 0), done.stderr or done.stdout
    for line in lines:
        details = line["detail"] if isinstance(line["detail"], list) else [line["detail"]]
        for detail in details or [""]:
            if isinstance(detail, dict) and "action" in detail:
                yield line["issue"], detail["action"], detail.get("required_format", "")
            else:
                yield line["issue"], detail if isinstance(detail, str) else json.dumps(detail), ""


def main():
    paths, seen, wrong = sys.argv[1:], set(), []
    assert paths, "no policies were given"
    for path in paths:
        found = set(findings(path))
        seen |= found
        wrong += [f"{path.rsplit('/', 1)[-1]}: {' '.join(each)}" for each in sorted(found - set(EXPECTED))]
    wrong += [f"nothing needs the exception {' '.join(each)}" for each in sorted(set(EXPECTED) - seen)]
    print("\n".join(wrong) if wrong else f"{len(paths)} policies, {len(seen)} findings, all expected")
    sys.exit(bool(wrong))


main()
