#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs the Debian packages that are missing, and does nothing when none is.
# Usage: Scripts/install-system-packages.sh [build] [demo] [test] [bench]
set -euo pipefail

missing=()
# need PACKAGE COMMAND... : PACKAGE is missing unless COMMAND succeeds
need() {
  local package=$1
  shift
  "$@" >/dev/null 2>&1 || missing+=("$package")
}
installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }
python_with_venv() { python3 -c 'import ensurepip, venv, sys; sys.exit(sys.version_info < (3, 10))'; }
ruby_signer() { ruby -e 'require "aws-sigv4"'; }

[ $# -gt 0 ] || set -- build
for purpose in "$@"; do
  case "$purpose" in
    build)
      need pkg-config command -v pkg-config
      need libsqlite3-dev installed libsqlite3-dev
      need libssl-dev pkg-config --exists libcrypto
      need nettle-dev pkg-config --exists hogweed
      need libgmp-dev installed libgmp-dev
      need zlib1g-dev pkg-config --exists zlib
      ;;
    demo)
      need python3 command -v python3
      need python3-venv python_with_venv
      need ca-certificates installed ca-certificates
      ;;
    test)
      need curl command -v curl
      need openssl command -v openssl
      need strace command -v strace
      need ruby command -v ruby
      need ruby-aws-sigv4 ruby_signer
      need xmlsec1 command -v xmlsec1
      need libxml2-utils command -v xmllint
      need opensaml-schemas installed opensaml-schemas
      need xmltooling-schemas installed xmltooling-schemas
      ;;
    bench)
      need wrk command -v wrk
      need nginx-light test -x /usr/sbin/nginx
      need openssl command -v openssl
      need util-linux command -v taskset
      need gcc command -v gcc
      ;;
    *)
      echo "usage: Scripts/install-system-packages.sh [build] [demo] [test] [bench]" >&2
      exit 2
      ;;
  esac
done
[ ${#missing[@]} -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null; then
  echo "These are needed, under their Debian names: ${missing[*]}" >&2
  exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "As root, run: apt-get install ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi

begin=$SECONDS
printf '==> installing Debian packages: %s\n' "${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
install() {
  # A package's daemon (nginx) must not start by itself: benchmarks start their own.
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
    apt-get install -y -q --no-install-recommends "${missing[@]}"
}
if ! { "${as_root[@]}" apt-get update -q && install; } >"$log" 2>&1; then
  tail -n 30 "$log" >&2
  echo "apt-get failed; the packages above are needed" >&2
  exit 1
fi
printf '    done in %d s\n' "$((SECONDS - begin))"
