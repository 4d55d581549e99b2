#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`make bench`: measures everything in one run and writes .build/bench/results.md, results.json and plots; a whole run puts
figures and plots into docs/benchmarks.md and docs/benchmarks/ too. What is measured and how stands in docs/benchmarks.md. A peer that is not installed, or a part that this
build does not have, is left out with a note.

Usage: Benchmarks/report.py [--quick] [PART…]    (parts: see `PARTS`; --quick: a second each, to try the scripts)
"""

import datetime
import json
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import bench
import issuers
import peers
import plots
import revocation
import signed_requests as wire
import token_keys

ALGORITHMS = ("ES384", "RS256")
CONNECTIONS = (1, 8, 64)


class Run:
    """A run: where it works, how long it measures, what it found, and what it left out."""

    def __init__(self, work, is_quick):
        self.work, self.seconds = work, 1 if is_quick else 6
        self.is_quick, self.results, self.notes = is_quick, {}, []
        self.keys, issuer_path = bench.set_up(work)
        self.key_set = issuer_path + "/.well-known/jwks.json"

    def tokens(self, server, algorithm, **options):
        return bench.tokens(server, "http", self.keys, algorithm, seconds=self.seconds, **options)

    # MARK: parts

    def limits(self):
        """Raw signing rates; taken again at the end, where the better one counts."""
        found = bench.raw_rates()
        known = self.results.get("raw", {})
        self.results["raw"] = {name: max(rate, known.get(name, 0)) for name, rate in found.items()}

    def start_up(self):
        ready, first = [], []
        for _ in range(7):
            begin = time.monotonic()
            with bench.Server(self.work) as server:
                ready.append(server.start_seconds)
                wire.call(server.port, self.keys, "sts", "2011-06-15", "GetWebIdentityToken", **{
                    "Audience.member.1": "a", "SigningAlgorithm": "ES384"})
                first.append(time.monotonic() - begin)
        self.results["start_up"] = {
            "ready_ms": statistics.median(ready) * 1000, "first_token_ms": statistics.median(first) * 1000}

    def issuing(self):
        """Full load by connections, half of the peak, and what memory it took."""
        found, half = {}, {}
        with bench.Server(self.work) as server:
            time.sleep(3)
            idle = server.memory("VmRSS")
            for algorithm in ALGORITHMS:
                found[algorithm] = {
                    str(count): self.tokens(server, algorithm, connections=count) for count in CONNECTIONS}
                peak = max(run["per_second"] for run in found[algorithm].values())
                half[algorithm] = self.tokens(server, algorithm, half_of=peak)
            self.results["memory_mb"] = {"idle": idle, "loaded": server.memory("VmHWM")}
        self.results |= {"issuing": found, "half_load": half}

    def both_cores(self):
        """One core and both, the load generator wherever the system puts it: both leave it the same room."""
        found = {}
        for algorithm in ALGORITHMS:
            rates = {}
            for name, is_pinned in (("one", True), ("both", False)):
                with bench.Server(self.work, is_pinned=is_pinned) as server:
                    rates[name] = self.tokens(server, algorithm, is_pinned=False)
            found[algorithm] = rates
        self.results["both_cores"] = found

    def tls(self):
        found = {}
        with bench.Server(self.work, "development") as server:
            for algorithm in ALGORITHMS:
                found[algorithm] = bench.tokens(server, "https", self.keys, algorithm, seconds=self.seconds)
        self.results["tls"] = found

    def documents(self):
        """The JWK set beside nginx with the same bytes and headers."""
        self.need(peers.Nginx)
        found = {}
        for scheme, tls in (("http", "off"), ("https", "development")):
            with bench.Server(self.work, tls) as server, peers.Nginx(self.work, server, scheme, self.key_set) as nginx:
                found[scheme] = nginx.compare(server, self.key_set)
        self.results["documents"] = found

    def moto(self):
        """`GetCallerIdentity` beside moto's."""
        self.need(peers.Moto)
        with bench.Server(self.work) as server:
            ours = peers.caller_identity(self.work, server.port, self.keys, self.seconds)
        with peers.Moto(self.work) as server:
            theirs = peers.caller_identity(self.work, server.port, self.keys, self.seconds)
        self.results["moto"] = {"exeat": ours, "moto": theirs}

    def saml(self):
        """Signed SAML responses beside SimpleSAMLphp's."""
        with bench.Server(self.work) as server:
            wire.call(server.port, bench.CREDENTIALS, "iam", "2010-05-08", "CreateOutboundFederationConfig", **{
                "Name": "bench", "TokenType": "SAML", "TargetService": "https://sp.bench.example/acs",
                "Audience": "https://sp.bench.example", "SigningAlgorithm": "RSA-SHA256"})
            host, file = f"127.0.0.1:{server.port}", self.work / "saml-requests"
            signer = wire.Signer(*bench.CREDENTIALS, host, "iam")
            wire.write_requests(file, signer, (
                f"Action=GetOutboundFederationToken&FederationConfigName=bench&Version=2010-05-08&Number={number}" for number in range(40_000)))
            self.results["saml"] = {"exeat": bench.wrk(f"http://{host}/", self.seconds, {
                "REQUESTS": str(file), "SIGNED_HOST": host, "SIGNED_DATE": signer.date}, 32)}
        self.need(peers.SimpleSAMLphp)
        with peers.SimpleSAMLphp() as other:
            self.results["saml"]["simplesamlphp"] = other.assertions(self.seconds)

    def isolation(self):
        """Benchmarks/isolation.py, whose table and verdict are taken over."""
        script = bench.ROOT / "Benchmarks" / "isolation.py"
        if not script.exists():
            raise LookupError("Benchmarks/isolation.py is not there")
        done = subprocess.run([sys.executable, "-B", script, "2" if self.is_quick else "6"], capture_output=True, text=True,
                              timeout=300)
        if "Worst:" not in done.stdout:
            raise RuntimeError(done.stderr[-2000:])
        self.results["isolation"] = {
            "markdown": done.stdout.strip(), "worst": float(re.search(r"Worst: ([\d.]+)", done.stdout).group(1))}

    def issuers(self):
        """Start-up and memory by the number of issuers."""
        counts = (1, 1_000) if self.is_quick else issuers.COUNTS
        found = self.results["issuers"] = issuers.measure(counts)
        if len(found) < len(counts):
            raise RuntimeError(f"{counts[-1]:,} accounts would take too long to make here")

    def emergency(self):
        """From revoking and suspending to the last token."""
        self.results["emergency"] = revocation.measure()

    def token_keys(self):
        """Signing keys in a PKCS#11 token."""
        self.results["token_keys"] = token_keys.measure(self.seconds)

    # MARK: around the parts

    @staticmethod
    def need(peer):
        reason = peer.missing()
        if reason:
            raise LookupError(reason)

    def measure(self, name):
        begin = time.monotonic()
        bench.say(f"{name}: {getattr(self, name).__doc__ or ''}".strip().splitlines()[0])
        try:
            getattr(self, name)()
        except (LookupError, OSError, RuntimeError, subprocess.SubprocessError) as error:
            words = " ".join(str(error).split()) or type(error).__name__
            self.notes.append(f"{name}: {words[:300]}")
            print(f"    left out: {error}", file=sys.stderr, flush=True)
        self.results.setdefault("seconds", {})[name] = round(time.monotonic() - begin, 1)


BEGIN, END = "<!-- figures of the last whole `make bench` -->", "<!-- end of figures -->"
PARTS = ("limits", "start_up", "issuing", "tls", "both_cores", "documents", "moto", "saml", "isolation", "emergency", "token_keys",
         "issuers")


def machine():
    cpu = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text())
    git = subprocess.run(["git", "-C", bench.ROOT, "describe", "--always", "--dirty", "--abbrev=12"], capture_output=True,
                         text=True).stdout.strip()
    swift = subprocess.run(["swift", "--version"], capture_output=True, text=True).stdout.splitlines() \
        if shutil.which("swift") else []
    return {"cpu": cpu.group(1) if cpu else platform.machine(), "cores": len(bench.CORES), "kernel": platform.release(),
            "system": platform.freedesktop_os_release().get("PRETTY_NAME", "?"), "load_average": os.getloadavg()[0],
            "swift": next((line.strip() for line in swift if "Swift version" in line), "?"), "commit": git or "none",
            "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")}


def publish(results):
    """Puts the figures and plots of a whole run into docs/benchmarks.md and docs/benchmarks/."""
    folder, page = bench.ROOT / "docs" / "benchmarks", bench.ROOT / "docs" / "benchmarks.md"
    plots.write(results, folder)
    images = "".join(f"\n![{path.stem}](benchmarks/{path.name})\n" for path in sorted(folder.glob("*.svg")))
    before, rest = page.read_text().split(BEGIN, 1)
    figures = plots.markdown(results, heading=None)
    page.write_text(f"{before}{BEGIN}\n{figures}{images}{END}{rest.split(END, 1)[1]}")


def main():
    words = sys.argv[1:]
    is_quick = "--quick" in words
    wanted = [word for word in words if word != "--quick"] or PARTS
    unknown = set(wanted) - set(PARTS)
    if unknown:
        sys.exit(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    bench.OUT.mkdir(parents=True, exist_ok=True)
    work, begin = pathlib.Path(tempfile.mkdtemp(prefix="bench-", dir=bench.OUT)), time.monotonic()
    try:
        run = Run(work, is_quick)
        run.results["machine"] = machine()
        for name in PARTS:
            if name in wanted:
                run.measure(name)
        if "limits" in wanted:
            run.measure("limits")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    run.results |= {"notes": run.notes, "total_seconds": round(time.monotonic() - begin)}
    (bench.OUT / "results.json").write_text(json.dumps(run.results, indent=2) + "\n")
    text = plots.markdown(run.results)
    (bench.OUT / "results.md").write_text(text)
    plots.write(run.results, bench.OUT)
    print(text)
    bench.say("written to .build/bench/results.md, results.json and plots")
    # A part alone, or a hasty run, must not stand where the last whole one does.
    if not is_quick and set(wanted) == set(PARTS):
        publish(run.results)
        bench.say("and to docs/benchmarks.md and docs/benchmarks/")


if __name__ == "__main__":
    main()
