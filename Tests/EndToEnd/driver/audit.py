# SPDX-License-Identifier: Apache-2.0
"""The audit log as `exeat audit tail --json` shows it: one CloudTrail record a line."""

import json

from driver.server import exeat


def records(server):
    done = exeat("audit", "tail", "--data-dir", server.data_dir, "--json", "--number", "0")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line]


def with_request_id(server, request_id):
    return [record for record in records(server) if record["requestID"] == request_id]


def the_record(server, answer):
    """The one record of `answer`; two records of one call, or none, fail."""
    found = with_request_id(server, answer.request_id)
    assert len(found) == 1, f"{len(found)} records of request {answer.request_id}"
    return found[0]
