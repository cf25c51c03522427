"""`sam build` with a stand-in for cargo: how often, and how, does it compile?

    build.py ROOT

Four functions share one program; SAM compiles once only while their Metadata is the same word for
word. The stand-in says what it was asked for and leaves a file where the program would be.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

STAND_IN = """#!/usr/bin/env bash
case "$1" in
metadata) echo '{"packages": [], "target_directory": "'"$PWD/target"'"}' ;;
lambda)
    echo "$*" >>"$CALLS"
    mkdir -p target/lambda/functions
    echo program >target/lambda/functions/bootstrap ;;
esac
"""


def build(root, work, *overrides):
    project, bin_, calls = work / "project", work / "bin", work / "calls"
    for each in (project, bin_):
        each.mkdir()
    shutil.copy(root / "template.yaml", project)
    shutil.copy(root / "samconfig.toml", project)
    machine = project / "statemachine" / "rollout.asl.json"
    machine.parent.mkdir()
    machine.write_text("{}", encoding="utf-8")
    for name in ("cargo", "cargo-lambda"):
        (bin_ / name).write_text(STAND_IN, encoding="utf-8")
        (bin_ / name).chmod(0o755)
    (project / "Cargo.toml").touch()
    sam = pathlib.Path(sys.executable).with_name("sam")
    settings = os.environ | {"PATH": f"{bin_}:{os.environ['PATH']}", "CALLS": str(calls), "HOME": str(work)}
    done = subprocess.run([sam, "build", *overrides], cwd=project, env=settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    functions = sorted(project.glob(".aws-sam/build/*/bootstrap"))
    built = (project / ".aws-sam/build/template.yaml").read_text(encoding="utf-8")
    return calls.read_text(encoding="utf-8").splitlines(), functions, built


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    for architecture, flags in (("x86_64", []), ("arm64", ["--arm64"])):
        with tempfile.TemporaryDirectory() as work:
            overrides = ["--parameter-overrides", f"Architecture={architecture}"]
            calls, functions, template = build(root, pathlib.Path(work), *overrides)
        wanted = [" ".join(["lambda build --release", *flags, "--bin functions"])]
        assert calls == wanted, f"{architecture}: cargo was called {len(calls)} times: {calls}"
        assert len(functions) == 4, f"functions with a program: {functions}"
        # CloudFormation takes no YAML aliases: SAM has to have written them out.
        assert "*hook-events" not in template and "&id0" not in template and "*id0" not in template
        print(f"{architecture}: {len(functions)} functions, one `cargo {calls[0]}`")


main()
