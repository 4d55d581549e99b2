# SPDX-License-Identifier: Apache-2.0
"""A verifier of tokens that is careful unless it is told to make mistakes, one by one: what `exeat rp-test` has to find.

Knows one issuer by its key set. Each name in FAULTS is a mistake that was made somewhere; the comments of the code say
which line it replaces."""

import base64
import hashlib
import hmac
import http.server
import json
import re
import threading
import time
import urllib.parse

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

SKEW = 60
LIMIT = 32_768
HASHES = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}

FAULTS = [
    "alg-none", "alg-none-with-signature", "alg-case", "alg-missing", "alg-not-checked",
    "hmac-pem", "hmac-pem-newline", "hmac-jwk", "hmac-jwks", "hmac-empty", "hmac-guess", "kid-file",
    "signature-not-checked", "signature-empty", "signature-zero", "signature-longer", "two-parts", "payload-not-signed",
    "kid-unknown-unchecked", "kid-missing-unchecked", "kid-missing-any", "kid-unknown-any", "kid-any-type",
    "jwk-trusted", "jku-trusted",
    "crit-ignored", "crit-empty", "typ-ignored", "cty-ignored",
    "json-serialisation", "more-parts", "padding", "garbage", "trailing-bits", "no-limit",
    "duplicates", "bom", "trailing-data", "nan", "no-claims-needed",
    "iss-not-checked", "iss-starts", "iss-ends-short", "iss-slash", "iss-case", "iss-missing", "iss-strip",
    "sub-not-needed",
    "aud-not-checked", "aud-missing", "aud-within", "aud-starts", "aud-short", "aud-case", "aud-strip", "aud-slash",
    "aud-any-type",
    "exp-not-checked", "exp-missing", "exp-text", "exp-infinite", "nbf-ignored", "nbf-text", "iat-ignored",
    "good-rs256-refused", "good-lists-refused",
]


class Refused(Exception):
    pass


def demand(truth, why):
    if not truth:
        raise Refused(why)


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Verifier:
    def __init__(self, issuer, audience, jwks, faults=()):
        unknown = set(faults) - set(FAULTS)
        assert not unknown, unknown
        self.issuer, self.audience, self.jwks, self.faults = issuer, audience, jwks, set(faults)
        self.keys = json.loads(jwks)["keys"]

    def has(self, fault):
        return fault in self.faults

    def accepts(self, token, now=None):
        try:
            self.verify(token, now or time.time())
            return True
        except (Refused, InvalidSignature, ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
            return False

    # MARK: form

    def decode(self, text):
        if self.has("garbage"):
            text = re.sub(r"[^A-Za-z0-9_-]", "", text)
        if self.has("padding"):
            text = text.rstrip("=")
        demand(re.fullmatch(r"[A-Za-z0-9_-]*", text) and len(text) % 4 != 1, "base64url")
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        demand(self.has("trailing-bits") or encode(data) == text, "canonical")
        return data

    def json(self, data):
        demand(self.has("bom") or not data.startswith(b"\xef\xbb\xbf"), "bom")
        text = data.decode("utf-8-sig" if self.has("bom") else "utf-8")

        def pairs(members):
            demand(self.has("duplicates") or len({name for name, _ in members}) == len(members), "duplicate")
            return dict(members)

        def constant(name):
            demand(self.has("nan"), "constant")
            return 0

        decoder = json.JSONDecoder(object_pairs_hook=pairs, parse_constant=constant, strict=True)
        value = decoder.raw_decode(text)[0] if self.has("trailing-data") else decoder.decode(text)
        demand(isinstance(value, dict), "object")
        demand(self.depth(value) <= 32, "depth")
        return value

    def depth(self, value):
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
        return 0 if inner is None else 1 + max((self.depth(one) for one in inner), default=0)

    def parts(self, token):
        if self.has("json-serialisation") and token.startswith("{"):
            whole = json.loads(token)
            return [whole["protected"], whole["payload"], whole["signature"]]
        parts = token.split(".")
        if self.has("more-parts"):
            parts = parts[:3]
        if self.has("two-parts") and len(parts) == 2:
            parts.append("")
        demand(len(parts) == 3, "three parts")
        return parts

    # MARK: checks

    def verify(self, token, now):
        demand(self.has("no-limit") or len(token) <= LIMIT, "size")
        head, body, tail = self.parts(token)
        header = self.json(self.decode(head))
        self.check_header(header)
        self.check_signature(header, f"{head}.{body}", tail)
        self.check_claims(self.json(self.decode(body)), now)

    def check_header(self, header):
        if not self.has("crit-ignored"):
            demand("crit" not in header or self.has("crit-empty") and header["crit"] == [], "crit")
            demand("b64" not in header, "b64")
        demand(self.has("cty-ignored") or "cty" not in header, "cty")
        kind = header.get("typ", "JWT")
        demand(self.has("typ-ignored") or isinstance(kind, str) and kind.lower() in ("jwt", "application/jwt"), "typ")

    def check_signature(self, header, message, tail):
        name = header.get("alg")
        if isinstance(name, str) and name.lower() == "none":
            demand(self.has("alg-none") and tail == "" or self.has("alg-none-with-signature") and tail, "none")
            return
        demand(not (self.has("good-rs256-refused") and name == "RS256"), "alg")
        if self.has("alg-case") and isinstance(name, str):
            name = name.upper()
        if self.has("signature-not-checked") or self.has("two-parts") and tail == "" or self.has("signature-empty") and tail == "":
            demand(name in ("ES384", "RS256"), "alg")
            return
        signature = self.decode(tail)
        if isinstance(name, str) and name in HASHES:
            return self.check_hmac(header, message, signature, HASHES[name])
        if self.has("jwk-trusted") and "jwk" in header:
            return self.check_with(header["jwk"], name, message, signature)
        if self.has("jku-trusted") and "jku" in header:
            demand(header["jku"].startswith("data:"), "jku")
            return self.check_with(json.loads(header["jku"].split(",", 1)[1])["keys"][0], name, message, signature)
        candidates = self.candidates(header)
        if candidates is None:
            return
        for key in candidates:
            try:
                return self.check_with(key, name, message, signature)
            except (Refused, InvalidSignature):
                continue
        raise Refused("signature")

    def candidates(self, header):
        if "kid" not in header:
            if self.has("kid-missing-unchecked"):
                return None
            demand(self.has("kid-missing-any"), "kid")
            return self.keys
        kid = header["kid"]
        if not isinstance(kid, str):
            demand(self.has("kid-any-type"), "kid")
            return self.keys
        named = [key for key in self.keys if key["kid"] == kid]
        if not named and self.has("kid-unknown-unchecked"):
            return None
        if not named and self.has("kid-unknown-any"):
            return self.keys
        demand(len(named) == 1, "kid")
        return named

    def check_hmac(self, header, message, signature, digest):
        secrets = []
        for key in self.keys:
            pem = self.public(key).public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
            secrets += [pem.strip()] if self.has("hmac-pem") else []
            secrets += [pem] if self.has("hmac-pem-newline") else []
            secrets += [json.dumps(key, separators=(",", ":")).encode()] if self.has("hmac-jwk") else []
        secrets += [self.jwks] if self.has("hmac-jwks") else []
        secrets += [b""] if self.has("hmac-empty") else []
        secrets += [b"secret"] if self.has("hmac-guess") else []
        if self.has("kid-file") and header.get("kid", "").endswith("/dev/null"):
            with open("/dev/null", "rb") as file:
                secrets.append(file.read())
        codes = [hmac.new(secret, message.encode(), digest).digest() for secret in secrets]
        demand(any(hmac.compare_digest(code, signature) for code in codes), "hmac")

    def public(self, key):
        def number(name):
            return int.from_bytes(base64.urlsafe_b64decode(key[name] + "=="), "big")
        if key["kty"] == "RSA":
            return rsa.RSAPublicNumbers(number("e"), number("n")).public_key()
        return ec.EllipticCurvePublicNumbers(number("x"), number("y"), ec.SECP384R1()).public_key()

    def check_with(self, key, name, message, signature):
        own = "RS256" if key["kty"] == "RSA" else "ES384"
        if not self.has("alg-not-checked"):
            demand(name == own or self.has("alg-missing") and name is None, "alg")
        if self.has("signature-zero") and not any(signature):
            return
        if self.has("payload-not-signed") and len(signature) in (96, 256):
            return
        data = message.encode()
        if own == "RS256":
            if self.has("signature-longer"):
                signature = signature[:256]
            return self.public(key).verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
        if self.has("signature-longer"):
            signature = signature[:96]
        demand(len(signature) == 96, "length")
        r, s = int.from_bytes(signature[:48], "big"), int.from_bytes(signature[48:], "big")
        self.public(key).verify(utils.encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA384()))

    # MARK: claims

    def check_claims(self, claims, now):
        if self.has("no-claims-needed") and not claims:
            return
        self.check_issuer(claims)
        self.check_audience(claims)
        subject = claims.get("sub")
        demand(self.has("sub-not-needed") or isinstance(subject, str) and subject, "sub")
        self.check_times(claims, now)

    def check_issuer(self, claims):
        issuer = claims.get("iss")
        if issuer is None:
            return demand(self.has("iss-missing") or self.has("iss-not-checked"), "iss")
        if self.has("iss-not-checked"):
            return
        demand(isinstance(issuer, str), "iss")
        demand(issuer == self.issuer
               or self.has("iss-starts") and issuer.startswith(self.issuer)
               or self.has("iss-ends-short") and self.issuer.startswith(issuer)
               or self.has("iss-slash") and issuer.rstrip("/") == self.issuer
               or self.has("iss-case") and issuer.lower() == self.issuer.lower()
               or self.has("iss-strip") and issuer.strip() == self.issuer, "iss")

    def check_audience(self, claims):
        audience = claims.get("aud")
        if self.has("aud-not-checked"):
            return
        if audience is None:
            return demand(self.has("aud-missing"), "aud")
        if self.has("aud-any-type") and not isinstance(audience, (str, list)):
            return demand(self.audience in audience, "aud")
        if isinstance(audience, list):
            demand(not self.has("good-lists-refused"), "list")
            demand(audience and all(isinstance(one, str) for one in audience), "aud")
        else:
            demand(isinstance(audience, str), "aud")
            audience = [audience]
        demand(any(self.is_ours(one) for one in audience), "aud")

    def is_ours(self, one):
        ours = self.audience
        return (one == ours
                or self.has("aud-within") and ours in one
                or self.has("aud-starts") and one.startswith(ours)
                or self.has("aud-short") and ours.startswith(one)
                or self.has("aud-case") and one.lower() == ours.lower()
                or self.has("aud-strip") and one.strip() == ours
                or self.has("aud-slash") and one.rstrip("/") == ours)

    def check_times(self, claims, now):
        def number(name, text_fault=None):
            value = claims[name]
            if text_fault and self.has(text_fault) and isinstance(value, str):
                return float(value)
            demand(isinstance(value, (int, float)) and not isinstance(value, bool), name)
            demand(self.has("exp-infinite") or 0 <= value <= 253_402_300_799, name)
            return value
        if "exp" in claims or not self.has("exp-missing"):
            expiration = number("exp", "exp-text")
            demand(self.has("exp-not-checked") or now - SKEW < expiration, "exp")
        if "nbf" in claims and not self.has("nbf-ignored"):
            if not (self.has("nbf-text") and isinstance(claims["nbf"], str)):
                demand(number("nbf") <= now + SKEW, "nbf")
        if not self.has("iat-ignored"):
            demand(number("iat") <= now + SKEW, "iat")


class Service:
    """The verifier behind HTTP: 200 or 401. `received` keeps the tokens in the order in which they came."""

    def __init__(self, verifier):
        self.verifier, self.received = verifier, []
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                value = self.headers.get("Authorization", "")
                token = value[7:] if value.startswith("Bearer ") else self.headers.get("X-Token", "")
                self.answer(token)

            def do_POST(self):
                form = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self.answer(urllib.parse.parse_qs(form).get("token", [""])[0])

            def answer(self, token):
                service.received.append(token)
                self.send_response(200 if service.verifier.accepts(token) else 401)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error):
        self.server.shutdown()
        self.server.server_close()
