# SPDX-License-Identifier: Apache-2.0
"""A running `exeat agent`, and what it says of itself."""

import json
import os
import pathlib
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request

import yaml

from driver import server as servers

PATIENCE = 60


def until(condition, what):
    """The first true value of `condition`."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"{what}: not within {PATIENCE} s")


class Agent:
    """`exeat agent` for as long as its block."""

    def __init__(self, work, plan, environment, *program, flags=()):
        self.work = pathlib.Path(work)
        self.work.mkdir(parents=True, exist_ok=True)
        self.config, self.ready_file = self.work / "agent.yaml", self.work / "ready.json"
        self.config.write_text(yaml.safe_dump(plan))
        self.ready_file.unlink(missing_ok=True)
        self.lines = []
        self.process = subprocess.Popen(
            [servers.binary(), "agent", "--config", self.config, "--ready-file", self.ready_file, *flags,
             *(["--", *program] if program else [])],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=work,
            env=servers.clean_environment(HOME=str(work), **environment), start_new_session=True)
        self.readers = [threading.Thread(target=self._read, args=(stream,), daemon=True)
                        for stream in (self.process.stdout, self.process.stderr)]
        for reader in self.readers:
            reader.start()

    def _read(self, stream):
        for line in stream:
            self.lines.append(line)

    @property
    def output(self):
        return "".join(self.lines)

    def ready(self):
        """Waits until everything is there."""
        until(lambda: self.ready_file.exists() or self.process.poll() is not None, f"ready ({self.output})")
        assert self.ready_file.exists(), self.output
        self.url = json.loads(self.ready_file.read_text())["endpoint"]
        return self

    def get(self, path, method="GET", **headers):
        """Status and body."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.url + path, method=method, headers=names)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=PATIENCE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def health(self):
        """Status, and the things that are kept by their names."""
        status, body = self.get("/health")
        report = json.loads(body)
        return status, report["status"], {thing["name"]: thing for thing in report["kept"]}

    def condition(self, name):
        return self.health()[2][name]["condition"]

    def send(self, number):
        os.kill(self.process.pid, number)

    def wait(self):
        status = self.process.wait(PATIENCE)
        for reader in self.readers:
            reader.join(30)
        return status

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if self.process.poll() is None:
            self.send(signal.SIGTERM)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait(PATIENCE)
                raise AssertionError(f"the agent did not stop:\n{self.output}") from None
        for reader in self.readers:
            reader.join(30)
        for stream in (self.process.stdout, self.process.stderr):
            stream.close()
