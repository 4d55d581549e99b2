# SPDX-License-Identifier: Apache-2.0
"""Starts and stops the real binary. Knows its command line and nothing of what it serves."""

import dataclasses
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import threading
import time

# However slow the machine: only what hangs takes as long.
START_SECONDS = 90
COMMAND_SECONDS = 120
# Less than the 30 s that a server gives to requests which do not end: it must not have waited for one.
STOP_SECONDS = 25


@dataclasses.dataclass(frozen=True)
class Credentials:
    access_key_id: str
    secret_access_key: str
    session_token: str | None = None


ACCOUNT = "123456789012"
ROOT = Credentials("AKIAROOTROOTROOTROOT", "rOOt/secret+access/key+of+the+tests+0001")
DEV_ACCOUNT = "000000000000"
DEV_ROOT = Credentials("test", "test")


def binary():
    path = os.environ.get("EXEAT_BINARY")
    if not path:
        path = pathlib.Path(__file__).resolve().parents[3] / ".build" / "debug" / "exeat"
    return str(path)


def clean_environment(**extra):
    """The least that a program needs: nothing of this machine's AWS, TLS or Exeat settings."""
    return {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "LC_ALL": "C.UTF-8", **extra}


def exeat(*arguments, environment=None, stdin="", timeout=COMMAND_SECONDS, cwd=None):
    """Runs one `exeat` command to its end."""
    return subprocess.run(
        [binary(), *map(str, arguments)], input=stdin, capture_output=True, text=True, timeout=timeout, cwd=cwd,
        env=clean_environment(**(environment or {})),
    )


def unused_ports():
    """Ports below those that the kernel gives to connections and to whoever asks for any: between here and the start of a
    server, or while it is stopped, nobody gets one by chance. None comes twice."""
    first = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    ports = list(range(max(1024, first - 16384), first))
    # Another run on this machine begins elsewhere.
    random.shuffle(ports)
    for port in ports:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        yield port
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        yield port


UNUSED_PORTS = unused_ports()


def free_port():
    return next(UNUSED_PORTS)


def init(data_dir, account=ACCOUNT, root=ROOT):
    done = exeat(
        "init", "--data-dir", data_dir, "--account-id", account,
        "--access-key-id", root.access_key_id, "--secret-access-key", root.secret_access_key,
    )
    assert done.returncode == 0, done.stderr
    return pathlib.Path(data_dir)


def ignore_file_size_signal():
    """In the child, before it becomes `exeat`: a write beyond RLIMIT_FSIZE then fails instead of ending the process."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


class Server:
    """A running `exeat dev` or `exeat serve`."""

    def __init__(self, arguments, work, *, url=None, ca=None, account=ACCOUNT, root=ROOT, data_dir=None,
                 environment=None, survive_file_size_limit=False, runner=()):
        # How far from the true time its clock is, as `faketime` wants it: "-10m". A restart takes what it is then.
        self.clock, self.has_parent = None, False
        # A file that says the same and that may be changed while the server runs.
        self.clock_file = None
        self.arguments = [str(argument) for argument in arguments]
        self.work, self.url, self.ca = pathlib.Path(work), url, ca
        self.account, self.root, self.data_dir = account, root, data_dir
        self.environment = environment or {}
        # A command that becomes the server.
        self.runner = list(runner)
        self.survive_file_size_limit = survive_file_size_limit
        self.process, self.ready, self.lines, self.readers = None, None, [], []

    # MARK: start

    def start(self):
        ready_file = self.work / f"ready-{os.urandom(4).hex()}.json"
        begin = time.monotonic()
        clock = ["faketime", "-f", self.clock] if self.clock else []
        if self.clock_file:
            clock = ["faketime", "-f", "+0", "env", "-u", "FAKETIME", f"FAKETIME_TIMESTAMP_FILE={self.clock_file}",
                     "FAKETIME_CACHE_DURATION=1", "FAKETIME_DONT_FAKE_MONOTONIC=1"]
        self.has_parent = bool(clock)
        self.process = subprocess.Popen(
            [*clock, *self.runner, binary(), *self.arguments, "--ready-file", str(ready_file)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=clean_environment(**self.environment), preexec_fn=ignore_file_size_signal if self.survive_file_size_limit else None,
        )
        self.readers = [
            threading.Thread(target=self._read, args=(stream,), daemon=True)
            for stream in (self.process.stdout, self.process.stderr)
        ]
        for reader in self.readers:
            reader.start()
        while self.ready is None:
            if self.process.poll() is not None:
                self._join_readers()
                raise RuntimeError(f"exeat ended with {self.process.returncode}:\n{self.output}")
            if time.monotonic() - begin > START_SECONDS:
                self.kill()
                raise RuntimeError(f"exeat was not ready after {START_SECONDS} s:\n{self.output}")
            self.ready = self._read_ready(ready_file)
            if self.ready is None:
                time.sleep(0.01)
        self.url = self.url or self.ready["endpoint"]
        self.ca = self.ca or self.ready["ca"]
        return self

    @staticmethod
    def _read_ready(path):
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return None

    def _read(self, stream):
        for line in stream:
            self.lines.append(line.decode("utf-8", "replace"))

    @property
    def output(self):
        """Everything that the server printed so far, on both streams."""
        return "".join(self.lines)

    def await_output(self, *words, times=1):
        """Waits until it has printed each of `words` so often: what it prints comes when it comes."""
        deadline = time.monotonic() + START_SECONDS
        while not all(self.output.count(word) >= times for word in words):
            assert time.monotonic() < deadline, f"{words} is not {times} times in what it printed:\n{self.output}"
            time.sleep(0.02)

    # MARK: stop

    def terminate(self):
        self._signal(signal.SIGTERM)

    def _signal(self, number):
        pid = self.process.pid
        if self.has_parent:
            # `faketime` is its parent, passes no signal on, and ends when it has cleaned up.
            children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            pid = int(children[0]) if children else pid
        os.kill(pid, number)

    def wait(self):
        status = self.process.wait(STOP_SECONDS)
        self._join_readers()
        return status

    def stop(self):
        """SIGTERM; a server that does not end with status 0 fails the test."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.terminate()
        try:
            status = self.wait()
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"exeat did not stop within {STOP_SECONDS} s of SIGTERM:\n{self.output}") from None
        self.process = None
        assert status == 0, f"exeat ended with {status}:\n{self.output}"

    def kill(self):
        """SIGKILL, as a power cut would."""
        self._signal(signal.SIGKILL)
        self.process.wait(STOP_SECONDS)
        self._join_readers()
        self.process = None

    def restart(self):
        self.stop()
        self.ready = None
        return self.start()

    def _join_readers(self):
        for reader in self.readers:
            reader.join(30)
        for stream in (self.process.stdout, self.process.stderr):
            stream.close()

    def __enter__(self):
        return self.start() if self.process is None else self

    def __exit__(self, kind, error, trace):
        if self.process is None:
            return
        if kind is not None:
            self.kill()
        else:
            self.stop()

    # MARK: address

    @property
    def port(self):
        return int(self.url.rsplit(":", 1)[1])

    @property
    def host(self):
        """The Host header that clients send."""
        return self.url.split("://", 1)[1]


def dev(work, *flags):
    return Server(
        ["dev", "--listen", "127.0.0.1:0", *flags], work, account=DEV_ACCOUNT, root=DEV_ROOT,
        environment={"HOME": str(work)},
    )


def serve_tls(work, *flags):
    """`exeat serve` with its own development CA on https://localhost:PORT; a new store if there is none."""
    work = pathlib.Path(work)
    work.mkdir(parents=True, exist_ok=True)
    data_dir, port = work / "data", free_port()
    if not data_dir.exists():
        init(data_dir)
    url = f"https://localhost:{port}"
    return Server(
        ["serve", "--data-dir", data_dir, "--listen", f"127.0.0.1:{port}", "--public-url", url,
         "--tls", "development", *flags],
        work, url=url, ca=str(data_dir / "tls" / "ca.pem"), data_dir=data_dir,
    )


PUBLIC_URL = "https://exeat.example"


def serve_plain(work, *flags, public_url=PUBLIC_URL, **options):
    """`exeat serve --tls off`, as behind a proxy that is known as `public_url`; a new store if there is none."""
    work = pathlib.Path(work)
    work.mkdir(parents=True, exist_ok=True)
    data_dir, port = work / "data", free_port()
    if not data_dir.exists():
        init(data_dir)
    return Server(
        ["serve", "--data-dir", data_dir, "--listen", f"127.0.0.1:{port}", "--public-url", public_url,
         "--accepted-hosts", "127.0.0.1", "--tls", "off", *flags],
        work, url=f"http://127.0.0.1:{port}", data_dir=data_dir, **options,
    )
