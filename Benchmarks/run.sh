#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Measures the release build beside the machine's own limits and beside others, all in one run; writes .build/bench/results.md
# and results.json, and the plots in docs/benchmarks/. What is measured and how: docs/benchmarks.md. Builds first if it must;
# the measuring takes less than a quarter of an hour.
set -euo pipefail
cd "$(dirname "$0")/.."

Scripts/install-system-packages.sh build demo bench
Scripts/build.sh release
Scripts/build.sh release issuers-bench
# The peers are not needed: what is missing is left out, and said.
Scripts/install-system-packages.sh bench-peers || echo "peers are missing; see the notes below the results" >&2
Scripts/make-venv.sh || echo "moto is missing; see the notes below the results" >&2
mkdir -p .build/bench
gcc -O2 -Wall -Werror -o .build/bench/raw-p384 Benchmarks/raw-p384.c -lhogweed -lnettle -lgmp
exec python3 -B Benchmarks/report.py "$@"
