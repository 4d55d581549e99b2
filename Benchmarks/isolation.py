#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What an account notices of another one that floods the server: its p99 beside its p99 alone.

Usage: Benchmarks/isolation.py [SECONDS]      (the release build; needs wrk)

B asks for ES384 tokens at a tenth of what the server can do, first alone, then beside account A. Without a quota the two have
half of the server each, and A keeps ten times as many requests waiting as keep the server busy: `FLOOD` connections that each
send the next one as soon as they are answered, once for ES384 and once for RS256, whose signatures cost several of B's. With a
quota that is A's share, and A sends ten times as many calls a second. The server has the first core; both clients share the
second, B's with real-time priority (as root), so that what is measured is the server: without it B's client waits for A's to end
its slice, which a higher `nice` does not spare it. Only on a machine that does nothing else: whatever
competes for the server's core makes a busy server wait, and spares an idle one.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import bench
import signed_requests as wire

A, B = "111111111111", "222222222222"
BUSY, FLOOD = 64, 640
SECONDS = int(sys.argv[1]) if len(sys.argv) > 1 else 8
AIM = 2.0


def exeat(*arguments):
    done = subprocess.run([bench.EXEAT, *arguments], check=True, env=bench.ENVIRONMENT, capture_output=True, text=True)
    return done.stdout


def make_accounts(work):
    """A store with both accounts and federation on; the root keys of each."""
    exeat("init", "--data-dir", work / "data", "--account-id", "123456789012", "--access-key-id", bench.CREDENTIALS[0],
          "--secret-access-key", bench.CREDENTIALS[1])
    keys = {}
    for account in (A, B):
        made = json.loads(exeat("account", "create", "--data-dir", work / "data", "--account-id", account, "--json"))
        lines = pathlib.Path(made["credentials"]).read_text().splitlines()
        secret = next(line.split("=", 1)[1].strip() for line in lines if line.startswith("aws_secret_access_key"))
        keys[account] = (made["accessKeyId"], secret)
    with bench.Server(work, "off") as server:
        for account in (A, B):
            wire.call(server.port, keys[account], "iam", "2010-05-08", "EnableOutboundWebIdentityFederation")
    return keys


class Requests:
    """Requests of one account, signed before anything is measured: they are on the disk that the server writes to."""

    def __init__(self, server, keys, algorithm):
        self.host = f"127.0.0.1:{server.port}"
        signer, self.file = wire.Signer(*keys, self.host), server.work / f"requests-{keys[0]}-{algorithm}"
        self.date = signer.date
        wire.write_token_requests(self.file, signer, algorithm, 40_000)
        os.sync()


class Load:
    """wrk on the client core, with requests of one account."""

    def __init__(self, requests, connections, seconds, delay_ms=None, hurried=False):
        environment = {**bench.ENVIRONMENT, "REQUESTS": str(requests.file), "SIGNED_HOST": requests.host,
                       "SIGNED_DATE": requests.date}
        if delay_ms:
            environment["MEAN_DELAY_MS"] = str(delay_ms)
        if hurried and os.geteuid() == 0:
            environment["HURRIED"] = "1"
        command = bench.on_core(bench.CLIENT_CORE, "wrk", "-t", 1, "-c", connections, "-d", f"{seconds}s", "-s", bench.LUA,
                                f"http://{requests.host}/")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)

    def result(self):
        out, _ = self.process.communicate(timeout=SECONDS + 60)
        result = json.loads(out.strip().splitlines()[-1])
        result["per_second"] = (result["requests"] - result["refused"]) / result["seconds"]
        return result


def steady(requests, rate):
    """B at `rate` tokens a second."""
    result = Load(requests, BUSY, SECONDS, delay_ms=BUSY / rate * 1000, hurried=True).result()
    if result["refused"] or result["broken"] or not result["requests"]:
        raise RuntimeError(f"B was not served: {result}")
    return result


def beside(requests, rate, flooding, flood_rate=None):
    """B at `rate` while A floods, with all that it can or at `flood_rate`; both results."""
    delay = FLOOD / flood_rate * 1000 if flood_rate else None
    flood = Load(flooding, FLOOD, SECONDS + 3, delay_ms=delay)
    time.sleep(1.5)
    quiet = steady(requests, rate)
    return quiet, flood.result()


def main():
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        keys = make_accounts(work)
        with bench.Server(work, "off") as server:
            requests = Requests(server, keys[B], "ES384")
            floods = {algorithm: Requests(server, keys[A], algorithm) for algorithm in ("ES384", "RS256")}
            Load(requests, BUSY, 1).result()
            peak = Load(requests, BUSY, SECONDS).result()["per_second"]
            rate = peak / 2 / 5
            alone = steady(requests, rate)
            rows.append(("nobody", alone, None))
            for algorithm, flooding in floods.items():
                rows.append((f"A, {algorithm}", *beside(requests, rate, flooding)))
        quota = max(1, int(peak / 10))
        exeat("account", "quota", "--data-dir", work / "data", "--account", A, "--requests-per-second", str(quota))
        with bench.Server(work, "off") as server:
            requests, flooding = (Requests(server, keys[account], "ES384") for account in (B, A))
            Load(requests, BUSY, 1).result()
            rows.append((f"A, ES384, quota {quota}/s", *beside(requests, rate, flooding, flood_rate=10 * quota)))
    print(f"B alone at full load: {peak:,.0f} tokens/s; measured at {rate:,.0f}/s.\n")
    print("| beside B | B's p50 | B's p99 | of its p99 alone | A's tokens/s | A refused |\n|---|---:|---:|---:|---:|---:|")
    worst = 0.0
    for name, quiet, flood in rows:
        ratio = quiet["p99_ms"] / alone["p99_ms"]
        worst = max(worst, ratio)
        others = f"{flood['per_second']:,.0f} | {flood['refused'] / flood['seconds']:,.0f}/s" if flood else "| "
        print(f"| {name} | {quiet['p50_ms']:.2f} ms | {quiet['p99_ms']:.2f} ms | {ratio:.2f} | {others} |")
    print(f"\nWorst: {worst:.2f}, aim {AIM:.1f}: {'met' if worst <= AIM else 'not met'}")


if __name__ == "__main__":
    main()
