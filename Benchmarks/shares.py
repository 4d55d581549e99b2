#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What share of the server's CPU time a part has in a run of ES384 tokens: `perf record` over the server, samples counted
by the functions in their stacks.

Usage: Benchmarks/shares.py      (the release build; needs perf and wrk, and root or a low perf_event_paranoid)

A sample counts for a part when any frame of its stack belongs to it: the audit log's rows and their flush (SQLite and the
kernel below it included), what follows the log (tree, checkpoints, event history), and policy with its condition keys.
"""

import collections
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import bench  # noqa: E402

PARTS = {
    "policy": re.compile(r"10AuthorizerO|12PolicyEngine"),
    "audit: rows, and their way to disk": re.compile(r"11BatchWriter|12PendingWrite|11AuditRecord|11CommitQueue"),
    "audit: tree and checkpoints": re.compile(r"15TransparencyLog|growLogTree|13LogTreeGrowth|9TreeState|10MerkleHash"),
    "audit: event history": re.compile(r"10EventIndex|12EventSummary|keepEventHistory|advanceEventHistory"),
    "signature (nettle)": re.compile(r"nettle|hogweed|mpn_|gmp"),
}


def stacks(data):
    script = subprocess.run(["perf", "script", "-i", data, "-F", "ip,sym"], capture_output=True, text=True, check=True)
    for block in script.stdout.split("\n\n"):
        if block.strip():
            yield block


def main():
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        keys, _ = bench.set_up(work)
        data = work / "perf.data"
        with bench.Server(work, "off") as server:
            perf = subprocess.Popen(["perf", "record", "-q", "-F", "499", "--call-graph", "fp", "-p",
                                     str(server.process.pid), "-o", data], stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL)
            result = bench.tokens(server, "http", keys, "ES384")
            perf.terminate()
            perf.wait()
        counts, total = collections.Counter(), 0
        for stack in stacks(data):
            total += 1
            for name, pattern in PARTS.items():
                counts[name] += bool(pattern.search(stack))
    print(f"{result['per_second']:,.0f} tokens/s, {total:,} samples\n\n| part | share |\n|---|---:|")
    for name in PARTS:
        print(f"| {name} | {counts[name] / total:.1%} |")


if __name__ == "__main__":
    main()
