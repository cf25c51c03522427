"""Inputs that AWS's model of an operation refuses: one member at a time made wrong.

`wrong(shape, input)` yields `(where, what, input)`. Only members that the input has are changed, so
that the input is right but for one thing; required members are also left out.
"""

import copy

from shapes import matches


def wrong(shape, given):
    yield from _structure(shape, given, "", lambda changed: changed)


def _structure(shape, given, at, put):
    for name in shape.required_members:
        member = shape.members[name]
        if name in given and member.serialization.get("location") != "uri":
            less = {key: value for key, value in given.items() if key != name}
            yield f"{at}/{name}", "absent", put(less)
    for name, value in given.items():
        if name in shape.members:
            changed = lambda new, name=name: put({**given, name: new})
            yield from _any(shape.members[name], value, f"{at}/{name}", changed)


def _any(shape, value, at, put):
    kind = shape.type_name
    if kind == "structure":
        yield from _structure(shape, value, at, put)
    elif kind == "list":
        yield from _list(shape, value, at, put)
    elif kind == "map":
        for key, item in value.items():
            yield from _any(shape.value, item, f"{at}{{}}", lambda new, key=key: put({**value, key: new}))
            break
    elif kind == "string":
        yield from _string(shape, value, at, put)
    elif kind in ("integer", "long", "double", "float"):
        yield from _number(shape, at, put)


def _list(shape, value, at, put):
    smallest, largest = shape.metadata.get("min", 0), shape.metadata.get("max")
    if smallest > 0:
        yield at, "too few", put(value[: smallest - 1])
    if largest and value and largest <= 10_000:
        yield at, "too many", put([copy.deepcopy(value[0]) for _ in range(largest + 1)])
    if value:
        yield from _any(shape.member, value[0], f"{at}[]", lambda new: put([new, *value[1:]]))


def _string(shape, value, at, put):
    limits, in_path = shape.metadata, shape.serialization.get("location") == "uri"
    if getattr(shape, "enum", None):
        yield at, "no value of the enumeration", put("Neither")
        return
    if limits.get("min", 0) > 0 and not in_path:
        yield at, "too short", put(value[: limits["min"] - 1])
    largest = limits.get("max")
    # What does not fit into a request cannot be refused for its model.
    if largest and largest <= 100_000:
        yield at, "too long", put(value + "x" * (largest + 1 - len(value)))
    if limits.get("pattern"):
        unlike = [text for text in (" \x7f\n!", f":{value}") if not matches(limits["pattern"], text)]
        if unlike:
            yield at, "not the pattern", put(unlike[0])


def _number(shape, at, put):
    limits = shape.metadata
    if "min" in limits:
        yield at, "too small", put(limits["min"] - 1)
    if "max" in limits:
        yield at, "too large", put(limits["max"] + 1)
