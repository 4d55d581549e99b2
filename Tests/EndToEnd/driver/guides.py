# SPDX-License-Identifier: Apache-2.0
"""The guides in docs/relying-parties: their commands as a reader would run them, and the documents that stand in them."""

import dataclasses
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


def has_section(name, heading):
    return f"\n## {heading}\n" in (FOLDER / f"{name}.md").read_text()


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of the tables of guides: `services` as `exeat trust` calls them, and the last two cells."""

    guide: str
    services: tuple
    detail: str
    proof: str


def table():
    """The guides as the folder's README lists them."""
    found = []
    for line in (FOLDER / "README.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and (link := re.search(r"\]\(([\w-]+)\.md\)", cells[0])):
            found.append(Row(link[1], tuple(re.findall(r"`([\w-]+)`", cells[1])), cells[2], cells[3]))
    assert found
    return found


def printed(name):
    """The commands that a guide shows with what they print, from blocks marked `console`."""
    return re.findall(r"^```console\n\$ (.*)\n((?:.*\n)*?)```$", (FOLDER / f"{name}.md").read_text(), re.MULTILINE)


def run(text, replacements, folder, environment):
    """Runs the blocks marked `sh` one after the other, with names of this run, and returns what they print."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert blocks, text
    script = "\n".join(blocks)
    for old, new in replacements.items():
        script = script.replace(old, str(new))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=folder, capture_output=True, text=True, timeout=480,
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
