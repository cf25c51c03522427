"""Every operation's answers and inputs beside the models that botocore ships.

    model.py --endpoint URL --results FILE --protocol PROTOCOL

Answers: each that boto.py and the story of deployments get, as it came over the wire. Inputs: what
AWS's model refuses must be refused for being wrong. Errors: each is one of its operation's.
"""

import argparse
import contextlib
import io
import os
import tempfile

import callers
import steps
import watched
from known import Known
from record import Record
from stories import deployments, functions

PROTOCOLS = {"json": "JSON", "smithy-rpc-v2-cbor": "CBOR", "query": "query"}


def main():
    parser = argparse.ArgumentParser()
    for name in ("endpoint", "results"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--protocol", choices=PROTOCOLS, required=True, help="of CloudWatch")
    options = parser.parse_args()
    record = Record(options.results, f"models ({PROTOCOLS[options.protocol]})")
    known = Known("botocore's models")
    with tempfile.TemporaryDirectory() as scratch, contextlib.redirect_stdout(io.StringIO()):
        watched.boto(options.endpoint, os.path.join(scratch, "results"), options.protocol)
    # The same watched session makes the clients of the story.
    for story in (functions.CREATED, functions.PUBLISHED, functions.CHANGED, deployments.DEPLOYMENTS):
        for _ in steps.run(story, callers.Boto(options.endpoint)):
            pass
    here = {f"{service} {operation}" for service, operations in callers.levers(options.endpoint, "")["operations"].items()
            for operation in operations}
    for operation in sorted(here):
        found = [] if operation in watched.answered else [("/", "no success was seen")]
        found += [("/", problem) for problem in sorted(watched.found[operation])]
        record(operation, known.new(operation, found))
        wrong = [(f"{at} {what}", outcome) for at, what, outcome in watched.accepted.get(operation, [])]
        record(f"{operation}, {watched.tried.get(operation, 0)} wrong inputs", known.new(operation, wrong))
    record("the list of differences", [f"this no longer occurs: {at}" for at in known.gone()])


main()
