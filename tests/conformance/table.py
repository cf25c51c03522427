"""Prints the results of all suites as a table; exits 1 if anything failed.

With the variable CI set, what is not available has failed too: everything can run there.
"""

import collections
import os
import sys


def main():
    with open(sys.argv[1], encoding="utf-8") as lines:
        rows = [line.rstrip("\n").split("\t", 3) for line in lines]
    counts = collections.defaultdict(collections.Counter)
    for outcome, client, _, _ in rows:
        counts[client][outcome] += 1
    print(f"\n{'client':26} {'ran':>5} {'not available':>14} {'failed':>7}")
    for client, outcomes in counts.items():
        ran, absent, failed = (outcomes[name] for name in ("ran", "not available", "failed"))
        print(f"{client:26} {ran:5} {absent:14} {failed:7}")
    for outcome, client, what, detail in rows:
        if outcome != "ran":
            print(f"\n{outcome}: {client}: {what}\n    {detail}")
    bad = {"failed", "not available"} if os.environ.get("CI") else {"failed"}
    sys.exit(any(row[0] in bad for row in rows) or not rows)


main()
