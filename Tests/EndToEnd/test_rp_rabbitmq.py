# SPDX-License-Identifier: Apache-2.0
"""RabbitMQ with its OAuth 2 plugin, set up as its guide says, takes a workload's token for a password."""

import os
import re

import pika
import pytest

from driver import apache, clients, guides, relying_parties, server as servers
from driver.relying_parties import RabbitMQ
from driver.rp_cases import Cases


class TestRabbitMQ(Cases):
    kind = RabbitMQ

    def test_what_the_workload_may_do_is_what_its_user_may(self, party):
        with party.connection(party.issuer.token()) as connection:
            with pytest.raises(pika.exceptions.ChannelClosedByBroker) as refused:
                connection.channel().queue_declare("invoices")
        assert refused.value.reply_code == 403

    def test_a_user_has_no_password_besides(self, party):
        for password in ("", "a password that nobody knows", "guest"):
            with pytest.raises(pika.exceptions.AMQPError):
                party.connection(password, party.issuer.app)

    def test_the_guide_leads_to_a_message(self, party, follow):
        said = follow("Try it", {"rabbitmq.example.com 5671": f"localhost {party.port}", "/etc/rabbitmq/tls/ca.pem": str(party.ca)})
        assert said.splitlines()[-1] == "hello"


@pytest.mark.skipif(bool(RabbitMQ.missing()), reason=RabbitMQ.missing() or "")
def test_the_readme_leads_from_nothing_to_a_message(dev, tmp_path):
    """Its commands as they stand there; RabbitMQ's folder and port are of this run, and packages are there already."""
    readme = (guides.ROOT / "README.md").read_text()
    section = readme.split("\n## A RabbitMQ connection with no password\n", 1)[1].split("\n## ", 1)[0]
    commands = re.search(r"^```\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)[1]
    before, after = commands.split("systemctl restart rabbitmq-server\n")
    broker = RabbitMQ()
    with apache.folder() as broker.work, relying_parties.port() as broker.port, broker.prepared():
        (broker.work / "rabbitmq.conf").write_text(f"listeners.tcp.1 = 127.0.0.1:{broker.port}\n")
        programs = broker.programs()
        (programs / "apt-get").symlink_to("/bin/true")
        (programs / "exeat").symlink_to(servers.binary())
        environment = {
            **clients.environment_for(dev, tmp_path), "PATH": f"{programs}:{clients.VENV}:{os.environ['PATH']}"}
        names = {"/etc/rabbitmq": broker.work, "localhost 5672": f"localhost {broker.port}"}
        guides.run(f"```sh\n{before}```\n", names, guides.ROOT, environment)
        with broker.started():
            said = guides.run(f"```sh\n{after}```\n", names, guides.ROOT, environment)
    assert said.splitlines()[-1] == "hello"


def test_the_guides_commands_are_what_is_printed():
    done = servers.exeat("trust", "rabbitmq", "--output", "cli", "--role-arn", relying_parties.SUBJECT, "--placeholders")
    assert done.stdout in guides.section("rabbitmq", "The workload's user")
