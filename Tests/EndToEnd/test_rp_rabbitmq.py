# SPDX-License-Identifier: Apache-2.0
"""RabbitMQ with its OAuth 2 plugin, set up as its guide says, takes a workload's token for a password."""

import pika
import pytest

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
