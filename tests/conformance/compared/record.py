"""The record of results that the table is made of."""

import sys


class Record:
    def __init__(self, path, client):
        self.path, self.client, self.failed = path, client, 0

    def __call__(self, what, problems):
        """A check with what was wrong, if anything."""
        detail = " | ".join(problems).replace("\t", " ").replace("\n", " ")
        with open(self.path, "a", encoding="utf-8") as results:
            results.write(f"{'failed' if problems else 'ran'}\t{self.client}\t{what}\t{detail[:2000]}\n")
        for problem in problems:
            print(f"{self.client}: {problem}", file=sys.stderr)
        self.failed += bool(problems)
