# SPDX-License-Identifier: Apache-2.0
"""The `exeat` command itself: init, token, verify, version, and what wrong usage gets."""

import base64
import configparser
import http.server
import json
import os
import re
import resource
import stat
import subprocess
import threading

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from driver import clients, server as servers, tokens, wire
from driver.users import ALLOW_TAGS, ALLOW_TOKENS

AUDIENCE = "https://api.example.com"


def assert_refused(done, status, *words):
    """One line `exeat: error: …`, perhaps a hint, nothing on standard output."""
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    assert done.stdout == ""
    errors = [line for line in done.stderr.splitlines() if line.startswith("exeat: error: ")]
    assert len(errors) == 1, done.stderr
    for word in words:
        assert word in errors[0], done.stderr


def tree(folder):
    return {str(path.relative_to(folder)): (path.read_bytes() if path.is_file() else None, path.stat().st_mode)
            for path in sorted(folder.rglob("*"))}


# MARK: init

def test_init_makes_a_store_that_only_its_owner_reads(tmp_path):
    data_dir = servers.init(tmp_path / "data")
    for name in ("credentials", "key-encryption-key"):
        assert stat.S_IMODE((data_dir / name).stat().st_mode) == 0o600, name
    assert stat.S_IMODE(data_dir.stat().st_mode) & 0o077 == 0
    text = (data_dir / "credentials").read_text()
    assert servers.ROOT.access_key_id in text and servers.ROOT.secret_access_key in text and "[" in text


def test_init_chooses_account_and_credentials_when_none_are_given(tmp_path):
    done = servers.exeat("init", "--data-dir", tmp_path / "data")
    assert done.returncode == 0, done.stderr
    with servers.serve_plain(tmp_path) as running:
        ini = configparser.ConfigParser()
        ini.read(running.data_dir / "credentials")
        profile = ini[ini.sections()[0]]
        keys = servers.Credentials(profile["aws_access_key_id"], profile["aws_secret_access_key"])
        answer = wire.call(running, "GetCallerIdentity", credentials=keys)
        assert answer.status == 200 and len(answer.text("Account")) == 12


def test_init_never_writes_over_a_store(tmp_path):
    data_dir = servers.init(tmp_path / "data")
    before = tree(data_dir)
    assert_refused(servers.exeat("init", "--data-dir", data_dir, "--account-id", "111122223333"), 1, str(data_dir))
    assert tree(data_dir) == before


@pytest.mark.parametrize("name", ["store.sqlite", "key-encryption-key", "credentials"])
def test_init_stops_at_any_file_of_a_store(tmp_path, name):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / name).write_text("precious")
    before = tree(tmp_path)
    assert_refused(servers.exeat("init", "--data-dir", tmp_path / "data"), 1, name)
    assert tree(tmp_path) == before


@pytest.mark.parametrize("name", ["store.sqlite", "store.sqlite-wal", "store.sqlite.lock", "key-encryption-key",
                                  "credentials"])
def test_init_stops_at_a_dangling_link_and_leaves_nothing(tmp_path, name):
    data_dir = tmp_path / "data"
    data_dir.mkdir(mode=0o700)
    (data_dir / name).symlink_to(tmp_path / "nowhere")
    assert_refused(servers.exeat("init", "--data-dir", data_dir), 1, "--data-dir", name)
    assert os.listdir(tmp_path) == ["data"] and os.listdir(data_dir) == [name]
    assert os.readlink(data_dir / name) == str(tmp_path / "nowhere")
    (data_dir / name).unlink()
    servers.init(data_dir)


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o770, 0o702])
def test_init_refuses_a_directory_that_others_can_write(tmp_path, mode):
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    data_dir.chmod(mode)
    assert_refused(servers.exeat("init", "--data-dir", data_dir), 1, "--data-dir", "others can write", str(data_dir))
    assert os.listdir(data_dir) == [] and stat.S_IMODE(data_dir.stat().st_mode) == mode


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_init_refuses_a_directory_of_another_user(tmp_path):
    data_dir = tmp_path / "data"
    data_dir.mkdir(mode=0o700)
    os.chown(data_dir, 12345, -1)
    assert_refused(servers.exeat("init", "--data-dir", data_dir), 1, "--data-dir", "another user", "12345")
    assert os.listdir(data_dir) == []


# What a file may hold: not the key; the key, not the credentials; both, not the store; a part of the store.
@pytest.mark.parametrize("limit", [16, 100, 2000, 8192, 32768])
@pytest.mark.parametrize("there", [False, True])
def test_an_init_that_fails_takes_back_what_it_made_and_only_that(tmp_path, limit, there):
    data_dir = tmp_path / "some" / "folder" / "data"
    if there:
        data_dir.mkdir(parents=True)
        data_dir.chmod(0o755)
        (data_dir / "notes").write_text("precious")
    before = tree(tmp_path)

    def hold_back():
        servers.ignore_file_size_signal()
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run([servers.binary(), "init", "--data-dir", str(data_dir) + "/"], capture_output=True,
                          text=True, timeout=120, env=servers.clean_environment(), preexec_fn=hold_back)
    assert_refused(done, 1)
    assert tree(tmp_path) == before
    servers.init(data_dir)


@pytest.mark.parametrize("account", ["1", "1234567890123", "12345678901x", "", "\u0661" * 12])
def test_init_wants_an_account_of_twelve_digits(tmp_path, account):
    done = servers.exeat("init", "--data-dir", tmp_path / "data", "--account-id", account)
    assert done.returncode in (1, 2) and "--account-id" in done.stderr
    assert not (tmp_path / "data").exists()


# MARK: wrong usage

@pytest.mark.parametrize("flag, value", [
    ("--listen", "nonsense"), ("--listen", "127.0.0.1:99999"), ("--public-url", "nonsense"),
    ("--public-url", "https://user@exeat.example"), ("--public-url", "https://exeat.example/?q"),
    ("--tls", "maybe"), ("--issuer-style", "neither"), ("--data-dir", "/nonexistent/exeat")])
def test_a_broken_flag_stops_the_start_and_is_named(tmp_path, flag, value):
    good = {"--data-dir": servers.init(tmp_path / "data"), "--listen": f"127.0.0.1:{servers.free_port()}",
            "--public-url": servers.PUBLIC_URL, "--tls": "off"}
    flags = [str(part) for pair in {**good, flag: value}.items() for part in pair]
    done = servers.exeat("serve", *flags)
    assert done.returncode in (1, 2), done.stderr
    assert_refused(done, done.returncode, flag)


def test_a_broken_environment_variable_is_named(tmp_path):
    data_dir = servers.init(tmp_path / "data")
    done = servers.exeat("serve", "--data-dir", data_dir, "--public-url", servers.PUBLIC_URL, "--tls", "off",
                         environment={"EXEAT_LISTEN": "nonsense"})
    assert done.returncode in (1, 2)
    assert_refused(done, done.returncode)
    assert "EXEAT_LISTEN" in done.stderr or "--listen" in done.stderr


def test_flags_win_over_the_environment(tmp_path):
    with servers.serve_plain(tmp_path) as running:
        running.environment = {"EXEAT_PUBLIC_URL": "https://other.example"}
        running.restart()
        answer = wire.call(running, "EnableOutboundWebIdentityFederation", "iam")
        assert answer.text("IssuerIdentifier").startswith(servers.PUBLIC_URL + "/")


def test_the_environment_says_what_flags_say(tmp_path):
    data_dir, port = servers.init(tmp_path / "data"), servers.free_port()
    environment = {"EXEAT_DATA_DIR": str(data_dir), "EXEAT_LISTEN": f"127.0.0.1:{port}", "EXEAT_TLS": "off",
                   "EXEAT_ACCEPTED_HOSTS": "127.0.0.1", "EXEAT_PUBLIC_URL": "https://other.example"}
    running = servers.Server(["serve"], tmp_path, url=f"http://127.0.0.1:{port}", environment=environment)
    with running:
        answer = wire.call(running, "EnableOutboundWebIdentityFederation", "iam")
        assert answer.text("IssuerIdentifier").startswith("https://other.example/")


def test_a_config_file_says_what_flags_say_and_comes_last(tmp_path):
    data_dir, port = servers.init(tmp_path / "data"), servers.free_port()
    config = tmp_path / "exeat.yaml"
    config.write_text(f"data-dir: {data_dir}\nlisten: 127.0.0.1:1\npublic-url: https://third.example\n"
                      "tls: off\naccepted-hosts: 127.0.0.1\n")
    running = servers.Server(["serve", "--config", config, "--listen", f"127.0.0.1:{port}"], tmp_path,
                             url=f"http://127.0.0.1:{port}", environment={"EXEAT_PUBLIC_URL": "https://other.example"})
    with running:
        answer = wire.call(running, "EnableOutboundWebIdentityFederation", "iam")
        assert answer.text("IssuerIdentifier").startswith("https://other.example/")


@pytest.mark.parametrize("text, words", [
    ("listen: [1, 2]\n", ["listen"]), ("liste: x\n", ["liste"]), ("a: b: c\n", ["--config"]), ("- x\n", ["--config"]),
    ("listen: nonsense\n", ["listen"])])
def test_a_broken_config_file_stops_the_start_and_is_named(tmp_path, text, words):
    config = tmp_path / "exeat.yaml"
    config.write_text(text)
    done = servers.exeat("serve", "--config", config, "--data-dir", servers.init(tmp_path / "data"), "--public-url",
                         servers.PUBLIC_URL, "--tls", "off")
    assert_refused(done, 2, str(config), *words)

@pytest.mark.parametrize("flags, words", [
    (["--identity-provider-network", "10.0.0.1/8"], ["--identity-provider-network", "10.0.0.1/8"]),
    (["--identity-provider-network", "10.0.0.0/8", "--identity-provider-network", "x"], ["--identity-provider-network", "`x`"]),
    (["--identity-provider-network", "0.0.0.0/0"], ["0.0.0.0/0", "private"]),
    (["--identity-provider-network", "::/0"], ["::/0", "private"]),
    (["--identity-provider-network", "8.8.8.0/24"], ["8.8.8.0/24", "private"]),
    (["--identity-provider-ca", "/nowhere.pem"], ["--identity-provider-ca", "/nowhere.pem"]),
    (["--identity-provider-ca", os.devnull], ["--identity-provider-ca", "no certificates"]),
])
def test_serve_refuses_identity_provider_settings_that_open_too_much(tmp_path, flags, words):
    data_dir = servers.init(tmp_path / "data")
    done = servers.exeat("serve", "--data-dir", data_dir, "--public-url", "https://x.example", "--tls", "off", *flags)
    assert_refused(done, 2, *words)
    done = servers.exeat("dev", "--listen", "127.0.0.1:0", "--tls", "off", *flags)
    assert_refused(done, 2, *words)


def test_serve_takes_identity_provider_networks_from_the_environment(tmp_path):
    done = servers.exeat(
        "serve", "--data-dir", servers.init(tmp_path / "data"), "--public-url", "https://x.example", "--tls", "off",
        environment={"EXEAT_IDENTITY_PROVIDER_NETWORK": "10.0.0.0/8,fd00::/8,bad"})
    assert_refused(done, 2, "EXEAT_IDENTITY_PROVIDER_NETWORK", "`bad`")


@pytest.mark.parametrize("arguments", [
    ["no-such-command"], ["serve", "--no-such-flag"], ["token"], ["init"], ["token", "--audience"],
    ["audit", "tail"], ["token", "--audience", "a", "--duration", "soon"]])
def test_wrong_usage_is_status_2(arguments):
    done = servers.exeat(*arguments)
    assert done.returncode == 2, (done.returncode, done.stderr)
    assert done.stdout == "" and done.stderr.startswith("exeat: error: ")


@pytest.mark.parametrize("arguments, command", [
    (["no-such-command"], "exeat"), (["token"], "exeat token"), (["keys", "revoke"], "exeat keys revoke"),
    (["account", "quota", "--data-dir", "d"], "exeat account quota"), (["keys", "no-such"], "exeat keys"),
    (["rp-test", "http://localhost"], "exeat rp-test"), (["token", "keys"], "exeat token")])
def test_wrong_usage_names_the_help_of_the_command_that_was_meant(arguments, command):
    done = servers.exeat(*arguments)
    assert done.returncode == 2 and done.stderr.endswith(f"exeat: hint: see `{command} --help`\n"), done.stderr
    assert servers.exeat(*command.split()[1:], "--help").returncode == 0


@pytest.mark.parametrize("arguments", [["--help"], ["serve", "--help"], ["dev", "--help"], ["token", "--help"]])
def test_help_is_no_error(arguments):
    done = servers.exeat(*arguments)
    assert (done.returncode, done.stderr) == (0, "") and "exeat" in done.stdout


def test_version():
    done = servers.exeat("version")
    assert done.returncode == 0 and re.search(r"\b\d+\.\d+\.\d+", done.stdout), done.stdout


# MARK: token

def ask(server, tmp_path, *arguments, environment=None):
    return servers.exeat("token", *arguments, environment={**clients.environment_for(server, tmp_path),
                                                           **(environment or {})})


def test_token_prints_a_token_and_nothing_else(server, issuer, tmp_path):
    for algorithm in ("ES384", "RS256"):
        done = ask(server, tmp_path, "--audience", AUDIENCE, "--algorithm", algorithm, "--duration", "60",
                   "--tag", "team=blue", "--tag", "formula=a=b")
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("\n") == 1
        token = done.stdout.strip()
        claims = tokens.verify_with_pyjwt(server, token, AUDIENCE, issuer)
        assert tokens.header_of(token)["alg"] == algorithm and claims["exp"] - claims["iat"] == 60
        assert claims[tokens.NAMESPACE]["request_tags"] == {"team": "blue", "formula": "a=b"}


def test_token_takes_several_audiences_and_prints_json(server, tmp_path):
    done = ask(server, tmp_path, "--audience", "a", "--audience", "b", "--json")
    assert done.returncode == 0, done.stderr
    strings = [value for value in json.loads(done.stdout).values() if isinstance(value, str)]
    found = [value for value in strings if value.count(".") == 2 and value.startswith("eyJ")]
    assert len(found) == 1 and tokens.claims_of(found[0])["aud"] == ["a", "b"]


def test_token_decode_shows_the_claims(server, issuer, tmp_path):
    done = ask(server, tmp_path, "--audience", AUDIENCE, "--decode")
    assert done.returncode == 0, done.stderr
    for text in (issuer, AUDIENCE, f"arn:aws:iam::{server.account}:root", "kid"):
        assert text in done.stdout


def without_keys(server, home):
    environment = clients.environment_for(server, home)
    return {name: value for name, value in environment.items() if "ACCESS_KEY" not in name}


def as_user(token):
    return tokens.claims_of(token.strip())["sub"]


def test_token_reads_a_profile_a_process_and_a_container_endpoint(server, make_user, tmp_path):
    user = make_user(ALLOW_TOKENS, ALLOW_TAGS)
    keys, base = user.credentials, without_keys(server, tmp_path)
    (tmp_path / "credentials").write_text(
        f"[other]\naws_access_key_id = x\naws_secret_access_key = y\n"
        f"[work]\naws_access_key_id = {keys.access_key_id}\naws_secret_access_key = {keys.secret_access_key}\n")
    by_profile = {**base, "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"), "AWS_PROFILE": "work"}

    process = tmp_path / "process"
    process.write_text("#!/bin/sh\ncat <<'E'\n" + json.dumps({
        "Version": 1, "AccessKeyId": keys.access_key_id, "SecretAccessKey": keys.secret_access_key}) + "\nE\n")
    process.chmod(0o700)
    (tmp_path / "config").write_text(f"[default]\ncredential_process = {process}\n")
    by_process = {**base, "AWS_CONFIG_FILE": str(tmp_path / "config")}

    asked = []

    class Endpoint(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, self.headers["Authorization"]))
            body = json.dumps({"AccessKeyId": keys.access_key_id, "SecretAccessKey": keys.secret_access_key}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *ignored):
            pass

    endpoint = http.server.HTTPServer(("127.0.0.1", 0), Endpoint)
    thread = threading.Thread(target=endpoint.serve_forever, daemon=True)
    thread.start()
    try:
        by_container = {**base, "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{endpoint.server_port}/c",
                        "AWS_CONTAINER_AUTHORIZATION_TOKEN": "let me in"}
        for environment in (by_profile, by_process, by_container):
            done = servers.exeat("token", "--audience", "a", environment=environment)
            assert done.returncode == 0, done.stderr
            assert as_user(done.stdout) == user.arn
    finally:
        endpoint.shutdown()
        endpoint.server_close()
        thread.join(5)
    assert asked == [("/c", "let me in")]


def test_token_without_credentials_says_what_to_do(server, tmp_path):
    done = servers.exeat("token", "--audience", "a", environment={
        **without_keys(server, tmp_path), "AWS_EC2_METADATA_DISABLED": "true"})
    assert_refused(done, 1)
    assert "\nexeat: hint: " in done.stderr


def test_token_passes_a_refusal_on(server, make_user, tmp_path):
    user = make_user()
    done = ask(server, tmp_path, "--audience", "a", environment={
        "AWS_ACCESS_KEY_ID": user.credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": user.credentials.secret_access_key})
    assert_refused(done, 1, "AccessDenied")
    assert user.credentials.secret_access_key not in done.stderr
    # With the request id, by which the record is found.
    [request] = re.findall(r" \(request id ([0-9a-f-]{36})\)$", done.stderr, re.MULTILINE)
    explained = servers.exeat("policy", "explain", "--data-dir", server.data_dir, "--request-id", request)
    assert explained.returncode == 0 and user.arn in explained.stdout, explained.stderr
    assert f"exeat policy explain --data-dir DIR --request-id {request}\n" in done.stderr


def test_a_server_that_is_not_there_is_named_with_the_cause_in_words(server, tmp_path):
    """Wherever the address stands; nothing of its query, and no number of the system's."""
    keys = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}

    def asked(url, *words, **environment):
        for command in (["token", "--audience", "a"], ["keys", "list"], ["federation-config", "list"], ["transparency", "status"]):
            done = servers.exeat(*command, environment={**keys, "AWS_ENDPOINT_URL": url, **environment})
            assert_refused(done, 1, *words)
            assert not re.search(r"errno|Optional|\w+\(|Error", done.stderr.splitlines()[0].replace("(does", "")), done.stderr
            assert "\nexeat: hint: " in done.stderr

    for host in ("127.0.0.1", "localhost"):
        asked(f"http://{host}:1", f"no answer from http://{host}:1/: connection refused")
    asked("https://nowhere.invalid/path", "no answer from https://nowhere.invalid/path: the host is unknown")
    asked(server.url, f"no answer from {server.url}/: its certificate is not trusted")
    # An STS elsewhere, at which a profile's role is taken on.
    config = tmp_path / "config"
    config.write_text("[profile a]\nrole_arn = arn:aws:iam::1:role/r\ncredential_source = Environment\n")
    done = servers.exeat("keys", "list", "--profile", "a", environment={
        **keys, "AWS_CONFIG_FILE": str(config), "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:1",
        "AWS_ENDPOINT_URL_IAM": server.url})
    assert_refused(done, 1, "the role was not granted: no answer from http://127.0.0.1:1/: connection refused")


def test_what_is_no_server_of_this_kind_is_named(tmp_path):
    class Page(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.send_response(404)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{site.server_port}"
        done = servers.exeat("token", "--audience", "a", environment={
            "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_ENDPOINT_URL": url})
        site.shutdown()
    assert_refused(done, 1, f"the answer of {url}/ (status 404) is not that of an AWS Query service")


@pytest.mark.parametrize("config, environment, words", [
    ("[default]\ncredential_process = false\n", {}, "it ended with status 1"),
    ("[default]\ncredential_process = /nonexistent\n", {}, "cannot be started: No such file or directory"),
    ("[default]\ncredential_process = echo {}\n", {}, "what it gives is no credential: there is no `Version`"),
    ("[default]\ncredential_process = echo x\n", {}, "what it gives is no credential: it is not JSON"),
    ("[default\n", {}, "is no AWS configuration: line 1 is neither a section, nor a setting, nor a comment"),
    ("[default]\n[default]\n", {}, "the section of line 2 was there before"),
    ("[default]\nrole_arn = a\nsource_profile = b\n[profile b]\nrole_arn = a\nsource_profile = default\n", {},
     "profiles take their credentials from one another: default, b, default"),
    ("[default]\nrole_arn = a\nsource_profile = b\ncredential_source = Environment\n", {},
     "profile `default` has both `source_profile` and `credential_source`"),
    ("[default]\nrole_arn = a\nsource_profile = b\n", {}, "profile `default` takes its credentials from `b`, which has none"),
    ("[default]\nrole_arn = a\nsource_profile = b\nmfa_serial = c\n", {}, "has `mfa_serial`, which is not done here"),
    ("[default]\nrole_arn = a\nweb_identity_token_file = /nonexistent\n", {}, "`/nonexistent` cannot be read: there is no such file"),
    ("", {"AWS_ACCESS_KEY_ID": "a b", "AWS_SECRET_ACCESS_KEY": "s"}, "environment: `AWS_ACCESS_KEY_ID` is not usable"),
    ("", {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://192.0.2.1/"}, "the container endpoint `http://192.0.2.1/` is neither https"),
    ("", {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/"}, "no answer from the container endpoint: connection refused"),
    ("", {"AWS_ENDPOINT_URL": "sts.example.org"}, "it begins with neither `https://` nor `http://`"),
    ("", {"AWS_CA_BUNDLE": "/nonexistent"}, "cannot read the CA file /nonexistent: there is no such file"),
])
def test_settings_that_cannot_be_used_are_explained_in_words(tmp_path, config, environment, words):
    (tmp_path / "config").write_text(config)
    done = servers.exeat("token", "--audience", "a", environment={
        "AWS_ENDPOINT_URL": "https://localhost:1", "AWS_CONFIG_FILE": str(tmp_path / "config"), "HOME": str(tmp_path), **environment})
    assert done.returncode in (1, 2)
    assert_refused(done, done.returncode, words)


def test_a_time_has_a_unit_or_is_seconds(server, tmp_path):
    for text, seconds in (("900", 900), ("900s", 900), ("15m", 900), ("1h", 3600)):
        claims = tokens.claims_of(ask(server, tmp_path, "--audience", "a", "--duration", text).stdout.strip())
        assert claims["exp"] - claims["iat"] == seconds, text
    for text in ("15 m", "m", "1w", "+5", "5M", "0x10", "\u0661\u0665m"):
        assert_refused(ask(server, tmp_path, "--audience", "a", "--duration", text), 2, "--duration")


def test_the_algorithm_is_that_of_the_service_where_nobody_names_one(server, tmp_path):
    for audience, algorithm in (("https://api.example.com", "ES384"), ("api://AzureADTokenExchange", "RS256"),
                                ("sts.amazonaws.com", "RS256"), ("api://azureadtokenexchange", "ES384")):
        token = ask(server, tmp_path, "--audience", audience).stdout.strip()
        assert tokens.header_of(token)["alg"] == algorithm, audience
    token = ask(server, tmp_path, "--audience", "sts.amazonaws.com", "--algorithm", "ES384").stdout.strip()
    assert tokens.header_of(token)["alg"] == "ES384"


def test_token_does_not_trust_a_strange_ca(server, tmp_path):
    environment = clients.environment_for(server, tmp_path)
    del environment["AWS_CA_BUNDLE"]
    assert_refused(servers.exeat("token", "--audience", "a", environment=environment), 1)


# MARK: verify

def verify(server, token, *arguments, stdin=""):
    return servers.exeat("verify", *([token] if token else []), "--ca-file", server.ca, *arguments, stdin=stdin)


def test_verify_accepts_what_it_should(server, issuer):
    for algorithm in ("ES384", "RS256"):
        token = wire.token(server, SigningAlgorithm=algorithm, Audience=["a", AUDIENCE])
        done = verify(server, token, "--audience", AUDIENCE, "--issuer", issuer)
        assert done.returncode == 0, done.stderr
        done = verify(server, "-", "--audience", AUDIENCE, stdin=token + "\n")
        assert done.returncode == 0, done.stderr
        done = verify(server, token, "--audience", AUDIENCE, "--json")
        assert done.returncode == 0 and isinstance(json.loads(done.stdout), dict)


def test_verify_reads_a_file(server, tmp_path):
    path = tmp_path / "token.jwt"
    path.write_text(wire.token(server) + "\n")
    done = verify(server, None, "--file", path, "--audience", AUDIENCE)
    assert done.returncode == 0, done.stderr
    done = verify(server, None, "--file", tmp_path / "absent")
    assert done.returncode == 1 and f"cannot read `{tmp_path}/absent`" in done.stderr
    assert verify(server, "-", "--file", path, stdin="x").returncode == 2
    os.mkfifo(tmp_path / "pipe")
    for other in (tmp_path / "pipe", tmp_path, "/dev/zero"):
        done = verify(server, None, "--file", other)
        assert done.returncode == 1 and f"`{other}` is not a regular file" in done.stderr
    (tmp_path / "long").write_bytes(bytes((1 << 20) + 1))
    done = verify(server, None, "--file", tmp_path / "long")
    assert done.returncode == 1 and "is longer than 1048576 octets" in done.stderr


def test_verify_takes_no_argument_for_a_path(server, tmp_path):
    """Whoever passes on what a stranger sent opens no file for them, and takes no other token for theirs."""
    (tmp_path / "token.jwt").write_text(wire.token(server))
    os.mkfifo(tmp_path / "pipe")
    for argument in (str(tmp_path / "token.jwt"), "token.jwt", "./token.jwt", str(tmp_path / "pipe"), "/dev/zero"):
        done = servers.exeat("verify", argument, "--ca-file", server.ca, "--audience", AUDIENCE, cwd=tmp_path)
        assert done.returncode == 1 and "`parse` failed" in done.stderr, argument


def test_verify_says_in_plain_words_that_it_does_not_trust_a_certificate(server, issuer):
    token = wire.token(server, SigningAlgorithm="ES384", Audience=[AUDIENCE])
    done = servers.exeat("verify", token, "--issuer", issuer)
    assert done.returncode == 1, done.stdout
    assert "its certificate is not trusted, or not for this host" in done.stderr
    assert "--ca-file" in done.stderr and "SSL" not in done.stdout + done.stderr.replace("SSL_CERT_FILE", "")


def encode64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed_by_a_stranger(token):
    """The same header and claims, under a signature of another P-384 key."""
    text = token.rsplit(".", 1)[0]
    der = ec.generate_private_key(ec.SECP384R1()).sign(text.encode(), ec.ECDSA(hashes.SHA384()))
    r, s = utils.decode_dss_signature(der)
    return f"{text}.{encode64(r.to_bytes(48, 'big') + s.to_bytes(48, 'big'))}"


def with_header(token, **members):
    header = {**tokens.header_of(token), **members}
    return ".".join([encode64(json.dumps(header).encode()), *token.split(".")[1:]])


FORGERIES = {
    "signature": lambda token: signed_by_a_stranger(token),
    "alg": lambda token: with_header(token, alg="none").rsplit(".", 1)[0] + ".",
    "kid": lambda token: with_header(token, kid="unknown"),
}


@pytest.mark.parametrize("check", FORGERIES)
def test_verify_says_which_check_a_forgery_fails(server, check):
    done = verify(server, FORGERIES[check](wire.token(server)), "--audience", AUDIENCE)
    assert done.returncode == 1, done.stdout
    assert check in done.stderr.lower() + done.stdout.lower()


def test_verify_says_when_audience_or_issuer_is_another(server, issuer):
    token = wire.token(server)
    done = verify(server, token, "--audience", "https://other.example")
    assert done.returncode == 1 and "audience" in done.stderr
    other = issuer[:-1] + ("0" if issuer[-1] != "0" else "1")
    done = verify(server, token, "--audience", AUDIENCE, "--issuer", other)
    assert done.returncode == 1 and "issuer" in done.stderr


@pytest.mark.parametrize("token", ["x", "a.b.c", "", "e30.e30.", "e30.e30.e30.e30", "\u00fc.\u00fc.\u00fc"])
def test_verify_refuses_what_is_no_token(server, token):
    done = verify(server, "-", stdin=token)
    assert done.returncode == 1 and done.stderr.startswith("exeat: error: ")


def test_verify_does_not_trust_a_strange_ca(server):
    done = servers.exeat("verify", wire.token(server), "--audience", AUDIENCE)
    assert done.returncode == 1 and done.stderr.startswith("exeat: error: ")


def test_nothing_is_printed_in_colour_into_a_pipe(server, tmp_path):
    outputs = [servers.exeat("version").stdout, servers.exeat("no-such-command").stderr,
               ask(server, tmp_path, "--audience", "a", "--decode").stdout, server.output]
    assert all("\x1b" not in output for output in outputs)
