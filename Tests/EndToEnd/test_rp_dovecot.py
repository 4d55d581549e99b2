# SPDX-License-Identifier: Apache-2.0
"""Dovecot, set up as its guide says, gives a workload its mailbox by its token."""

from driver.relying_parties import Dovecot
from driver.rp_cases import Cases


class TestDovecot(Cases):
    kind = Dovecot

    def test_the_guide_leads_to_a_mailbox(self, party, follow):
        said = follow("Try it", {"imap.example.com 993": f"localhost {party.port}"})
        assert "INBOX has" in said
