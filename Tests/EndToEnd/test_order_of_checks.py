# SPDX-License-Identifier: Apache-2.0
"""Which refusal wins: authentication, then validation, then authorization, then the state. Contract §1.5."""

import pytest

from driver import wire
from driver.server import Credentials
from driver.users import ALLOW_TOKENS, User

ACTION = "GetWebIdentityToken"
GOOD = {"Audience": ["a"], "SigningAlgorithm": "ES384"}


def test_authentication_wins_over_validation(server):
    wrong = Credentials(server.root.access_key_id, "not the secret")
    wire.assert_error(wire.call(server, ACTION, credentials=wrong), 403, "SignatureDoesNotMatch")


def test_validation_wins_over_authorization(server, make_user):
    nobody = make_user()
    wire.assert_error(wire.call(server, ACTION, credentials=nobody.credentials, Audience=["a"]), 400,
                      "ValidationError")
    wire.assert_error(wire.call(server, ACTION, credentials=nobody.credentials, **GOOD), 403, "AccessDenied")


def test_an_unsupported_algorithm_wins_over_authorization(server, make_user):
    nobody = make_user()
    answer = wire.call(server, ACTION, credentials=nobody.credentials, Audience=["a"], SigningAlgorithm="ES256")
    wire.assert_error(answer, 400, "ValidationError")


def test_authorization_wins_over_a_disabled_feature(fresh):
    nobody, somebody = User(fresh, "nobody", []), User(fresh, "somebody", [ALLOW_TOKENS])
    wire.assert_error(wire.call(fresh, ACTION, credentials=nobody.credentials, **GOOD), 403, "AccessDenied")
    wire.assert_error(wire.call(fresh, ACTION, credentials=somebody.credentials, **GOOD), 403,
                      "OutboundWebIdentityFederationDisabledException")


def test_validation_wins_over_a_disabled_feature(fresh):
    wire.assert_error(wire.call(fresh, ACTION, Audience=["a"]), 400, "ValidationError")


@pytest.mark.parametrize("action", ["EnableOutboundWebIdentityFederation", "DisableOutboundWebIdentityFederation",
                                    "GetOutboundWebIdentityFederationInfo"])
def test_authorization_wins_over_the_state_of_the_feature(server, fresh, make_user, action):
    for running, user in ((server, make_user()), (fresh, User(fresh, "nobody", []))):
        wire.assert_error(wire.call(running, action, "iam", credentials=user.credentials), 403, "AccessDenied",
                          service="iam")
