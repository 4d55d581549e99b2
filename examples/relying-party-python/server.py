# SPDX-License-Identifier: Apache-2.0
"""A service that accepts tokens, with PyJWT and nothing else: `GET /whoami` answers with what the caller's token says.

Passes `exeat rp-test`: PyJWT checks signature, issuer, audience and times; what it lets through is checked beside it and
marked so. Settings come from the environment: ISSUER, AUDIENCE, and for development CA_FILE and PORT."""

import base64
import http.server
import json
import os
import re
import ssl
import urllib.request

import jwt

ISSUER, AUDIENCE = os.environ["ISSUER"], os.environ["AUDIENCE"]
TLS = ssl.create_default_context(cafile=os.environ.get("CA_FILE"))
TOKEN = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
# The issuer's, and where its keys are: over TLS, but on this machine.
ADDRESS = re.compile(r"https://.+|http://(localhost|127\.0\.0\.1)(:[0-9]+)?(/.*)?")
LIMIT = 16_384  # bytes; before anything is decoded
SKEW = 60  # seconds


def discovered(issuer):
    """The address of the issuer's keys: asked once, of the issuer that is configured and never of one that a token names."""
    with urllib.request.urlopen(f"{issuer}/.well-known/openid-configuration", timeout=10, context=TLS) as answer:
        document = json.load(answer)
    if document["issuer"] != issuer:
        raise SystemExit(f"{issuer} calls itself {document['issuer']}")
    if not (ADDRESS.fullmatch(issuer) and ADDRESS.fullmatch(document["jwks_uri"])):
        raise SystemExit(f"{issuer} or its keys are not behind TLS")
    return document["jwks_uri"]


# Keeps the set for five minutes, and fetches it again for a `kid` that it does not know: PyJWT 2.15 no sooner than 30 s after
# the last fetch. Everybody waits for a fetch, so it must not last.
KEYS = jwt.PyJWKClient(discovered(ISSUER), lifespan=300, timeout=5, ssl_context=TLS)


class Refused(Exception):
    """The token is not acceptable."""


def demand(truth, why):
    if not truth:
        raise Refused(why)


def strict(part):
    """A part of a token as an object. Not PyJWT's: it takes padding, trailing bits, names that stand twice, and NaN."""
    octets = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    demand(base64.urlsafe_b64encode(octets).rstrip(b"=").decode() == part, "base64url")

    def once(members):
        demand(len({name for name, _ in members}) == len(members), "a name stands twice")
        return dict(members)

    def no_constant(name):
        raise Refused(name)

    value = json.loads(octets.decode("utf-8"), object_pairs_hook=once, parse_constant=no_constant)
    demand(isinstance(value, dict), "no object")
    return value


def verified(token):
    """The claims of a token that is acceptable; raises for any other."""
    demand(len(token) <= LIMIT and TOKEN.fullmatch(token), "no token")
    header, claims, signature = token.split(".")
    demand(base64.urlsafe_b64encode(base64.urlsafe_b64decode(signature + "==")).rstrip(b"=").decode() == signature, "base64url")
    header, claims = strict(header), strict(claims)
    # Not PyJWT's: a token of another kind, and extensions that change how it is read.
    demand(str(header.get("typ", "JWT")).lower() in ("jwt", "application/jwt"), "typ")
    demand(not {"crit", "b64", "cty"} & set(header), "an extension")
    demand(isinstance(header.get("kid"), str), "kid")
    key = KEYS.get_signing_key(header["kid"])
    # Of the key, not of the token: nobody else says how it signs.
    found = jwt.decode(
        token, key, algorithms=[key.algorithm_name], issuer=ISSUER, audience=AUDIENCE, leeway=SKEW,
        options={"require": ["iss", "aud", "sub", "exp", "iat"]})
    # Not PyJWT's: times that are text or beyond the calendar, and a subject that is empty.
    for name in ("exp", "iat", "nbf"):
        time = claims.get(name, 0)
        demand(type(time) in (int, float) and 0 <= time <= 253_402_300_799, name)
    demand(found["sub"], "sub")
    return found


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        try:
            demand(kind.lower() == "bearer", "no token")
            self.answer(200, {"sub": verified(token)["sub"]})
        except jwt.PyJWKClientConnectionError:
            self.answer(503, {"error": "the issuer's keys cannot be had"})
        except (Refused, jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
            # Why is nobody's business but the log's.
            self.answer(401, {"error": "invalid_token"}, [("WWW-Authenticate", 'Bearer error="invalid_token"')])

    def answer(self, status, value, headers=()):
        body = json.dumps(value).encode()
        self.send_response(status)
        for name, text in [*headers, ("Content-Type", "application/json"), ("Content-Length", str(len(body)))]:
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


if __name__ == "__main__":
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8080"))), Handler)
    print(f"listening on http://127.0.0.1:{server.server_port}/whoami", flush=True)
    server.serve_forever()
