# SPDX-License-Identifier: Apache-2.0
"""Apache with mod_auth_openidc, set up as its guide says, lets a workload in by its token."""

from driver.relying_parties import Apache
from driver.rp_cases import WebCases


class TestApache(WebCases):
    kind = Apache
