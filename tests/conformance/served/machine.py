"""The committed state machine in moto's interpreter, its tasks served by our real functions.

Each case asserts the whole history — the states in their order, every error by its name — and not
the end alone: a `Catch` would turn a failure of this harness into an orderly rollback.
"""

import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))

from harness import Suite, arguments, equal
from interpreter import Interpreter
from releases import Releases, until
from router import FunctionError, Refused, Router

STEPPER = "canary-stepper"
PRE_TRAFFIC = "CodeDeployHook_canary-pre-traffic"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:canary-rollout"
AT_TEN = ("1", {"2": 0.1})
BEGUN = "Start Preflight Choose Checks Choose"
TICKS = "(?: Tick Choose(?: Wait)?)"
REPORTED = " Report Reported Done"
UNTIL_REPORT = rf"{BEGUN}{TICKS}+{REPORTED}"
CAUGHT = rf"{BEGUN}{TICKS}+ Tick Rollback{REPORTED}"


class Machine:
    """The machine, the account, and what a case needs of them."""

    def __init__(self, options, suite):
        self.suite = suite
        # Each must know the other; the router is told last.
        self.router = Router(options.functions, options.endpoint)
        for name, handler in ((STEPPER, "stepper"), (PRE_TRAFFIC, "pre_traffic")):
            self.router.function(name, handler, {"STATE_MACHINE_ARN": MACHINE})
        self.interpreter = Interpreter(self.router.server.server_port, options.log)
        self.router.send_machines_to(self.interpreter.endpoint)
        source = pathlib.Path(options.machine).read_text(encoding="utf-8")
        stepper = f"arn:aws:lambda:us-east-1:123456789012:function:{STEPPER}"
        equal(self.interpreter.create("canary-rollout", source.replace("${Stepper}", stepper)), MACHINE)
        self.account = Releases(options.endpoint, suite.admin)
        self.releases = {}

    def begin(self, *cases):
        """All deployments at once: each takes seconds until its hook is open."""
        for case in cases:
            self.releases[case] = self.account.begin(case.__name__.replace("_", "-"))

    def start(self, case, meddle=None):
        self.router.calm()
        self.router.meddle = meddle or self.router.meddle
        release = self.releases[case]
        document = {"hook": "pre_traffic", "event": release.hook()}
        name = f"{release.deployment}-pre"
        return release, self.interpreter.start(MACHINE, name, document)

    def ends(self, execution, states, errors, word, answer):
        """The whole account of an execution that ended as it should."""
        described = execution.ended(60)
        entered, failed = execution.states(), execution.errors()
        assert re.fullmatch(states, entered), f"entered {entered}, not {states}; errors: {failed}"
        equal(failed, errors)
        equal((described["status"], execution.last()), ("SUCCEEDED", "ExecutionSucceeded"))
        told = json.loads(described["output"])["carry"]
        equal((told["outcome"]["word"], told["answer"]), (word, answer))
        # The router saw each attempt that the history tells of, and no other.
        name = execution.arn.rsplit(":", 1)[1]
        attempts = [outcome for of, _, outcome in self.router.seen if of == name]
        equal(len(attempts), sum(event["type"] == "TaskScheduled" for event in execution.events()))
        equal(sum(outcome != "ok" for outcome in attempts), len(errors))
        return told


def standing(release):
    version, weights, _ = release.alias()
    return version, weights


def back(release, hook="Failed", deployment="Failed", version="1"):
    """How the deployment ended, and an alias with neither weights nor a mark."""
    equal(release.ended(), (deployment, hook))
    equal(release.alias(), (version, {}, ""))


def cases(machine):
    def good_path():
        release, execution = machine.start(good_path)
        until("a tenth of the traffic", lambda: standing(release) == AT_TEN, 20)
        until("half of the traffic", lambda: standing(release) == ("1", {"2": 0.5}), 20)
        told = machine.ends(execution, UNTIL_REPORT, [], "passed", "Succeeded")
        equal(told["rollout"]["max_weight"], 0.5)
        back(release, "Succeeded", "Succeeded", "2")

    def the_hook_twice():
        """The hook itself starts it; the same event again starts nothing, then and after the end."""
        machine.router.calm()
        release = machine.releases[the_hook_twice]

        def hook(event):
            answer, failed = machine.router.invoke(PRE_TRAFFIC, event)
            assert not failed, answer
            return json.loads(answer)

        event = release.hook()
        first, second = hook(event), hook(event)
        equal((first["outcome"], second["execution"]), ("started", first["execution"]))
        execution = machine.interpreter.named(MACHINE, f"{release.deployment}-pre")
        equal(execution.arn, first["execution"])
        machine.ends(execution, UNTIL_REPORT, [], "passed", "Succeeded")
        back(release, "Succeeded", "Succeeded", "2")
        equal(hook(event)["outcome"], "ignored")
        equal(machine.interpreter.count(MACHINE, release.deployment), 1)

    def regression():
        release, execution = machine.start(regression)
        until("a tenth of the traffic", lambda: standing(release) == AT_TEN, 20)
        release.ring()
        told = machine.ends(execution, UNTIL_REPORT, [], "rolled_back", "Failed")
        assert "regression-errors" in told["outcome"]["reason"], told
        back(release)

    def an_older_shape():
        """The handler's own error, with a tenth of the traffic at the canary."""
        def older(action, event, nth):
            if action == "tick" and standing(machine.releases[an_older_shape]) == AT_TEN:
                event["document"]["carry"]["schema"] = 0
            return event

        release, execution = machine.start(an_older_shape, older)
        told = machine.ends(execution, CAUGHT, [("Tick", "UnknownState")], "rolled_back", "Failed")
        assert "put back to version 1" in told["outcome"]["reason"], told
        back(release)

    def a_panic_and_a_rollback_that_waits():
        """An error that is not retried, and a rollback that Lambda throttles at first."""
        def panic(action, event, nth):
            if action == "tick" and standing(machine.releases[case]) == AT_TEN:
                raise FunctionError("Panic")
            if action == "rollback" and nth < 2:
                raise Refused(429, "TooManyRequestsException")
            return event

        case = a_panic_and_a_rollback_that_waits
        errors = [("Tick", "Panic")] + 2 * [("Rollback", "Lambda.TooManyRequestsException")]
        release, execution = machine.start(case, panic)
        machine.ends(execution, CAUGHT, errors, "rolled_back", "Failed")
        back(release)

    def retried():
        def throttled(action, event, nth):
            if action == "tick" and nth in (1, 2):
                raise Refused(429, "TooManyRequestsException")
            return event

        release, execution = machine.start(retried, throttled)
        errors = 2 * [("Tick", "Lambda.TooManyRequestsException")]
        machine.ends(execution, UNTIL_REPORT, errors, "passed", "Succeeded")
        back(release, "Succeeded", "Succeeded", "2")

    def killed_after_its_write():
        """The weight is written, the reply is lost: the next attempt finds its own mark there."""
        release, execution = machine.start(killed_after_its_write)
        machine.router.kills = lambda method, path: method == "PUT" and path.endswith("/aliases/live")
        errors = [("Tick", "Runtime.ExitError")]
        machine.ends(execution, UNTIL_REPORT, errors, "passed", "Succeeded")
        back(release, "Succeeded", "Succeeded", "2")

    def stopped():
        release, execution = machine.start(stopped)
        until("a tenth of the traffic", lambda: standing(release) == AT_TEN, 20)
        execution.stop()
        described = execution.ended(20)
        equal((described["status"], execution.last()), ("ABORTED", "ExecutionAborted"))
        entered = execution.states()
        assert re.fullmatch(rf"{BEGUN}{TICKS}*(?: Tick)?", entered), entered
        # moto keeps neither the error nor the cause that StopExecution was given.
        equal(execution.errors(), [(entered.split()[-1], "")])
        equal(standing(release), AT_TEN)
        equal(release.status(), None)
        answer, failed = machine.router.invoke(STEPPER, aborted(described))
        equal((failed, json.loads(answer)["outcome"]), (False, "recovered"))
        back(release)

    def continued():
        """After 1,999 ticks a new execution takes over, with the rollout where it was."""
        def long(action, event, nth):
            if action == "tick" and nth == 1 and event["execution"].endswith("-pre"):
                event["document"]["carry"]["ticks"] = 1_998
            return event

        release, first = machine.start(continued, long)
        described = first.ended(30)
        assert re.fullmatch(rf"{BEGUN}{TICKS}* Tick Choose Continue Choose Done", first.states()), first.states()
        equal((described["status"], first.errors()), ("SUCCEEDED", []))
        name = json.loads(described["output"])["carry"]["continued"]
        second = machine.interpreter.named(MACHINE, name)
        machine.ends(second, rf"Start(?: Wait)?{TICKS}+{REPORTED}", [], "passed", "Succeeded")
        back(release, "Succeeded", "Succeeded", "2")

    return (
        good_path, the_hook_twice, regression, an_older_shape, a_panic_and_a_rollback_that_waits,
        retried, killed_after_its_write, stopped, continued,
    )


def aborted(described):
    """The event that EventBridge sends of a stopped execution."""
    detail = {
        "executionArn": described["executionArn"], "stateMachineArn": described["stateMachineArn"],
        "name": described["name"], "status": described["status"], "input": described["input"], "output": None,
    }
    return {
        "version": "0", "id": "00000000-0000-0000-0000-000000000000", "source": "aws.states",
        "detail-type": "Step Functions Execution Status Change", "account": "123456789012",
        "region": "us-east-1", "resources": [described["executionArn"]], "detail": detail,
    }


def main():
    options = arguments("functions", "machine", "log")
    suite = Suite(options)
    machine = Machine(options, suite)
    try:
        all_cases = cases(machine)
        machine.begin(*all_cases)
        suite.run(*all_cases)
    finally:
        machine.interpreter.stop()
        machine.router.stop()


main()
