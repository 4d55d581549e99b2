#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs every test there is, in stages; one debug build serves them all. Prints a table of stages and, as its last line,
# `N passed, N failed, N skipped`. Fails when anything failed or when no test ran.
#
# EXEAT_DOSE=N multiplies the rounds of the long tier (kill -9 and the like); 1 is what every run does.
set -uo pipefail
cd "$(dirname "$0")/.."
. Scripts/stages.sh

results=.build/test-results
rm -rf "$results"
mkdir -p "$results"
table=() failed_in=()
total_passed=0 total_failed=0 total_skipped=0

# record NAME SECONDS PASSED FAILED SKIPPED
record() {
  table+=("$(printf '%-18s %5d s %6d passed %4d failed %4d skipped' "$@")")
  total_passed=$((total_passed + $3)) total_failed=$((total_failed + $4)) total_skipped=$((total_skipped + $5))
}
# check NAME WHAT COMMAND... : a stage that counts as one test
check() {
  local name=$1 what=$2 begin=$SECONDS
  shift 2
  if step "$name" "$what" "$@"; then
    record "$name" $((SECONDS - begin)) 1 0 0
  else
    record "$name" $((SECONDS - begin)) 0 1 0
    return 1
  fi
}
# suite NAME WHAT JUNIT-FILE COMMAND... : a stage that counts the tests in JUNIT-FILE
suite() {
  local name=$1 what=$2 junit=$3 begin=$SECONDS status=0 passed failed skipped
  shift 3
  step "$name" "$what" "$@" || status=$?
  read -r passed failed skipped < <(python3 Scripts/count-results.py "$junit")
  # A runner that failed although no test did (a crash, an error while collecting) is a failure of its own.
  if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
  if [ "$failed" -ne 0 ]; then failed_in+=("$junit"); fi
  record "$name" $((SECONDS - begin)) "$passed" "$failed" "$skipped"
}
finish() {
  printf '\n'
  if [ "${#failed_in[@]}" -ne 0 ]; then
    # Whole, since a test that fails once in a hundred runs may not fail again for whoever looks into it.
    python3 Scripts/count-results.py --details "${failed_in[@]}"
    python3 Scripts/count-results.py --failed "${failed_in[@]}"
  fi
  printf '%s\n' "${table[@]}"
  printf '%d passed, %d failed, %d skipped\n' "$total_passed" "$total_failed" "$total_skipped"
  [ "$total_failed" -eq 0 ] && [ "$total_passed" -gt 0 ]
  exit
}

Scripts/install-system-packages.sh build demo test && Scripts/make-venv.sh || {
  record set-up "$SECONDS" 0 1 0
  finish
}

check walls "checking the walls between targets" Scripts/check-walls.py
check format "checking the Swift format" \
  swift format lint --strict --parallel --recursive Sources Tests Package.swift

if [ -x .build/debug/exeat ]; then
  what="building everything for debugging"
else
  what="building everything for debugging (the first time takes five to ten minutes on two cores)"
fi
step resolve "fetching the Swift packages that are not here yet" retried swift package resolve
check build "$what" swift build --build-tests --explicit-target-dependency-import-check error || finish

# The tests of the rooms keep every core busy; those of the edges watch the clock. So each tier has a process of its own.
swift_tests() {
  local name=$1 what=$2 targets=$3
  shift 3
  suite "$name" "$what" "$results/$name-swift-testing.xml" \
    swift test --skip-build --xunit-output "$results/$name.xml" --filter "^($targets)\\." "$@"
}
swift_tests rooms "running the tests of the rooms: words, JSON, SigV4, AWS Query, policy, tokens" \
  "IdentityModelTests|StrictJSONTests|SigV4Tests|AWSProtocolsTests|PolicyEngineTests|TokenFormatsTests|AuditTrailTests"
swift_tests house "running the tests of the pipeline, the store and the keys" \
  "FederationTests|StoreTests|LocalKeysTests|PKCS11Tests|AuditSinksTests"
# One at a time: child processes and answers that must come within seconds do not share two cores well.
swift_tests server "running the tests of the HTTP server" "HTTPServerTests" --no-parallel
swift_tests client "running the tests of the client, the library, the exchange and the agent" \
  "FederationClientTests|RelyingPartyTests|ExchangeTests|AgentTests" --no-parallel

end_to_end() {
  EXEAT_BINARY=$PWD/.build/debug/exeat .build/venv/bin/python -m pytest Tests/EndToEnd "$@"
}
suite end-to-end "running the end-to-end tests: AWS CLI, boto3, PyJWT, joserfc, foreign signers" \
  "$results/end-to-end.xml" end_to_end -m "not long" --junit-xml "$results/end-to-end.xml"
suite long-tier "running the long tier, dose ${EXEAT_DOSE:-1}: kills, floods, slow clients, failing disks" \
  "$results/long-tier.xml" end_to_end -m long --junit-xml "$results/long-tier.xml"
finish
