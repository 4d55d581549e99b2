#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# From nothing to a verified token: builds Exeat, starts `exeat dev`, asks for a token with the stock AWS CLI and has
# PyJWT verify it through the issuer's discovery document and JWK set, over TLS. Fails if any of it fails.
set -euo pipefail
cd "$(dirname "$0")/.."

Scripts/install-system-packages.sh build demo
Scripts/make-venv.sh
Scripts/build.sh release

work=$(mktemp -d)
server=
stop() {
  if [ -n "$server" ]; then
    kill -TERM "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap stop EXIT

echo "==> starting exeat dev on a free port"
.build/release/exeat dev --listen 127.0.0.1:0 --ready-file "$work/ready.json" >"$work/output" 2>&1 &
server=$!
for _ in $(seq 200); do
  [ ! -s "$work/ready.json" ] || break
  kill -0 "$server" 2>/dev/null || { cat "$work/output"; echo "exeat dev did not start" >&2; exit 1; }
  sleep 0.05
done
[ -s "$work/ready.json" ] || { cat "$work/output"; echo "exeat dev was not ready in 10 s" >&2; exit 1; }
ready() { .build/venv/bin/python -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$work/ready.json" "$1"; }
endpoint=$(ready endpoint)
ca=$(ready ca)
echo "    $endpoint"

# The CLI sees these variables and nothing else: no profile, no other setting of this machine.
stock_aws() {
  echo "    \$ aws $*" >&2
  env -i PATH="$PATH" HOME="$work" LC_ALL=C.UTF-8 \
    AWS_ENDPOINT_URL="$endpoint" AWS_CA_BUNDLE="$ca" \
    AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1 \
    .build/venv/bin/aws "$@"
}

echo "==> asking with the stock AWS CLI (only AWS_ENDPOINT_URL and AWS_CA_BUNDLE point it here)"
issuer=$(stock_aws iam get-outbound-web-identity-federation-info --query IssuerIdentifier --output text)
echo "    issuer $issuer"
token=$(stock_aws sts get-web-identity-token --audience api://AzureADTokenExchange --signing-algorithm RS256 \
  --region us-east-1 --query WebIdentityToken --output text)
echo "    token of ${#token} characters"

echo "==> verifying with PyJWT: discovery, JWK set, signature, issuer, audience, time"
printf '%s' "$token" \
  | .build/venv/bin/python Scripts/verify-token.py --issuer "$issuer" --audience api://AzureADTokenExchange --ca-file "$ca"

kill -TERM "$server"
wait "$server" || { cat "$work/output"; echo "exeat dev did not stop cleanly" >&2; exit 1; }
server=

cat <<'TEXT'

It works. To go on by yourself:
  .build/release/exeat dev        # prints the environment to export and commands to try
  docs/                           # what each action does, and why things are as they are
TEXT
