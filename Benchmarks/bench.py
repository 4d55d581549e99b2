#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What every benchmark uses: the machine's limits, a server on the first core, and load from the second. Benchmarks/report.py
is what `make bench` runs.

Method. The server is pinned to the first core and the load generator (wrk, one thread, keep-alive connections) to the
second. Token requests are distinct and signed beforehand, by a user whose inline policy is evaluated; the store is on
disk, so every token's audit record is durable before its response. The machine's raw signing rates are taken on the
server's core in the same run. Absolute figures move between machines; ratios stay.
"""

import json
import os
import pathlib
import re
import signal
import socket
import statistics
import subprocess
import sys
import time

import signed_requests as wire

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUT = ROOT / ".build" / "bench"
EXEAT = pathlib.Path(os.environ.get("EXEAT_BINARY", ROOT / ".build" / "release" / "exeat"))
LUA = ROOT / "Benchmarks" / "load.lua"
CREDENTIALS = ("AKIABENCHBENCHBENCH0", "bench/secret/key/of/no/value/at/all/0001")
PUBLIC_URL = "https://bench.example"
DISTINCT_REQUESTS = 80_000
CONNECTIONS = 64
SECONDS = 8
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, CLIENT_CORE = (CORES[0], CORES[1]) if len(CORES) > 1 else (CORES[0], CORES[0])
ENVIRONMENT = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "LC_ALL": "C.UTF-8"}


def say(text):
    print(f"==> {text}", file=sys.stderr, flush=True)


def on_core(core, *command):
    return ["taskset", "-c", str(core), *map(str, command)]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# MARK: the machine's limits

def raw_rates():
    """Signatures a second on the server's core: RSA-2048 by OpenSSL, P-384 by nettle."""
    def run(*command):
        return subprocess.run(on_core(SERVER_CORE, *command), capture_output=True, text=True, check=True).stdout
    table = run("openssl", "speed", "-seconds", "3", "rsa2048")
    rsa = float(re.search(r"rsa\s+2048 bits\s+\S+\s+\S+\s+([\d.]+)", table).group(1))
    return {"RS256": rsa, "ES384": float(run(OUT / "raw-p384", "3"))}


# MARK: the server

class Server:
    """`exeat serve` on the server's core, or on every core; `tls` is `off` or `development`."""

    def __init__(self, work, tls="off", *flags, is_pinned=True, environment=None):
        self.port, self.work = free_port(), work
        ready = work / f"ready-{os.urandom(4).hex()}.json"
        self.log = open(work / "server.log", "ab")
        begin = time.monotonic()
        command = [EXEAT, "serve", "--data-dir", work / "data", "--listen", f"127.0.0.1:{self.port}", "--public-url",
                   PUBLIC_URL, "--accepted-hosts", "127.0.0.1", "--tls", tls, "--ready-file", ready, *flags]
        self.process = subprocess.Popen(
            on_core(SERVER_CORE, *command) if is_pinned else [str(word) for word in command],
            stdout=self.log, stderr=self.log, env={**ENVIRONMENT, **(environment or {})})
        while not (ready.exists() and ready.stat().st_size):
            if self.process.poll() is not None or time.monotonic() - begin > 15:
                self.process.kill()
                raise RuntimeError(f"exeat did not start: {(work / 'server.log').read_text()[-2000:]}")
            time.sleep(0.001)
        self.start_seconds = time.monotonic() - begin

    def cpu_seconds(self):
        """CPU time of the process so far, all of its threads."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self, field):
        """`VmRSS` or `VmHWM` in MB."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{field}:\s+(\d+) kB", status).group(1)) / 1000

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


def set_up(work, flags=(), environment=None):
    """A store with the feature on and a user whose policy allows tokens; the user's keys and the issuer's path."""
    subprocess.run([EXEAT, "init", "--data-dir", work / "data", "--account-id", "123456789012", "--access-key-id",
                    CREDENTIALS[0], "--secret-access-key", CREDENTIALS[1]], check=True, env=ENVIRONMENT,
                   stdout=subprocess.DEVNULL)
    policy = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:GetWebIdentityToken", "Resource": "*",
        "Condition": {"NumericLessThanEquals": {"sts:DurationSeconds": "900"}}}]}
    with Server(work, "off", *flags, environment=environment) as server:
        def iam(action, **parameters):
            return wire.call(server.port, CREDENTIALS, "iam", "2010-05-08", action, **parameters)
        issuer = wire.element(iam("EnableOutboundWebIdentityFederation"), "IssuerIdentifier")
        iam("CreateUser", UserName="bench")
        iam("PutUserPolicy", UserName="bench", PolicyName="p", PolicyDocument=json.dumps(policy))
        key = iam("CreateAccessKey", UserName="bench")
    return (wire.element(key, "AccessKeyId"), wire.element(key, "SecretAccessKey")), issuer.removeprefix(PUBLIC_URL)


def start_up(work, keys, rounds=7):
    """Medians in ms: process start to ready file, and to the first token."""
    ready, first = [], []
    for _ in range(rounds):
        begin = time.monotonic()
        with Server(work, "off") as server:
            ready.append(server.start_seconds)
            wire.call(server.port, keys, "sts", "2011-06-15", "GetWebIdentityToken", **{
                "Audience.member.1": "a", "SigningAlgorithm": "ES384"})
            first.append(time.monotonic() - begin)
    return {"ready_ms": statistics.median(ready) * 1000, "first_token_ms": statistics.median(first) * 1000}


# MARK: load

def wrk(url, seconds=SECONDS, environment=None, connections=CONNECTIONS, is_pinned=True):
    command = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "-s", str(LUA), url]
    done = subprocess.run(
        on_core(CLIENT_CORE, *command) if is_pinned else command, capture_output=True, text=True,
        env={**ENVIRONMENT, **(environment or {})})
    if done.returncode != 0:
        raise RuntimeError(done.stdout + done.stderr)
    result = json.loads(done.stdout.strip().splitlines()[-1])
    if result["refused"] or result["broken"] or not result["requests"]:
        raise RuntimeError(f"{url}: {result}")
    result["per_second"] = result["requests"] / result["seconds"]
    return result


def tokens(server, scheme, keys, algorithm, half_of=None, connections=CONNECTIONS, seconds=SECONDS, is_pinned=True):
    """A token run at full load, or at half of the peak `half_of`; with what a token costs the server in CPU."""
    host = f"127.0.0.1:{server.port}"
    signer, file = wire.Signer(*keys, host), server.work / "requests"
    wire.write_token_requests(file, signer, algorithm, DISTINCT_REQUESTS)
    environment = {"REQUESTS": str(file), "SIGNED_HOST": host, "SIGNED_DATE": signer.date}
    wrk(f"{scheme}://{host}/", 1, environment, connections, is_pinned)  # warm up
    if half_of:
        environment["MEAN_DELAY_MS"] = str(connections / (half_of / 2) * 1000)
    before = server.cpu_seconds()
    result = wrk(f"{scheme}://{host}/", seconds, environment, connections, is_pinned)
    result["cpu_us"] = (server.cpu_seconds() - before) / result["requests"] * 1e6
    return result
