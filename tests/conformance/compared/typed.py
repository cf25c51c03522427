"""The Rust SDK on our local AWS and on another server, by a program that prints what it reads.

    typed.py --program PATH --ours URL --theirs URL --with NAME --results FILE
"""

import argparse
import json
import os
import subprocess

import differ
from known import Known
from record import Record


def main():
    parser = argparse.ArgumentParser()
    for name in ("program", "ours", "theirs", "with", "results"):
        parser.add_argument(f"--{name}", required=True)
    options = parser.parse_args()
    counterpart = getattr(options, "with")
    record, known = Record(options.results, f"Rust SDK, {counterpart.split()[0]}"), Known(f"{counterpart}, by the Rust SDK")
    runs = [subprocess.Popen([options.program], stdout=subprocess.PIPE, text=True,
                             env={**os.environ, "AWS_ENDPOINT_URL": endpoint})
            for endpoint in (options.ours, options.theirs)]
    told = [[json.loads(line) for line in run.communicate(timeout=120)[0].splitlines()] for run in runs]
    record("both runs end", [f"exit status {run.returncode}" for run in runs if run.returncode])
    ours, theirs = differ.Normal(), differ.Normal()
    for left, right in zip(*told, strict=True):
        call = left.pop("call")
        right.pop("call")
        found = differ.differences(outcome(ours.value(left)), outcome(theirs.value(right)))
        record(call, known.new(call, found))
    record("the list of differences", [f"this no longer occurs: {at}" for at in known.gone()])


def outcome(line):
    """An error with its status as one."""
    return {"error": f"{line['error']} {line['status']}"} if "status" in line else line


main()
