#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs the Debian packages that are missing, and does nothing when none is.
# Usage: Scripts/install-system-packages.sh [build] [demo] [test] [bench] [bench-peers]
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
php_has() { [ -n "$(find /etc/php/*/apache2/conf.d -name "*-$1.ini" -print -quit 2>/dev/null)" ]; }
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
      need libp11-kit-dev installed libp11-kit-dev
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
      need faketime command -v faketime
      need softhsm2 command -v softhsm2-util
      need apache2-bin test -x /usr/sbin/apache2
      need nginx-light test -x /usr/sbin/nginx
      need libapache2-mod-shib installed libapache2-mod-shib
      need libapache2-mod-auth-mellon installed libapache2-mod-auth-mellon
      need libapache2-mod-auth-openidc installed libapache2-mod-auth-openidc
      need libapache2-mod-php installed libapache2-mod-php
      need php-mbstring php_has mbstring
      need php-sqlite3 php_has pdo_sqlite
      need php-xml php_has xmlreader
      need simplesamlphp installed simplesamlphp
      need libapache2-mod-auth-openidc installed libapache2-mod-auth-openidc
      need haproxy test -x /usr/sbin/haproxy
      need dovecot-imapd test -x /usr/lib/dovecot/imap
      need rabbitmq-server installed rabbitmq-server
      ;;
    bench)
      need wrk command -v wrk
      need nginx-light test -x /usr/sbin/nginx
      need openssl command -v openssl
      need util-linux command -v taskset
      need gcc command -v gcc
      ;;
    bench-peers)
      need apache2-bin test -x /usr/sbin/apache2
      need libapache2-mod-php installed libapache2-mod-php
      need php-mbstring php_has mbstring
      need php-xml php_has xmlreader
      need simplesamlphp installed simplesamlphp
      need softhsm2 command -v softhsm2-util
      ;;
    *)
      echo "usage: Scripts/install-system-packages.sh [build] [demo] [test] [bench] [bench-peers]" >&2
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
# A package's daemon must start neither now nor with the machine: tests and benchmarks start their own. One that was
# there before is left as it is.
services=()
for service in apache2 nginx shibd haproxy dovecot rabbitmq-server; do [ -e "/etc/init.d/$service" ] || services+=("$service"); done
policy=/usr/sbin/policy-rc.d
if [ -e "$policy" ]; then policy=; fi
clean_up() {
  rm -f "$log"
  [ -z "$policy" ] || "${as_root[@]}" rm -f "$policy"
}
trap clean_up EXIT
install() {
  if [ -n "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" && "${as_root[@]}" chmod 755 "$policy" || return
  fi
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -q -o Acquire::Retries=5 --no-install-recommends "${missing[@]}" || return
  local service
  for service in "${services[@]}"; do
    [ ! -e "/etc/init.d/$service" ] || "${as_root[@]}" update-rc.d "$service" disable
  done
}
# A mirror that is away for a moment is asked again.
for pause in 10 30 0; do
  if "${as_root[@]}" apt-get update -q -o Acquire::Retries=5 && install; then
    is_installed=yes
    break
  fi
  sleep "$pause"
done >"$log" 2>&1
if [ -z "${is_installed:-}" ]; then
  tail -n 30 "$log" >&2
  echo "apt-get failed; the packages above are needed" >&2
  exit 1
fi
printf '    done in %d s\n' "$((SECONDS - begin))"
