# SPDX-License-Identifier: Apache-2.0
"""Tokens as a stranger reads them: the raw JSON with its order kept, and two judges that nobody here wrote."""

import base64
import json
import ssl

import joserfc.jwk
import joserfc.jwt
import jwt
import requests

NAMESPACE = "https://sts.amazonaws.com/"


def decode64(text):
    """Base64url without padding, canonical only."""
    value = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    assert base64.urlsafe_b64encode(value).rstrip(b"=").decode() == text, "not canonical base64url"
    return value


def raw_parts(token):
    """Header and payload as the bytes that were signed, and the signature."""
    header, payload, signature = token.split(".")
    return decode64(header), decode64(payload), decode64(signature)


def ordered(data):
    """A JSON object as its names in order; a duplicate name fails."""
    def pairs(members):
        names = [name for name, _ in members]
        assert len(names) == len(set(names)), f"duplicate names: {names}"
        return dict(members)
    return json.loads(data.decode("utf-8", "strict"), object_pairs_hook=pairs)


def header_of(token):
    return ordered(raw_parts(token)[0])


def claims_of(token):
    return ordered(raw_parts(token)[1])


def get(server, url, **options):
    """A GET that trusts the server's CA and nothing else of this machine."""
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, verify=server.ca or False, timeout=60, **options)


def verify_with_pyjwt(server, token, audience, issuer):
    """PyJWT, from the issuer's URL alone: discovery, JWK set, signature, issuer, audience, time."""
    trust = ssl.create_default_context(cafile=server.ca)
    discovery = get(server, issuer + "/.well-known/openid-configuration").json()
    assert discovery["issuer"] == issuer
    key = jwt.PyJWKClient(discovery["jwks_uri"], ssl_context=trust).get_signing_key_from_jwt(token)
    return jwt.decode(
        token, key.key, algorithms=discovery["id_token_signing_alg_values_supported"], audience=audience,
        issuer=issuer, options={"require": ["iss", "sub", "aud", "iat", "exp", "jti"]},
    )


def verify_with_joserfc(server, token, audience, issuer):
    """joserfc, from the JWK set."""
    keys = joserfc.jwk.KeySet.import_key_set(get(server, issuer + "/.well-known/jwks.json").json())
    decoded = joserfc.jwt.decode(token, keys, algorithms=["RS256", "ES384"])
    joserfc.jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": audience},
        exp={"essential": True},
    ).validate(decoded.claims)
    return decoded.claims
