# SPDX-License-Identifier: Apache-2.0
"""IAM users with one access key each, and the policy statements that the tests give them."""

import json

from driver import clients
from driver.server import Credentials

ALLOW_TOKENS = {"Effect": "Allow", "Action": "sts:GetWebIdentityToken", "Resource": "*"}
ALLOW_TAGS = {"Effect": "Allow", "Action": "sts:TagGetWebIdentityToken", "Resource": "*"}


class User:
    """An IAM user with one access key, and an inline policy when statements were given."""

    def __init__(self, running, name, statements, **parameters):
        self.running, self.name = running, name
        self.iam = clients.boto(running, "iam")
        self.description = self.iam.create_user(UserName=name, **parameters)["User"]
        self.arn = self.description["Arn"]
        key = self.iam.create_access_key(UserName=name)["AccessKey"]
        self.credentials = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
        if statements:
            self.allow(*statements)

    def allow(self, *statements):
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        self.iam.put_user_policy(UserName=self.name, PolicyName="inline", PolicyDocument=document)

    def remove(self):
        for group in self.iam.list_groups_for_user(UserName=self.name)["Groups"]:
            self.iam.remove_user_from_group(GroupName=group["GroupName"], UserName=self.name)
        for key in self.iam.list_access_keys(UserName=self.name)["AccessKeyMetadata"]:
            self.iam.delete_access_key(UserName=self.name, AccessKeyId=key["AccessKeyId"])
        try:
            self.iam.delete_user_policy(UserName=self.name, PolicyName="inline")
        except self.iam.exceptions.NoSuchEntityException:
            pass
        self.iam.delete_user(UserName=self.name)
