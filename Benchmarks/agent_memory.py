#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures how much memory `exeat agent` takes while it keeps 100 tokens fresh, and says whether that is below 20 MB.

Usage: Benchmarks/agent_memory.py [--tokens N] [--seconds N]    (EXEAT_BINARY: the binary; default .build/release/exeat)

Needs PyYAML (.build/venv/bin/python has it). Every token lives for 60 s, so within --seconds (70) each is renewed at least
once: far more often than anybody needs, and a hard case for an agent that gives memory back when it waits. Every 50 ms the
process is asked what it has:

  resident  VmRSS, the pages of the binary and its libraries included, which other processes and the cache share
  private   RssAnon: heap, stacks and what the loader changed; nobody shares it, nothing but swap takes it away

The figure that counts is the median of the resident sizes; the most, and the peak since the start, are printed beside it.
"""

import argparse
import os
import pathlib
import statistics
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Tests/EndToEnd"))
os.environ.setdefault("EXEAT_BINARY", str(ROOT / ".build/release/exeat"))
os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull

from driver import server as servers  # noqa: E402
from driver.agent import Agent  # noqa: E402

LIMIT = 20_000_000


def sizes(pid):
    """VmRSS, RssAnon and VmHWM in bytes."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    found = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines if line.startswith(("VmRSS", "RssAnon", "VmHWM"))}
    return found["VmRSS"], found["RssAnon"], found["VmHWM"]


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--tokens", type=int, default=100)
    options.add_argument("--seconds", type=int, default=70)
    options = options.parse_args()
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        with servers.dev(work, "--tls", "off", "--quiet") as server:
            plan = {"listen": "127.0.0.1:0", "files": [
                {"name": f"token-{number}", "file": str(work / f"token-{number}"),
                 "token": {"audience": f"https://service-{number}.example", "duration": 60,
                           "algorithm": "ES384" if number % 2 else "RS256"}} for number in range(options.tokens)]}
            environment = {"AWS_ENDPOINT_URL": server.url, "AWS_ACCESS_KEY_ID": server.root.access_key_id,
                           "AWS_SECRET_ACCESS_KEY": server.root.secret_access_key}
            with Agent(work / "agent", plan, environment) as agent:
                agent.ready()
                print(f"ready: {sizes(agent.process.pid)[0] / 1e6:.1f} MB resident")
                time.sleep(5)
                samples, end = [], time.monotonic() + options.seconds
                while time.monotonic() < end:
                    samples.append(sizes(agent.process.pid))
                    time.sleep(0.05)
                renewals = agent.output.count(" renewed ")
                status, word, _ = agent.health()
    resident, private = sorted(sample[0] for sample in samples), max(sample[1] for sample in samples)
    median = statistics.median(resident)
    waiting = sum(size < LIMIT for size in resident) / len(resident)
    print(f"{options.tokens} tokens, {renewals} times renewed, {word}: {median / 1e6:.1f} MB resident (median; below "
          f"{LIMIT / 1e6:.0f} MB for {waiting:.0%} of the time, {resident[-1] / 1e6:.1f} MB at most, "
          f"{samples[-1][2] / 1e6:.1f} MB at the start), {private / 1e6:.1f} MB of it private at most")
    return 0 if status == 200 and median < LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
