# SPDX-License-Identifier: Apache-2.0
"""SigV4 by hand, quickly: distinct signed requests for a load generator, and single calls to set a server up.

Source: AWS Signature Version 4; the three headers that are signed are those that botocore signs.
"""

import base64
import hashlib
import hmac
import http.client
import json
import re
import time
import urllib.parse

CONTENT_TYPE = "application/x-www-form-urlencoded"
SIGNED_HEADERS = "content-type;host;x-amz-date"


class Signer:
    def __init__(self, key_id, secret, host, service="sts", region="us-east-1"):
        self.date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        self.host = host
        self.scope = f"{self.date[:8]}/{region}/{service}/aws4_request"
        self.prefix = f"AWS4-HMAC-SHA256 Credential={key_id}/{self.scope}, SignedHeaders={SIGNED_HEADERS}, Signature="
        key = ("AWS4" + secret).encode()
        for part in self.scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        self.key = key
        self.head = (f"POST\n/\n\ncontent-type:{CONTENT_TYPE}\nhost:{host}\nx-amz-date:{self.date}\n\n"
                     f"{SIGNED_HEADERS}\n").encode()

    def authorization(self, body):
        canonical = self.head + hashlib.sha256(body).hexdigest().encode()
        text = f"AWS4-HMAC-SHA256\n{self.date}\n{self.scope}\n{hashlib.sha256(canonical).hexdigest()}"
        return self.prefix + hmac.digest(self.key, text.encode(), "sha256").hex()


def write_requests(path, signer, bodies):
    """A request for each body: one `Authorization<TAB>body` a line."""
    with open(path, "w", encoding="ascii") as file:
        for body in bodies:
            file.write(f"{signer.authorization(body.encode())}\t{body}\n")


def write_token_requests(path, signer, algorithm, count):
    """`count` requests for tokens, no two alike."""
    write_requests(path, signer, (
        f"Action=GetWebIdentityToken&Audience.member.1=https%3A%2F%2Fbench.example%2F{number}"
        f"&SigningAlgorithm={algorithm}&Version=2011-06-15" for number in range(count)))


def call(port, credentials, service, version, action, **parameters):
    """One call over plain HTTP; returns the answer's text, raises on any refusal."""
    host = f"127.0.0.1:{port}"
    signer = Signer(*credentials, host, service)
    body = urllib.parse.urlencode({"Action": action, "Version": version, **parameters}).encode()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", "/", body, {
            "Host": host, "Content-Type": CONTENT_TYPE, "X-Amz-Date": signer.date,
            "Authorization": signer.authorization(body)})
        answer = connection.getresponse()
        text = answer.read().decode()
    finally:
        connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{action}: {answer.status} {text}")
    return text


def element(text, name):
    return re.search(f"<{name}>([^<]*)</{name}>", text).group(1)


def claims(part):
    """The JSON object of a part of a token; verifies nothing."""
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def header(token):
    """The header of a token; verifies nothing."""
    return claims(token.split(".", 1)[0])
