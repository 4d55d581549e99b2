# SPDX-License-Identifier: Apache-2.0
"""Servers that tests share, and users that they make. A test that changes the account's state starts its own."""

import itertools
import os
import re
import shutil

# What this machine presets would point clients elsewhere or make them trust other authorities: it goes before any
# client is imported.
for name in list(os.environ):
    if re.match(r"AWS_|EXEAT_(?!BINARY$|DOSE$)", name) or re.search(r"CA_BUNDLE|^SSL_CERT_|CA_CERTS|_PROXY$", name, re.I):
        del os.environ[name]
os.environ |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}

import pytest  # noqa: E402

pytest.register_assert_rewrite("driver.rp_cases", "driver.relying_parties")

from driver import clients, guides, rp_issuer, saml_messages, server as servers, wire  # noqa: E402
from driver.agent import Agent  # noqa: E402
from driver.provider import Provider  # noqa: E402
from driver.users import User  # noqa: E402


@pytest.fixture(scope="session")
def dose():
    """How often the long tier repeats itself."""
    return int(os.environ.get("EXEAT_DOSE", "1"))


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """`exeat serve` over TLS with the feature on. Shared: nobody may turn it off."""
    with servers.serve_tls(tmp_path_factory.mktemp("serve-tls")) as running:
        enable(running)
        yield running


@pytest.fixture(scope="session")
def plain(tmp_path_factory):
    """`exeat serve --tls off` with the feature on. Shared: nobody may turn it off."""
    with servers.serve_plain(tmp_path_factory.mktemp("serve-plain")) as running:
        enable(running)
        yield running


@pytest.fixture(scope="session")
def dev(tmp_path_factory):
    """`exeat dev`. Shared."""
    with servers.dev(tmp_path_factory.mktemp("dev")) as running:
        yield running


@pytest.fixture
def agent(server, tmp_path):
    """Makes agents of the shared server with the account's root key, or another."""

    def make(plan, *program, credentials=None, flags=(), **environment):
        environment = clients.environment_for(server, tmp_path, credentials) | environment
        del environment["HOME"]
        return Agent(tmp_path, {"listen": "127.0.0.1:0"} | plan, environment, *program, flags=flags)

    return make


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    """An OpenID provider outside, with a CA of its own."""
    with Provider(tmp_path_factory.mktemp("provider")) as running:
        yield running


@pytest.fixture
def fresh(tmp_path):
    """`exeat serve --tls off` of this test alone, with the feature never enabled."""
    with servers.serve_plain(tmp_path) as running:
        yield running


@pytest.fixture(scope="session")
def issuer(server):
    return wire.call(server, "GetOutboundWebIdentityFederationInfo", "iam").text("IssuerIdentifier")


@pytest.fixture(scope="session")
def saml_issuer(server, issuer):
    """The SAML identity provider of the shared TLS server's account, with keys of both families."""
    made = saml_messages.Issuer(server, issuer)
    for algorithm in ["RSA-SHA256", "ECDSA-SHA384"]:
        made.configure(TargetService="https://sp.example/acs", Audience="https://sp.example", SigningAlgorithm=algorithm)
    return made


@pytest.fixture(scope="class")
def party(request, tmp_path_factory):
    """A relying party of the class's kind, with an issuer of its own."""
    kind = request.cls.kind
    if kind.missing():
        pytest.skip(kind.missing())
    with rp_issuer.Issuer(tmp_path_factory.mktemp("issuer")) as issuer, kind().run(issuer) as running:
        yield running


@pytest.fixture
def follow(party, tmp_path):
    """Follows a part of the party's guide as the workload, among the files of its example."""
    def follow(heading, replacements):
        shutil.copytree(guides.EXAMPLES / party.folder, tmp_path, dirs_exist_ok=True)
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "exeat").symlink_to(servers.binary())
        issuer = party.issuer
        environment = {
            **clients.environment_for(issuer.running, tmp_path, issuer.credentials(issuer.app)), "CURL_CA_BUNDLE": str(party.ca),
            "SSL_CERT_FILE": str(party.ca), "PATH": f"{tmp_path}/bin:{clients.VENV}:{os.environ['PATH']}"}
        names = {**replacements, "arn:aws:iam::123456789012:role/app": issuer.app}
        return guides.run(guides.section(party.folder, heading), names, tmp_path, environment)

    return follow


def enable(running):
    answer = wire.call(running, "EnableOutboundWebIdentityFederation", "iam")
    assert answer.status == 200, answer.body
    issuer = answer.text("IssuerIdentifier")
    # As the first verifier would: from then on there is a key for each algorithm.
    wire.send(running, "GET", f"{running.url}/{issuer.rsplit('/', 1)[1]}/.well-known/jwks.json")
    return issuer


@pytest.fixture(name="enable")
def enable_fixture():
    return enable


numbers = itertools.count(1)


@pytest.fixture
def make_user(server):
    """Makes users of the shared TLS server and removes them again."""
    made = []

    def make(*statements, running=server, **parameters):
        made.append(User(running, f"user-{next(numbers)}", statements, **parameters))
        return made[-1]

    yield make
    for user in made:
        user.remove()
