# SPDX-License-Identifier: Apache-2.0
"""What an auditor does with a log: logs of ours made by `driver.tlog`, ways to tamper with them, and what `exeat audit`
must say then."""

import base64
import contextlib
import functools
import http.server
import json
import struct
import threading

from driver import server as servers, tlog

SIZE = 1000


def jti(number):
    return f"00000000-0000-4000-8000-{number:012}"


def record(number, **more):
    """A record as the server writes one, but for members that nobody here looks at."""
    return json.dumps({
        "eventVersion": "1.11", "userIdentity": {"type": "Root"}, "eventTime": "2026-04-21T07:37:10Z",
        "eventSource": "sts.amazonaws.com", "eventName": "GetWebIdentityToken",
        "responseElements": {"webIdentityTokenId": jti(number)}, "eventID": f"{number:08}-aaaa-4000-8000-000000000000",
        **more,
    }, separators=(",", ":")).encode()


def new_log(size, name="log.example.com/audit", change=()):
    """A log of records; those at the places in `change` are others than in every other log."""
    log = tlog.Log(name)
    log.append(*(record(n, requestID="changed") if n in change else record(n) for n in range(size)))
    return log


def verify(folder, log, *arguments):
    done = servers.exeat("audit", "verify", "--mirror", folder, "--verifier-key", log.key.verifier, "--json", *arguments)
    report = json.loads(done.stdout) if done.stdout else None
    if report:
        assert report["valid"] is (done.returncode == 0), done.stderr
        assert (report["finding"] is None) is report["valid"]
    return done, report


def assert_good(folder, log, *arguments):
    done, report = verify(folder, log, *arguments)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return report


def assert_bad(folder, log, *arguments, record=None, records=None, file=None, says=""):
    """The log is bad, and what is named is exactly this."""
    done, report = verify(folder, log, *arguments)
    assert done.returncode == 1, done.stdout
    finding = report["finding"]
    numbers = (record, record) if record else records or (None, None)
    assert (finding["first"], finding["last"], finding["file"]) == (*numbers, file), finding
    assert says in finding["reason"], finding
    assert finding["reason"] in done.stderr
    return finding


def assert_refused(done, *words, status=1):
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    errors = [line for line in done.stderr.splitlines() if line.startswith("exeat: error: ")]
    assert len(errors) == 1, done.stderr
    for word in words:
        assert word in done.stderr, done.stderr


def pruned_log(folder):
    """A log of more than a segment of 65,536 records, written without the records of the segment."""
    log = new_log(65_536 + 300)
    log.write(folder)
    for index in range(256):
        (folder / "tile/entries" / tlog.place(index)).unlink()
    return log, folder


def bundle(folder, index, width=256):
    """The entries of a bundle, which are written back when the block ends."""
    @contextlib.contextmanager
    def block():
        path = folder / "tile" / "entries" / tlog.place(index, width)
        data, entries = path.read_bytes(), []
        while data:
            length = struct.unpack(">H", data[:2])[0]
            entries.append(data[2:2 + length])
            data = data[2 + length:]
        yield entries
        path.write_bytes(b"".join(struct.pack(">H", len(entry)) + entry for entry in entries))
    return block()


def flip(path, position):
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)


def copy(log, source, to, *arguments, key=None):
    return servers.exeat("audit", "mirror", "--log", source, "--to", to, "--verifier-key", key or log.key.verifier, *arguments)


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def prove(folder, log, name, *arguments):
    return servers.exeat("audit", "prove", name, "--mirror", folder, "--verifier-key", log.key.verifier, *arguments)


@contextlib.contextmanager
def web(folder, later=None):
    """The files of a folder over http; each file once, and then those of `later`, where that is given."""
    seen = set()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def translate_path(self, path):
            self.directory = str(later if later and path in seen else folder)
            seen.add(path)
            return super().translate_path(path)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def encode64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
