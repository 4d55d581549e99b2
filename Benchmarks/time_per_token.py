#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Where a token's time goes: the server's CPU time for each token at full load, divided by what its stacks are in.

Usage: Benchmarks/time_per_token.py [ES384|RS256 [PROGRAM]]     (the release build; needs perf and wrk, and root or a low
perf_event_paranoid)

Server and client as in bench.py. The time is the process's own from /proc, the division `perf record` at 2,000 samples a
second: a sample belongs to the innermost frame that any part below names, so the parts add up. Frames of C libraries have no
frame pointers: what malloc costs stands under `elsewhere`, with the switches of threads. Printed besides: switches of threads
for each token. On a machine that does other work at the same time everything costs more; the shares stay.
"""

import collections
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

import bench
import signed_requests as wire

PARTS = [(name, re.compile(pattern)) for name, pattern in [
    ("signature, and its own verification", r"lib(hogweed|nettle|gmp|crypto)\.so|P384SigningKey|RSASigningKey"
                                            r"|9LocalKeys0A"),
    ("SigV4", r"\$s5SigV4|PresentedSignature|SigningKeyMemory|10Federation13AuthenticatorV"),
    ("policy", r"12PolicyEngine|10AuthorizerO|14RequestContext"),
    ("claims and JWS", r"22WebIdentityTokenClaims|3JWSO|9Base64URLO|TokenIssuer|16WebIdentityToken"),
    ("audit record as JSON", r"11AuditRecord|12PendingWrite|5TrailV"),
    ("event history", r"10EventIndex|12EventSummary|ventHistory"),
    ("Merkle tree", r"13LogTreeGrowth|growLogTree|TransparencyLog|MerkleHash|StoredLogTree|9TreeState"),
    ("SQLite and its flush to disk", r"11BatchWriter|sqlite3|GRDB|RevisionMemory|fdatasync|do_fsync|11CommitQueue"),
    ("answer as XML", r"XMLWriter|QueryResponse|ResponseWriter"),
    ("parameters", r"AWSProtocols|AskedCall"),
    ("pipeline and directory", r"10Federation"),
    ("HTTP and sockets", r"10HTTPServer|NIOHTTP1|c_nio_llhttp|NIOPosix|NIOCore|CNIO|tcp_|sock_|epoll"),
    ("tasks and hand-overs", r"swift_task|swift_job|Continuation|ispatch|runJob|AsyncTask|14SigningThreads|8LoopDesk"),
]]


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def switches(pid):
    count = 0
    for status in pathlib.Path(f"/proc/{pid}/task").glob("*/status"):
        count += sum(int(line.split()[1]) for line in status.read_text().splitlines() if "ctxt_switches" in line)
    return count


def part(stack):
    for frame in stack:
        for name, pattern in PARTS:
            if pattern.search(frame):
                return name
    return "elsewhere: malloc, switches of threads, interrupts"


def main():
    algorithm = sys.argv[1] if len(sys.argv) > 1 else "ES384"
    if len(sys.argv) > 2:
        bench.EXEAT = pathlib.Path(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        keys, _ = bench.set_up(work)
        data = work / "perf.data"
        with bench.Server(work, "off") as server:
            host, pid = f"127.0.0.1:{server.port}", server.process.pid
            signer, file = wire.Signer(*keys, host), work / "requests"
            wire.write_token_requests(file, signer, algorithm, bench.DISTINCT_REQUESTS)
            environment = {"REQUESTS": str(file), "SIGNED_HOST": host, "SIGNED_DATE": signer.date}
            bench.wrk(f"http://{host}/", 1, environment)
            perf = subprocess.Popen(["perf", "record", "-q", "-e", "cpu-clock", "-F", "2000", "--call-graph", "fp", "-p", str(pid),
                                     "-o", data], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(0.5)
            before = cpu_seconds(pid), switches(pid)
            result = bench.wrk(f"http://{host}/", bench.SECONDS, environment)
            after = cpu_seconds(pid), switches(pid)
            perf.send_signal(signal.SIGINT)
            perf.wait()
        script = subprocess.run(["perf", "script", "-i", data, "-F", "ip,sym,dso"], capture_output=True, text=True, check=True).stdout
    counts = collections.Counter()
    for block in script.split("\n\n"):
        stack = [line.split(None, 1)[1] for line in block.strip().splitlines() if len(line.split(None, 1)) > 1]
        if stack:
            counts[part(stack)] += 1
    tokens, total = result["requests"], sum(counts.values())
    each = (after[0] - before[0]) / tokens * 1e6
    print(f"{algorithm}: {result['per_second']:,.0f} tokens/s, {each:.0f} µs of CPU each, "
          f"{(after[1] - before[1]) / tokens:.2f} switches of threads each; {total:,} samples\n")
    print("| part | share | µs |\n|---|---:|---:|")
    for name, count in counts.most_common():
        print(f"| {name} | {count / total:.1%} | {each * count / total:.1f} |")


if __name__ == "__main__":
    main()
