# SPDX-License-Identifier: Apache-2.0
#
# Sourced by the other scripts: long steps say what they do and how long they took. On a terminal the command's own
# progress is shown; in a pipe its output goes to .build/logs/ and is shown only when it fails.

export PYTHONDONTWRITEBYTECODE=1
mkdir -p .build/logs

# retried COMMAND... : runs what fetches over a network, up to three times; returns its last status
retried() {
  local pause status=0
  for pause in 10 30 0; do
    "$@" && return || status=$?
    [ "$pause" -eq 0 ] || { printf '    status %d, again in %d s\n' "$status" "$pause"; sleep "$pause"; }
  done
  return "$status"
}

# step LOG-NAME "What happens" COMMAND... : runs COMMAND, returns its status
step() {
  local log=".build/logs/$1.log" what=$2 begin=$SECONDS status=0
  shift 2
  printf '==> %s\n' "$what"
  if [ -t 1 ]; then
    "$@" || status=$?
  else
    "$@" >"$log" 2>&1 || status=$?
    if [ "$status" -ne 0 ]; then
      # What Swift found, which hundreds of lines may follow; then the end, which tells of crashes and of pytest.
      grep -E -A 6 ' recorded an issue|: error: ' "$log" | head -n 400 || true
      tail -n 200 "$log"
      printf '    the whole output: %s\n' "$log"
    fi
  fi
  if [ "$status" -eq 0 ]; then
    printf '    done in %d s\n' "$((SECONDS - begin))"
  else
    printf '    FAILED with status %d after %d s\n' "$status" "$((SECONDS - begin))"
  fi
  return "$status"
}
