# SPDX-License-Identifier: Apache-2.0
"""The stock AWS CLI, many commands in one process: starting Python anew takes longer than most commands.

Reads a line of JSON for each command, `{"arguments": […], "environment": {…}}`, and writes one, `[status, out, err]`.
Each command has a driver and a session of its own, as in a process of its own; the models of the services are read once."""

import contextlib
import io
import json
import os
import sys

import awscli.clidriver


models = awscli.clidriver.create_clidriver().session.get_component("data_loader")


def run(arguments):
    driver = awscli.clidriver.create_clidriver()
    driver.session.register_component("data_loader", models)
    # The CLI looks for the bytes below text streams.
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = driver.main(arguments)
        except SystemExit as end:
            status = end.code
    return [status, out.buffer.getvalue().decode(), err.buffer.getvalue().decode()]


# With what the CLI itself sets when it is loaded: where its own data lies.
base = dict(os.environ)
for line in sys.stdin:
    command = json.loads(line)
    os.environ.clear()
    os.environ.update(base | command["environment"])
    print(json.dumps(run(command["arguments"])), flush=True)
