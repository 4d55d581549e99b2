# SPDX-License-Identifier: Apache-2.0
"""A PKCS #11 token behind the server: SoftHSM 2, with its directory moved away as if somebody had pulled the token."""

import json
import pathlib
import shutil
import subprocess
import time

import joserfc.jwk
import joserfc.jwt
import pytest

from driver import server as servers, wire

MODULE = pathlib.Path("/usr/lib/softhsm/libsofthsm2.so")
PIN = "exeat-pin-4711"
pytestmark = pytest.mark.skipif(
    not MODULE.exists() or not shutil.which("softhsm2-util"),
    reason="softhsm2 is not installed: Scripts/install-system-packages.sh test",
)


class Token:
    """One token of SoftHSM in a directory of its own."""

    def __init__(self, work):
        self.folder, self.away = work / "tokens", work / "tokens-away"
        self.folder.mkdir(parents=True)
        self.config = work / "softhsm2.conf"
        self.config.write_text(
            f"directories.tokendir = {self.folder}\nobjectstore.backend = file\nlog.level = ERROR\n")
        self.environment = {"SOFTHSM2_CONF": str(self.config)}
        self.pin = work / "pin"
        self.pin.write_text(PIN + "\n")
        self.pin.chmod(0o600)
        subprocess.run(
            ["softhsm2-util", "--init-token", "--free", "--label", "exeat", "--pin", PIN, "--so-pin", "so-" + PIN],
            check=True, capture_output=True, env=servers.clean_environment(**self.environment))

    def uri(self, object_=None):
        name = f";object={object_}" if object_ else ""
        return f"pkcs11:token=exeat{name}?module-path={MODULE}&pin-source={self.pin}"

    def pull(self):
        self.folder.rename(self.away)
        self.folder.mkdir()

    def put_back(self):
        self.folder.rmdir()
        self.away.rename(self.folder)


@pytest.fixture
def token(tmp_path):
    return Token(tmp_path / "hsm")


def until(condition, what):
    deadline = time.monotonic() + 60
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within 60 s: {what}"
        time.sleep(0.1)
    return found


def ask(running, algorithm="ES384"):
    return wire.call(running, "GetWebIdentityToken", Audience=["a"], SigningAlgorithm=algorithm)


def verify(running, issuer, token):
    """joserfc, with the published key set."""
    url = running.url + issuer.removeprefix(servers.PUBLIC_URL) + "/.well-known/jwks.json"
    keys = joserfc.jwk.KeySet.import_key_set(json.loads(wire.send(running, "GET", url).body))
    assert joserfc.jwt.decode(token, keys, algorithms=["RS256", "ES384"]).claims["iss"] == issuer


def test_signing_keys_stay_in_the_token_and_a_pulled_token_comes_back(tmp_path, token, enable):
    with servers.serve_plain(tmp_path, "--signing-keys", token.uri(), environment=token.environment) as running:
        issuer = enable(running)
        for algorithm in ("ES384", "RS256"):
            verify(running, issuer, wire.token(running, SigningAlgorithm=algorithm))
        running.restart()
        for algorithm in ("ES384", "RS256"):
            verify(running, issuer, wire.token(running, SigningAlgorithm=algorithm))
        url = running.url + issuer.removeprefix(servers.PUBLIC_URL) + "/.well-known/jwks.json"
        published = wire.send(running, "GET", url)

        token.pull()
        refused = until(lambda: (answer := ask(running)).status != 200 and answer, "a refusal")
        wire.assert_error(refused, 503, "ServiceUnavailable")
        assert "token" in refused.message
        assert wire.send(running, "GET", url).body == published.body
        assert wire.call(running, "GetCallerIdentity").status == 200
        until(lambda: "could not" in running.output and "CKR 0x" in running.output
              or "no token fits the URI" in running.output, "the cause in the log")

        token.put_back()
        # On every thread of the token's.
        until(lambda: all(ask(running).status == 200 for _ in range(8)), "tokens again")
        for algorithm in ("ES384", "RS256"):
            verify(running, issuer, wire.token(running, SigningAlgorithm=algorithm))
        assert PIN not in running.output
        # The PIN is on no command line, and in no environment but the tests' own.
        assert PIN not in pathlib.Path(f"/proc/{running.process.pid}/cmdline").read_text()


def test_the_key_encryption_key_is_wrapped_in_the_token_and_the_server_waits_for_it(tmp_path, token, enable):
    data_dir = tmp_path / "data"
    done = servers.exeat(
        "init", "--data-dir", data_dir, "--account-id", servers.ACCOUNT, "--access-key-id", servers.ROOT.access_key_id,
        "--secret-access-key", servers.ROOT.secret_access_key, "--key-encryption-key", token.uri("kek"),
        environment=token.environment)
    assert done.returncode == 0, done.stderr
    assert f"--key-encryption-key '{token.uri('kek')}'" in done.stdout
    assert (data_dir / "key-encryption-key").read_text().startswith("exeat-kek-pkcs11-v1:")
    with servers.serve_plain(
            tmp_path, "--key-encryption-key", token.uri("kek"), environment=token.environment) as running:
        enable(running)
        wire.token(running)
        # A token that is pulled once the key is in memory disturbs nobody.
        token.pull()
        wire.token(running)
        # At a start it is missed: documents are served, calls refused, until it is back.
        running.restart()
        assert ask(running).status == 503
        running.await_output("sealed", "no token fits the URI")
        token.put_back()
        until(lambda: ask(running).status == 200, "unsealed")

        rotated = servers.exeat(
            "keys", "rotate-key-encryption-key", "--data-dir", data_dir, "--key-encryption-key", token.uri("kek"),
            "--timeout", "60", environment=token.environment, timeout=180)
        assert rotated.returncode == 0, rotated.stderr
        lines = (data_dir / "key-encryption-key").read_text().splitlines()
        assert len(lines) == 2 and all(line.startswith("exeat-kek-pkcs11-v1:") for line in lines)
        wire.token(running)
        assert PIN not in running.output


def test_a_file_in_the_clear_is_wrapped_by_a_change_once_the_server_knows_the_token(tmp_path, token, enable):
    def rotate():
        return servers.exeat(
            "keys", "rotate-key-encryption-key", "--data-dir", data_dir, "--key-encryption-key", token.uri("new"),
            "--timeout", "60", environment=token.environment, timeout=180)

    with servers.serve_plain(tmp_path, environment=token.environment) as running:
        enable(running)
        data_dir = running.data_dir
        refused = rotate()
        assert refused.returncode == 1 and "nothing is named that unwraps it" in refused.stderr, refused.stderr
        assert "goes on with the change by itself" in refused.stderr
        # It goes on with the key that it had.
        wire.token(running)
    with servers.serve_plain(
            tmp_path, "--key-encryption-key", token.uri("new"), environment=token.environment) as running:
        wire.token(running)
        until(lambda: json.loads((data_dir / "key-encryption-key.status").read_text())["state"] == "complete", "sealed again")
        new, old = (data_dir / "key-encryption-key").read_text().splitlines()
        assert new.startswith("exeat-kek-pkcs11-v1:") and old.startswith("exeat-kek-v1:")
        wire.token(running)


@pytest.mark.parametrize("option, value, words", [
    ("--signing-keys", "pkcs11:token=a?module-path=/m&pin-value=1234", "a PIN in it"),
    ("--signing-keys", "pkcs11:token=a", "`module-path` is missing"),
    ("--signing-keys", "pkcs11:token=a;object=b?module-path=/m&pin-source=/p", "names a token and no object"),
    ("--signing-keys", "/a/file", "does not begin with pkcs11:"),
    ("--key-encryption-key", "pkcs11:token=a?module-path=/m&pin-source=/p", "`object` is missing"),
])
def test_a_uri_that_cannot_be_used_stops_the_start_and_shows_no_pin(tmp_path, option, value, words):
    data_dir = servers.init(tmp_path / "data")
    done = servers.exeat("serve", "--data-dir", data_dir, "--public-url", servers.PUBLIC_URL, "--tls", "off", option, value)
    assert done.returncode == 2 and words in done.stderr and "1234" not in done.stderr, done.stderr


def test_init_makes_nothing_when_the_token_is_not_there(tmp_path, token):
    token.pull()
    data_dir = tmp_path / "data"
    done = servers.exeat("init", "--data-dir", data_dir, "--key-encryption-key", token.uri("kek"),
                         environment=token.environment)
    assert done.returncode == 1 and "no token fits the URI" in done.stderr
    assert not data_dir.exists()
