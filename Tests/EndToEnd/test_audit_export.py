# SPDX-License-Identifier: Apache-2.0
"""Records leave the store: on standard output, into a file, to syslog over TLS, to a webhook. Everything, in order,
whatever fails in between."""

import json
import re
import resource
import subprocess
import time

import pytest

from driver import audit, receivers, server as servers, wire

DEADLINE = 60


def wait_until(holds, what):
    end = time.monotonic() + DEADLINE
    while not holds():
        assert time.monotonic() < end, what() if callable(what) else what
        time.sleep(0.02)


def ids(records):
    return [record["eventID"] for record in records]


def first_seen(found):
    return list(dict.fromkeys(found))


def export(server, *arguments):
    done = servers.exeat("audit", "export", "--data-dir", server.data_dir, *arguments)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def call_some(server, count):
    for _ in range(count):
        assert wire.call(server, "GetCallerIdentity").status == 200


def lag(server, sink):
    metrics = wire.session.get(f"{server.url}/metrics", verify=server.ca or False, timeout=DEADLINE).text
    found = re.search(rf'^exeat_audit_export_lag_records\{{sink="{re.escape(sink)}"\}} (\d+)$', metrics, re.M)
    return int(found.group(1)) if found else None


# MARK: - The command


@pytest.fixture(scope="module")
def logged(tmp_path_factory):
    """A server whose log only these tests read; nobody writes to it after this."""
    with servers.serve_plain(tmp_path_factory.mktemp("export-command")) as running:
        call_some(running, 3)
        wire.call(running, "CreateUser", "iam", UserName="exported")
        wire.call(running, "GetCallerIdentity", credentials=servers.Credentials("AKIANOBODYNOBODYNOBO", "x"))
        call_some(running, 2)
        yield running


def test_everything_is_exported_beside_a_running_server(logged):
    records = audit.records(logged)
    assert len(records) >= 7
    assert export(logged) == records
    assert export(logged, "--format", "cloudtrail") == records


def test_bounds_by_place_meet_without_a_gap(logged):
    records = audit.records(logged)
    assert export(logged, "--since", 1, "--until", 4) + export(logged, "--since", 4) == records
    assert export(logged, "--since", 3, "--until", 4) == records[2:3]
    assert export(logged, "--since", len(records) + 1) == []


def test_bounds_by_time_meet_without_a_gap(logged):
    records = audit.records(logged)
    for instant in sorted({record["eventTime"] for record in records}):
        before, after = export(logged, "--until", instant), export(logged, "--since", instant)
        assert sorted(ids(before) + ids(after)) == sorted(ids(records))
        assert all(record["eventTime"] < instant for record in before)
        assert all(record["eventTime"] >= instant for record in after)
    assert export(logged, "--since", "2000-01-01") == records
    assert export(logged, "--until", "2000-01-01") == []


def test_records_of_one_account_are_chosen(logged):
    records = audit.records(logged)
    ours = [record for record in records if record.get("recipientAccountId") == logged.account]
    assert 0 < len(ours) < len(records)
    assert export(logged, "--account", logged.account) == ours
    assert export(logged, "--account", "999999999999") == []


def test_the_ocsf_form_has_one_event_a_record(logged):
    records, events = audit.records(logged), export(logged, "--format", "ocsf")
    assert [event["metadata"]["uid"] for event in events] == ids(records)
    assert {event["class_uid"] for event in events} == {6003}
    assert {event["status"] for event in events} == {"Success", "Failure"}


@pytest.mark.parametrize("arguments", [
    ("--since", "yesterday"), ("--since", "0"), ("--since", "-1"), ("--until", "2026-13-01"), ("--until", "1.5"),
    ("--account", "12345"), ("--format", "CSV"), ("--format", "OCSF"),
])
def test_a_bound_that_is_none_is_wrong_usage(logged, arguments):
    done = servers.exeat("audit", "export", "--data-dir", logged.data_dir, *(f"{arguments[0]}={arguments[1]}",))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"exeat: error: {arguments[0]}: `{arguments[1]}` is n")


def test_output_that_cannot_be_written_is_a_failure(logged):
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [servers.binary(), "audit", "export", "--data-dir", str(logged.data_dir)], stdout=full,
            stderr=subprocess.PIPE, text=True, timeout=DEADLINE, env=servers.clean_environment())
    assert done.returncode == 1
    assert done.stderr.startswith("exeat: error: cannot write to standard output: No space left")


def test_new_records_are_followed(tmp_path):
    with servers.serve_plain(tmp_path) as running:
        call_some(running, 2)
        command = [servers.binary(), "audit", "export", "--data-dir", str(running.data_dir), "--follow"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=servers.clean_environment()) as follower:
            found = [json.loads(follower.stdout.readline())]
            answer = wire.call(running, "GetCallerIdentity")
            while found[-1]["requestID"] != answer.request_id:
                found.append(json.loads(follower.stdout.readline()))
            follower.terminate()
        assert found == audit.records(running)


# MARK: - Sinks of the server


def test_three_sinks_get_the_whole_log_through_failures_and_kills(tmp_path):
    """The webhook fails first, the syslog receiver dies twice, and the server is killed in between."""
    secret = b"a webhook's secret of 24 bytes"
    (tmp_path / "secret").write_bytes(secret + b"\n")
    (tmp_path / "secret").chmod(0o600)
    collector = receivers.SyslogReceiver(tmp_path)
    webhook = receivers.Webhook(secret, answers=[503, 302, 500])
    path = tmp_path / "export" / "audit.jsonl"
    path.parent.mkdir()
    sinks = [
        f"file:{path} max-bytes=65536",
        f"syslog+tls://localhost:{collector.port} ca-file={collector.certificate} name=collector",
        f"http://127.0.0.1:{webhook.port}/in?key=hidden secret-file={tmp_path}/secret",
    ]
    flags = [part for sink in sinks for part in ("--audit-export", sink)]
    running = servers.serve_plain(tmp_path, *flags)
    collector.drop = 2
    try:
        running.start()
        call_some(running, 1)
        wait_until(lambda: webhook.records and collector.records and running.output.count("are exported again") == 2,
                   lambda: f"{collector.problems}\n{running.output}")
        assert running.output.count("records cannot be exported") == 2
        for count in (30, 40, 50):
            call_some(running, count)
            running.kill()
            running.ready = None
            # A line that the crash cut off.
            if path.exists():
                with open(path, "ab") as file:
                    file.write(b'{"eventVersion":"1.11","userIdent')
            running.start()
        call_some(running, 20)
        records = audit.records(running)
        names = [f"file:{path}", "collector", f"http://127.0.0.1:{webhook.port}/in"]
        last = records[-1]["eventID"]
        wait_until(lambda: last in ids(collector.records) and last in ids(webhook.records) and last in path.read_text(),
                   lambda: f"the last record is missing, {collector.problems}\n{running.output}")
        wait_until(lambda: [lag(running, name) for name in names] == [0, 0, 0],
                   lambda: f"lags {[lag(running, name) for name in names]}, {collector.problems}\n{running.output}")
        output = running.output
    finally:
        running.stop()
        collector.close()
        webhook.close()

    files = sorted(path.parent.iterdir(), key=lambda file: (file == path, file.name.split("Z")[0], len(file.name), file.name))
    assert len(files) >= 2, "nothing was put aside"
    lines = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    # A file is the one receiver that can look: nothing stands twice in it.
    assert lines == records
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}

    for received in (collector.records, webhook.records):
        assert first_seen(ids(received)) == ids(records)
        assert {record["eventID"]: record for record in received} == {record["eventID"]: record for record in records}
    assert webhook.problems == []
    assert [status for _, status in webhook.deliveries[:4]] == [503, 302, 500, 204]
    assert "hidden" not in output


def test_a_syslog_receiver_that_asks_who_sends_is_shown_a_certificate(tmp_path):
    client, key = receivers.certificate(tmp_path, "client")
    collector = receivers.SyslogReceiver(tmp_path, clients=client)
    target = f"syslog+tls://127.0.0.1:{collector.port} ca-file={collector.certificate}"
    try:
        with servers.serve_plain(
                tmp_path, "--audit-export", f"{target} name=known client-cert={client} client-key={key}",
                "--audit-export", f"{target} name=unknown") as running:
            call_some(running, 3)
            records = audit.records(running)
            wait_until(lambda: ids(collector.records) == ids(records) and lag(running, "unknown") == len(records),
                       lambda: f"{collector.problems}\n{running.output}")
    finally:
        collector.close()


def test_a_sink_that_refuses_delays_nobody(tmp_path):
    (tmp_path / "secret").write_text("0123456789abcdef01234567")
    (tmp_path / "secret").chmod(0o600)
    path, port = tmp_path / "audit.jsonl", servers.free_port()
    (tmp_path / "exeat.yaml").write_text(
        f"audit-export: 'http://localhost:{port}/ secret-file={tmp_path}/secret name=absent, file:{path} format=ocsf'\n")
    with servers.serve_plain(tmp_path, "--config", tmp_path / "exeat.yaml") as running:
        call_some(running, 10)
        last = audit.records(running)[-1]["eventID"]
        wait_until(lambda: path.exists() and last in path.read_text(), "the file did not get the records")
        count = len(audit.records(running))
        wait_until(lambda: lag(running, "absent") == count, lambda: f"lag {lag(running, 'absent')} of {count}")
        wait_until(lambda: lag(running, f"file:{path}") == 0, "the file's sink is said to be behind")
        running.await_output('sink="absent"')
    events = [json.loads(line) for line in path.read_text().splitlines()]
    assert len({event["metadata"]["uid"] for event in events}) == len(events) == count


def test_a_disk_that_is_full_in_the_middle_of_a_batch_leaves_whole_lines(tmp_path):
    path = tmp_path / "audit.jsonl"
    older = (b'{"older":"' + b"x" * 1000 + b'"}\n') * (16 << 10)
    path.write_bytes(older)
    path.chmod(0o600)
    with servers.serve_plain(
            tmp_path, "--audit-export", f"file:{path}", survive_file_size_limit=True) as running:
        call_some(running, 1)
        count = (16 << 10) + len(audit.records(running))
        wait_until(lambda: path.read_bytes().count(b"\n") == count, "the file did not get the first records")
        size = path.stat().st_size
        resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, (size + 100, resource.RLIM_INFINITY))
        call_some(running, 20)
        wait_until(lambda: "File too large" in running.output, lambda: f"no notice\n{running.output}")
        assert path.read_bytes().endswith(b"}\n")
        resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        records = audit.records(running)
        wait_until(lambda: path.read_bytes().count(b"\n") == (16 << 10) + len(records), "records are missing")
    assert [json.loads(line) for line in path.read_bytes()[len(older):].splitlines()] == records


@pytest.fixture(scope="module")
def unused(tmp_path_factory):
    """A data directory that no server has."""
    return servers.init(tmp_path_factory.mktemp("export-unused") / "data")


@pytest.mark.parametrize("sink, message", [
    ("file:audit.jsonl", "not an absolute path"),
    ("/var/log/audit.jsonl", "neither a file, nor syslog, nor a URL"),
    ("file:/a,", "neither a file, nor syslog, nor a URL"),
    ("file:/a,file:/a", "another sink is called `file:/a` too"),
    ("file:/a color=red", "there is no option `color` here"),
    ("syslog://198.51.100.1:514", "records leave this machine in the clear"),
    ("syslog+tls://logs.example.com", "a syslog receiver is HOST:PORT"),
    ("syslog+tls://logs.example.com:6514/x", "a syslog receiver is HOST:PORT"),
    ("syslog+tls://logs.example.com:6514 ca-file=/nowhere", "cannot read /nowhere"),
    ("syslog+tls://h.example.com:6514 client-cert=/nowhere client-key=/nowhere", "cannot read /nowhere"),
    ("syslog+tls://h.example.com:6514 client-cert=/etc/hostname client-key=/etc/hostname",
     "/etc/hostname holds no certificates in PEM form"),
    ("https://siem.example.com/", "`secret-file` is missing"),
    ("https://siem.example.com/ secret-file=/nowhere", "cannot read /nowhere: No such file or directory"),
    ("http://siem.example.com/ secret-file=/nowhere", "records leave this machine in the clear"),
    ("http://169.254.169.254/ secret-file=/nowhere", "records leave this machine in the clear"),
    ("https://a:b@siem.example.com/ secret-file=/nowhere", "user information stands in the URL"),
    ("https://siem.example.com/#x secret-file=/nowhere", "not an acceptable URL: it holds a fragment"),
])
def test_a_sink_that_cannot_be_used_stops_the_start(unused, sink, message):
    assert message in refusal(unused, sink)


def test_a_client_certificate_with_a_key_that_is_not_its_own_stops_the_start(unused, tmp_path):
    (certificate, key), (_, other) = receivers.certificate(tmp_path), receivers.certificate(tmp_path, "other")
    sink = f"syslog+tls://logs.example.com:6514 client-cert={certificate} client-key="
    assert f"{certificate} holds no unencrypted private key" in refusal(unused, f"{sink}{certificate}")
    assert "TLS failed" in refusal(unused, f"{sink}{other}")
    # The control: with its own key the start goes on, as far as an address that is not this machine's.
    done = serve(unused, f"{sink}{key}")
    assert done.returncode == 1 and "192.0.2.1" in done.stderr, done.stderr


def refusal(data_dir, sink):
    done = serve(data_dir, sink)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("exeat: error: --audit-export: `"), done.stderr
    return done.stderr


def serve(data_dir, sink):
    return servers.exeat(
        "serve", "--data-dir", data_dir, "--public-url", "https://exeat.example", "--tls", "off",
        "--listen", "192.0.2.1:9", "--audit-export", sink)


@pytest.mark.parametrize("sink", [
    "https://host.example/hook?s3cret form=x", "https://host.example/?s3cret=a,https://host.example/?s3cret=a"])
def test_a_failed_start_does_not_print_what_stands_behind_a_question_mark(unused, sink):
    said = refusal(unused, sink)
    assert "https://host.example/" in said and "s3cret" not in said
