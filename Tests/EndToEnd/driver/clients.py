# SPDX-License-Identifier: Apache-2.0
"""Stock clients, pointed at a server: boto3, and the AWS CLI as a command."""

import json
import pathlib
import subprocess
import sys

import boto3
import botocore.config
import botocore.session

from driver.server import clean_environment

SESSION = boto3.session.Session()
VENV = pathlib.Path(sys.executable).parent


def boto(server, service, credentials=None, *, region="us-east-1", validate=False):
    """A boto3 client; `validate=False` lets wrong parameters through to the server."""
    credentials = credentials or server.root
    return SESSION.client(
        service, region_name=region, endpoint_url=server.url, verify=server.ca or False,
        aws_access_key_id=credentials.access_key_id, aws_secret_access_key=credentials.secret_access_key,
        aws_session_token=credentials.session_token,
        config=botocore.config.Config(
            retries={"total_max_attempts": 1}, parameter_validation=validate, connect_timeout=60, read_timeout=60),
    )


def boto_with_models(server, service, models):
    """The same for root, with the models in the folder `models` beside those of botocore."""
    session = botocore.session.Session()
    session.set_config_variable("data_path", str(models))
    return boto3.session.Session(botocore_session=session).client(
        service, region_name="us-east-1", endpoint_url=server.url, verify=server.ca or False,
        aws_access_key_id=server.root.access_key_id, aws_secret_access_key=server.root.secret_access_key,
        config=botocore.config.Config(retries={"total_max_attempts": 1}, connect_timeout=60, read_timeout=60),
    )


def environment_for(server, home, credentials=None, region="us-east-1"):
    """What a user exports, and nothing else."""
    credentials = credentials or server.root
    environment = {
        "AWS_ENDPOINT_URL": server.url,
        "AWS_ACCESS_KEY_ID": credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
        "AWS_DEFAULT_REGION": region,
        "HOME": str(home),
    }
    if credentials.session_token:
        environment["AWS_SESSION_TOKEN"] = credentials.session_token
    if server.ca:
        environment["AWS_CA_BUNDLE"] = server.ca
    return environment


def aws(server, home, *arguments, credentials=None):
    """Runs the stock AWS CLI."""
    return run_aws(environment_for(server, home, credentials), *arguments)


def run_aws(environment, *arguments):
    """Runs the stock AWS CLI with exactly these variables."""
    return subprocess.run(
        [str(VENV / "aws"), *arguments], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL,
        env=clean_environment(**environment),
    )


class AWSCLI:
    """The stock AWS CLI as one process for many commands."""

    def __init__(self, server, home):
        self.server, self.home = server, home

    def __enter__(self):
        self.process = subprocess.Popen(
            [sys.executable, str(pathlib.Path(__file__).with_name("cli_process.py"))], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=clean_environment(HOME=str(self.home)))
        return self

    def __exit__(self, kind, error, trace):
        self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            self.process.stdout.close()

    def __call__(self, *arguments, credentials=None):
        """Status, standard output and standard error of `aws` with these arguments."""
        environment = clean_environment(**environment_for(self.server, self.home, credentials))
        self.process.stdin.write(json.dumps({"arguments": arguments, "environment": environment}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())
