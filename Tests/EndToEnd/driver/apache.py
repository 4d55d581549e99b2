# SPDX-License-Identifier: Apache-2.0
"""Starts and stops Apache and shibd on loopback, with nothing but what a test wrote into one folder; and the application
behind Apache, which says what it was told. Neither runs as root: Apache would refuse to serve as root."""

import contextlib
import http.server
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time

# However slow the machine: only what hangs takes as long.
START_SECONDS = 120
STOP_SECONDS = 60
MODULES = pathlib.Path("/usr/lib/apache2/modules")
SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


def program(name):
    """Where a program is that may be for administrators only; `None` when it is not installed."""
    return shutil.which(name, path=f"{os.environ['PATH']}:{SYSTEM_PATH}")


@contextlib.contextmanager
def folder():
    """A folder that the servers can write into, with a path short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="exeat-sp-") as path:
        yield pathlib.Path(path)


def hand_over(work):
    """Makes a folder, and what is in it, the property of whom the servers run as."""
    if os.getuid() == 0:
        for path in (work, *work.rglob("*")):
            shutil.chown(path, "www-data", "www-data")


def unprivileged():
    """What `subprocess` is told so that a program runs without privileges."""
    return {"user": "www-data", "group": "www-data", "extra_groups": []} if os.getuid() == 0 else {}


class Daemon:
    """A program in the foreground, ended by SIGTERM; it does not run as root unless it lies where only root can read."""

    def __init__(self, command, log, is_ready, drops_privileges=True, **environment):
        self.command, self.log, self.is_ready = [str(word) for word in command], log, is_ready
        self.environment, self.user = environment, unprivileged() if drops_privileges else {}

    def __enter__(self):
        self.output = open(self.log, "ab")
        # A session of its own: Apache ends by a signal to everybody in its process group.
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=self.output, stderr=subprocess.STDOUT, start_new_session=True,
            env={"PATH": SYSTEM_PATH, "LC_ALL": "C.UTF-8", **self.environment}, **self.user)
        deadline = time.monotonic() + START_SECONDS
        while not self.is_ready():
            ended = self.process.poll() is not None
            if ended or time.monotonic() > deadline:
                self.stop()
                said = pathlib.Path(self.log).read_text("utf-8", "replace")
                raise RuntimeError(f"{self.command[0]} {'ended' if ended else 'was not ready'}:\n{said}")
            time.sleep(0.02)
        return self

    def __exit__(self, *ignored):
        self.stop()

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(STOP_SECONDS)
        self.output.close()


def texts(paths):
    """What stands in each of these files."""
    return {path: path.read_text("utf-8", "replace") for path in paths}


def added(before, now):
    """What was added since then: both as `texts` gave them."""
    return "".join(text[len(before.get(path, "")):] for path, text in now.items())


def answers(address):
    """Whether somebody listens there: `(host, port)`, or the path of a socket."""
    with socket.socket(socket.AF_INET if isinstance(address, tuple) else socket.AF_UNIX) as probe:
        probe.settimeout(5)
        try:
            probe.connect(address if isinstance(address, tuple) else str(address))
        except OSError:
            return False
        return True


FRAME = """\
ServerRoot {folder}
ServerName localhost
PidFile {folder}/apache.pid
Mutex file:{folder} default
Listen 127.0.0.1:{port}
ErrorLog {folder}/apache.log
LogLevel warn
StartServers 1
{modules}
{more}
Include {site}
"""


def apache(work, port, modules, site, more="", **environment):
    """Apache with one site on a port of 127.0.0.1; a context manager. `modules` are files without `.so`."""
    configuration = work / "frame.conf"
    configuration.write_text(FRAME.format(
        folder=work, port=port, site=site, more=more,
        modules="\n".join(f"LoadModule {name} {MODULES}/{file}.so" for name, file in modules.items())))
    hand_over(work)
    return Daemon(
        [program("apache2"), "-D", "FOREGROUND", "-f", configuration], work / "apache.out",
        lambda: answers(("127.0.0.1", port)), **environment)


def shibd(work, configuration):
    """Shibboleth's daemon, which listens on the socket `shibd.sock` in the folder; a context manager."""
    hand_over(work)
    return Daemon(
        [program("shibd"), "-F", "-c", configuration, "-p", work / "shibd.pid", "-f"], work / "shibd.out",
        lambda: answers(work / "shibd.sock"), SHIBSP_LOGGING=str(work / "shibd.logger"))


class Application:
    """An application on loopback that answers every GET with the headers that it got, as JSON."""

    def __enter__(self):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = json.dumps(dict(self.headers.items())).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *ignored):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *ignored):
        self.server.shutdown()
        self.server.server_close()
