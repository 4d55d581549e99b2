# SPDX-License-Identifier: Apache-2.0
"""Enable, disable, enable again: contract §1.4, §1.10 and the promises about the issuer."""

import uuid

import pytest

from driver import clients, server as servers, tokens, wire
from driver.users import User

GET, ENABLE, DISABLE = (name + "OutboundWebIdentityFederation" for name in ("Get", "Enable", "Disable"))
GET += "Info"


def iam(running, action):
    return wire.call(running, action, "iam")


def documents(running, issuer):
    path = issuer.removeprefix(servers.PUBLIC_URL)
    return [tokens.get(running, f"{running.url}{path}/.well-known/{name}")
            for name in ("openid-configuration", "jwks.json")]


def test_every_state_has_its_own_words(fresh):
    account = fresh.account
    never = "Outbound identity federation is disabled for account " + account
    wire.assert_error(iam(fresh, GET), 404, "FeatureDisabled", never, "iam")
    wire.assert_error(iam(fresh, DISABLE), 404, "FeatureDisabled",
                      f"Outbound identity federation is already disabled for account {account}", "iam")
    wire.assert_error(
        wire.call(fresh, "GetWebIdentityToken", Audience=["a"], SigningAlgorithm="ES384"), 403,
        "OutboundWebIdentityFederationDisabledException", "OutboundWebIdentityFederation is disabled.")

    enabled = iam(fresh, ENABLE)
    assert enabled.status == 200
    issuer = enabled.text("IssuerIdentifier")
    wire.assert_error(iam(fresh, ENABLE), 409, "FeatureEnabled",
                      f"Outbound identity federation is already enabled for account {account}", "iam")
    info = iam(fresh, GET)
    assert (info.text("IssuerIdentifier"), info.text("JwtVendingEnabled")) == (issuer, "true")

    disabled = iam(fresh, DISABLE)
    assert disabled.status == 200
    space = "{" + wire.NAMESPACE["iam"] + "}"
    assert disabled.xml.tag == f"{space}DisableOutboundWebIdentityFederationResponse"
    assert [child.tag for child in disabled.xml] == [f"{space}ResponseMetadata"]
    wire.assert_error(iam(fresh, GET), 404, "FeatureDisabled", never, "iam")


def test_disable_keeps_issuer_keys_documents_and_issued_tokens(fresh, enable):
    issuer = enable(fresh)
    token = wire.token(fresh)
    before = [document.content for document in documents(fresh, issuer)]

    assert iam(fresh, DISABLE).status == 200
    wire.assert_error(
        wire.call(fresh, "GetWebIdentityToken", Audience=["a"], SigningAlgorithm="RS256"), 403,
        "OutboundWebIdentityFederationDisabledException", "OutboundWebIdentityFederation is disabled.")
    assert [document.status_code for document in documents(fresh, issuer)] == [200, 200]
    assert [document.content for document in documents(fresh, issuer)] == before

    assert enable(fresh) == issuer
    assert [document.content for document in documents(fresh, issuer)] == before
    assert tokens.header_of(wire.token(fresh))["kid"] == tokens.header_of(token)["kid"]


def test_the_issuer_is_an_opaque_uuid_under_the_public_url(fresh, enable):
    issuer = enable(fresh)
    text = issuer.removeprefix(servers.PUBLIC_URL + "/")
    assert (str(uuid.UUID(text)), uuid.UUID(text).version) == (text, 4)


def test_enabling_takes_no_parameters_and_the_responses_have_the_documented_shape(fresh):
    answer = iam(fresh, ENABLE)
    space = "{" + wire.NAMESPACE["iam"] + "}"
    assert answer.headers["Content-Type"].startswith("text/xml")
    assert answer.xml.tag == f"{space}EnableOutboundWebIdentityFederationResponse"
    assert [child.tag.removeprefix(space) for child in answer.xml] == [
        "EnableOutboundWebIdentityFederationResult", "ResponseMetadata"]
    assert answer.text("RequestId") == answer.request_id


def test_two_accounts_share_neither_issuer_nor_key(tmp_path, fresh, enable):
    mine = enable(fresh)
    with servers.serve_plain(tmp_path / "other") as other:
        theirs = enable(other)
        assert mine != theirs
        kids = [{key["kid"] for key in documents(running, issuer)[1].json()["keys"]}
                for running, issuer in ((fresh, mine), (other, theirs))]
        assert len(kids[0]) == len(kids[1]) == 2 and not kids[0] & kids[1]
        assert tokens.get(other, f"{other.url}{mine.removeprefix(servers.PUBLIC_URL)}/.well-known/jwks.json"
                          ).status_code == 404


def test_a_user_without_permission_cannot_turn_it_on(fresh):
    user = User(fresh, "nobody", [])
    refused = clients.boto(fresh, "iam", user.credentials)
    with pytest.raises(refused.exceptions.ClientError) as caught:
        refused.enable_outbound_web_identity_federation()
    assert caught.value.response["Error"]["Code"] == "AccessDenied"
    wire.assert_error(iam(fresh, GET), 404, "FeatureDisabled", service="iam")
