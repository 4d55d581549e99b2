#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds the release binary, or another product as it is built, installing what it needs from Debian first.
# Usage: Scripts/build.sh release [PRODUCT]
#
# The Swift runtime is linked into the binary: calls into it need no indirection, and the binary runs where no Swift is
# installed. No symbol is exported, which Swift would do for a static runtime: the linker keeps what is exported, and the loader
# reads it. Every release build goes through here: other flags would have everything compiled again.
set -euo pipefail
cd "$(dirname "$0")/.."
. Scripts/stages.sh

[ "${1:-}" = release ] && [ $# -le 2 ] || { echo "usage: Scripts/build.sh release [PRODUCT]" >&2; exit 2; }
product=${2:-exeat}
command -v swift >/dev/null || { echo "Swift 6.3 or newer is needed: https://www.swift.org/install" >&2; exit 1; }

Scripts/install-system-packages.sh build
if [ -x .build/release/exeat ]; then
  what="building $product for release"
else
  what="building $product for release (the first time takes about ten minutes on two cores)"
fi
step "build-release" "$what" swift build -c release --static-swift-stdlib \
  -Xlinker --no-export-dynamic --product "$product"
echo "    .build/release/$product"
