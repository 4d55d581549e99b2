# SPDX-License-Identifier: Apache-2.0
"""Identity providers with boto3: OpenID Connect and SAML, from creation to deletion."""

import pytest

from driver import clients
from test_iam_managed_policies import refused

THUMBPRINT = "6938fd4d98bab03faadb97b34396831e3780aea1"
METADATA = ('<?xml version="1.0"?>\n<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" '
            f'entityID="https://idp.example.com"><!-- {"x" * 1000} --></md:EntityDescriptor>\n')


@pytest.fixture
def iam(server):
    return clients.boto(server, "iam")


@pytest.mark.parametrize("url, answered", [
    ("https://token.actions.githubusercontent.com", "token.actions.githubusercontent.com"),
    ("https://oidc.example.com/id/A", "oidc.example.com/id/A"),
    ("https://127.0.0.1:8443/issuer", "https://127.0.0.1:8443/issuer")])
def test_an_openid_connect_provider_from_creation_to_deletion(server, iam, url, answered):
    made = iam.create_open_id_connect_provider(
        Url=url, ClientIDList=["sts.amazonaws.com"], ThumbprintList=[THUMBPRINT], Tags=[{"Key": "k", "Value": "v"}])
    arn = made["OpenIDConnectProviderArn"]
    assert arn == f"arn:aws:iam::{server.account}:oidc-provider/{url.removeprefix('https://')}"
    got = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert (got["Url"], got["ClientIDList"], got["ThumbprintList"]) == (answered, ["sts.amazonaws.com"], [THUMBPRINT])
    assert got["Tags"] == made["Tags"] == [{"Key": "k", "Value": "v"}]
    refused(lambda: iam.create_open_id_connect_provider(Url=url), 409, "EntityAlreadyExists",
            f"Provider with url {url} already exists.")
    assert {"Arn": arn} in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    for _ in range(2):
        iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="other")
    iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="sts.amazonaws.com")
    iam.update_open_id_connect_provider_thumbprint(OpenIDConnectProviderArn=arn, ThumbprintList=["a" * 40, "b" * 40])
    got = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert (got["ClientIDList"], got["ThumbprintList"]) == (["other"], ["a" * 40, "b" * 40])
    for _ in range(2):
        iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    refused(lambda: iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn), 404, "NoSuchEntity",
            f"OpenIDConnect Provider not found for arn {arn}")


@pytest.mark.parametrize("url", ["http://a.example", "a.example", "https://", "https://a.example?x", "https://a@b"])
def test_what_is_no_issuer_is_refused(iam, url):
    refused(lambda: iam.create_open_id_connect_provider(Url=url), 400, "ValidationError",
            "Invalid Open ID Connect Provider URL")


def test_a_saml_provider_from_creation_to_deletion(server, iam):
    arn = iam.create_saml_provider(Name="Idp", SAMLMetadataDocument=METADATA)["SAMLProviderArn"]
    assert arn == f"arn:aws:iam::{server.account}:saml-provider/Idp"
    got = iam.get_saml_provider(SAMLProviderArn=arn)
    assert (got["SAMLMetadataDocument"], got["Tags"]) == (METADATA, [])
    refused(lambda: iam.create_saml_provider(Name="idp", SAMLMetadataDocument=METADATA), 409, "EntityAlreadyExists")
    newer = METADATA.replace("idp.", "new.")
    assert iam.update_saml_provider(SAMLProviderArn=arn, SAMLMetadataDocument=newer)["SAMLProviderArn"] == arn
    assert iam.get_saml_provider(SAMLProviderArn=arn)["SAMLMetadataDocument"] == newer
    assert [provider["Arn"] for provider in iam.list_saml_providers()["SAMLProviderList"]] == [arn]
    iam.delete_saml_provider(SAMLProviderArn=arn)
    refused(lambda: iam.get_saml_provider(SAMLProviderArn=arn), 404, "NoSuchEntity",
            f"Manifest not found for arn {arn}")


def test_metadata_with_a_document_type_is_refused(iam):
    refused(lambda: iam.create_saml_provider(Name="x", SAMLMetadataDocument=METADATA.replace("<!--", "<!DOCTYPE a>")),
            400, "InvalidInput", "Could not parse metadata")
