#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What can be checked without a build: walls, Swift format, shell and Python syntax.
set -uo pipefail
cd "$(dirname "$0")/.."
. Scripts/stages.sh

scripts() {
  local status=0 file
  for file in .ci/run Scripts/*.sh Benchmarks/*.sh; do bash -n "$file" || status=1; done
  python3 - Scripts Tests/EndToEnd Benchmarks <<'PYTHON' || status=1
import ast, pathlib, sys
for folder in sys.argv[1:]:
    for path in sorted(pathlib.Path(folder).rglob("*.py")):
        ast.parse(path.read_text(encoding="utf-8"), str(path))
PYTHON
  return $status
}

status=0
step lint-walls "checking the walls between targets" Scripts/check-walls.py || status=1
step lint-format "checking the Swift format" \
  swift format lint --strict --parallel --recursive Sources Tests Package.swift || status=1
step lint-scripts "checking shell and Python syntax" scripts || status=1
exit $status
