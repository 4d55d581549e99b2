#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures the release build; writes .build/bench/results.md and results.json.

Method. The server is pinned to the first core and the load generator (wrk, one thread, 64 keep-alive connections) to
the second. Token requests are distinct and signed beforehand, by a user whose inline policy is evaluated; the store is
on disk, so every token's audit record is durable before its response. The machine's raw signing rates are taken on the
server's core in the same run, before and after, and the better one counts. Documents are compared with nginx serving
the same bytes with the same headers, one worker on the same core. Absolute figures move between machines; ratios stay.
"""

import datetime
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

import signed_requests as wire

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUT = ROOT / ".build" / "bench"
EXEAT = ROOT / ".build" / "release" / "exeat"
LUA = ROOT / "Benchmarks" / "load.lua"
CREDENTIALS = ("AKIABENCHBENCHBENCH0", "bench/secret/key/of/no/value/at/all/0001")
PUBLIC_URL = "https://bench.example"
DISTINCT_REQUESTS = 120_000
CONNECTIONS = 64
SECONDS = 8
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, CLIENT_CORE = (CORES[0], CORES[1]) if len(CORES) > 1 else (CORES[0], CORES[0])
ENVIRONMENT = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "LC_ALL": "C.UTF-8"}


def say(text):
    print(f"==> {text}", file=sys.stderr, flush=True)


def on_core(core, *command):
    return ["taskset", "-c", str(core), *map(str, command)]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# MARK: the machine's limits

def raw_rates():
    """Signatures a second on the server's core: RSA-2048 by OpenSSL, P-384 by nettle."""
    def run(*command):
        return subprocess.run(on_core(SERVER_CORE, *command), capture_output=True, text=True, check=True).stdout
    table = run("openssl", "speed", "-seconds", "3", "rsa2048")
    rsa = float(re.search(r"rsa\s+2048 bits\s+\S+\s+\S+\s+([\d.]+)", table).group(1))
    return {"RS256": rsa, "ES384": float(run(OUT / "raw-p384", "3"))}


# MARK: the server

class Server:
    """`exeat serve` on the server's core; `tls` is `off` or `development`."""

    def __init__(self, work, tls):
        self.port, self.work = free_port(), work
        ready = work / f"ready-{os.urandom(4).hex()}.json"
        self.log = open(work / "server.log", "ab")
        begin = time.monotonic()
        self.process = subprocess.Popen(
            on_core(SERVER_CORE, EXEAT, "serve", "--data-dir", work / "data", "--listen", f"127.0.0.1:{self.port}",
                    "--public-url", PUBLIC_URL, "--accepted-hosts", "127.0.0.1", "--tls", tls, "--ready-file", ready),
            stdout=self.log, stderr=self.log, env=ENVIRONMENT)
        while not (ready.exists() and ready.stat().st_size):
            if self.process.poll() is not None or time.monotonic() - begin > 15:
                self.process.kill()
                raise RuntimeError(f"exeat did not start: {(work / 'server.log').read_text()[-2000:]}")
            time.sleep(0.001)
        self.start_seconds = time.monotonic() - begin

    def memory(self, field):
        """`VmRSS` or `VmHWM` in MB."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{field}:\s+(\d+) kB", status).group(1)) / 1000

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


def set_up(work):
    """A store with the feature on and a user whose policy allows tokens; the user's keys and the issuer's path."""
    subprocess.run([EXEAT, "init", "--data-dir", work / "data", "--account-id", "123456789012", "--access-key-id",
                    CREDENTIALS[0], "--secret-access-key", CREDENTIALS[1]], check=True, env=ENVIRONMENT,
                   stdout=subprocess.DEVNULL)
    policy = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:GetWebIdentityToken", "Resource": "*",
        "Condition": {"NumericLessThanEquals": {"sts:DurationSeconds": "900"}}}]}
    with Server(work, "off") as server:
        def iam(action, **parameters):
            return wire.call(server.port, CREDENTIALS, "iam", "2010-05-08", action, **parameters)
        issuer = wire.element(iam("EnableOutboundWebIdentityFederation"), "IssuerIdentifier")
        iam("CreateUser", UserName="bench")
        iam("PutUserPolicy", UserName="bench", PolicyName="p", PolicyDocument=json.dumps(policy))
        key = iam("CreateAccessKey", UserName="bench")
    return (wire.element(key, "AccessKeyId"), wire.element(key, "SecretAccessKey")), issuer.removeprefix(PUBLIC_URL)


def start_up(work, keys, rounds=7):
    """Medians in ms: process start to ready file, and to the first token."""
    ready, first = [], []
    for _ in range(rounds):
        begin = time.monotonic()
        with Server(work, "off") as server:
            ready.append(server.start_seconds)
            wire.call(server.port, keys, "sts", "2011-06-15", "GetWebIdentityToken", **{
                "Audience.member.1": "a", "SigningAlgorithm": "ES384"})
            first.append(time.monotonic() - begin)
    return {"ready_ms": statistics.median(ready) * 1000, "first_token_ms": statistics.median(first) * 1000}


# MARK: load

def wrk(url, seconds=SECONDS, environment=None):
    done = subprocess.run(
        on_core(CLIENT_CORE, "wrk", "-t", 1, "-c", CONNECTIONS, "-d", f"{seconds}s", "-s", LUA, url),
        capture_output=True, text=True, env={**ENVIRONMENT, **(environment or {})})
    if done.returncode != 0:
        raise RuntimeError(done.stdout + done.stderr)
    result = json.loads(done.stdout.strip().splitlines()[-1])
    if result["refused"] or result["broken"] or not result["requests"]:
        raise RuntimeError(f"{url}: {result}")
    result["per_second"] = result["requests"] / result["seconds"]
    return result


def tokens(server, scheme, keys, algorithm, half_of=None):
    """A token run at full load, or at half of the peak `half_of`."""
    host = f"127.0.0.1:{server.port}"
    signer, file = wire.Signer(*keys, host), server.work / "requests"
    wire.write_token_requests(file, signer, algorithm, DISTINCT_REQUESTS)
    environment = {"REQUESTS": str(file), "SIGNED_HOST": host, "SIGNED_DATE": signer.date}
    wrk(f"{scheme}://{host}/", 1, environment)  # warm up
    if half_of:
        environment["MEAN_DELAY_MS"] = str(CONNECTIONS / (half_of / 2) * 1000)
    return wrk(f"{scheme}://{host}/", SECONDS, environment)


def get_document(url):
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    with urllib.request.urlopen(url, context=trust if url.startswith("https") else None) as answer:
        return answer.read(), answer.headers


class Nginx:
    """nginx on the server's core, serving `body` at `path` with the headers that Exeat sends."""

    def __init__(self, work, path, body, headers, certificate):
        self.ports = {"http": free_port(), "https": free_port()}
        site = work / "site"
        (site / path.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
        (site / path.lstrip("/")).write_bytes(body)
        lines = "\n".join(f"      add_header {name} '{headers[name]}';" for name in (
            "Cache-Control", "ETag", "Access-Control-Allow-Origin", "X-Content-Type-Options") if name in headers)
        user = "user root;" if os.getuid() == 0 else ""
        (work / "nginx.conf").write_text(f"""
{user} daemon off; worker_processes 1; pid {work}/nginx.pid; error_log {work}/nginx.log; worker_rlimit_nofile 4096;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; open_file_cache max=100; etag off;
  client_body_temp_path {work}; proxy_temp_path {work}; fastcgi_temp_path {work}; uwsgi_temp_path {work};
  scgi_temp_path {work};
  server {{
    listen 127.0.0.1:{self.ports['http']}; listen 127.0.0.1:{self.ports['https']} ssl;
    ssl_certificate {certificate}/cert.pem; ssl_certificate_key {certificate}/key.pem;
    root {site};
    location / {{
      default_type {headers['Content-Type'].split(';')[0]}; if_modified_since off;
{lines}
    }}
  }}
}}
""")
        self.process = subprocess.Popen(on_core(SERVER_CORE, "/usr/sbin/nginx", "-c", work / "nginx.conf", "-p", work),
                                        stderr=subprocess.DEVNULL)
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.ports["http"])) == 0:
                    return
            time.sleep(0.02)
        self.process.kill()
        raise RuntimeError("nginx did not start: " + (work / "nginx.log").read_text())

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def nginx_for(work, server, path):
    """nginx with the document as Exeat serves it at `path`, and a certificate of its own."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-keyout", work / "key.pem", "-out", work / "cert.pem"], check=True,
        capture_output=True)
    return Nginx(work, path, *get_document(f"http://127.0.0.1:{server.port}{path}"), work)


def documents(nginx, server, scheme, path):
    """GETs of the document a second, Exeat and nginx one after the other."""
    ours = f"{scheme}://127.0.0.1:{server.port}{path}"
    theirs = f"{scheme}://127.0.0.1:{nginx.ports[scheme]}{path}"
    if get_document(theirs)[0] != get_document(ours)[0]:
        raise RuntimeError("nginx and exeat do not serve the same bytes")
    return {"exeat": wrk(ours, 5)["per_second"], "nginx": wrk(theirs, 5)["per_second"]}


# MARK: report

def machine():
    cpu = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text())
    git = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty", "--abbrev=12"], capture_output=True,
                         text=True).stdout.strip()
    swift = subprocess.run(["swift", "--version"], capture_output=True, text=True).stdout.splitlines()
    return {"cpu": cpu.group(1) if cpu else platform.machine(), "cores": len(CORES), "kernel": platform.release(),
            "system": platform.freedesktop_os_release().get("PRETTY_NAME", "?"),
            "swift": next((line for line in swift if "Swift version" in line), "?"), "commit": git or "none",
            "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")}


def markdown(results):
    about, raw, lines = results["machine"], results["raw_signatures_per_second"], []
    lines += ["# Benchmark results", "",
              f"{about['date']}, commit {about['commit']}. {about['cpu']}, {about['cores']} cores, {about['system']}, "
              f"Linux {about['kernel']}, {about['swift']}.", "",
              f"Server on core {SERVER_CORE}, load on core {CLIENT_CORE}: wrk, {CONNECTIONS} keep-alive connections, "
              f"{SECONDS} s, distinct signed requests, a user's policy evaluated, every audit record durable before its "
              "response. Raw rates are from the same run on the same core.", "",
              "| figure | value | beside | ratio |", "|---|---:|---|---:|"]
    for name, run in results["tokens"].items():
        algorithm = name.split()[0]
        other = {"RS256": "OpenSSL RSA-2048", "ES384": "nettle P-384"}[algorithm]
        lines.append(f"| {name}, tokens/s (p50 {run['p50_ms']:.1f} ms, p99 {run['p99_ms']:.1f} ms) "
                     f"| {run['per_second']:,.0f} | {other}, raw: {raw[algorithm]:,.0f}/s "
                     f"| {run['per_second'] / raw[algorithm]:.2f} |")
    for name, run in results["half_load"].items():
        lines.append(f"| {name} at half load ({run['per_second']:,.0f}/s), p99 | {run['p99_ms']:.2f} ms "
                     f"| p50 {run['p50_ms']:.2f} ms | |")
    for scheme, rate in results["documents"].items():
        lines.append(f"| JWK set over {scheme}, requests/s | {rate['exeat']:,.0f} | nginx: {rate['nginx']:,.0f}/s "
                     f"| {rate['exeat'] / rate['nginx']:.2f} |")
    start, memory = results["start_up"], results["memory_mb"]
    lines += [f"| process start to ready | {start['ready_ms']:.0f} ms | median of 7 | |",
              f"| process start to first token | {start['first_token_ms']:.0f} ms | median of 7 | |",
              f"| resident memory, idle | {memory['idle']:.1f} MB | | |",
              f"| resident memory, highest under load | {memory['loaded']:.1f} MB | | |", ""]
    if len(CORES) < 2:
        lines += ["Server and load shared one core: the ratios are too low.", ""]
    return "\n".join(lines)


def main():
    work = pathlib.Path(tempfile.mkdtemp(prefix="bench-", dir=OUT))
    results = {"machine": machine(), "tokens": {}, "half_load": {}, "documents": {}}
    nginx = None
    try:
        say("raw signing rates of this machine")
        raw = raw_rates()
        keys, issuer_path = set_up(work)
        path = issuer_path + "/.well-known/jwks.json"
        say("start-up")
        results["start_up"] = start_up(work, keys)
        with Server(work, "off") as server:
            time.sleep(1)
            results["memory_mb"] = {"idle": server.memory("VmRSS")}
            for algorithm in ("ES384", "RS256"):
                say(f"{algorithm} tokens over plain HTTP, full and half load")
                full = results["tokens"][f"{algorithm} over http"] = tokens(server, "http", keys, algorithm)
                results["half_load"][algorithm] = tokens(server, "http", keys, algorithm, half_of=full["per_second"])
            results["memory_mb"]["loaded"] = server.memory("VmHWM")
            say("documents over plain HTTP, beside nginx")
            nginx = nginx_for(work, server, path)
            results["documents"]["http"] = documents(nginx, server, "http", path)
        with Server(work, "development") as server:
            say("documents over TLS, beside nginx")
            results["documents"]["https"] = documents(nginx, server, "https", path)
            for algorithm in ("ES384", "RS256"):
                say(f"{algorithm} tokens over TLS")
                results["tokens"][f"{algorithm} over https"] = tokens(server, "https", keys, algorithm)
        say("raw signing rates again")
        again = raw_rates()
        results["raw_signatures_per_second"] = {name: max(raw[name], again[name]) for name in raw}
    finally:
        if nginx:
            nginx.stop()
        shutil.rmtree(work, ignore_errors=True)
    text = markdown(results)
    (OUT / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    (OUT / "results.md").write_text(text)
    print(text)
    say("written to .build/bench/results.md and results.json")


if __name__ == "__main__":
    main()
