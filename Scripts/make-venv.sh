#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes .build/venv with exactly Scripts/requirements.txt, and does nothing when it is there already.
set -euo pipefail
cd "$(dirname "$0")/.."
. Scripts/stages.sh

venv=.build/venv
# A venv holds absolute paths: a moved checkout needs a new one, and so does another Python.
stamp=$(cat Scripts/requirements.txt; pwd -P; python3 -c 'import sys; print(sys.version)')
[ "$(cat "$venv/stamp" 2>/dev/null || true)" != "$stamp" ] || exit 0

make_venv() {
  rm -rf "$venv" \
    && python3 -m venv "$venv" \
    && retried "$venv/bin/pip" install --quiet --disable-pip-version-check --no-input --retries 5 --timeout 60 \
      -r Scripts/requirements.txt \
    && printf '%s\n' "$stamp" >"$venv/stamp"
}
step venv "installing the Python clients that demo and tests use into $venv" make_venv
