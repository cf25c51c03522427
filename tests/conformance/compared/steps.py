"""A story: calls one after the other, which several clients can make of several servers.

A step's input may name what an earlier step answered, as `"${saved}"`, also inside longer text.
`run` gives one outcome a step: the answer, or the code of the error.
"""

import dataclasses
import datetime
import re
import time


@dataclasses.dataclass
class Step:
    service: str
    operation: str
    input: dict = dataclasses.field(default_factory=dict)
    # Names for parts of the answer: {"revision": "RevisionId", "arn": "Topics.0.TopicArn"}
    save: dict = dataclasses.field(default_factory=dict)
    # Tells apart steps of the same operation, in the list of differences.
    label: str = ""
    # Called with the answer until it is true, a quarter of a second apart.
    until: object = None
    patience: float = 20.0
    # What is compared of the answer, if not all of it.
    only: object = None

    @property
    def name(self):
        return f"{self.service} {self.operation}" + (f" ({self.label})" if self.label else "")


class Refused(Exception):
    """A typed error of the service."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


def run(story, call):
    """Yields (step, outcome). `call(service, operation, input)` answers or raises `Refused`."""
    saved = {"now": datetime.datetime.now(datetime.timezone.utc)}
    for step in story:
        yield step, outcome(step, call, saved)


def outcome(step, call, saved):
    end = time.monotonic() + step.patience
    while True:
        try:
            given = {key: filled(value, saved) for key, value in step.input.items()}
            answer = call(step.service, step.operation, given)
        except Refused as refusal:
            if step.until is None or time.monotonic() > end:
                return {"error": refusal.code}
        except KeyError as missing:
            return {"error": f"not called: nothing was saved as {missing}"}
        else:
            if step.until is None or step.until(answer) or time.monotonic() > end:
                for name, path in step.save.items():
                    part = at(answer, path)
                    if part is not None:
                        saved[name] = part
                return {"answer": step.only(answer) if step.only else answer}
        time.sleep(0.25)


def at(answer, path):
    for part in path.split("."):
        try:
            answer = answer[int(part) if part.lstrip("-").isdigit() else part]
        except (KeyError, IndexError, TypeError):
            return None
    return answer


def filled(value, saved):
    if isinstance(value, dict):
        return {key: filled(item, saved) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, saved) for item in value]
    if isinstance(value, datetime.timedelta):
        return saved["now"] + value
    if isinstance(value, str):
        return re.sub(r"\$\{(\w+)\}", lambda found: str(saved[found[1]]), value)
    return value
