#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Verifies the token on standard input with PyJWT, as a relying party would, and prints what it says."""

import argparse
import json
import ssl
import sys
import urllib.request

import jwt


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--issuer", required=True)
    options.add_argument("--audience", required=True)
    options.add_argument("--ca-file", required=True)
    options = options.parse_args()

    token = sys.stdin.read().strip()
    trust = ssl.create_default_context(cafile=options.ca_file)
    with urllib.request.urlopen(options.issuer + "/.well-known/openid-configuration", context=trust) as answer:
        discovery = json.load(answer)
    if discovery["issuer"] != options.issuer:
        sys.exit(f"the discovery document names another issuer: {discovery['issuer']}")
    key = jwt.PyJWKClient(discovery["jwks_uri"], ssl_context=trust).get_signing_key_from_jwt(token)
    verified = jwt.decode_complete(
        token,
        key.key,
        algorithms=discovery["id_token_signing_alg_values_supported"],
        audience=options.audience,
        issuer=options.issuer,
        options={"require": ["iss", "sub", "aud", "iat", "exp", "jti"]},
    )
    print(json.dumps(verified["header"], indent=2))
    print(json.dumps(verified["payload"], indent=2))


if __name__ == "__main__":
    main()
