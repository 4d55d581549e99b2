# SPDX-License-Identifier: Apache-2.0
"""The life of signing keys, by boto3 and by a verifier that keeps key sets: rotated, revoked, suspended, and never by a
restart."""

import datetime
import json
import time

import boto3.session
import botocore.config
import botocore.session
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding, NoEncryption, PrivateFormat, PublicFormat, load_pem_public_key)

from driver import server as servers, tokens, wire

AUDIENCE = "https://api.example.com"
SECONDS = 60


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    done = servers.exeat("aws-model", "install", "--path", folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A server of this file alone: its tests change the account's keys."""
    with servers.serve_plain(tmp_path_factory.mktemp("signing-keys")) as running:
        wire.call(running, "EnableOutboundWebIdentityFederation", "iam")
        yield running


@pytest.fixture
def iam(running, models):
    return boto(running, models)


def boto(running, models):
    """A boto3 client for IAM that has read our model, and checks what it sends against it."""
    core = botocore.session.Session()
    core.set_config_variable("data_path", str(models))
    return boto3.session.Session(botocore_session=core).client(
        "iam", region_name="us-east-1", endpoint_url=running.url, verify=running.ca or False,
        aws_access_key_id=running.root.access_key_id, aws_secret_access_key=running.root.secret_access_key,
        config=botocore.config.Config(retries={"total_max_attempts": 1}))


class Verifier:
    """PyJWT with a key set that it keeps for `lifespan` seconds and never asks for sooner."""

    def __init__(self, running, lifespan):
        issuer = wire.call(running, "GetOutboundWebIdentityFederationInfo", "iam").text("IssuerIdentifier")
        self.running, self.issuer, self.fetches = running, issuer, 0
        self.client = jwt.PyJWKClient(f"{issuer}/.well-known/jwks.json", cache_jwk_set=True, lifespan=lifespan)
        self.client.fetch_data = self.fetch

    def fetch(self):
        # Behind its proxy a server is known by another name than the one that this machine reaches.
        self.fetches += 1
        found = key_set(self.running, self.issuer)
        self.client.jwk_set_cache.put(found)
        return found

    def kid(self, token):
        kid = tokens.header_of(token)["kid"]
        known = {key.key_id: key for key in self.client.get_signing_keys()}
        jwt.decode(token, known[kid].key, algorithms=["ES384", "RS256"], audience=AUDIENCE, issuer=self.issuer)
        return kid


def key_set(running, issuer):
    path = issuer.split("/", 3)[3]
    answer = tokens.get(running, f"{running.url}/{path}/.well-known/jwks.json")
    assert answer.status_code == 200, answer.text
    return answer.json()


def kids(running):
    issuer = wire.call(running, "GetOutboundWebIdentityFederationInfo", "iam").text("IssuerIdentifier")
    return [key["kid"] for key in key_set(running, issuer)["keys"]]


def signer(running, algorithm="ES384"):
    return tokens.header_of(wire.token(running, SigningAlgorithm=algorithm))["kid"]


def test_keys_are_listed_as_the_model_says(running, iam):
    assert len(kids(running)) == 2
    listed = iam.list_outbound_signing_keys()
    assert {key["SigningAlgorithm"] for key in listed["OutboundSigningKeys"]} == {"RS256", "ES384"}
    for key in listed["OutboundSigningKeys"]:
        assert key["Status"] == "Signing" and key["CreateDate"].tzinfo and "PublishedUntil" not in key
        public = load_pem_public_key(key["PublicKey"].encode())
        assert public.key_size == (2048 if key["SigningAlgorithm"] == "RS256" else 384)
    assert {signer(running), signer(running, "RS256")} == {key["KeyId"] for key in listed["OutboundSigningKeys"]}


def test_a_successor_is_published_at_once_and_signs_a_day_later(running, iam):
    old, before = signer(running), time.time()
    rotated = iam.rotate_outbound_signing_key(SigningAlgorithm="ES384")["OutboundSigningKeys"]
    [new] = [key for key in rotated if key["Status"] == "Successor"]
    assert new["SignsFrom"].timestamp() >= before + 86_400 - 1
    [retires] = [key for key in rotated if key["KeyId"] == old]
    assert retires["PublishedUntil"] - new["SignsFrom"] == datetime.timedelta(hours=36)
    assert new["KeyId"] in kids(running) and signer(running) == old
    with pytest.raises(iam.exceptions.LimitExceededException):
        iam.rotate_outbound_signing_key(SigningAlgorithm="ES384")
    with pytest.raises(iam.exceptions.InvalidInputException):
        iam.rotate_outbound_signing_key(SigningAlgorithm="RS256", OverlapSeconds=3600)


def test_a_restart_changes_no_key(running, iam):
    before, published = iam.list_outbound_signing_keys()["OutboundSigningKeys"], kids(running)
    for _ in range(2):
        running.restart()
        assert iam.list_outbound_signing_keys()["OutboundSigningKeys"] == before
        assert kids(running) == published


def test_a_revoked_key_is_gone_with_the_answer(running, iam):
    verifier = Verifier(running, lifespan=3600)
    old = signer(running, "RS256")
    token = wire.token(running, SigningAlgorithm="RS256", Audience=[AUDIENCE])
    assert verifier.kid(token) == old
    revoked = iam.revoke_outbound_signing_key(KeyId=old)
    assert revoked["SuccessorWasMade"] and revoked["SuccessorKeyId"] not in (old, None)
    assert old not in kids(running)
    assert signer(running, "RS256") == revoked["SuccessorKeyId"]
    # As docs/keys.md says: who keeps a key set accepts the key as long as it keeps it, and not with the next one.
    assert verifier.kid(token) == old and verifier.fetches == 1
    with pytest.raises(KeyError):
        Verifier(running, lifespan=3600).kid(token)
    [key] = [key for key in iam.list_outbound_signing_keys()["OutboundSigningKeys"] if key["KeyId"] == old]
    assert key["Status"] == "Revoked" and key["RevokeDate"] and key["PublicKey"]
    running.restart()
    assert old not in kids(running) and signer(running, "RS256") == revoked["SuccessorKeyId"]
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.revoke_outbound_signing_key(KeyId="nobody")


def test_a_suspended_issuer_gives_no_tokens_and_by_choice_no_keys(running, iam):
    published = kids(running)
    suspended = iam.suspend_outbound_issuer()
    assert suspended["KeySetEmptied"] is False and suspended["SuspendDate"].tzinfo
    answer = wire.call(running, "GetWebIdentityToken", Audience=["a"], SigningAlgorithm="ES384")
    wire.assert_error(
        answer, 403, "OutboundWebIdentityFederationDisabledException", "The issuer of the account is suspended.")
    assert kids(running) == published
    assert iam.suspend_outbound_issuer(EmptyKeySet=True)["KeySetEmptied"] is True
    assert iam.get_outbound_web_identity_federation_info()["IssuerSuspended"] is True
    assert kids(running) == []
    running.restart()
    assert kids(running) == []
    iam.resume_outbound_issuer()
    assert kids(running) == published
    assert signer(running) in published


def test_a_weak_key_is_not_imported(running, iam):
    before = kids(running)
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    pem = weak.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    with pytest.raises(iam.exceptions.InvalidInputException):
        iam.import_outbound_signing_key(PrivateKey=pem)
    assert kids(running) == before
    with open(running.data_dir / "store.sqlite", "rb") as store:
        assert pem.splitlines()[1].encode() not in store.read()


def test_a_key_from_elsewhere_is_a_successor_and_comes_only_once(running, iam):
    key = ec.generate_private_key(ec.SECP384R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    [waiting] = [key["KeyId"] for key in iam.list_outbound_signing_keys()["OutboundSigningKeys"]
                 if (key["SigningAlgorithm"], key["Status"]) == ("ES384", "Successor")]
    with pytest.raises(iam.exceptions.LimitExceededException):
        iam.import_outbound_signing_key(PrivateKey=pem)
    iam.revoke_outbound_signing_key(KeyId=waiting)
    imported = iam.import_outbound_signing_key(PrivateKey=pem)["OutboundSigningKeys"]
    [own] = [entry for entry in imported if entry.get("PublicKey") == key.public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()]
    assert own["Status"] == "Successor" and own["KeyId"] in kids(running)
    for _ in range(2):
        with pytest.raises(iam.exceptions.EntityAlreadyExistsException):
            iam.import_outbound_signing_key(PrivateKey=pem)
        iam.revoke_outbound_signing_key(KeyId=own["KeyId"])
    assert own["KeyId"] not in kids(running)


def test_keys_that_live_for_seconds_follow_one_another_and_no_verifier_notices(tmp_path, models):
    with servers.dev(tmp_path, "--tls", "off", "--key-lifetime", "4s", "--key-overlap", "3s", "--key-retention", "4s",
                     "--quiet") as running:
        verifier, seen, deadline = Verifier(running, lifespan=1), [], time.monotonic() + SECONDS
        while len(seen) < 3:
            assert time.monotonic() < deadline, seen
            kid = verifier.kid(wire.token(running, Audience=[AUDIENCE]))
            if kid not in seen:
                seen.append(kid)
            time.sleep(0.05)
        assert verifier.fetches > 1
        keys = {key["KeyId"]: key for key in boto(running, models).list_outbound_signing_keys()["OutboundSigningKeys"]}
        for kid in seen[1:]:
            assert keys[kid]["SignsFrom"] - keys[kid]["CreateDate"] >= datetime.timedelta(seconds=2)
        events = [json.loads(event["CloudTrailEvent"]) for event in running_events(running)]
        assert {event["userIdentity"]["type"] for event in events} == {"Operator"}


def running_events(running):
    core = boto3.session.Session().client(
        "cloudtrail", region_name="us-east-1", endpoint_url=running.url,
        aws_access_key_id=running.root.access_key_id, aws_secret_access_key=running.root.secret_access_key)
    deadline = time.monotonic() + SECONDS
    while True:
        found = core.lookup_events(
            LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "RotateOutboundSigningKey"}])["Events"]
        if found or time.monotonic() > deadline:
            assert found
            return found
        time.sleep(0.1)


@pytest.mark.parametrize("flags, words", [
    (["--key-overlap", "23h"], "at least 24h"), (["--key-overlap", "31d"], "at most"),
    (["--key-lifetime", "2d", "--key-overlap", "3d"], "at most the lifetime"), (["--key-lifetime", "90"], "a duration"),
    (["--key-lifetime", "-1d"], "a duration"), (["--key-lifetime", "5000d"], "at most 3652d"),
])
def test_a_schedule_that_verifiers_could_not_follow_stops_the_start(tmp_path, flags, words):
    servers.init(tmp_path / "data")
    done = servers.exeat("serve", "--data-dir", tmp_path / "data", "--public-url", "https://exeat.example", "--tls", "off",
                         *[f"{flags[i]}={flags[i + 1]}" for i in range(0, len(flags), 2)])
    assert done.returncode == 2 and words in done.stderr, done.stderr
