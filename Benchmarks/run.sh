#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Measures the release build beside the machine's own limits, all in one run of about two minutes; writes
# .build/bench/results.md and results.json. What is measured and how: the comment in Benchmarks/bench.py.
set -euo pipefail
cd "$(dirname "$0")/.."

Scripts/install-system-packages.sh build demo bench
Scripts/build.sh release
mkdir -p .build/bench
gcc -O2 -Wall -Werror -o .build/bench/raw-p384 Benchmarks/raw-p384.c -lhogweed -lnettle -lgmp
exec python3 -B Benchmarks/bench.py
