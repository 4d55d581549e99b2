# SPDX-License-Identifier: Apache-2.0
"""Envoy, set up as its guide says, lets a workload in by its token."""

from driver.relying_parties import Envoy
from driver.rp_cases import WebCases


class TestEnvoy(WebCases):
    kind = Envoy
