"""An answer as it came over the wire, held against the shape that AWS publishes for it.

botocore drops members that its model does not have and forgives types; this does not. Nothing here
knows any one operation.
"""

import base64
import binascii
import datetime
import io
import json
import re
import xml.etree.ElementTree as xml

from botocore.parsers import RpcV2CBORParser

# Refusals that every operation may answer with: AWS lists them apart from the models.
COMMON = {
    "AccessDeniedException", "ThrottlingException", "ValidationException", "UnknownOperationException",
    "SerializationException", "MissingAuthenticationTokenException", "InternalFailure",
    # The same in the query protocol.
    "AccessDenied", "Throttling", "ValidationError", "InvalidAction", "MissingAuthenticationToken",
    "MissingParameter", "MissingRequiredParameterException", "InvalidParameterValue", "InvalidParameterCombination",
}


def problems(operation, response):
    """What is wrong with the answer, a line each."""
    if response["status_code"] >= 300:
        return error_problems(operation, response)
    shape = operation.output_shape
    if shape is None:
        return []
    if operation.has_streaming_output:
        # The body is the payload itself; what is left is in headers, which botocore reads strictly.
        return []
    protocol = operation.service_model.resolved_protocol
    found = []
    value = decoded(protocol, operation, response["body"])
    if protocol == "query":
        walk_xml(shape, value, "", found)
        return found
    elsewhere = {
        name for name, member in shape.members.items()
        if member.serialization.get("location") in ("header", "headers", "statusCode")
    }
    walk(shape, value, "", found, protocol, elsewhere)
    return found


def error_problems(operation, response):
    code, members = error(operation, response)
    modelled = {}
    for shape in operation.error_shapes:
        modelled[shape.name] = shape
        modelled[shape.metadata.get("error", {}).get("code", shape.name)] = shape
    shape = modelled.get(code)
    if shape is None:
        return [] if code in COMMON else [f"{code} is no error of it"]
    found = []
    status = shape.metadata.get("error", {}).get("httpStatusCode")
    if status and status != response["status_code"]:
        found.append(f"{code} has the status {response['status_code']}, not {status}")
    known = {name.lower() for name in shape.members} | {"message", "__type", "code"}
    found += [f"{code} has no member {name}" for name in members if name.lower() not in known]
    return found


def error(operation, response):
    """The code and the members of an error."""
    protocol = operation.service_model.resolved_protocol
    if protocol == "query":
        node = strip(xml.fromstring(response["body"])).find("Error")
        return node.findtext("Code"), [child.tag for child in node if child.tag not in ("Type", "Code", "Message")]
    body = decoded(protocol, operation, response["body"])
    code = body.get("__type") or response["headers"].get("x-amzn-errortype", "")
    return code.split(":")[0].rsplit("#", 1)[-1], list(body)


def decoded(protocol, operation, body):
    if protocol == "query":
        root = strip(xml.fromstring(body))
        return root.find(f"{operation.name}Result")
    if protocol == "smithy-rpc-v2-cbor":
        return RpcV2CBORParser().parse_data_item(io.BufferedReader(io.BytesIO(body))) if body else {}
    return json.loads(body) if body else {}


def strip(root):
    """Without the namespace."""
    for node in root.iter():
        node.tag = node.tag.rsplit("}", 1)[-1]
    return root


def walk(shape, value, at, found, protocol, elsewhere=frozenset()):
    kind = shape.type_name
    if value is None:
        found.append(f"{at or '/'} is null")
    elif kind == "structure":
        if not isinstance(value, dict):
            found.append(f"{at or '/'} is no structure")
            return
        names = {member.serialization.get("name", name): name for name, member in shape.members.items()}
        for name, member in value.items():
            if name in names:
                walk(shape.members[names[name]], member, f"{at}/{name}", found, protocol)
            else:
                found.append(f"{at}/{name} is in no model")
        wanted = set(shape.required_members) - elsewhere
        found += [f"{at}/{name} is required" for name in wanted - {names.get(name) for name in value}]
    elif kind == "list":
        if not isinstance(value, list):
            found.append(f"{at} is no list")
            return
        for item in value:
            walk(shape.member, item, f"{at}[]", found, protocol)
    elif kind == "map":
        for key, item in value.items():
            scalar(shape.key, key, f"{at}(key)", found)
            walk(shape.value, item, f"{at}{{}}", found, protocol)
    else:
        typed(shape, value, at, found, protocol)


def typed(shape, value, at, found, protocol):
    kind = shape.type_name
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind == "timestamp":
        if protocol == "smithy-rpc-v2-cbor":
            right = isinstance(value, datetime.datetime)
        elif shape.serialization.get("timestampFormat") == "iso8601":
            right = isinstance(value, str)
        else:
            right = number
    elif kind in ("integer", "long"):
        right = isinstance(value, int) and number
    elif kind in ("float", "double"):
        right = number
    elif kind == "boolean":
        right = isinstance(value, bool)
    elif kind == "blob":
        right = isinstance(value, bytes) or is_base64(value)
    else:
        right = isinstance(value, str)
    if right:
        scalar(shape, value, at, found)
    else:
        found.append(f"{at} is {value!r}, no {kind}")


def is_base64(value):
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, TypeError, ValueError):
        return False
    return True


def scalar(shape, value, at, found):
    """Enumerations, patterns and limits; the shape's type is known to be right."""
    limits = shape.metadata
    if not isinstance(value, str):
        size = value if isinstance(value, (int, float)) else None
    else:
        size = len(value)
        if getattr(shape, "enum", None) and value not in shape.enum:
            found.append(f"{at} is {value!r}, none of {len(shape.enum)} values")
        pattern = limits.get("pattern")
        if pattern and not matches(pattern, value):
            found.append(f"{at} is {value!r}, which is not {pattern}")
    if size is not None and not limits.get("min", size) <= size <= limits.get("max", size):
        found.append(f"{at} is {value!r}, which is out of range")


def matches(pattern, value):
    # Java's classes that Python does not have.
    pattern = pattern.replace("\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}", "\\S").replace("\\p{Alpha}", "a-zA-Z")
    try:
        return re.fullmatch(pattern, value, re.DOTALL) is not None
    except re.error:
        return True


def walk_xml(shape, node, at, found):
    kind = shape.type_name
    if node is None:
        # A result without members may be left out altogether.
        found += [f"{at}/{name} is required" for name in shape.required_members]
    elif kind == "structure":
        names = {member.serialization.get("name", name): name for name, member in shape.members.items()}
        for child in node:
            if child.tag in names:
                walk_xml(shape.members[names[child.tag]], child, f"{at}/{child.tag}", found)
            else:
                found.append(f"{at}/{child.tag} is in no model")
        there = {names.get(child.tag) for child in node}
        found += [f"{at}/{name} is required" for name in set(shape.required_members) - there]
    elif kind == "list":
        for child in node:
            if child.tag == shape.member.serialization.get("name", "member"):
                walk_xml(shape.member, child, f"{at}[]", found)
            else:
                found.append(f"{at}/{child.tag} is no item")
    elif kind == "map":
        for entry in node:
            if entry.tag != "entry" or [child.tag for child in entry] != ["key", "value"]:
                found.append(f"{at} has an entry that is none")
                continue
            walk_xml(shape.value, entry[1], f"{at}{{}}", found)
    else:
        value = from_text(kind, node.text or "")
        if value is None:
            found.append(f"{at} is {node.text!r}, no {kind}")
        else:
            scalar(shape, value, at, found)


def from_text(kind, text):
    """The value, or nothing where the text is none of its kind."""
    try:
        if kind in ("integer", "long"):
            return int(text)
        if kind in ("float", "double"):
            return float(text)
        if kind == "boolean":
            return {"true": True, "false": False}.get(text)
        if kind == "timestamp":
            return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return text
