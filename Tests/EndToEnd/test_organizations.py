# SPDX-License-Identifier: Apache-2.0
"""AWS Organizations with stock clients, and the operator's own commands for accounts: an organization from nothing to a
member's token and back."""

import json
import re
import shutil
import stat
import subprocess

import botocore.exceptions
import pytest

from driver import clients, server as servers, tokens
from driver.server import Credentials

ALLOW = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})


@pytest.fixture
def organized(tmp_path):
    """A server whose account manages an organization, and an administrator of it who is no root."""
    with servers.serve_tls(tmp_path) as running:
        iam = clients.boto(running, "iam")
        iam.create_user(UserName="admin")
        iam.put_user_policy(UserName="admin", PolicyName="p", PolicyDocument=ALLOW)
        key = iam.create_access_key(UserName="admin")["AccessKey"]
        clients.boto(running, "organizations").create_organization()
        yield running, Credentials(key["AccessKeyId"], key["SecretAccessKey"])


def refusal(call, **parameters):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**parameters)
    return caught.value.response


def assumed(server, keys, account):
    made = clients.boto(server, "sts", keys).assume_role(
        RoleArn=f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole", RoleSessionName="admin")["Credentials"]
    return Credentials(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])


def test_the_aws_cli_from_nothing_to_an_empty_organization(tmp_path):
    """Every command of `aws organizations` that is served, in the order of a guide."""
    with servers.serve_plain(tmp_path) as running, clients.AWSCLI(running, tmp_path) as aws:
        def do(command, query=None):
            words = ["organizations", *command.split()] + (["--query", query, "--output", "text"] if query else [])
            status, out, err = aws(*words)
            assert status == 0, (command, out, err)
            return out.strip()

        assert re.fullmatch("o-[a-z0-9]{10}", do("create-organization --feature-set ALL", "Organization.Id"))
        root = do("list-roots", "Roots[0].Id")
        unit = do(f"create-organizational-unit --parent-id {root} --name workloads --tags Key=a,Value=b",
                  "OrganizationalUnit.Id")
        request = do("create-account --account-name ci --email ci@example.org --iam-user-access-to-billing DENY",
                     "CreateAccountStatus.Id")
        account = do(f"describe-create-account-status --create-account-request-id {request}",
                     "CreateAccountStatus.AccountId")
        assert do("list-create-account-status --states SUCCEEDED", "CreateAccountStatuses[].AccountId") == account
        do(f"move-account --account-id {account} --source-parent-id {root} --destination-parent-id {unit}")
        assert do(f"list-parents --child-id {account}", "Parents[0].Id") == unit
        assert do(f"list-children --parent-id {unit} --child-type ACCOUNT", "Children[].Id") == account
        assert do(f"list-accounts-for-parent --parent-id {unit}", "Accounts[].Name") == "ci"
        # The stock CLI follows the pages by itself.
        assert set(do("list-accounts --page-size 1", "Accounts[].Id").split()) == {account, running.account}
        assert do(f"list-organizational-units-for-parent --parent-id {root}", "OrganizationalUnits[].Id") == unit
        do(f"update-organizational-unit --organizational-unit-id {unit} --name jobs")
        assert do(f"describe-organizational-unit --organizational-unit-id {unit}", "OrganizationalUnit.Name") == "jobs"
        do(f"tag-resource --resource-id {account} --tags Key=team,Value=x")
        assert do(f"list-tags-for-resource --resource-id {account}", "Tags[].Value") == "x"
        do(f"untag-resource --resource-id {account} --tag-keys team")
        assert do("list-aws-service-access-for-organization", "EnabledServicePrincipals") == ""
        assert do("list-delegated-administrators", "DelegatedAdministrators") == ""
        assert do(f"describe-account --account-id {account}", "Account.Status") == "ACTIVE"
        do(f"close-account --account-id {account}")
        assert do(f"describe-account --account-id {account}", "Account.Status") == "SUSPENDED"
        do(f"remove-account-from-organization --account-id {account}")
        do(f"delete-organizational-unit --organizational-unit-id {unit}")
        assert do("describe-organization", "Organization.MasterAccountId") == running.account
        do("delete-organization")
        status, _, err = aws("organizations", "describe-organization")
        assert status != 0 and "(AWSOrganizationsNotInUseException)" in err


def test_a_member_gets_tokens_until_it_is_closed_and_its_documents_stay(organized):
    server, admin = organized
    organizations = clients.boto(server, "organizations", admin)
    account = organizations.create_account(AccountName="ci", Email="ci@example.org")["CreateAccountStatus"]["AccountId"]
    member = assumed(server, admin, account)
    issuer = clients.boto(server, "iam", member).enable_outbound_web_identity_federation()["IssuerIdentifier"]
    token = clients.boto(server, "sts", member).get_web_identity_token(
        Audience=["a"], SigningAlgorithm="ES384")["WebIdentityToken"]
    claims = tokens.claims_of(token)
    assert claims["iss"] == issuer
    assert claims["https://sts.amazonaws.com/"]["aws_account"] == account

    organizations.close_account(AccountId=account)
    error = refusal(clients.boto(server, "sts", member).get_caller_identity)["Error"]
    assert error["Code"] == "InvalidClientTokenId"
    again = refusal(organizations.close_account, AccountId=account)
    assert again["Error"]["Code"] == "AccountAlreadyClosedException"
    assert tokens.get(server, f"{issuer}/.well-known/jwks.json").status_code == 200
    # What was done to it stands in the log of the one that did it, and in its own.
    events = clients.boto(server, "cloudtrail", admin).lookup_events(
        LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": account}])["Events"]
    assert "CloseAccount" in {event["EventName"] for event in events}


def test_botocore_parses_the_refusals_of_its_model(organized):
    server, admin = organized
    organizations = clients.boto(server, "organizations", admin)
    wrong = refusal(organizations.describe_account, AccountId="x")
    assert (wrong["Error"]["Code"], wrong["Reason"]) == ("InvalidInputException", "INVALID_PATTERN")
    management = refusal(organizations.close_account, AccountId=server.account)
    assert management["Error"]["Code"] == "ConstraintViolationException"
    assert management["Reason"] == "CANNOT_CLOSE_MANAGEMENT_ACCOUNT"
    assert isinstance(
        pytest.raises(organizations.exceptions.AccountNotFoundException, organizations.describe_account,
                      AccountId="000000000001").value,
        organizations.exceptions.AccountNotFoundException)
    account = organizations.create_account(AccountName="ci", Email="ci@example.org")["CreateAccountStatus"]["AccountId"]
    member = clients.boto(server, "organizations", assumed(server, admin, account))
    assert member.describe_organization()["Organization"]["MasterAccountId"] == server.account
    assert member.describe_account(AccountId=account)["Account"]["Name"] == "ci"
    assert refusal(member.list_accounts)["Error"]["Code"] == "AccessDeniedException"


# MARK: exeat account

def test_the_operator_makes_lists_and_closes_accounts(tmp_path):
    data_dir = servers.init(tmp_path / "data")
    made = json.loads(servers.exeat("account", "create", "--data-dir", data_dir, "--json").stdout)
    account, credentials = made["accountId"], data_dir / f"credentials-{made['accountId']}"
    assert made["credentials"] == str(credentials)
    assert stat.S_IMODE(credentials.stat().st_mode) == 0o600
    keys = Credentials(*re.findall(r"= (\S+)", credentials.read_text()))
    lines = servers.exeat("account", "list", "--data-dir", data_dir).stdout.splitlines()
    assert {line.split()[0]: line.split()[1] for line in lines} == {account: "open", servers.ACCOUNT: "open"}

    with servers.serve_plain(tmp_path) as running:
        sts = clients.boto(running, "sts", keys)
        assert sts.get_caller_identity()["Account"] == account
        clients.boto(running, "iam", keys).enable_outbound_web_identity_federation()
        # A running server keeps its store to itself; looking is allowed.
        for command in (["create"], ["close", account]):
            busy = servers.exeat("account", *command, "--data-dir", data_dir)
            assert busy.returncode == 1 and "is in use by another server" in busy.stderr, busy.stderr
            assert "exeat: hint: stop the server first" in busy.stderr
        assert len(servers.exeat("account", "list", "--data-dir", data_dir).stdout.splitlines()) == 2
        assert sorted(path.name for path in data_dir.glob("credentials*")) == ["credentials", credentials.name]

        running.stop()
        closed = servers.exeat("account", "close", "--data-dir", data_dir, account)
        assert (closed.returncode, closed.stdout) == (0, f"account {account} is closed\n"), closed.stderr
        running.ready = None
        running.start()
        assert refusal(clients.boto(running, "sts", keys).get_caller_identity)["Error"]["Code"] == "InvalidClientTokenId"
        assert clients.boto(running, "sts").get_caller_identity()["Account"] == servers.ACCOUNT
        running.stop()
    listed = [json.loads(line) for line in
              servers.exeat("account", "list", "--data-dir", data_dir, "--json").stdout.splitlines()]
    assert {entry["accountId"]: entry["status"] for entry in listed} == {account: "closed", servers.ACCOUNT: "open"}


def test_what_the_operator_may_not_do_changes_nothing(tmp_path):
    data_dir = servers.init(tmp_path / "data")
    with servers.serve_plain(tmp_path) as running:
        organizations = clients.boto(running, "organizations")
        organization = organizations.create_organization()["Organization"]["Id"]
        member = organizations.create_account(
            AccountName="ci", Email="ci@example.org")["CreateAccountStatus"]["AccountId"]
    before = servers.exeat("account", "list", "--data-dir", data_dir).stdout
    files = sorted(path.name for path in data_dir.iterdir())
    for arguments, status, words in [
        (["create", "--account-id", "12"], 2, "is not 12 digits"),
        (["create", "--account-id", servers.ACCOUNT], 1, "already"),
        (["create", "--key-encryption-key", str(tmp_path / "none")], 1, "none"),
        (["close", "12"], 2, "is not 12 digits"),
        (["close", "000000000001"], 1, "there is no account 000000000001"),
        (["close", servers.ACCOUNT], 1, f"manages the organization {organization}"),
    ]:
        done = servers.exeat("account", *arguments, "--data-dir", data_dir)
        assert done.returncode == status and words in done.stderr, (arguments, done.stderr)
        assert done.stdout == ""
        assert servers.exeat("account", "list", "--data-dir", data_dir).stdout == before
        assert sorted(path.name for path in data_dir.iterdir()) == files
    elsewhere = servers.exeat("account", "create", "--data-dir", tmp_path / "nowhere")
    assert elsewhere.returncode == 1 and not (tmp_path / "nowhere").exists()
    # A member that the operator closes is closed for the organization too.
    assert servers.exeat("account", "close", "--data-dir", data_dir, member).returncode == 0
    twice = servers.exeat("account", "close", "--data-dir", data_dir, member)
    assert twice.returncode == 1 and "is closed already" in twice.stderr
    with servers.serve_plain(tmp_path) as running:
        described = clients.boto(running, "organizations").describe_account(AccountId=member)["Account"]
        assert described["Status"] == "SUSPENDED"


@pytest.mark.skipif(shutil.which("strace") is None, reason="failing system calls takes strace")
def test_an_account_that_may_be_there_keeps_its_key(tmp_path):
    plain = servers.init(tmp_path / "plain")
    account, kept = "111122223333", 0
    for number in range(1, 9):
        data_dir = tmp_path / f"data-{number}"
        shutil.copytree(plain, data_dir)
        made = subprocess.run(
            ["strace", "-f", "-o", tmp_path / "trace", "-e", "trace=fdatasync",
             "-e", f"inject=fdatasync:error=EIO:when={number}", "-P", data_dir / "store.sqlite-wal",
             servers.binary(), "account", "create", "--data-dir", data_dir, "--account-id", account],
            capture_output=True, text=True, timeout=180, env=servers.clean_environment())
        credentials = data_dir / f"credentials-{account}"
        listed = servers.exeat("account", "list", "--data-dir", data_dir).stdout
        assert credentials.exists() or account not in listed, (number, made.stderr)
        if made.returncode != 0 and credentials.exists():
            assert f"account {account} may be there all the same" in made.stderr, made.stderr
            assert f"its root access key is in {credentials}" in made.stderr
            kept += 1
    assert kept > 0
