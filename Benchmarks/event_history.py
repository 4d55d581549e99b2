#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fills a store with N audit records and measures LookupEvents on them, through boto3, as a user would ask.

Usage: Benchmarks/event_history.py N FOLDER     (EXEAT_BINARY: the binary; default .build/release/exeat)

Makes FOLDER/data with `exeat init`, writes the records into it (about 1,050 bytes each: 10 million take 11 GB and, with the
index, a quarter of an hour), starts `exeat serve` and waits until the history and the tree have come to the end of the
log. Then it asks for the first page of each kind, 20 times, and prints the median and the worst. Needs boto3
(.build/venv/bin/python has it).
"""

import json
import os
import pathlib
import random
import sqlite3
import statistics
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Tests/EndToEnd"))
os.environ.setdefault("EXEAT_BINARY", str(ROOT / ".build/release/exeat"))

from driver import clients, server as servers  # noqa: E402

USERS = 1000
START = 1_700_000_000_000
EVENTS = (
    ("GetWebIdentityToken", "sts", False, {"audience": ["https://api.example.com"], "durationSeconds": 300}),
    ("GetWebIdentityToken", "sts", False, {"audience": ["api://AzureADTokenExchange"], "durationSeconds": 3600}),
    ("GetCallerIdentity", "sts", True, None),
    ("ListUsers", "iam", True, None),
    ("GetRole", "iam", True, {"roleName": "deploy"}),
)


def uuid(chance, version, milliseconds=None):
    bits = chance.getrandbits(128)
    if milliseconds is not None:
        bits = bits & (1 << 80) - 1 | milliseconds << 80
    bits = bits & ~(0xF << 76) | version << 76
    bits = bits & ~(0x3 << 62) | 0x2 << 62
    text = f"{bits:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def rows(count, first):
    chance = random.Random(6)
    for number in range(count):
        name, service, read_only, parameters = EVENTS[chance.randrange(len(EVENTS))]
        milliseconds, user = START + number * 3, chance.randrange(USERS)
        event_id = uuid(chance, 7, milliseconds)
        record = {
            "eventVersion": "1.11",
            "userIdentity": {
                "type": "IAMUser", "principalId": f"AIDA{user:017d}", "arn": f"arn:aws:iam::123456789012:user/user-{user}",
                "accountId": "123456789012", "accessKeyId": f"AKIA{user:016d}", "userName": f"user-{user}"},
            "eventTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(milliseconds // 1000)),
            "eventSource": f"{service}.amazonaws.com", "eventName": name, "awsRegion": "us-east-1",
            "sourceIPAddress": "192.0.2.17",
            "userAgent": "Boto3/1.43.11 md/Botocore#1.43.11 ua/2.1 os/linux lang/python#3.11.2 cfg/retry-mode#legacy",
            "requestParameters": parameters,
            "responseElements": {"webIdentityTokenId": uuid(chance, 4)} if name == "GetWebIdentityToken" else None,
            "requestID": uuid(chance, 4), "eventID": event_id, "readOnly": read_only, "eventType": "AwsApiCall",
            "managementEvent": True, "recipientAccountId": "123456789012", "eventCategory": "Management",
            "tlsDetails": {"tlsVersion": "TLSv1.3", "clientProvidedHostHeader": "sts.example.com"},
        }
        yield (first + number, event_id, milliseconds, "123456789012", record["eventSource"], name,
               json.dumps(record, separators=(",", ":")))


def fill(path, count):
    store = sqlite3.connect(path, isolation_level=None)
    for statement in ("PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "BEGIN"):
        store.execute(statement)
    first = store.execute("SELECT coalesce(max(sequence), 0) + 1 FROM audit").fetchone()[0]
    store.executemany(
        "INSERT INTO audit (sequence, event_id, event_time, account, event_source, event_name, json)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)", rows(count, first))
    store.execute("COMMIT")
    store.execute("PRAGMA journal_mode = WAL")
    store.close()
    return first + count - 1


def wait(path, table, column, last):
    store = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    begin = time.monotonic()
    while (done := store.execute(f"SELECT coalesce(max({column}), 0) FROM {table}").fetchone()[0]) < last:
        print(f"\r{table}: {done:,} of {last:,}", end="", file=sys.stderr)
        time.sleep(1)
    seconds = time.monotonic() - begin
    print(f"\r{table}: {last:,} in {seconds:.0f} s, {last / max(seconds, 0.001):,.0f}/s", file=sys.stderr)


def measure(client, **question):
    seconds = []
    for _ in range(20):
        begin = time.perf_counter()
        page = client.lookup_events(MaxResults=50, **question)
        seconds.append(time.perf_counter() - begin)
    return len(page["Events"]), statistics.median(seconds) * 1000, max(seconds) * 1000


def attribute(key, value):
    return {"LookupAttributes": [{"AttributeKey": key, "AttributeValue": value}]}


def main():
    count, folder = int(sys.argv[1].replace("_", "")), pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True)
    running = servers.serve_plain(folder)
    store = running.data_dir / "store.sqlite"
    begin = time.monotonic()
    last = fill(store, count)
    print(f"wrote {count:,} records in {time.monotonic() - begin:.0f} s", file=sys.stderr)
    with running:
        wait(store, "log_tree", "size", last)
        wait(store, "history_position", "sequence", last)
        client = clients.boto(running, "cloudtrail")
        middle = START // 1000 + count * 3 // 2000
        event_id = client.lookup_events(MaxResults=50, EndTime=middle)["Events"][17]["EventId"]
        questions = {
            "every event": {},
            "EventName GetWebIdentityToken": attribute("EventName", "GetWebIdentityToken"),
            "Username user-7": attribute("Username", "user-7"),
            "AccessKeyId": attribute("AccessKeyId", f"AKIA{7:016d}"),
            "ResourceName deploy": attribute("ResourceName", "deploy"),
            "EventId, in the middle": attribute("EventId", event_id),
            "ReadOnly true, up to the middle": {**attribute("ReadOnly", "true"), "EndTime": middle},
            "Username of nobody": attribute("Username", "nobody"),
        }
        print("| LookupEvents, first page of 50 | events | median ms | worst ms |\n|---|---:|---:|---:|")
        for name, question in questions.items():
            events, median, worst = measure(client, **question)
            print(f"| {name} | {events} | {median:.1f} | {worst:.1f} |", flush=True)


if __name__ == "__main__":
    main()
