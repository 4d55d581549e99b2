# SPDX-License-Identifier: Apache-2.0
"""Keys rotate every ten seconds while tokens are issued without a pause, and no relying party that obeys the overlap ever
refuses one. Time is scaled: 24 hours are 6 seconds. So caches of 0, 5, 15 and 60 minutes and of 12 hours are kept for 0 to 3
seconds, and a token of 12 hours is shown until it is 3 seconds old. One that keeps keys longer than the overlap does refuse:
the test can fail. `make rotation` is the full dose: 50 relying parties, ten minutes."""

import contextlib
import queue
import threading
import time

import pytest

from driver import apache, key_caches, server as servers, wire

# A day of the schedule. Unit: seconds.
DAY = 6.0
AGES = [minutes / (24 * 60) * DAY for minutes in (0, 5, 15, 60, 12 * 60)]
LONGEST_LIFE = DAY / 2
SCHEDULE = ["--key-lifetime", "10s", "--key-overlap", "6s", "--key-retention", "9s"]
ALGORITHMS = ["RS256", "ES384"]
ROTATIONS, DEADLINE_SECONDS = 3, 180
# A verification that this machine held up for longer says nothing about keys.
JUDGED_SECONDS = 2.0


@pytest.fixture(scope="module")
def rotating(tmp_path_factory):
    with servers.dev(tmp_path_factory.mktemp("rotating"), "--quiet", *SCHEDULE) as running:
        running.issuer = wire.call(
            running, "GetOutboundWebIdentityFederationInfo", "iam").text("IssuerIdentifier")
        yield running


class Judge:
    """One relying party in a thread of its own; sees each token at once, and again when its life is nearly over."""

    def __init__(self, party):
        self.party, self.tokens = party, queue.Queue()
        self.accepted, self.unjudged, self.refusals = 0, 0, []
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        again = []
        while True:
            due = again[0][0] - time.monotonic() if again else 30
            try:
                made = self.tokens.get(timeout=max(0, due)) if due > 0 else None
            except queue.Empty:
                continue
            if made is False:
                return
            if made:
                again.append((made[0] + LONGEST_LIFE * 0.9, *made))
                self.judge(*made)
            elif again:
                self.judge(*again.pop(0)[1:])

    def judge(self, issued, token):
        begin = time.monotonic()
        if begin - issued > LONGEST_LIFE:
            self.unjudged += 1
            return
        try:
            refusal = self.party.refusal(token)
        except OSError as error:
            refusal = repr(error)
        if refusal is None:
            self.accepted += 1
        elif time.monotonic() - begin > JUDGED_SECONDS:
            self.unjudged += 1
        else:
            self.refusals.append((key_caches.key_id(token), refusal))

    def end(self):
        self.tokens.put(False)
        self.thread.join(60)
        assert not self.thread.is_alive(), self.party.name


class Load:
    """Asks for tokens of both algorithms without a pause between rounds, and hands each to every judge."""

    def __init__(self, running, judges, pause):
        self.running, self.judges, self.pause = running, judges, pause
        self.key_ids = {algorithm: [] for algorithm in ALGORITHMS}
        self.error, self.ends = None, threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(name,), daemon=True) for name in ALGORITHMS]

    def run(self, algorithm):
        try:
            while not self.ends.wait(self.pause):
                # Before the call: the token is no older than that.
                issued = time.monotonic()
                token = wire.token(self.running, Audience=[key_caches.AUDIENCE], SigningAlgorithm=algorithm)
                kid = key_caches.key_id(token)
                if kid not in self.key_ids[algorithm]:
                    self.key_ids[algorithm].append(kid)
                for judge in self.judges:
                    judge.tokens.put((issued, token))
        except Exception as error:
            self.error = error

    def rotations(self):
        return min(len(ids) - 1 for ids in self.key_ids.values())

    def until(self, rotations, seconds):
        deadline = time.monotonic() + seconds
        while self.rotations() < rotations and self.error is None:
            assert time.monotonic() < deadline, f"keys did not rotate: {self.key_ids}"
            time.sleep(0.1)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *ignored):
        self.ends.set()
        for thread in self.threads:
            thread.join(60)


@pytest.fixture(scope="module")
def run(rotating, dose):
    """What every relying party said over some rotations: judges by the name of their party."""
    each = 1 if dose == 1 else 5
    parties = [kind(rotating, rotating.issuer, age) for kind in (key_caches.PyJWT, key_caches.JoseRFC) for age in AGES
               for _ in range(each)]
    # One that keeps the set for two days and more: it misses a rotation sooner or later.
    stubborn = key_caches.JoseRFC(rotating, rotating.issuer, 20)
    with contextlib.ExitStack() as stack:
        if key_caches.AuthOpenIDC.missing is None:
            work = stack.enter_context(apache.folder())
            parties.append(stack.enter_context(
                key_caches.AuthOpenIDC(rotating, rotating.issuer, work, servers.free_port())))
        judges = [Judge(party) for party in [*parties, stubborn]]
        with Load(rotating, judges, 0.3 if dose == 1 else 1) as load:
            load.until(ROTATIONS * dose, DEADLINE_SECONDS * dose)
        for judge in judges:
            judge.end()
        assert load.error is None, repr(load.error)
        yield {"judges": judges[:-1], "stubborn": judges[-1], "rotations": load.rotations()}


def test_no_relying_party_within_the_overlap_refuses_a_token(run, dose, capsys):
    refused = {judge.party.name: judge.refusals[:3] for judge in run["judges"] if judge.refusals}
    if dose > 1:
        accepted, unjudged = (sum(getattr(judge, what) for judge in run["judges"]) for what in ("accepted", "unjudged"))
        with capsys.disabled():
            print(f"\n{run['rotations']} rotations, {len(run['judges'])} relying parties: {accepted:,} tokens accepted, "
                  f"{sum(len(judge.refusals) for judge in run['judges'])} refused, {unjudged:,} too late to tell")
    assert refused == {}
    assert len(run["judges"]) >= (10 if dose == 1 else 50)
    for judge in run["judges"]:
        assert judge.accepted > 3 * run["rotations"], (judge.party.name, judge.accepted, judge.unjudged)


def test_one_in_c_is_among_them(run):
    if key_caches.AuthOpenIDC.missing:
        pytest.skip(key_caches.AuthOpenIDC.missing)
    assert any(isinstance(judge.party, key_caches.AuthOpenIDC) and judge.accepted for judge in run["judges"])


def test_a_relying_party_that_caches_longer_than_the_overlap_does_refuse(run):
    judge = run["stubborn"]
    assert judge.accepted > 0 and len(judge.refusals) > 0


# MARK: the overlap cut


def test_after_a_revocation_no_token_is_by_that_key_and_caches_believe_it_until_they_end(rotating):
    fresh, primed = (key_caches.JoseRFC(rotating, rotating.issuer, age) for age in (0, 10_000))
    token = wire.token(rotating, Audience=[key_caches.AUDIENCE])
    assert fresh.refusal(token) is None and primed.refusal(token) is None
    revoked = key_caches.key_id(token)
    # A successor that waited may be known already; one that was made just now is not.
    for _ in range(4):
        answer = wire.call(rotating, "RevokeOutboundSigningKey", "iam", KeyId=revoked)
        assert answer.status == 200, answer.body
        new = wire.token(rotating, Audience=[key_caches.AUDIENCE])
        assert key_caches.key_id(new) != revoked
        assert fresh.refusal(new) is None
        if key_caches.key_id(new) not in primed.ids:
            break
        revoked = key_caches.key_id(new)
    assert fresh.refusal(token) is not None
    assert primed.refusal(token) is None, "a kept set believes a revoked key"
    assert primed.refusal(new) is not None, "without overlap a kept set does not know the new key"


def test_under_load_a_call_that_follows_the_revocation_gets_no_token_by_the_key(rotating):
    made, ends = [], threading.Event()

    def ask():
        while not ends.is_set():
            begin = time.monotonic()
            answer = wire.call(rotating, "GetWebIdentityToken", Audience=[key_caches.AUDIENCE], SigningAlgorithm="ES384")
            made.append((begin, key_caches.key_id(answer.text("WebIdentityToken")) if answer.status == 200 else answer.code))

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()

    def until(condition):
        deadline = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < deadline, made[-5:]
            time.sleep(0.01)

    try:
        until(lambda: len(made) > 20)
        kid = made[-1][1]
        assert wire.call(rotating, "RevokeOutboundSigningKey", "iam", KeyId=kid).status == 200
        answered, count = time.monotonic(), len(made)
        until(lambda: len(made) > count + 20)
        assert [other for begin, other in made if begin > answered and other == kid] == []
        assert wire.call(rotating, "SuspendOutboundIssuer", "iam").status == 200
        answered, count = time.monotonic(), len(made)
        until(lambda: len(made) > count + 20)
        assert {other for begin, other in made if begin > answered} == {"OutboundWebIdentityFederationDisabledException"}
    finally:
        ends.set()
        for thread in threads:
            thread.join(60)
        wire.call(rotating, "ResumeOutboundIssuer", "iam")
