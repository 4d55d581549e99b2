# SPDX-License-Identifier: Apache-2.0
"""TLS: own certificate and key files, reloaded on change; the development CA; HTTP/1.1 and HTTP/2."""

import datetime
import os
import socket
import ssl
import subprocess
import time

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from driver import audit, server as servers, wire

BODY = b"Action=GetCallerIdentity&Version=2011-06-15"


class Authority:
    """A CA of the tests, made by the `cryptography` package."""

    def __init__(self, folder):
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test CA")])
        self.certificate = self._sign(self.name, self.key, authority=True)
        (folder / "ca.pem").write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def _sign(self, name, key, authority=False):
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (
            x509.CertificateBuilder().subject_name(name).issuer_name(self.name).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True))
        if not authority:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def issue(self):
        """Writes a new certificate and key over cert.pem and key.pem; returns the serial number."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]), key)
        for name, data in (
                ("key.pem", key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                              serialization.NoEncryption())),
                ("cert.pem", certificate.public_bytes(serialization.Encoding.PEM))):
            (self.folder / (name + ".new")).write_bytes(data)
            os.replace(self.folder / (name + ".new"), self.folder / name)
        return certificate.serial_number


def serve_with_files(tmp_path, authority):
    data_dir, port = tmp_path / "data", servers.free_port()
    if not data_dir.exists():
        servers.init(data_dir)
    url = f"https://localhost:{port}"
    return servers.Server(
        ["serve", "--data-dir", data_dir, "--listen", f"127.0.0.1:{port}", "--public-url", url,
         "--tls-cert", authority.folder / "cert.pem", "--tls-key", authority.folder / "key.pem"],
        tmp_path, url=url, ca=str(authority.folder / "ca.pem"), data_dir=data_dir)


def handshake(running, **options):
    """Serial number, TLS version and ALPN protocol of a new connection."""
    context = ssl.create_default_context(cafile=running.ca)
    context.set_alpn_protocols(options.get("alpn", ["http/1.1"]))
    with socket.create_connection(("127.0.0.1", running.port), 60) as plain:
        with context.wrap_socket(plain, server_hostname=options.get("name", "localhost")) as connection:
            certificate = x509.load_der_x509_certificate(connection.getpeercert(binary_form=True))
            return certificate.serial_number, connection.version(), connection.selected_alpn_protocol()


@pytest.fixture
def authority(tmp_path):
    folder = tmp_path / "tls-files"
    folder.mkdir()
    return Authority(folder)


def test_a_new_certificate_is_served_without_a_restart(tmp_path, authority):
    first = authority.issue()
    with serve_with_files(tmp_path, authority) as running:
        assert handshake(running)[0] == first
        assert wire.call(running, "GetCallerIdentity").status == 200
        second = authority.issue()
        deadline = time.monotonic() + 60
        while handshake(running)[0] != second:
            assert time.monotonic() < deadline, "the old certificate is still served after 60 s"
            time.sleep(0.1)
        assert wire.call(running, "GetCallerIdentity").status == 200


def test_a_broken_certificate_file_leaves_the_old_one_in_service(tmp_path, authority):
    first = authority.issue()
    with serve_with_files(tmp_path, authority) as running:
        (authority.folder / "cert.pem").write_text("broken")
        running.await_output("new certificate refused, the old one stays")
        assert handshake(running)[0] == first


@pytest.mark.parametrize("broken", ["missing", "garbage", "not the key's"])
def test_files_that_do_not_fit_stop_the_start_and_are_named(tmp_path, authority, broken):
    authority.issue()
    if broken == "missing":
        (authority.folder / "key.pem").unlink()
    elif broken == "garbage":
        (authority.folder / "key.pem").write_text("garbage")
    else:
        key = (authority.folder / "cert.pem").read_bytes()
        authority.issue()
        (authority.folder / "cert.pem").write_bytes(key)
    with pytest.raises(RuntimeError, match=r"(?s)exeat: error: .*--tls-(cert|key)"):
        serve_with_files(tmp_path, authority).start()


def test_the_development_ca_is_made_once_and_its_key_is_private(tmp_path):
    with servers.serve_tls(tmp_path) as running:
        first = open(running.ca, "rb").read()
        running.restart()
        assert open(running.ca, "rb").read() == first
        running.await_output(running.ca)
        for path in (running.data_dir / "tls").iterdir():
            if b"PRIVATE KEY" in path.read_bytes():
                assert path.stat().st_mode & 0o077 == 0, path


def test_the_log_names_the_development_ca_once(server):
    assert server.output.count("clients must trust") == 1
    assert server.output.count(server.ca) == 1


def test_only_tls_1_2_and_newer_and_http_2_by_alpn(server):
    assert handshake(server)[1:] == ("TLSv1.3", "http/1.1")
    assert handshake(server, alpn=["h2", "http/1.1"])[2] == "h2"
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-tls1_1", "-cipher", "ALL@SECLEVEL=0"],
        capture_output=True, stdin=subprocess.DEVNULL, timeout=60, env=servers.clean_environment())
    assert b"BEGIN CERTIFICATE" not in done.stdout


def test_a_name_that_is_not_ours_has_no_valid_certificate(server):
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(server, name="other.example")


def test_http_2_end_to_end(server, issuer):
    trust = ssl.create_default_context(cafile=server.ca)
    with httpx.Client(http2=True, verify=trust, trust_env=False, timeout=60) as client:
        for _ in range(3):
            signed = wire.sign(server, "sts", BODY)
            answer = client.post(signed.url, content=BODY, headers=dict(signed.headers))
            assert (answer.http_version, answer.status_code) == ("HTTP/2", 200), answer.text
        document = client.get(issuer + "/.well-known/jwks.json")
        assert (document.http_version, document.status_code) == ("HTTP/2", 200)
        unchanged = client.get(issuer + "/.well-known/jwks.json", headers={"If-None-Match": document.headers["ETag"]})
        assert unchanged.status_code == 304


def test_curl_over_http_2(server, issuer):
    done = subprocess.run(
        ["curl", "--silent", "--show-error", "--http2", "--cacert", server.ca, "--write-out", "%{http_version} %{http_code}",
         "--output", os.devnull, issuer + "/.well-known/openid-configuration"],
        capture_output=True, text=True, timeout=60, env=servers.clean_environment())
    assert done.stdout == "2 200", done.stderr


def test_a_large_body_over_http_2_is_refused(server, tmp_path):
    (tmp_path / "body").write_bytes(b"x" * 65537)
    done = subprocess.run(
        ["curl", "--silent", "--show-error", "--http2", "--cacert", server.ca, "--write-out", "%{http_version} %{http_code}",
         "--output", os.devnull, "--data-binary", f"@{tmp_path / 'body'}", server.url + "/"],
        capture_output=True, text=True, timeout=60, env=servers.clean_environment())
    assert done.stdout == "2 413", done.stderr


def test_plain_http_on_a_tls_port_gives_no_token(server):
    answer = b""
    try:
        answer = wire.raw(server, b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
    except ConnectionError:
        pass
    assert not answer.startswith(b"HTTP/1.1 200")


def test_tls_is_recorded(server):
    record = audit.the_record(server, wire.call(server, "GetCallerIdentity"))
    assert record["tlsDetails"]["tlsVersion"] in ("TLSv1.2", "TLSv1.3")
    assert record["tlsDetails"]["clientProvidedHostHeader"] == server.host
