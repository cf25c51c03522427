"""The template as CloudFormation gets it: translated by SAM, then evaluated for given parameters.

Run as a program it writes what other linters read: the policies of the roles, and the state
machine with its substitutions.

    translated.py ROOT DIRECTORY
"""

import copy
import json
import logging
import os
import pathlib
import re
import sys

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

ACCOUNT, REGION, PARTITION = "123456789012", "us-east-1", "aws"
# Every combination that decides which resources there are.
CASES = {
    f"{mode}, {'with' if sample == 'true' else 'without'} sample": {"Mode": mode, "WithSample": sample}
    for mode in ("stepper", "guard")
    for sample in ("true", "false")
}


# The translator warns of feature toggles and metrics that only AWS has.
logging.disable(logging.WARNING)


class NoValue:
    """What `AWS::NoValue` comes to: the key or item goes."""


class Ids(dict):
    """Managed policies by name: our roles use none, SAM's own are written as ARNs."""

    def load(self):
        return {}


def read(root):
    return yaml_parse((pathlib.Path(root) / "template.yaml").read_text(encoding="utf-8"))


def translate(template, parameters=None):
    """SAM's translation, with places in S3 instead of local files."""
    # The translator asks for a region and calls nothing there.
    os.environ["AWS_DEFAULT_REGION"] = REGION
    template = copy.deepcopy(template)
    template.get("Globals", {}).get("Function", {}).pop("CodeUri", None)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://bucket/functions.zip"
        if resource["Type"] == "AWS::Serverless::StateMachine":
            resource["Properties"]["DefinitionUri"] = "s3://bucket/rollout.asl.json"
    return transform(template, dict(parameters or {}), Ids())


class Stack:
    """A translated template with its conditions decided and its references followed."""

    def __init__(self, template, parameters=None, name="lambda-canary"):
        self.name = name
        self.translated = translate(template, parameters)
        self.values = {
            key: str((parameters or {}).get(key, spec.get("Default", "")))
            for key, spec in self.translated.get("Parameters", {}).items()
        }
        self.pseudo = {
            "AWS::StackName": name,
            "AWS::AccountId": ACCOUNT,
            "AWS::Region": REGION,
            "AWS::Partition": PARTITION,
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackId": f"arn:{PARTITION}:cloudformation:{REGION}:{ACCOUNT}:stack/{name}/1",
        }
        every = self.translated["Resources"]
        self.resources = {
            key: self.decide({k: v for k, v in resource.items() if k not in ("Condition", "Metadata")})
            for key, resource in every.items()
            if self.holds(resource.get("Condition"))
        }
        self.outputs = {
            key: self.decide(output)
            for key, output in self.translated.get("Outputs", {}).items()
            if self.holds(output.get("Condition"))
        }
        self.undecided = {key for key in every if key not in self.resources}

    def of_type(self, type_):
        return {key: each for key, each in self.resources.items() if each["Type"] == type_}

    # Conditions

    def holds(self, condition):
        if condition is None:
            return True
        if isinstance(condition, str):
            return self.holds(self.translated["Conditions"][condition])
        (operator, operands), = condition.items()
        if operator == "Condition":
            return self.holds(operands)
        if operator == "Fn::Equals":
            left, right = (str(self.text(each)) for each in operands)
            return left == right
        parts = [self.holds(each) for each in operands]
        return {"Fn::And": all, "Fn::Or": any, "Fn::Not": lambda each: not each[0]}[operator](parts)

    def decide(self, value):
        """The value with every `Fn::If` decided and what has no value left out."""
        if isinstance(value, list):
            items = (self.decide(item) for item in value)
            return [item for item in items if item is not NoValue]
        if not isinstance(value, dict):
            return value
        if set(value) == {"Fn::If"}:
            condition, yes, no = value["Fn::If"]
            return self.decide(yes if self.holds(condition) else no)
        if value == {"Ref": "AWS::NoValue"}:
            return NoValue
        pairs = ((key, self.decide(each)) for key, each in value.items())
        return {key: each for key, each in pairs if each is not NoValue}

    # References

    def references(self, value):
        """Every name that the value refers to, pseudo parameters and parameters included."""
        if isinstance(value, list):
            for item in value:
                yield from self.references(item)
        elif isinstance(value, dict):
            for key, each in value.items():
                if key == "Ref":
                    yield each
                elif key == "Fn::GetAtt":
                    yield (each if isinstance(each, list) else each.split("."))[0]
                elif key == "Fn::Sub":
                    text, given = (each, {}) if isinstance(each, str) else each
                    names = (found.split(".")[0] for found in re.findall(r"\$\{([^!}][^}]*)\}", text))
                    yield from (found for found in names if found not in given)
                    yield from self.references(given)
                elif key == "DependsOn":
                    yield from [each] if isinstance(each, str) else each
                else:
                    yield from self.references(each)

    def dangling(self):
        """References to what is not there under these parameters."""
        known = {*self.resources, *self.values, *self.pseudo}
        for place in (self.resources, self.outputs):
            for key, body in place.items():
                waits = body.get("DependsOn", []) if isinstance(body, dict) else []
                # CloudFormation passes over a DependsOn on what a condition removed.
                passed = {waits} if isinstance(waits, str) else set(waits)
                for name in set(self.references(body)):
                    if name not in known and not (name in passed and name in self.undecided):
                        yield f"{key} refers to {name}"

    def cycles(self):
        """Circles of resources that wait for each other."""
        waits = {key: {to for to in self.references(body) if to in self.resources}
                 for key, body in self.resources.items()}
        while True:
            free = [key for key, others in waits.items() if not others & set(waits)]
            if not free:
                return sorted(waits)
            for key in free:
                del waits[key]

    def needs(self, key):
        """Everything that is there before this resource."""
        found, left = set(), [key]
        while left:
            for to in self.references(self.resources[left.pop()]):
                if to in self.resources and to not in found:
                    found.add(to)
                    left.append(to)
        return found

    # Values

    def text(self, value):
        """The value with references put in as CloudFormation would, as far as that is known."""
        value = self.decide(value) if isinstance(value, (dict, list)) else value
        if isinstance(value, list):
            return [self.text(item) for item in value]
        if not isinstance(value, dict):
            return value
        if set(value) == {"Ref"}:
            return self.reference(value["Ref"])
        if set(value) == {"Fn::GetAtt"}:
            each = value["Fn::GetAtt"]
            target, attribute = each if isinstance(each, list) else each.split(".", 1)
            return self.attribute(target, attribute)
        if set(value) == {"Fn::Sub"}:
            each = value["Fn::Sub"]
            text, given = (each, {}) if isinstance(each, str) else each
            given = {key: self.text(inner) for key, inner in given.items()}
            return re.sub(r"\$\{([^!}][^}]*)\}", lambda found: str(self.named(found[1], given)), text)
        if set(value) == {"Fn::Join"}:
            by, items = value["Fn::Join"]
            return by.join(str(self.text(item)) for item in items)
        return {key: self.text(each) for key, each in value.items()}

    def named(self, name, given):
        if name in given:
            return given[name]
        return self.attribute(*name.split(".", 1)) if "." in name else self.reference(name)

    def reference(self, name):
        if name in self.values or name in self.pseudo:
            return self.values.get(name, self.pseudo.get(name))
        resource = self.resources[name]
        if resource["Type"] in ("AWS::StepFunctions::StateMachine", "AWS::SNS::Topic"):
            return self.arn(name)
        return self.physical(name)

    def attribute(self, name, attribute):
        return self.arn(name) if attribute == "Arn" else f"{self.physical(name)}.{attribute}"

    def physical(self, name):
        """The name that the template gives, or one as CloudFormation would make it up."""
        resource = self.resources[name]
        keys = [key for key in resource.get("Properties", {}) if key in NAMES.get(resource["Type"], ())]
        return self.text(resource["Properties"][keys[0]]) if keys else f"{self.name}-{name}-1A2B3C4D5E6F"

    def arn(self, name):
        kind, form = ARNS.get(self.resources[name]["Type"], ("unknown", "{}"))
        region = "" if kind == "iam" else REGION
        return f"arn:{PARTITION}:{kind}:{region}:{ACCOUNT}:{form.format(self.physical(name))}"


NAMES = {
    "AWS::Lambda::Function": ["FunctionName"],
    "AWS::Logs::LogGroup": ["LogGroupName"],
    "AWS::StepFunctions::StateMachine": ["StateMachineName"],
    "AWS::CloudWatch::Alarm": ["AlarmName"],
    "AWS::SSM::Parameter": ["Name"],
    "AWS::IAM::Role": ["RoleName"],
    "AWS::IAM::Policy": ["PolicyName"],
    "AWS::IAM::ManagedPolicy": ["ManagedPolicyName"],
    "AWS::SNS::Topic": ["TopicName"],
    "AWS::Events::Rule": ["Name"],
    "AWS::CodeDeploy::Application": ["ApplicationName"],
    "AWS::CodeDeploy::DeploymentGroup": ["DeploymentGroupName"],
}
ARNS = {
    "AWS::Lambda::Function": ("lambda", "function:{}"),
    "AWS::Logs::LogGroup": ("logs", "log-group:{}:*"),
    "AWS::StepFunctions::StateMachine": ("states", "stateMachine:{}"),
    "AWS::SNS::Topic": ("sns", "{}"),
    "AWS::IAM::Role": ("iam", "role/{}"),
    "AWS::Events::Rule": ("events", "rule/{}"),
    "AWS::CloudWatch::Alarm": ("cloudwatch", "alarm:{}"),
}


def main():
    root, directory = (pathlib.Path(each) for each in sys.argv[1:])
    stack = Stack(read(root))
    for key, role in stack.of_type("AWS::IAM::Role").items():
        for policy in stack.text(role["Properties"].get("Policies", [])):
            text = json.dumps(policy["PolicyDocument"], indent=2)
            (directory / f"{key}.policy.json").write_text(text, encoding="utf-8")
    (machine,) = stack.of_type("AWS::StepFunctions::StateMachine").values()
    given = stack.text(machine["Properties"].get("DefinitionSubstitutions", {}))
    source = root / read(root)["Resources"]["RolloutMachine"]["Properties"]["DefinitionUri"]
    if source.exists():
        text = source.read_text(encoding="utf-8")
        for key, value in given.items():
            text = text.replace(f"${{{key}}}", value)
        (directory / source.name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
