# SPDX-License-Identifier: Apache-2.0
"""Discovery document and JWK set: contract §3, and the HTTP that makes them cacheable."""

import base64
import hashlib
import json
import re
import socket

import joserfc.jwk
import pytest

from driver import server as servers, tokens, wire

DISCOVERY, JWKS = "/.well-known/openid-configuration", "/.well-known/jwks.json"
BOTH = pytest.mark.parametrize("name", [DISCOVERY, JWKS])


def test_discovery_has_the_six_members_of_aws(server, issuer):
    document = tokens.get(server, issuer + DISCOVERY)
    assert document.status_code == 200
    assert tokens.ordered(document.content) == {
        "issuer": issuer,
        "jwks_uri": issuer + JWKS,
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES384"],
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "jti", tokens.NAMESPACE],
    }


def test_the_jwk_set_holds_two_public_keys_and_nothing_else(server, issuer):
    document = tokens.ordered(tokens.get(server, issuer + JWKS).content)
    assert list(document) == ["keys"]
    keys = {key["alg"]: key for key in document["keys"]}
    assert set(keys) == {"RS256", "ES384"} and len(document["keys"]) == 2
    assert set(keys["RS256"]) == {"kty", "use", "alg", "kid", "e", "n"}
    assert set(keys["ES384"]) == {"kty", "use", "alg", "crv", "kid", "x", "y"}
    assert (keys["RS256"]["kty"], keys["RS256"]["use"], keys["RS256"]["e"]) == ("RSA", "sig", "AQAB")
    assert (keys["ES384"]["kty"], keys["ES384"]["use"], keys["ES384"]["crv"]) == ("EC", "sig", "P-384")
    modulus = tokens.decode64(keys["RS256"]["n"])
    assert len(modulus) == 256 and modulus[0] & 0x80
    assert len(tokens.decode64(keys["ES384"]["x"])) == len(tokens.decode64(keys["ES384"]["y"])) == 48


def test_kid_is_the_thumbprint_of_rfc_7638(server, issuer):
    members = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y")}
    for key in tokens.get(server, issuer + JWKS).json()["keys"]:
        text = json.dumps({name: key[name] for name in members[key["kty"]]}, separators=(",", ":"), sort_keys=True)
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        assert key["kid"] == digest == joserfc.jwk.import_key(key).thumbprint()


@BOTH
def test_caches_and_browsers_are_told_what_they_may_do(server, issuer, name):
    first = tokens.get(server, issuer + name)
    assert first.headers["Content-Type"].split(";")[0] == "application/json"
    assert first.headers["Cache-Control"] == "public, max-age=300"
    assert first.headers["Access-Control-Allow-Origin"] == "*"
    assert first.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in first.headers
    assert re.fullmatch(r'"[\x21\x23-\x7e]+"', first.headers["ETag"])
    assert int(first.headers["Content-Length"]) == len(first.content)


@BOTH
def test_an_unchanged_document_is_not_sent_again(server, issuer, name):
    etag = tokens.get(server, issuer + name).headers["ETag"]
    for condition in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        again = tokens.get(server, issuer + name, headers={"If-None-Match": condition})
        assert (again.status_code, again.content) == (304, b""), condition
        assert again.headers["ETag"] == etag and again.headers["Cache-Control"] == "public, max-age=300"
    assert tokens.get(server, issuer + name, headers={"If-None-Match": '"other"'}).status_code == 200


@BOTH
@pytest.mark.parametrize("headers", [
    {"Host": "evil.example"}, {"X-Forwarded-Host": "evil.example"}, {"X-Forwarded-Proto": "http"},
    {"Forwarded": "host=evil.example;proto=http"}, {"X-Forwarded-Prefix": "/evil"}, {"X-Original-URL": "/evil"}])
def test_no_header_changes_a_byte(server, issuer, name, headers):
    honest = tokens.get(server, issuer + name)
    other = tokens.get(server, issuer + name, headers=headers)
    assert other.status_code in ((200, 421) if "Host" in headers else (200,))
    assert b"evil" not in other.content
    if other.status_code == 200:
        assert (other.content, other.headers["ETag"]) == (honest.content, honest.headers["ETag"])


@BOTH
def test_an_absolute_request_target_changes_nothing(plain, name):
    issuer = wire.call(plain, "GetOutboundWebIdentityFederationInfo", "iam").text("IssuerIdentifier")
    path = issuer.removeprefix(servers.PUBLIC_URL) + name
    answer = wire.raw(plain, f"GET http://evil.example{path} HTTP/1.1\r\nHost: evil.example\r\n"
                             "Connection: close\r\n\r\n".encode())
    assert b"://evil.example" not in answer.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_documents_are_only_read(server, issuer, method):
    assert 400 <= wire.send(server, method, issuer + DISCOVERY).status < 500


@pytest.mark.parametrize("path", [
    "/00000000-0000-4000-8000-000000000000/.well-known/jwks.json", "/.well-known/jwks.json",
    "/.well-known/openid-configuration", "/x/.well-known/jwks.json"])
def test_an_unknown_issuer_is_not_found(server, path):
    assert tokens.get(server, server.url + path).status_code == 404


def test_a_path_that_only_resembles_a_document_is_not_one(server, issuer):
    for name in ("/.well-known/jwks.json/", "/.well-known/jwks.JSON", "/.well-known/", "/.well-known/jwks.json%00",
                 "//.well-known/jwks.json"):
        assert wire.send(server, "GET", issuer + name).status in (400, 404), name


def test_subdomain_style_gives_each_issuer_a_host_of_its_own(tmp_path, enable):
    with servers.serve_plain(tmp_path, "--issuer-style", "subdomain") as running:
        issuer = enable(running)
        found = re.fullmatch(r"https://([0-9a-f-]{36})\.tokens\.exeat\.example", issuer)
        assert found, issuer
        host = issuer.removeprefix("https://")
        discovery = tokens.get(running, running.url + DISCOVERY, headers={"Host": host})
        assert discovery.json()["issuer"] == issuer and discovery.json()["jwks_uri"] == issuer + JWKS
        assert len(tokens.get(running, running.url + JWKS, headers={"Host": host}).json()["keys"]) == 2
        assert tokens.claims_of(wire.token(running))["iss"] == issuer
        other = host.replace(found.group(1), "00000000-0000-4000-8000-000000000000")
        assert tokens.get(running, running.url + JWKS, headers={"Host": other}).status_code in (404, 421)
        assert tokens.get(running, running.url + JWKS, headers={"Host": "exeat.example"}).status_code in (404, 421)


def test_subdomain_style_verifies_over_tls_with_one_wildcard_certificate(tmp_path, enable, monkeypatch):
    with servers.serve_tls(tmp_path, "--issuer-style", "subdomain") as running:
        issuer = enable(running)
        assert re.fullmatch(rf"https://[0-9a-f-]{{36}}\.tokens\.localhost(:{running.port})?", issuer), issuer
        lookup = socket.getaddrinfo

        def resolve(host, port, *rest, **options):
            if isinstance(host, str) and host.endswith(".tokens.localhost"):
                host, port = "127.0.0.1", running.port
            return lookup(host, port, *rest, **options)

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        claims = tokens.verify_with_pyjwt(running, wire.token(running, Audience=["a"]), "a", issuer)
        assert claims["iss"] == issuer
