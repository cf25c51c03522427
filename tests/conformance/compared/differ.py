"""Two servers' outcomes of one step, made comparable, and where they differ.

Times, ids and digests are numbered by their first appearance in a story, a series for each member's
name, so that what stays the same and what changes is compared and the values are not.
"""

import datetime
import json
import re

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# A date and time, also as texts word it.
WHEN = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z|[+-]\d\d:?\d\d)?|\d\d/\d\d/\d\d \d\d:\d\d:\d\d"
    r"|\w+day \d\d \w+, \d{4} \d\d:\d\d:\d\d UTC")
# Whatever the value: only that there is one, and whether it is the one from before.
OPAQUE = {"MessageId", "EventId", "SubscriptionArn", "RequestId"}

UNORDERED = {"Metrics", "Topics", "stateMachines", "Dimensions"}


def filled(item):
    """What an item is sorted by: an empty member counts as none."""
    return json.dumps({key: value for key, value in item.items() if value})


class Normal:
    """One server's side of a story."""

    def __init__(self):
        self.seen = {}

    def value(self, value, name=""):
        if isinstance(value, dict):
            return {key: self.value(item, key) for key, item in sorted(value.items())}
        if isinstance(value, (list, tuple)):
            items = [self.value(item, name) for item in value]
            # Lists without an order of their own.
            return sorted(items, key=filled) if name in UNORDERED else items
        if isinstance(value, datetime.datetime):
            return "<time>"
        if isinstance(value, bytes):
            return self.value(value.decode("utf-8", "replace"), name)
        if isinstance(value, str):
            return self.text(value, name)
        if isinstance(value, bool):
            return value
        return float(value) if isinstance(value, (int, float)) else value

    def text(self, value, name):
        if name in OPAQUE:
            return self.numbered(name, value)
        if value[:1] in "{[" and value[-1:] in "}]":
            try:
                return {"<json>": self.value(json.loads(value), name)}
            except ValueError:
                pass
        value = UUID.sub(lambda found: self.numbered(name, found[0]), value)
        value = re.sub(r"(?<=:)\d{12}(?=:)", "<account>", value)
        return WHEN.sub("<time>", value)

    def numbered(self, name, value):
        values = self.seen.setdefault(name, [])
        if value not in values:
            values.append(value)
        return f"<{name} {values.index(value) + 1}>"


def differences(ours, theirs):
    """Yields (path, what) for two outcomes of a step."""
    if ours.keys() == theirs.keys():
        (kind, one), (other,) = *ours.items(), theirs.values()
        yield from parts(one, other, "" if kind == "answer" else "/error")
    else:
        yield "/outcome", f"ours {said(ours)}, theirs {said(theirs)}"


def said(outcome):
    return outcome.get("error", "answers")


def parts(ours, theirs, at):
    """Yields (path, what): `ours only`, `theirs only`, or both values. An item of a list is `#`."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(ours.keys() | theirs.keys()):
            path = f"{at}/{key}"
            if key not in theirs:
                yield path, "ours only"
            elif key not in ours:
                yield path, "theirs only"
            else:
                yield from parts(ours[key], theirs[key], path)
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for one, other in zip(ours, theirs):
            yield from parts(one, other, f"{at}/#")
    elif ours != theirs:
        yield at, f"ours {short(ours)}, theirs {short(theirs)}"


def short(value):
    text = json.dumps(value, default=str)
    return text if len(text) < 160 else f"{text[:157]}…"
