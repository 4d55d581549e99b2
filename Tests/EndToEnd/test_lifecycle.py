# SPDX-License-Identifier: Apache-2.0
"""Starting, stopping, restarting, being killed, losing the disk or the key: nothing is lost, nothing half-written."""

import json
import os
import pathlib
import random
import resource
import shutil
import socket
import subprocess
import threading
import time

import pytest
import requests

from driver import agent, audit, server as servers, tokens, wire

JWKS = "/.well-known/jwks.json"


def document(running, issuer, name=JWKS):
    return tokens.get(running, running.url + issuer.removeprefix(servers.PUBLIC_URL) + name)


def test_a_restart_keeps_issuer_keys_users_and_log(tmp_path, enable):
    with servers.serve_plain(tmp_path) as running:
        issuer = enable(running)
        wire.call(running, "CreateUser", "iam", UserName="kept")
        answer = wire.call(running, "GetWebIdentityToken", Audience=["a"], SigningAlgorithm="RS256")
        before = document(running, issuer)
        running.restart()
        assert wire.call(running, "GetOutboundWebIdentityFederationInfo", "iam").text("IssuerIdentifier") == issuer
        after = document(running, issuer)
        assert (after.content, after.headers["ETag"]) == (before.content, before.headers["ETag"])
        assert tokens.header_of(wire.token(running, SigningAlgorithm="RS256")) == tokens.header_of(
            answer.text("WebIdentityToken"))
        assert wire.call(running, "GetUser", "iam", UserName="kept").status == 200
        audit.the_record(running, answer)


def test_the_ready_file_tells_where_and_who(tmp_path):
    with servers.serve_tls(tmp_path) as running:
        assert set(running.ready) >= {"endpoint", "ca", "pid"}
        assert running.ready["pid"] == running.process.pid
        assert running.ready["ca"] == running.ca
    (tmp_path / "dev").mkdir()
    with servers.dev(tmp_path / "dev", "--tls", "off") as running:
        assert running.ready["ca"] is None and running.url.startswith("http://")
        assert wire.call(running, "GetCallerIdentity").status == 200


def test_a_second_server_on_the_same_address_says_so(plain, tmp_path):
    data_dir = servers.init(tmp_path / "data")
    done = servers.exeat("serve", "--data-dir", data_dir, "--listen", f"127.0.0.1:{plain.port}", "--public-url",
                         servers.PUBLIC_URL, "--tls", "off")
    assert done.returncode == 1
    errors = [line for line in done.stderr.splitlines() if line.startswith("exeat: error: ")]
    assert len(errors) == 1 and str(plain.port) in errors[0], done.stderr


def test_a_start_that_fails_does_not_name_the_log(tmp_path):
    data_dir = servers.init(tmp_path / "data")
    done = servers.exeat("serve", "--data-dir", data_dir, "--listen", f"127.0.0.1:{servers.free_port()}", "--public-url",
                         "https://sts.example.org", "--tls-cert", "/nowhere/cert.pem", "--tls-key", "/nowhere/key.pem")
    assert done.returncode == 1 and "/nowhere/cert.pem" in done.stderr, done.stderr
    with servers.serve_plain(tmp_path):
        assert (tmp_path / "data" / "log" / "verifier-key").read_text().startswith("exeat.example/log+")


def test_code_that_only_the_start_ran_is_given_back(tmp_path, enable):
    def memory(field):
        lines = pathlib.Path(f"/proc/{running.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(field + ":"))

    with servers.serve_plain(tmp_path) as running:
        agent.until(lambda: memory("RssFile") < memory("VmHWM") / 2, "most of what was resident is given back")
        enable(running)
        assert wire.token(running, SigningAlgorithm="RS256")


def urgency(running):
    """The levels of the threads that sign, and of the event loops."""
    levels = {}
    for task in pathlib.Path(f"/proc/{running.process.pid}/task").iterdir():
        name = (task / "comm").read_text().strip()
        levels.setdefault(name.split("-ELT")[0], set()).add(os.getpriority(os.PRIO_PROCESS, int(task.name)))
    return levels["exeat-sign"], levels["NIO"]


def test_the_threads_that_sign_are_less_urgent_than_the_others(tmp_path, enable):
    with servers.serve_plain(tmp_path) as running:
        enable(running)
        assert wire.token(running)
        signers, (loops,) = urgency(running)
        assert signers == ({min(loops + 4, 19)} if may_rise() else {loops})


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="taking a capability away takes setpriv")
def test_without_the_right_to_take_it_back_no_thread_is_less_urgent(tmp_path, enable):
    with servers.serve_plain(tmp_path, runner=["setpriv", "--bounding-set", "-sys_nice", "--inh-caps", "-sys_nice"]) as running:
        enable(running)
        assert wire.token(running)
        signers, loops = urgency(running)
        assert signers == loops


def may_rise():
    """Whether a process as it is here may be more urgent than others."""
    done = subprocess.run(["nice", "-n", "-4", "nice"], capture_output=True, text=True)
    return done.returncode == 0 and not done.stderr


# MARK: sealed

def test_without_the_key_encryption_key_documents_are_served_and_tokens_refused(tmp_path, enable):
    with servers.serve_plain(tmp_path) as running:
        issuer = enable(running)
        published = document(running, issuer).content
        key = running.data_dir / "key-encryption-key"
        aside = tmp_path / "aside"
        key.rename(aside)
        running.restart()
        assert document(running, issuer).content == published
        assert document(running, issuer, "/.well-known/openid-configuration").status_code == 200
        for algorithm in ("ES384", "RS256"):
            refused = wire.call(running, "GetWebIdentityToken", Audience=["a"], SigningAlgorithm=algorithm)
            wire.assert_error(refused, 503, "ServiceUnavailable")
        assert not key.exists(), "a sealed start must not make a new key"
        aside.rename(key)
        running.restart()
        wire.token(running)
        assert document(running, issuer).content == published


def test_with_a_foreign_key_encryption_key_no_token_is_made(tmp_path, enable):
    other = servers.init(tmp_path / "other", account="111122223333")
    with servers.serve_plain(tmp_path / "mine") as running:
        issuer = enable(running)
        running.stop()
        (running.data_dir / "key-encryption-key").write_bytes((other / "key-encryption-key").read_bytes())
        try:
            running.ready = None
            running.start()
        except RuntimeError as refused:
            assert "exeat: error: " in str(refused)
            return
        # Nobody can tell whose the stored public keys are: verifiers go on with the set that they have.
        assert document(running, issuer).status_code == 404
        running.await_output("is not one of ours", times=2)
        assert wire.call(running, "GetWebIdentityToken", Audience=["a"], SigningAlgorithm="ES384").status == 503
        assert wire.send(running, "GET", running.url + "/health/ready").status == 503
        running.await_output("does not open this store")


# MARK: SIGTERM

def test_a_request_that_has_begun_is_answered_after_sigterm(tmp_path, enable):
    with servers.serve_plain(tmp_path) as running:
        enable(running)
        body = b"Action=GetWebIdentityToken&Version=2011-06-15&Audience.member.1=a&SigningAlgorithm=ES384"
        signed = wire.sign(running, "sts", body)
        head = "POST / HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in {
            "Host": running.host, **dict(signed.headers), "Content-Length": len(body), "Expect": "100-continue"}.items())
        connections = [socket.create_connection(("127.0.0.1", running.port), 60) for _ in range(8)]
        try:
            for connection in connections:
                connection.sendall(head.encode() + b"\r\n")
            for connection in connections:
                # It has read the head: the request has begun.
                assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
                connection.sendall(body[:10])
            running.terminate()
            await_refused(running)
            assert running.process.poll() is None, "it stopped while requests were being received"
            answers = []
            for connection in connections:
                connection.sendall(body[10:])
            for connection in connections:
                received = b""
                while chunk := connection.recv(65536):
                    received += chunk
                answers.append(received)
        finally:
            for connection in connections:
                connection.close()
        assert [wire.raw_status(answer) for answer in answers] == [200] * 8
        assert running.wait() == 0
        received = {tokens.claims_of(wire.Answer(200, {}, answer.partition(b"\r\n\r\n")[2]).text("WebIdentityToken"))["jti"]
                    for answer in answers}
        assert len(received) == 8 and received <= recorded(running)


def await_refused(running):
    """Waits until it takes no new connection."""
    deadline = time.monotonic() + 20
    while True:
        try:
            wire.raw(running, b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        except ConnectionError:
            return
        assert time.monotonic() < deadline, "20 s after SIGTERM it still takes connections"
        time.sleep(0.01)


def recorded(running):
    """Every jti in the audit log."""
    return {record["responseElements"]["webIdentityTokenId"] for record in audit.records(running)
            if record["eventName"] == "GetWebIdentityToken" and record["responseElements"]}


class Load:
    """Clients that ask for tokens, a new connection each time, until they are told to stop."""

    def __init__(self, running, clients=4):
        self.received, self.refused, self.broken = [], [], []
        self.running, self.stopping = running, threading.Event()
        self.threads = [threading.Thread(target=self.ask, daemon=True) for _ in range(clients)]
        for thread in self.threads:
            thread.start()

    def ask(self):
        body = b"Action=GetWebIdentityToken&Version=2011-06-15&Audience.member.1=a&SigningAlgorithm=ES384"
        while not self.stopping.is_set():
            signed = wire.sign(self.running, "sts", body)
            try:
                with requests.Session() as session:
                    session.trust_env = False
                    answer = session.post(signed.url, data=body, headers=dict(signed.headers), timeout=60)
            except requests.RequestException as error:
                self.broken.append((time.monotonic(), error))
                time.sleep(0.01)
                continue
            if answer.status_code == 200:
                token = wire.Answer(200, {}, answer.content).text("WebIdentityToken")
                self.received.append(tokens.claims_of(token)["jti"])
            else:
                self.refused.append((answer.status_code, answer.text))

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(90)
            assert not thread.is_alive()

    def await_tokens(self, count):
        deadline = time.monotonic() + 60
        while len(self.received) < count:
            assert time.monotonic() < deadline, f"{len(self.received)} tokens in 60 s, {self.refused[:3]} {self.broken[:3]}"
            time.sleep(0.01)


def test_sigterm_under_load_breaks_no_request_that_came_before_it(tmp_path, enable):
    with servers.serve_plain(tmp_path) as running:
        enable(running)
        load = Load(running)
        load.await_tokens(40)
        moment = time.monotonic()
        running.terminate()
        status = running.wait()
        load.stop()
        assert status == 0
        assert not load.refused, load.refused[:3]
        assert not [error for ended, error in load.broken if ended < moment]
        # Whatever it began, it ended: every token on record came to its client. Who was not let in any more has none.
        assert set(load.received) == recorded(running)


# MARK: kill -9

@pytest.mark.long
def test_a_token_that_left_the_server_is_in_the_audit_log(tmp_path, enable, dose):
    chance = random.Random(2)
    received = []
    running = servers.serve_plain(tmp_path)
    try:
        running.start()
        issuer = enable(running)
        for _ in range(50 * dose):
            load = Load(running)
            time.sleep(0.05 + chance.random() * 0.3)
            # A machine so slow that none came until now: one has to, or nothing is shown.
            load.await_tokens(1)
            running.kill()
            load.stop()
            received += load.received
            running.ready = None
            running.start()
        assert len(received) >= 50 * dose
        missing = set(received) - recorded(running)
        assert not missing, f"{len(missing)} of {len(received)} tokens are not in the audit log"
        assert document(running, issuer).status_code == 200
        wire.token(running)
        running.stop()
        verified = servers.exeat("audit", "verify", "--data-dir", running.data_dir)
        assert verified.returncode == 0, verified.stderr
    finally:
        if running.process is not None:
            running.stop()


# MARK: disk

@pytest.mark.long
def test_a_disk_that_takes_nothing_more_refuses_tokens_and_serves_documents(tmp_path, enable):
    """The disk is full for this process alone: RLIMIT_FSIZE makes each of its writes fail, as root or not."""
    with servers.serve_plain(tmp_path, survive_file_size_limit=True) as running:
        issuer = enable(running)
        published = document(running, issuer).content
        pid, unlimited = running.process.pid, resource.RLIM_INFINITY
        received = [tokens.claims_of(wire.token(running))["jti"] for _ in range(5)]
        for _ in range(3):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, unlimited))
            for algorithm in ("ES384", "RS256"):
                refused = wire.call(running, "GetWebIdentityToken", Audience=["a"], SigningAlgorithm=algorithm)
                assert refused.status in (500, 503), refused.body
                assert refused.text("Type") == "Receiver" and refused.text("WebIdentityToken") is None
            created = wire.call(running, "CreateUser", "iam", UserName="unborn")
            assert created.status in (500, 503), created.body
            assert document(running, issuer).content == published
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (unlimited, unlimited))
            deadline = time.monotonic() + 60
            while True:
                answer = wire.call(running, "GetWebIdentityToken", Audience=["a"], SigningAlgorithm="ES384")
                if answer.status == 200:
                    received.append(tokens.claims_of(answer.text("WebIdentityToken"))["jti"])
                    break
                assert time.monotonic() < deadline, f"no token 60 s after the disk came back: {answer.body}"
                time.sleep(0.1)
        assert set(received) <= recorded(running)
        assert wire.call(running, "GetUser", "iam", UserName="unborn").code == "NoSuchEntity"


def test_two_servers_do_not_share_a_store(fresh):
    """A second server on the store would sign and log beside the first: it is refused, or both stay whole."""
    done = servers.Server(
        ["serve", "--data-dir", fresh.data_dir, "--listen", f"127.0.0.1:{servers.free_port()}", "--public-url",
         servers.PUBLIC_URL, "--tls", "off"], fresh.work)
    with pytest.raises(RuntimeError, match="exeat: error: "):
        done.start()
    assert wire.call(fresh, "GetCallerIdentity").status == 200


def test_start_up_output_is_structured_and_silent_about_secrets(tmp_path):
    with servers.serve_plain(tmp_path) as running:
        wire.call(running, "GetCallerIdentity")
    assert running.root.secret_access_key not in running.output
    assert "Authorization" not in running.output
    for line in running.output.splitlines():
        assert line.isprintable(), repr(line)
        if line.startswith("{"):
            json.loads(line)
