# SPDX-License-Identifier: Apache-2.0
"""The other sides on loopback, over TLS: Entra ID, Google Cloud, Vault, Databricks and plain OAuth servers, each with the
answers of its service. They verify what they are shown by the issuer's JWK set, with a library that nobody here wrote."""

import base64
import http.server
import ipaddress
import json
import ssl
import threading
import time
import urllib.parse

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from driver.provider import certificate, pem

TENANT = "11111111-2222-3333-4444-555555555555"
PROVIDER = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/v"
ACCOUNT = "sa@project.iam.gserviceaccount.com"
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
GRANTS = "urn:ietf:params:oauth:grant-type:"


class Refused(Exception):
    """An answer that is none of the good ones."""

    def __init__(self, status, body, headers=()):
        super().__init__(status, body)
        self.status, self.body, self.headers = status, body, dict(headers)


def entra_error(error, number, words):
    return Refused(400 if error == "invalid_request" else 401, {
        "error": error, "error_description": f"AADSTS{number}: {words} Trace ID: 1\r\nCorrelation ID: 2\r\nTimestamp: 3",
        "error_codes": [number], "timestamp": "2026-01-01 00:00:00Z", "trace_id": "1", "correlation_id": "2"})


class Authorities:
    """All of them at one address; runs for as long as its block."""

    def __init__(self, work, issuer, issuer_ca):
        self.issuer = issuer
        self.keys = jwt.PyJWKClient(
            f"{issuer}/.well-known/jwks.json", ssl_context=ssl.create_default_context(cafile=issuer_ca))
        authority, authority_key, authority_name = certificate("the other side's authority")
        own, own_key, _ = certificate("localhost", authority_name, authority_key, [
            x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        work.mkdir(parents=True, exist_ok=True)
        self.ca, chain = work / "other-ca.pem", work / "other.pem"
        self.ca.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
        chain.write_bytes(own.public_bytes(serialization.Encoding.PEM) + pem(own_key))
        # What was asked: (path, fields, headers). What comes before any judgement: a list of `Refused` to use up.
        self.requests, self.faults = [], []
        # What the next good answer is changed to.
        self.bend = lambda body: body
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self, status, body, headers=()):
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                for name, value in dict(headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def do_GET(self):
                body = outer.document(self.path)
                self.answer(200 if body else 404, body or {})

            def do_POST(self):
                data = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                is_json = "json" in self.headers.get("Content-Type", "")
                fields = json.loads(data) if is_json else urllib.parse.parse_qs(data, keep_blank_values=True)
                outer.requests.append((self.path, fields, dict(self.headers)))
                try:
                    if outer.faults:
                        raise outer.faults.pop(0)
                    self.answer(200, outer.bend(outer.judge(self.path, fields, self.headers)))
                except Refused as refused:
                    self.answer(refused.status, refused.body, refused.headers)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"https://localhost:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    # MARK: what they hold

    def claims(self, token, audience):
        return jwt.decode(
            token, self.keys.get_signing_key_from_jwt(token).key, algorithms=["RS256", "ES384"], audience=audience,
            issuer=self.issuer, options={"require": ["exp", "iat", "sub", "aud"]})

    def document(self, path):
        if path == "/.well-known/databricks-config":
            return {"oidc_endpoint": f"{self.url}/oidc", "account_id": "acc", "workspace_id": "1", "cloud": "AWS"}
        if path == "/oidc/.well-known/oauth-authorization-server":
            return {"issuer": f"{self.url}/oidc", "token_endpoint": f"{self.url}/oidc/v1/token",
                    "authorization_endpoint": f"{self.url}/oidc/v1/authorize"}
        if path.endswith("/v2.0/.well-known/openid-configuration"):
            tenant = f"{self.url}/{path.split('/')[1]}"
            return {"issuer": f"{tenant}/v2.0", "token_endpoint": f"{tenant}/oauth2/v2.0/token",
                    "authorization_endpoint": f"{tenant}/oauth2/v2.0/authorize", "jwks_uri": f"{tenant}/keys",
                    "device_authorization_endpoint": f"{tenant}/oauth2/v2.0/devicecode"}
        return None

    # MARK: how they judge

    def judge(self, path, fields, headers):
        if path == f"/{TENANT}/oauth2/v2.0/token":
            return self.entra({name: values[0] for name, values in fields.items()})
        if path == "/v1/token":
            return self.google(fields if isinstance(next(iter(fields.values())), str) else
                               {name: values[0] for name, values in fields.items()})
        if path == f"/v1/projects/-/serviceAccounts/{ACCOUNT}:generateAccessToken" or \
                urllib.parse.unquote(path).endswith(f"/{ACCOUNT}:generateAccessToken"):
            return self.impersonation(fields, headers)
        if path.startswith("/v1/auth/"):
            return self.vault(path, fields, headers)
        if path in ("/oauth/token", "/oidc/v1/token"):
            return self.oauth(fields, headers)
        if path == "/aws/":
            return self.aws_saml({name: values[0] for name, values in fields.items()})
        raise Refused(404, {"errors": []})

    def entra(self, form):
        assert form["client_assertion_type"] == JWT_BEARER and form["grant_type"] == "client_credentials", form
        token = form["client_assertion"]
        algorithm = jwt.get_unverified_header(token)["alg"]
        if algorithm != "RS256":
            raise entra_error("invalid_request", 5002738,
                              f"Invalid JWT token. '{algorithm}' is not a supported signature algorithm.")
        try:
            claims = self.claims(token, "api://AzureADTokenExchange")
        except jwt.InvalidAudienceError:
            raise entra_error("invalid_client", 700212,
                              "No matching federated identity record found for presented assertion audience.") from None
        except jwt.InvalidTokenError as error:
            raise entra_error("invalid_client", 700024, str(error)) from None
        if form["client_id"] != "client":
            raise entra_error("invalid_client", 700213,
                              f"No matching federated identity record found for presented assertion subject '{claims['sub']}'.")
        return {"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": f"entra.{form['scope']}"}

    def google(self, form):
        assert form["grant_type"] == f"{GRANTS}token-exchange", form
        assert form["subject_token_type"] == "urn:ietf:params:oauth:token-type:jwt", form
        if form["audience"] != PROVIDER:
            raise Refused(400, {"error": "invalid_target", "error_description":
                                'The target service indicated by the "audience" parameters is invalid.'})
        try:
            claims = self.claims(form["subject_token"], [PROVIDER, f"https:{PROVIDER}"])
        except jwt.InvalidTokenError as error:
            raise Refused(400, {"error": "invalid_grant", "error_description": str(error)}) from None
        if "reject" in claims["sub"]:
            raise Refused(401, {"error": "unauthorized_client", "error_description":
                                "The given credential is rejected by the attribute condition."})
        return {"access_token": "google-federated", "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
                "token_type": "Bearer", "expires_in": 3600}

    def impersonation(self, fields, headers):
        if headers["Authorization"] != "Bearer google-federated":
            raise Refused(403, {"error": {"code": 403, "status": "PERMISSION_DENIED", "message":
                                          "Permission 'iam.serviceAccounts.getAccessToken' denied on resource"}})
        seconds = int(fields.get("lifetime", "3600s").rstrip("s"))
        return {"accessToken": "google-account." + "+".join(fields["scope"]).rsplit("/", 1)[-1],
                "expireTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))}

    def vault(self, path, fields, headers):
        mount = path.removeprefix("/v1/auth/").removesuffix("/login")
        if mount not in ("jwt", "team/jwt"):
            raise Refused(403, {"errors": ["permission denied"]})
        if fields.get("role", "default") not in ("default", "app"):
            raise Refused(400, {"errors": [f'role "{fields["role"]}" could not be found']})
        try:
            claims = self.claims(fields["jwt"], "https://vault.example")
        except jwt.InvalidAudienceError:
            raise Refused(400, {"errors": ["error validating token: invalid audience (aud) claim: audience claim does not "
                                           "match any expected audience"]}) from None
        except jwt.InvalidTokenError as error:
            raise Refused(400, {"errors": [f"error validating token: {error} in {fields['jwt']}"]}) from None
        return {"request_id": "r", "lease_id": "", "renewable": False, "lease_duration": 0, "data": None, "wrap_info": None,
                "warnings": None, "auth": {
                    "client_token": f"hvs.{headers.get('X-Vault-Namespace', 'root')}.{mount}", "accessor": "a",
                    "policies": ["default"], "token_policies": ["default"], "metadata": {"role": "app"},
                    "lease_duration": 0 if claims["sub"].endswith("endless") else 2764800, "renewable": True,
                    "entity_id": "e", "token_type": "service", "orphan": True}}

    def oauth(self, form, headers):
        client = form.get("client_id", [None])[0]
        if headers.get("Authorization", "").startswith("Basic "):
            pair = base64.b64decode(headers["Authorization"][6:]).decode()
            client, secret = (urllib.parse.unquote(part) for part in pair.split(":"))
            if secret != "s3cr%t:":
                raise Refused(401, {"error": "invalid_client"})
        elif "client_secret" in form and form["client_secret"] != ["s3cr%t:"]:
            raise Refused(401, {"error": "invalid_client"})
        grant = form["grant_type"][0].removeprefix(GRANTS)
        if grant == "saml2-bearer":
            token = base64.urlsafe_b64decode(form["assertion"][0] + "==").decode()
            assert "=" not in form["assertion"][0] and token.startswith("<saml:Assertion "), token
            return {"access_token": "saml-token", "token_type": "Bearer", "expires_in": 60}
        token = form["subject_token" if grant == "token-exchange" else "assertion"][0]
        try:
            claims = self.claims(token, [f"{self.url}/oauth/token", "databricks"])
        except jwt.InvalidTokenError as error:
            raise Refused(400, {"error": "invalid_grant", "error_description": f"{error}: {token}"}) from None
        answer = {"access_token": "oauth-token", "token_type": "Bearer", "expires_in": 3600,
                  "scope": form.get("scope", [""])[0]}
        if grant == "token-exchange":
            answer["issued_token_type"] = form.get("requested_token_type", ["urn:ietf:params:oauth:token-type:access_token"])[0]
        return answer | ({"client": client} if client else {}) | {"sub": claims["sub"]}

    def aws_saml(self, form):
        """AssumeRoleWithSAML, of which a response of the issuer is all that is looked at."""
        assert form["Action"] == "AssumeRoleWithSAML" and form["Version"] == "2011-06-15", form
        response = base64.b64decode(form["SAMLAssertion"], validate=True)
        if form["PrincipalArn"].endswith("/closed"):
            raise Refused(403, b"<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>Not authorized to "
                               b"perform sts:AssumeRoleWithSAML</Message></Error><RequestId>r</RequestId></ErrorResponse>")
        assert b"Response" in response[:200] and self.issuer.encode() in response
        end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + int(form.get("DurationSeconds", 3600))))
        return (f"<AssumeRoleWithSAMLResponse><AssumeRoleWithSAMLResult><Credentials><AccessKeyId>ASIASAML</AccessKeyId>"
                f"<SecretAccessKey>secret/+'</SecretAccessKey><SessionToken>token==</SessionToken><Expiration>{end}</Expiration>"
                f"</Credentials></AssumeRoleWithSAMLResult></AssumeRoleWithSAMLResponse>").encode()
