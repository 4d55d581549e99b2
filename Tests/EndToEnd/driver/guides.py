# SPDX-License-Identifier: Apache-2.0
"""The guides in docs/relying-parties: their commands as a reader would run them, and the documents that stand in them."""

import json
import pathlib
import re
import subprocess

from driver import server as servers

ROOT = pathlib.Path(__file__).resolve().parents[3]
FOLDER, EXAMPLES = ROOT / "docs" / "relying-parties", ROOT / "examples" / "relying-parties"


def section(name, heading):
    """The text of a guide under a heading, to the next one."""
    return (FOLDER / f"{name}.md").read_text().split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]


def run(text, replacements, folder, environment):
    """Runs the blocks marked `sh` one after the other, with names of this run, and returns what they print."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert blocks, text
    script = "\n".join(blocks)
    for old, new in replacements.items():
        script = script.replace(old, str(new))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=folder, capture_output=True, text=True, timeout=60,
        env=servers.clean_environment(**environment))
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def documents():
    """The config documents that stand in guides themselves, each with the name of its guide."""
    return [
        (guide.stem, json.loads(block)["OutboundFederationConfig"]) for guide in sorted(FOLDER.glob("*.md"))
        for block in re.findall(
            r'^```\n(\{ "OutboundFederationConfig".*?)^```$', guide.read_text(), re.MULTILINE | re.DOTALL)]


def missing_targets():
    """Files that a guide links to and that are not there."""
    return [
        f"{guide.name}: {target}" for guide in FOLDER.glob("*.md")
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", guide.read_text()) if not (FOLDER / target).exists()]
