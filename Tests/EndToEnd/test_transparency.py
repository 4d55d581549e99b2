# SPDX-License-Identifier: Apache-2.0
"""`exeat verify --require-transparency`: a token that its log has promised, and tokens of somebody who has the issuer's key
and not the log's. Decision 18."""

import hashlib
import json
import struct
import time

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from driver import server as servers, tlog
from driver.auditor import (
    assert_refused, encode64, jti, new_log, prove, record, web)


@pytest.fixture(scope="module")
def issuer(tmp_path_factory):
    """An issuer on loopback: its URL and its key."""
    folder = tmp_path_factory.mktemp("issuer")
    key = ec.generate_private_key(ec.SECP384R1())
    numbers = key.public_key().public_numbers()
    with web(folder) as url:
        (folder / ".well-known").mkdir()
        (folder / ".well-known/openid-configuration").write_text(json.dumps({"issuer": url, "jwks_uri": url + "/jwks"}))
        (folder / "jwks").write_text(json.dumps({"keys": [{
            "kty": "EC", "crv": "P-384", "kid": "key-1", "alg": "ES384", "use": "sig",
            "x": encode64(numbers.x.to_bytes(48, "big")), "y": encode64(numbers.y.to_bytes(48, "big"))}]}))
        yield url, key


class Promised:
    """A token with its log's promise, and the log that keeps it."""

    def __init__(self, issuer, log=None, key=None, lag=0, **changes):
        url, signer = issuer
        now = time.time()
        claims = {"iss": url, "sub": "s", "aud": "rp", "iat": int(now), "exp": int(now) + 300, "jti": jti(7)}
        self.payload = encode64(json.dumps(claims | changes).encode())
        self.digest = hashlib.sha256(self.payload.encode()).hexdigest()
        self.log = log or new_log(600)
        key = key or self.log.key
        log_id = hashlib.sha256(self.log.key.verifier.encode()).digest()[:16]
        milliseconds = int(now * 1000) + lag
        lines = ["exeat-token-promise/v1", log_id.hex(), str(milliseconds), "ES384", "key-1", self.digest]
        promise = log_id + struct.pack(">Q", milliseconds) + key.private.sign("".join(f"{line}\n" for line in lines).encode())
        self.token = self.sign(signer, self.payload, encode64(promise))
        self.promise = encode64(promise)

    @staticmethod
    def sign(signer, payload, promise):
        header = {"kid": "key-1", "typ": "JWT", "alg": "ES384"} | ({"tlog": promise} if promise else {})
        signed = encode64(json.dumps(header).encode()) + "." + payload
        r, s = utils.decode_dss_signature(signer.sign(signed.encode(), ec.ECDSA(hashes.SHA384())))
        return signed + "." + encode64(r.to_bytes(48, "big") + s.to_bytes(48, "big"))

    def record(self, digest=None):
        return record(7, additionalEventData={"tokenPayloadSha256": digest or self.digest})


def check(token, issuer, *arguments):
    done = servers.exeat("verify", token, "--issuer", issuer[0], "--audience", "rp", "--json", *arguments)
    report = json.loads(done.stdout) if done.stdout else None
    return done, {entry["check"]: entry["outcome"] for entry in report["checks"]} if report else None


def test_a_token_that_its_log_promised_is_accepted_and_others_are_not(issuer):
    good = Promised(issuer)
    demand = ["--require-transparency", "--log-key", good.log.key.verifier]
    done, checks = check(good.token, issuer, *demand)
    assert done.returncode == 0 and (checks["transparency"], checks["inclusion"]) == ("passed", "notReached"), done.stderr
    # Nobody who does not ask for it is disturbed.
    done, checks = check(good.token, issuer)
    assert done.returncode == 0 and checks["transparency"] == "notReached"
    url, signer = issuer
    stolen = Promised(issuer, sub="admin")
    others = {
        "holds no promise": Promised.sign(signer, good.payload, None),
        "is no promise": Promised.sign(signer, good.payload, "AAAA"),
        "not signed by the log for this token": Promised.sign(signer, stolen.payload, good.promise),
        "another log's": Promised(issuer, new_log(1, name="attacker.example.com")).token,
        "in the future": Promised(issuer, lag=3_600_000).token,
    }
    # Whoever has the issuer's key and not the log's.
    others["not signed by the log for this token "] = Promised(issuer, key=tlog.Key("x", "y")).token
    for reason, token in others.items():
        done, checks = check(token, issuer, *demand)
        assert_refused(done, "`transparency` failed", reason.strip())
        assert checks["signature"] == "passed" and checks["transparency"] == "failed"
        assert check(token, issuer)[0].returncode == 0


def test_the_record_of_a_token_can_be_demanded_too(issuer, tmp_path):
    token = Promised(issuer)
    log, demand = token.log, ["--require-transparency", "--log-key", token.log.key.verifier]
    log.append(token.record())
    folder = log.write(tmp_path / "log")
    assert prove(folder, log, jti(7), "-o", tmp_path / "proof").returncode == 0
    with web(folder) as url:
        for arguments in (["--proof", tmp_path / "proof"], ["--log", folder],
                          ["--proof", tmp_path / "proof", "--log", url]):
            done, checks = check(token.token, issuer, *demand, *arguments)
            assert done.returncode == 0 and checks["inclusion"] == "passed", (arguments, done.stderr)
        assert_refused(check(token.token, issuer, *demand, "--log", url)[0], "hashes only", "--proof", status=2)
    # The record of another token, and a log that the published one does not continue.
    assert prove(folder, log, jti(8), "-o", tmp_path / "other").returncode == 0
    assert_refused(check(token.token, issuer, *demand, "--proof", tmp_path / "other")[0], "inclusion", "another token")
    fork = new_log(700).write(tmp_path / "fork")
    for arguments, word in [(["--proof", tmp_path / "proof", "--log", fork], "not of the log"),
                            (["--log", fork], "another token"), (["--proof", tmp_path / "none"], "cannot read")]:
        done, checks = check(token.token, issuer, *demand, *arguments)
        assert_refused(done, "`inclusion` failed", word)
        assert (checks["transparency"], checks["inclusion"]) == ("passed", "failed")


def test_transparency_is_demanded_with_a_key_of_ones_own(issuer):
    token = Promised(issuer)
    for arguments in (["--require-transparency"], ["--log-key", token.log.key.verifier], ["--proof", "x"], ["--log", "x"],
                      ["--require-transparency", "--log-key", tlog.Key("w", "w", tlog.COSIGNATURE).verifier]):
        assert_refused(check(token.token, issuer, *arguments)[0], status=2)
