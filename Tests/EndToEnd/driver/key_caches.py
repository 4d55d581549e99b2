# SPDX-License-Identifier: Apache-2.0
"""Relying parties that keep an issuer's key set for a time: PyJWT's client with its own cache, joserfc with one that asks for
nothing before its time is over, and mod_auth_openidc in Apache. Each says why it refuses a token."""

import pathlib
import ssl
import time

import joserfc.errors
import joserfc.jwk
import joserfc.jwt
import jwt
import requests

from driver import apache, tokens

AUDIENCE = "https://api.example.com"


class PyJWT:
    """`PyJWKClient`, which fetches the set when it is too old, and once more for a `kid` that it does not know."""

    def __init__(self, server, issuer, age):
        self.name, self.age, self.issuer = f"PyJWKClient, {age:g} s", age, issuer
        cache = {"lifespan": age} if age else {"cache_jwk_set": False}
        self.keys = jwt.PyJWKClient(
            f"{issuer}/.well-known/jwks.json", ssl_context=ssl.create_default_context(cafile=server.ca), timeout=30, **cache)

    def refusal(self, token):
        try:
            key = self.keys.get_signing_key_from_jwt(token)
            jwt.decode(token, key.key, algorithms=["RS256", "ES384"], audience=AUDIENCE, issuer=self.issuer)
        except jwt.PyJWTError as error:
            return repr(error)
        return None


class JoseRFC:
    """joserfc with a set that is kept for `age` seconds and never fetched before, whatever a token says."""

    def __init__(self, server, issuer, age):
        self.name, self.age, self.issuer, self.server = f"joserfc, {age:g} s", age, issuer, server
        self.session = requests.Session()
        self.session.trust_env, self.session.verify = False, server.ca
        self.fetched, self.keys, self.ids = None, None, set()

    def key_set(self):
        now = time.monotonic()
        if self.fetched is None or now - self.fetched >= self.age:
            document = self.session.get(f"{self.issuer}/.well-known/jwks.json", timeout=30).json()
            self.keys = joserfc.jwk.KeySet.import_key_set(document)
            # Counted from before the fetch: a slow one makes the set no younger.
            self.fetched, self.ids = now, {key["kid"] for key in document["keys"]}
        return self.keys

    def refusal(self, token):
        try:
            # A set that lacks the key is refused by joserfc itself.
            claims = joserfc.jwt.decode(token, self.key_set(), algorithms=["RS256", "ES384"]).claims
            joserfc.jwt.JWTClaimsRegistry(
                iss={"essential": True, "value": self.issuer}, aud={"essential": True, "value": AUDIENCE},
                exp={"essential": True}).validate(claims)
        except (joserfc.errors.JoseError, ValueError) as error:
            return repr(error)
        return None


class AuthOpenIDC:
    """mod_auth_openidc, which keeps a set for five minutes at least, and fetches it for a `kid` that it does not know."""

    SITE = """\
DocumentRoot {work}/site
OIDCOAuthVerifyJwksUri {issuer}/.well-known/jwks.json
OIDCJWKSRefreshInterval 300
OIDCOAuthSSLValidateServer On
OIDCCABundlePath {ca}
OIDCOAuthRemoteUserClaim sub
OIDCCryptoPassphrase of-these-tests
<Location />
  AuthType oauth20
  <RequireAll>
    Require claim iss:{issuer}
    Require claim aud:{audience}
  </RequireAll>
</Location>
"""
    MODULES = {
        "mpm_event_module": "mod_mpm_event", "authz_core_module": "mod_authz_core", "authn_core_module": "mod_authn_core",
        "authz_user_module": "mod_authz_user", "dir_module": "mod_dir", "auth_openidc_module": "mod_auth_openidc"}
    missing = None if (apache.MODULES / "mod_auth_openidc.so").exists() else "libapache2-mod-auth-openidc is not installed"

    def __init__(self, server, issuer, work, port):
        self.name, self.age, self.work = "mod_auth_openidc, 300 s", 300, pathlib.Path(work)
        self.url = f"http://127.0.0.1:{port}/"
        (self.work / "site").mkdir()
        (self.work / "site" / "index.html").write_text("inside\n")
        # The server of Apache reads it without privileges.
        (self.work / "ca.pem").write_bytes(pathlib.Path(server.ca).read_bytes())
        site = self.work / "site.conf"
        site.write_text(self.SITE.format(work=self.work, issuer=issuer, ca=self.work / "ca.pem", audience=AUDIENCE))
        self.daemon = apache.apache(self.work, port, self.MODULES, site, "DirectoryIndex index.html")
        self.session = requests.Session()
        self.session.trust_env = False

    def __enter__(self):
        self.daemon.__enter__()
        return self

    def __exit__(self, *error):
        self.daemon.__exit__(*error)

    def refusal(self, token):
        answer = self.session.get(self.url, headers={"Authorization": f"Bearer {token}"}, timeout=30)
        if answer.status_code == 200 and answer.text == "inside\n":
            return None
        return f"{answer.status_code} {answer.headers.get('WWW-Authenticate')}"


def key_id(token):
    return tokens.header_of(token)["kid"]
