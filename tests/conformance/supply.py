"""deny.toml held against `cargo metadata`, with nothing but Python: what CI can check without a network.

    supply.py --root ROOT --client LABEL --results FILE
"""

import argparse
import collections
import functools
import json
import pathlib
import re
import subprocess
import sys
import tomllib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from harness import Suite, equal  # noqa: E402

# Crates in the programs, ours not counted. One more is a decision, one less is a number to lower.
CRATES = 251

parser = argparse.ArgumentParser()
for name in ("root", "client", "results"):
    parser.add_argument(f"--{name}", required=True)
options = parser.parse_args()
suite = Suite(options)
root = pathlib.Path(options.root)
rules = tomllib.loads((root / "deny.toml").read_text(encoding="utf-8"))
manifest = tomllib.loads((root / "Cargo.toml").read_text(encoding="utf-8"))


@functools.cache
def metadata(target):
    command = ["cargo", "metadata", "--locked", "--offline", "--format-version", "1", "--filter-platform", target]
    command += ["--all-features"] if rules["graph"]["all-features"] else []
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@functools.cache
def packages():
    """Everything that is built for one of the targets, tests' and build scripts' crates included."""
    found = {}
    for target in rules["graph"]["targets"]:
        graph = metadata(target)
        built = {node["id"] for node in graph["resolve"]["nodes"]}
        found |= {each["id"]: each for each in graph["packages"] if each["id"] in built}
    assert len(found) > 100, f"only {len(found)} crates"
    return [each for each in found.values() if each["source"]]


def name_of(package):
    return f"{package['name']}@{package['version']}"


# Licences

def satisfied(expression, allowed):
    """Whether the allowed licences are enough: SPDX's OR, AND, WITH and brackets; `/` is an old OR."""
    words = re.findall(r"[()]|[^\s()]+", expression.replace("/", " OR "))

    def one():
        word = words.pop(0)
        if word == "(":
            value = either()
            assert words.pop(0) == ")", expression
            return value
        if words[:1] == ["WITH"]:
            word = f"{word} WITH {words.pop(1)}"
            words.pop(0)
        return word in allowed

    def both():
        value = one()
        while words[:1] == ["AND"]:
            words.pop(0)
            value = one() and value
        return value

    def either():
        value = both()
        while words[:1] == ["OR"]:
            words.pop(0)
            value = both() or value
        return value

    value = either()
    assert not words, f"{expression}: left over {words}"
    return value


def refused(allowed):
    return sorted(name_of(each) for each in packages() if not satisfied(each["license"] or "none", allowed))


def expressions_are_read_as_spdx_means_them():
    for expression, allowed, good in (
        ("MIT", {"MIT"}, True),
        ("MIT/Apache-2.0", {"Apache-2.0"}, True),
        ("MIT AND BSD-3-Clause", {"MIT"}, False),
        ("(MIT OR Apache-2.0) AND Unicode-3.0", {"MIT", "Unicode-3.0"}, True),
        ("(MIT OR Apache-2.0) AND Unicode-3.0", {"MIT"}, False),
        ("MIT OR Apache-2.0 AND GPL-3.0", {"Apache-2.0"}, False),
        ("Apache-2.0 WITH LLVM-exception", {"Apache-2.0"}, False),
        ("Apache-2.0 WITH LLVM-exception OR MIT", {"MIT"}, True),
        ("none", {"MIT"}, False),
    ):
        equal((expression, satisfied(expression, allowed)), (expression, good))


def every_licence_is_allowed():
    equal(refused(set(rules["licenses"]["allow"])), [])


def every_allowed_licence_is_needed():
    allowed = set(rules["licenses"]["allow"])
    equal([each for each in sorted(allowed) if not refused(allowed - {each})], [])


# Sources and versions

def everything_is_from_cratesio():
    (registry,) = rules["sources"]["allow-registry"]
    equal({each["source"] for each in packages()}, {f"registry+{registry}"})
    locked = tomllib.loads((root / "Cargo.lock").read_text(encoding="utf-8"))["package"]
    without = [each["name"] for each in locked if "source" in each and "checksum" not in each]
    equal(without, [])


def only_listed_crates_are_there_twice():
    versions = collections.defaultdict(set)
    for each in packages():
        versions[each["name"]].add(name_of(each))
    twice = {name: found for name, found in versions.items() if len(found) > 1}
    skipped = {each["crate"] for each in rules["bans"]["skip"]}
    equal([each for each in rules["bans"]["skip"] if len(each["reason"]) < 5], [])
    equal({name: found for name, found in twice.items() if len(found - skipped) > 1}, {})
    # What is listed and not there twice any more has to go from the list.
    equal(sorted(skipped - {each for found in twice.values() for each in found}), [])


def nothing_is_there_that_is_denied():
    denied = {each["crate"] for each in rules["bans"]["deny"]}
    assert denied, "nothing is denied"
    equal(sorted(denied & {each["name"] for each in packages()}), [])


def dependencies():
    for table in ("dependencies", "dev-dependencies", "build-dependencies"):
        yield from manifest.get(table, {}).items()


def no_version_is_a_wildcard():
    versions = {name: spec if isinstance(spec, str) else spec.get("version", "*") for name, spec in dependencies()}
    assert len(versions) > 20, versions
    equal({name: version for name, version in versions.items() if "*" in version}, {})


# As few as can be

def every_dependency_is_used():
    code = "\n".join(path.read_text(encoding="utf-8")
                     for folder in ("src", "tests", "benches", "examples") for path in (root / folder).rglob("*.rs"))
    unused = [name for name, _ in dependencies() if not re.search(rf"\b{name.replace('-', '_')}\b\s*(::|!|;)", code)]
    equal(unused, [])


def no_more_crates_than_there_were():
    command = ["cargo", "tree", "--locked", "--offline", "--edges", "normal", "--prefix", "none", "--no-dedupe",
               "--target", rules["graph"]["targets"][0], "--format", "{p}"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    crates = {" ".join(line.split()[:2]) for line in done.stdout.splitlines() if line}
    equal(len(crates) - 1, CRATES)


suite.run(
    expressions_are_read_as_spdx_means_them,
    every_licence_is_allowed,
    every_allowed_licence_is_needed,
    everything_is_from_cratesio,
    only_listed_crates_are_there_twice,
    nothing_is_there_that_is_denied,
    no_version_is_a_wildcard,
    every_dependency_is_used,
    no_more_crates_than_there_were,
)
