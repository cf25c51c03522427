"""What `sam build` made: does it answer, how big is it, how fast does it start, what does it take?

Beside it runs the same hook in Python (python_hook.py), in turns, on the same machine.
"""

import io
import json
import pathlib
import statistics
import sys
import tempfile
import zipfile

HERE = pathlib.Path(__file__).parent.parent
sys.path.insert(0, str(HERE))

from empty_aws import EmptyAws
from harness import Suite, arguments, equal
from runtime_api import Process

MB, MIB = 1_000_000, 1 << 20
BINARY_AT_MOST = 9.2 * MB
ZIP_AT_MOST = 3.6 * MB
RESIDENT_AT_MOST = 12 * MIB
# The budget, and where a noisy machine is no excuse any more.
START_AIM, START_AT_MOST = 1 / 15, 1 / 8
STARTS = 20

MALFORMED = {"DeploymentId": "../etc", "LifecycleEventHookExecutionId": ["none"]}
# Handler, event, what is asked of AWS, what comes back.
ANSWERS = (
    ("sample", "sample.json", None, lambda answer: answer["statusCode"] == 200),
    ("pre_traffic", "pre_traffic.json", "GetDeployment", lambda answer: answer["outcome"] == "ignored"),
    ("post_traffic", "post_traffic.json", "GetDeployment", lambda answer: answer["outcome"] == "ignored"),
    ("stepper", "stepper-preflight.json", "GetDeployment", lambda answer: answer["next"] == "done"),
    ("stepper", "stepper-deployment-failed.json", "DescribeExecution", lambda answer: answer["outcome"] == "ignored"),
)
ERRORS = (
    ("sample", json.loads((HERE / "../../events/sample-fails.json").read_text()), "OnPurpose"),
    ("stepper", {"garbage": "in"}, "BadEvent"),
    ("pre_traffic", MALFORMED, "BadEvent"),
    ("post_traffic", MALFORMED, "BadEvent"),
)


def main():
    options = arguments("bootstrap")
    suite = Suite(options)
    with tempfile.TemporaryDirectory() as folder:
        suite.run(*checks(options, pathlib.Path(folder)))


def checks(options, folder):
    bootstrap = pathlib.Path(options.bootstrap)
    events = HERE / "../../events"
    aws = EmptyAws(folder)

    def ours(handler):
        return Process([bootstrap], {**aws.environment(), "_HANDLER": handler}, handler, timeout=20)

    def python():
        return Process([sys.executable, HERE / "python_hook.py"], aws.environment(), "python", timeout=20)

    def answers():
        for handler, name, asked, holds in ANSWERS:
            aws.asked.clear()
            process = ours(handler).ready()
            try:
                answer, failed = process.invoke_json(json.loads((events / name).read_text()))
                assert not failed and holds(answer), f"{handler}, {name}: {answer} {process.lines}"
                assert asked is None or asked in aws.asked, f"{handler}, {name}: asked {aws.asked}, not {asked}"
            finally:
                process.stop()

    def errors():
        for handler, event, kind in ERRORS:
            process = ours(handler).ready()
            try:
                answer, failed = process.invoke_json(event)
                equal((handler, failed, answer["errorType"]), (handler, True, kind))
                # The process is as good as before: the next one is answered too.
                again, _ = process.invoke_json(event)
                equal(again["errorType"], kind)
            finally:
                process.stop()

    def sizes():
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(bootstrap, "bootstrap")
        size, zipped = bootstrap.stat().st_size, packed.getbuffer().nbytes
        say("binary", f"{size / MB:.2f} MB", "", f"at most {BINARY_AT_MOST / MB:g} MB")
        say("zip", f"{zipped / MB:.2f} MB", "", f"at most {ZIP_AT_MOST / MB:g} MB")
        assert size <= BINARY_AT_MOST, f"the binary has {size:,} bytes, at most {BINARY_AT_MOST:,.0f}"
        assert zipped <= ZIP_AT_MOST, f"the zip has {zipped:,} bytes, at most {ZIP_AT_MOST:,.0f}"

    def start_and_memory():
        event = json.loads((events / "pre_traffic.json").read_text())
        mine, theirs = Figures(), Figures()
        for nth in range(STARTS + 1):
            for figures, start in ((mine, lambda: ours("pre_traffic")), (theirs, python)):
                # The first round only fills the page cache.
                figures.take(start(), event, count=nth > 0)
        say("process start to first /next", f"{mine.start * 1000:.1f} ms", f"{theirs.start * 1000:.1f} ms",
            f"1/{theirs.start / mine.start:.0f}, at most 1/15")
        say("resident at first /next", f"{mine.idle / MIB:.1f} MiB", f"{theirs.idle / MIB:.1f} MiB", "")
        say("resident after one event", f"{mine.used / MIB:.1f} MiB", f"{theirs.used / MIB:.1f} MiB", "at most 12 MiB")
        assert mine.used <= RESIDENT_AT_MOST, f"{mine.used:,.0f} bytes resident, at most {RESIDENT_AT_MOST:,}"
        ratio = mine.start / theirs.start
        if ratio > START_AIM:
            print(f"warning: the start takes 1/{1 / ratio:.1f} of Python's and should take 1/15", flush=True)
        assert ratio <= START_AT_MOST, f"the start takes 1/{1 / ratio:.1f} of Python's, at most 1/8"

    return answers, errors, sizes, start_and_memory


class Figures:
    """Medians over processes that each answered one event."""

    def __init__(self):
        self.starts, self.idles, self.useds = [], [], []

    def take(self, process, event, count):
        try:
            process.ready()
            idle = process.resident()
            answer, failed = process.invoke_json(event)
            assert not failed and answer["outcome"] == "ignored", f"{answer} {process.lines[-5:]}"
            if count:
                self.starts.append(process.started_within)
                self.idles.append(idle)
                self.useds.append(process.resident())
        finally:
            process.stop()

    start = property(lambda self: statistics.median(self.starts))
    idle = property(lambda self: statistics.median(self.idles))
    used = property(lambda self: statistics.median(self.useds))


def say(what, ours, python, budget):
    print(f"    {what:30} {ours:>10}   Python + boto3: {python or '-':>10}   {budget}", flush=True)


main()
