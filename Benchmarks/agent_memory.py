#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures how much memory `exeat agent` takes while it keeps 100 tokens fresh, and says whether that is below 20 MB.

Usage: Benchmarks/agent_memory.py [--tokens N] [--seconds N]    (EXEAT_BINARY: the binary; default .build/release/exeat)

Needs PyYAML (.build/venv/bin/python has it). Every token lives for 60 s, so within --seconds (70) each is renewed at least
once. What is measured is the resident set (VmRSS and its peak, VmHWM) of the agent's process, the pages of the binary
itself included.
"""

import argparse
import os
import pathlib
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
    """VmRSS and VmHWM in bytes."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    found = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines if line.startswith(("VmRSS", "VmHWM"))}
    return found["VmRSS"], found["VmHWM"]


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
                print(f"ready: {sizes(agent.process.pid)[0] / 1e6:.1f} MB")
                time.sleep(options.seconds)
                resident, peak = sizes(agent.process.pid)
                renewals = agent.output.count(" renewed ")
                status, word, _ = agent.health()
    print(f"{options.tokens} tokens, {renewals} times renewed, {word}: {resident / 1e6:.1f} MB, {peak / 1e6:.1f} MB at most")
    return 0 if status == 200 and resident < LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
