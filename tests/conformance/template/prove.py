"""Breaks a copy of the template in one way after the other: each check has to notice.

    prove.py ROOT               with the interpreter of the translator's environment

Slow for what it says, so not part of every run: for whoever changes the template or the checks.
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
T, M = "template.yaml", "statemachine/rollout.asl.json"

# What must fail: file, text there, text instead.
CHECKS = [
    ("no_circle_and_nothing_dangling", T, "STATE_MACHINE_ARN: !Sub arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine:${AWS::StackName}-rollout", "STATE_MACHINE_ARN: !Ref RolloutMachine"),
    ("no_circle_and_nothing_dangling", T, "  SampleErrors:\n    Type: AWS::CloudWatch::Alarm\n    Condition: HasSample", "  SampleErrors:\n    Type: AWS::CloudWatch::Alarm\n    Condition: IsGuard"),
    ("no_circle_and_nothing_dangling", T, "    Value: !Sub ${AWS::StackName}-sample:live", "    Value: !Ref NobodyKnowsThis"),
    ("no_circle_and_nothing_dangling", T, "  Sample:\n    Condition: HasSample\n    Description: The alias that is released\n    Value: !Sub ${AWS::StackName}-sample:live", "  Sample:\n    Value: !Ref SampleFunction"),
    ("nothing_stays_when_the_sample_goes", T, "        PassthroughCondition: true\n", ""),
    ("nothing_stays_when_the_sample_goes", T, "  SampleLogs:\n    Type: AWS::Logs::LogGroup\n    Condition: HasSample", "  SampleLogs:\n    Type: AWS::Logs::LogGroup"),
    ("hooks_may_be_invoked_by_codedeploy", T, "FunctionName: !Sub CodeDeployHook_${AWS::StackName}-pre-traffic", "FunctionName: !Sub ${AWS::StackName}-pre-traffic"),
    ("each_release_is_a_version", T, "      AutoPublishCodeSha256: !Ref Release\n", ""),
    ("each_release_is_a_version", T, "{1,10}$", "{1,64}$"),
    ("mode_switches_configuration_and_alarm", T, "Type: !If [IsGuard, Canary10Percent5Minutes, AllAtOnce]", "Type: AllAtOnce"),
    ("mode_switches_configuration_and_alarm", T, "Alarms: !If [IsGuard, [!Ref SampleErrors], [!Ref AWS::NoValue]]", "Alarms: [!Ref SampleErrors]"),
    # A mistake that `sam validate --lint` lets through, since it translates nothing.
    ("mode_switches_configuration_and_alarm", T, "[!Ref SampleErrors], [!Ref AWS::NoValue]]", "[!Ref SampleErrors], !Ref AWS::NoValue]"),
    ("all_is_there_before_the_alias_moves", T, "    DependsOn: [SamplePolicy, RolloutMachine]\n", ""),
    ("names_fit_and_two_stacks_do_not_clash", T, "AlarmName: !Sub ${AWS::StackName}-sample-errors", "AlarmName: sample-errors"),
    ("names_fit_and_two_stacks_do_not_clash", T, "${AWS::StackName}-PostTrafficHook", "PostTrafficHook"),
    ("names_fit_and_two_stacks_do_not_clash", T, "CodeDeployHook_${AWS::StackName}-post-traffic", "CodeDeployHook_${AWS::StackName}-after-all-traffic"),
    ("each_function_has_its_own_role_and_log_group", T, "Role: !GetAtt PostTrafficRole.Arn", "Role: !GetAtt PreTrafficRole.Arn"),
    ("each_function_has_its_own_role_and_log_group", T, "LogGroup: !Ref StepperLogs", "LogGroup: !Ref SampleLogs"),
    ("each_function_has_its_own_role_and_log_group", T, "Resource: !GetAtt StepperLogs.Arn", 'Resource: !Sub "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:*"'),
    ("roles_may_what_they_need_and_no_more", T, "Action: lambda:ListTags", "Action: lambda:List*"),
    ("roles_may_what_they_need_and_no_more", T, "                  - cloudwatch:GetMetricData\n", "                  - cloudwatch:GetMetricData\n                  - cloudwatch:PutMetricAlarm\n"),
    ("roles_may_what_they_need_and_no_more", T, "Action: codedeploy:StopDeployment\n                Resource: *deployment-groups-or-all", 'Action: codedeploy:StopDeployment\n                Resource: "*"'),
    ("roles_may_what_they_need_and_no_more", T, "parameter/lambda-canary/${Function}/*", "parameter/*"),
    ("patterns_limit_the_roles", T, "parameter/lambda-canary/${Function}/*", "parameter/lambda-canary/*"),
    ("patterns_limit_the_roles", T, "                      - !Ref FunctionPattern", '                      - "*"'),
    ("patterns_limit_the_roles", T, "[IsWide, \"*\", *deployment-groups]", "[IsWide, *deployment-groups, \"*\"]"),
    ("a_failed_hook_goes_to_the_stepper", T, "MaximumEventAgeInSeconds: 3000", "MaximumEventAgeInSeconds: 21600"),
    ("handlers_are_those_of_the_program_and_of_the_events", T, "Handler: post_traffic", "Handler: posttraffic"),
    ("handlers_are_those_of_the_program_and_of_the_events", "events/sample.json", None, "events/nobody.json"),
    ("functions_share_one_build", T, "      BuildProperties: {Binary: functions}\n    Properties:\n      FunctionName: !Sub ${AWS::StackName}-sample", "      BuildProperties: {Binary: functions}\n      Note: mine\n    Properties:\n      FunctionName: !Sub ${AWS::StackName}-sample"),
    ("rules_match_their_events_and_no_others", T, "status: [ABORTED, TIMED_OUT, FAILED]", "status: [ABORTED, TIMED_OUT]"),
    ("rules_match_their_events_and_no_others", T, "                stateMachineArn: [!Ref RolloutMachine]\n", ""),
    ("rules_match_their_events_and_no_others", "events/stepper-deployment-stopped.json", '"STOP"', '"STOPPED"'),
    ("invoked_events_have_their_shapes", "events/pre_traffic.json", '"DeploymentId"', '"deploymentId"'),
    ("invoked_events_have_their_shapes", "events/sample-fails.json", '"authorization"', '"x-authorization"'),
    ("actions_are_those_of_the_state_machine", "events/stepper-tick.json", '"action": "tick"', '"action": "tock"'),
    ("actions_are_those_of_the_state_machine", "events/stepper-report.json", '"at":', '"now":'),
    ("substitutions_are_those_of_the_state_machine", M, "${Stepper}", "${Tick}"),
    ("another_stack_imports_the_hooks", T, "${AWS::StackName}-PreTrafficHook", "${AWS::StackName}-Hook"),
    ("parameters_bound_what_they_may", T, "AllowedPattern: ^[A-Za-z0-9_*?-]*$", "AllowedPattern: ^.*$"),
    ("parameters_bound_what_they_may", T, "!If [ReservesConcurrency, !Ref StepperConcurrency, !Ref AWS::NoValue]", "!Ref StepperConcurrency"),
]
# All at once, each for another tool.
TOOLS = [
    ("validate --lint", T, "MemorySize: 128", "MemorySize: 64"),
    ("template.yaml", T, "      KmsMasterKeyId: alias/aws/sns\n", "      DisplayName: plain\n"),
    ("build compiles once", T, "Handler: sample\n", "Handler: sample\n      Architectures: [arm64]\n"),
    ("policies of the roles", T, "ssm:GetParameter\n", "ssm:GetParametr\n"),
    ("state machine", M, '"StartAt": "Start"', '"StartAt": "Begin"'),
]


def copy(root, to):
    for name in (T, "samconfig.toml"):
        shutil.copy(root / name, to)
    for name in ("events", "statemachine"):
        if (root / name).exists():
            shutil.copytree(root / name, to / name)


def break_(root, file, text, instead):
    path = root / file
    if text is None:
        path.rename(root / instead)
        return
    whole = path.read_text(encoding="utf-8")
    assert text in whole, f"{file} has no {text!r} any more: say how to break it now"
    path.write_text(whole.replace(text, instead), encoding="utf-8")


def outcomes(root, results):
    command = [sys.executable, HERE / "checks.py", "--root", root, "--client", "broken", "--results", results]
    subprocess.run(command, capture_output=True, check=False)
    rows = results.read_text(encoding="utf-8").splitlines() if results.exists() else []
    return {row.split("\t")[2]: row.split("\t")[0] for row in rows}


def main():
    root, missed = pathlib.Path(sys.argv[1]).resolve(), []
    for check, file, text, instead in CHECKS:
        with tempfile.TemporaryDirectory() as work:
            work = pathlib.Path(work)
            copy(root, work)
            if not (work / file).exists():
                print(f"not available: {file}, to break {check}")
                continue
            break_(work, file, text, instead)
            came = outcomes(work, work / "results.tsv")
        noticed = came.get(check) == "failed"
        print(f"{'noticed' if noticed else 'MISSED':8} {check}: {json.dumps(text)[:60]}", flush=True)
        missed += [] if noticed else [check]
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        copy(root, work)
        for _, file, text, instead in TOOLS:
            break_(work, file, text, instead)
        done = subprocess.run([HERE.parent / "lint", work], capture_output=True, text=True, check=False)
    for tool, what in (("sam", "validate --lint"), ("cfn-lint", "template.yaml"), ("checkov", "template.yaml"),
                       ("sam", "build compiles once"), ("parliament", "policies of the roles"), ("asl-validator", "state machine")):
        noticed = any(line.startswith(tool) and what in line and line.endswith("failed") for line in done.stdout.splitlines())
        print(f"{'noticed' if noticed else 'MISSED':8} {tool}: {what}")
        missed += [] if noticed else [f"{tool}: {what}"]
    if done.returncode == 0:
        missed.append("the exit status of lint")
    print(f"missed: {missed}" if missed else "every check can fail")
    sys.exit(bool(missed))


main()
