#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What an organization costs: issuing rate beside an account in none, and memory per account.

Usage: Benchmarks/organization.py ACCOUNTS FOLDER     (EXEAT_BINARY: the binary; default .build/release/exeat)

Makes FOLDER/data with an organization of ACCOUNTS accounts in up to 100 organizational units five levels deep, and a
service control policy with a condition beside AWS's own at each level (10,000 accounts take some minutes, 200 some
seconds). Then wrk asks one server, pinned to the first core, for ES384 tokens of two accounts made alike: a member that
stands below all five levels, and one that left the organization. They take turns, five rounds of four seconds each, and the
medians count. Last, every account is looked at once, by assuming its role, for what memory keeps of it. Needs wrk, and
boto3 (.build/venv/bin/python has it).
"""

import concurrent.futures
import json
import os
import pathlib
import re
import statistics
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Tests/EndToEnd"))
os.environ.setdefault("EXEAT_BINARY", str(ROOT / ".build/release/exeat"))

import bench  # noqa: E402
import signed_requests  # noqa: E402
from driver import clients, server as servers  # noqa: E402

LEVELS, MAXIMUM_UNITS, ROUNDS, SECONDS, REQUESTS = 5, 100, 5, 4, 40_000
ROLE = "OrganizationAccountAccessRole"


def policy(number):
    return json.dumps({"Version": "2012-10-17", "Statement": [{
        "Sid": f"Level{number}", "Effect": "Deny", "Action": ["sts:GetWebIdentityToken", "sts:TagGetWebIdentityToken"],
        "Resource": "*", "Condition": {"NumericGreaterThan": {"sts:DurationSeconds": str(3000 + number)}}}]})


class Organization:
    def __init__(self, running, accounts):
        self.running, self.count = running, accounts
        self.api = clients.boto(running, "organizations")
        self.api.create_organization(FeatureSet="ALL")
        self.root = self.api.list_roots()["Roots"][0]["Id"]
        self.api.enable_policy_type(RootId=self.root, PolicyType="SERVICE_CONTROL_POLICY")
        self.guard(self.root, 0)
        self.parents = self.units()
        iam = clients.boto(running, "iam")
        iam.create_user(UserName="admin")
        iam.attach_user_policy(UserName="admin", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
        self.admin = credentials(iam.create_access_key(UserName="admin")["AccessKey"])
        self.sts = clients.boto(running, "sts", self.admin)

    def guard(self, target, number):
        made = self.api.create_policy(
            Name=f"p-{target}", Description="", Type="SERVICE_CONTROL_POLICY", Content=policy(number))
        self.api.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=target)

    def units(self):
        """Chains of five units below the root; the innermost ones are the parents of the accounts."""
        chains = max(1, min(MAXIMUM_UNITS, self.count) // LEVELS)
        parents = []
        for chain in range(chains):
            parent = self.root
            for level in range(1, LEVELS + 1):
                unit = self.api.create_organizational_unit(ParentId=parent, Name=f"u-{chain}-{level}")
                parent = unit["OrganizationalUnit"]["Id"]
                self.guard(parent, level)
            parents.append(parent)
        return parents

    def account(self, number):
        made = self.api.create_account(Email=f"a{number}@example.com", AccountName=f"a{number}")
        account = made["CreateAccountStatus"]["AccountId"]
        self.api.move_account(AccountId=account, SourceParentId=self.root,
                              DestinationParentId=self.parents[number % len(self.parents)])
        return account

    def assume(self, account):
        return credentials(self.sts.assume_role(
            RoleArn=f"arn:aws:iam::{account}:role/{ROLE}", RoleSessionName="s1")["Credentials"])

    def issuing_user(self, account):
        """A user of `account` whose policy allows tokens, as `bench.py` has one."""
        iam = clients.boto(self.running, "iam", self.assume(account))
        iam.enable_outbound_web_identity_federation()
        iam.create_user(UserName="bench")
        iam.put_user_policy(UserName="bench", PolicyName="p", PolicyDocument=json.dumps({
            "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Action": "sts:GetWebIdentityToken", "Resource": "*",
                "Condition": {"NumericLessThanEquals": {"sts:DurationSeconds": "900"}}}]}))
        return credentials(iam.create_access_key(UserName="bench")["AccessKey"])


def credentials(given):
    return servers.Credentials(given["AccessKeyId"], given["SecretAccessKey"], given.get("SessionToken"))


def memory(running):
    status = pathlib.Path(f"/proc/{running.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) * 1024


def rate(running, folder, user):
    host = running.url.removeprefix("http://")
    signer = signed_requests.Signer(user.access_key_id, user.secret_access_key, host)
    path = folder / "requests"
    signed_requests.write_token_requests(path, signer, "ES384", REQUESTS)
    result = bench.wrk(running.url + "/", SECONDS, {
        "REQUESTS": str(path), "SIGNED_HOST": host, "SIGNED_DATE": signer.date})
    return result["per_second"]


def main():
    count, folder = int(sys.argv[1].replace("_", "")), pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True)
    with servers.serve_plain(folder) as running:
        os.sched_setaffinity(running.process.pid, {bench.SERVER_CORE})
        for task in os.listdir(f"/proc/{running.process.pid}/task"):
            os.sched_setaffinity(int(task), {bench.SERVER_CORE})
        organization = Organization(running, count)
        alone = organization.account(0)
        users = {"alone": organization.issuing_user(alone)}
        organization.api.remove_account_from_organization(AccountId=alone)
        accounts = []
        for number in range(1, count + 1):
            accounts.append(organization.account(number))
            if number % 500 == 0:
                bench.say(f"{number:,} accounts")
        users["member"] = organization.issuing_user(accounts[-1])

        rates = {name: [] for name in users}
        for user in users.values():
            rate(running, folder, user)  # warm up
        for number in range(ROUNDS):
            for name in sorted(users, reverse=number % 2 == 1):
                rates[name].append(rate(running, folder, users[name]))
        before = memory(running)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for _ in pool.map(organization.assume, accounts):
                pass
        after = memory(running)

    medians = {name: statistics.median(found) for name, found in rates.items()}
    print(f"| {count:,} accounts, {len(organization.parents) * LEVELS} units, {LEVELS + 1} levels with an SCP | figure |")
    print("|---|---:|")
    print(f"| ES384 tokens/s of an account in no organization | {medians['alone']:,.0f} |")
    print(f"| ES384 tokens/s of a member below all levels | {medians['member']:,.0f} |")
    print(f"| ratio | {medians['member'] / medians['alone']:.3f} |")
    print(f"| memory per account | {(after - before) / count:,.0f} bytes |")
    for name, found in rates.items():
        bench.say(f"{name}: " + ", ".join(f"{one:,.0f}" for one in found))


if __name__ == "__main__":
    main()
