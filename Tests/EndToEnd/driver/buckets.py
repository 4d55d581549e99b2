# SPDX-License-Identifier: Apache-2.0
"""An S3 server that is not ours: moto, as a process of its own, so that it can be taken away and brought back."""

import os
import subprocess
import sys
import time

import boto3
import botocore.config
import botocore.exceptions

from driver.server import clean_environment, free_port

# It checks no signature, but wants one.
KEYS = {"AWS_ACCESS_KEY_ID": "AKIABUCKETBUCKETBUCK", "AWS_SECRET_ACCESS_KEY": "a secret for buckets"}


class Buckets:
    def __init__(self, port=None):
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None
        self.s3 = boto3.client(
            "s3", endpoint_url=self.url, region_name="us-east-1", aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
            config=botocore.config.Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}))

    def start(self):
        """Empty each time: it keeps everything in memory."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=clean_environment())
        deadline = time.monotonic() + 180
        while True:
            assert self.process.poll() is None, "moto ended"
            try:
                self.s3.list_buckets()
                return self
            except botocore.exceptions.BotoCoreError:
                assert time.monotonic() < deadline, "moto does not answer"
                time.sleep(0.1)

    def stop(self):
        self.process.kill()
        self.process.wait(20)

    def keys(self, bucket, part=""):
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return [item["Key"] for page in pages for item in page.get("Contents", []) if part in item["Key"]]

    def read(self, bucket, key):
        return self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
