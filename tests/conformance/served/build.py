"""`sam build` for real: it has to compile once for the four functions.

    build.py ROOT CALLS          prints the built program's path; CALLS: where to note cargo's calls
"""

import hashlib
import os
import pathlib
import platform
import shutil
import subprocess
import sys

FUNCTIONS = 4
ARCHITECTURE = {"x86_64": "x86_64", "aarch64": "arm64"}
NOTING = """#!/usr/bin/env bash
echo "$*" >>"$CALLS"
exec "$CARGO_ITSELF" "$@"
"""


def main():
    root, calls = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    tools = pathlib.Path(sys.executable).parent
    noting = calls.parent / "noting"
    noting.mkdir()
    (noting / "cargo").write_text(NOTING, encoding="utf-8")
    (noting / "cargo").chmod(0o755)
    calls.touch()
    settings = os.environ | {
        "PATH": f"{noting}:{tools}:{os.environ['PATH']}", "CALLS": str(calls), "CARGO_ITSELF": shutil.which("cargo"),
    }
    # The processor of this machine: what was built is to be run.
    wanted = f"Architecture={ARCHITECTURE[platform.machine()]}"
    subprocess.run(
        [tools / "sam", "build", "--parameter-overrides", wanted],
        cwd=root, env=settings, stdout=sys.stderr, check=True,
    )
    builds = [line for line in calls.read_text(encoding="utf-8").splitlines() if line.startswith("lambda build")]
    assert len(builds) == 1, f"cargo was to compile once, and did {len(builds)} times: {builds}"
    programs = sorted((root / ".aws-sam/build").glob("*/bootstrap"))
    assert len(programs) == FUNCTIONS, f"functions with a program: {programs}"
    kinds = {hashlib.sha256(program.read_bytes()).hexdigest() for program in programs}
    assert len(kinds) == 1, "the functions have different programs"
    print(programs[0])


main()
