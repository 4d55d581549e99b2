# SPDX-License-Identifier: Apache-2.0
"""`exeat agent` and what will not work until somebody changes something: told at once, and never tried in vain for long."""

import http.server
import json
import pathlib
import re
import subprocess
import threading

import pytest

from driver import authorities, clients, server as servers, tokens
from driver.agent import until
from driver.authorities import Refused

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "docs" / "agent.md"
ALLOW = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:*", "Resource": "*"}}
NOTHING_HELPS = "nothing but a change will help"


@pytest.fixture(scope="module")
def other(server, issuer, tmp_path_factory):
    with authorities.Authorities(tmp_path_factory.mktemp("authorities"), issuer, server.ca) as running:
        yield running


@pytest.fixture
def user(server):
    """A user without a policy: makes keys, deletes them, permits."""
    iam, name = clients.boto(server, "iam"), "refused-agent"
    iam.create_user(UserName=name)

    class User:
        def key(self):
            made = iam.create_access_key(UserName=name)["AccessKey"]
            return servers.Credentials(made["AccessKeyId"], made["SecretAccessKey"])

        def delete(self, key):
            iam.delete_access_key(UserName=name, AccessKeyId=key.access_key_id)

        def permit(self):
            iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(ALLOW))

    yield User()
    for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    for policy in iam.list_user_policies(UserName=name)["PolicyNames"]:
        iam.delete_user_policy(UserName=name, PolicyName=policy)
    iam.delete_user(UserName=name)


def kept(tmp_path, name="a", **more):
    return {"name": name, "file": str(tmp_path / name), "token": {"audience": "a"}} | more


def vault(other, tmp_path):
    return kept(tmp_path, "vault", token={"audience": "https://vault.example"}, exchange={
        "target": "vault", "address": other.url, "ca-file": str(other.ca)})


def numbered(other, seconds):
    numbers = iter(range(1, 1_000_000))
    other.bend = lambda body: body | {
        "auth": body["auth"] | {"client_token": f"hvs.{next(numbers)}", "lease_duration": seconds}}


def pauses(running, words="not renewed"):
    """How long the agent said that it waits, in milliseconds, in the order of the lines with `words`."""
    return [int(re.search(r"again in ms=\"?(\d+)", line)[1]) for line in list(running.lines) if words in line]


class Answering:
    """A server that gives the same answer to everything."""

    def __init__(self, status, code, message):
        body = (f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
                "<RequestId>r</RequestId></ErrorResponse>").encode()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


# MARK: at the start


def test_root_cannot_take_on_a_role_and_the_agent_says_so_and_ends(agent, server):
    plan = {"credentials": {"role-arn": f"arn:aws:iam::{server.account}:role/app"}}
    with agent(plan) as running:
        assert running.wait() == 1
    assert "AccessDenied: Roles may not be assumed by root accounts." in running.output
    assert "give it the key of a user or the session of a role" in running.output
    assert "exeat: hint: trying again will not help" in running.output and "--keep-trying" in running.output


def test_a_program_does_not_wait_for_what_will_not_come(agent, user, tmp_path):
    with agent({"files": [kept(tmp_path)]}, "touch", str(tmp_path / "started"), credentials=user.key()) as running:
        assert running.wait() == 1
    assert "exeat: error: a: AccessDenied" in running.output and not (tmp_path / "started").exists()
    assert "a policy must allow the agent's identity this action" in running.output


def test_what_can_be_kept_is_kept_beside_what_is_refused(agent, tmp_path):
    plan = {"files": [kept(tmp_path), kept(tmp_path, "b", token={"audience": "b", "duration": 1})]}
    with agent(plan) as running:
        until(lambda: (tmp_path / "a").exists() and NOTHING_HELPS in running.output, "the one and the other")
        line = next(line for line in running.lines if NOTHING_HELPS in line)
        assert 'name="b"' in line and "does not take what the agent's file asks for" in line
        until(lambda: len(pauses(running)) == 3, "the third refusal")
        assert pauses(running)[0] <= 1000 and 270_000 <= pauses(running)[2] <= 300_000
        assert running.process.poll() is None


def test_keep_trying_waits_for_a_policy(agent, user, tmp_path):
    with agent({"files": [kept(tmp_path)]}, credentials=user.key(), flags=["--keep-trying"]) as running:
        until(lambda: NOTHING_HELPS in running.output, "a refusal")
        assert pauses(running)[0] <= 1000
        user.permit()
        running.ready()
        thing = running.health()[2]["a"]
        assert thing["condition"] == "fresh" and "refused" not in thing


@pytest.mark.parametrize("status, code, words", [
    (403, "ExpiredToken", "(environment) has ended: start the agent again with new values of AWS_ACCESS_KEY_ID"),
    (403, "SignatureDoesNotMatch", "the secret key of environment belongs to another key"),
    (400, "ValidationError", "audience, algorithm, duration, tags or role")])
def test_a_refusal_for_good_is_told_with_its_code_and_cause(agent, tmp_path, status, code, words):
    with Answering(status, code, "m") as answering:
        with agent({"files": [kept(tmp_path)]}, AWS_ENDPOINT_URL=answering.url) as running:
            assert running.wait() == 1
    assert f"{code}: m" in running.output and words in running.output


@pytest.mark.parametrize("status, code", [(500, "InternalFailure"), (503, "ServiceUnavailable"), (400, "Throttling")])
def test_what_passes_is_tried_again_soon(agent, tmp_path, status, code):
    with Answering(status, code, "m") as answering:
        with agent({"files": [kept(tmp_path)]}, AWS_ENDPOINT_URL=answering.url) as running:
            until(lambda: len(pauses(running)) >= 2, "two tries")
            assert pauses(running)[0] <= 1000 and pauses(running)[1] <= 2000
            assert NOTHING_HELPS not in running.output and running.process.poll() is None


def test_a_session_that_says_that_it_has_ended_is_told(agent, tmp_path):
    with agent({"files": [kept(tmp_path)]}, AWS_CREDENTIAL_EXPIRATION="2020-01-01T00:00:00Z") as running:
        assert running.wait() == 1
    assert "the credentials of environment expired at 2020-01-01T00:00:00Z" in running.output
    assert "put new ones there" in running.output


# MARK: later


def test_a_refusal_that_comes_later_is_told_and_tried_seldom(agent, other, tmp_path):
    numbered(other, 4)
    try:
        with agent({"files": [vault(other, tmp_path)]}) as running:
            running.ready()
            other.faults += [Refused(503, {"errors": ["sealed"]})] + [Refused(403, {"errors": ["permission denied"]})] * 20
            until(lambda: max(pauses(running), default=0) > 60_000, "the last of many refusals")
            # What may pass is tried again soon, and so are the first refusals while there is something to lose.
            soon, *_, seldom = pauses(running)
            assert len(pauses(running)) >= 4 and soon <= 1000 and 270_000 <= seldom <= 300_000
            thing = running.health()[2]["vault"]
            assert thing["refused"] is True and "HTTP 403" in thing["failure"] and "--mount" in thing["failure"]
            assert running.process.poll() is None
    finally:
        other.faults.clear()
        other.bend = lambda body: body


def test_a_new_key_in_the_profile_is_found_when_the_old_one_is_refused(agent, user, other, tmp_path):
    old, new = user.key(), user.key()
    user.permit()
    file = tmp_path / "credentials"

    def write(key):
        part = file.with_suffix(".new")
        part.write_text(f"[agent]\naws_access_key_id = {key.access_key_id}\naws_secret_access_key = {key.secret_access_key}\n")
        part.rename(file)

    numbered(other, 3)
    write(old)
    plan = {"files": [vault(other, tmp_path)], "server": {"profile": "agent"}}
    try:
        with agent(plan, AWS_SHARED_CREDENTIALS_FILE=str(file)) as running:
            running.ready()
            write(new)
            user.delete(old)
            first = (tmp_path / "vault").read_text()
            until(lambda: (tmp_path / "vault").read_text() != first, "a renewal with the new key")
            assert "not renewed" not in running.output
    finally:
        other.bend = lambda body: body


# MARK: the document


def test_the_first_configuration_of_the_document_runs_as_it_stands(tmp_path):
    text = DOCUMENT.read_text()
    configuration = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)[1]
    command = re.search(r"```\n(exeat agent --config first\.yaml.*?)```", text, re.DOTALL)[1]
    assert len(configuration.splitlines()) <= 6
    with servers.dev(tmp_path / "dev") as running:
        (tmp_path / "first.yaml").write_text(configuration)
        binaries = pathlib.Path(servers.binary()).parent
        environment = clients.environment_for(running, tmp_path)
        done = subprocess.run(
            ["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, timeout=180,
            env=servers.clean_environment(**environment) | {"PATH": f"{binaries}:/usr/bin:/bin"})
        assert done.returncode == 0, done.stderr
        claims = tokens.claims_of((tmp_path / "first.jwt").read_text())
        assert claims["aud"] == "my-service" and claims["exp"] - claims["iat"] == 300
        assert (tmp_path / "first.jwt").read_text() in done.stdout
