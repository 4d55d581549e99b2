# SPDX-License-Identifier: Apache-2.0
"""Trails into a bucket: the stock AWS CLI's `cloudtrail validate-logs` says valid, finds what was changed, and nothing is
lost or doubled while the bucket is away. Contract §5.2, §5.3."""

import datetime
import gzip
import json
import time

import pytest

from driver import audit, buckets, clients, server as servers
from driver.server import clean_environment

DELIVERY = ["--trail-delivery-interval", "1", "--trail-digest-interval", "2"]


def until(condition, what, seconds=120):
    """The first true thing that `condition` gives."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(0.1)
    return found


class Trailed:
    """A server whose trails may write to buckets of `s3` and to a directory."""

    def __init__(self, work, s3):
        self.s3, self.folder = s3, work / "bucket"
        self.folder.mkdir()
        self.server = servers.serve_plain(
            work, "--trail-bucket", f"audit={s3.url}", "--trail-bucket", f"late={s3.url}?region=eu-west-1",
            "--trail-bucket", f"disk={self.folder}", "--trail-bucket", f"theirs@999999999999={s3.url}", *DELIVERY,
            environment=buckets.KEYS)
        self.work = work

    def start(self):
        self.server.start()
        self.trails = clients.boto(self.server, "cloudtrail")
        return self

    def trail(self, name, bucket, **settings):
        """Makes a trail and begins with it; its ARN and the time, a moment before."""
        begin = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=5)
        arn = self.trails.create_trail(
            Name=name, S3BucketName=bucket, EnableLogFileValidation=True, **settings)["TrailARN"]
        self.trails.start_logging(Name=name)
        return arn, begin.strftime("%Y-%m-%dT%H:%M:%SZ")

    def act(self, count):
        """Makes events with names to look for."""
        iam = clients.boto(self.server, "iam")
        for _ in range(count):
            iam.list_users()

    def validate(self, arn, begin):
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=5)
        environment = clients.environment_for(self.server, self.work) | {"AWS_ENDPOINT_URL_S3": self.s3.url}
        del environment["AWS_ENDPOINT_URL"]
        return clients.run_aws(
            environment, "cloudtrail", "validate-logs", "--endpoint-url", self.server.url, "--trail-arn", arn,
            "--start-time", begin, "--end-time", end.strftime("%Y-%m-%dT%H:%M:%SZ"), "--verbose")


@pytest.fixture(scope="module")
def trailed(tmp_path_factory):
    with buckets.Buckets() as s3:
        s3.s3.create_bucket(Bucket="audit")
        made = Trailed(tmp_path_factory.mktemp("trailed"), s3)
        made.start()
        with made.server:
            yield made


def events(bodies):
    return [record["eventID"] for body in bodies for record in json.loads(gzip.decompress(body))["Records"]]


def delivered(s3, bucket, prefix):
    """The event ids in the log files under `prefix`, in the order in which the digests list the files."""
    ids = []
    for key in sorted(s3.keys(bucket, prefix + "/AWSLogs/" + servers.ACCOUNT + "/CloudTrail-Digest/")):
        for file in json.loads(gzip.decompress(s3.read(bucket, key)))["logFiles"]:
            ids += events([s3.read(bucket, file["s3Object"])])
    return ids


def recorded(server, name):
    """The event ids on record from the trail's StartLogging to its StopLogging."""
    records = [r for r in audit.records(server) if r.get("recipientAccountId") == servers.ACCOUNT]
    times = {
        record["eventName"]: index for index, record in enumerate(records)
        if record["eventName"] in ("StartLogging", "StopLogging") and record["requestParameters"]["name"] == name}
    return [record["eventID"] for record in records[times["StartLogging"]:times["StopLogging"] + 1]]


@pytest.fixture(scope="module")
def valid(trailed):
    """A finished trail that validates: its ARN, its beginning, its log files and digests."""
    arn, begin = trailed.trail("first", "audit", S3KeyPrefix="some/prefix")
    folder = "some/prefix/AWSLogs/" + servers.ACCOUNT
    for count in (3, 4):
        before = len(trailed.s3.keys("audit", folder + "/CloudTrail/"))
        trailed.act(count)
        until(lambda: len(trailed.s3.keys("audit", folder + "/CloudTrail/")) > before, "no log file came")
        digests = len(trailed.s3.keys("audit", folder + "/CloudTrail-Digest/"))
        until(lambda: len(trailed.s3.keys("audit", folder + "/CloudTrail-Digest/")) > digests, "no digest came")
    trailed.trails.stop_logging(Name="first")
    expected = recorded(trailed.server, "first")
    until(lambda: set(expected) <= set(delivered(trailed.s3, "audit", "some/prefix")), "the rest did not come")
    return arn, begin


def test_the_stock_cli_finds_everything_valid(trailed, valid):
    arn, begin = valid
    while True:
        before = trailed.s3.keys("audit")
        done = trailed.validate(arn, begin)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stderr == ""
        # The last digest, of the time until the stop, may have come meanwhile: once.
        if trailed.s3.keys("audit") == before:
            break
    files = len(trailed.s3.keys("audit", "some/prefix/AWSLogs/" + servers.ACCOUNT + "/CloudTrail/"))
    assert f"{files}/{files} log files valid" in done.stdout
    digests = len(trailed.s3.keys("audit", "CloudTrail-Digest"))
    assert f"{digests}/{digests} digest files valid" in done.stdout
    assert digests >= 3 and files >= 2


def test_what_is_delivered_is_what_is_on_record(trailed, valid):
    ids = delivered(trailed.s3, "audit", "some/prefix")
    expected = recorded(trailed.server, "first")
    # Perhaps with a few calls that came before the delivery saw the stop.
    assert ids[:len(expected)] == expected
    assert len(ids) == len(set(ids))


def test_objects_are_stored_as_cloudtrail_stores_them(trailed, valid):
    for key in trailed.s3.keys("audit", "some/prefix"):
        head = trailed.s3.s3.head_object(Bucket="audit", Key=key)
        assert (head["ContentType"], head["ContentEncoding"]) == ("application/json", "gzip")
        assert set(head["Metadata"]) == ({"signature", "signature-algorithm"} if "-Digest" in key else set())


@pytest.mark.parametrize("part, word", [("CloudTrail/", "hash value doesn't match"),
                                        ("CloudTrail-Digest/", "signature verification failed")])
def test_a_changed_byte_is_found(trailed, valid, part, word):
    key = trailed.s3.keys("audit", f"{servers.ACCOUNT}/{part}")[0]
    kept = trailed.s3.s3.get_object(Bucket="audit", Key=key)
    body = kept["Body"].read()
    changed = gzip.decompress(body).replace(b"2", b"3", 1)
    trailed.s3.s3.put_object(Bucket="audit", Key=key, Body=gzip.compress(changed), Metadata=kept["Metadata"])
    done = trailed.validate(*valid)
    trailed.s3.s3.put_object(Bucket="audit", Key=key, Body=body, Metadata=kept["Metadata"],
                             ContentType="application/json", ContentEncoding="gzip")
    assert done.returncode == 1
    assert f"s3://audit/{key}\tINVALID: {word}" in done.stderr


@pytest.mark.parametrize("part", ["CloudTrail/", "CloudTrail-Digest/"])
def test_a_removed_file_is_found(trailed, valid, part):
    key = sorted(trailed.s3.keys("audit", f"{servers.ACCOUNT}/{part}"))[0]
    kept = trailed.s3.s3.get_object(Bucket="audit", Key=key)
    body = kept["Body"].read()
    trailed.s3.s3.delete_object(Bucket="audit", Key=key)
    done = trailed.validate(*valid)
    trailed.s3.s3.put_object(Bucket="audit", Key=key, Body=body, Metadata=kept["Metadata"],
                             ContentType="application/json", ContentEncoding="gzip")
    assert done.returncode == 1
    assert f"s3://audit/{key}\tINVALID: not found" in done.stderr


def test_a_digest_in_the_place_of_another_is_found(trailed, valid):
    first, second = sorted(trailed.s3.keys("audit", "CloudTrail-Digest/"))[:2]
    kept = {key: trailed.s3.s3.get_object(Bucket="audit", Key=key) for key in (first, second)}
    bodies = {key: item["Body"].read() for key, item in kept.items()}
    trailed.s3.s3.put_object(Bucket="audit", Key=second, Body=bodies[first], Metadata=kept[first]["Metadata"])
    done = trailed.validate(*valid)
    trailed.s3.s3.put_object(Bucket="audit", Key=second, Body=bodies[second], Metadata=kept[second]["Metadata"],
                             ContentType="application/json", ContentEncoding="gzip")
    assert done.returncode == 1
    assert f"s3://audit/{second}\tINVALID: has been moved from its original location" in done.stderr


def test_a_bucket_that_refuses_loses_nothing(trailed):
    """A bucket that the operator gave and that does not exist yet; then it does, then its server goes away."""
    arn, begin = trailed.trail("patient", "late")
    trailed.act(2)
    status = until(
        lambda: (found := trailed.trails.get_trail_status(Name="patient")).get("LatestDeliveryError") and found,
        "no error was told")
    assert status["LatestDeliveryError"] == "NoSuchBucket"
    assert status["LatestDeliveryAttemptTime"] and "LatestDeliveryTime" not in status
    # A restart in the middle.
    trailed.server.restart()
    trailed.s3.s3.create_bucket(Bucket="late", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    until(lambda: trailed.s3.keys("late"), "nothing came after the bucket did")
    trailed.act(2)
    trailed.trails.stop_logging(Name="patient")
    expected = recorded(trailed.server, "patient")
    until(lambda: set(expected) <= set(delivered_from(trailed.s3)), "the rest did not come")
    ids = delivered_from(trailed.s3)
    assert ids[:len(expected)] == expected and len(ids) == len(set(ids))
    status = trailed.trails.get_trail_status(Name="patient")
    assert "LatestDeliveryError" not in status and status["LatestDeliveryTime"]
    done = trailed.validate(arn, begin)
    assert done.returncode == 0, done.stdout + done.stderr


def delivered_from(s3):
    ids = []
    for key in sorted(s3.keys("late", "CloudTrail-Digest/")):
        for file in json.loads(gzip.decompress(s3.read("late", key)))["logFiles"]:
            ids += events([s3.read("late", file["s3Object"])])
    return ids


def test_a_directory_is_a_bucket(trailed):
    trailed.trail("local", "disk")
    trailed.act(2)
    folder = trailed.folder / "AWSLogs" / servers.ACCOUNT
    digest = until(
        lambda: [path for path in folder.glob("CloudTrail-Digest/us-east-1/*/*/*/*.json.gz")
                 if json.loads(gzip.decompress(path.read_bytes()))["logFiles"]], "no digest came")[0]
    beside = json.loads(digest.with_name(digest.name + ".metadata.json").read_text())
    assert beside["signature-algorithm"] == "SHA256withRSA" and len(beside["signature"]) == 512
    listed = json.loads(gzip.decompress(digest.read_bytes()))["logFiles"]
    assert all((trailed.folder / file["s3Object"]).is_file() for file in listed)
    trailed.trails.delete_trail(Name="local")


def test_a_bucket_of_another_account_does_not_exist(trailed):
    for bucket in ("theirs", "nobodys"):
        with pytest.raises(trailed.trails.exceptions.S3BucketDoesNotExistException):
            trailed.trails.create_trail(Name="refused", S3BucketName=bucket)


@pytest.mark.parametrize("flag, value, word", [
    ("--trail-bucket", "audit", "is not NAME=DIRECTORY or NAME=URL"),
    ("--trail-bucket", "A_B=/srv", "is not the name of a bucket"),
    ("--trail-bucket", "audit@12=/srv", "is not a list of account ids"),
    ("--trail-bucket", "audit=srv", "is neither an absolute path nor a URL"),
    ("--trail-bucket", "audit=http://s3.example.org", "plain http"),
    ("--trail-bucket", "audit=https://s3.example.org?x=y", "is not ?region=REGION"),
    ("--trail-bucket-ca", "/nowhere", "cannot read /nowhere"),
    ("--trail-delivery-interval", "0", "is not a number of seconds from 1 to 86400"),
    ("--trail-digest-interval", "soon", "is not a number of seconds from 1 to 86400"),
])
def test_a_setting_that_cannot_be_used_stops_the_start(tmp_path, flag, value, word):
    servers.init(tmp_path / "data")
    done = servers.exeat("serve", "--data-dir", tmp_path / "data", "--public-url", "https://a.example", "--tls", "off",
                         "--listen", f"127.0.0.1:{servers.free_port()}", flag, value, environment=clean_environment())
    assert done.returncode != 0
    assert word in done.stderr and flag in done.stderr
