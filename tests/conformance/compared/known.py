"""The written list of differences: what is not on it fails, and so does what no longer occurs."""

import fnmatch
import json
import pathlib

LIST = pathlib.Path(__file__).resolve().parent / "differences.json"


class Known:
    """The entries for one counterpart."""

    def __init__(self, counterpart):
        entries = json.loads(LIST.read_text(encoding="utf-8"))
        mine = [entry for entry in entries if entry["with"] == counterpart]
        self.always = [at for entry in mine for at in entry.get("at", [])]
        # Where it depends on the moment which of them shows, one of them must.
        self.groups = [entry["one_of"] for entry in mine if "one_of" in entry]
        self.patterns = self.always + [at for group in self.groups for at in group]
        self.used = set()

    def new(self, step, found):
        """Those of `(path, what)` that the list does not have."""
        unknown = []
        for path, what in found:
            line = f"{step}: {path}: {what}"
            matching = [at for at in self.patterns if fnmatch.fnmatchcase(line, f"{at}: *")]
            self.used.update(matching)
            if not matching:
                unknown.append(line)
        return unknown

    def gone(self):
        never = [at for at in self.always if at not in self.used]
        return never + [" or ".join(group) for group in self.groups if not self.used.intersection(group)]
