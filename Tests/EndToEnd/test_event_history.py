# SPDX-License-Identifier: Apache-2.0
"""Who got a token for what: the stock AWS CLI and boto3 look events up, as an auditor would."""

import json

from driver import clients, wire

FIND = ("--lookup-attributes", "AttributeKey=EventName,AttributeValue=GetWebIdentityToken")


def test_the_stock_cli_tells_who_got_a_token_for_what(server, tmp_path):
    wire.token(server, Audience=["https://looked-up.example"])
    done = clients.aws(server, tmp_path, "cloudtrail", "lookup-events", *FIND, "--max-items", "50", "--output", "json")
    assert done.returncode == 0, done.stderr
    events = json.loads(done.stdout)["Events"]
    assert {event["EventName"] for event in events} == {"GetWebIdentityToken"}
    records = [json.loads(event["CloudTrailEvent"]) for event in events]
    found = [record for record in records if (record["requestParameters"] or {}).get("audience") == ["https://looked-up.example"]]
    assert len(found) == 1
    assert found[0]["userIdentity"]["arn"] == f"arn:aws:iam::{server.account}:root"
    assert found[0]["responseElements"]["webIdentityTokenId"]
    refused = clients.aws(server, tmp_path, "cloudtrail", "lookup-events", "--start-time", "2030-01-02T00:00:00Z",
                          "--end-time", "2030-01-01T00:00:00Z")
    assert refused.returncode != 0 and "InvalidTimeRangeException" in refused.stderr


def test_boto3_pages_through_every_event_once(fresh):
    client = clients.boto(fresh, "cloudtrail")
    for number in range(7):
        assert wire.call(fresh, "CreateUser", "iam", UserName=f"user-{number}").status == 200
    pages = client.get_paginator("lookup_events").paginate(
        LookupAttributes=[{"AttributeKey": "ResourceType", "AttributeValue": "AWS::IAM::User"}],
        PaginationConfig={"PageSize": 3})
    names = [resource["ResourceName"] for page in pages for event in page["Events"] for resource in event["Resources"]]
    assert names == [f"user-{number}" for number in reversed(range(7))]
