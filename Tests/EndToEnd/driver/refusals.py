# SPDX-License-Identifier: Apache-2.0
"""Refusals as boto3 raises them."""

import botocore.exceptions
import pytest


def refused(call, status, code, message=...):
    """`call()` must raise exactly this."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call()
    error, metadata = caught.value.response["Error"], caught.value.response["ResponseMetadata"]
    assert (metadata["HTTPStatusCode"], error["Code"], error["Type"]) == (status, code, "Sender"), error
    if message is not ...:
        assert error["Message"] == message
