# SPDX-License-Identifier: Apache-2.0
"""HAProxy, set up as its guide says, lets a workload in by its token."""

from driver.relying_parties import HAProxy
from driver.rp_cases import WebCases


class TestHAProxy(WebCases):
    kind = HAProxy
