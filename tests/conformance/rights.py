"""What was called under each role, against the role's statements, AWS's reference and our own table.

    rights.py --root ROOT --client LABEL --results FILE --recorded FILE --canary PROGRAM --functions PROGRAM

Runs in parliament's environment: it carries AWS's service authorization reference.
"""

import argparse
import collections
import concurrent.futures
import fnmatch
import functools
import json
import pathlib
import re
import signal
import subprocess
import sys
import urllib.request

import parliament

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from harness import Suite, equal  # noqa: E402

STACK, ACCOUNT, REGION = "canary", "000000000000", "us-east-1"
# What the stories allow is for any function; what the stack allows, for the sample.
PLACES = {"Stack": STACK, "Account": ACCOUNT, "Region": REGION, "Functions": "*", "Applications": "hello",
          "Topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:canary-rollouts"}
SCENARIOS = ("good", "bad", "alarm", "subtle", "outage", "quiet")

# Rights that nothing here uses, each with the reason. One that is used after all has to go from here.
LOGS = "Lambda writes a function's log under the function's role; there are no log groups here"
IDLE = {
    (role, action): LOGS
    for role in ("PreTrafficRole", "PostTrafficRole", "StepperRole", "SampleRole")
    for action in ("logs:CreateLogStream", "logs:PutLogEvents")
}
# AWS's reference lists these without a resource type; see CodeDeployScope in template.yaml.
UNTYPED = {f"codedeploy:{action}" for action in (
    "GetDeploymentTarget", "ListDeploymentTargets", "PutLifecycleEventHookExecutionStatus", "StopDeployment")}

parser = argparse.ArgumentParser()
for name in ("root", "client", "results", "recorded", "canary", "functions"):
    parser.add_argument(f"--{name}", required=True)
options = parser.parse_args()
suite = Suite(options)
root = pathlib.Path(options.root)


def listed(value):
    return value if isinstance(value, list) else [value]


@functools.cache
def grants():
    """Of each role the statements as (Sid, actions, resource patterns)."""
    text = (root / "src" / "local" / "stack" / "roles.json").read_text(encoding="utf-8")
    text = re.sub(r"\$\{(\w+)\}", lambda found: PLACES[found[1]], text)
    return {role: [(each["Sid"], listed(each["Action"]), listed(each["Resource"])) for each in statements]
            for role, statements in json.loads(text).items()}


def given():
    return {(role, action) for role, statements in grants().items() for _, actions, _ in statements for action in actions}


# What was asked for

def demo(mode, scenario):
    """Plays a scenario to its end, looks what was used under which role, and ends it."""
    command = [options.canary, "demo", "--scenario", scenario, "--mode", mode, "--functions", options.functions,
               "--speed", "120", "--hold"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as played:
        said = []
        try:
            for line in played.stderr:
                said.append(line)
                found = re.search(r"the simulated AWS stays at (http://\S+)", line)
                if found:
                    with urllib.request.urlopen(f"{found[1]}/_local/rights", timeout=10) as answer:
                        return json.load(answer)["used"]
        finally:
            played.send_signal(signal.SIGINT)
    raise AssertionError(f"{scenario}, {mode} ended: {''.join(said[-5:])}")


@functools.cache
def of_the_demos():
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        modes = [mode for mode in ("stepper", "guard") for _ in SCENARIOS]
        return [use for used in pool.map(demo, modes, SCENARIOS * 2) for use in used]


@functools.cache
def of_the_stories():
    lines = pathlib.Path(options.recorded).read_text(encoding="utf-8").splitlines()
    unique = {line: json.loads(line) for line in lines}
    return list(unique.values())


def uses():
    return [use | {"role": use["role"].removeprefix(f"{STACK}-")} for use in of_the_stories() + of_the_demos()]


def matches(pattern, resource):
    # IAM's patterns have no brackets, and `*` takes colons and slashes too.
    return fnmatch.fnmatchcase(resource, pattern.replace("[", "[[]"))


def no_demo_is_refused_anything():
    assert len(of_the_demos()) > 20 * len(SCENARIOS), len(of_the_demos())
    equal([use for use in of_the_demos() if use["allowed_by"] is None], [])


def no_story_is_refused_anything():
    assert len(of_the_stories()) > 40, len(of_the_stories())
    equal([use for use in of_the_stories() if use["allowed_by"] is None], [])


def every_use_has_a_statement_in_the_template():
    for use in uses():
        found = [sid for sid, actions, resources in grants()[use["role"]]
                 if use["action"] in actions and any(matches(each, use["resource"]) for each in resources)]
        assert use["allowed_by"] in found, use


def every_right_is_used_or_says_why_not():
    used = {(use["role"], use["action"]) for use in uses()}
    equal(sorted(given() - used - set(IDLE)), [])
    equal(sorted(each for each in IDLE if each in used or each not in given()), [])


def every_resource_of_a_right_is_used():
    met = collections.defaultdict(set)
    for use in uses():
        met[use["role"]].add((use["allowed_by"], use["resource"]))
    idle = [(role, sid, pattern) for role, statements in grants().items() for sid, actions, patterns in statements
            if not all((role, action) in IDLE for action in actions)
            for pattern in patterns
            if not any(by == sid and matches(pattern, resource) for by, resource in met[role])]
    equal(idle, [])


def only_rollbacks_of_the_alias_are_writes_of_a_hook():
    writers = {role for role, action in given() if action == "lambda:UpdateAlias"}
    equal(writers, {"PreTrafficRole", "StepperRole"})
    wrote = {use["role"] for use in uses() if use["action"] == "lambda:UpdateAlias"}
    equal(wrote, writers)


# AWS's reference

@functools.cache
def reference():
    path = pathlib.Path(parliament.__file__).with_name("iam_definition.json")
    found = {}
    for service in json.loads(path.read_text(encoding="utf-8")):
        arns = {each["resource"]: each["arn"] for each in service["resources"]}
        for privilege in service["privileges"]:
            types = [each["resource_type"].rstrip("*") for each in privilege["resource_types"]]
            found[f"{service['prefix']}:{privilege['privilege']}"] = [arns[each] for each in types if each]
    return found


def form(arn):
    return re.sub(r"\$\{\w+\}", "*", arn)


def calls_are_what_awss_reference_says_they_are():
    for use in uses():
        types = reference()[use["action"]]
        if use["resource"] == "*":
            continue
        if not types:
            assert use["action"] in UNTYPED, f"{use}: the reference has no resource for it"
            continue
        assert any(matches(form(arn), use["resource"]) for arn in types), f"{use}: the reference has {types}"


def what_has_no_resource_at_aws_is_listed():
    untyped = {action for _, action in given() if not reference()[action]}
    everywhere = {action for statements in grants().values() for _, actions, patterns in statements
                  if patterns == ["*"] for action in actions}
    equal(untyped - everywhere, UNTYPED)


# Our own table

def the_table_in_the_docs_names_every_right():
    text = (root / "docs" / "security.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w+Role) \| (.+?) \| (.+?) \| (.+?) \|$", text, re.M)
    told = {(role, action) for role, actions, _, _ in rows for action in re.findall(r"`(\w+:\w+)`", actions)}
    equal((sorted(told - given()), sorted(given() - told)), ([], []))


suite.run(
    no_story_is_refused_anything,
    no_demo_is_refused_anything,
    every_use_has_a_statement_in_the_template,
    every_right_is_used_or_says_why_not,
    every_resource_of_a_right_is_used,
    only_rollbacks_of_the_alias_are_writes_of_a_hook,
    calls_are_what_awss_reference_says_they_are,
    what_has_no_resource_at_aws_is_listed,
    the_table_in_the_docs_names_every_right,
)
