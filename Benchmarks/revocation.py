#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long a server that is asked to stop goes on: from RevokeOutboundSigningKey to the last token by that key, and from
SuspendOutboundIssuer to the last token at all, while four connections ask for tokens without a pause.

Usage: Benchmarks/revocation.py      (the release build)

"After the call was sent" counts from the first byte of the call; "after its answer" from the last of the answer: what came
then, came too late. Each is done five times; the worst counts.
"""

import http.client
import pathlib
import tempfile
import threading
import time
import xml.etree.ElementTree

import bench
import signed_requests as wire

CONNECTIONS, ROUNDS, ALGORITHM = 4, 5, "ES384"


class Load:
    """Connections that ask for tokens one after the other, and when they got which, by `kid` (`None`: refused)."""

    def __init__(self, server, keys):
        self.host, self.keys, self.seen, self.ends = f"127.0.0.1:{server.port}", keys, [], threading.Event()
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(CONNECTIONS)]

    def run(self):
        signer = wire.Signer(*self.keys, self.host)
        body = f"Action=GetWebIdentityToken&Audience.member.1=a&SigningAlgorithm={ALGORITHM}&Version=2011-06-15"
        headers = {"Host": self.host, "Content-Type": wire.CONTENT_TYPE, "X-Amz-Date": signer.date,
                   "Authorization": signer.authorization(body.encode())}
        connection = http.client.HTTPConnection("127.0.0.1", int(self.host.split(":")[1]), timeout=30)
        while not self.ends.is_set():
            connection.request("POST", "/", body, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
            kid = wire.header(wire.element(text, "WebIdentityToken"))["kid"] if answer.status == 200 else None
            self.seen.append((time.monotonic(), kid))
        connection.close()

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        self.wait(lambda seen: sum(kid is not None for _, kid in seen) > 50)
        return self

    def __exit__(self, *ignored):
        self.ends.set()
        for thread in self.threads:
            thread.join(30)

    def wait(self, condition):
        deadline = time.monotonic() + 30
        while not condition(self.seen[-400:]):
            if time.monotonic() > deadline:
                raise RuntimeError("the load did not get where it should")
            time.sleep(0.005)


def last(load, sent, answered, kids):
    """Milliseconds from sending, and from the answer, to the last token by one of `kids`."""
    times = [moment for moment, kid in load.seen if kid in kids]
    return {"after_sent_ms": (max(times) - sent) * 1000, "after_answer_ms": (max(times) - answered) * 1000}


def measure():
    """The worst of `ROUNDS` for both."""
    results = {"revoke": [], "suspend": []}
    with tempfile.TemporaryDirectory(prefix="bench-revoke-", dir=bench.OUT) as folder:
        work = pathlib.Path(folder)
        keys, _ = bench.set_up(work)

        with bench.Server(work) as server:
            def iam(action, **parameters):
                sent = time.monotonic()
                text = wire.call(server.port, bench.CREDENTIALS, "iam", "2010-05-08", action, **parameters)
                return text, sent, time.monotonic()

            for _ in range(ROUNDS):
                kid = signing_key(iam("ListOutboundSigningKeys")[0])
                with Load(server, keys) as load:
                    _, sent, answered = iam("RevokeOutboundSigningKey", KeyId=kid)
                    load.wait(lambda seen: sum(other not in (kid, None) for _, other in seen) > 300)
                results["revoke"].append(last(load, sent, answered, {kid}))
            for _ in range(ROUNDS):
                with Load(server, keys) as load:
                    _, sent, answered = iam("SuspendOutboundIssuer")
                    load.wait(lambda seen: len(seen) == 400 and not any(kid for _, kid in seen[-300:]))
                    # Before the call is sent: the first tokens of the resumed issuer may be there before its answer.
                    resumed = time.monotonic()
                    iam("ResumeOutboundIssuer")
                issued = {kid for moment, kid in load.seen if kid and moment < resumed}
                load.seen = [one for one in load.seen if one[0] < resumed]
                results["suspend"].append(last(load, sent, answered, issued))
    return {name: {field: max(run[field] for run in runs) for field in runs[0]} for name, runs in results.items()}


def signing_key(answer):
    """The id of the key that signs with `ALGORITHM`."""
    for member in xml.etree.ElementTree.fromstring(answer).iter():
        fields = {child.tag.rsplit("}", 1)[-1]: child.text for child in member}
        if fields.get("Status") == "Signing" and fields.get("SigningAlgorithm") == ALGORITHM:
            return fields["KeyId"]
    raise RuntimeError(f"no {ALGORITHM} key signs")


if __name__ == "__main__":
    bench.OUT.mkdir(parents=True, exist_ok=True)
    for name, run in measure().items():
        print(f"{name}: last token {run['after_sent_ms']:.1f} ms after the call was sent, "
              f"{run['after_answer_ms']:.1f} ms after its answer")
