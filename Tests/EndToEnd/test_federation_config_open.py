# SPDX-License-Identifier: Apache-2.0
"""`exeat federation-config open`, and what `token` shows of SAML: a browser gets the page once, posts it to the service,
and nobody else gets it. The server here answers with what a test wants to be answered."""

import base64
import hashlib
import html
import http.client
import http.server
import json
import os
import queue
import re
import socket
import subprocess
import sys
import threading
import urllib.parse
import xml.sax.saxutils

import pytest

from driver import server as servers

ASSERTION = ('<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_1"><saml:Issuer>i</saml:Issuer>'
             '<saml:AttributeStatement><saml:Attribute Name="team"><saml:AttributeValue>a\u2028b\u202ec&lt;\u00e9'
             '</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion>')
RESPONSE = base64.b64encode(
    f'<p:Response xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol">{ASSERTION}</p:Response>'.encode()).decode()
HOSTILE = "\"'><script>alert(1)</script>&amp; \u00e9\u2028"

# What a browser does with the page: reads it, and sends the form.
BROWSER = f"""#!{sys.executable}
import html.parser, pathlib, sys, urllib.parse, urllib.request
with urllib.request.urlopen(sys.argv[-1]) as answer:
    page = answer.read().decode()
    headers = "\\n".join(f"{{name}}: {{value}}" for name, value in answer.headers.items())
fields, action = [], []
class Form(html.parser.HTMLParser):
    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form": action.append(attributes["action"])
        if tag == "input": fields.append((attributes["name"], attributes["value"]))
Form().feed(page)
fields += [("page", page), ("headers", headers), ("words", " ".join(sys.argv[1:]))]
urllib.request.urlopen(action[0], urllib.parse.urlencode(fields).encode()).read()
"""


class Loopback(http.server.ThreadingHTTPServer):
    """An IAM that has one token to give, and the service that takes it."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.posted, self.token = queue.Queue(), {}

    def give(self, **token):
        self.token = {"Token": RESPONSE, "TokenType": "SAML", "TargetService": self.url + "/acs", "Audience": "sp",
                      "Expiration": "2026-11-21T18:00:00Z", "SamlForm": "Response"} | token


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = dict(urllib.parse.parse_qsl(body, keep_blank_values=True))
        if self.path.startswith("/acs"):
            self.server.posted.put(form)
            answer = b"signed in"
        else:
            members = "".join(f"<{name}>{xml.sax.saxutils.escape(value)}</{name}>"
                              for name, value in self.server.token.items() if value is not None)
            answer = (f"<GetOutboundFederationTokenResponse><GetOutboundFederationTokenResult>{members}"
                      "</GetOutboundFederationTokenResult></GetOutboundFederationTokenResponse>").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@pytest.fixture
def loopback():
    server = Loopback()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    server.give()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def environment(loopback, home):
    return {"HOME": str(home), "AWS_ENDPOINT_URL": loopback.url, "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}


def run(loopback, home, command, *arguments, **extra):
    return servers.exeat("federation-config", command, "people", *arguments,
                         environment=environment(loopback, home) | extra, timeout=180)


@pytest.fixture
def browser(tmp_path):
    path = tmp_path / "browser"
    path.write_text(BROWSER)
    path.chmod(0o755)
    return path


class Opening:
    """A running `open` whose browser never comes: its address, for whoever tries."""

    def __init__(self, loopback, home, *arguments):
        self.process = subprocess.Popen(
            [servers.binary(), "federation-config", "open", "people", "--browser", "true", *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=servers.clean_environment(**environment(loopback, home)))
        line = self.process.stderr.readline()
        self.url = urllib.parse.urlsplit(re.search(r"visit (\S+)$", line).group(1))

    def get(self, path=None, method="GET"):
        connection = http.client.HTTPConnection("127.0.0.1", self.url.port, timeout=30)
        connection.request(method, path or self.url.path)
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer, body

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate(timeout=60)


# MARK: open

def test_the_browser_posts_the_response_to_the_service(loopback, browser, tmp_path):
    private = tmp_path / "tmp"
    private.mkdir()
    loopback.give(TargetService=loopback.url + "/acs?a=1&b=%22")
    done = run(loopback, tmp_path, "open", "--relay-state", HOSTILE, "--browser", str(browser), TMPDIR=str(private))
    assert done.returncode == 0 and done.stdout == "", done.stderr
    form = loopback.posted.get(timeout=60)
    assert form["SAMLResponse"] == RESPONSE and form["RelayState"] == HOSTILE
    # The token is on no command line, and on no disk; the page runs its own script alone, and is not kept.
    assert RESPONSE not in form["words"] + done.stderr and os.listdir(private) == []
    page, headers = form["page"], form["headers"].lower()
    script = re.search(r"<script>(.*?)</script>", page).group(1)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; script-src 'sha256-{digest}'; base-uri 'none'"
    assert page.count("<script") == 1 and f"content-security-policy: {policy.lower()}; frame-ancestors 'none'" in headers
    assert "cache-control: no-store" in headers and "content-type: text/html; charset=utf-8" in headers
    assert html.unescape(re.search(r'Content-Security-Policy" content="([^"]*)"', page).group(1)) == policy


def test_the_variable_names_the_browser_too(loopback, browser, tmp_path):
    done = run(loopback, tmp_path, "open", BROWSER=f"/nowhere/browser:{browser} --new %s#")
    assert done.returncode == 0, done.stderr
    form = loopback.posted.get(timeout=60)
    assert re.fullmatch(r"--new http://127\.0\.0\.1:\d+/[\w-]{43}#", form["words"]) and "RelayState" not in form


def test_the_page_is_given_once_and_only_to_its_address(loopback, tmp_path):
    with Opening(loopback, tmp_path) as opening:
        assert len(opening.url.path) == 44
        for path, method in [("/", "GET"), ("/favicon.ico", "GET"), (opening.url.path[:-1], "GET"),
                             (opening.url.path + "?", "GET"), (opening.url.path, "POST"), (opening.url.path, "HEAD")]:
            answer, body = opening.get(path, method)
            assert answer.status == 404 and body == "", (path, method)
        # A socket for both versions of IP is the user's too.
        both = socket.create_connection(("::ffff:127.0.0.1", opening.url.port), 30)
        both.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert both.recv(100).startswith(b"HTTP/1.1 404")
        both.close()
        # A browser may connect ahead of time and say nothing.
        silent = http.client.HTTPConnection("127.0.0.1", opening.url.port, timeout=30)
        silent.connect()
        answer, body = opening.get()
        assert answer.status == 200 and RESPONSE in body
        silent.close()
        assert opening.process.wait(30) == 0
        with pytest.raises(OSError):
            opening.get()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_nobody_but_the_user_gets_the_page(loopback, tmp_path):
    with Opening(loopback, tmp_path) as opening:
        other = subprocess.run(["curl", "-sS", opening.url.geturl()], capture_output=True, text=True, timeout=180,
                               user=65534, cwd="/", env={"PATH": os.environ["PATH"]})
        # Empty reply, or the connection reset: before the request was sent, or after.
        assert other.returncode in (52, 55, 56) and other.stdout == "", other
        answer, body = opening.get()
        assert answer.status == 200 and RESPONSE in body


def test_open_ends_when_no_browser_comes(loopback, tmp_path):
    done = run(loopback, tmp_path, "open", "--wait", "1", "--browser", "/nowhere/browser")
    assert done.returncode == 1 and "no browser could be started" in done.stderr
    assert "exeat: error: no browser asked for the page within 1 s" in done.stderr and "--print" in done.stderr
    for wait in ("0", "3601", "x"):
        assert run(loopback, tmp_path, "open", "--wait", wait).returncode == 2


def test_print_writes_the_page(loopback, tmp_path):
    done = run(loopback, tmp_path, "open", "--print", "--relay-state", "x" * 81)
    assert done.returncode == 0 and done.stdout.startswith("<!DOCTYPE html>") and RESPONSE in done.stdout
    assert "more than 80 bytes" in done.stderr


@pytest.mark.parametrize("token, words, status", [
    ({"TokenType": "OIDC", "Token": "a.b.c", "SamlForm": None}, "gives OIDC tokens", 1),
    ({"SamlForm": "Assertion"}, "gives bare assertions", 1),
    ({"TargetService": "javascript:alert(1)"}, "not an address that a form can be sent to", 1),
    ({"Token": "a.b.c"}, "no response in base 64", 1), ({"Token": "<a/>"}, "lacks a usable", 1)])
def test_what_no_browser_can_take_is_refused(loopback, tmp_path, token, words, status):
    loopback.give(**token)
    done = run(loopback, tmp_path, "open", "--print")
    assert (done.returncode, done.stdout) == (status, "") and words in done.stderr, done.stderr


def test_a_relay_state_that_html_cannot_carry_is_wrong_usage(loopback, tmp_path):
    done = run(loopback, tmp_path, "open", "--print", "--relay-state", "a\nb")
    assert (done.returncode, done.stdout) == (2, "") and "--relay-state" in done.stderr
    assert run(loopback, tmp_path, "open", "--browser", "'").returncode == 2


# MARK: token

def test_decode_shows_the_xml_with_what_does_not_show(loopback, tmp_path):
    for token, form, start in [(RESPONSE, "Response", "<p:Response xmlns:p="),
                               (base64.urlsafe_b64encode(ASSERTION.encode()).decode().rstrip("="), "Assertion",
                                "<saml:Assertion xmlns:saml=")]:
        loopback.give(Token=token, SamlForm=form)
        assert run(loopback, tmp_path, "token").stdout == token + "\n"
        shown = run(loopback, tmp_path, "token", "--decode")
        assert shown.returncode == 0 and shown.stdout.startswith(start), shown.stderr
        assert '<saml:AttributeValue>a&#x2028;b&#x202E;c&lt;\u00e9</saml:AttributeValue>' in shown.stdout
        assert shown.stdout.count("xmlns:saml") == 1
        whole = json.loads(run(loopback, tmp_path, "token", "--decode", "--json").stdout)
        assert whole["SamlForm"] == form and whole["Token"] == token and whole["xml"] + "\n" == shown.stdout
    for broken in ("QUI=", "a.b.c"):
        loopback.give(Token=broken)
        done = run(loopback, tmp_path, "token", "--decode")
        assert (done.returncode, done.stdout) == (1, "") and "no token that can be read" in done.stderr
