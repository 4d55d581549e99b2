# SPDX-License-Identifier: Apache-2.0
"""The list of actions is true: boto3 reaches each of them, and every other operation of its models is refused by name."""

import json
import pathlib

import botocore.exceptions
import pytest

from driver import clients, server as servers

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "docs" / "actions"
# Those that no model of AWS has; test_aws_model.py calls them.
OWN = {
    "ListOutboundSamlKeys", "RotateOutboundSamlKey",
    "ImportOutboundSigningKey", "ListOutboundSigningKeys", "RevokeOutboundSigningKey", "RotateOutboundSigningKey",
    "ResumeOutboundIssuer", "SuspendOutboundIssuer",
    "DisableOutboundTokenStatus", "EnableOutboundTokenStatus", "RevokeOutboundTokens",
    "DisableOutboundTokenTransparency", "EnableOutboundTokenTransparency",
    "CreateOutboundFederationConfig", "DeleteOutboundFederationConfig", "GetOutboundFederationConfig",
    "GetOutboundFederationToken", "ListOutboundFederationConfigTags", "ListOutboundFederationConfigs",
    "TagOutboundFederationConfig", "UntagOutboundFederationConfig", "UpdateOutboundFederationConfig",
}
ALL_PAGES = {page.stem for page in FOLDER.glob("*.md")} - {"README"}
PAGES = ALL_PAGES - OWN
OPERATIONS = {
    service: set(clients.SESSION.client(service, region_name="us-east-1").meta.service_model.operation_names)
    for service in ("iam", "sts", "cloudtrail", "organizations")
}
# The actions of AWS Organizations have a folder: some have the names of IAM's.
SERVED = {
    (service, operation) for service, operations in OPERATIONS.items() for operation in operations
    if operation in PAGES and service != "organizations"
} | {("organizations", page.stem) for page in (FOLDER / "organizations").glob("*.md")}


def test_every_page_is_of_an_operation():
    assert PAGES == {operation for service, operation in SERVED if service != "organizations"}
    assert {operation for service, operation in SERVED if service == "organizations"} <= OPERATIONS["organizations"]


def outcome(server, service, operation):
    """The error code of a call without parameters; `None` when it is done."""
    client = clients.boto(server, service)
    method = {name: method for method, name in client.meta.method_to_api_mapping.items()}[operation]
    try:
        getattr(client, method)()
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    return None, None


@pytest.mark.parametrize("service, operation", sorted(SERVED))
def test_an_action_of_the_list_is_served(fresh_for_all, service, operation):
    code, _ = outcome(fresh_for_all, service, operation)
    assert code not in ("InvalidAction", "UnknownOperationException")


def test_every_other_operation_is_refused_by_name(fresh_for_all):
    for service, operations in OPERATIONS.items():
        for operation in sorted(operation for operation in operations if (service, operation) not in SERVED):
            code, message = outcome(fresh_for_all, service, operation)
            # Calls that need no signature are refused for the lack of one.
            refusals = ("InvalidAction", "UnknownOperationException", "MissingAuthenticationToken")
            assert code in refusals, (operation, code)
            if code == "InvalidAction":
                assert f"Could not find operation {operation} " in message


def test_lint_knows_every_action_of_iam_and_sts(tmp_path):
    of_iam = OWN | OPERATIONS["iam"]
    actions = [f"iam:{name}" for name in sorted(ALL_PAGES & of_iam)]
    actions += [f"sts:{name}" for name in sorted(PAGES & OPERATIONS["sts"])]
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": action, "Resource": "*"} for action in actions]}))
    done = servers.exeat("policy", "lint", policy)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout
    policy.write_text(policy.read_text().replace("iam:GetUser\"", "iam:GetUsr\""))
    assert "UnknownAction" in servers.exeat("policy", "lint", policy).stdout


@pytest.fixture(scope="module")
def fresh_for_all(tmp_path_factory):
    """A server of this file alone: some of these calls, made without parameters, change the account."""
    with servers.serve_plain(tmp_path_factory.mktemp("every-action")) as running:
        yield running
