# SPDX-License-Identifier: Apache-2.0
"""Receivers of exported records, as other people would write them: a syslog collector over TLS and a webhook."""

import base64
import hashlib
import hmac
import http.server
import json
import re
import socket
import ssl
import subprocess
import threading


def certificate(folder, name="receiver"):
    """A certificate for 127.0.0.1 and localhost that is its own authority: paths of certificate and key."""
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", str(key), "-out", str(cert)],
        check=True, capture_output=True,
    )
    return cert, key


SYSLOG = re.compile(
    rb"<(?P<priority>\d{1,3})>1 (?P<time>\S+) (?P<host>\S+) exeat (?P<process>\S+) (?P<id>\S+) "
    rb'\[meta sequenceId="(?P<sequence>\d+)"\]\[origin software="exeat" swVersion="[^"]*"\] (?P<content>.*)', re.S)


def frames(data):
    """RFC 5425 §4.3: `MSG-LEN SP SYSLOG-MSG`, again and again; anything else is an error."""
    while data:
        length, space, rest = data.partition(b" ")
        assert space and re.fullmatch(rb"[1-9]\d*", length), data[:40]
        message, data = rest[: int(length)], rest[int(length):]
        assert len(message) == int(length), "a message is cut off"
        yield message


class SyslogReceiver:
    """Takes connections over TLS; what came over one that ended well is in `records`, in order."""

    def __init__(self, folder, clients=None):
        self.certificate, key = certificate(folder)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.certificate, key)
        if clients:
            self.context.verify_mode = ssl.CERT_REQUIRED
            self.context.load_verify_locations(clients)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.records, self.problems = [], []
        self.drop = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            try:
                self._take(connection)
            except Exception as problem:  # for the test to see
                self.problems.append(repr(problem))
            finally:
                connection.close()

    def _take(self, connection):
        connection.settimeout(30)
        with self.context.wrap_socket(connection, server_side=True, suppress_ragged_eofs=False) as secure:
            if self.drop > 0:
                # Dies after the first bytes, with the rest unread.
                self.drop -= 1
                secure.recv(10)
                secure.close()
                return
            data = b""
            while chunk := secure.recv(65536):
                data += chunk
            messages = [SYSLOG.fullmatch(message) for message in frames(data)]
            assert all(messages), data[:200]
            self.records += [json.loads(message["content"]) for message in messages]
            secure.unwrap()

    def close(self):
        self.listener.close()


class Webhook:
    """An HTTP receiver on loopback that answers what `answers` says, then 204; keeps what it accepted."""

    def __init__(self, secret, answers=()):
        self.secret, self.answers = secret, list(answers)
        self.records, self.problems, self.deliveries = [], [], []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = receiver.take(self.headers, body)
                self.send_response(status)
                if status in (301, 302, 307, 308):
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, headers, body):
        try:
            # Standard Webhooks: HMAC-SHA256 over id, time and body.
            signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
            expected = "v1," + base64.b64encode(hmac.digest(self.secret, signed, hashlib.sha256)).decode()
            assert hmac.compare_digest(headers["webhook-signature"], expected), "the signature is wrong"
            assert headers["Content-Type"] == "application/x-ndjson"
            assert body.endswith(b"\n")
            records = [json.loads(line) for line in body.splitlines()]
        except Exception as problem:
            self.problems.append(repr(problem))
            return 400
        status = self.answers.pop(0) if self.answers else 204
        self.deliveries.append((headers["webhook-id"], status))
        if status < 300:
            self.records += records
        return status

    def close(self):
        self.server.shutdown()
        self.server.server_close()
