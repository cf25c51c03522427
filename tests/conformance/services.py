"""CodeDeploy, Step Functions, EventBridge and SNS through boto3: each operation once, with botocore's parsing."""

import datetime
import json
import time

from harness import equal

MACHINE_ROLE = "arn:aws:iam::000000000000:role/machine"
DEFINITION = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 600, "End": True}}}


def checks(client, refused, tag):
    """The checks, with names of this client's own."""
    codedeploy, states = client("codedeploy"), client("stepfunctions")
    events, sns, functions = client("events"), client("sns"), client("lambda")
    name = f"services-{tag}"
    group = {"applicationName": name, "deploymentGroupName": "live"}

    def until(holds, what):
        for _ in range(150):
            if holds():
                return
            time.sleep(0.2)
        raise AssertionError(f"waited in vain: {what}")

    def revision():
        properties = {"Name": "hello", "Alias": "live", "CurrentVersion": "7", "TargetVersion": "8"}
        content = {"version": "0.0", "Resources": [{"f": {"Type": "AWS::Lambda::Function", "Properties": properties}}]}
        return {"revisionType": "AppSpecContent", "appSpecContent": {"content": json.dumps(content)}}

    def codedeploy_applications():
        codedeploy.create_application(applicationName=name, computePlatform="Lambda")
        refused("ApplicationAlreadyExistsException", codedeploy.create_application,
                applicationName=name, computePlatform="Lambda")
        made = codedeploy.get_application(applicationName=name)["application"]
        equal((made["applicationName"], made["computePlatform"]), (name, "Lambda"))
        assert isinstance(made["createTime"], datetime.datetime), made
        assert name in codedeploy.list_applications()["applications"]
        codedeploy.create_deployment_group(
            **group, serviceRoleArn=MACHINE_ROLE, deploymentConfigName="CodeDeployDefault.LambdaAllAtOnce",
            deploymentStyle={"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"})
        codedeploy.update_deployment_group(
            applicationName=name, currentDeploymentGroupName="live",
            alarmConfiguration={"enabled": True, "alarms": [{"name": "none"}]})
        found = codedeploy.get_deployment_group(**group)["deploymentGroupInfo"]
        equal(found["alarmConfiguration"]["alarms"], [{"name": "none"}])
        equal(codedeploy.list_deployment_groups(applicationName=name)["deploymentGroups"], ["live"])
        config = codedeploy.get_deployment_config(deploymentConfigName="CodeDeployDefault.LambdaLinear10PercentEvery2Minutes")
        equal(config["deploymentConfigInfo"]["trafficRoutingConfig"]["timeBasedLinear"],
              {"linearPercentage": 10, "linearInterval": 2})
        assert "CodeDeployDefault.LambdaAllAtOnce" in codedeploy.list_deployment_configs()["deploymentConfigsList"]

    def codedeploy_deployments():
        made = codedeploy.create_deployment(**group, revision=revision())["deploymentId"]
        info = codedeploy.get_deployment(deploymentId=made)["deploymentInfo"]
        equal((info["creator"], info["computePlatform"]), ("user", "Lambda"))
        assert made in codedeploy.list_deployments(**group)["deployments"]
        equal(codedeploy.batch_get_deployments(deploymentIds=[made])["deploymentsInfo"][0]["deploymentId"], made)
        found = codedeploy.get_application_revision(applicationName=name, revision=info["revision"])
        assert "CurrentVersion" in found["revision"]["appSpecContent"]["content"], found
        # Version 7 does not exist: the deployment starts and fails.
        until(lambda: codedeploy.get_deployment(deploymentId=made)["deploymentInfo"]["status"] == "Failed", "its failure")
        error = codedeploy.get_deployment(deploymentId=made)["deploymentInfo"]["errorInformation"]
        equal(error["code"], "INVALID_LAMBDA_CONFIGURATION")
        target, = codedeploy.list_deployment_targets(deploymentId=made)["targetIds"]
        shown = codedeploy.get_deployment_target(deploymentId=made, targetId=target)["deploymentTarget"]["lambdaTarget"]
        equal([event["lifecycleEventName"] for event in shown["lifecycleEvents"]],
              ["BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic"])
        refused("DeploymentAlreadyCompletedException", codedeploy.stop_deployment, deploymentId=made)
        answer = {"deploymentId": made, "lifecycleEventHookExecutionId": "made-up", "status": "Succeeded"}
        refused("InvalidLifecycleEventHookExecutionIdException",
                lambda: codedeploy.put_lifecycle_event_hook_execution_status(**answer))
        refused("DeploymentDoesNotExistException", codedeploy.get_deployment, deploymentId="d-ABCDEFGHI")
        codedeploy.delete_deployment_group(**group)
        codedeploy.delete_application(applicationName=name)

    def step_functions():
        machine = states.create_state_machine(name=name, definition=json.dumps(DEFINITION), roleArn=MACHINE_ROLE)["stateMachineArn"]
        assert machine in [one["stateMachineArn"] for one in states.list_state_machines()["stateMachines"]]
        states.update_state_machine(stateMachineArn=machine, definition=json.dumps(DEFINITION))
        equal(json.loads(states.describe_state_machine(stateMachineArn=machine)["definition"]), DEFINITION)
        refused("InvalidDefinition", states.create_state_machine, name="x", definition="{}", roleArn=MACHINE_ROLE)
        started = states.start_execution(stateMachineArn=machine, name="one", input='{"a": 1}')
        again = states.start_execution(stateMachineArn=machine, name="one", input='{"a": 1}')
        equal(again["executionArn"], started["executionArn"])
        refused("ExecutionAlreadyExists", states.start_execution, stateMachineArn=machine, name="one", input="{}")
        execution = started["executionArn"]
        equal(states.list_executions(stateMachineArn=machine)["executions"][0]["status"], "RUNNING")
        states.stop_execution(executionArn=execution, error="Rehearsal", cause="over")
        equal(states.describe_execution(executionArn=execution)["status"], "ABORTED")
        states.redrive_execution(executionArn=execution)
        states.stop_execution(executionArn=execution)
        kinds = [event["type"] for event in states.get_execution_history(executionArn=execution)["events"]]
        equal(kinds[:2], ["ExecutionStarted", "WaitStateEntered"])
        assert "ExecutionAborted" in kinds and "ExecutionRedriven" in kinds, kinds
        states.delete_state_machine(stateMachineArn=machine)

    def eventbridge_and_sns():
        topic = sns.create_topic(Name=name)["TopicArn"]
        assert topic in [one["TopicArn"] for one in sns.list_topics()["Topics"]]
        subscription = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="a@example.com", ReturnSubscriptionArn=True)
        assert subscription["SubscriptionArn"], subscription
        assert sns.publish(TopicArn=topic, Subject="s", Message="m")["MessageId"]
        pattern = json.dumps({"source": [name]})
        events.put_rule(Name=name, EventPattern=pattern)
        equal(events.describe_rule(Name=name)["State"], "ENABLED")
        equal(events.list_rules(NamePrefix=name)["Rules"][0]["Name"], name)
        events.put_targets(Rule=name, Targets=[{"Id": "t", "Arn": topic}])
        equal(events.list_targets_by_rule(Rule=name)["Targets"][0]["Arn"], topic)
        event = {"id": "1", "source": name, "detail-type": "x", "account": "000000000000",
                 "time": "2026-01-01T00:00:00Z", "region": "us-east-1", "resources": [], "detail": {}}
        equal(events.test_event_pattern(EventPattern=pattern, Event=json.dumps(event))["Result"], True)
        sent = events.put_events(Entries=[{"Source": name, "DetailType": "x", "Detail": "{}"}])
        equal(sent["FailedEntryCount"], 0)
        refused("InvalidEventPatternException", events.put_rule, Name="x", EventPattern="{")
        events.remove_targets(Rule=name, Ids=["t"])
        events.delete_rule(Name=name)
        sns.delete_topic(TopicArn=topic)

    def event_invoke_config():
        functions.put_function_event_invoke_config(FunctionName="hello", MaximumRetryAttempts=1, MaximumEventAgeInSeconds=600)
        found = functions.get_function_event_invoke_config(FunctionName="hello")
        equal((found["MaximumRetryAttempts"], found["MaximumEventAgeInSeconds"]), (1, 600))

    return codedeploy_applications, codedeploy_deployments, step_functions, eventbridge_and_sns, event_invoke_config
