# SPDX-License-Identifier: Apache-2.0
"""System calls that fail, one at a time: no token without a record, and no log with two histories.

The server runs under strace, which makes the k-th call of a kind answer EIO. A dose of 1 takes a dozen of the calls at
random; EXEAT_DOSE=40 takes each of them in turn.
"""

import os
import pathlib
import random
import shutil
import signal
import subprocess
import time

import pytest
import requests

from driver import server as servers, tokens, wire
from test_lifecycle import recorded

# What the server writes with: the store's log and file, the checkpoint beside it, and their folders.
CALLS = ("pwrite64", "fdatasync", "write", "fsync", "rename")
# The highest number at which a call is made to fail: a start, eight tokens and their checkpoint make 51 pwrite64, 12
# fdatasync, 44 write (sockets included), 5 fsync and 3 rename.
LAST = {"pwrite64": 60, "fdatasync": 16, "write": 50, "fsync": 7, "rename": 5}


class Faulty(servers.Server):
    """A server of which one system call fails."""

    def __init__(self, plain, call, number):
        super().__init__(plain.arguments, plain.work, url=plain.url, data_dir=plain.data_dir)
        self.trace = self.work / "trace"
        # Sockets are written to as well: only what lies in the data directory counts.
        paths = [str(path) for path in sorted(self.data_dir.rglob("*")) if path.is_file()]
        names = {*paths, str(self.data_dir), str(self.data_dir / "log"), *(
            str(self.data_dir / name) for name in ("store.sqlite-wal", "store.sqlite-shm", "log/checkpoint"))}
        self.command = ["strace", "-f", "-o", str(self.trace), "-e", f"trace={call}",
                        "-e", f"inject={call}:error=EIO:when={number}"]
        if call in ("pwrite64", "fdatasync"):
            for name in sorted(names):
                self.command += ["-P", name]
        self.command.append(servers.binary())

    def start(self):
        ready_file = self.work / f"ready-{os.urandom(4).hex()}.json"
        self.process = subprocess.Popen(
            [*self.command, *self.arguments, "--ready-file", str(ready_file)], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=servers.clean_environment(),
            start_new_session=True,
        )
        deadline = time.monotonic() + servers.START_SECONDS
        while self.ready is None and self.process.poll() is None and time.monotonic() < deadline:
            self.ready = self._read_ready(ready_file)
            time.sleep(0.02)
        return self.ready is not None

    def kill(self):
        """The whole group: strace alone would let the server go on."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(servers.STOP_SECONDS)
        self.process = None


def ask(running):
    """A token's id, or `None` when there was none."""
    try:
        answer = wire.call(running, "GetWebIdentityToken", Audience=["a"], SigningAlgorithm="ES384")
    except (requests.RequestException, OSError):
        return None
    token = answer.text("WebIdentityToken") if answer.status == 200 else None
    return token and tokens.claims_of(token)["jti"]


def points(dose):
    every = [(call, number) for call in CALLS for number in range(1, LAST[call] + 1)]
    if dose >= 40:
        return every
    return random.Random(11).sample(every, min(len(every), 12 * dose))


@pytest.mark.long
@pytest.mark.skipif(shutil.which("strace") is None, reason="failing system calls takes strace")
def test_no_failing_system_call_lets_a_token_out_unrecorded_or_forks_the_log(tmp_path, enable, dose):
    plain = servers.serve_plain(tmp_path)
    with plain:
        enable(plain)
    plain.process, plain.ready = None, None
    checkpoint = plain.data_dir / "log" / "checkpoint"
    injected, received = 0, []
    for call, number in points(dose):
        faulty = Faulty(plain, call, number)
        if faulty.start():
            received += filter(None, (ask(faulty) for _ in range(8)))
            time.sleep(1.1)  # a checkpoint is due every second
        if faulty.process.poll() is None:
            faulty.kill()
        injected += "(INJECTED)" in faulty.trace.read_text(encoding="utf-8")
        kept = tmp_path / "kept"
        if checkpoint.exists():
            kept.write_bytes(checkpoint.read_bytes())
        # The next start needs no repair, and continues what was published before.
        plain.start()
        assert ask(plain), (call, number)
        assert set(received) <= recorded(plain), (call, number)
        plain.stop()
        plain.ready = None
        verified = servers.exeat("audit", "verify", "--data-dir", plain.data_dir, *(
            ["--checkpoint", kept] if kept.exists() else []))
        assert verified.returncode == 0, (call, number, verified.stderr)
    print(f"{injected} of {len(points(dose))} calls were made and failed; {len(received)} tokens were received")
    assert injected > 0 and received, "nothing failed, so nothing was shown"
