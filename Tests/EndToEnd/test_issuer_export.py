# SPDX-License-Identifier: Apache-2.0
"""`exeat issuer`: PyJWT verifies tokens from a folder on nginx and from a bucket while the server is stopped; a copy that is
stale is found; bad input changes nothing."""

import hashlib
import json
import pathlib
import re
import shutil
import subprocess
import urllib.parse

import cryptography.hazmat.primitives.asymmetric.ec
import cryptography.hazmat.primitives.serialization
import cryptography.x509
import jwt
import pytest

from driver import apache, auditor, buckets, saml_messages, server as servers, tokens, web_host, wire
from driver.server import exeat

AUDIENCE = "https://api.example.com"
JWKS, DISCOVERY, METADATA = ".well-known/jwks.json", ".well-known/openid-configuration", "saml/metadata"


class Exported:
    """A server with tokens and SAML metadata, an export of it, and then no server."""

    def __init__(self, work):
        self.server = servers.serve_tls(work)
        self.work, self.folder = work, work / "out"
        with self.server:
            wire.call(self.server, "EnableOutboundWebIdentityFederation", "iam")
            self.issuer = wire.call(
                self.server, "GetOutboundWebIdentityFederationInfo", "iam").text("IssuerIdentifier")
            saml_messages.Issuer(self.server, self.issuer).configure(
                TargetService="https://sp.example/acs", Audience="https://sp.example", SigningAlgorithm="RSA-SHA256")
            self.tokens = {
                algorithm: wire.token(self.server, Audience=[AUDIENCE], SigningAlgorithm=algorithm)
                for algorithm in ("RS256", "ES384")}
            self.served = {
                name: tokens.get(self.server, f"{self.issuer}/{name}") for name in (JWKS, DISCOVERY, METADATA)}
            # Both ways beside the running server.
            self.done = self.export("--dir", self.folder)
            self.fetched = exeat(
                "issuer", "export", "--issuer", self.issuer, "--ca-file", self.server.ca, "--dir", work / "fetched")
            wire.call(self.server, "EnableOutboundTokenStatus", "iam")
            self.listed_token = wire.token(self.server, Audience=[AUDIENCE])
            self.listed = exeat(
                "issuer", "export", "--issuer", self.issuer, "--ca-file", self.server.ca, "--dir", work / "listed")
            self.checked = exeat("issuer", "check", self.folder, "--issuer", self.issuer, "--ca-file", self.server.ca)

    def source(self, account=servers.ACCOUNT):
        return ["--data-dir", self.server.data_dir, "--account", account]

    def export(self, *arguments, **options):
        return exeat("issuer", "export", *self.source(), *arguments, **options)

    def check(self, copy, *arguments):
        return exeat("issuer", "check", copy, *self.source(), *arguments)

    @property
    def issuer_id(self):
        return urllib.parse.urlsplit(self.issuer).path.strip("/")


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    made = Exported(tmp_path_factory.mktemp("exported"))
    assert made.done.returncode == 0, made.done.stderr
    return made


@pytest.fixture(scope="module")
def host(exported):
    """nginx where the server was, with the exported folder and the server's own certificate."""
    with apache.folder() as work:
        shutil.copytree(exported.folder, work / "issuer")
        shutil.copytree(exported.work / "listed" / "status", work / "issuer" / "status")
        tls = exported.server.data_dir / "tls"
        for name in ("server.pem", "server-key.pem"):
            shutil.copy(tls / name, work / name)
        with web_host.nginx(work, exported.server.port, exported.issuer_id, work / "issuer", work / "server.pem",
                            work / "server-key.pem"):
            yield


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in pathlib.Path(folder).rglob("*") if path.is_file())


# MARK: what is exported


def test_the_folder_holds_what_the_server_serves(exported):
    assert files(exported.folder) == [JWKS, DISCOVERY, METADATA]
    for name in (JWKS, DISCOVERY):
        assert (exported.folder / name).read_bytes() == exported.served[name].content
    # Signed anew: the same keys, another document.
    metadata = saml_messages.parse((exported.folder / METADATA).read_bytes())
    served = saml_messages.parse(exported.served[METADATA].content)
    assert metadata.get("entityID") == served.get("entityID") == f"{exported.issuer}/saml/metadata"
    certificates = [
        [element.text for element in root.iter("{%s}X509Certificate" % saml_messages.DS)] for root in (metadata, served)]
    assert certificates[0] == certificates[1] != []


def test_the_command_says_what_it_wrote_and_until_when_it_is_good(exported):
    lines = exported.done.stdout.splitlines()
    assert [line for line in lines if line.startswith("wrote ")] == [
        f"wrote {name}" for name in (JWKS, DISCOVERY, METADATA)]
    assert "serve saml/metadata as application/samlmetadata+xml" in lines
    assert any("successor" in line for line in lines)
    metadata = saml_messages.parse((exported.folder / METADATA).read_bytes())
    assert f"the SAML metadata is valid until {metadata.get('validUntil')}: export again before" in lines


def test_from_a_url_the_documents_are_taken_as_they_are_served(exported):
    assert exported.fetched.returncode == 0, exported.fetched.stderr
    for name in (JWKS, DISCOVERY, METADATA):
        assert (exported.work / "fetched" / name).read_bytes() == exported.served[name].content


@pytest.mark.parametrize("algorithm", ["RS256", "ES384"])
def test_pyjwt_verifies_from_the_web_host_while_the_server_is_stopped(exported, host, algorithm):
    claims = tokens.verify_with_pyjwt(exported.server, exported.tokens[algorithm], AUDIENCE, exported.issuer)
    assert claims["sub"] == f"arn:aws:iam::{servers.ACCOUNT}:root"
    document = tokens.get(exported.server, f"{exported.issuer}/{METADATA}")
    assert document.headers["Content-Type"] == "application/samlmetadata+xml"
    for name in (JWKS, DISCOVERY):
        headers = tokens.get(exported.server, f"{exported.issuer}/{name}").headers
        for field in ("Content-Type", "Cache-Control", "Access-Control-Allow-Origin", "X-Content-Type-Options"):
            assert headers[field] == exported.served[name].headers[field], (name, field)


def test_status_lists_are_taken_from_the_server_and_read_from_the_web_host(exported, host, tmp_path):
    assert exported.listed.returncode == 0, exported.listed.stderr
    uri = tokens.claims_of(exported.listed_token)["status"]["status_list"]["uri"]
    number = uri.rsplit("/", 1)[1]
    assert files(exported.work / "listed") == [JWKS, DISCOVERY, METADATA, f"status/{number}", "status/index.json"]
    answer = tokens.get(exported.server, uri)
    assert answer.headers["Content-Type"] == "application/statuslist+jwt"
    key = jwt.PyJWKSet.from_json(exported.served[JWKS].text)[jwt.get_unverified_header(answer.text)["kid"]]
    assert jwt.decode(answer.text, key.key, algorithms=["ES384"])["sub"] == uri
    names = tokens.get(exported.server, f"{exported.issuer}/status")
    assert names.headers["Content-Type"] == "application/json" and uri in names.json()["status_lists"]
    # The store alone has no fresh list, and says so; discovery names them all the same, as the server's does.
    done = exported.export("--dir", tmp_path / "out")
    assert done.returncode == 0 and "left out: the status lists" in done.stderr
    assert (tmp_path / "out" / DISCOVERY).read_bytes() == (exported.work / "listed" / DISCOVERY).read_bytes()


def test_the_key_set_alone_is_printed_or_written(exported, tmp_path):
    printed = exported.export("--jwks-only")
    assert printed.returncode == 0 and printed.stdout.encode() == exported.served[JWKS].content + b"\n"
    assert "successor" in printed.stderr
    assert exported.export("--jwks-only", "--dir", tmp_path / "alone").returncode == 0
    assert files(tmp_path / "alone") == [JWKS]


def test_the_report_as_json(exported, tmp_path):
    report = json.loads(exported.export("--dir", tmp_path / "out", "--json").stdout)
    assert report["issuer"] == exported.issuer
    assert [file["path"] for file in report["files"]] == [JWKS, DISCOVERY, METADATA]
    assert {key["signingAlgorithm"] for key in report["keys"]} == {"RS256", "ES384"}


# MARK: certificates


def test_x5c_is_a_certificate_of_the_rsa_key_with_the_fingerprint_that_is_printed(exported):
    done = exported.export("--jwks-only", "--x5c")
    assert done.returncode == 0, done.stderr
    (rsa,) = [key for key in json.loads(done.stdout)["keys"] if key["kty"] == "RSA"]
    (elliptic,) = [key for key in json.loads(done.stdout)["keys"] if key["kty"] == "EC"]
    assert "x5c" not in elliptic
    (certificate,) = [
        cryptography.x509.load_der_x509_certificate(
            subprocess.run(["base64", "-d"], input=text.encode(), capture_output=True, check=True).stdout)
        for text in rsa["x5c"]]
    numbers = certificate.public_key().public_numbers()
    assert numbers == jwt.PyJWK(rsa).key.public_numbers()
    certificate.verify_directly_issued_by(certificate)
    der = certificate.public_bytes(cryptography.hazmat.primitives.serialization.Encoding.DER)
    fingerprint = hashlib.sha1(der).hexdigest().upper()
    assert f"certificate of {rsa['kid']}: SHA-1 {fingerprint}" in done.stderr.splitlines()
    assert exported.export("--jwks-only", "--x5c").stdout == done.stdout
    assert "x5c" not in exported.export("--jwks-only", "--no-x5c").stdout


# MARK: a bucket


@pytest.fixture(scope="module")
def s3():
    with buckets.Buckets() as running:
        running.s3.create_bucket(Bucket="issuers")
        yield running


def test_objects_have_the_type_and_caching_of_the_documents(exported, s3):
    done = exported.export(
        "--bucket", "s3://issuers/one/", environment=buckets.KEYS | {"AWS_ENDPOINT_URL_S3": s3.url})
    assert done.returncode == 0, done.stderr
    assert sorted(s3.keys("issuers")) == [f"one/{name}" for name in (JWKS, DISCOVERY, METADATA)]
    for name in (JWKS, DISCOVERY, METADATA):
        head = s3.s3.head_object(Bucket="issuers", Key=f"one/{name}")
        served = exported.served[name].headers
        assert (head["ContentType"], head["CacheControl"]) == (served["Content-Type"], served["Cache-Control"])
    assert s3.read("issuers", f"one/{JWKS}") == exported.served[JWKS].content
    keys = jwt.PyJWKSet.from_json(s3.read("issuers", f"one/{JWKS}").decode())
    key = keys[jwt.get_unverified_header(exported.tokens["RS256"])["kid"]]
    assert jwt.decode(exported.tokens["RS256"], key.key, algorithms=["RS256"], audience=AUDIENCE)


def test_a_bucket_that_refuses_or_is_not_there_is_named(exported, s3):
    options = ["--endpoint-url", s3.url]
    done = exported.export("--bucket", "s3://nobodys", *options, environment=buckets.KEYS)
    assert done.returncode == 1 and "s3://nobodys/.well-known/jwks.json: refused with status 404" in done.stderr
    gone = exported.export(
        "--bucket", "s3://issuers", "--endpoint-url", f"http://127.0.0.1:{servers.free_port()}", environment=buckets.KEYS)
    assert gone.returncode == 1 and "connection refused" in gone.stderr
    poor = exported.export("--bucket", "s3://issuers", *options, environment={"HOME": "/nonexistent"})
    assert poor.returncode == 1 and "no credentials were found" in poor.stderr


# MARK: stale copies


def test_a_fresh_copy_is_good(exported):
    assert exported.checked.returncode == 0, exported.checked.stdout + exported.checked.stderr
    for copy in (exported.folder, exported.folder / JWKS):
        done = exported.check(copy)
        assert (done.returncode, done.stdout) == (0, "good for 7d\n"), done.stderr
    report = json.loads(exported.check(exported.folder, "--json").stdout)
    assert report == {"issuer": exported.issuer, "isStale": False, "isSuspended": False, "differences": []}


def test_a_copy_that_lacks_a_key_or_holds_one_that_was_withdrawn_is_stale(exported, tmp_path):
    keys = json.loads((exported.folder / JWKS).read_text())["keys"]
    copy = tmp_path / "jwks.json"
    copy.write_text(json.dumps({"keys": keys[:1]}))
    done = exported.check(copy)
    assert done.returncode == 1 and done.stdout.splitlines() == [
        f"missing: the ES384 key {keys[1]['kid']}, which signs", "stale, or stale within 7d"]
    point = jwt.PyJWK(keys[1]).key
    other = jwt.algorithms.ECAlgorithm.to_jwk(
        cryptography.hazmat.primitives.asymmetric.ec.generate_private_key(point.curve).public_key(), as_dict=True)
    copy.write_text(json.dumps({"keys": [*keys, other | {"kid": "old", "use": "sig", "alg": "ES384"}]}))
    done = exported.check(copy, "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["differences"] == [{"kind": "withdrawn", "keyId": "old"}]
    # A verifier that speaks ES256 would believe it.
    foreign = jwt.algorithms.ECAlgorithm.to_jwk(
        cryptography.hazmat.primitives.asymmetric.ec.generate_private_key(
            cryptography.hazmat.primitives.asymmetric.ec.SECP256R1()).public_key(), as_dict=True)
    copy.write_text(json.dumps({"keys": [*keys, foreign | {"kid": "more", "use": "sig", "alg": "ES256"}]}))
    done = exported.check(copy)
    assert done.returncode == 1 and done.stdout.splitlines()[0].startswith(f"foreign: key {len(keys)} of the copy")
    report = json.loads(exported.check(copy, "--json").stdout)
    assert report["isStale"] and report["differences"] == [{"kind": "foreign", "index": len(keys)}]


def test_a_suspended_issuer_is_called_so(tmp_path, enable):
    with servers.serve_tls(tmp_path) as running:
        issuer = enable(running)
        store = ["--data-dir", running.data_dir, "--account", servers.ACCOUNT]
        web = ["--issuer", issuer, "--ca-file", running.ca]
        copy = tmp_path / "copy"
        assert exeat("issuer", "export", *store, "--dir", copy).returncode == 0
        wire.call(running, "SuspendOutboundIssuer", "iam")
        done = exeat("issuer", "check", copy, *store)
        lines = done.stdout.splitlines()
        assert re.fullmatch(r"SUSPENDED: the issuer is suspended since \S+Z and issues no tokens", lines[0]), done.stdout
        assert done.returncode == 0 and lines[1:] == ["the copy is the issuer's key set as it is now"]
        report = json.loads(exeat("issuer", "check", copy, *store, "--json").stdout)
        assert report["isSuspended"] and report["suspendDate"].endswith("Z") and not report["isStale"]
        done = exeat("issuer", "export", *store, "--dir", copy)
        assert done.returncode == 0 and "SUSPENDED: the issuer is suspended since" in done.stdout
        assert "successor" not in done.stdout
        # With an empty key set strangers see it, too, and the copy is what they must not rely on.
        wire.call(running, "SuspendOutboundIssuer", "iam", EmptyKeySet="true")
        for place in (store, web):
            done = exeat("issuer", "check", copy, *place)
            assert done.returncode == 1 and "SUSPENDED: " in done.stdout, done.stdout
            assert done.stdout.endswith("stale, or stale within 7d\n") and "good for" not in done.stdout
        done = exeat("issuer", "export", *web, "--dir", tmp_path / "fetched")
        assert "SUSPENDED: the issuer's key set is empty" in done.stdout, done.stdout + done.stderr


def test_a_copy_on_the_web_is_compared(exported, host):
    done = exeat("issuer", "check", f"{exported.issuer}/{JWKS}", *exported.source(), "--ca-file", exported.server.ca)
    assert done.returncode == 0, done.stdout + done.stderr
    done = exeat("issuer", "check", f"{exported.issuer}/nothing", *exported.source(), "--ca-file", exported.server.ca)
    assert done.returncode == 1 and "answered with status 404" in done.stderr


def test_a_copy_on_the_web_is_found_by_the_address_of_its_issuer(exported, host):
    """The issuer's own, and one elsewhere, whose discovery names the issuer that it is a copy of."""
    elsewhere = exported.issuer.replace("localhost", "127.0.0.1")
    for address in (exported.issuer, f"{exported.issuer}/", elsewhere):
        done = exeat("issuer", "check", address, *exported.source(), "--ca-file", exported.server.ca)
        assert (done.returncode, done.stdout) == (0, "good for 7d\n"), (address, done.stderr)
    done = exeat("issuer", "check", f"{exported.issuer}/{DISCOVERY}", *exported.source(), "--ca-file", exported.server.ca)
    assert done.returncode == 1 and "its JWK set is none: there is no array `keys`" in done.stderr, done.stderr


@pytest.mark.parametrize("member, value, words", [
    ("jwks_uri", "https://attacker.example/keys.json", "it has a document at `https://attacker.example/keys.json`, outside of its own URL"),
    (None, "https://attacker.example", "names the issuer `https://attacker.example`, not `"),
])
def test_a_copy_that_leads_elsewhere_is_not_good(exported, tmp_path, member, value, words):
    """Its key set is the issuer's: but whoever reads its discovery takes others."""
    shutil.copytree(exported.folder, tmp_path / "copy")
    file = tmp_path / "copy" / DISCOVERY
    document = json.loads(file.read_text())
    changes = {member: value} if member else {"issuer": value, "jwks_uri": f"{value}/{JWKS}"}
    file.write_text(json.dumps({**document, **changes}))
    with auditor.web(tmp_path / "copy") as address:
        done = exeat("issuer", "check", address, *exported.source())
    assert (done.returncode, done.stdout) == (1, "") and words in done.stderr, done.stderr


# MARK: bad input


@pytest.mark.parametrize("arguments, status, words", [
    ([], 2, "give --dir or --bucket, or --jwks-only to print"),
    (["--dir", "OUT", "--bucket", "s3://abc"], 2, "one of --dir and --bucket"),
    (["--dir", "OUT", "--region", "eu-west-1"], 2, "go with --bucket"),
    (["--bucket", "issuers"], 2, "not s3://NAME"),
    (["--bucket", "s3://A_B"], 2, "not the name of a bucket"),
    (["--bucket", "s3://issuers", "--endpoint-url", "http://s3.example.com"], 2, "plain http"),
    (["--bucket", "s3://issuers", "--region", "x y"], 2, "not a region name"),
    (["--bucket", "s3://issuers/../x", "--endpoint-url", "http://127.0.0.1:1"], 2, "cannot be the name of an object"),
    (["--jwks-only", "--json"], 2, "--json goes with"),
    (["--dir", "OUT", "--issuer", "https://sts.example"], 2, "exactly one of --data-dir and --issuer"),
    (["--dir", "OUT", "--key-encryption-key", "/nonexistent"], 1, "is not usable"),
])
def test_wrong_usage_writes_nothing(exported, tmp_path, arguments, status, words):
    out = tmp_path / "out"
    done = exported.export(*[out if word == "OUT" else word for word in arguments], environment=buckets.KEYS)
    assert done.returncode == status and words in done.stderr, done.stderr
    assert done.stdout == "" and not out.exists()


@pytest.mark.parametrize("source, status, words", [
    (["--account", "1"], 2, "not 12 digits"), (["--account", "999999999999"], 1, "there is no account"), ([], 2, "needs --account")])
def test_an_account_that_is_none_is_refused(exported, tmp_path, source, status, words):
    done = exeat("issuer", "export", "--data-dir", exported.server.data_dir, *source, "--dir", tmp_path / "out")
    assert done.returncode == status and words in done.stderr, done.stderr
    assert not (tmp_path / "out").exists()


def test_an_account_without_an_issuer_is_refused(tmp_path):
    data = servers.init(tmp_path / "data")
    done = exeat("issuer", "export", "--data-dir", data, "--account", servers.ACCOUNT, "--dir", tmp_path / "out")
    assert done.returncode == 1 and "has no issuer" in done.stderr and "enable-outbound" in done.stderr
    other = servers.init(tmp_path / "other")
    done = exeat("issuer", "export", "--data-dir", tmp_path / "nowhere", "--account", servers.ACCOUNT, "--key-encryption-key",
                 other / "key-encryption-key", "--dir", tmp_path / "out")
    assert done.returncode == 1 and "--data-dir" in done.stderr
    assert not (tmp_path / "out").exists()


def test_another_key_encryption_key_publishes_nothing(exported, tmp_path):
    other = servers.init(tmp_path / "other")
    done = exported.export("--dir", tmp_path / "out", "--key-encryption-key", other / "key-encryption-key")
    assert done.returncode == 1 and "opens none of the issuer's keys" in done.stderr
    assert not (tmp_path / "out").exists()


def test_an_issuer_that_is_not_there_or_speaks_for_another_is_refused(exported, host, tmp_path):
    for issuer, words in [(f"https://localhost:{exported.server.port}/other", "answered with status 404"),
                          (f"https://127.0.0.1:{exported.server.port}/{exported.issuer_id}", "names the issuer"),
                          ("ftp://x", "not an acceptable URL"), (exported.issuer + "?x", "not an acceptable URL")]:
        done = exeat("issuer", "export", "--issuer", issuer, "--ca-file", exported.server.ca, "--dir", tmp_path / "out")
        assert done.returncode == 1 and words in done.stderr, (issuer, done.stderr)
    done = exeat("issuer", "export", "--issuer", exported.issuer, "--x5c", "--dir", tmp_path / "out")
    assert done.returncode == 2 and "--x5c needs --data-dir" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("foreign", ["index.html", ".well-known/security.txt", "saml/other", "status/1.txt", "more/jwks.json"])
def test_a_folder_with_anything_else_in_it_is_refused(exported, tmp_path, foreign):
    path = tmp_path / foreign
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine")
    done = exported.export("--dir", tmp_path)
    assert done.returncode == 1 and "is not a document of an issuer" in done.stderr
    assert files(tmp_path) == [foreign] and path.read_text() == "mine"


def test_a_link_in_the_folder_is_not_followed(exported, tmp_path):
    (tmp_path / "out" / "saml").mkdir(parents=True)
    (tmp_path / "secret").write_text("mine")
    (tmp_path / "out" / METADATA).symlink_to(tmp_path / "secret")
    done = exported.export("--dir", tmp_path / "out")
    assert done.returncode == 1 and (tmp_path / "secret").read_text() == "mine"


def test_a_folder_of_another_issuer_is_refused_and_one_of_this_is_renewed(exported, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(exported.folder, out)
    (out / (JWKS + ".new")).write_text("of an export that was killed")
    (out / JWKS).write_text("{}")
    assert exported.export("--dir", out).returncode == 0
    assert (out / JWKS).read_bytes() == exported.served[JWKS].content
    (out / DISCOVERY).write_text((out / DISCOVERY).read_text().replace("localhost", "elsewhere"))
    (out / JWKS).write_text("{}")
    done = exported.export("--dir", out)
    assert done.returncode == 1 and "holds the documents of https://elsewhere" in done.stderr
    assert (out / JWKS).read_text() == "{}"


@pytest.mark.parametrize("arguments, status, words", [
    (["--within", "7 days"], 2, "not a time"), (["--within", "400d"], 2, "not a time"), (["--within", "-1d"], 2, ""),
    (["--issuer", "https://sts.example"], 2, "exactly one of")])
def test_a_check_that_cannot_be_made_is_refused(exported, arguments, status, words):
    done = exported.check(exported.folder, *arguments)
    assert done.returncode == status and words in done.stderr, done.stderr


def test_a_copy_that_is_no_key_set_is_refused(exported, tmp_path):
    for text, words in [("{}", "there is no array `keys`"), ("not JSON", "is no JWK set")]:
        (tmp_path / "copy").write_text(text)
        done = exported.check(tmp_path / "copy")
        assert done.returncode == 1 and words in done.stderr, done.stderr
    done = exported.check(tmp_path / "nothing")
    assert done.returncode == 1 and "there is no file" in done.stderr
