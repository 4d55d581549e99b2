# SPDX-License-Identifier: Apache-2.0
"""An issuer for relying parties: `exeat dev`, whose clock was ten minutes slow when it gave out the tokens that are expired
now, with two roles; and tokens as a thief would change them."""

import base64
import email.utils
import hashlib
import hmac
import json
import time

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization

from driver import clients, provider, saml, server as servers, tokens, wire
from driver.server import Credentials
from driver.users import User

AUDIENCE = "https://api.example.com"
ALLOW = {"Effect": "Allow", "Action": "sts:GetWebIdentityToken", "Resource": "*"}
WAIT_SECONDS = 120
# How long a successor is published before it signs.
OVERLAP_SECONDS = 4


def await_true(condition, what):
    """Waits until `condition()` is true, and returns it; `what` is told in vain, as text or by a function."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not (value := condition()):
        assert time.monotonic() < deadline, f"in vain: {what() if callable(what) else what}"
        time.sleep(0.1)
    return value


class Issuer:
    """A running issuer. `url` is the issuer's, `app` and `other` are ARNs of roles; `expired` a token for `app` by algorithm,
    `None` where clocks cannot be turned."""

    def __init__(self, work):
        self.running = servers.dev(work, "--quiet", "--key-overlap", f"{OVERLAP_SECONDS}s")
        if saml.can_turn_clocks():
            self.running.clock_file = work / "clock"
            self.running.clock_file.write_text("-10m\n")

    def __enter__(self):
        self.running.start()
        self.ca = self.running.ca
        self.url = wire.call(self.running, "GetOutboundWebIdentityFederationInfo", "iam").text("IssuerIdentifier")
        # An account's root may not assume roles.
        self.user = User(self.running, "operator", [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}])
        self.app, self.other = self.role("app"), self.role("other")
        self.sessions = {}
        self.expired = None
        if self.running.clock_file:
            self.expired = {algorithm: self.token(algorithm, seconds=60) for algorithm in ("ES384", "RS256")}
            # In one step: whoever reads an empty file takes it for a mistake, and ends.
            right = self.running.clock_file.with_suffix(".new")
            right.write_text("+0\n")
            right.rename(self.running.clock_file)
            await_true(lambda: abs(self.now() - time.time()) < 5, "the issuer's clock is right")
        return self

    def __exit__(self, *ignored):
        # It keeps nothing, and would wait for clients that keep their connections.
        self.running.kill()

    def role(self, name):
        """Makes a role that the account may assume and that may ask for tokens; its ARN."""
        iam = clients.boto(self.running, "iam")
        trust = {"Effect": "Allow", "Principal": {"AWS": self.running.account}, "Action": "sts:AssumeRole"}
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="tokens", PolicyDocument=document(ALLOW))
        return arn

    def credentials(self, role):
        """Of a session of the role."""
        if role not in self.sessions:
            sts = clients.boto(self.running, "sts", self.user.credentials)
            made = sts.assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
            self.sessions[role] = Credentials(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
        return self.sessions[role]

    def token(self, algorithm="ES384", audience=AUDIENCE, role=None, seconds=600):
        return wire.token(
            self.running, credentials=self.credentials(role or self.app), Audience=[audience], SigningAlgorithm=algorithm,
            DurationSeconds=seconds)

    def keys(self):
        """The key set as it is published."""
        return tokens.get(self.running, f"{self.url}/.well-known/jwks.json").json()["keys"]

    def public_key(self, name):
        """A published key as PEM and as DER."""
        found = next(key for key in self.keys() if key["kid"] == name)
        key = jwt.PyJWK(found).key
        return [key.public_bytes(form, serialization.PublicFormat.SubjectPublicKeyInfo)
                for form in (serialization.Encoding.PEM, serialization.Encoding.DER)]

    def now(self):
        """The issuer's time."""
        date = requests.get(self.running.url, verify=self.ca, timeout=60).headers["Date"]
        return email.utils.parsedate_to_datetime(date).timestamp()

    def rotate(self, algorithm):
        """Replaces a key, as an administrator does, and waits until the successor signs; a token by it."""
        before = {key["kid"] for key in self.keys()}
        answer = wire.call(
            self.running, "RotateOutboundSigningKey", "iam", SigningAlgorithm=algorithm, OverlapSeconds=OVERLAP_SECONDS)
        assert answer.status == 200, answer.body

        def by_successor():
            token = self.token(algorithm)
            return token if jwt.get_unverified_header(token)["kid"] not in before else None

        return await_true(by_successor, "the successor signs")


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


# MARK: as a thief would change them


def encoded(value):
    data = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def changed(token, **claims):
    """Other claims under the same signature."""
    header, _, signature = token.split(".")
    return ".".join([header, encoded({**tokens.claims_of(token), **claims}), signature])


def unsigned(token):
    """`"alg": "none"`, RFC 8725 §2.1."""
    return f"{encoded({**tokens.header_of(token), 'alg': 'none'})}.{token.split('.')[1]}."


def by_shared_secret(token, secret, **claims):
    """HS256 with what everybody knows, RFC 8725 §2.1."""
    signed = f"{encoded({**tokens.header_of(token), 'alg': 'HS256'})}.{encoded({**tokens.claims_of(token), **claims})}"
    return f"{signed}.{encoded(hmac.digest(secret, signed.encode(), hashlib.sha256))}"


def by_foreign_key(token, algorithm):
    """The same header and claims by a key of the thief's own."""
    kid = jwt.get_unverified_header(token)["kid"]
    return jwt.encode(tokens.claims_of(token), provider.KEYS[algorithm](), algorithm, headers={"kid": kid})
