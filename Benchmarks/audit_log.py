#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a log of N records as files, quickly, and measures how long its verification takes and how much memory.

Usage: Benchmarks/audit_log.py N FOLDER            (makes FOLDER; prints the log's verifier key)
       Benchmarks/audit_log.py --measure FOLDER    (EXEAT_BINARY: the binary; default .build/release/exeat)

Needs `cryptography` (.build/venv/bin/python has it). Records are as long as the ones of GetWebIdentityToken, about 1,050
bytes: 10 million take 11 GB and a few minutes.
"""

import hashlib
import json
import os
import pathlib
import resource
import struct
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Tests/EndToEnd"))

from driver import tlog  # noqa: E402

NAME = "benchmark.example.com/log"


def template():
    record = {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser", "principalId": "AIDAEXAMPLEEXAMPLE001", "arn": "arn:aws:iam::123456789012:user/workload",
            "accountId": "123456789012", "accessKeyId": "AKIAEXAMPLEEXAMPLE01", "userName": "workload"},
        "eventTime": "2026-04-21T07:37:10Z", "eventSource": "sts.amazonaws.com", "eventName": "GetWebIdentityToken",
        "awsRegion": "us-east-1", "sourceIPAddress": "192.0.2.17",
        "userAgent": "Boto3/1.43.11 md/Botocore#1.43.11 ua/2.1 os/linux lang/python#3.11.2 cfg/retry-mode#legacy",
        "requestParameters": {"audience": ["https://api.example.com"], "durationSeconds": 300, "signingAlgorithm": "ES384"},
        "responseElements": {"webIdentityTokenId": "00000000-0000-4000-8000-@@@@@@@@@@@@",
                             "expiration": "2026-04-21T07:42:10Z"},
        "requestID": "00000000-0000-4000-9000-@@@@@@@@@@@@", "eventID": "00000000-0000-4000-a000-@@@@@@@@@@@@",
        "readOnly": False, "eventType": "AwsApiCall", "managementEvent": True, "recipientAccountId": "123456789012",
        "eventCategory": "Management",
        "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256",
                       "clientProvidedHostHeader": "sts.example.com"},
    }
    return json.dumps(record, separators=(",", ":")).encode().split(b"@" * 12)


def make(count, folder):
    sha256, pieces = hashlib.sha256, template()
    key, folder = tlog.Key(NAME, NAME), pathlib.Path(folder)
    rows = []

    def put(path, data):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def fold(hashes):
        while len(hashes) > 1:
            hashes = [sha256(b"\1" + hashes[i] + hashes[i + 1]).digest() for i in range(0, len(hashes), 2)]
        return hashes[0]

    def add(level, index, row):
        """A level's tile is full: write it, and put its hash into the level above."""
        put(folder / "tile" / str(level) / tlog.place(index), b"".join(row))
        if len(rows) == level + 1:
            rows.append([0, []])
        above = rows[level + 1]
        above[1].append(fold(row))
        if len(above[1]) == 256:
            add(level + 1, above[0], above[1])
            above[0], above[1] = above[0] + 1, []

    rows.append([0, []])
    for first in range(0, count, 256):
        entries = [(b"%012d" % number).join(pieces) for number in range(first, min(count, first + 256))]
        index, width = first // 256, len(entries)
        put(folder / "tile/entries" / tlog.place(index, width),
            b"".join(struct.pack(">H", len(entry)) + entry for entry in entries))
        leaves = [sha256(b"\0" + entry).digest() for entry in entries]
        if width == 256:
            add(0, index, leaves)
            rows[0] = [index + 1, []]
        else:
            rows[0] = [index, leaves]
    edge = []
    for level, (index, row) in reversed(list(enumerate(rows))):
        if row:
            put(folder / "tile" / str(level) / tlog.place(index, len(row)), b"".join(row))
        start = 0
        for bit in range(7, -1, -1):
            if len(row) >> bit & 1:
                edge.append(fold(row[start:start + (1 << bit)]))
                start += 1 << bit
    root = edge.pop() if edge else sha256(b"").digest()
    while edge:
        root = tlog.node_hash(edge.pop(), root)
    text = f"{NAME}\n{count}\n{tlog.base64.b64encode(root).decode()}\n"
    put(folder / "checkpoint", (text + "\n" + key.line(text)).encode())
    return key.verifier


def measure(folder):
    binary = os.environ.get("EXEAT_BINARY", str(ROOT / ".build/release/exeat"))
    key = tlog.Key(NAME, NAME).verifier
    begin = time.monotonic()
    done = subprocess.run([binary, "audit", "verify", "--mirror", folder, "--verifier-key", key, "--json"],
                          stdout=subprocess.PIPE, check=True)
    seconds, report = time.monotonic() - begin, json.loads(done.stdout)
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{report['size']:,} records in {seconds:.1f} s: {report['size'] / seconds:,.0f} a second; "
          f"CPU {usage.ru_utime + usage.ru_stime:.1f} s; peak memory {usage.ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    if sys.argv[1] == "--measure":
        measure(sys.argv[2])
    else:
        print(make(int(sys.argv[1]), sys.argv[2]))
