# SPDX-License-Identifier: Apache-2.0
"""The careless verifier with a key set that it fetches and keeps, well or badly: what `exeat rp-test --change-keys` has to
find. Careful, it keeps a set for LIFE seconds, fetches it again for a `kid` that it does not know, and refuses what it
cannot look up."""

import json
import ssl
import threading
import time
import urllib.request

from . import careless

# How long a set is kept. Tests wait longer.
LIFE = 0.3

# The mistake, and the cases that show it.
CACHE_FAULTS = {
    "any-cached-key": {"rotated-swapped-kid", "withheld-unknown-kid"},
    "never-fetched-again": {"rotated-new-key", "revoked-key", "revoked-next-key"},
    "newest-key-alone": {"rotated-old-key"},
    "revoked-kept": {"revoked-key"},
    "open-when-unreachable": {"withheld-foreign-key", "withheld-unknown-kid"},
    "open-when-old": {"withheld-foreign-key", "withheld-unknown-kid"},
    "gives-up": {"withheld-and-back"},
}


class Unreachable(Exception):
    """The key set cannot be fetched, and the verifier makes the mistake of taking that for a yes."""


class CachingVerifier(careless.Verifier):
    def __init__(self, issuer, audience, ca, fault=None):
        self.url, self.context = issuer + "/.well-known/jwks.json", ssl.create_default_context(cafile=ca)
        self.fault, self.lock = fault, threading.RLock()
        self.keys, self.fetched, self.failed = [], None, False
        careless.Verifier.__init__(self, issuer, audience, self.download())
        self.fetched = time.monotonic()

    def download(self):
        with urllib.request.urlopen(self.url, context=self.context, timeout=30) as answer:
            return answer.read()

    def accepts(self, token, now=None):
        with self.lock:
            try:
                return super().accepts(token, now)
            except Unreachable:
                return True

    def is_old(self):
        return time.monotonic() - self.fetched > LIFE

    def fetch(self):
        """Takes the set in; False when it cannot be had."""
        if self.fault == "never-fetched-again" or self.fault == "gives-up" and self.failed:
            return False
        try:
            keys = json.loads(self.download())["keys"]
        except OSError:
            self.failed = True
            return False
        if self.fault == "revoked-kept":
            known = {key["kid"] for key in keys}
            keys += [key for key in self.keys if key["kid"] not in known]
        self.keys, self.fetched = keys, time.monotonic()
        return True

    def candidates(self, header):
        kid = header.get("kid")
        known = [key for key in self.keys if key["kid"] == kid]
        is_old = self.is_old()
        if (is_old or not known) and not self.fetch():
            # A set that could not be fetched: whoever has the key goes on with it, and nobody is let in without.
            if not known and (self.fault == "open-when-unreachable" or self.fault == "open-when-old" and is_old):
                raise Unreachable
            if self.fault == "gives-up" and self.failed:
                raise careless.Refused("gave up")
        if self.fault == "any-cached-key":
            return self.keys
        if self.fault == "newest-key-alone":
            own = {key["kty"]: key for key in self.keys}
            return [key for key in own.values() if key["kid"] == kid]
        return super().candidates(header)
