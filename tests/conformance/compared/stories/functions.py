"""Lambda: functions, versions, aliases, and which calls change a RevisionId."""

from steps import Step

ROLE = "arn:aws:iam::000000000000:role/compared"
FUNCTION = {"FunctionName": "compared"}
LIVE = {**FUNCTION, "Name": "live"}


def function(operation, given=None, label="", **more):
    return Step("lambda", operation, {**FUNCTION, **(given or {})}, label=label, **more)


def zipped(text):
    import io
    import zipfile

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("handler.py"), text)
    return packed.getvalue()


UNKNOWN = "00000000-0000-4000-8000-000000000000"
CODE = "def handler(event, context):\n    return {}\n"
CREATE = {"Role": ROLE, "Runtime": "python3.12", "Handler": "handler.handler",
          "Code": {"ZipFile": zipped(CODE)}, "Timeout": 7, "MemorySize": 256, "Description": "d",
          "Environment": {"Variables": {"AB": "1"}}, "Tags": {"team": "x"}}


def settled(answer):
    configuration = answer.get("Configuration", answer)
    return configuration.get("State") != "Pending" and configuration.get("LastUpdateStatus") != "InProgress"


def revision(label):
    """Shows by its number whether the revision of $LATEST has changed."""
    return function("GetFunctionConfiguration", label=label, until=settled, patience=10)


CREATED = [
    function("CreateFunction", CREATE, save={"arn": "FunctionArn"}),
    function("CreateFunction", CREATE, "again"),
    function("CreateFunction", {"FunctionName": "other", **CREATE, "Role": "role"}, "no role"),
    function("CreateFunction", {"FunctionName": "a b", **CREATE}, "impossible name"),
    # However long that takes, the next story begins after it.
    function("GetFunctionConfiguration", label="settled", until=settled),
]
PUBLISHED = [
    revision("created"),
    function("PublishVersion", {"Description": "first"}),
    revision("published"),
    function("PublishVersion", label="nothing has changed"),
    revision("not published again"),
    function("PublishVersion", {"RevisionId": UNKNOWN}, "stale revision"),
    function("PublishVersion", {"CodeSha256": "wrong"}, "another digest"),
    function("UpdateFunctionConfiguration", {"Timeout": 8, "RevisionId": UNKNOWN}, "stale revision"),
    function("UpdateFunctionCode", {"ZipFile": zipped(CODE + "\n"), "RevisionId": UNKNOWN}, "stale revision"),
    function("GetFunctionConfiguration", {"Qualifier": "1"}, "a version"),
    function("GetFunctionConfiguration", {"Qualifier": "99"}, "no such version"),
    function("GetFunctionConfiguration", {"FunctionName": "nobody"}, "nobody"),
    function("GetFunction", label="by name", save={"arn": "Configuration.FunctionArn"}),
    Step("lambda", "ListTags", {"Resource": "${arn}"}),
    Step("lambda", "TagResource", {"Resource": "${arn}", "Tags": {"more": "y"}}),
    Step("lambda", "ListTags", {"Resource": "${arn}"}, label="more"),
    revision("tagged"),
    function("PutFunctionEventInvokeConfig", {"MaximumRetryAttempts": 1, "MaximumEventAgeInSeconds": 600}),
    function("GetFunctionEventInvokeConfig"),
    function("GetFunctionEventInvokeConfig", {"Qualifier": "1"}, "none"),
]
CHANGED = [
    function("UpdateFunctionConfiguration", {"Environment": {"Variables": {"AB": "2"}}}),
    revision("configured"),
    function("PublishVersion", label="second"),
    function("UpdateFunctionCode", {"ZipFile": zipped(CODE + "\n")}, "new code"),
    revision("new code"),
    function("PublishVersion", label="third"),
    function("ListVersionsByFunction"),
    function("ListVersionsByFunction", {"MaxItems": 1}, "one"),
]


def alias(operation, given=None, label="", **more):
    return Step("lambda", operation, {**LIVE, **(given or {})}, label=label, **more)


ALIASES = [
    alias("CreateAlias", {"FunctionVersion": "1", "Description": "d"}, save={"first": "RevisionId"}),
    alias("CreateAlias", {"FunctionVersion": "1"}, "again"),
    alias("CreateAlias", {"FunctionVersion": "99", "Name": "other"}, "no such version"),
    alias("CreateAlias", {"FunctionVersion": "1", "FunctionName": "nobody"}, "nobody"),
    alias("GetAlias"),
    alias("UpdateAlias", {"FunctionVersion": "2", "RevisionId": "${first}"}, save={"second": "RevisionId"}),
    alias("UpdateAlias", {"FunctionVersion": "1", "RevisionId": "${first}"}, "stale revision"),
    alias("GetAlias", label="after the stale one"),
    alias("UpdateAlias", {"Description": "e"}, "description only"),
    alias("UpdateAlias", label="nothing"),
    alias("UpdateAlias", {"FunctionVersion": "2"}, "the same version"),
    alias("UpdateAlias", {"Name": "nobody", "FunctionVersion": "1"}, "nobody"),
    alias("GetAlias", {"Name": "nobody"}, "nobody"),
    function("ListAliases"),
    function("ListAliases", {"FunctionVersion": "2"}, "of a version"),
    function("ListAliases", {"FunctionVersion": "1"}, "of another version"),
    function("GetFunctionConfiguration", {"Qualifier": "live"}, "by alias"),
    alias("UpdateAlias", {"FunctionVersion": "99"}, "no such version"),
    alias("DeleteAlias"),
    alias("GetAlias", label="deleted"),
    alias("DeleteAlias", label="again"),
]


def weights(*pairs):
    return {"RoutingConfig": {"AdditionalVersionWeights": dict(pairs)}}


WEIGHTS = [
    alias("CreateAlias", {"FunctionVersion": "1", **weights(("2", 0.1))}, "weighted"),
    alias("GetAlias", label="weighted"),
    alias("UpdateAlias", weights(("2", 0.25)), "another weight"),
    alias("UpdateAlias", {"Description": "w"}, "description of a weighted one"),
    function("ListAliases", {"FunctionVersion": "1"}, "weighted"),
    alias("UpdateAlias", weights(), "no weights"),
    alias("GetAlias", label="no weights"),
    alias("UpdateAlias", weights(("2", 1.5)), "too much"),
    alias("UpdateAlias", weights(("1", 0.5)), "to itself"),
    alias("UpdateAlias", weights(("2", 0.2), ("3", 0.2)), "two"),
    alias("DeleteAlias", label="weighted"),
]

INVOKED = [
    function("Invoke", {"Qualifier": "1", "Payload": b"{}"}, "a version"),
    function("Invoke", {"InvocationType": "DryRun"}, "dry run"),
    function("Invoke", {"InvocationType": "Event", "Payload": b"{}"}, "event"),
    function("Invoke", {"FunctionName": "nobody"}, "nobody"),
]
