#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Puts an issuer's public keys where a server that fetches none itself reads them. Standard library only.

    exeat-keys.py https://sts.example.org/ISSUER /etc/haproxy/exeat --for haproxy --then 'systemctl reload haproxy'
    exeat-keys.py https://sts.example.org/ISSUER /etc/dovecot/exeat --for dovecot

Run it from a timer, every five minutes: keys are published long before they sign, and a revoked one goes at once. Nothing is
changed when the issuer cannot be reached or says something odd. `--then` runs when the keys changed.
"""

import argparse
import base64
import json
import os
import pathlib
import re
import ssl
import subprocess
import sys
import urllib.request

RSA = bytes.fromhex("300d06092a864886f70d0101010500")
P384 = bytes.fromhex("301006072a8648ce3d020106052b81040022")


def fetch(url, trust):
    """JSON over TLS, of at most a megabyte. Redirects are not followed: the issuer answers itself."""
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *ignored):
            return None

    if not url.startswith("https://"):
        raise ValueError(f"not an https URL: {url!r}")
    opener = urllib.request.build_opener(Stay, urllib.request.HTTPSHandler(context=trust))
    with opener.open(url, timeout=15) as answer:
        return json.loads(answer.read(1 << 20))


def der(tag, content):
    """ITU-T X.690: tag, length, content."""
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 128 | len(length)]) + length + content


def number(text):
    value = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    return der(2, (b"\0" if value[0] & 128 else b"") + value)


def coordinate(text):
    value = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if len(value) != 48:
        raise ValueError("not a coordinate on P-384")
    return value


def pem(key):
    """A JWK as SubjectPublicKeyInfo, RFC 8017 and RFC 5480."""
    if (key["alg"], key["kty"]) == ("RS256", "RSA"):
        kind, point = RSA, der(0x30, number(key["n"]) + number(key["e"]))
    elif (key["alg"], key["kty"], key["crv"]) == ("ES384", "EC", "P-384"):
        kind, point = P384, b"\4" + coordinate(key["x"]) + coordinate(key["y"])
    else:
        raise ValueError(f"an unknown kind of key: {key['alg']}")
    text = base64.b64encode(der(0x30, kind + der(3, b"\0" + point))).decode()
    return "\n".join(["-----BEGIN PUBLIC KEY-----", *re.findall(".{1,64}", text), "-----END PUBLIC KEY-----", ""])


def published(issuer, trust):
    """Each key's PEM by algorithm and name, by discovery."""
    discovery = fetch(f"{issuer}/.well-known/openid-configuration", trust)
    if discovery["issuer"] != issuer:
        raise ValueError(f"the issuer calls itself {discovery['issuer']!r}")
    keys = {}
    for key in fetch(discovery["jwks_uri"], trust)["keys"]:
        # It becomes the name of a file.
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,128}", key["kid"]):
            raise ValueError(f"an unusable key name: {key['kid']!r}")
        keys[key["alg"], key["kid"]] = pem(key)
    return keys


def files(keys, kind, folder):
    """What the folder must hold: text by path."""
    if kind == "dovecot":
        return {f"default/{algorithm}/{name}": text for (algorithm, name), text in keys.items()}
    paths = {f"{algorithm}/{name}": f"{folder}/{algorithm}/{name}.pem" for algorithm, name in keys}
    # HAProxy reads a key when it starts, if the configuration names its file: nothing is ever sent to this backend.
    rules = [f'  http-request deny if {{ str(-),jwt_verify({name.split("/")[0]},"{path}") 1 }}' for name, path in paths.items()]
    return {
        **{f"{algorithm}/{name}.pem": text for (algorithm, name), text in keys.items()},
        "keys.map": "".join(f"{name} {path}\n" for name, path in paths.items()),
        "keys.cfg": "\n".join(["backend exeat_keys", "  mode http", "  timeout connect 1s", "  timeout server 1s", *rules, ""]),
    }


def settle(folder, wanted):
    """Makes the folder hold exactly these files, each replaced as a whole; whether anything changed."""
    present = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}
    for name, text in wanted.items():
        if present.get(name) != text:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = path.with_name(f".{path.name}.new")
            fresh.write_text(text)
            os.replace(fresh, path)
    for name in present.keys() - wanted.keys():
        (folder / name).unlink()
    return present != wanted


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("issuer")
    parser.add_argument("folder", type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("--for", dest="kind", choices=["haproxy", "dovecot"], required=True)
    parser.add_argument("--ca-file", help="authorities to trust instead of the system's, PEM")
    parser.add_argument("--then", help="a command for when the keys changed")
    options = parser.parse_args()
    try:
        keys = published(options.issuer, ssl.create_default_context(cafile=options.ca_file))
        if not keys:
            print("the issuer publishes no key: every token will be refused", file=sys.stderr)
        changed = settle(options.folder, files(keys, options.kind, options.folder))
    except (OSError, ValueError, KeyError, TypeError) as problem:
        sys.exit(f"exeat-keys: nothing changed: {problem!r}")
    if changed and options.then:
        sys.exit(subprocess.run(["sh", "-c", options.then]).returncode)


if __name__ == "__main__":
    main()
