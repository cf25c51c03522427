"""The roles' statements as the local AWS takes them: from the translated template, with placeholders
for what a place decides.

    roles.py ROOT [--write]     compares with src/local/stack/roles.json, or writes it
"""

import json
import pathlib
import sys

from translated import ACCOUNT, REGION, Stack, read

NAME = "STACK"
# What stands in the file instead. The topic's name is CloudFormation's, so all of its ARN goes.
PLACES = {
    "FUNCTIONS": "${Functions}",
    "APPLICATIONS": "${Applications}",
    NAME: "${Stack}",
    ACCOUNT: "${Account}",
    REGION: "${Region}",
}


def roles(root):
    given = {"FunctionPattern": "FUNCTIONS", "ApplicationPattern": "APPLICATIONS"}
    here = Stack(read(root), given, NAME)
    topic, found = here.arn("Topic"), {}
    for key, role in here.of_type("AWS::IAM::Role").items():
        policies = here.text(role["Properties"].get("Policies", []))
        statements = [each for policy in policies for each in policy["PolicyDocument"]["Statement"]]
        if statements:
            found[key] = statements
    text = json.dumps(found, indent=2).replace(topic, "${Topic}")
    for was, placeholder in PLACES.items():
        text = text.replace(was, placeholder)
    return text + "\n"


def main():
    root = pathlib.Path(sys.argv[1])
    path, made = root / "src" / "local" / "stack" / "roles.json", roles(root)
    if "--write" in sys.argv:
        path.write_text(made, encoding="utf-8")
    elif not path.parent.exists():
        print("there is no local AWS here")
    elif path.read_text(encoding="utf-8") != made:
        sys.exit(f"{path} is not what template.yaml says: write it anew with make roles")
    print(f"{path.name}: {len(json.loads(made))} roles")


main()
