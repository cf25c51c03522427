"""The written list of differences: what is not on it fails, and so does what no longer occurs."""

import fnmatch
import json
import pathlib

LIST = pathlib.Path(__file__).resolve().parent / "differences.json"


class Known:
    """The entries for one counterpart."""

    def __init__(self, counterpart):
        entries = json.loads(LIST.read_text(encoding="utf-8"))
        self.patterns = [at for entry in entries if entry["with"] == counterpart for at in entry["at"]]
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
        return [at for at in self.patterns if at not in self.used]
