#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a request costs in several builds, measured at the same time: their servers share one core, so whatever else the machine
does costs all of them alike. Only the ratios mean anything; requests that cost less come back sooner and are more.

Usage: Benchmarks/compare.py ES384|RS256|CALLER|KEYS PROGRAM PROGRAM…     (CALLER: GetCallerIdentity; KEYS: the JWK set; needs wrk)

The CPU time is that of all threads of a server, from /proc/PID/task/*/schedstat, and stands beside that of the first program.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import bench
import signed_requests as wire

SECONDS = 4
CONNECTIONS = 32
DISTINCT_REQUESTS = 16_000


def cpu_seconds(pid):
    return sum(int(path.read_text().split()[0]) for path in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def switches(pid):
    return sum(int(line.split()[1]) for path in pathlib.Path(f"/proc/{pid}/task").glob("*/status")
               for line in path.read_text().splitlines() if "ctxt_switches" in line)


def target(server, kind, keys, issuer_path):
    """The URL and wrk's environment for the load on `server`."""
    host = f"127.0.0.1:{server.port}"
    if kind == "KEYS":
        return f"http://{host}{issuer_path}/.well-known/jwks.json", {}
    signer, file = wire.Signer(*keys, host), server.work / "requests"
    if kind == "CALLER":
        wire.write_requests(file, signer, (
            f"Action=GetCallerIdentity&Version=2011-06-15&Number={number}" for number in range(DISTINCT_REQUESTS)))
    else:
        wire.write_token_requests(file, signer, kind, DISTINCT_REQUESTS)
    return f"http://{host}/", {"REQUESTS": str(file), "SIGNED_HOST": host, "SIGNED_DATE": signer.date}


def load(targets, seconds):
    """All loads at the same time; the requests of each."""
    running = [subprocess.Popen(
        bench.on_core(bench.CLIENT_CORE, "wrk", "-t", 1, "-c", CONNECTIONS, "-d", f"{seconds}s", "-s", bench.LUA, url),
        stdout=subprocess.PIPE, text=True, env={**bench.ENVIRONMENT, **environment}) for url, environment in targets]
    results = [json.loads(process.communicate()[0].strip().splitlines()[-1]) for process in running]
    if any(result["refused"] or result["broken"] or not result["requests"] for result in results):
        raise RuntimeError(f"not every request was answered: {results}")
    return [result["requests"] for result in results]


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in ("ES384", "RS256", "CALLER", "KEYS"):
        sys.exit(__doc__)
    kind, programs = sys.argv[1], sys.argv[2:]
    servers, targets = [], []
    with tempfile.TemporaryDirectory() as folder:
        try:
            for number, program in enumerate(programs):
                bench.EXEAT, work = pathlib.Path(program), pathlib.Path(folder, str(number))
                work.mkdir()
                keys, issuer_path = bench.set_up(work)
                servers.append(bench.Server(work, "off"))
                targets.append(target(servers[-1], kind, keys, issuer_path))
            load(targets, 1)
            pids = [server.process.pid for server in servers]
            before = [(cpu_seconds(pid), switches(pid)) for pid in pids]
            counts = load(targets, SECONDS)
            after = [(cpu_seconds(pid), switches(pid)) for pid in pids]
        finally:
            for server in servers:
                server.__exit__()
    costs = [(end[0] - start[0]) / count * 1e6 for start, end, count in zip(before, after, counts)]
    for program, cost, start, end, count in zip(programs, costs, before, after, counts):
        print(f"{kind} {os.path.basename(program)}: {cost:,.1f} µs of CPU, {cost / costs[0]:.3f} of the first; "
              f"{(end[1] - start[1]) / count:.2f} switches of threads; {count:,} requests")


if __name__ == "__main__":
    main()
