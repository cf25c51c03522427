"""Parameter Store."""

from steps import Step

NAME = "/compared/live/policy"


def ssm(operation, given, label=""):
    return Step("ssm", operation, given, label=label)


PARAMETERS = [
    ssm("PutParameter", {"Name": NAME, "Value": '{"plan": "10%:5m"}', "Type": "String", "Description": "d"}),
    ssm("PutParameter", {"Name": NAME, "Value": "x", "Type": "String"}, "again"),
    ssm("PutParameter", {"Name": NAME, "Value": "two", "Overwrite": True}, "overwritten"),
    ssm("GetParameter", {"Name": NAME}),
    ssm("GetParameter", {"Name": NAME + ":1"}, "the first version"),
    ssm("GetParameter", {"Name": NAME + ":9"}, "no such version"),
    ssm("GetParameter", {"Name": "arn:aws:ssm:us-east-1:000000000000:parameter" + NAME}, "by ARN"),
    ssm("PutParameter", {"Name": "flat", "Value": "a,b", "Type": "StringList"}, "a list"),
    ssm("GetParameter", {"Name": "flat"}, "a list"),
    ssm("PutParameter", {"Name": "no-type", "Value": "x"}, "no type"),
    ssm("PutParameter", {"Name": "wrong", "Value": "x", "Type": "Number"}, "no such type"),
    ssm("PutParameter", {"Name": "empty", "Value": "", "Type": "String"}, "empty"),
    ssm("PutParameter", {"Name": "/aws/x", "Value": "x", "Type": "String"}, "reserved name"),
    ssm("PutParameter", {"Name": "a b", "Value": "x", "Type": "String"}, "impossible name"),
    ssm("PutParameter", {"Name": "large", "Value": "x" * 4097, "Type": "String"}, "too large"),
    ssm("PutParameter", {"Name": "advanced", "Value": "x" * 4097, "Type": "String", "Tier": "Advanced"}, "advanced"),
    ssm("PutParameter", {"Name": "clever", "Value": "x" * 4097, "Type": "String", "Tier": "Intelligent-Tiering"},
        "intelligent"),
    ssm("DeleteParameter", {"Name": NAME}),
    ssm("GetParameter", {"Name": NAME}, "deleted"),
    ssm("DeleteParameter", {"Name": NAME}, "again"),
]
