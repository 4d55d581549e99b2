# SPDX-License-Identifier: Apache-2.0
"""Quotas of accounts with stock clients: what an SDK does when it is throttled, the operator's command, the settings."""

import json
import time

import boto3
import botocore.config
import botocore.exceptions
import pytest

from driver import audit, clients, server as servers, wire


def patient(server, mode):
    """A client that tries again as boto3 does in `mode`."""
    return boto3.session.Session().client(
        "sts", region_name="us-east-1", endpoint_url=server.url, aws_access_key_id=server.root.access_key_id,
        aws_secret_access_key=server.root.secret_access_key,
        config=botocore.config.Config(retries={"mode": mode, "total_max_attempts": 10}))


def quota(data_dir, *arguments):
    return servers.exeat("account", "quota", "--data-dir", data_dir, "--account", servers.ACCOUNT, *arguments)


@pytest.mark.parametrize("mode", ["standard", "legacy"])
def test_an_sdk_that_is_throttled_tries_again_and_gets_through(tmp_path, mode):
    with servers.serve_plain(tmp_path, "--requests-per-second", "1", "--burst", "1") as running:
        client, retries = patient(running, mode), 0
        # Two calls within a second, however slow the machine is at the first of them.
        for _ in range(20):
            answer = client.get_caller_identity()
            assert answer["Account"] == servers.ACCOUNT
            retries += answer["ResponseMetadata"]["RetryAttempts"]
            if retries:
                break
        assert retries >= 1


def test_a_flood_is_throttled_leaves_few_records_and_spares_other_accounts(tmp_path):
    data_dir = servers.init(tmp_path / "data")
    made = servers.exeat("account", "create", "--data-dir", data_dir, "--json")
    assert made.returncode == 0, made.stderr
    other = made_credentials(made.stdout)
    limited = quota(data_dir, "--requests-per-second", "1", "--burst", "5")
    assert (limited.returncode, limited.stdout) == (
        0, f"account {servers.ACCOUNT}: 1 call a second, 5 at once\n"), limited.stderr
    with servers.serve_plain(tmp_path) as running:
        begin, refused, done = time.monotonic(), [], 0
        while len(refused) < 40:
            assert time.monotonic() - begin < 120, f"{len(refused)} of {done + len(refused)} calls were refused"
            answer = wire.call(running, "GetCallerIdentity")
            if answer.status == 200:
                done += 1
                # Five at once, and one for each second that has begun since.
                assert done <= 5 + time.monotonic() - begin + 1
            else:
                refused.append(answer)
        for answer in refused:
            assert (answer.status, answer.code, answer.message) == (400, "Throttling", "Rate exceeded")
            assert answer.headers["Retry-After"] == "1"
        assert wire.call(running, "GetCallerIdentity", credentials=other).status == 200
        records = [record for record in audit.records(running) if record.get("errorCode") == "Throttling"]
        counted = sum(record["additionalEventData"]["throttledCalls"] for record in records)
        # One a second, and what came after the last of them is told by the next.
        assert 1 <= len(records) <= time.monotonic() - begin + 2
        assert counted <= len(refused)


def made_credentials(text):
    made = json.loads(text)
    with open(made["credentials"], encoding="utf-8") as file:
        secret = next(line.split("=", 1)[1].strip() for line in file if line.startswith("aws_secret_access_key"))
    return servers.Credentials(made["accessKeyId"], secret)


def test_a_quota_of_zero_says_so_and_is_taken_away_again(tmp_path):
    data_dir = servers.init(tmp_path / "data")
    assert quota(data_dir, "--requests-per-second", "0").stdout == f"account {servers.ACCOUNT}: no calls\n"
    with servers.serve_plain(tmp_path) as running:
        with pytest.raises(botocore.exceptions.ClientError) as caught:
            clients.boto(running, "sts").get_caller_identity()
        error = caught.value.response["Error"]
        assert error["Code"] == "Throttling"
        assert error["Message"] == "Rate exceeded: the operator of this server allows the account no calls."
        busy = quota(data_dir, "--unlimited")
        assert busy.returncode == 1 and "is in use by another server" in busy.stderr
        assert "start it again after `exeat account quota`" in busy.stderr and "aws organizations" not in busy.stderr
        running.stop()
        listed = json.loads(servers.exeat("account", "list", "--data-dir", data_dir, "--json").stdout)
        assert (listed["requestsPerSecond"], listed["burst"]) == (0, 1)
        assert json.loads(quota(data_dir, "--json").stdout) == {"accountId": servers.ACCOUNT}
        running.ready = None
        running.start()
        assert clients.boto(running, "sts").get_caller_identity()["Account"] == servers.ACCOUNT


@pytest.mark.parametrize("arguments, words", [
    (["--requests-per-second", "-1"], "--requests-per-second"),
    (["--requests-per-second", "1000001"], "up to 1000000"),
    (["--requests-per-second", "5", "--burst", "0"], "--burst from 1"),
    (["--burst", "5"], "--burst goes with --requests-per-second"),
    (["--unlimited", "--requests-per-second", "5"], "--unlimited does not go with"),
])
def test_a_quota_that_is_none_changes_nothing(tmp_path, arguments, words):
    data_dir = servers.init(tmp_path / "data")
    done = quota(data_dir, *arguments)
    assert done.returncode in (2, 64) and words in done.stderr, done.stderr
    assert "requestsPerSecond" not in servers.exeat("account", "list", "--data-dir", data_dir, "--json").stdout


def test_the_quota_of_an_account_that_is_not_there(tmp_path):
    data_dir = servers.init(tmp_path / "data")
    done = servers.exeat("account", "quota", "--data-dir", data_dir, "--account", "000000000001", "--unlimited")
    assert done.returncode == 1 and "there is no account 000000000001" in done.stderr
    done = servers.exeat("account", "quota", "--data-dir", data_dir, "--account", "12", "--unlimited")
    assert done.returncode == 2 and "is not 12 digits" in done.stderr


@pytest.mark.parametrize("flags, words", [
    (["--requests-per-second", "0"], "`0` is not a whole number from 1"),
    (["--requests-per-second", "many"], "`many` is not a whole number from 1"),
    (["--burst", "5"], "--burst goes with --requests-per-second"),
])
def test_settings_that_are_none_stop_the_start(tmp_path, flags, words):
    data_dir = servers.init(tmp_path / "data")
    done = servers.exeat("serve", "--data-dir", data_dir, "--public-url", "https://exeat.example", "--tls", "off",
                         "--listen", f"127.0.0.1:{servers.free_port()}", *flags)
    assert done.returncode == 2 and words in done.stderr, done.stderr
