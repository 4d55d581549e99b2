#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Verifications a second by RelyingParty beside the bare signature check of swift-crypto, in one run, on one core.

`Benchmarks/relying_party.py` builds the release binary of Benchmarks/RelyingPartyBench and prints a table. Both are measured in turns
on the same tokens, and the best round of each counts.
"""

import json
import subprocess
import sys

import bench


def main():
    subprocess.run(["Scripts/build.sh", "release", "relying-party-bench"], cwd=bench.ROOT, check=True, stdout=sys.stderr)
    command = bench.on_core(bench.SERVER_CORE, bench.ROOT / ".build" / "release" / "relying-party-bench")
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    print("| verifications a second on one core | RelyingParty | swift-crypto, raw | ratio |\n|---|---:|---:|---:|")
    for line in lines:
        row = json.loads(line)
        print(f"| {row['algorithm']} | {row['verify_per_second']:,} | {row['raw_per_second']:,} | {row['ratio']:.2f} |")


if __name__ == "__main__":
    main()
