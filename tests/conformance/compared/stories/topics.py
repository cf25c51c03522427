"""SNS."""

from steps import Step


def sns(operation, given=None, label="", **more):
    return Step("sns", operation, given or {}, label=label, **more)


def ours(answer):
    """Without what a server begins with."""
    return {"Topics": [topic for topic in answer["Topics"] if ":compared" in topic["TopicArn"]]}


TOPICS = [
    sns("CreateTopic", {"Name": "compared"}, save={"topic": "TopicArn"}),
    sns("CreateTopic", {"Name": "compared"}, "again"),
    sns("CreateTopic", {"Name": "a b"}, "impossible name"),
    sns("CreateTopic", {"Name": "x" * 257}, "name too long"),
    sns("Subscribe", {"TopicArn": "${topic}", "Protocol": "email", "Endpoint": "a@example.com",
                      "ReturnSubscriptionArn": True}),
    sns("Subscribe", {"TopicArn": "${topic}", "Protocol": "pigeon", "Endpoint": "a"}, "no such protocol"),
    sns("Subscribe", {"TopicArn": "${topic}x", "Protocol": "email", "Endpoint": "a@example.com"}, "no such topic"),
    sns("Publish", {"TopicArn": "${topic}", "Subject": "s", "Message": "m", "MessageAttributes": {
        "a": {"DataType": "String", "StringValue": "b"}}}),
    sns("Publish", {"TargetArn": "${topic}", "Message": "m"}, "by target"),
    sns("Publish", {"TopicArn": "${topic}x", "Message": "m"}, "no such topic"),
    sns("Publish", {"TopicArn": "${topic}", "Message": ""}, "empty"),
    sns("Publish", {"TopicArn": "${topic}", "Message": "m", "Subject": "s" * 101}, "subject too long"),
    sns("Publish", {"TopicArn": "${topic}", "Message": "x" * 262_145}, "too large"),
    sns("DeleteTopic", {"TopicArn": "${topic}"}),
    sns("DeleteTopic", {"TopicArn": "${topic}"}, "again"),
    sns("CreateTopic", {"Name": "compared-too"}, "another"),
    sns("ListTopics", only=ours),
]
