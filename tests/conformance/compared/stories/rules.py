"""EventBridge: rules, targets, patterns."""

import json

from steps import Step

PATTERN = json.dumps({"source": ["compared"], "detail": {"state": [{"prefix": "AL"}], "n": [{"numeric": [">", 3]}]}})
TOPIC = "arn:aws:sns:us-east-1:000000000000:compared"


def events(operation, given=None, label="", **more):
    return Step("events", operation, given or {}, label=label, **more)


def matched(label, **changes):
    event = {"id": "1", "source": "compared", "detail-type": "x", "account": "000000000000",
             "time": "2026-01-01T00:00:00Z", "region": "us-east-1", "resources": [],
             "detail": {"state": "ALARM", "n": 4}, **changes}
    return events("TestEventPattern", {"EventPattern": PATTERN, "Event": json.dumps(event)}, label)


RULES = [
    events("PutRule", {"Name": "compared", "EventPattern": PATTERN, "Description": "d"}),
    events("PutRule", {"Name": "bad", "EventPattern": "{"}, "no pattern"),
    events("PutRule", {"Name": "bad"}, "neither pattern nor schedule"),
    events("DescribeRule", {"Name": "compared"}),
    events("DescribeRule", {"Name": "nobody"}, "nobody"),
    events("PutRule", {"Name": "compared", "EventPattern": PATTERN, "State": "DISABLED"}, "disabled"),
    events("DescribeRule", {"Name": "compared"}, "disabled"),
    events("ListRules", {"NamePrefix": "comp"}),
    events("ListRules", {"NamePrefix": "other"}, "of another name"),
    events("PutTargets", {"Rule": "compared", "Targets": [{"Id": "t", "Arn": TOPIC}]}),
    events("PutTargets", {"Rule": "nobody", "Targets": [{"Id": "t", "Arn": TOPIC}]}, "nobody"),
    events("ListTargetsByRule", {"Rule": "compared"}),
    events("DeleteRule", {"Name": "compared"}, "with targets"),
    matched("matches"),
    matched("another source", source="other"),
    matched("another detail", detail={"state": "OK", "n": 4}),
    matched("a smaller number", detail={"state": "ALARM", "n": 3}),
    events("TestEventPattern", {"EventPattern": "{", "Event": "{}"}, "no pattern"),
    events("PutEvents", {"Entries": [{"Source": "compared", "DetailType": "x", "Detail": '{"a": 1}'}]}),
    events("PutEvents", {"Entries": [{"Source": "compared", "DetailType": "x", "Detail": "no JSON"},
                                     {"Source": "compared", "DetailType": "x", "Detail": "{}"}]}, "one of two"),
    events("PutEvents", {"Entries": [{"DetailType": "x", "Detail": "{}"}]}, "no source"),
    events("RemoveTargets", {"Rule": "compared", "Ids": ["t", "none"]}),
    events("ListTargetsByRule", {"Rule": "compared"}, "none left"),
    events("DeleteRule", {"Name": "compared"}),
    events("DeleteRule", {"Name": "compared"}, "again"),
    events("ListRules", {"NamePrefix": "comp"}, "none left"),
]
