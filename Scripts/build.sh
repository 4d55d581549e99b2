#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds the release binary, installing what it needs from Debian first.  Usage: Scripts/build.sh release
set -euo pipefail
cd "$(dirname "$0")/.."
. Scripts/stages.sh

[ "${1:-}" = release ] || { echo "usage: Scripts/build.sh release" >&2; exit 2; }
command -v swift >/dev/null || { echo "Swift 6.3 or newer is needed: https://www.swift.org/install" >&2; exit 1; }

Scripts/install-system-packages.sh build
if [ -x .build/release/exeat ]; then
  what="building the release binary"
else
  what="building the release binary (the first time takes about ten minutes on two cores)"
fi
step build-release "$what" swift build -c release --product exeat
echo "    .build/release/exeat"
