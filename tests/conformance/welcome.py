"""Every line that `canary local` prints as an example, run in a shell as it stands."""

import os
import pathlib
import re
import subprocess
import tempfile

from harness import NotAvailable, Suite, arguments

options = arguments("welcome", "canary")
suite = Suite(options)
text = pathlib.Path(options.welcome).read_text(encoding="utf-8")
exports = re.findall(r"^\s+(export .*)$", text, re.M)
commands = re.findall(r"^\s+((?:aws|curl|canary) .*)$", text, re.M)
# The CLI writes no history or cache into the home of whoever runs this.
bare = {"PATH": f"{pathlib.Path(options.canary).parent}:{os.environ['PATH']}", "HOME": tempfile.mkdtemp(),
        "no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"}


def run(command):
    def check():
        if command.startswith("canary ") and not has_verb(command.split()[1]):
            raise NotAvailable(f"this binary has no `{command.split()[1]}` yet")
        if command.startswith("canary "):
            start(command)
            return
        done = shell(command)
        assert done.returncode == 0, done.stderr
        assert not command.startswith("curl") or '"hint":' not in done.stdout, done.stdout

    check.__name__ = command
    return check


def start(command):
    """A rollout takes minutes: it is enough that it starts and, interrupted, ends as it should."""
    process = subprocess.Popen(["bash", "-c", script(f"exec {command}")], env=bare,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        output, _ = process.communicate(timeout=6)
    except subprocess.TimeoutExpired:
        process.terminate()
        output, _ = process.communicate(timeout=60)
    # 0 promoted, 2 rolled back, 3 aborted by the signal.
    assert process.returncode in (0, 2, 3), f"it ended with {process.returncode}: {output}"


def has_verb(verb):
    return subprocess.run([options.canary, verb, "--help"], capture_output=True, timeout=30).returncode == 0


def shell(command):
    return subprocess.run(["bash", "-c", script(command)], env=bare, capture_output=True, text=True, timeout=60)


def script(command):
    return "\n".join(["set -e", *exports, command])


def examples():
    assert len(exports) >= 3 and len(commands) >= 7, text


suite.run(examples, *map(run, commands))
