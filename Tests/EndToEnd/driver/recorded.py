# SPDX-License-Identifier: Apache-2.0
"""What AWS itself answered, as others recorded it: ../shared/vectors/aws-recorded, read where it lies."""

import json
import pathlib

import pytest


def scenario(file, name):
    """The recorded answers of a scenario; the test is skipped where the corpus is not beside the checkout."""
    for folder in pathlib.Path(__file__).resolve().parents:
        path = folder / "shared" / "vectors" / "aws-recorded" / file
        if path.is_file():
            return json.loads(path.read_text())[name]["recorded-content"]
    pytest.skip("the recorded answers (../shared/vectors/aws-recorded) are not beside this checkout")


def error(answers, step):
    """HTTP status, code and message of a recorded refusal."""
    answer = answers[step]
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]


def filled(value, **names):
    """`value` with its placeholders replaced: `<user-name:1>` by `names["user_name_1"]`, and so on."""
    if isinstance(value, dict):
        return {key: filled(item, **names) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, **names) for item in value]
    if isinstance(value, str):
        for name, text in {"partition": "aws", "region": "us-east-1", **names}.items():
            for separator in ("-", ":"):
                head, _, number = name.rpartition("_")
                spelled = name.replace("_", "-")
                if separator == ":" and number.isdigit():
                    spelled = f"{head.replace('_', '-')}:{number}"
                value = value.replace(f"<{spelled}>", text)
    return value
