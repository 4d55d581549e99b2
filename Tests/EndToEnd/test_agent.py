# SPDX-License-Identifier: Apache-2.0
"""`exeat agent`: files that stay fresh through outages, credentials for stock AWS clients, a program and its end."""

import http.server
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading

import pytest
import yaml

from driver import authorities, clients, server as servers, tokens
from driver.agent import Agent, until
from driver.authorities import PROVIDER, Refused
from driver.clients import VENV

ALLOW = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:*", "Resource": "*"}}


@pytest.fixture(scope="module")
def other(server, issuer, tmp_path_factory):
    with authorities.Authorities(tmp_path_factory.mktemp("authorities"), issuer, server.ca) as running:
        yield running


@pytest.fixture(autouse=True)
def healed(other):
    yield
    other.faults.clear()
    other.bend = lambda body: body


@pytest.fixture(scope="module")
def role(server):
    """A role that the root user of the account may take on."""
    iam = clients.boto(server, "iam")
    trust = {"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{server.account}:user/agent"}}}
    iam.create_user(UserName="agent")
    iam.put_user_policy(UserName="agent", PolicyName="p", PolicyDocument=json.dumps(ALLOW))
    key = iam.create_access_key(UserName="agent")["AccessKey"]
    arn = iam.create_role(RoleName="app", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName="app", PolicyName="p", PolicyDocument=json.dumps(ALLOW))
    yield arn, servers.Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    iam.delete_role_policy(RoleName="app", PolicyName="p")
    iam.delete_role(RoleName="app")
    iam.delete_access_key(UserName="agent", AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName="agent", PolicyName="p")
    iam.delete_user(UserName="agent")


def kept(tmp_path, name="a", **more):
    return {"name": name, "file": str(tmp_path / name), "token": {"audience": "a"}} | more


def vault(other, tmp_path, name="vault", **more):
    return kept(tmp_path, name, token={"audience": "https://vault.example"}, exchange={
        "target": "vault", "address": other.url, "ca-file": str(other.ca)}, **more)


def numbered(other, seconds):
    """Vault gives a new token of `seconds` each time."""
    numbers = iter(range(1, 1_000_000))

    def bend(body):
        return body | {"auth": body["auth"] | {"client_token": f"hvs.{next(numbers)}", "lease_duration": seconds}}

    other.bend = bend


# MARK: files


def test_files_hold_what_the_file_says_for_their_owner_alone(agent, server, issuer, other, tmp_path):
    name = "agent-crm"
    clients_config = {"OutboundFederationConfig": {
        "TargetService": "https://api.example.com", "TokenType": "OIDC", "Audience": "crm"}}
    made = servers.exeat("federation-config", "apply", name, "-f", "-", stdin=json.dumps(clients_config),
                         environment=clients.environment_for(server, tmp_path))
    assert made.returncode == 0, made.stderr
    plan = {"files": [
        kept(tmp_path, token={"audience": ["a", "b"], "algorithm": "ES384", "duration": 900, "tags": {"team": "blue"}}),
        kept(tmp_path, "config", token={"federation-config": name}),
        vault(other, tmp_path)]}
    with agent(plan) as running:
        running.ready()
        claims = tokens.verify_with_pyjwt(server, (tmp_path / "a").read_text(), "b", issuer)
        assert claims["exp"] - claims["iat"] == 900 and claims[tokens.NAMESPACE]["request_tags"] == {"team": "blue"}
        tokens.verify_with_pyjwt(server, (tmp_path / "config").read_text(), "crm", issuer)
        assert (tmp_path / "vault").read_text() == "hvs.root.jwt"
        assert all((tmp_path / name).stat().st_mode & 0o777 == 0o600 for name in ("a", "config", "vault"))
        status, word, things = running.health()
        assert (status, word) == (200, "ok") and {thing["condition"] for thing in things.values()} == {"fresh"}
        done = servers.exeat("agent", "status", "--address", running.url.removeprefix("http://"))
        assert done.returncode == 0 and done.stdout.splitlines()[0] == "ok", done.stderr
        assert "fresh vault" in done.stdout and str(tmp_path / "vault") in done.stdout
        # What the log and the health tell holds nothing of the tokens.
        secrets = [(tmp_path / name).read_text() for name in ("a", "config", "vault")] + [server.root.secret_access_key]
        told = running.output + running.get("/health")[1] + done.stdout
        assert not any(secret in told or secret.split(".")[-1] in told for secret in secrets if len(secret) > 20)
        assert "hvs.root.jwt" not in told
    assert running.process.returncode == 0, running.output
    servers.exeat("federation-config", "delete", name, environment=clients.environment_for(server, tmp_path))


def test_a_file_is_renewed_before_it_ends_and_a_program_is_told(agent, other, tmp_path):
    # Renewed after 16 s at the latest: four seconds are left to a machine that is busy.
    numbered(other, 20)
    listener = subprocess.Popen(
        [sys.executable, "-c", "import signal, sys\nsignal.signal(signal.SIGHUP, lambda *_: print('told', flush=True))\n"
                               "print('there', flush=True)\nwhile True: signal.pause()"], stdout=subprocess.PIPE, text=True)
    try:
        assert listener.stdout.readline() == "there\n"
        (tmp_path / "pid").write_text(f"{listener.pid}\n")
        plan = {"files": [vault(other, tmp_path, signal="SIGHUP") | {"pid-file": str(tmp_path / "pid")}]}
        seen = []
        with agent(plan) as running:
            running.ready()

            def second():
                text = (tmp_path / "vault").read_text()
                if text not in seen:
                    seen.append(text)
                assert running.health()[0] == 200
                return len(seen) >= 2

            until(second, "the second token")
        # Each was whole, and none came twice.
        numbers = [int(text.removeprefix("hvs.")) for text in seen]
        assert numbers == sorted(numbers) and listener.stdout.readline() == "told\n"
    finally:
        listener.kill()
        listener.wait()
        listener.stdout.close()


def test_a_pid_file_that_holds_more_than_a_number_names_nobody(agent, tmp_path):
    with subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"]) as listener:
        try:
            number = str(listener.pid)
            (tmp_path / "pid").write_text(f"{number[:1]} {number[1:]}\n")
            with agent({"files": [kept(tmp_path, signal="SIGTERM") | {"pid-file": str(tmp_path / "pid")}]}) as running:
                until(lambda: "nobody was told of the new file" in running.output, "the warning")
            assert listener.poll() is None
        finally:
            listener.kill()


def test_status_prints_nothing_that_steers_a_terminal():
    body = json.dumps({"status": "ok", "kept": [], "more": "\x9b\u202e\u2028"}, ensure_ascii=False).encode()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as listener:
        thread = threading.Thread(target=listener.handle_request)
        thread.start()
        done = servers.exeat("agent", "status", "--address", f"127.0.0.1:{listener.server_port}", "--json")
        thread.join(30)
    assert done.stdout == '{"status":"ok","kept":[],"more":"\\u009b\\u202e\\u2028"}\n', done


@pytest.mark.skipif(os.geteuid() != 0, reason="another uid can only be taken on by root")
def test_the_memory_of_agent_and_server_is_closed_to_others_of_their_uid():
    """/proc/PID belongs to root when a process may not be dumped, and to the process's own uid otherwise."""
    work = pathlib.Path(tempfile.mkdtemp(prefix="exeat-uid-"))
    nobody = {"user": 65534, "group": 65534, "extra_groups": [], "cwd": work, "stdin": subprocess.DEVNULL}
    try:
        os.chown(work, 65534, 65534)
        (work / "agent.yaml").write_text(yaml.safe_dump({"files": [kept(work)]}))
        data = servers.init(work / "data")
        for path in [data, *data.rglob("*")]:
            os.chown(path, 65534, 65534)
        environment = servers.clean_environment(
            HOME=str(work), AWS_ENDPOINT_URL="http://127.0.0.1:1", AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b")
        port = servers.free_port()
        for arguments, word in [
                (["agent", "--config", "agent.yaml"], "not renewed"),
                (["serve", "--data-dir", "data", "--listen", f"127.0.0.1:{port}", "--tls", "off",
                  "--public-url", f"http://localhost:{port}"], "listening")]:
            try:
                process = subprocess.Popen([servers.binary(), *arguments], env=environment, text=True,
                                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **nobody)
            except PermissionError:
                pytest.skip("another uid may not run the program from its folder")
            try:
                assert any(word in line for line in process.stdout), arguments
                status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
                assert "Uid:\t65534\t65534" in status
                assert os.stat(f"/proc/{process.pid}/environ").st_uid == 0, arguments
            finally:
                process.kill()
                process.wait(30)
                process.stdout.close()
    finally:
        shutil.rmtree(work)


def test_a_bad_answer_never_takes_the_place_of_a_good_file(agent, other, tmp_path):
    numbered(other, 5)
    good = other.bend
    with agent({"files": [vault(other, tmp_path), kept(tmp_path)]}) as running:
        running.ready()
        other.bend = lambda body: body | {"auth": {"client_token": "bad token", "lease_duration": 5}}
        until(lambda: "failure" in running.health()[2]["vault"], "a failure")
        before = (tmp_path / "vault").read_text()
        assert before.startswith("hvs.") and running.health()[1] in ("degraded", "failing")
        other.bend = lambda body: body | {"auth": body["auth"] | {"lease_duration": -1}}
        until(lambda: running.condition("vault") == "expired", "the end of the token")
        assert (tmp_path / "vault").read_text() == before and running.condition("a") == "fresh"
        assert running.health()[:2] == (503, "failing")
        done = servers.exeat("agent", "status", "--config", str(running.config), "--address",
                             running.url.removeprefix("http://"), "--json")
        assert done.returncode == 1 and json.loads(done.stdout)["status"] == "failing"
        other.bend = good
        until(lambda: running.condition("vault") == "fresh", "recovery")
        assert (tmp_path / "vault").read_text() != before
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".new")] == []


def test_an_outage_of_the_server_is_survived(tmp_path):
    work = tmp_path / "server"
    with servers.serve_plain(work) as running_server:
        clients.boto(running_server, "iam").enable_outbound_web_identity_federation()
        environment = clients.environment_for(running_server, tmp_path)
        del environment["HOME"]
        plan = {"listen": "127.0.0.1:0", "files": [kept(tmp_path)]}
        running_server.stop()
        # Started while the server is away: what an earlier agent left stays, and is replaced when the server is back.
        (tmp_path / "a").write_text("what was there")
        with Agent(tmp_path, plan, environment) as running:
            until(lambda: "not renewed" in running.output, "a failure")
            assert (tmp_path / "a").read_text() == "what was there"
            running_server.ready = None
            running_server.start()
            running.ready()
            token = (tmp_path / "a").read_text()
            assert tokens.claims_of(token)["aud"] == "a"
            # Away again: the token lives on.
            running_server.stop()
            assert running.health()[0] == 200 and (tmp_path / "a").read_text() == token
            running_server.ready = None
            running_server.start()


def test_googles_libraries_read_the_account_file(agent, other, tmp_path):
    plan = {"files": [{"name": "google", "file": str(tmp_path / "google.jwt"), "google-account": {
        "file": str(tmp_path / "google.json"), "provider": PROVIDER, "google-sts-url": f"{other.url}/v1/token"}}]}
    program = ("import os, google.auth.transport.requests, google.auth.identity_pool as module\n"
               "found = module.Credentials.from_file(os.environ['GOOGLE_APPLICATION_CREDENTIALS'], scopes=['x'])\n"
               "found.refresh(google.auth.transport.requests.Request())\nprint(found.token)")
    with agent(plan, sys.executable, "-c", program, REQUESTS_CA_BUNDLE=str(other.ca)) as running:
        assert running.wait() == 0, running.output
    assert "google-federated\n" in running.lines


# MARK: credentials


def test_stock_clients_get_the_roles_credentials_from_the_container_endpoint(agent, role, tmp_path):
    arn, credentials = role
    plan = {"credentials": {"role-arn": arn, "session-name": "pod"}}
    command = [str(VENV / "aws"), "sts", "get-caller-identity", "--query", "Arn", "--output", "text"]
    with agent(plan, *command, credentials=credentials) as running:
        assert running.wait() == 0, running.output
    assert any(line.strip().endswith(":assumed-role/app/pod") for line in running.lines), running.output
    assert credentials.secret_access_key not in running.output


def test_stock_clients_get_the_roles_credentials_from_the_metadata_service(agent, role, server, tmp_path):
    arn, credentials = role
    plan = {"credentials": {"role-arn": arn, "metadata": True, "authorization-token-file": str(tmp_path / "authorization")}}
    with agent(plan, credentials=credentials) as running:
        running.ready()
        done = clients.run_aws(
            {"AWS_ENDPOINT_URL": server.url, "AWS_CA_BUNDLE": server.ca, "AWS_DEFAULT_REGION": "us-east-1",
             "AWS_EC2_METADATA_SERVICE_ENDPOINT": running.url, "HOME": str(tmp_path)}, "sts", "get-caller-identity")
        assert json.loads(done.stdout or "{}").get("Arn", "").endswith(":assumed-role/app/exeat-agent"), done.stderr
        # Beside it, by the file that another container reads.
        done = clients.run_aws(
            {"AWS_ENDPOINT_URL": server.url, "AWS_CA_BUNDLE": server.ca, "AWS_DEFAULT_REGION": "us-east-1",
             "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{running.url}/credentials", "HOME": str(tmp_path),
             "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(tmp_path / "authorization")}, "sts", "get-caller-identity")
        assert json.loads(done.stdout or "{}").get("Arn", "").endswith(":assumed-role/app/exeat-agent"), done.stderr
        # `exeat` itself is such a client.
        mine = servers.exeat("token", "--audience", "a", "--decode", environment={
            "AWS_ENDPOINT_URL": server.url, "AWS_CA_BUNDLE": server.ca, "HOME": str(tmp_path),
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{running.url}/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(tmp_path / "authorization")})
        assert json.loads(mine.stdout)["claims"]["sub"] == arn, mine.stderr
        authorization = (tmp_path / "authorization").read_text()
        assert (tmp_path / "authorization").stat().st_mode & 0o777 == 0o600
        assert authorization not in running.output
        # Whoever names another host gets nothing.
        assert running.get("/credentials", Authorization=authorization)[0] == 200
        assert running.get("/credentials", Authorization=authorization, Host="attacker.example")[0] == 403
        assert running.get("/credentials", Authorization="A" * 43)[0] == 401
        assert running.get("/latest/api/token", method="PUT", X_aws_ec2_metadata_token_ttl_seconds="60",
                           X_Forwarded_For="192.0.2.1")[0] == 403


def test_a_long_lived_key_is_not_handed_out(agent, tmp_path):
    with agent({"credentials": {}}, "true") as running:
        assert running.wait() == 1
    assert "exeat: error: credentials: " in running.output and "name a role in credentials.role-arn" in running.output


def test_the_agents_own_session_is_handed_out(agent, server, tmp_path):
    answer = clients.boto(server, "sts").get_session_token(DurationSeconds=900)["Credentials"]
    session = servers.Credentials(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])
    with agent({"credentials": {}}, str(VENV / "aws"), "sts", "get-caller-identity", credentials=session) as running:
        assert running.wait() == 0, running.output
    assert f"arn:aws:iam::{server.account}:root" in running.output


@pytest.mark.parametrize("code, calls, credentials", [("AccessDenied", 2, 1), ("InvalidClientTokenId", 4, 3)])
def test_another_credential_is_looked_for_where_the_refusal_speaks_of_it(tmp_path, code, calls, credentials):
    """The source gives a new session each time; the program is given up after the second refusal in a row."""
    keys = []
    body = (f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error>"
            "<RequestId>1</RequestId></ErrorResponse>").encode()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            keys.append(self.headers["Authorization"].partition("Credential=")[2].partition("/")[0])
            self.send_response(403)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    (tmp_path / ".aws").mkdir()
    script = tmp_path / "give.sh"
    script.write_text(f"""echo >> {tmp_path}/runs
n=$(wc -l < {tmp_path}/runs)
echo '{{"Version":1,"AccessKeyId":"ASIA'$n'","SecretAccessKey":"s","SessionToken":"t'$n'"}}'
""")
    (tmp_path / ".aws" / "config").write_text(f"[default]\ncredential_process = sh {script}\n")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        thread = threading.Thread(target=listener.serve_forever)
        thread.start()
        try:
            environment = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{listener.server_port}", "AWS_REGION": "us-east-1"}
            with Agent(tmp_path, {"files": [kept(tmp_path)]}, environment, "true") as running:
                assert running.wait() == 1, running.output
        finally:
            listener.shutdown()
            thread.join(30)
    assert f"{code}: no" in running.output and "exeat: error: a: " in running.output
    assert len(keys) == calls, keys
    assert len((tmp_path / "runs").read_text()) == credentials == len(set(keys))


def test_one_refusal_that_passes_does_not_keep_a_program_from_starting(agent, other, tmp_path):
    other.faults += [Refused(403, {"errors": ["permission denied"]})]
    with agent({"files": [vault(other, tmp_path)]}, "true") as running:
        assert running.wait() == 0, running.output
    assert "not renewed, and nothing but a change will help" in running.output


# MARK: the program


def test_a_program_sees_the_files_and_none_of_the_agents_keys(agent, server, tmp_path):
    plan = {"files": [kept(tmp_path, variable="AZURE_FEDERATED_TOKEN_FILE")], "environment": {"AZURE_CLIENT_ID": "c"}}
    program = "import json, os; print(json.dumps(dict(os.environ)))"
    with agent(plan, sys.executable, "-c", program, UNTOUCHED="1") as running:
        assert running.wait() == 0, running.output
    (seen,) = [json.loads(line) for line in running.lines if line.startswith("{")]
    assert seen["AZURE_FEDERATED_TOKEN_FILE"] == str(tmp_path / "a") and seen["AZURE_CLIENT_ID"] == "c"
    assert seen["UNTOUCHED"] == "1" and seen["AWS_ENDPOINT_URL_STS"].rstrip("/") == server.url
    assert not {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_CONTAINER_CREDENTIALS_FULL_URI"} & seen.keys()
    assert not any(server.root.secret_access_key in value for value in seen.values())


def test_a_program_inherits_the_standard_streams_alone(agent, tmp_path):
    # Number 3 is what the program reads the folder by.
    program = "import os; print(sorted(os.listdir('/proc/self/fd')), flush=True)"
    with agent({"files": [kept(tmp_path)]}, sys.executable, "-c", program) as running:
        assert running.wait() == 0, running.output
    assert "['0', '1', '2', '3']\n" in running.lines, running.output


WHO = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'], flush=True)"


def default_profile(tmp_path, credentials):
    """The agent's key where SDKs look before they ask an endpoint."""
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(
        f"[default]\naws_access_key_id = {credentials.access_key_id}\n"
        f"aws_secret_access_key = {credentials.secret_access_key}\n")


@pytest.mark.parametrize("metadata", [False, True])
def test_a_program_is_the_role_though_the_agents_key_is_the_default_profile(agent, role, tmp_path, metadata):
    arn, credentials = role
    default_profile(tmp_path, credentials)
    plan = {"credentials": {"role-arn": arn, "session-name": "pod", "metadata": metadata}}
    with agent(plan, sys.executable, "-c", WHO, credentials=credentials) as running:
        assert running.wait() == 0, running.output
    assert any(line.strip().endswith(":assumed-role/app/pod") for line in running.lines), running.output


def test_a_program_without_credentials_gets_none_of_the_machine(agent, role, tmp_path):
    _, credentials = role
    default_profile(tmp_path, credentials)
    program = WHO + "\n"
    inherited = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:1"}
    with agent({"files": [kept(tmp_path)]}, sys.executable, "-c", program, credentials=credentials, **inherited) as running:
        assert running.wait() == 1
    assert "NoCredentialsError" in running.output, running.output
    program = "import json, os; print(json.dumps(dict(os.environ)))"
    plan = {"files": [kept(tmp_path)], "environment": {"AWS_CONFIG_FILE": "/etc/mine"}}
    with agent(plan, sys.executable, "-c", program, **inherited) as running:
        assert running.wait() == 0, running.output
    (seen,) = [json.loads(line) for line in running.lines if line.startswith("{")]
    assert seen["AWS_EC2_METADATA_DISABLED"] == "true" and "AWS_EC2_METADATA_SERVICE_ENDPOINT" not in seen
    assert (seen["AWS_SHARED_CREDENTIALS_FILE"], seen["AWS_CONFIG_FILE"]) == ("/dev/null", "/etc/mine")


@pytest.mark.parametrize("script, status", [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137)])
def test_the_agent_ends_with_the_programs_status(agent, tmp_path, script, status):
    with agent({"files": [kept(tmp_path)]}, "sh", "-c", script) as running:
        assert running.wait() == status, running.output


def test_a_program_that_is_not_there_is_told(agent, tmp_path):
    with agent({"files": [kept(tmp_path)]}, "/nonexistent") as running:
        assert running.wait() == 127
    assert "cannot run `/nonexistent`: No such file or directory" in running.output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_signals_reach_the_program(agent, tmp_path, number):
    program = ("import signal, sys\n"
               f"signal.signal({int(number)}, lambda *_: sys.exit(40 + {int(number)}))\n"
               "print('running', flush=True)\nwhile True: signal.pause()")
    with agent({"files": [kept(tmp_path)]}, sys.executable, "-c", program) as running:
        until(lambda: "running\n" in running.lines, "the program")
        running.send(number)
        assert running.wait() == 40 + number, running.output


def test_the_program_is_told_of_a_new_file(agent, other, tmp_path):
    numbered(other, 3)
    program = ("import signal, sys\nsignal.signal(signal.SIGUSR2, lambda *_: sys.exit(44))\nwhile True: signal.pause()")
    with agent({"files": [vault(other, tmp_path, signal="SIGUSR2")]}, sys.executable, "-c", program) as running:
        assert running.wait() in (44, 128 + signal.SIGUSR2), running.output


def test_a_program_does_not_start_without_its_files(agent, other, tmp_path):
    other.faults += [Refused(403, {"errors": ["permission denied"]})] * 100
    plan = {"files": [vault(other, tmp_path), kept(tmp_path)]}
    with agent(plan, "touch", str(tmp_path / "started"), flags=["--start-timeout", "8", "--keep-trying"]) as running:
        assert running.wait() == 1
    assert "not there after 8 s: vault" in running.output and not (tmp_path / "started").exists()
    # The other side's code, and what usually causes it, in one line.
    assert "HTTP 403" in running.output and "--mount" in running.output


def test_a_signal_ends_an_agent_that_waits_for_its_files(agent, other, tmp_path):
    other.faults += [Refused(403, {"errors": ["permission denied"]})] * 100
    with agent({"files": [vault(other, tmp_path)]}, "touch", str(tmp_path / "started"), flags=["--keep-trying"]) as running:
        until(lambda: "not renewed" in running.output, "a failure")
        running.send(signal.SIGTERM)
        assert running.wait() == 128 + signal.SIGTERM
    assert not (tmp_path / "started").exists()


# MARK: wrong usage


@pytest.mark.parametrize("plan, words", [
    ({"files": []}, "`files` is missing"), ({"fils": []}, "`fils` is not a setting"),
    ({"files": [{"name": "a", "file": "/x/a", "token": {"audience": "a"}, "signal": "SIGHUP"}]}, "neither a pid-file nor"),
    ({"listen": "0.0.0.0:0", "credentials": {}}, "not an address of loopback")])
def test_a_file_that_says_nothing_useful_is_refused(agent, plan, words):
    with agent(plan) as running:
        assert running.wait() == 2
    assert words in running.output


def test_what_cannot_be_is_told_at_the_start(agent, tmp_path):
    assert "cannot read `none`" in servers.exeat("agent", "--config", "none").stderr
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = "127.0.0.1:%d" % taken.getsockname()[1]
        with agent({"listen": address, "files": [kept(tmp_path)]}) as running:
            assert running.wait() == 1
    assert "another process listens" in running.output
    done = servers.exeat("agent", "status", "--address", address)
    assert done.returncode == 1 and f"no agent answers at {address}" in done.stderr


def test_a_file_that_cannot_be_written_is_told(agent):
    plan = {"files": [kept(pathlib.Path("/nonexistent/directory"))]}
    with agent(plan, "true") as running:
        assert running.wait() == 1
    assert "cannot write `/nonexistent/directory/a`: No such file or directory" in running.output


def test_the_examples_are_read(tmp_path):
    folder = pathlib.Path(__file__).resolve().parents[2] / "examples" / "agent"
    manifest = next(iter(yaml.safe_load_all((folder / "kubernetes.yaml").read_text())))
    for text in ((folder / "agent.yaml").read_text(), manifest["data"]["agent.yaml"]):
        address = f"127.0.0.1:{servers.free_port()}"
        (tmp_path / "agent.yaml").write_text(text.replace("127.0.0.1:9911", address))
        done = servers.exeat("agent", "status", "--config", tmp_path / "agent.yaml")
        assert f"no agent answers at {address}" in done.stderr
