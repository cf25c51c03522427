"""What no linter sees: circles, references to what a condition removed, order, names, rights.

    checks.py --root ROOT --client LABEL --results FILE
"""

import argparse
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from harness import NotAvailable, Suite, equal  # noqa: E402
from translated import CASES, NAMES, Stack, read  # noqa: E402

FUNCTIONS = {
    "pre_traffic": "PreTrafficFunction",
    "post_traffic": "PostTrafficFunction",
    "stepper": "StepperFunction",
    "sample": "SampleFunction",
}
LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}
HOOK = LOGS | {
    "codedeploy:GetDeployment",
    "codedeploy:PutLifecycleEventHookExecutionStatus",
    "lambda:InvokeFunction",
    "states:DescribeExecution",
    "states:StartExecution",
}
READS_OF_ALL = {
    "cloudwatch:DescribeAlarmHistory",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:GetMetricData",
}
MAY = {
    # It lets a deployment pass that is itself a rollback, and clears the alias for it.
    "PreTrafficRole": HOOK
    | {
        "codedeploy:GetApplicationRevision",
        "codedeploy:GetDeploymentTarget",
        "codedeploy:ListDeploymentTargets",
        "lambda:GetAlias",
        "lambda:UpdateAlias",
    },
    "PostTrafficRole": HOOK,
    "SampleRole": LOGS,
    "MachineRole": {"lambda:InvokeFunction"},
    "StepperRole": LOGS
    | READS_OF_ALL
    | {
        "codedeploy:GetApplicationRevision",
        "codedeploy:GetDeployment",
        "codedeploy:GetDeploymentConfig",
        "codedeploy:GetDeploymentGroup",
        "codedeploy:GetDeploymentTarget",
        "codedeploy:ListDeploymentTargets",
        "codedeploy:PutLifecycleEventHookExecutionStatus",
        "codedeploy:StopDeployment",
        "events:PutEvents",
        "lambda:GetAlias",
        "lambda:GetFunctionConfiguration",
        "lambda:InvokeFunction",
        "lambda:ListTags",
        "lambda:UpdateAlias",
        "sns:Publish",
        "ssm:GetParameter",
        "states:DescribeExecution",
        "states:ListExecutions",
        "states:StartExecution",
    },
}
# The header that makes the sample fail.
FAIL_ON_PURPOSE = "Bearer fail-on-purpose"
# Lambda's limit is the tightest: 64 for a function's name.
LIMITS = {"AWS::Lambda::Function": 64, "AWS::StepFunctions::StateMachine": 80}

parser = argparse.ArgumentParser()
for name in ("root", "client", "results"):
    parser.add_argument(f"--{name}", required=True)
options = parser.parse_args()
suite = Suite(options)
root = pathlib.Path(options.root)
template = read(root)
events = {path.stem: path for path in sorted((root / "events").iterdir())}


def stack(name="lambda-canary", **parameters):
    return Stack(template, parameters, name)


def event(name):
    return json.loads(events[name].read_text(encoding="utf-8"))


def statements(here, role):
    for policy in here.resources[role]["Properties"].get("Policies", []):
        yield from here.text(policy["PolicyDocument"]["Statement"])


def listed(value):
    return value if isinstance(value, list) else [value]


def no_circle_and_nothing_dangling():
    for case, parameters in CASES.items():
        here = Stack(template, parameters)
        equal((case, here.cycles()), (case, []))
        equal((case, list(here.dangling())), (case, []))
        equal(len(here.of_type("AWS::Lambda::Function")), 4 if parameters["WithSample"] == "true" else 3)


def nothing_stays_when_the_sample_goes():
    left = [key for key in stack(WithSample="false").resources if not key.startswith("StepperFunction")]
    equal([key for key in left if "Sample" in key or "Deploy" in key], [])


def hooks_may_be_invoked_by_codedeploy():
    here = stack()
    alias = here.resources["SampleFunctionAliaslive"]
    update = here.text(alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"])
    equal(update["BeforeAllowTrafficHook"], "CodeDeployHook_lambda-canary-pre-traffic")
    equal(update["AfterAllowTrafficHook"], "CodeDeployHook_lambda-canary-post-traffic")


def each_release_is_a_version():
    versions = {
        release: list(stack(Release=release).of_type("AWS::Lambda::Version"))
        for release in ("1", "2", "0123456789", "0123456780")
    }
    equal(len({key for keys in versions.values() for key in keys}), len(versions))
    # What SAM cuts off or cannot name must not be accepted as a release.
    pattern = template["Parameters"]["Release"]["AllowedPattern"]
    for release, good in {"0123456789": True, "01234567890": False, "v1-2": False, "": False}.items():
        equal((release, bool(re.fullmatch(pattern, release))), (release, good))


def mode_switches_configuration_and_alarm():
    for mode, configuration, watched, policy in (
        ("stepper", "CodeDeployDefault.LambdaAllAtOnce", [], ["lambda-canary-sample-errors"]),
        ("guard", "CodeDeployDefault.LambdaCanary10Percent5Minutes", ["lambda-canary-sample-errors"], []),
    ):
        here = stack(Mode=mode)
        (group,) = here.of_type("AWS::CodeDeploy::DeploymentGroup").values()
        group = here.text(group["Properties"])
        equal(group["DeploymentConfigName"], configuration)
        alarms = group.get("AlarmConfiguration", {}).get("Alarms", [])
        equal([alarm["Name"] for alarm in alarms], watched)
        written = here.text(here.resources["SamplePolicy"]["Properties"])
        equal(written["Name"], "/lambda-canary/lambda-canary-sample/live/policy")
        equal(json.loads(written["Value"]).get("alarms", []), policy)


def all_is_there_before_the_alias_moves():
    here = stack()
    needed = here.needs("SampleFunctionAliaslive")
    wanted = {"SamplePolicy", "SampleErrors", "RolloutMachine", "MachineRole", "StepperFunction", "StepperRole",
              "PreTrafficFunction", "PostTrafficFunction", "PreTrafficRole", "PostTrafficRole"}
    equal(wanted - needed, set())
    users = [key for key, body in here.resources.items() if "SampleFunctionAliaslive" in set(here.references(body))]
    equal(users, [])


def names_fit_and_two_stacks_do_not_clash():
    def names(here):
        found = {}
        for key, body in here.resources.items():
            given = [each for each in NAMES.get(body["Type"], []) if each in body.get("Properties", {})]
            found |= {here.text(body["Properties"][each]): body["Type"] for each in given}
        exports = (here.text(each["Export"]["Name"]) for each in here.outputs.values() if "Export" in each)
        return found | {each: "export" for each in exports}

    longest, other = names(stack("s" * 36)), names(stack("another"))
    assert len(longest) > 12, longest
    equal([name for name, type_ in longest.items() if len(name) > LIMITS.get(type_, 255)], [])
    equal(set(longest) & set(other), set())


def each_function_has_its_own_role_and_log_group():
    here = stack(LogRetention="7")
    roles, groups = {}, {}
    for handler, key in FUNCTIONS.items():
        function = here.resources[key]["Properties"]
        roles[handler] = here.text(function["Role"])
        logging = here.text(function["LoggingConfig"])
        equal(logging["LogFormat"], "JSON")
        groups[handler] = logging["LogGroup"]
        equal(groups[handler], f"/aws/lambda/{here.physical(key)}")
        role = next(each for each in MAY if here.arn(each) == roles[handler])
        for statement in statements(here, role):
            if set(listed(statement["Action"])) & LOGS:
                equal(listed(statement["Resource"]), [f"arn:aws:logs:us-east-1:123456789012:log-group:{groups[handler]}:*"])
    equal((len(set(roles.values())), len(set(groups.values()))), (4, 4))
    made = {here.physical(key): here.text(body["Properties"].get("RetentionInDays"))
            for key, body in here.of_type("AWS::Logs::LogGroup").items()}
    equal(made, {group: "7" for group in groups.values()})


def roles_may_what_they_need_and_no_more():
    here = stack()
    own = {key for key, role in here.of_type("AWS::IAM::Role").items() if "Policies" in role["Properties"]}
    equal(own, set(MAY))
    equal(set(here.of_type("AWS::IAM::Role")) - own, {"CodeDeployServiceRole"})
    equal([key for key in own if "ManagedPolicyArns" in here.resources[key]["Properties"]], [])
    equal(set(here.of_type("AWS::IAM::Policy")) | set(here.of_type("AWS::IAM::ManagedPolicy")), set())
    for role, may in MAY.items():
        has = set()
        for statement in statements(here, role):
            actions, resources = set(listed(statement["Action"])), listed(statement["Resource"])
            equal(statement["Effect"], "Allow")
            equal([action for action in actions if "*" in action], [])
            if "*" in resources:
                equal((role, actions - READS_OF_ALL), (role, set()))
            for resource in resources:
                whole = re.search(r":(function|deploymentgroup|application|stateMachine|execution|parameter)[:/]\*", resource)
                assert not whole, f"{role}: {resource} is everything"
            has |= actions
        equal((role, has), (role, may))


def patterns_limit_the_roles():
    def resources(here, action):
        return {r for s in statements(here, "StepperRole") if action in listed(s["Action"]) for r in listed(s["Resource"])}

    prefix = "arn:aws:{}:us-east-1:123456789012:{}"
    for given, function, application in (
        ({}, "lambda-canary-sample", "lambda-canary-ServerlessDeploymentApplication-*"),
        ({"FunctionPattern": "shop-*", "ApplicationPattern": "shop-app"}, "shop-*", "shop-app"),
    ):
        here = stack(**given)
        equal(resources(here, "lambda:UpdateAlias"), {prefix.format("lambda", f"function:{function}")})
        equal(resources(here, "lambda:InvokeFunction"), {prefix.format("lambda", f"function:{function}:*")})
        policies = {prefix.format("ssm", f"parameter/lambda-canary/{each}") for each in (f"{function}/*", "default/policy")}
        equal(resources(here, "ssm:GetParameter"), policies)
        groups = {prefix.format("codedeploy", f"deploymentgroup:{application}/*")}
        for action in ("GetDeployment", "PutLifecycleEventHookExecutionStatus", "StopDeployment"):
            equal((action, resources(here, f"codedeploy:{action}")), (action, groups))
        rule = here.text(here.resources["StepperFunctionDeploymentEnded"]["Properties"]["EventPattern"])
        equal(rule["detail"]["application"], [{"wildcard": application}])
    wide = stack(CodeDeployScope="account")
    equal(resources(wide, "codedeploy:PutLifecycleEventHookExecutionStatus"), {"*"})
    equal(resources(wide, "codedeploy:GetDeployment"), {prefix.format("codedeploy", "deploymentgroup:lambda-canary-ServerlessDeploymentApplication-*/*")})


def a_failed_hook_goes_to_the_stepper():
    here = stack()
    for handler, key in FUNCTIONS.items():
        if handler == "sample":
            continue
        (found,) = [each["Properties"] for each in here.of_type("AWS::Lambda::EventInvokeConfig").values()
                    if here.text(each["Properties"]["FunctionName"]) == here.physical(key)]
        to = here.text(found["DestinationConfig"]["OnFailure"]["Destination"])
        equal(here.text(found["MaximumRetryAttempts"]), 2)
        if handler == "stepper":
            equal(to, here.arn("Topic"))
        else:
            equal((to, found["MaximumEventAgeInSeconds"]), (here.arn("StepperFunction"), 3000))


def handlers_are_those_of_the_program_and_of_the_events():
    declared = {body["Properties"]["Handler"]: key for key, body in template["Resources"].items()
                if body["Type"] == "AWS::Serverless::Function"}
    equal(declared, FUNCTIONS)
    equal({name.split("-")[0] for name in events}, set(declared))
    program = root / "src" / "lambda" / "mod.rs"
    if program.exists():
        known = program.read_text(encoding="utf-8")
        equal([handler for handler in declared if f'"{handler}"' not in known], [])


def functions_share_one_build():
    declared = [body for body in template["Resources"].values() if body["Type"] == "AWS::Serverless::Function"]
    equal([body.get("Metadata") for body in declared], [declared[0].get("Metadata")] * 4)
    equal(declared[0]["Metadata"], {"BuildMethod": "rust-cargolambda", "BuildProperties": {"Binary": "functions"}})
    equal([key for body in declared for key in ("CodeUri", "Runtime", "Architectures") if key in body["Properties"]], [])


def matches(pattern, event):
    """EventBridge's rule for the patterns used here: exact values and wildcards."""
    for key, wanted in pattern.items():
        have = event.get(key)
        if isinstance(wanted, dict):
            if not (isinstance(have, dict) and matches(wanted, have)):
                return False
        elif not any(
            have == each if isinstance(each, str) else
            re.fullmatch(re.escape(each["wildcard"]).replace(r"\*", ".*"), str(have))
            for each in wanted
        ):
            return False
    return True


def rules_match_their_events_and_no_others():
    here = stack()
    rules = {key: here.text(rule["Properties"]["EventPattern"]) for key, rule in here.of_type("AWS::Events::Rule").items()}
    targets = {here.text(each["Arn"]) for rule in here.of_type("AWS::Events::Rule").values() for each in rule["Properties"]["Targets"]}
    equal(targets, {here.arn("StepperFunction")})

    def met(each):
        return [key for key, pattern in rules.items() if matches(pattern, each)]

    def changed(name, **detail):
        each = event(name)
        return each | {"detail": each["detail"] | detail}

    execution, deployment = ["StepperFunctionExecutionEnded"], ["StepperFunctionDeploymentEnded"]
    equal(met(event("stepper-execution-aborted")), execution)
    for status in ("TIMED_OUT", "FAILED"):
        equal(met(changed("stepper-execution-aborted", status=status)), execution)
    for status in ("RUNNING", "SUCCEEDED"):
        equal(met(changed("stepper-execution-aborted", status=status)), [])
    equal(met(changed("stepper-execution-aborted", stateMachineArn=here.arn("RolloutMachine") + "x")), [])
    equal(met(event("stepper-deployment-failed")), deployment)
    equal(met(event("stepper-deployment-stopped")), deployment)
    for state in ("START", "READY", "SUCCESS"):
        equal(met(changed("stepper-deployment-failed", state=state)), [])
    equal(met(changed("stepper-deployment-failed", application="somebody-elses")), [])


def invoked_events_have_their_shapes():
    here = stack()
    for name in ("pre_traffic", "post_traffic"):
        equal(set(event(name)), {"DeploymentId", "LifecycleEventHookExecutionId"})
    record = event("stepper-hook-failed")
    equal(record["requestContext"]["functionArn"], here.arn("PreTrafficFunction") + ":$LATEST")
    equal(record["requestPayload"], event("pre_traffic"))
    for name, authorization in (("sample", None), ("sample-fails", FAIL_ON_PURPOSE)):
        equal((event(name)["version"], event(name)["headers"].get("authorization")), ("2.0", authorization))
    program = root / "src" / "lambda" / "sample.rs"
    if program.exists():
        assert FAIL_ON_PURPOSE in program.read_text(encoding="utf-8"), "the sample has another header"


def tasks():
    """The payloads that the state machine hands to the stepper: action to keys."""
    path = root / template["Resources"]["RolloutMachine"]["Properties"]["DefinitionUri"]
    if not path.exists():
        raise NotAvailable("there is no state machine yet")
    states = json.loads(path.read_text(encoding="utf-8"))["States"].values()
    payloads = [state["Parameters"]["Payload"] for state in states if state["Type"] == "Task"]
    assert payloads, "the state machine has no task"
    return {each["action"]: {key.removesuffix(".$") for key in each} for each in payloads}


def actions_are_those_of_the_state_machine():
    sent = tasks()
    # What belongs to no other check is an action.
    others = {"stepper-execution-aborted", "stepper-deployment-failed", "stepper-deployment-stopped", "stepper-hook-failed"}
    shown = {name: event(name) for name in events if name.startswith("stepper-") and name not in others}
    equal({name.removeprefix("stepper-") for name in shown}, {each["action"] for each in shown.values()})
    equal({each["action"]: set(each) for each in shown.values()}, sent)


def substitutions_are_those_of_the_state_machine():
    tasks()
    machine = template["Resources"]["RolloutMachine"]["Properties"]
    used = set(re.findall(r"\$\{([^}]+)\}", (root / machine["DefinitionUri"]).read_text(encoding="utf-8")))
    equal(used, set(machine["DefinitionSubstitutions"]))


def another_stack_imports_the_hooks():
    other = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": {"F": {"Type": "AWS::Serverless::Function", "Properties": {
            "Handler": "f", "Runtime": "provided.al2023", "AutoPublishAlias": "live",
            "DeploymentPreference": {"Type": "AllAtOnce", "Hooks": {
                "PreTraffic": {"Fn::ImportValue": "lambda-canary-PreTrafficHook"},
                "PostTraffic": {"Fn::ImportValue": "lambda-canary-PostTrafficHook"}}}}}},
    }
    update = Stack(other, {}, "other").resources["FAliaslive"]["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
    here = stack()
    exported = {here.text(each["Export"]["Name"]): here.text(each["Value"]) for each in here.outputs.values() if "Export" in each}
    equal(exported[update["BeforeAllowTrafficHook"]["Fn::ImportValue"]], "CodeDeployHook_lambda-canary-pre-traffic")
    equal(exported[update["AfterAllowTrafficHook"]["Fn::ImportValue"]], "CodeDeployHook_lambda-canary-post-traffic")


def parameters_bound_what_they_may():
    for parameter, texts in {
        "FunctionPattern": {"": True, "shop-*": True, "a:b": False, "a b": False},
        "ApplicationPattern": {"": True, "*": True, "shop-*": True, "*-app-*x": True, "a**": False, "**": False, "a/b": False},
        "SampleErrorRate": {"0": True, "0.05": True, ".5": True, "1": True, "5": False, "0.5.": False},
    }.items():
        pattern = template["Parameters"][parameter]["AllowedPattern"]
        equal({text: bool(re.fullmatch(pattern, text)) for text in texts}, texts)
    equal("ReservedConcurrentExecutions" in stack().resources["StepperFunction"]["Properties"], False)
    reserved = stack(StepperConcurrency="5")
    equal(reserved.text(reserved.resources["StepperFunction"]["Properties"]["ReservedConcurrentExecutions"]), "5")


suite.run(
    no_circle_and_nothing_dangling,
    nothing_stays_when_the_sample_goes,
    hooks_may_be_invoked_by_codedeploy,
    each_release_is_a_version,
    mode_switches_configuration_and_alarm,
    all_is_there_before_the_alias_moves,
    names_fit_and_two_stacks_do_not_clash,
    each_function_has_its_own_role_and_log_group,
    roles_may_what_they_need_and_no_more,
    patterns_limit_the_roles,
    a_failed_hook_goes_to_the_stepper,
    handlers_are_those_of_the_program_and_of_the_events,
    functions_share_one_build,
    rules_match_their_events_and_no_others,
    invoked_events_have_their_shapes,
    actions_are_those_of_the_state_machine,
    substitutions_are_those_of_the_state_machine,
    another_stack_imports_the_hooks,
    parameters_bound_what_they_may,
)
