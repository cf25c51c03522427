"""Every answer that boto.py gets, looked at before botocore has read it.

After `boto()`, `answered` has the operations that succeeded, `found` what was wrong with any of
their answers, and `accepted` which wrong inputs were not refused, or not for being wrong: they are sent
just before the right one, when nothing else stands in its way.
"""

import collections
import pathlib
import runpy
import sys

import boto3

import botocore
import inputs
import shapes
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

answered = {}
failed = collections.defaultdict(set)
found = collections.defaultdict(set)
accepted = {}
tried = {}
_clients = {}
# What a refusal for the input itself is called.
REFUSALS = ("Invalid", "Validation", "MissingParameter", "SerializationException")


def boto(endpoint, scratch, protocol=None):
    """Runs the suite of every operation; what it finds itself is another suite's matter."""
    global _endpoint
    _endpoint = endpoint
    boto3.setup_default_session()
    events = boto3.DEFAULT_SESSION.events
    events.register_last("provide-client-params.*.*", _ask)
    events.register("before-parse.*.*", _look)
    here = pathlib.Path(__file__).resolve().parent
    sys.path.insert(0, str(here.parent))
    arguments = ["boto.py", "--endpoint", endpoint, "--client", f"shapes {protocol or 'json'}", "--results", str(scratch)]
    before, sys.argv = sys.argv, arguments + (["--protocol", protocol] if protocol else [])
    runpy.run_path(str(here.parent / "boto.py"))
    sys.argv = before


def _ask(params, model, **_):
    key = name(model)
    if key in answered or model.input_shape is None:
        return
    client = _plain(model.service_model.service_name)
    accepted[key], tried[key] = [], 0
    for at, what, wrong in inputs.wrong(model.input_shape, params):
        tried[key] += 1
        try:
            getattr(client, botocore.xform_name(model.name))(**wrong)
            outcome = "accepted"
        except ClientError as error:
            outcome = error.response["Error"]["Code"]
        except BotoCoreError:
            # It could not even be sent.
            continue
        if not outcome.startswith(REFUSALS) and not outcome.endswith("RequiredException"):
            accepted[key].append((at, what, outcome))


def _plain(service):
    """A client that sends what it is given; only its errors are watched."""
    if service not in _clients:
        config = Config(parameter_validation=False, retries={"total_max_attempts": 1})
        session = boto3.session.Session()
        session.events.register("before-parse.*.*", _look_at_errors)
        _clients[service] = session.client(service, endpoint_url=_endpoint, config=config)
    return _clients[service]


def _look_at_errors(operation_model, response_dict, **_):
    if response_dict["status_code"] >= 300:
        found[name(operation_model)].update(shapes.problems(operation_model, response_dict))


def _look(operation_model, response_dict, **_):
    key = name(operation_model)
    found[key].update(shapes.problems(operation_model, response_dict))
    if response_dict["status_code"] < 300:
        answered[key] = operation_model
    else:
        failed[key].add(shapes.error(operation_model, response_dict)[0])


def name(operation_model):
    return f"{operation_model.service_model.service_name} {operation_model.name}"
