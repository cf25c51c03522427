"""docs/policy.schema.json against the policies in tests/data/policies, and those on the page.

The parser's own tests say that `good` parses, and that `bad` and `beyond-schema` do not. Here the same
files say what the schema is worth in an editor: `good` is valid, `bad` is not, and `beyond-schema` is
what a schema cannot see.
"""

import argparse
import json
import pathlib
import re

import jsonschema

from harness import Suite


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=pathlib.Path, required=True)
    for name in ("client", "results"):
        parser.add_argument(f"--{name}", required=True)
    return parser.parse_args()


class Files:
    def __init__(self, root):
        self.root = root
        self.schema = json.loads((root / "docs/policy.schema.json").read_text(encoding="utf-8"))
        self.validator = jsonschema.Draft7Validator(self.schema)

    def texts(self, folder):
        paths = sorted((self.root / "tests/data/policies" / folder).glob("*.json"))
        assert paths, f"there are no {folder} policies"
        return [(path.name, path.read_text(encoding="utf-8")) for path in paths]

    def page(self, fence):
        text = (self.root / "docs/policy.md").read_text(encoding="utf-8")
        blocks = re.findall(rf"^```{fence}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        assert blocks, f"docs/policy.md has no ```{fence}"
        return [(f"docs/policy.md: {block[:40]!r}", block) for block in blocks]

    def faults(self, policy):
        return [f"{error.json_path}: {error.message[:120]}" for error in self.validator.iter_errors(policy)]

    def refused(self, texts):
        found = [(name, self.faults(json.loads(text))) for name, text in texts]
        return [f"{name}: {faults[0]}" for name, faults in found if faults]

    def taken(self, texts):
        return [name for name, text in texts if not self.faults(json.loads(text))]


def main():
    options = arguments()
    files = Files(options.root)

    def the_schema_is_one_of_draft_7():
        assert files.schema["$schema"] == "http://json-schema.org/draft-07/schema#"
        jsonschema.Draft7Validator.check_schema(files.schema)

    def good_policies_are_valid():
        wrong = files.refused(files.texts("good"))
        assert not wrong, wrong

    def bad_policies_are_not():
        wrong = files.taken(files.texts("bad"))
        assert not wrong, wrong

    def beyond_the_schema_is_what_it_cannot_see():
        wrong = []
        for name, text in files.texts("beyond-schema"):
            try:
                wrong += files.refused([(name, text)])
            except json.JSONDecodeError:
                pass  # No schema sees what is not JSON.
        assert not wrong, wrong

    def the_page_and_the_examples_are_valid():
        examples = [(f"example {json.dumps(each)[:40]}", json.dumps(each)) for each in files.schema["examples"]]
        wrong = files.refused(files.page("json") + examples)
        assert not wrong, wrong

    def mistakes_on_the_page_are_not():
        wrong = files.taken(files.page("json mistaken"))
        assert not wrong, wrong

    Suite(options).run(
        the_schema_is_one_of_draft_7,
        good_policies_are_valid,
        bad_policies_are_not,
        beyond_the_schema_is_what_it_cannot_see,
        the_page_and_the_examples_are_valid,
        mistakes_on_the_page_are_not,
    )


main()
