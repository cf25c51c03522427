"""What the suites share: the arguments, the record of checks, and the admin routes."""

import argparse
import json
import re
import traceback
import urllib.request

ALARM = {
    "Namespace": "AWS/Lambda",
    "MetricName": "Errors",
    "Dimensions": [
        {"Name": "FunctionName", "Value": "hello"},
        {"Name": "Resource", "Value": "hello:live"},
    ],
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 3.5,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    "TreatMissingData": "notBreaching",
}


def arguments(*more):
    parser = argparse.ArgumentParser()
    for name in ("endpoint", "client", "results", *more):
        parser.add_argument(f"--{name}", required=name in ("endpoint", "client", "results"))
    return parser.parse_args()


class Suite:
    """Runs checks one after the other and writes down what came of each."""

    def __init__(self, options):
        self.options = options
        # A client's resources must not meet another client's.
        self.tag = re.sub(r"[^a-z0-9]+", "-", options.client.lower()).strip("-")

    def run(self, *checks):
        for check in checks:
            try:
                check()
                self.record("ran", check.__name__, "")
            except NotAvailable as reason:
                self.record("not available", check.__name__, str(reason))
            except Exception:
                self.record("failed", check.__name__, traceback.format_exc(limit=-3))

    def record(self, outcome, what, detail):
        # One line of the table; the end of a traceback is what tells most.
        detail = " | ".join(detail.split("\n")).replace("\t", " ").strip(" |")[-600:]
        with open(self.options.results, "a", encoding="utf-8") as results:
            results.write(f"{outcome}\t{self.options.client}\t{what}\t{detail}\n")
        print(f"{self.options.client:20} {what:40} {outcome}", flush=True)

    def admin(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.options.endpoint + "/_local" + path, data, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)


class NotAvailable(Exception):
    """The check cannot run here; it is neither passed nor failed."""


def equal(have, want):
    assert have == want, f"{have!r} is not {want!r}"
