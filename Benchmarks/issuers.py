#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What issuers cost: start-up and memory with 1, 1,000 and 100,000 accounts that have one, idle and used.

Usage: Benchmarks/issuers.py [COUNT…]      (release builds of exeat and issuers-bench)

issuers-bench makes the accounts in the store. The server is started once so that its log has taken them in, and then for the
measurement: to the ready file and to the first token, and what memory it has a second later. Then up to 500 accounts, the
last ones that were made, ask for a token each, and their key sets are fetched: what memory grew by is the cost of an issuer
in use. "Idle" is the growth of memory over a server with one account, by the number of accounts.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import time

import bench
import peers
import signed_requests as wire

FILLER = bench.ROOT / ".build" / "release" / "issuers-bench"
FIRST, SECRET = 200_000_000_000, "bench/secret/key/of/no/value/at/all/0002"
COUNTS, USED, PATIENCE = (1, 1_000, 100_000), 500, 600


def fill(work, there, count):
    """Brings the store from `there` accounts to `count`; seconds."""
    begin = time.monotonic()
    subprocess.run([FILLER, work / "data", bench.PUBLIC_URL, str(FIRST + there), str(count - there), SECRET], check=True,
                   env=bench.ENVIRONMENT)
    return time.monotonic() - begin


def settle(work):
    """Runs a server until it has nothing left to do."""
    with bench.Server(work, is_pinned=False) as server:
        before, quiet = server.cpu_seconds(), 0
        for _ in range(240):
            time.sleep(0.5)
            now = server.cpu_seconds()
            quiet = quiet + 1 if now - before < 0.02 else 0
            before = now
            if quiet == 4:
                return


def token(server, number, algorithm="ES384"):
    keys = (f"AKIABENCH{FIRST + number}", SECRET)
    return wire.call(server.port, keys, "sts", "2011-06-15", "GetWebIdentityToken", **{
        "Audience.member.1": "a", "SigningAlgorithm": algorithm})


def use(server, numbers):
    """A token of each account, and the key set of its issuer."""
    for number in numbers:
        answer = token(server, number)
        payload = wire.element(answer, "WebIdentityToken").split(".")[1]
        issuer = wire.claims(payload)["iss"].removeprefix(bench.PUBLIC_URL)
        peers.get_document(f"http://127.0.0.1:{server.port}{issuer}/.well-known/jwks.json")


def measure(counts=COUNTS):
    """A row for each count; without the last ones when making so many would take more than `PATIENCE` seconds."""
    if not FILLER.exists():
        raise RuntimeError("issuers-bench is not built (Scripts/build.sh release issuers-bench)")
    rows = []
    with tempfile.TemporaryDirectory(prefix="bench-issuers-", dir=bench.OUT) as folder:
        work, there, filled = pathlib.Path(folder), 0, 0
        bench.set_up(work)
        for count in counts:
            if there > 1 and filled / there * count > PATIENCE:
                break
            filled = fill(work, there, count)
            there = count
            settle(work)
            begin = time.monotonic()
            with bench.Server(work) as server:
                token(server, count - 1)
                first = time.monotonic() - begin
                time.sleep(3)
                idle, used = server.memory("VmRSS"), min(count, USED)
                use(server, range(count - used, count))
                rows.append({
                    "accounts": count, "fill_s": filled, "ready_ms": server.start_seconds * 1000, "first_token_ms": first * 1000,
                    "idle_mb": idle, "used": used, "used_mb": server.memory("VmRSS")})
    base = rows[0]["idle_mb"]
    for row in rows:
        row["idle_bytes_each"] = (row["idle_mb"] - base) * 1e6 / row["accounts"] if row["accounts"] > 1 else None
        row["used_bytes_each"] = (row["used_mb"] - row["idle_mb"]) * 1e6 / row["used"] if row["used"] > 1 else None
    return rows


def table(rows):
    lines = ["| accounts with an issuer | start to ready | to first token | memory idle | each idle | each used |",
             "|---:|---:|---:|---:|---:|---:|"]
    for row in rows:
        each = [f"{row[name]:,.0f} B" if row[name] is not None else "" for name in ("idle_bytes_each", "used_bytes_each")]
        lines.append(f"| {row['accounts']:,} | {row['ready_ms']:.0f} ms | {row['first_token_ms']:.0f} ms "
                     f"| {row['idle_mb']:.1f} MB | {each[0]} | {each[1]} |")
    return "\n".join(lines)


if __name__ == "__main__":
    bench.OUT.mkdir(parents=True, exist_ok=True)
    found = measure(tuple(int(word) for word in sys.argv[1:]) or COUNTS)
    print(table(found))
    print(json.dumps(found), file=sys.stderr)
