# SPDX-License-Identifier: Apache-2.0
"""AWS Query requests as they go over the wire, signed by botocore, and answers as they come back, byte for byte."""

import dataclasses
import socket
import urllib.parse
import xml.etree.ElementTree

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import requests

VERSION = {"iam": "2010-05-08", "sts": "2011-06-15"}
NAMESPACE = {service: f"https://{service}.amazonaws.com/doc/{version}/" for service, version in VERSION.items()}
FORM = "application/x-www-form-urlencoded; charset=utf-8"

session = requests.Session()
session.trust_env = False


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict
    body: bytes

    @property
    def xml(self):
        return xml.etree.ElementTree.fromstring(self.body)

    def text(self, name):
        """The text of the only element called `name`, in any namespace; `None` when there is none."""
        found = [element for element in self.xml.iter() if element.tag.rsplit("}", 1)[-1] == name]
        assert len(found) <= 1, f"{name} stands {len(found)} times"
        return found[0].text if found else None

    @property
    def code(self):
        return self.text("Code")

    @property
    def message(self):
        return self.text("Message")

    @property
    def request_id(self):
        return self.headers["x-amzn-RequestId"]


def form(action, service="sts", **parameters):
    """The pairs of a call: `Audience=[...]` and `Tags={...}` become members, everything else stands as it is."""
    pairs = [("Action", action), ("Version", VERSION[service])]
    for name, value in parameters.items():
        if name == "Tags" and isinstance(value, (dict, list)):
            items = value.items() if isinstance(value, dict) else value
            for number, (key, text) in enumerate(items, 1):
                pairs += [(f"Tags.member.{number}.Key", key), (f"Tags.member.{number}.Value", text)]
        elif isinstance(value, list):
            pairs += [(f"{name}.member.{number}", item) for number, item in enumerate(value, 1)]
        else:
            pairs.append((name, str(value)))
    return pairs


def sign(server, service, body=b"", *, method="POST", query="", credentials=None, region="us-east-1", headers=None,
         content_type=FORM):
    """A request signed in the Authorization header; its url, method, body and headers are what must be sent."""
    credentials = credentials or server.root
    url = f"{server.url}/" + (f"?{query}" if query else "")
    request = botocore.awsrequest.AWSRequest(method=method, url=url, data=body, headers=dict(headers or {}))
    if content_type and method == "POST":
        request.headers["Content-Type"] = content_type
    keys = botocore.credentials.Credentials(
        credentials.access_key_id, credentials.secret_access_key, credentials.session_token)
    botocore.auth.SigV4Auth(keys, service, region).add_auth(request)
    return request


def send(server, method, url, headers=None, body=b""):
    """Sends exactly these bytes: the URL is not normalised again, redirects are not followed."""
    request = requests.Request(method, url, headers=headers, data=body).prepare()
    request.url = url
    with session.send(request, verify=server.ca or False, timeout=60, allow_redirects=False) as answer:
        return Answer(answer.status_code, answer.headers, answer.content)


def call(server, action, service="sts", *, credentials=None, region="us-east-1", pairs=None, **parameters):
    """A signed POST of one action."""
    body = urllib.parse.urlencode(pairs if pairs is not None else form(action, service, **parameters)).encode()
    request = sign(server, service, body, credentials=credentials, region=region)
    return send(server, request.method, request.url, dict(request.headers), body)


def call_body(server, body, service="sts", **options):
    """A signed POST of a body that is already bytes."""
    request = sign(server, service, body, **options)
    return send(server, request.method, request.url, dict(request.headers), body)


def token(server, *, credentials=None, region="us-east-1", **parameters):
    """A token, or a failed test."""
    parameters = {"Audience": ["https://api.example.com"], "SigningAlgorithm": "ES384", **parameters}
    answer = call(server, "GetWebIdentityToken", credentials=credentials, region=region, **parameters)
    assert answer.status == 200, answer.body
    return answer.text("WebIdentityToken")


def assert_error(answer, status, code, message=..., service="sts"):
    """The error envelope of AWS Query, every element of it. `...` for a message that AWS does not fix."""
    assert (answer.status, answer.code) == (status, code), answer.body.decode()
    root = answer.xml
    space = "{" + NAMESPACE[service] + "}"
    assert root.tag == f"{space}ErrorResponse"
    assert [child.tag for child in root] == [f"{space}Error", f"{space}RequestId"]
    assert [child.tag.removeprefix(space) for child in root[0]][:2] == ["Type", "Code"]
    assert answer.text("Type") == ("Sender" if status < 500 else "Receiver")
    assert answer.text("RequestId") == answer.request_id
    assert answer.headers["Content-Type"].startswith("text/xml")
    if message is not ...:
        assert answer.message == message


def raw(server, data, *, timeout=60, half_close=False):
    """Sends bytes over plain TCP and returns everything that comes back until the server closes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout) as connection:
        connection.sendall(data)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
        return received


def raw_status(answer):
    """The status of a raw HTTP/1.1 answer; `None` when the connection was closed without one."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.") else None
