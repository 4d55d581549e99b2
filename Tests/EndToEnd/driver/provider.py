# SPDX-License-Identifier: Apache-2.0
"""An OIDC identity provider on loopback, over TLS with an authority of its own; tokens by a library that nobody here
wrote."""

import datetime
import http.server
import ipaddress
import json
import ssl
import threading
import time

import jwt
import jwt.algorithms
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

KEYS = {
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
    "RS384": lambda: rsa.generate_private_key(65537, 2048),
    "RS512": lambda: rsa.generate_private_key(65537, 3072),
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ES384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ES512": lambda: ec.generate_private_key(ec.SECP521R1()),
}


def certificate(name, issuer=None, signer=None, subject_names=None):
    """A certificate and its key; its own issuer when there is none."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(issuer or subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=signer is None, path_length=None), critical=True)
    )
    if subject_names:
        builder = builder.add_extension(x509.SubjectAlternativeName(subject_names), critical=False)
    return builder.sign(signer or key, hashes.SHA256()), key, subject


def pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


class Provider:
    """A provider that runs for as long as its block."""

    def __init__(self, work, path="/cluster"):
        authority, authority_key, authority_name = certificate("test authority")
        own, own_key, _ = certificate(
            "localhost", authority_name, authority_key,
            [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        self.ca = work / "provider-ca.pem"
        self.ca.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
        chain = work / "provider.pem"
        chain.write_bytes(own.public_bytes(serialization.Encoding.PEM) + pem(own_key))
        self.keys = {algorithm: make() for algorithm, make in KEYS.items()}
        self.requests = []
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                provider.requests.append(self.path)
                body = provider.documents().get(self.path)
                data = json.dumps(body or {}).encode()
                self.send_response(200 if body else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        # The handshake is for the thread of the connection: one that says nothing must not keep others waiting.
        self.server.daemon_threads = True
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.path = path
        self.issuer = f"https://localhost:{self.server.server_port}{path}"
        self.name = self.issuer.removeprefix("https://")

    def documents(self):
        keys = []
        for algorithm, key in self.keys.items():
            family = jwt.algorithms.RSAAlgorithm if algorithm.startswith("RS") else jwt.algorithms.ECAlgorithm
            keys.append({**family.to_jwk(key.public_key(), as_dict=True), "kid": algorithm, "use": "sig", "alg": algorithm})
        return {
            f"{self.path}/.well-known/openid-configuration": {
                "issuer": self.issuer, "jwks_uri": f"{self.issuer}/openid/v1/jwks",
                "response_types_supported": ["id_token"], "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": list(self.keys)},
            f"{self.path}/openid/v1/jwks": {"keys": keys},
        }

    def token(self, algorithm="RS256", **claims):
        """A token; claims that are `None` are left out."""
        now = int(time.time())
        claims = {"iss": self.issuer, "iat": now, "exp": now + 600, **claims}
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(claims, self.keys[algorithm], algorithm, headers={"kid": algorithm})

    def kubernetes(self, namespace="ns", account="app", audience="sts.amazonaws.com", algorithm="RS256", **claims):
        """As the API server of a cluster makes them for a projected volume."""
        return self.token(
            algorithm, aud=[audience], sub=f"system:serviceaccount:{namespace}:{account}", nbf=int(time.time()),
            **{"kubernetes.io": {"namespace": namespace, "pod": {"name": "app-0", "uid": "p"},
                                 "serviceaccount": {"name": account, "uid": "s"}}}, **claims)

    def github(self, repository="octo-org/octo-repo", ref="refs/heads/main", audience="sts.amazonaws.com"):
        """As GitHub Actions makes them for a workflow."""
        return self.token(
            "RS256", aud=audience, sub=f"repo:{repository}:ref:{ref}", jti="example-id", ref=ref, repository=repository,
            repository_id="74", actor="octocat", run_attempt="1", job_workflow_ref=f"{repository}/.github/w.yml@{ref}")

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
