#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Signed assertions a second beside the machine's own RSA-2048 and P-384 signing limits, in one run, on one core.

`Benchmarks/saml.py [SECONDS]` builds the release binary of Benchmarks/SAMLBench and prints a table. The raw rates are taken
before and after, and the better one counts.
"""

import subprocess
import sys

import bench

SECONDS = sys.argv[1] if len(sys.argv) > 1 else "3"
LIMIT = {"RSA-SHA256": "RS256", "RSA-SHA384": "RS256", "ECDSA-SHA384": "ES384"}
NAME = {"RS256": "OpenSSL RSA-2048", "ES384": "nettle P-384"}


def main():
    subprocess.run(["Scripts/build.sh", "release", "saml-bench"], cwd=bench.ROOT, check=True, stdout=sys.stderr)
    bench.OUT.mkdir(parents=True, exist_ok=True)
    subprocess.run(["gcc", "-O2", "-Wall", "-Werror", "-o", bench.OUT / "raw-p384", bench.ROOT / "Benchmarks" / "raw-p384.c",
                    "-lhogweed", "-lnettle", "-lgmp"], check=True)
    before = bench.raw_rates()
    command = bench.on_core(bench.SERVER_CORE, bench.ROOT / ".build" / "release" / "saml-bench", SECONDS)
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    after = bench.raw_rates()
    print("| responses a second on one core | value | beside | ratio |\n|---|---:|---|---:|")
    for line in lines:
        name, rate = line.split("\t")
        limit = LIMIT[name.split()[0]]
        raw = max(before[limit], after[limit])
        print(f"| {name} | {int(rate):,} | {NAME[limit]}, raw: {raw:,.0f}/s | {int(rate) / raw:.2f} |")


if __name__ == "__main__":
    main()
